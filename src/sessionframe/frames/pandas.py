"""A polars frame of a declared table -> a pandas frame with the dtypes of the design, never `object`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import pandas as pd


def to_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """Hand a frame to pandas through Arrow.

    Parameters
    ----------
    frame
        Columns of text, int64, float64, bool, datetime[us, UTC] and enums.

    Returns
    -------
    pandas.DataFrame
        ``str``, ``Int64``, ``float64``, ``boolean``, ``datetime64[us, UTC]`` and ``category`` with the declared categories
        in their order; a RangeIndex. A missing value changes no dtype, and neither does an empty frame. Missing floats are NaN.
    """
    import pandas as pd  # loads on first use: it takes longer than reading many a home folder

    columns = {name: COLUMN[kind_of(dtype)](frame[name], pd) for name, dtype in frame.schema.items()}
    # `copy=False`: the columns are fresh, nobody else holds them
    return pd.DataFrame(columns, index=pd.RangeIndex(frame.height), columns=pd.Index(frame.columns, dtype="str"), copy=False)


def kind_of(dtype: pl.DataType) -> type[pl.DataType]:
    """The class of a dtype, the key of `COLUMN`."""
    return type(dtype)


def text(column: pl.Series, pd: Any) -> Any:
    """A pandas text column over the Arrow data; `large_string` is the storage that pandas itself uses."""
    import pyarrow as pa

    return pd.array(pa.chunked_array([column.to_arrow(compat_level=pl.CompatLevel.oldest())]), dtype="str")


def integers(column: pl.Series, pd: Any) -> Any:
    """Whole numbers with a mask; pandas' own way from Arrow goes through doubles and loses digits beyond 2**53."""
    return pd.arrays.IntegerArray(numpy(column.fill_null(0)), numpy(column.is_null()))


def booleans(column: pl.Series, pd: Any) -> Any:
    """Truth values with a mask."""
    return pd.arrays.BooleanArray(numpy(column.fill_null(value=False)), numpy(column.is_null()))


def floats(column: pl.Series, pd: Any) -> Any:
    """Doubles; pandas writes a missing one as NaN."""
    del pd
    return numpy(column)


def times(column: pl.Series, pd: Any) -> Any:
    """Points in time in microseconds and UTC."""
    return pd.array(numpy(column.dt.replace_time_zone(None)), dtype="datetime64[us]").tz_localize("UTC")


def numpy(column: pl.Series) -> Any:
    """The values as an array that the user may write to: assigning to a cell of the frame must work."""
    return column.to_numpy(writable=True)


def category(column: pl.Series, pd: Any) -> Any:
    """A category with every declared value, whether or not a row has it."""
    dtype = pd.CategoricalDtype(pd.Index(column.dtype.categories.to_list(), dtype="str"), ordered=False)  # type: ignore[attr-defined]
    codes = numpy(column.to_physical().cast(pl.Int32).fill_null(-1))
    return pd.Categorical.from_codes(codes, dtype=dtype)


COLUMN: Mapping[type[pl.DataType], Any] = {
    pl.String: text,
    pl.Int64: integers,
    pl.Boolean: booleans,
    pl.Float64: floats,
    pl.Datetime: times,
    pl.Enum: category,
}
