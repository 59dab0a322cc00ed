"""A frame of many chunks goes in, a few of its rows come out."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl


def picked(rows: pl.DataFrame, positions: pl.Series, columns: Iterable[str] | None = None) -> pl.DataFrame:
    """The rows at some positions, in the order of the frame; all columns or some.

    Polars would first join the chunks of all columns to take rows by position, and to `select` where some columns have more chunks than
    others. Measured on 1.2 million rows: 280 MB for 20,000 of them.
    """
    wanted = pl.repeat(value=False, n=rows.height, dtype=pl.Boolean, eager=True).scatter(positions, values=True)
    return pl.DataFrame([rows.get_column(name) for name in columns or rows.columns]).filter(wanted)
