"""Names and bytes in, bytes out: files in the user's cache folder that only their owner reads, and that are whole or not there at all."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from collections.abc import Callable
from io import BufferedWriter, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Final

import xxhash

from sessionframe import wholefiles

if TYPE_CHECKING:
    from typing_extensions import Buffer

FOLDER_VARIABLE = "SESSIONFRAME_CACHE_DIR"
SWITCH_VARIABLE = "SESSIONFRAME_CACHE"
OFF = frozenset({"off", "0", "no", "false"})
APPLICATION: Final = "sessionframe"

MAGIC: Final = b"sessionframe cache 1\n"
HEADER_BYTES: Final = 64
"""The magic, the checksum of what follows, and room for more."""
ENDING: Final = ".sessionframe"
"""So odd that nobody else's file has it, wherever the variable moves the cache to."""
OURS: Final = (ENDING, wholefiles.UNFINISHED)
OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def folder() -> Path | None:
    """Where the cache lies, whether or not it is there; nothing when it is switched off.

    ``SESSIONFRAME_CACHE=off`` switches it off, ``SESSIONFRAME_CACHE_DIR`` moves it; else it lies where the operating system keeps caches.
    """
    if os.environ.get(SWITCH_VARIABLE, "").strip().lower() in OFF:
        return None
    named = os.environ.get(FOLDER_VARIABLE, "").strip()
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs  # loads only where the variable does not tell

    try:
        return platformdirs.user_cache_path(APPLICATION, appauthor=False)
    except (OSError, RuntimeError):  # a user without a home folder
        return None


def read(name: str) -> bytes | None:
    """What was written under a name; nothing when it is not there, damaged, from elsewhere, or the cache is off."""
    place = in_use()
    if place is None:
        return None
    try:
        with open(place / (name + ENDING), "rb", buffering=0) as file:  # noqa: PTH123 - as fast as it can be
            head, body = file.read(HEADER_BYTES), file.read()
    except OSError:
        return None
    return body if head == header(body) else None


def write(name: str, *parts: bytes | memoryview) -> bool:
    """Keep bytes under a name, in place of what was there; see `write_by`."""
    return write_by(name, lambda file: file.writelines(parts))


def write_by(name: str, fill: Callable[[RawIOBase], object]) -> bool:
    """Keep what a function writes under a name, in place of what was there.

    The file gets its name once it is whole. A process that is killed on the way leaves an unfinished file, which `sweep` removes.

    Returns
    -------
    bool
        Whether that worked: a cache that cannot be written is no error.
    """
    place = folder()
    if place is None:
        return False

    def checked(file: BufferedWriter) -> None:
        content = Checked(file)
        fill(content)
        content.finish()

    try:
        if not made_ours(place):
            return False
        wholefiles.write_whole(place / (name + ENDING), checked, lasting=False)  # what a crash tears, the checksum tells
    except Exception:  # noqa: BLE001 - no room, no right, no such disk, in the words of whoever writes; on Windows also: it is being read
        return False
    return True


class Checked(RawIOBase):
    """A file that is written behind its header, which has the checksum of it all in the end."""

    def __init__(self, file: BufferedWriter) -> None:
        self._file = file
        self._digest = xxhash.xxh3_128()
        self._file.write(bytes(HEADER_BYTES))

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, part: Buffer) -> int:
        """Write all of some bytes."""
        view = memoryview(part).cast("B")
        self._digest.update(view)
        return self._file.write(view)

    def finish(self) -> None:
        """Everything is written."""
        self._file.seek(0)
        self._file.write(header_of(self._digest))


def remove(name: str) -> None:
    """Forget what was written under a name."""
    discard(name + ENDING)


def names() -> dict[str, float]:
    """What is kept, with the time each was last written or `touched` [s since 1970]."""
    return {name.removesuffix(ENDING): at for name, (at, _) in entries().items() if name.endswith(ENDING)}


def age(name: str) -> float:
    """How long ago something was last written or touched [s]; 0 when it is not there."""
    found = entries().get(name + ENDING)
    return 0.0 if found is None else time.time() - found[0]


def size() -> int:
    """How much room everything takes [bytes]."""
    return sum(length for name, (_, length) in entries().items() if name.endswith(OURS))


def clear() -> None:
    """Remove everything that is kept, and nothing else that lies in the folder."""
    for name in entries():
        if name.endswith(OURS):
            discard(name)


def touch(name: str) -> None:
    """Note that something is still used."""
    if (place := in_use()) is not None:
        with contextlib.suppress(OSError):
            os.utime(place / (name + ENDING))


def sweep() -> None:
    """Remove what killed processes left unfinished."""
    if (place := in_use()) is not None:
        wholefiles.sweep(place)


def discard(file: str) -> None:
    """Remove a file of the folder, if that can be done."""
    if (place := in_use()) is not None:
        with contextlib.suppress(OSError):
            (place / file).unlink(missing_ok=True)


def in_use() -> Path | None:
    """The cache folder, if it is there and nobody else can write to it."""
    place = folder()
    return place if place is not None and is_ours(place) else None


def entries() -> dict[str, tuple[float, int]]:
    """The plain files of the cache folder, with the time of their last change and their size."""
    found: dict[str, tuple[float, int]] = {}
    place = in_use()
    if place is None:
        return found
    with contextlib.suppress(OSError), os.scandir(place) as there:
        for entry in there:
            if entry.is_file(follow_symlinks=False):
                with contextlib.suppress(FileNotFoundError):  # another process removed it just now
                    status = entry.stat(follow_symlinks=False)
                    found[entry.name] = status.st_mtime, status.st_size
    return found


def header(content: bytes) -> bytes:
    """What a file with this content begins with."""
    return header_of(xxhash.xxh3_128(content))


def header_of(digest: xxhash.xxh3_128) -> bytes:
    """What a file begins with whose content has this checksum."""
    return (MAGIC + digest.hexdigest().encode()).ljust(HEADER_BYTES, b"\n")


def made_ours(place: Path) -> bool:
    """Make the cache folder, readable by its owner only, and tell whether nobody else can write to it."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return is_ours(place)


def is_ours(place: Path) -> bool:
    """Whether a folder is there and only its owner, who is this user, may write to it: nobody else's numbers are shown."""
    try:
        status = place.stat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        return False
    if sys.platform == "win32":  # folders in a user's profile are the user's own there
        return True
    return status.st_uid == os.getuid() and not status.st_mode & OTHERS_MAY_WRITE
