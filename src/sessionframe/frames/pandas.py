"""A polars frame of a declared table -> a pandas frame with the dtypes of the design, never `object`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import pandas as pd

NOT_A_TIME = -(2**63)
"""How NumPy and pandas write a missing time."""


def to_pandas(frame: pl.DataFrame, texts: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Hand a frame to pandas through Arrow.

    Parameters
    ----------
    frame
        Columns of text, int64, float64, bool, datetime[us, UTC] and enums.
    texts
        Columns that `shared_texts` has made already.

    Returns
    -------
    pandas.DataFrame
        ``str``, ``Int64``, ``float64``, ``boolean``, ``datetime64[us, UTC]`` and ``category`` with the declared categories
        in their order; a RangeIndex. A missing value changes no dtype, and neither does an empty frame. Missing floats are NaN.
    """
    import pandas as pd  # loads on first use: it takes longer than reading many a home folder

    made = {name: pd.array(data, dtype="str", copy=False) for name, data in (texts or {}).items()}
    columns = {name: made[name] if name in made else COLUMN[type(dtype)](frame[name], pd) for name, dtype in frame.schema.items()}
    # `copy=False`: the columns are fresh, nobody else holds them
    return pd.DataFrame(columns, index=pd.RangeIndex(frame.height), columns=pd.Index(frame.columns, dtype="str"), copy=False)


def shared_texts(frame: pl.DataFrame, names: Iterable[str]) -> dict[str, Any]:
    """Columns of text as Arrow data that pandas takes as it is, and that the columns of the frame look at from now on too.

    Pandas keeps texts one behind the other, polars keeps views of them, which may lie in data of that kind; so texts that fill
    gigabytes are in memory once and not twice. Neither library writes into Arrow data, so no frame can change another.
    """
    made = {}
    for name in names:
        made[name] = data = arrow_text(frame[name])
        frame.replace_column(frame.get_column_index(name), pl.Series(name, data))
    return made


def text(column: pl.Series, pd: Any) -> Any:
    """A pandas text column over Arrow data."""
    return pd.array(arrow_text(column), dtype="str", copy=False)


def arrow_text(column: pl.Series) -> Any:
    """Texts as `large_string`, the storage that pandas itself uses, chunk by chunk. They are copied: polars keeps views of them."""
    import pyarrow as pa

    chunks = [chunk.to_arrow(compat_level=pl.CompatLevel.oldest()) for chunk in column.get_chunks()]
    return pa.chunked_array(chunks, pa.large_string())


def integers(column: pl.Series, pd: Any) -> Any:
    """Whole numbers with a mask; pandas' own way from Arrow goes through doubles and loses digits beyond 2**53."""
    return pd.arrays.IntegerArray(own(column.fill_null(0)), missing(column))


def booleans(column: pl.Series, pd: Any) -> Any:
    """Truth values with a mask."""
    return pd.arrays.BooleanArray(own(column.fill_null(value=False)), missing(column))


def floats(column: pl.Series, pd: Any) -> Any:
    """Doubles; pandas writes a missing one as NaN."""
    del pd
    return own(column)


def times(column: pl.Series, pd: Any) -> Any:
    """Points in time in microseconds and UTC."""
    stamps = column.to_physical().fill_null(NOT_A_TIME).to_numpy().view("datetime64[us]")
    return pd.DatetimeIndex(stamps, copy=False).tz_localize("UTC").array  # naming the zone is what copies the values


def category(column: pl.Series, pd: Any) -> Any:
    """A category with every declared value, whether or not a row has it."""
    dtype = pd.CategoricalDtype(pd.Index(column.dtype.categories.to_list(), dtype="str"), ordered=False)  # type: ignore[attr-defined]
    codes = own(column.to_physical().cast(pl.Int16).fill_null(-1))
    return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)


def own(column: pl.Series) -> Any:
    """The values as an array of their own that the user may write to: assigning to a cell of the frame must work.

    Copied once, because a view of what polars holds is read-only, and pandas knows of no other frame that shares it.
    """
    return column.to_numpy(writable=True)


def missing(column: pl.Series) -> Any:
    """Which values are missing, a byte for each; memory of a mask without any is not even touched."""
    import numpy as np

    return own(column.is_null()) if column.null_count() else np.zeros(len(column), dtype=bool)


COLUMN: Mapping[type[pl.DataType], Any] = {
    pl.String: text,
    pl.Int64: integers,
    pl.Boolean: booleans,
    pl.Float64: floats,
    pl.Datetime: times,
    pl.Enum: category,
}
