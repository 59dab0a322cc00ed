"""A scan whose tables are made by hand, so that a report can be checked to the digit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import polars as pl

from sessionframe.engine.load import Kept
from sessionframe.machine import Machine
from sessionframe.providers.contract import Source
from sessionframe.schema import TABLES
from tests.rows import public


class HandMadeTable:
    """A table as far as reports use it."""

    def __init__(self, name: str, frame: pl.DataFrame, issues: pl.DataFrame) -> None:
        self.name, self._frame, self.issues = name, frame, issues

    def to_frame(self, engine: str) -> pl.DataFrame:
        assert engine == "polars", "a report must not load pandas"
        return self._frame

    def _depth(self, *, content: bool) -> str:
        assert not content
        return "usage"

    def _load(self, depth: str, columns: frozenset[str]) -> dict[str, Kept]:
        assert depth == "usage"
        some = self._frame.select(name for name in self._frame.columns if name in columns)
        return {self.name: Kept(some, some.clear()), "issues": Kept(self.issues, self.issues.clear())}


class HandMade:
    """What `scan` returns, as far as reports use it."""

    def __init__(
        self, machines: Sequence[Machine], sources: Sequence[tuple[str, Source]], rows: dict[str, Sequence[msgspec.Struct]]
    ) -> None:
        self.machines, self.sources = list(machines), list(sources)
        self.limits_in_words: tuple[str, ...] = ()
        issues = public("issues", rows.get("issues", ()))
        for name in TABLES:
            setattr(self, name, HandMadeTable(name, public(name, rows.get(name, ())), issues))

    def without_limits(self) -> HandMade:
        return self


def logs(*, machines: Sequence[Machine] = (), sources: Sequence[tuple[str, Source]] = (), **rows: Any) -> Any:
    """A scan with these rows; typed loosely, because only its shape is that of `Logs`."""
    return HandMade(machines, sources, rows)
