"""A path and a function that writes go in; a file comes out that only its owner reads, and that is whole or not there at all."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from io import BufferedWriter
from pathlib import Path
from typing import Final

UNFINISHED: Final = ".sessionframe-part"
"""How files end that are being written; so odd that nobody else's file is called so."""
UNFINISHED_S: Final = 3600
"""After this long, a file that was never finished belongs to a process that was killed [s]."""
CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
OWNER_ONLY: Final = 0o600


def write_whole(target: Path, fill: Callable[[BufferedWriter], object], *, lasting: bool = True) -> None:
    """Write a file beside its place and give it its name in one step, in place of what was there.

    Whatever happens on the way, an exception or Ctrl-C, there is what was there before and nothing else. Only a process that is killed
    leaves an unfinished file, which `sweep` removes.

    Parameters
    ----------
    target
        The file. A link of this name is replaced, not what it leads to.
    fill
        Writes the content.
    lasting
        Wait until the disk has the content before it gets the name: a disk that is full or fails may only say so then, and a computer
        that goes down afterwards must not come back with an empty file.

    Raises
    ------
    OSError
        No room, no right, no such folder, or the disk fails; and whatever `fill` raises.
    """
    unfinished = target.with_name(f".{os.urandom(8).hex()}{UNFINISHED}")  # its length does not grow with that of the name
    try:
        with open(os.open(unfinished, CREATE, OWNER_ONLY), "wb") as file:  # noqa: PTH123 - a number, not a path
            fill(file)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        unfinished.replace(target)
    except BaseException:
        try:
            discard(unfinished)
        except KeyboardInterrupt:  # a second one: polars raises one of its own for a Ctrl-C, and Python's comes right behind it
            discard(unfinished)
        raise


def discard(path: Path) -> None:
    """Remove a file, if that can be done."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what killed processes left unfinished in a folder, if that can be done."""
    with contextlib.suppress(OSError), os.scandir(folder) as there:
        for entry in there:
            if entry.name.endswith(UNFINISHED):
                with contextlib.suppress(OSError):
                    remove_old(entry)


def remove_old(entry: os.DirEntry[str]) -> None:
    """Remove an unfinished file that nobody can still be writing. Raises `OSError`."""
    if entry.is_file(follow_symlinks=False) and time.time() - entry.stat(follow_symlinks=False).st_mtime > UNFINISHED_S:
        Path(entry.path).unlink(missing_ok=True)
