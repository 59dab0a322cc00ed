"""`active_intervals` and `session_lengths`: gaps, caps, sub-agents, both engines alike."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionframe as sf
from sessionframe.analysis import active_intervals, session_lengths
from sessionframe.errors import ColumnError, OptionError
from sessionframe.frames.activity import ACTIVE_GAP_S
from sessionframe.frames.pandas import to_pandas
from sessionframe.schema import MessageRow
from tests.analysis.conftest import Make
from tests.rows import call, message, public, request, rows_of


def said(minute: float, session: str = "s", **values: Any) -> MessageRow:
    return message(round(minute * 60_000_000), session_id=session, root_session_id=session.partition("/")[0], **values)


def minute_of(value: dt.datetime) -> float:
    return value.timestamp() / 60


# Minutes of conversation s: 0, 4, 20 and its sub-agent: 8, 12. Merged: 0 4 8 12 20; gaps 4 4 4 8.
FAMILY = [said(0), said(4), said(20), said(8, "s/a"), said(12, "s/a")]


def test_a_stretch_ends_where_nothing_follows_for_longer_than_the_cap(make: Make) -> None:
    rows = rows_of(active_intervals(make("messages", FAMILY), gap_cap="5m"))
    assert [(minute_of(row["start"]), minute_of(row["end"]), row["seconds"], row["records"]) for row in rows] == [
        (0, 12, 720.0, 4),
        (20, 20, 0.0, 1),
    ]
    assert {row["session_id"] for row in rows} == {"s"}


def test_a_gap_as_long_as_the_cap_ends_nothing(make: Make) -> None:
    assert len(active_intervals(make("messages", FAMILY), gap_cap="8m")) == 1
    assert len(active_intervals(make("messages", FAMILY), gap_cap=8 * 60 - 0.000001)) == 2


def test_sub_agents_by_themselves(make: Make) -> None:
    rows = rows_of(active_intervals(make("messages", FAMILY), gap_cap="5m", merge_subagents=False))
    assert [(row["session_id"], minute_of(row["start"]), minute_of(row["end"])) for row in rows] == [
        ("s", 0, 4),
        ("s", 20, 20),
        ("s/a", 8, 12),
    ]


def test_lengths_count_every_gap_up_to_the_cap(make: Make) -> None:
    # s: gaps of 4, 4, 4 and 8 minutes, the last counts as 5; t: a single record
    rows = rows_of(session_lengths(make("messages", [*FAMILY, said(3, "t")]), gap_cap="5m"))
    assert [(row["session_id"], row["wall_s"], row["active_s"], row["records"]) for row in rows] == [
        ("s", 1200.0, 17 * 60.0, 5),
        ("t", 0.0, 0.0, 1),
    ]


def test_requests_and_results_that_are_no_messages_count_when_given(make: Make) -> None:
    messages = make("messages", [said(0)])
    usage = make("usage", [request(60_000_000, session_id="s", root_session_id="s")])
    late = call(at="1970-01-01T00:01:00Z", ended_at=180_000_000, session_id="s", root_session_id="s")
    (alone,) = rows_of(session_lengths(messages))
    (told,) = rows_of(session_lengths(messages, usage, make("tool_calls", [late])))
    assert (alone["active_s"], told["active_s"], told["records"]) == (0.0, 180.0, 4)


def test_homes_and_agents_are_told_apart_and_null_is_a_home(make: Make) -> None:
    rows = [said(0, host="a"), said(1, host="b"), said(2), said(3, agent="codex")]
    found = rows_of(session_lengths(make("messages", rows)))
    assert [(row["agent"], row["host"]) for row in found] == [
        ("claude-code", "a"),
        ("claude-code", "b"),
        ("claude-code", None),
        ("codex", None),
    ]


def test_records_without_a_time_are_left_out(make: Make) -> None:
    messages = make("messages", [message(None)])
    assert (len(active_intervals(messages)), len(session_lengths(messages))) == (0, 0)


@pytest.mark.parametrize("helper", [active_intervals, session_lengths])
def test_an_empty_frame_gives_the_same_dtypes(make: Make, helper: Any) -> None:
    full, empty = helper(make("messages", [said(0)])), helper(make("messages", []))
    assert len(empty) == 0
    assert list(empty.dtypes) == list(full.dtypes)


def test_a_missing_column_is_named(make: Make) -> None:
    with pytest.raises(ColumnError, match="session_lengths needs the columns root_session_id"):
        session_lengths(pl.DataFrame({"agent": ["a"], "host": [None], "session_id": ["s"], "at": [None]}))
    with pytest.raises(ColumnError, match="active_intervals needs the columns ended_at"):
        active_intervals(make("messages", []), None, make("usage", []))


@pytest.mark.parametrize("cap", ["ten", "5 weeks", "-1m", 0, -3.0, float("inf"), dt.timedelta(0)])
def test_a_cap_that_is_no_length_of_time(make: Make, cap: Any) -> None:
    with pytest.raises(OptionError, match=r"gap_cap=.* is no length of time\. Give e\.g\. '10m'"):
        session_lengths(make("messages", []), gap_cap=cap)


@pytest.mark.parametrize("cap", ["10m", "10 min", "600s", dt.timedelta(minutes=10), 600, 600.0])
def test_lengths_of_time(make: Make, cap: Any) -> None:
    assert rows_of(session_lengths(make("messages", [said(0), said(100)]), gap_cap=cap))[0]["active_s"] == 600.0


def test_active_time_is_that_of_the_table_sessions() -> None:
    logs = sf.scan(home=sf.testing.demo_home())
    sessions = logs.sessions.to_frame("polars").filter(pl.col("session_id") == pl.col("root_session_id"))
    expected = dict(sessions.filter(pl.col("active_s").is_not_null()).select("session_id", "active_s").rows())
    found = session_lengths(*(table.to_frame("polars") for table in (logs.messages, logs.usage, logs.tool_calls)), gap_cap=ACTIVE_GAP_S)
    assert dict(found.select("session_id", "active_s").rows()) == expected


def test_messages_of_claude_code_tell_all_its_times() -> None:
    logs = sf.scan("claude-code", home=sf.testing.demo_home())
    messages = logs.messages.to_frame("polars")
    alone = session_lengths(messages).drop("records")
    assert alone.equals(session_lengths(messages, logs.usage.to_frame("polars"), logs.tool_calls.to_frame("polars")).drop("records"))


minutes = st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["s", "s/a", "t"])), max_size=25)


@settings(max_examples=25)
@given(minutes, st.integers(1, 60))
def test_stretches_and_caps_make_up_the_active_time_in_both_engines(times: list[tuple[int, str]], cap: int) -> None:
    messages = public("messages", [said(minute, name) for minute, name in times])
    stretches = active_intervals(messages, gap_cap=f"{cap}m")
    lengths = session_lengths(messages, gap_cap=f"{cap}m")
    assert stretches["records"].sum() == lengths["records"].sum() == len(times)
    for row in lengths.to_dicts():
        own = stretches.filter(pl.col("session_id") == row["session_id"])
        assert row["active_s"] == own["seconds"].sum() + (own.height - 1) * cap * 60
    pandas = to_pandas(messages)
    assert rows_of(active_intervals(pandas, gap_cap=f"{cap}m")) == stretches.to_dicts()
    assert rows_of(session_lengths(pandas, gap_cap=f"{cap}m")) == lengths.to_dicts()
