"""Titles and threads: which session a title belongs to, and which thread a call started."""

from __future__ import annotations

from sessionframe.frames.threads import with_children
from sessionframe.schema import Row
from tests.frames.make import call, message, session, summed_sessions, table_of, title


def test_of_several_titles_the_best_counts_then_the_last_written() -> None:
    """Where the session's own is as good, it stays."""
    rows: list[Row] = [session(name, title="own", title_rank=20) for name in "ab"]
    rows += [message("a", 1, "r1"), message("a", 2, "r2"), message("b", 1, "r3")]
    rows += [
        title("r1", "good", 40, source="s1", line=9),
        title("r2", "good too", 40, source="s2", line=1),
        title("r2", "late", 30, line=99),
    ]
    rows += [title("r3", "equal", 20, line=7)]
    table = summed_sessions(rows)
    assert [table[name]["title"] for name in "ab"] == ["good too", "own"]


def test_a_title_belongs_to_the_home_it_lies_in() -> None:
    rows: list[Row] = [session("s", source=f"/{host}/s", host=host) for host in ("one", "two")]
    rows += [message("s", 1, f"r-{host}", source=f"/{host}/s", host=host) for host in ("one", "two")]
    rows += [title("r-one", "first", 20, host="one"), title("r-two", "elsewhere", 20, host="one")]
    table = summed_sessions(rows)
    assert [table[name]["title"] for name in ("one:s", "two:s")] == ["first", None]


def children(*rows: Row) -> dict[str | None, str | None]:
    """Call -> the thread it started."""
    sessions, calls = table_of("sessions", rows), table_of("tool_calls", rows)
    found = with_children(calls, sessions)
    assert found.schema == calls.schema
    assert found["call_id"].to_list() == calls["call_id"].to_list()
    return dict(found.select("call_id", "child_session_id").iter_rows())


def test_a_call_names_the_thread_that_says_it_was_started_by_it() -> None:
    """In the same conversation, and never itself."""
    threads = [session("s"), session("s/x", spawn_call_id="c1"), session("s/y", spawn_call_id="c2"), session("t/z", spawn_call_id="c3")]
    calls = [call("s", 4, "c0"), call("s", 1, "c1"), call("s/y", 2, "c2"), call("s", 3, "c3")]
    assert children(*threads, *calls) == {"c0": None, "c1": "s/x", "c2": None, "c3": None}
    assert children(*threads, call("s", 1, "c1", child_session_id="told")) == {"c1": "told"}
    assert children(session("s/b", spawn_call_id="c"), session("s/a", spawn_call_id="c"), call("s", 1, "c")) == {"c": "s/a"}
    assert children(session("s"), call("s", 1, "c")) == {"c": None}


def test_of_several_calls_of_one_name_the_parent_is_the_one_that_is_no_copy() -> None:
    """Then the first by name."""
    rows: list[Row] = [session("r/x", spawn_call_id="c"), session("r/y", spawn_call_id="d")]
    rows += [call("a", 1, "c", is_replay=True), call("b", 1, "k1", call_id="c"), call("d", 1, "k2", call_id="c")]
    rows += [call("b", 2, "k3", call_id="d"), call("a", 2, "k4", call_id="d")]
    table = summed_sessions(rows)
    assert [table[name]["parent_session_id"] for name in ("r/x", "r/y")] == ["b", "a"]
