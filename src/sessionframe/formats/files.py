"""A path goes in, a file that is open for reading comes out, without a trace in the folder of the agent."""

from __future__ import annotations

import os
import stat
from io import FileIO, RawIOBase
from typing import Final

READ_ONLY: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
"""Flags of a plain reader; without waiting, or opening a pipe that nobody writes to would never return."""
UNNOTICED: Final = getattr(os, "O_NOATIME", 0)
"""Leaves the time of last access as it is, where the system knows that and the file is the user's own."""


def open_bytes(path: str | os.PathLike[str]) -> FileIO:
    """Open a file for reading, without a trace in it. Raises `OSError` for what is no regular file."""
    try:
        number = os.open(path, READ_ONLY | UNNOTICED)
    except PermissionError:
        number = os.open(path, READ_ONLY)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(0, "not a regular file", os.fspath(path))
    return FileIO(number)


def stat_of(path: str) -> tuple[int, int] | None:
    """Size and time of a file (bytes, nanoseconds since 1970); nothing where there is none, or the file system does not answer."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a hot loop
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def leads_to_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry of a folder is a folder or a link to one; a link that leads to itself raises where it is asked, and is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def read_fully(file: RawIOBase, part: memoryview) -> int:
    """How many bytes were read: as many as there is room for, fewer only at the end."""
    filled = 0
    while filled < len(part) and (count := file.readinto(part[filled:])):
        filled += count
    return filled
