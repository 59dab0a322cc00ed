"""What a worker has parsed, on its way to the process that asked for it: tables as Arrow streams, in memory that both can reach.

Bytes that go through a queue are copied six times, and a worker waits until they are in a pipe that holds 64 kB. Where the system has files
in memory (Linux), a worker writes into one and the other side reads it from there: measured on 1 GB, all tables take a tenth less time,
text a seventh. Such a file has no name, so nothing is left behind whichever of the two is killed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from sessionframe.engine.task import Parsed, Share

if TYPE_CHECKING:
    import polars as pl


MOST_DRAWERS = 16
"""What waits beyond them goes as bytes: a process can open only so many files, and has logs to read."""


class Drawer(NamedTuple):
    """A file in the memory of a worker that others can open.

    Attributes
    ----------
    process, descriptor
        Whose it is, and its number there.
    inode
        What tells it from whatever has that number later.
    """

    process: int
    descriptor: int
    inode: int

    @property
    def path(self) -> Path:
        """By which it is opened."""
        return Path(f"/proc/{self.process}/fd/{self.descriptor}")

    @property
    def is_empty(self) -> bool:
        """What was in it has been taken out."""
        return os.fstat(self.descriptor).st_size == 0


class GoneError(Exception):
    """What a worker has parsed is gone with it."""


class Packed(NamedTuple):
    """What was parsed, without the frames.

    Attributes
    ----------
    names, shares
        As in `Parsed`.
    place
        Where the tables lie, or they themselves.
    starts
        Table -> where it begins there.
    """

    names: Mapping[str, str | None]
    shares: list[Share]
    place: Drawer | bytes
    starts: dict[str, int]


drawers: list[Drawer] = []
"""In a worker: those that it has opened so far."""


def empty_drawer() -> Drawer | None:
    """In a worker: a drawer to put tables in; nothing where there is none."""
    found = next((drawer for drawer in drawers if drawer.is_empty), None)
    if found is None and len(drawers) < MOST_DRAWERS and (found := new_drawer()) is not None:
        drawers.append(found)
    return found


def new_drawer() -> Drawer | None:
    """In a worker: one more drawer; nothing where the system has no such files, or a sandbox keeps others from opening them."""
    if sys.platform != "linux":
        return None
    try:
        descriptor = os.memfd_create("sessionframe")
    except OSError:
        return None
    made = Drawer(os.getpid(), descriptor, os.fstat(descriptor).st_ino)
    if made.path.exists():
        return made
    os.close(descriptor)
    return None


def packed(parsed: Parsed) -> Packed:
    """In a worker: put the tables where the process that asked for them can take them."""
    drawer = empty_drawer() if parsed.tables else None  # nothing in it would look like taken out
    if drawer is None:
        content = BytesIO()
        starts = written(parsed.tables, content)
        return Packed(parsed.names, parsed.shares, content.getvalue(), starts)
    with drawer.path.open("r+b", buffering=0) as file:
        return Packed(parsed.names, parsed.shares, drawer, written(parsed.tables, file))


def written(tables: Mapping[str, pl.DataFrame], file: IO[bytes]) -> dict[str, int]:
    """Write tables one behind the other; where each begins."""
    import polars as pl

    starts = {}
    for name, rows in tables.items():
        starts[name] = file.tell()
        rows.write_ipc_stream(file, compat_level=pl.CompatLevel.newest())  # the newest layout keeps texts that rows share as one
    return starts


def unpacked(packed: Packed) -> Parsed:
    """What a worker has parsed. Raises `GoneError`."""
    import polars as pl

    tables = {}
    with opened(packed.place) as file:
        for name, start in packed.starts.items():
            file.seek(start)
            tables[name] = pl.read_ipc_stream(file)
    return Parsed(packed.names, tables, packed.shares)


@contextmanager
def opened(place: Drawer | bytes) -> Iterator[IO[bytes]]:
    """What lies in a place, taken out afterwards. Raises `GoneError`."""
    if isinstance(place, bytes):
        yield BytesIO(place)
        return
    try:
        file = place.path.open("r+b", buffering=0)
    except OSError as problem:
        raise GoneError(str(problem)) from problem
    with file:
        if os.fstat(file.fileno()).st_ino != place.inode:
            raise GoneError(f"{place.path} is another file")
        yield file
        file.truncate(0)
