"""For tests of what is kept between scans: the tables of a home with and without it, and what was read for them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sessionframe as sf
from sessionframe.cachefiles import FOLDER_VARIABLE, SWITCH_VARIABLE
from sessionframe.engine.cache import shelf
from sessionframe.schema import TABLES

Frames = dict[str, pl.DataFrame]


@contextmanager
def kept_in(folder: Path | None) -> Iterator[None]:
    """Keep what is read in a folder, or nowhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SWITCH_VARIABLE, "off" if folder is None else "on")
        if folder is not None:
            patch.setenv(FOLDER_VARIABLE, str(folder))
        yield


def all_tables(*agents: str, **options: Any) -> Frames:
    """Every table, read both as usage alone and as a whole, copies included."""
    light, full = (sf.scan(*agents, n_jobs=1, **options) for _ in range(2))
    found: Frames = {"light": light.usage.to_frame("polars", replays=True), "light issues": light.usage.issues}
    full.sessions.to_frame("polars")
    return found | {name: getattr(full, name).to_frame("polars", replays=True) for name in TABLES}


def equal(one: Frames, other: Frames) -> bool:
    """Whether two readings brought the same."""
    return one.keys() == other.keys() and all(one[name].equals(other[name]) for name in one)


def is_right(folder: Path, *agents: str, **options: Any) -> bool:
    """Whether what is kept changes nothing: the same tables as when nothing is."""
    with kept_in(None):
        fresh = all_tables(*agents, **options)
    with kept_in(folder):
        return equal(all_tables(*agents, **options), fresh)


@dataclass
class Reading:
    """How many sources were taken as they were, looked at more closely, and read."""

    kept: int = 0
    grown: int = 0
    new: int = 0
    names: list[str] = field(default_factory=list)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple) and other == (self.kept, self.grown, self.new)

    __hash__ = None  # type: ignore[assignment]


@contextmanager
def watched() -> Iterator[Reading]:
    """Count what shelves say of sources."""
    reading, look = Reading(), shelf.Shelf.look

    def counted(self: shelf.Shelf) -> shelf.Looked:
        looked = look(self)
        reading.kept += len(looked.kept)
        reading.grown += len(looked.grown)
        reading.new += len(looked.new)
        reading.names += [Path(source.path).name for source in looked.new]
        return looked

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelf.Shelf, "look", counted)
        yield reading


def settle(*paths: Path, at: float | None = None) -> None:
    """Give files a time that is old enough to be trusted; a home settles with everything in it."""
    when = time.time() - 1000 if at is None else at
    for path in paths:
        for each in path.rglob("*") if path.is_dir() else [path]:
            if each.is_file():
                os.utime(each, (when, when))
