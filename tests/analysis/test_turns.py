"""`prompts`: what each prompt caused, both engines alike."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionframe as sf
from sessionframe.analysis import prompts
from sessionframe.errors import ColumnError
from sessionframe.frames.pandas import to_pandas
from sessionframe.schema import TOKEN_COLUMNS
from tests.analysis.conftest import Make
from tests.rows import assert_same, call, message, public, request, rows_of

S = 1_000_000


def made(make: Make, messages: list[Any], usage: list[Any], calls: list[Any]) -> list[dict[str, Any]]:
    return rows_of(prompts(make("messages", messages), make("usage", usage), make("tool_calls", calls)))


def answer(second: int | None, **values: Any) -> Any:
    return request(None if second is None else second * S, **values)


def used(second: int | None, status: str = "ok", end: int | None = None, **values: Any) -> Any:
    row = call(status, at=None, ended_at=None if end is None else end * S, **values)
    row.at = None if second is None else second * S
    return row


def test_everything_until_the_next_prompt_belongs_to_it(make: Make) -> None:
    messages = [message(10 * S, content_chars=5, repo_root="/r"), message(100 * S)]
    usage = [
        answer(20, output_tokens=3, cost_usd=0.5),
        answer(99, output_tokens=4, session_id="s1/a"),
        answer(100, output_tokens=8, cost_usd=0.25),
    ]
    calls = [used(30, "error", end=40), used(98, end=120, session_id="s1/a"), used(101, "denied", end=130)]
    first, second = made(make, messages, usage, calls)
    assert [first[name] for name in ("session_id", "prompt", "prompt_chars", "repo_root", "seconds")] == ["s1", 1, 5, "/r", 110.0]
    assert [first[name] for name in ("requests", "output_tokens", "total_tokens", "cost_usd", "unpriced_requests")] == [2, 7, 7, 0.5, 1]
    assert [first[name] for name in ("tool_calls", "tool_errors", "denied", "subagents")] == [2, 1, 0, 1]
    assert [second[name] for name in ("prompt", "requests", "output_tokens", "tool_calls", "denied", "subagents")] == [2, 1, 8, 1, 1, 0]
    assert (second["seconds"], second["input_tokens"]) == (30.0, None)


def test_what_no_prompt_caused_is_not_lost(make: Make) -> None:
    messages = [message(10 * S), message(None)]
    rows = made(make, messages, [answer(5), answer(None), answer(11)], [used(None), used(3, session_id="x", root_session_id="x")])
    assert [(row["session_id"], row["prompt"], row["requests"], row["tool_calls"]) for row in rows] == [
        ("s1", 1, 1, 0),
        ("s1", 2, 0, 0),
        ("s1", None, 2, 1),
        ("x", None, 0, 1),
    ]
    assert [rows[2][name] for name in ("at", "message_id", "seconds")] == [None] * 3


def test_a_prompt_that_caused_nothing(make: Make) -> None:
    (row,) = made(make, [message(10 * S)], [], [])
    assert [row[name] for name in ("requests", "tool_calls", "subagents", "seconds", "cost_usd", "total_tokens")] == [
        0,
        0,
        0,
        None,
        None,
        None,
    ]


def test_the_parts_of_one_message_are_one_prompt(make: Make) -> None:
    parts = [message(0, message_id="m", content_chars=3, line=1), message(0, message_id="m", content_chars=4, line=1)]
    unnamed = [message(1, message_id=None, line=2), message(1, message_id=None, line=2), message(2, message_id=None, line=3)]
    rows = made(make, [*parts, *unnamed], [], [])
    assert [(row["prompt"], row["prompt_chars"]) for row in rows] == [(1, 7), (2, None), (3, None)]


def test_conversations_do_not_mix(make: Make) -> None:
    messages = [message(0, session_id=name, root_session_id=name, host=host) for name, host in (("a", None), ("b", "h"), ("a", "h"))]
    usage = [answer(5, session_id="a", root_session_id="a", host="h"), answer(6, session_id="b", root_session_id="b", host="h")]
    rows = made(make, messages, usage, [])
    assert [(row["host"], row["session_id"], row["requests"]) for row in rows] == [("h", "a", 1), ("h", "b", 1), (None, "a", 0)]


def test_nothing_at_all(make: Make) -> None:
    empty = prompts(make("messages", []), make("usage", []), make("tool_calls", []))
    full = prompts(make("messages", [message()]), make("usage", [request()]), make("tool_calls", [call()]))
    assert len(empty) == 0
    assert list(empty.dtypes) == list(full.dtypes)


def test_missing_columns_are_named(make: Make) -> None:
    with pytest.raises(ColumnError, match="prompts needs the columns content_chars"):
        prompts(make("usage", []), make("usage", []), make("tool_calls", []))


def check_sums(turns: pl.DataFrame, usage: pl.DataFrame, calls: pl.DataFrame) -> None:
    assert turns["requests"].sum() == usage.height
    assert turns["tool_calls"].sum() == calls.height
    assert turns["tool_errors"].sum() == (calls["status"] == "error").sum()
    assert turns["unpriced_requests"].sum() == usage["cost_usd"].null_count()
    assert turns["cost_usd"].sum() == pytest.approx(usage["cost_usd"].sum())
    for name in (*TOKEN_COLUMNS, "web_searches"):
        assert turns[name].sum() == usage[name].sum()


def test_sums_over_the_demo_are_those_of_the_tables_in_both_engines() -> None:
    logs = sf.scan(home=sf.testing.demo_home())
    tables = [table.to_frame("polars") for table in (logs.messages, logs.usage, logs.tool_calls)]
    turns = prompts(*tables)
    check_sums(turns, tables[1], tables[2])
    assert turns["prompt"].count() == logs.sessions.to_frame("polars")["prompts"].sum()
    assert_same(prompts(*(to_pandas(table) for table in tables)), turns)


times = st.one_of(st.none(), st.integers(0, 30))
threads = st.sampled_from([("s", "s"), ("s/a", "s"), ("t", "t")])
moments = st.lists(st.tuples(times, threads), max_size=10)


@settings(max_examples=25)
@given(moments, moments, moments)
def test_sums_are_those_of_the_tables(said: list[Any], asked: list[Any], called: list[Any]) -> None:
    def place(thread: tuple[str, str]) -> dict[str, Any]:
        return {"session_id": thread[0], "root_session_id": thread[1]}

    messages = public("messages", [message(None if at is None else at * S, **place(thread)) for at, thread in said])
    usage = public("usage", [answer(at, output_tokens=1, **place(thread)) for at, thread in asked])
    calls = public("tool_calls", [used(at, **place(thread)) for at, thread in called])
    turns = prompts(messages, usage, calls)
    check_sums(turns, usage, calls)
    assert turns["prompt"].count() == len(said)
    assert rows_of(prompts(to_pandas(messages), to_pandas(usage), to_pandas(calls))) == turns.to_dicts()
