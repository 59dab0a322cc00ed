"""Rows of one table -> a polars frame with every declared column in its exact dtype."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

import msgspec
import polars as pl

from sessionframe.formats.text import clean
from sessionframe.frames.dtypes import polars_dtype, polars_schema
from sessionframe.schema import Column, TableSchema

PROBE = 64
"""Rows that are looked at before a column is taken for one of few distinct texts."""
FEW = 4
"""A column of few distinct texts has at least this many rows for each of them."""
INT64 = 2**63
BUILD_ERRORS = (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError)
"""What polars raises for a value that does not fit; a text with a lone surrogate is a `ValueError`."""


def frame(table: TableSchema, rows: Sequence[msgspec.Struct], constants: Mapping[str, str | None] | None = None) -> pl.DataFrame:
    """Rows as a frame: all columns, internal ones included, in the declared order and dtypes.

    Parameters
    ----------
    table
        The declared table.
    rows
        Instances of its row class.
    constants
        Text columns that are the same in all rows, whatever the rows say: the agent and the host.

    Returns
    -------
    polars.DataFrame
        In the order of the rows. An empty frame has the same dtypes as a full one.

    Raises
    ------
    TypeError, ValueError, OverflowError, polars.exceptions.PolarsError
        A value does not fit its column; see `repaired_frame`.
    """
    if not rows:
        return pl.DataFrame(schema=polars_schema(table, public=False))
    given = constants or {}
    # rows to tuples and then turned around takes half the time of reading one attribute of all rows after the other
    columns = zip(table.columns, zip(*map(msgspec.structs.astuple, rows), strict=True), strict=True)
    return pl.DataFrame(
        [
            repeated(column.name, given[column.name], len(rows)) if column.name in given else series(column, values)
            for column, values in columns
        ]
    )


def rows_of(table: TableSchema, frame: pl.DataFrame) -> list[Any]:
    """The rows that `frame` makes this frame of."""
    columns = [(pl.col(column.name).to_physical() if column.dtype == "datetime" else pl.col(column.name)) for column in table.columns]
    return [table.row(**row) for row in frame.select(columns).iter_rows(named=True)]


def repaired_frame(
    table: TableSchema, rows: Sequence[msgspec.Struct], constants: Mapping[str, str | None] | None = None
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Rows as a frame where values that do not fit their column are null, or scrubbed if they are text.

    Only for rows that `frame` refused: a provider from outside may yield what its annotations forbid, and one bad value must
    not lose the rest.

    Returns
    -------
    frame : polars.DataFrame
    refused : dict of str to int
        Column -> number of values that were replaced by null or scrubbed.
    """
    refused: dict[str, int] = {}
    columns = []
    given = constants or {}
    for column in table.columns:
        if column.name in given:
            columns.append(repeated(column.name, given[column.name], len(rows)))
            continue
        values = [getattr(row, column.name) for row in rows]
        kept = [fitting(column, value) for value in values]
        count = sum(before is not after for before, after in zip(values, kept, strict=True))
        if count:
            refused[column.name] = count
        columns.append(series(column, kept))
    return pl.DataFrame(columns), refused


def series(column: Column, values: Sequence[Any]) -> pl.Series:
    """One column from its values."""
    if column.dtype == "text":
        return text_series(column.name, values)
    if column.dtype == "datetime":
        return pl.Series(column.name, values, dtype=pl.Int64).cast(polars_dtype(column))
    if column.dtype == "enum":  # through text: twice as fast as polars' own way from Python values to an enum
        return pl.Series(column.name, values, dtype=pl.String).cast(polars_dtype(column))
    return pl.Series(column.name, values, dtype=polars_dtype(column))


def text_series(name: str, values: Sequence[Any]) -> pl.Series:
    """A text column whose repeated values share their bytes.

    Session ids, paths and branches repeat in thousands of rows: kept once, they take a sixth of the memory and of the way
    from a worker process.
    """
    head = set(values[:PROBE])
    if len(head) == 1 and values.count(values[0]) == len(values):
        return repeated(name, values[0], len(values))
    if len(head) * FEW > min(PROBE, len(values)):
        return pl.Series(name, values, dtype=pl.String)
    numbers: defaultdict[Any, int] = defaultdict(count().__next__)
    positions = list(map(numbers.__getitem__, values))
    if len(numbers) * FEW > len(values):
        return pl.Series(name, values, dtype=pl.String)
    return pl.Series(name, list(numbers), dtype=pl.String)[pl.Series(positions, dtype=pl.UInt32)]  # `gather` plans a query for it


def repeated(name: str, value: str | None, length: int) -> pl.Series:
    """A text column with one value in every row."""
    return pl.Series(name, [value], dtype=pl.String).new_from_index(0, length)


def fitting(column: Column, value: Any) -> Any:
    """The value itself where it fits, a scrubbed text, else nothing."""
    return value if value is None else FITTING[column.dtype](value, column)


def fitting_int(value: Any, column: Column) -> int | None:
    """A whole number that 64 bits hold."""
    del column
    fits = isinstance(value, int) and not isinstance(value, bool) and -INT64 <= value < INT64
    return value if fits else None


def fitting_float(value: Any, column: Column) -> float | None:
    """A number that a double holds."""
    del column
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


FITTING: dict[str, Callable[[Any, Column], Any]] = {
    "text": lambda value, column: clean(value) if isinstance(value, str) else None,
    "int64": fitting_int,
    "datetime": fitting_int,
    "float64": fitting_float,
    "bool": lambda value, column: value if isinstance(value, bool) else None,
    "enum": lambda value, column: value if value in column.categories else None,
}
