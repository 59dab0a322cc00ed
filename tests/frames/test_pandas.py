"""polars -> pandas: exactly the dtypes of the design, whatever is missing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import polars as pl
import pytest

from sessionframe.frames.build import frame
from sessionframe.frames.pandas import shared_texts, to_pandas
from sessionframe.schema import SCHEMA, TABLES, Column, TableName

VALUES: dict[str, Any] = {
    "text": "é and 日本",
    "int64": 2**60 + 1,  # a double cannot hold it
    "float64": 0.1,
    "bool": True,
    "datetime": 1_790_000_000_123_456,
}


def value(column: Column) -> Any:
    return column.categories[-1] if column.dtype == "enum" else VALUES[column.dtype]


def table_frame(name: TableName, filled: tuple[bool, ...]) -> pl.DataFrame:
    """A row per flag: every column filled, or every column that may be missing is."""
    rows = [
        SCHEMA[name].row(**{column.name: value(column) if is_filled else None for column in SCHEMA[name].columns}) for is_filled in filled
    ]
    return frame(SCHEMA[name], rows)


def expected_dtype(column: Column) -> Any:
    return {
        "text": pd.StringDtype(na_value=float("nan")),
        "int64": pd.Int64Dtype(),
        "float64": "float64",
        "bool": pd.BooleanDtype(),
        "datetime": pd.DatetimeTZDtype("us", "UTC"),
        "enum": pd.CategoricalDtype(pd.Index(column.categories, dtype="str"), ordered=False),
    }[column.dtype]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("filled", [(), (True,), (False,), (True, False), (False, True, True)])
def test_dtypes_do_not_depend_on_what_is_missing(name: TableName, filled: tuple[bool, ...]) -> None:
    made = to_pandas(table_frame(name, filled))
    for column in SCHEMA[name].columns:
        assert made[column.name].dtype == expected_dtype(column), column.name
    assert "object" not in made.dtypes.astype(str).tolist()
    assert isinstance(made.index, pd.RangeIndex)
    assert len(made) == len(filled)
    assert made.columns.tolist() == [column.name for column in SCHEMA[name].columns]


@pytest.mark.parametrize("name", TABLES)
def test_every_value_survives_and_what_is_missing_stays_missing(name: TableName) -> None:
    made = to_pandas(table_frame(name, (True, False)))
    for column in SCHEMA[name].columns:
        first, second = made[column.name]
        wanted = (
            dt.datetime.fromtimestamp(1_790_000_000, dt.UTC).replace(microsecond=123456) if column.dtype == "datetime" else value(column)
        )
        assert first == wanted, column.name
        assert pd.isna(second), column.name


def test_categories_are_the_declared_ones_in_order() -> None:
    made = to_pandas(table_frame("messages", (True,)))
    assert made["role"].cat.categories.tolist() == ["user", "assistant", "system", "tool"]
    assert made["role"].cat.categories.dtype == "str"
    assert not made["role"].cat.ordered


def test_text_is_stored_in_arrow() -> None:
    dtype: Any = to_pandas(table_frame("messages", (True,)))["model"].dtype
    assert dtype.storage == "pyarrow"


def test_frames_of_several_chunks() -> None:
    part = table_frame("usage", (True, False))
    made = to_pandas(pl.concat([part, part], rechunk=False))
    pd.testing.assert_frame_equal(made, pd.concat([to_pandas(part), to_pandas(part)], ignore_index=True))


def test_cells_can_be_assigned() -> None:
    made: Any = to_pandas(table_frame("usage", (True, False)))
    for column in SCHEMA["usage"].columns:
        made.loc[1, column.name] = made.loc[0, column.name]
    assert made.loc[1].equals(made.loc[0])


@pytest.mark.parametrize("filled", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("name", TABLES)
def test_no_other_frame_is_changed_by_assignments(name: TableName, filled: tuple[bool, ...]) -> None:
    origin = table_frame(name, filled)
    before, other = origin.clone(), to_pandas(origin)
    made: Any = to_pandas(origin)
    for column in SCHEMA[name].columns:
        made.loc[0, column.name], made.loc[1, column.name] = made.loc[1, column.name], made.loc[0, column.name]
        made[column.name] = made[column.name].iloc[::-1].array
    assert origin.equals(before)
    pd.testing.assert_frame_equal(other, to_pandas(before))


def test_shared_texts_are_the_same_and_cannot_be_changed() -> None:
    part = table_frame("messages", (True, False))
    origin = pl.concat([part, part], rechunk=False)
    before = origin.clone()
    texts = shared_texts(origin, ["content", "model"])
    made: Any = to_pandas(origin, texts)
    assert origin.equals(before)
    pd.testing.assert_frame_equal(made, to_pandas(before))
    made.loc[0, "content"] = "another text"
    assert origin.equals(before)
    assert to_pandas(origin, texts)["content"].tolist()[0] == VALUES["text"]
