"""Some sources of one agent -> one frame per table: the unit of work, here or in a worker process."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sessionframe.engine.failures import described
from sessionframe.providers.contract import Context, Lineage, ParsedRow, Source, Want
from sessionframe.schema import SCHEMA, TITLES, IssueRow, TableSchema

if TYPE_CHECKING:
    import polars as pl

PARSED: dict[str, TableSchema] = {schema.name: schema for schema in (*SCHEMA.values(), TITLES)}
BATCH_ROWS = 16_384
"""Rows that are kept as Python objects before they become a frame: memory stays flat, and columns are built in the cache."""


@dataclass(frozen=True, slots=True)
class Job:
    """How the sources of one agent on one machine are parsed; picklable when the provider's function is.

    Attributes
    ----------
    parse
        The provider's function.
    context
        Its machine and what it found in advance.
    want
        What to fill.
    names
        The columns that are the same in all rows: `agent` and `host`.
    """

    parse: Callable[[Source, Want, Context], Iterator[ParsedRow]]
    context: Context
    want: Want
    names: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Task:
    """Some sources of a job."""

    job: Job
    sources: tuple[Source, ...]

    @property
    def size(self) -> int:
        """Bytes to read."""
        return sum(source.size or 0 for source in self.sources)


class Parsed(NamedTuple):
    """What was parsed.

    Attributes
    ----------
    tables
        Table -> rows with all columns; `titles` beside the five tables. Tables without rows are not there.
    lineages
        Path of a source -> evidence of its being a copy or an original, where there is any.
    """

    tables: dict[str, pl.DataFrame]
    lineages: dict[str, Lineage]


def parse_task(task: Task, done: Callable[[int], None] | None = None) -> Parsed:
    """Parse the sources of a task.

    Parameters
    ----------
    task
        What to parse.
    done
        Called after each source with its size in bytes.

    Returns
    -------
    Parsed
        A source that its provider fails on keeps the rows it gave, and becomes an issue.
    """
    with collector_paused():
        job = task.job
        rows = Rows(job.names)
        for source in task.sources:
            try:
                rows.take(source, job.parse(source, job.want, job.context))
            except Exception as problem:  # noqa: BLE001 - a fault in one source must not lose the others
                rows.take(source, [IssueRow(source=source.path, kind="provider-failed", detail=described(problem, "parse"))])
            if done is not None:
                done(source.size or 0)
        return rows.parsed()


class Rows:
    """Collects rows and turns them into frames batch by batch."""

    def __init__(self, names: Mapping[str, str | None]) -> None:
        self._names = names
        self._rows: dict[type, list[Any]] = {Lineage: [], **{schema.row: [] for schema in PARSED.values()}}
        self._lineages: dict[str, Lineage] = {}
        self._frames: dict[str, list[pl.DataFrame]] = {}
        self._count = 0

    def take(self, source: Source, rows: Iterable[ParsedRow]) -> None:
        """Add the rows of a source."""
        kept = self._rows
        for row in rows:
            kept[type(row)].append(row)
            self._count += 1
            if self._count >= BATCH_ROWS:
                self._flush()
        self._lineages.update((source.path, lineage) for lineage in kept[Lineage])
        kept[Lineage].clear()

    def parsed(self) -> Parsed:
        """Everything that was added, as one frame per table that has rows."""
        import polars as pl  # a worker process starts on its first source before it needs frames

        self._flush()
        return Parsed({name: pl.concat(frames, rechunk=False) for name, frames in self._frames.items()}, self._lineages)

    def _flush(self) -> None:
        for name, schema in PARSED.items():
            rows = self._rows[schema.row]
            if rows:
                self._rows[schema.row] = []
                self._add(name, rows)
        self._count = 0

    def _add(self, name: str, rows: list[Any]) -> None:
        from sessionframe.frames import build  # loads polars, which a worker process needs only now

        try:
            made = build.frame(PARSED[name], rows, self._names)
        except build.BUILD_ERRORS:
            made, refused = build.repaired_frame(PARSED[name], rows, self._names)
            issues = [refusal(name, column, count, rows[0].source) for column, count in refused.items()]
            self._frames.setdefault("issues", []).append(build.frame(PARSED["issues"], issues, self._names))
        self._frames.setdefault(name, []).append(made)


def refusal(table: str, column: str, count: int, source: str) -> IssueRow:
    """The issue that values become which their column cannot hold."""
    detail = f"{table}.{column} was given values of another type; they are null, or scrubbed if they are text"
    return IssueRow(source=source, kind="provider-failed", detail=detail, count=count)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic garbage collector from walking over a growing heap of rows, none of which can be part of a cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
