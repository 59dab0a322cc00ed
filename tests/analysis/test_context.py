"""The context from request to request."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionframe.analysis import context_growth, context_growth_by
from sessionframe.errors import ColumnError
from sessionframe.frames.pandas import to_pandas
from sessionframe.schema import UsageRow
from tests.analysis.conftest import Make
from tests.rows import public, request, rows_of


def asked(thread: str, minute: int | None, tokens: int | None, **values: Any) -> UsageRow:
    time = None if minute is None else f"2026-10-01T12:{minute:02}:00Z"
    return request(time, **{"session_id": thread, "input_tokens": tokens, **values})


def numbers(found: Any) -> list[tuple[int | None, int | None]]:
    return [(row["request_number"], row["context_tokens"]) for row in rows_of(found)]


def test_numbers_follow_the_time_within_each_thread(make: Make) -> None:
    rows = [asked("s", 9, 3, cache_read_tokens=4, cache_write_tokens=5), asked("s/a", 5, 7), asked("s", 1, 2), asked("s", None, 1)]
    assert numbers(context_growth(make("usage", rows))) == [(2, 12), (1, 7), (1, 2), (None, 1)]


def test_what_is_asked_beside_the_conversation_has_no_number(make: Make) -> None:
    rows = [asked("s", 1, 2), asked("s", 2, 90, kind="compaction"), asked("s", 3, None), asked("s", 4, 1)]
    assert numbers(context_growth(make("usage", rows))) == [(1, 2), (None, 90), (2, None), (3, 1)]


def test_the_rows_stay_what_they_are(make: Make) -> None:
    frame = make("usage", [asked("s", 3, 3), asked("s", 2, 2), asked("s", 1, 1)])
    found = context_growth(frame[1:])
    assert numbers(found) == [(2, 2), (1, 1)]
    assert rows_of(found[list(frame.columns)]) == rows_of(frame)[1:]
    if not isinstance(found, pl.DataFrame):
        assert list(found.index) == [1, 2]
        assert {str(found[name].dtype) for name in ("request_number", "context_tokens")} == {"Int64"}


def test_quantiles_by_hand(make: Make) -> None:
    # first requests of 11 threads: 0, 10, ... 100; a second one of one of them
    rows = [asked(f"s{number}", 0, number * 10) for number in range(11)]
    found = rows_of(context_growth_by(make("usage", [*rows, asked("s3", 1, 7), asked("s4", 1, None)])))
    assert [tuple(row.values()) for row in found] == [(1, 11, 10.0, 50.0, 90.0), (2, 1, 7.0, 7.0, 7.0)]


def test_groups(make: Make) -> None:
    rows = [asked("s", 0, 4, model="b"), asked("s", 1, 6, model="b"), asked("t", 0, 8, model=None), asked("u", 0, 2, model="b")]
    found = rows_of(context_growth_by(make("usage", rows), by="model"))
    assert [(row["model"], row["request_number"], row["threads"], row["median_context_tokens"]) for row in found] == [
        ("b", 1, 2, 3.0),
        ("b", 2, 1, 6.0),
        (None, 1, 1, 8.0),
    ]


def test_nothing_grows_not(make: Make) -> None:
    for helper in (context_growth, context_growth_by):
        full, empty = (helper(make("usage", rows)) for rows in ([asked("s", 0, 1)], []))
        assert list(full.dtypes) == list(empty.dtypes)
    with pytest.raises(ColumnError, match="context_growth needs the columns agent, cache_read_tokens"):
        context_growth(make("usage", [])[["at"]])


requests = st.builds(asked, st.sampled_from("ab"), st.one_of(st.none(), st.integers(0, 59)), st.one_of(st.none(), st.integers(0, 99)))


@settings(max_examples=25)
@given(st.lists(requests, max_size=12))
def test_every_number_once_in_both_engines(rows: list[UsageRow]) -> None:
    frame = public("usage", rows)
    found = context_growth(frame)
    for thread in found.partition_by("session_id"):
        given_numbers = sorted(thread["request_number"].drop_nulls())
        assert given_numbers == list(range(1, len(given_numbers) + 1))
    known = found.filter(pl.col("request_number").is_not_null() & pl.col("context_tokens").is_not_null())
    assert context_growth_by(frame)["threads"].sum() == known.height
    assert rows_of(context_growth(to_pandas(frame))) == found.to_dicts()
    assert rows_of(context_growth_by(to_pandas(frame))) == [
        {name: pytest.approx(value) for name, value in row.items()} for row in context_growth_by(frame).to_dicts()
    ]
