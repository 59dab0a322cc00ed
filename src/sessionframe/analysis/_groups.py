"""Rows go in, one row per step of time and group comes out: sums in which the unknown stays unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import Frame, anywhere
from sessionframe.analysis._steps import with_start
from sessionframe.schema import TOTAL_TOKEN_COLUMNS
from sessionframe.zones import zone


def grouped(frame: Frame, aggregates: Sequence[nw.Expr], *, by: Sequence[str], at: str, every: str | None, tz: str) -> Frame:
    """Aggregate per step of time and group, sorted by them with null last; a single row when neither is asked for."""
    keys = list(by)
    if every is not None:
        frame, keys = with_start(frame, at, every, zone(tz)), ["start", *by]
    if not keys:
        return in_64_bits(anywhere(frame, lambda rows: rows.select(*aggregates)), ())
    return aggregated(frame, keys, aggregates).sort(keys, nulls_last=True)


def aggregated(frame: Frame, keys: Sequence[str], aggregates: Sequence[nw.Expr]) -> Frame:
    """Aggregate per group, in no particular order."""
    return in_64_bits(anywhere(frame, lambda rows: rows.group_by(list(keys)).agg(*aggregates)), keys)


def in_64_bits(found: Frame, keys: Sequence[str]) -> Frame:
    """Counts that can be calculated with: polars counts in 32 bits without a sign, in which a difference could wrap around."""
    counts = [name for name, dtype in found.schema.items() if dtype == nw.UInt32 and name not in keys]
    return found.with_columns(nw.col(counts).cast(nw.Int64)) if counts else found


def filled(cells: Frame, grid: Frame, keys: Sequence[str]) -> Frame:
    """Sums per cell with a row for every cell of a grid, sorted by the keys with null last; sums of what has no rows are 0."""
    summed = [name for name in cells.columns if name not in keys]
    # adding rows and summing again, where a join would lose the groups without a name
    both = nw.concat([cells, grid.select(keys)], how="diagonal")
    return both.group_by(list(keys)).agg(*(nw.col(name).sum() for name in summed)).sort(list(keys), nulls_last=True)


def ordered(frame: Frame, by: Sequence[str], every: str | None, measures: Iterable[str]) -> Frame:
    """The columns of a result in their order: step, groups, measures."""
    return frame.select(*(["start"] if every is not None else []), *by, *measures)


def sums(columns: Iterable[str]) -> list[nw.Expr]:
    """The sum of each column, and beside it how many of its values are known; `unknown_as_null` needs both."""
    return [expression for name in columns for expression in (nw.col(name).sum(), nw.col(name).count().alias(known(name)))]


def unknown_as_null(frame: Frame, columns: Iterable[str]) -> Frame:
    """Sums over no known value are null: an engine says 0. The helper columns leave."""
    names = list(columns)
    rules = [nw.when(nw.col(known(name)) > 0).then(nw.col(name)).alias(name) for name in names]
    return frame.with_columns(*rules).drop([known(name) for name in names])


def with_total_tokens(frame: Frame) -> Frame:
    """Add `total_tokens`, the sum of the disjoint token columns; null where all of them are."""
    parts = [nw.col(name) for name in TOTAL_TOKEN_COLUMNS]
    nothing = nw.all_horizontal(*(part.is_null() for part in parts), ignore_nulls=False)
    total: Any = nw.sum_horizontal(*parts)
    return frame.with_columns(nw.when(~nothing).then(total).alias("total_tokens"))


def known(name: str) -> str:
    """The helper column that counts the known values of a column."""
    return f"_known_{name}"
