"""Frames of rows go in, files of the cache come out, and back. A segment is one file per table; it is never changed once written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import polars as pl
from msgspec.structs import replace

from sessionframe import cachefiles
from sessionframe.engine.cache.damage import DamagedError
from sessionframe.engine.cache.manifest import STATES, Entry, Span, Spans
from sessionframe.engine.task import PARSED, Parsed, Share
from sessionframe.frames.dtypes import polars_schema


def file_name(shelf: str, segment: str, table: str) -> str:
    """The name of a file of a segment."""
    return f"{shelf}.{segment}.{table}"


class NewSegment:
    """Rows that are to be written together.

    Attributes
    ----------
    name
        Its name, which no other has.
    heights
        Table -> number of rows so far.
    """

    def __init__(self) -> None:
        self.name = os.urandom(8).hex()
        self.heights: dict[str, int] = {}
        self._frames: dict[str, list[pl.DataFrame]] = {}

    def add(self, table: str, rows: pl.DataFrame) -> Span:
        """Put rows behind those that are there."""
        start = self.heights.get(table, 0)
        self._frames.setdefault(table, []).append(rows)
        self.heights[table] = start + rows.height
        return Span(self.name, start, rows.height)

    def add_parsed(self, parsed: Parsed) -> list[tuple[Share, Spans, Spans]]:
        """Put what was parsed behind what is there: of each source the settled rows and the others."""
        next_row = {table: self.add(table, rows).start for table, rows in parsed.tables.items()}
        states = [share.checkpoint.state for share in parsed.shares if share.checkpoint is not None]
        if states:
            next_row[STATES] = self.add(STATES, pl.DataFrame({"state": states}, schema={"state": pl.Binary})).start
        found = []
        for share in parsed.shares:
            settled = self._spans(next_row, share.settled)
            others = {table: count - share.settled.get(table, 0) for table, count in share.rows.items()}
            rest = self._spans(next_row, others | ({STATES: 1} if share.checkpoint is not None else {}))
            found.append((share, settled, rest))
        return found

    def write(self, shelf: str) -> bool:
        """Write the files; whether that worked."""
        for table, frames in self._frames.items():
            rows = pl.concat(frames, rechunk=False)
            # the newest layout keeps texts that rows share as one; lz4 costs less than the disk would
            fill = partial(rows.write_ipc, compression="lz4", compat_level=pl.CompatLevel.newest())
            if not cachefiles.write_by(file_name(shelf, self.name, table), fill):
                return False
        return True

    def _spans(self, next_row: dict[str, int], counts: Mapping[str, int]) -> Spans:
        """The next rows of some tables."""
        spans: Spans = {}
        for table, count in counts.items():
            if count:
                spans[table] = [Span(self.name, next_row[table], count)]
                next_row[table] += count
        return spans


def read(shelf: str, segment: str, table: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """The rows of a file, all columns or some. Raises `DamagedError`."""
    content = cachefiles.read(file_name(shelf, segment, table))
    if content is None:
        raise DamagedError(f"{segment} {table}")
    expected = schema_of(table)
    try:
        rows = pl.read_ipc(content, columns=None if columns is None else list(columns))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as problem:
        raise DamagedError(f"{segment} {table}: {problem}") from problem
    if dict(rows.schema) != (expected if columns is None else {name: expected[name] for name in columns}):
        raise DamagedError(f"{segment} {table}: other columns")
    return rows


def schema_of(table: str) -> dict[str, pl.DataType]:
    """The columns of a file."""
    return {"state": pl.Binary()} if table == STATES else polars_schema(PARSED[table], public=False)


def repacked(shelf: str, entries: Sequence[Entry], segment: NewSegment) -> list[Entry]:
    """Entries whose rows all lie in one new segment, to which those of older ones are added. Raises `DamagedError`."""
    moved: dict[tuple[str, str, int], Span] = {}
    for (name, table), spans in by_file(entry.spans for entry in entries).items():
        if name != segment.name:
            start = segment.add(table, cut(read(shelf, name, table), spans)).start
            for span in spans:
                moved[name, table, span.start] = Span(segment.name, start, span.length)
                start += span.length

    def there(spans: Spans) -> Spans:
        return {table: [moved.get((span.segment, table, span.start), span) for span in each] for table, each in spans.items()}

    return [replace(entry, settled=there(entry.settled), rest=there(entry.rest)) for entry in entries]


def by_file(spans: Iterable[Spans]) -> dict[tuple[str, str], list[Span]]:
    """(Segment, table) -> the spans that lie there, in the order of its rows."""
    found: dict[tuple[str, str], list[Span]] = {}
    for each in spans:
        for table, parts in each.items():
            for span in parts:
                found.setdefault((span.segment, table), []).append(span)
    for parts in found.values():
        parts.sort(key=lambda span: span.start)
    return found


def cut(rows: pl.DataFrame, spans: Sequence[Span]) -> pl.DataFrame:
    """The rows of some spans, which are given in order. Raises `DamagedError` for spans that overlap or lie outside."""
    runs: list[list[int]] = []
    for span in spans:
        if span.start < (runs[-1][1] if runs else 0) or span.start + span.length > rows.height:
            raise DamagedError(f"{span} of {rows.height} rows")
        if runs and runs[-1][1] == span.start:
            runs[-1][1] += span.length
        else:
            runs.append([span.start, span.start + span.length])
    if len(runs) == 1:
        return rows.slice(runs[0][0], runs[0][1] - runs[0][0])
    starts, ends = (pl.Series([run[side] for run in runs], dtype=pl.UInt32) for side in (0, 1))
    return rows[pl.int_ranges(starts, ends, dtype=pl.UInt32, eager=True).explode()]
