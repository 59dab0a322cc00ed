"""The name of a file that the user wants goes in; mistakes show before anything is read, and the file appears when it is complete."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO

from sessionframe.errors import OptionError, SessionFrameError
from sessionframe.wholefiles import sweep, write_whole


def check_target(path: str, *, force: bool) -> None:
    """Refuse what would fail or destroy something, before any log is read.

    Raises
    ------
    OptionError
        The file exists and `force` is not given, or its folder does not exist; or it is no file but a device or a pipe.
    """
    target = Path(path)
    if target.is_dir():
        raise OptionError(f"{path!r} is a folder. Give the name of a file in it.")
    if target.exists() and not target.is_file():  # giving a file the name of a device would take the device away
        raise OptionError(f"{path!r} is a device or a pipe. Write to standard output, with --to - where that is an option.")
    if target.exists() and not force:
        raise OptionError(f"{path!r} exists. Give another name, or --force to replace it.")
    if not target.parent.is_dir():
        raise OptionError(f"the folder {str(target.parent)!r} does not exist. Make it first, or give another place.")


def write_target(path: str, fill: Callable[[IO[bytes]], object]) -> None:
    """Write a file that the user named, whole or not at all, readable by its owner only.

    Raises
    ------
    SessionFrameError
        It could not be written; what was there before still is.
    """
    target = Path(path)
    sweep(target.parent)
    try:
        write_whole(target, fill)
    except OSError as problem:
        said = problem.strerror or str(problem)
        raise SessionFrameError(
            f"{path!r} could not be written: {said}. Nothing was changed there. Make room, or give the name of a file elsewhere."
        ) from problem
