"""Rows -> polars frames: exact dtypes, shared texts, values that do not fit."""

from __future__ import annotations

import datetime as dt
import pickle

import polars as pl
import pytest

from sessionframe.frames.build import PROBE, frame, repaired_frame
from sessionframe.frames.dtypes import polars_schema
from sessionframe.schema import SCHEMA, TABLES, TITLES, MessageRow, TableName, TableSchema, UsageRow
from tests.frames import make

ALL = [*(SCHEMA[name] for name in TABLES), TITLES]


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_empty_frame_has_the_declared_dtypes(table: TableSchema) -> None:
    assert dict(frame(table, []).schema) == polars_schema(table, public=False)


@pytest.mark.parametrize("name", TABLES)
def test_public_schema_leaves_internal_columns_out(name: TableName) -> None:
    internal = {column.name for column in SCHEMA[name].columns if column.internal}
    assert polars_schema(SCHEMA[name]).keys() == polars_schema(SCHEMA[name], public=False).keys() - internal


def test_every_dtype_of_the_design() -> None:
    dtypes = polars_schema(SCHEMA["messages"]) | polars_schema(SCHEMA["usage"])
    assert dtypes["content"] == pl.String
    assert dtypes["seq"] == pl.Int64
    assert dtypes["cost_usd"] == pl.Float64
    assert dtypes["is_human"] == pl.Boolean
    assert dtypes["at"] == pl.Datetime("us", "UTC")
    assert dtypes["role"] == pl.Enum(["user", "assistant", "system", "tool"])


def test_full_frame_has_the_same_dtypes_and_every_value() -> None:
    rows = [make.usage("s", 1, "k", 7, is_final=True, recorded_cost_usd=0.5), make.usage("s", 2, "l", None)]
    built = frame(SCHEMA["usage"], rows)
    assert built.schema == frame(SCHEMA["usage"], []).schema
    first, second = built.iter_rows(named=True)
    assert (first["output_tokens"], first["is_final"]) == (7, True)
    assert (first["at"], first["kind"]) == (dt.datetime(1970, 1, 1, 0, 1, tzinfo=dt.UTC), "reply")
    assert (second["output_tokens"], second["is_final"], second["recorded_cost_usd"]) == (None, None, None)


@pytest.mark.parametrize("distinct", [1, 2, PROBE // 4, PROBE, 1000])
@pytest.mark.parametrize("missing", [False, True])
def test_repeated_and_distinct_texts_come_out_as_they_went_in(distinct: int, missing: bool) -> None:
    texts = [f"/a/path/that/is/longer/than/twelve/bytes/{number % distinct}" for number in range(1000)]
    values = [None if missing and number % 3 == 0 else text for number, text in enumerate(texts)]
    rows = [make.message("s", line, project=value) for line, value in enumerate(values)]
    assert frame(SCHEMA["messages"], rows)["project"].to_list() == values


def test_texts_that_repeat_only_at_first_come_out_as_they_went_in() -> None:
    values = ["the same text for a while"] * 200 + [f"another text each time {number}" for number in range(1000)]
    rows = [make.message("s", line, project=value) for line, value in enumerate(values)]
    assert frame(SCHEMA["messages"], rows)["project"].to_list() == values


def test_repeated_texts_are_sent_once() -> None:
    paths = [f"/home/demo/.claude/projects/a-folder-with-a-long-name/{number % 3}.jsonl" for number in range(3000)]
    built = frame(SCHEMA["usage"], [make.usage("s", line, "k", source=path) for line, path in enumerate(paths)])
    assert len(pickle.dumps(built.select("source"))) < 100_000  # 3000 views of 16 bytes; the texts alone would be 180,000
    assert pickle.loads(pickle.dumps(built)).equals(built)  # noqa: S301


def test_constants_replace_what_rows_say() -> None:
    built = frame(SCHEMA["usage"], [make.usage("s", 1, "k")], {"agent": "other", "host": None})
    assert built.select("agent", "host").row(0) == ("other", None)


BAD = [
    ("model", 5, None),
    ("model", "a\ud83d", "a\ufffd"),
    ("output_tokens", 2**63, None),
    ("output_tokens", "12", None),
    ("output_tokens", True, None),
    ("at", 1.5, None),
    ("recorded_cost_usd", "free", None),
    ("recorded_cost_usd", 10**400, None),
    ("is_final", "yes", None),
    ("kind", "no such kind", None),
]


@pytest.mark.parametrize("column, value, kept", BAD)
def test_values_that_do_not_fit_are_refused_or_repaired(column: str, value: object, kept: object) -> None:
    rows = [make.usage("s", 1, "k", 5), make.usage("s", 2, "l", 6)]
    setattr(rows[1], column, value)
    repaired, refused = repaired_frame(SCHEMA["usage"], rows, {"agent": "fake"})
    assert refused == {column: 1}
    assert repaired[column].to_list()[1] == kept
    untouched = [name for name in repaired.columns if name != column]
    rows[1] = make.usage("s", 2, "l", 6)
    assert repaired.select(untouched).equals(frame(SCHEMA["usage"], rows).select(untouched))


@pytest.mark.parametrize("column, value", [("model", "a\ud83d"), ("output_tokens", 2**63), ("kind", "no such kind"), ("model", 5)])
def test_frame_raises_what_the_engine_expects(column: str, value: object) -> None:
    from sessionframe.frames.build import BUILD_ERRORS

    row = make.usage("s", 1, "k")
    setattr(row, column, value)
    with pytest.raises(BUILD_ERRORS):
        frame(SCHEMA["usage"], [row])


def test_order_of_rows_is_kept() -> None:
    rows: list[MessageRow | UsageRow] = [make.message("s", line) for line in (3, 1, 2)]
    assert frame(SCHEMA["messages"], rows)["line"].to_list() == [3, 1, 2]
