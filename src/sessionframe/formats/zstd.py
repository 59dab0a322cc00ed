"""A file packed with Zstandard goes in; its content comes out as a stream, in memory of a few blocks whatever its size."""

from __future__ import annotations

import sys
from io import RawIOBase
from typing import TYPE_CHECKING, Final

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ENDING: Final = ".zst"
PACKED_BYTES: Final = 1 << 17
FREE_BYTES: Final = 1 << 26
MOST_TIMES: Final = 1000
"""How often its own size a file may unpack to, beyond the first `FREE_BYTES`. Packed logs of real programs unpack to 5 to 30 times their
size; a file of 10 kB that unpacks to gigabytes was made to keep readers busy."""


class Unpacked(RawIOBase):
    """Reads a packed file as if it were not.

    Reading raises `OSError` where the packed data is damaged, ends too early or unpacks to much more than any log does: what came
    before has been read by then.

    Parameters
    ----------
    file
        The packed file; closed with this one.
    """

    def __init__(self, file: RawIOBase) -> None:
        self._file = file
        self._unpack = zstd.ZstdDecompressor()
        self._between = True
        self._packed_bytes = 0
        self._bytes = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def close(self) -> None:
        """Close the packed file too."""
        self._file.close()
        super().close()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer; 0 at the end."""
        view = memoryview(buffer).cast("B")
        try:
            piece = self._next(len(view))
        except zstd.ZstdError as error:
            raise OSError(0, f"damaged Zstandard data: {error}") from error
        self._bytes += len(piece)
        if self._bytes > FREE_BYTES and self._bytes > MOST_TIMES * self._packed_bytes:
            raise OSError(0, f"Zstandard data unpacks to more than {MOST_TIMES} times its size, as no log does; the rest is not read")
        view[: len(piece)] = piece
        return len(piece)

    def _next(self, most: int) -> bytes:
        """The next bytes, at least one before the end. A file may consist of several frames."""
        while True:
            packed = b""
            if self._unpack.eof:
                packed, self._unpack, self._between = self._unpack.unused_data, zstd.ZstdDecompressor(), True
            if not packed and self._unpack.needs_input:
                packed = self._file.read(PACKED_BYTES) or b""
                self._packed_bytes += len(packed)
                if not packed and self._between:
                    return b""
                if not packed:
                    raise OSError(0, "Zstandard data ends before its frame does")
            self._between = self._between and not packed
            piece = self._unpack.decompress(packed, most)
            if piece:
                return piece
