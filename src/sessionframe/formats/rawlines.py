"""Line numbers of a text file, in rising order -> the lines as they stand in it."""

from __future__ import annotations

import os
from io import BufferedReader

from sessionframe.formats.jsonl import open_log


class RawLines:
    """Reads along with `records` and gives the text of a line that it has decoded, in memory of one line.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._file: BufferedReader | None = None
        self._number = 0
        self._line = ""

    def at(self, number: int) -> str | None:
        """The text of a line, counted from 1, not before the last one asked for; null when the file has become shorter."""
        while self._number < number:
            line = self._next()
            if not line:
                return None
            self._number += 1
            if self._number == number:
                self._line = line.decode("utf-8", "replace").rstrip("\r\n")
        return self._line

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _next(self) -> bytes:
        try:
            if self._file is None:
                self._file = BufferedReader(open_log(self._path))
            return self._file.readline()
        except OSError:
            return b""
