"""Dtype of a declared column -> dtype of polars: the one place where the two meet."""

from __future__ import annotations

import functools

import polars as pl

from sessionframe.schema import Column, TableSchema

TIME = pl.Datetime("us", "UTC")
PLAIN: dict[str, pl.DataType] = {
    "text": pl.String(),
    "int64": pl.Int64(),
    "float64": pl.Float64(),
    "bool": pl.Boolean(),
    "datetime": TIME,
}


@functools.cache
def polars_dtype(column: Column) -> pl.DataType:
    """Dtype of a column in a polars frame.

    Parameters
    ----------
    column
        The declared column.

    Returns
    -------
    polars.DataType
        An enum has the declared categories in the declared order.
    """
    return pl.Enum(column.categories) if column.dtype == "enum" else PLAIN[column.dtype]


def polars_schema(table: TableSchema, *, public: bool = True) -> dict[str, pl.DataType]:
    """Names and dtypes of a table's columns, in order.

    Parameters
    ----------
    table
        The declared table.
    public
        Leave out the columns that only the library itself uses.

    Returns
    -------
    dict of str to polars.DataType
        Ready for ``polars.DataFrame(schema=...)``.
    """
    return {column.name: polars_dtype(column) for column in (table.public if public else table.columns)}
