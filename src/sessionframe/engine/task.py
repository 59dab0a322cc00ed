"""Some sources of one agent -> one frame per table: the unit of work, here or in a worker process."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sessionframe.engine.failures import described
from sessionframe.engine.scrub import rows_of
from sessionframe.formats.files import stat_of
from sessionframe.formats.text import clean
from sessionframe.providers.contract import Checkpoint, Context, Grown, Lineage, ParsedRow, Source, Unkept, Want
from sessionframe.schema import CONTENT_COLUMNS, SCHEMA, STATEMENTS, TITLES, IssueKind, IssueRow, TableSchema

if TYPE_CHECKING:
    import polars as pl

PARSED: dict[str, TableSchema] = {schema.name: schema for schema in (*SCHEMA.values(), TITLES, STATEMENTS)}
ROWS = tuple(schema.row for schema in PARSED.values())
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


PASSING: frozenset[IssueKind] = frozenset({"unreadable", "provider-failed"})
"""What may be otherwise next time although the source has not changed."""


@dataclass(slots=True)
class Share:
    """What one source brought to a task: its rows lie together in each table, in the order of the sources.

    Attributes
    ----------
    source
        The source as it was found before it was read.
    rows
        Table -> number of its rows.
    settled
        Table -> how many of them, the first ones, stay as they are when the source grows.
    lineage
        Evidence of its being a copy or an original.
    checkpoint
        Where reading can go on when it grows.
    folds
        Working directory -> repository, as the machine said while it was read.
    is_sound
        Another reading of the same bytes would bring the same.
    has_changed
        Its file is not any more as it was found: what was read may be of before, of after, or of neither.
    """

    source: Source
    rows: dict[str, int] = field(default_factory=dict)
    settled: dict[str, int] = field(default_factory=dict)
    lineage: Lineage | None = None
    checkpoint: Checkpoint | None = None
    folds: dict[str, str] = field(default_factory=dict)
    is_sound: bool = True
    has_changed: bool = False


class Parsed(NamedTuple):
    """What was parsed.

    Attributes
    ----------
    names
        The columns that are the same in all rows: `agent` and `host`.
    tables
        Table -> rows with all columns; `titles` and `statements` beside the five tables. Tables without rows are not there.
    shares
        What each source brought.
    """

    names: Mapping[str, str | None]
    tables: dict[str, pl.DataFrame]
    shares: list[Share]


class Part(NamedTuple):
    """Rows of some sources, parsed just now or earlier.

    Attributes
    ----------
    tables
        As in `Parsed`.
    lineages
        Path of a source -> evidence of its being a copy or an original, where there is any.
    """

    tables: dict[str, pl.DataFrame]
    lineages: dict[str, Lineage]

    @classmethod
    def of(cls, parsed: Parsed) -> Part:
        """What was parsed just now."""
        # clones share their columns; putting rows together takes columns out of frames, while a thread may still be keeping them
        tables = {name: rows.clone() for name, rows in parsed.tables.items()}
        return cls(tables, {clean(share.source.path): share.lineage for share in parsed.shares if share.lineage is not None})

    def only(self, columns: Mapping[str, list[str] | None]) -> Part:
        """Only some tables and columns; None is all columns of a table."""
        chosen = {name: (rows, columns[name]) for name, rows in self.tables.items() if name in columns}
        return Part({name: rows if names is None else rows.select(names) for name, (rows, names) in chosen.items()}, self.lineages)


def parse_task(task: Task, done: Callable[[int], None] | None = None, grown: Grown | None = None) -> Parsed:
    """Parse the sources of a task.

    Parameters
    ----------
    task
        What to parse.
    done
        Called after each source with its size in bytes.
    grown
        An earlier reading to go on from, when there is only one source.

    Returns
    -------
    Parsed
        A source that its provider fails on keeps the rows it gave, and becomes an issue.
    """
    with collector_paused():
        job = task.job
        rows = Rows(job.names, unasked_text(job.want))
        context = job.context if grown is None else replace(job.context, grown=grown)
        for source in task.sources:
            rows.begin(source)
            try:
                rows.take(rows_of(job.parse, source, job.want, context))
            except Exception as problem:  # noqa: BLE001 - a fault in one source must not lose the others
                rows.take([IssueRow(source=clean(source.path), kind="provider-failed", detail=described(problem, "parse"))])
            rows.end(context.machine.repositories.asked())
            if done is not None:
                done(source.size or 0)
        return rows.parsed()


def unasked_text(want: Want) -> dict[str, dict[str, None]]:
    """Table -> its columns of text that nobody asked for, when only the text of another table is wanted."""
    if want.content_of is None:
        return {}
    return {table: dict.fromkeys(columns) for table, columns in CONTENT_COLUMNS.items() if table != want.content_of}


class Noted(list[Any]):
    """A list that hands on what is added to it."""

    def __init__(self, note: Callable[[Any], None]) -> None:
        super().__init__()
        self.append = note  # type: ignore[method-assign]


class Rows:
    """Collects rows and turns them into frames batch by batch."""

    def __init__(self, names: Mapping[str, str | None], unasked: Mapping[str, Mapping[str, None]]) -> None:
        self._names = names
        self._unasked = unasked
        self._rows: dict[type, list[Any]] = {kind: [] for kind in (*ROWS, Lineage, Unkept)} | {Checkpoint: Noted(self._note)}
        self._framed = dict.fromkeys(PARSED, 0)
        self._frames: dict[str, list[pl.DataFrame]] = {}
        self._shares: list[Share] = []
        self._before: dict[str, int] = {}
        self._count = 0

    def begin(self, source: Source) -> None:
        """Add the rows of a source from now on."""
        self._shares.append(Share(source))
        self._before = self._counts()

    def take(self, rows: Iterable[ParsedRow]) -> None:
        """Add rows of the source."""
        kept = self._rows
        for row in rows:
            kept[type(row)].append(row)
            self._count += 1
            if self._count >= BATCH_ROWS:
                self._look_for_passing_faults()
                self._flush()

    def end(self, folds: dict[str, str]) -> None:
        """The source is read."""
        share = self._shares[-1]
        share.rows, share.folds = self._since_begin(), folds
        share.has_changed = has_changed(share.source)
        share.lineage = next(iter(self._rows[Lineage]), None)
        self._look_for_passing_faults()
        if self._rows[Unkept]:
            share.is_sound = False
        self._rows[Lineage].clear()
        self._rows[Unkept].clear()

    def parsed(self) -> Parsed:
        """Everything that was added, as one frame per table that has rows. Nothing can be added afterwards."""
        import polars as pl  # a worker process starts on its first source before it needs frames

        self._flush()
        # a list in there knows this object: where the collector is off, the frames would never be let go of
        self._rows.clear()
        return Parsed(self._names, {name: pl.concat(frames, rechunk=False) for name, frames in self._frames.items()}, self._shares)

    def _note(self, checkpoint: Checkpoint) -> None:
        self._shares[-1].checkpoint, self._shares[-1].settled = checkpoint, self._since_begin()

    def _look_for_passing_faults(self) -> None:
        """Issues that are not in frames yet are those of this source; at worst one before it brings it down too."""
        if any(row.kind in PASSING for row in self._rows[IssueRow]):
            self._shares[-1].is_sound = False

    def _counts(self) -> dict[str, int]:
        return {name: framed + len(self._rows[PARSED[name].row]) for name, framed in self._framed.items()}

    def _since_begin(self) -> dict[str, int]:
        return {name: count - self._before[name] for name, count in self._counts().items() if count > self._before[name]}

    def _flush(self) -> None:
        for name, schema in PARSED.items():
            rows = self._rows[schema.row]
            if rows:
                self._rows[schema.row] = []
                self._framed[name] += len(rows)
                self._add(name, rows)
        self._count = 0

    def _add(self, name: str, rows: list[Any]) -> None:
        from sessionframe.frames import build  # loads polars, which a worker process needs only now

        constants = {**self._names, **self._unasked.get(name, {})}
        try:
            made = build.frame(PARSED[name], rows, constants)
        except build.BUILD_ERRORS:
            made, refused = build.repaired_frame(PARSED[name], rows, constants)
            issues = [refusal(name, column, count, rows[0].source) for column, count in refused.items()]
            self._frames.setdefault("issues", []).append(build.frame(PARSED["issues"], issues, self._names))
            for share in self._shares:  # the issue stands for some of these sources, and lies among the rows of another one
                share.is_sound = False
        self._frames.setdefault(name, []).append(made)


def has_changed(source: Source) -> bool:
    """Whether the file of a source has been written, replaced or removed since it was found."""
    now = None if source.mtime_ns is None else stat_of(source.path)
    return source.mtime_ns != (now and now[1])


def refusal(table: str, column: str, count: int, source: str) -> IssueRow:
    """The issue that values become which their column cannot hold."""
    detail = f"{table}.{column} was given values of another type; they are null, or scrubbed if they are text"
    return IssueRow(source=clean(source), kind="provider-failed", detail=detail, count=count)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic garbage collector from walking over a growing heap of rows and of libraries, none of which can be garbage yet."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
