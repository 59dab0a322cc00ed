"""`sessions_by` and `tools_by`, both engines alike."""

from __future__ import annotations

import pytest

from sessionframe.analysis import sessions_by, tools_by
from sessionframe.errors import ColumnError
from tests.analysis.conftest import Make
from tests.rows import call, rows_of, session


def test_active_time_of_sub_agents_is_not_counted_twice(make: Make) -> None:
    sessions = make("sessions", [session("s", active_s=100.0), session("s/a", "s", active_s=60.0), session("t", active_s=20.0)])
    (row,) = rows_of(sessions_by(sessions))
    assert (row["sessions"], row["threads"], row["active_s"], row["median_active_s"]) == (2, 3, 120.0, 60.0)


def test_sums_include_sub_agents_and_leave_the_unknown_null(make: Make) -> None:
    sessions = make("sessions", [session("s", requests=2, output_tokens=5, cost_usd=1.0), session("s/a", "s", requests=1, output_tokens=2)])
    (row,) = rows_of(sessions_by(sessions))
    assert (row["requests"], row["output_tokens"], row["total_tokens"], row["prompts"]) == (3, 7, 7, None)
    assert (row["cost_usd"], row["unpriced_sessions"]) == (1.0, 1)


def test_a_session_without_requests_is_not_unpriced(make: Make) -> None:
    sessions = make("sessions", [session("s", requests=0), session("t")])
    assert rows_of(sessions_by(sessions))[0]["unpriced_sessions"] == 0


def test_sessions_per_day_and_project(make: Make) -> None:
    sessions = make(
        "sessions",
        [session("s", project="/b"), session("t", project="/a"), session("u", started="2026-09-30T23:30:00Z", project="/b")],
    )
    rows = rows_of(sessions_by(sessions, by="project", every="1d", tz="UTC"))
    assert [(row["start"].day, row["project"], row["sessions"]) for row in rows] == [(30, "/b", 1), (1, "/a", 1), (1, "/b", 1)]


def test_empty_sessions_give_the_same_dtypes(make: Make) -> None:
    full, empty = (sessions_by(make("sessions", rows), by="kind", every="1d", tz="UTC") for rows in ([session("s")], []))
    assert list(empty.dtypes) == list(full.dtypes)


def test_error_rate_leaves_out_calls_that_never_ran_to_an_end(make: Make) -> None:
    calls = [call("ok"), call("error"), call("denied"), call("interrupted"), call("pending")]
    (row,) = rows_of(tools_by(make("tool_calls", calls)))
    assert [row[name] for name in ("calls", "errors", "denied", "interrupted", "pending")] == [5, 1, 1, 1, 1]
    assert row["error_rate"] == 0.5


def test_error_rate_of_nothing_is_unknown(make: Make) -> None:
    (row,) = rows_of(tools_by(make("tool_calls", [call("denied")])))
    assert (row["error_rate"], row["median_duration_s"], row["p90_duration_s"]) == (None, None, None)


def test_durations(make: Make) -> None:
    calls = [call(duration_s=float(seconds)) for seconds in range(11)]
    (row,) = rows_of(tools_by(make("tool_calls", [*calls, call("pending")])))
    assert (row["median_duration_s"], row["p90_duration_s"]) == (5.0, 9.0)


def test_tools_by_category_keep_the_declared_order(make: Make) -> None:
    calls = make("tool_calls", [call(category="run"), call(category="read"), call(category="run")])
    assert [(row["category"], row["calls"]) for row in rows_of(tools_by(calls, by="category"))] == [("read", 1), ("run", 2)]


def test_tools_per_week(make: Make) -> None:
    calls = make("tool_calls", [call(at="2026-10-05T00:00:00Z"), call(at="2026-10-04T23:59:59Z"), call(at=None)])
    rows = rows_of(tools_by(calls, every="1w", tz="UTC"))
    assert [(row["start"] and row["start"].day, row["tool"], row["calls"]) for row in rows] == [
        (28, "Bash", 1),
        (5, "Bash", 1),
        (None, "Bash", 1),
    ]


def test_empty_tools_give_the_same_dtypes(make: Make) -> None:
    full, empty = (tools_by(make("tool_calls", rows), by=["tool", "category"]) for rows in ([call()], []))
    assert len(empty) == 0
    assert list(empty.dtypes) == list(full.dtypes)


def test_missing_columns_are_named(make: Make) -> None:
    with pytest.raises(ColumnError, match=r"sessions_by needs the columns .*active_s"):
        sessions_by(make("usage", []))
    with pytest.raises(ColumnError, match="tools_by needs the columns command, duration_s, output_chars, path, status, tool"):
        tools_by(make("usage", []), by=())
