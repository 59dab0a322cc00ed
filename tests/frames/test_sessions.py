"""The `sessions` table: who a session is, its title and parent, and sums that equal those of the other tables."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionframe.frames.activity import ACTIVE_GAP_S
from sessionframe.frames.scope import Scope
from sessionframe.providers.contract import Lineage
from sessionframe.schema import TOKEN_COLUMNS, Row
from tests.frames.make import MINUTE, SECOND, call, message, result, session, summed_sessions, title, usage

COPY = Lineage(says_copied=True)


def clock(minutes: float) -> dt.datetime:
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)


def test_counts() -> None:
    rows: list[Row] = [
        session("s"),
        message("s", 1, "p1", is_human=True),
        message("s", 1, "p1", is_human=True, seq=9),  # a second part of the same prompt
        message("s", 2, "injected"),
        message("s", 3, "reply", role="assistant", type="thinking"),
        message("s", 4, "reply", role="assistant", type="tool-use"),
        message("s", 5, "answer", role="tool", type="tool-result"),
        message("s", 6, "boundary", role="system", type="summary"),
        message("s", 7, "notice", role="system"),
        message("s", 8, "told", type="summary"),
        message("s", 9, None, is_human=True),
        message("s", 10, None),
        message("s", 11, "told again", type="summary"),
        usage("s", 3, "k1"),
        usage("s", 9, "k2"),
        call("s", 4, "c1", status="error"),
        call("s", 4, "c2", status="denied"),
    ]
    row = summed_sessions(rows)["s"]
    counts = {name: row[name] for name in ("prompts", "messages", "requests", "tool_calls", "tool_errors", "compactions")}
    assert counts == {"prompts": 2, "messages": 8, "requests": 2, "tool_calls": 2, "tool_errors": 1, "compactions": 1}


def test_copies_are_left_out_of_all_sums() -> None:
    rows: list[Row] = [session("a"), session("b")]
    for name in "ab":
        rows += [message(name, 1, "p", is_human=True), usage(name, 2, "k", 5), call(name, 2, "c")]
    rows += [message("b", 3, "p2", is_human=True), usage("b", 4, "k2", 7)]
    table = summed_sessions(rows, lineage={"b": COPY})
    assert [
        (table[name]["prompts"], table[name]["requests"], table[name]["output_tokens"], table[name]["tool_calls"]) for name in "ab"
    ] == [
        (1, 1, 5, 1),
        (1, 1, 7, 0),
    ]


@pytest.mark.parametrize(
    "tokens, total",
    [([], 0), ([1, 2], 3), ([1, None], 1), ([None, None], None), ([0], 0)],
)
def test_tokens_of_no_request_are_0_of_unknown_ones_null(tokens: list[int | None], total: int | None) -> None:
    rows: list[Row] = [session("s"), message("s", 1, "p")]
    rows += [usage("s", line, f"k{line}", reasoning_tokens=count) for line, count in enumerate(tokens, 2)]
    assert summed_sessions(rows)["s"]["reasoning_tokens"] == total


@pytest.mark.parametrize("costs, total", [([], 0.0), ([1.0, 2.0], 3.0), ([1.0, None], None), ([None], None)])
def test_a_cost_is_null_as_soon_as_a_request_has_no_price(costs: list[float | None], total: float | None) -> None:
    rows: list[Row] = [session("s"), *(usage("s", line, f"k{line}", cost_usd=cost) for line, cost in enumerate(costs, 2))]
    assert summed_sessions(rows)["s"]["cost_usd"] == total


def test_columns_that_an_agent_cannot_fill_are_null_not_0() -> None:
    rows: list[Row] = [session("s"), session("o", agent="other")]
    table = summed_sessions(rows, gaps={"fake": frozenset({"tool_calls", "tool_errors", "cache_write_1h_tokens"})})
    assert [table["s"][name] for name in ("tool_calls", "tool_errors", "cache_write_1h_tokens", "requests")] == [None, None, None, 0]
    assert [table["o"][name] for name in ("tool_calls", "tool_errors", "cache_write_1h_tokens", "requests")] == [0, 0, 0, 0]


def test_model_with_the_most_output_then_requests_then_by_name() -> None:
    rows: list[Row] = [session("s", model="said"), session("t", model="said"), session("u", model="said")]
    rows += [usage("s", 1, "1", 5, model="many"), usage("s", 2, "2", 5, model="many"), usage("s", 3, "3", 11, model="much")]
    rows += [usage("t", 1, "4", 5, model="b"), usage("t", 2, "5", 5, model="a"), usage("t", 3, "6", None, model=None)]
    rows += [session("v"), usage("v", 1, "7", 10, model="a"), usage("v", 2, "8", 5, model="b"), usage("v", 3, "9", 5, model="b")]
    table = summed_sessions(rows)
    assert [table[name]["model"] for name in "stuv"] == ["much", "a", "said", "b"]


def test_searches_are_summed_like_tokens() -> None:
    rows: list[Row] = [session("s"), session("t"), session("u"), usage("s", 1, "1", web_searches=2), usage("s", 2, "2", web_searches=None)]
    rows += [usage("s", 3, "3", web_searches=5), usage("t", 1, "4", web_searches=None)]
    table = summed_sessions(rows)
    assert [table[name]["web_searches"] for name in "stu"] == [7, None, 0]


def test_beginning_and_end_are_those_of_all_records() -> None:
    rows: list[Row] = [session("s", started_at=2 * MINUTE, ended_at=6 * MINUTE), message("s", 1, "p", at=3 * MINUTE), usage("s", 8, "k")]
    row = summed_sessions(rows)["s"]
    assert (row["started_at"], row["ended_at"], row["wall_s"]) == (clock(2), clock(8), 360.0)


def test_a_session_without_times_has_none() -> None:
    row = summed_sessions([session("s"), message("s", 1, "p", at=None)])["s"]
    assert [row[name] for name in ("started_at", "ended_at", "wall_s", "active_s")] == [None] * 4


def test_active_time_caps_every_gap() -> None:
    times = [0, 60, 60, 60 + ACTIVE_GAP_S, 10_000, 10_010]
    rows: list[Row] = [session("s"), *(message("s", line, f"p{line}", at=at * SECOND) for line, at in enumerate(times))]
    row = summed_sessions(rows)["s"]
    assert row["active_s"] == 60 + ACTIVE_GAP_S + ACTIVE_GAP_S + 10
    assert row["wall_s"] == 10_010


def test_active_time_counts_requests_calls_and_results() -> None:
    rows: list[Row] = [session("s"), message("s", 1, "p", at=0), usage("s", 2, "k", at=100 * SECOND)]
    rows.append(call("s", 3, "c", at=200 * SECOND, ended_at=350 * SECOND))
    assert summed_sessions(rows)["s"]["active_s"] == 350


def test_active_time_of_a_main_session_includes_its_sub_agents_once() -> None:
    rows: list[Row] = [session("s"), session("s/x"), session("s/y"), message("s", 1, "p", at=0), message("s", 2, "q", at=1000 * SECOND)]
    for agent in "xy":
        rows += [message(f"s/{agent}", line, f"{agent}{line}", at=(100 + 10 * line) * SECOND) for line in range(10)]
    table = summed_sessions(rows)
    assert table["s/x"]["active_s"] == table["s/y"]["active_s"] == 90
    assert table["s"]["active_s"] == 100 + 90 + 300
    assert (table["s"]["started_at"], table["s"]["wall_s"]) == (clock(0), 1000)


def test_a_fork_is_named_and_begins_with_its_own_records() -> None:
    rows: list[Row] = [session("a", started_at=MINUTE, ended_at=9 * MINUTE), session("b", started_at=MINUTE, ended_at=60 * MINUTE)]
    rows += [message(name, line, f"m{line}") for name in "ab" for line in (1, 2)]
    rows += [message("b", 50, "own"), message("b", 55, "own2")]
    table = summed_sessions(rows, lineage={"b": COPY})
    assert (table["a"]["kind"], table["a"]["parent_session_id"]) == ("main", None)
    assert (table["b"]["kind"], table["b"]["parent_session_id"]) == ("fork", "a")
    assert (table["b"]["started_at"], table["b"]["ended_at"], table["b"]["active_s"]) == (clock(50), clock(55), 300)


@pytest.mark.parametrize("first", ["a", "z"])
def test_the_parent_of_a_fork_of_a_fork_is_the_one_it_left(first: str) -> None:
    rows: list[Row] = [session(name) for name in (first, "b", "c")]
    rows += [usage(name, 1, "a1") for name in (first, "b", "c")] + [usage(name, 2, "b1", at=9 * MINUTE) for name in "bc"]
    rows.append(usage("c", 3, "c1", at=20 * MINUTE))
    table = summed_sessions(rows, lineage={"b": Lineage(copied_at=1), "c": Lineage(copied_at=2)})
    assert [table[name]["parent_session_id"] for name in (first, "b", "c")] == [None, first, "b"]


def test_a_parent_that_the_log_names_is_kept() -> None:
    rows: list[Row] = [session("a"), session("b", kind="fork", parent_session_id="gone"), usage("a", 1, "k"), usage("b", 1, "k")]
    row = summed_sessions(rows, lineage={"b": COPY})["b"]
    assert (row["kind"], row["parent_session_id"]) == ("fork", "gone")


def test_a_session_that_is_nothing_but_a_copy_is_there_with_0_requests() -> None:
    rows: list[Row] = [session("a"), session("b", started_at=MINUTE, title="copy"), usage("a", 1, "k"), usage("b", 1, "k")]
    row = summed_sessions(rows, lineage={"b": COPY})["b"]
    assert (row["kind"], row["requests"], row["output_tokens"], row["cost_usd"], row["title"]) == ("fork", 0, 0, 0.0, "copy")
    assert [row[name] for name in ("started_at", "ended_at", "wall_s", "active_s")] == [None] * 4


def test_a_sub_agent_that_copies_its_parent_makes_no_fork() -> None:
    rows: list[Row] = [session("s"), session("s/x"), usage("s", 1, "k"), usage("s/x", 1, "k"), usage("s/x", 2, "own")]
    table = summed_sessions(rows, lineage={"s/x": Lineage(side=True)})
    assert [(table[name]["kind"], table[name]["requests"]) for name in ("s", "s/x")] == [("main", 1), ("subagent", 1)]


def test_a_session_that_repeats_its_own_sub_agent_is_no_fork() -> None:
    rows: list[Row] = [session("s"), session("s/x"), usage("s", 1, "k"), usage("s/x", 1, "k")]
    table = summed_sessions(rows, lineage={"s": COPY})
    assert [(table[name]["kind"], table[name]["parent_session_id"]) for name in ("s", "s/x")] == [("main", None), ("subagent", None)]


def test_sub_agents_of_a_fork_stay_sub_agents() -> None:
    rows: list[Row] = [session(name) for name in ("a", "b", "a/x", "b/x")]
    rows += [usage(name, 1, "k") for name in ("a/x", "b/x")]
    assert summed_sessions(rows)["b/x"]["kind"] == "subagent"


def test_what_several_sources_say_of_a_session_is_brought_together() -> None:
    rows: list[Row] = [
        session(
            "s", source="1", started_at=5 * MINUTE, ended_at=6 * MINUTE, git_branch=None, agent_version="1", title="low", title_rank=10
        ),
        session("s", source="2", started_at=4 * MINUTE, ended_at=5 * MINUTE, git_branch="early", agent_version="0", recorded_cost_usd=3.0),
        session("s", source="3", started_at=7 * MINUTE, ended_at=9 * MINUTE, git_branch="late", title="high", title_rank=20),
        session("s", source="4", agent_version="9"),
        message("s", 8, "m", source="1"),
    ]
    row = summed_sessions(rows)["s"]
    assert (row["started_at"], row["ended_at"]) == (clock(4), clock(9))
    assert (row["source"], row["git_branch"], row["agent_version"], row["title"], row["recorded_cost_usd"]) == (
        "1",
        "early",
        "1",
        "high",
        3.0,
    )


def test_rows_of_a_session_that_no_source_describes_make_a_session() -> None:
    rows: list[Row] = [session("s"), usage("s/x", 3, "k", source="s", project="/p", git_branch="main"), message("lost", 1, "m")]
    table = summed_sessions(rows)
    named = [table["s/x"][name] for name in ("kind", "parent_session_id", "root_session_id", "project", "git_branch", "source", "requests")]
    assert named == ["subagent", "s", "s", "/p", "main", "s", 1]
    assert (table["lost"]["kind"], table["lost"]["parent_session_id"], table["lost"]["messages"]) == ("main", None, 1)


def test_titles_go_to_the_session_that_owns_the_record() -> None:
    rows: list[Row] = [session("a", title="own", title_rank=15), session("b"), session("c", title="better", title_rank=50)]
    rows += [message("a", 1, "r1"), message("b", 1, "r1"), message("b", 2, "r2"), message("c", 1, "r3")]
    rows += [title("r1", "first", 20, line=1), title("r1", "later", 20, line=2), title("r2", "second", 20), title("r3", "worse", 20)]
    rows += [title("nowhere", "lost", 99)]
    table = summed_sessions(rows, lineage={"b": COPY})
    assert [table[name]["title"] for name in "abc"] == ["later", "second", "better"]


def test_the_call_that_started_a_thread_makes_its_session_the_parent() -> None:
    rows: list[Row] = [
        session("s"),
        session("s/x", spawn_call_id="c1", parent_session_id="s"),
        session("s/y", spawn_call_id="c2", parent_session_id="s"),
    ]
    rows += [call("s", 1, "c1"), call("s/x", 1, "c2")]
    table = summed_sessions(rows)
    assert (table["s/x"]["parent_session_id"], table["s/y"]["parent_session_id"]) == ("s", "s/x")


def test_a_thread_does_not_start_itself() -> None:
    """A forked sub-agent's file may begin with the call that started it."""
    rows: list[Row] = [session("s"), session("s/x", spawn_call_id="c"), call("s", 5, "c"), call("s/x", 1, "c")]
    assert summed_sessions(rows, lineage={"s/x": Lineage(side=True)})["s/x"]["parent_session_id"] == "s"
    alone: list[Row] = [session("s/x", spawn_call_id="c", parent_session_id="s"), call("s/x", 1, "c")]
    assert summed_sessions(alone)["s/x"]["parent_session_id"] == "s"


def test_copied_sub_agents_belong_to_the_fork_they_lie_in() -> None:
    rows: list[Row] = [session("a"), session("b"), *(session(f"{name}/x", spawn_call_id="c") for name in "ab")]
    rows += [call(name, 1, "c") for name in "ab"] + [usage(f"{name}/x", 1, "k") for name in "ab"]
    table = summed_sessions(rows, lineage={"b": COPY})
    assert [table[name]["parent_session_id"] for name in ("a/x", "b/x")] == ["a", "b"]


def test_a_call_in_another_conversation_only_fills_a_gap() -> None:
    rows: list[Row] = [session("r/x", spawn_call_id="c"), session("t/x", spawn_call_id="c", parent_session_id="t"), call("s", 1, "c")]
    table = summed_sessions(rows)
    assert [table[name]["parent_session_id"] for name in ("r/x", "t/x")] == ["s", "t"]


def test_a_backup_adds_no_session() -> None:
    rows: list[Row] = [session("s", source=f"/{host}/s", host=host) for host in ("live", "old")]
    rows += [usage("s", line, f"k{line}", source="/live/s", host="live") for line in (1, 2)] + [
        usage("s", 1, "k1", source="/old/s", host="old")
    ]
    table = summed_sessions(rows)
    assert {name: (row["kind"], row["requests"]) for name, row in table.items()} == {"live:s": ("main", 2)}


def test_a_session_that_went_on_in_both_homes_is_there_twice() -> None:
    rows: list[Row] = [session("s", source=f"/{host}/s", host=host) for host in ("one", "two")]
    rows += [usage("s", 1, "k", source=f"/{host}/s", host=host) for host in ("one", "two")]
    rows += [usage("s", 2, "own1", source="/one/s", host="one"), usage("s", 2, "own2", source="/two/s", host="two")]
    table = summed_sessions(rows)
    assert {name: (row["kind"], row["requests"]) for name, row in table.items()} == {"one:s": ("main", 2), "two:s": ("main", 1)}


def test_sessions_of_equal_name_that_share_nothing_are_two() -> None:
    rows: list[Row] = [session("s", source=f"/{host}/s", host=host) for host in ("one", "two")]
    rows += [usage("s", 1, f"k{host}", source=f"/{host}/s", host=host) for host in ("one", "two")]
    assert summed_sessions(rows).keys() == {"one:s", "two:s"}


def test_a_silent_session_and_its_backup_are_one() -> None:
    rows: list[Row] = [*(session("s", source=f"/{host}/s", host=host) for host in ("one", "two")), session("t", host="two")]
    assert summed_sessions(rows).keys() == {"one:s", "two:t"}


def test_the_same_session_below_two_roots_is_one_and_no_fork() -> None:
    rows: list[Row] = [session("s", source=source) for source in ("1", "2")]
    rows += [usage("s", 1, "k", 4, source=source) for source in ("1", "2")]
    row = summed_sessions(rows)["s"]
    assert (row["kind"], row["requests"], row["output_tokens"]) == ("main", 1, 4)


def test_a_result_in_another_session_does_not_make_it_a_fork() -> None:
    rows: list[Row] = [session("a"), session("b"), call("a", 1, "c", status="pending"), result("b", 2, "c", status="error")]
    table = summed_sessions(rows)
    assert [(table[name]["kind"], table[name]["tool_errors"]) for name in "ab"] == [("main", 1), ("main", 0)]


class TestScope:
    rows: tuple[Row, ...] = (
        session("cut", started_at=MINUTE, ended_at=9 * MINUTE, recorded_cost_usd=5.0, title="t"),
        session("in", started_at=3 * MINUTE, ended_at=5 * MINUTE, recorded_cost_usd=5.0),
        session("out"),
        session("silent", started_at=4 * MINUTE),
        message("cut", 1, "m1", is_human=True),
        message("cut", 4, "m2", is_human=True),
        message("cut", 9, "m3", is_human=True),
        usage("cut", 2, "k1", 10),
        usage("cut", 5, "k2", 20),
        usage("in", 4, "k3", 40),
        usage("out", 7, "k4", 80),
        usage("in", 5, "k5", 1, at=None),
    )

    def test_a_session_is_as_if_its_log_held_nothing_else(self) -> None:
        table = summed_sessions(self.rows, Scope(since=3 * MINUTE, until=7 * MINUTE))
        assert {name: (row["prompts"], row["requests"], row["output_tokens"]) for name, row in table.items()} == {
            "cut": (1, 1, 20),
            "in": (0, 1, 40),
        }
        cut = table["cut"]
        assert (cut["started_at"], cut["ended_at"], cut["wall_s"], cut["active_s"], cut["title"]) == (clock(4), clock(5), 60, 60, "t")

    def test_a_recorded_cost_cannot_be_divided(self) -> None:
        complete = [row for row in self.rows if getattr(row, "dedup_key", None) != "k5"]
        table = summed_sessions(complete, Scope(since=3 * MINUTE, until=7 * MINUTE))
        assert (table["cut"]["recorded_cost_usd"], table["in"]["recorded_cost_usd"]) == (None, 5.0)
        assert (table["in"]["started_at"], table["in"]["ended_at"]) == (clock(3), clock(5))

    def test_what_a_source_says_of_its_ends_counts_inside_the_range(self) -> None:
        rows: list[Row] = [session("s", started_at=2 * MINUTE, ended_at=6 * MINUTE), message("s", 1, "m1"), message("s", 4, "m2")]
        within = summed_sessions(rows, Scope(since=3 * MINUTE, until=7 * MINUTE))["s"]
        assert (within["started_at"], within["ended_at"]) == (clock(4), clock(6))
        uncut = summed_sessions(rows[:1] + rows[2:], Scope(since=3 * MINUTE, until=6 * MINUTE))["s"]
        assert (uncut["started_at"], uncut["ended_at"]) == (clock(4), clock(4))

    def test_bounds_are_half_open(self) -> None:
        assert summed_sessions(self.rows, Scope(since=7 * MINUTE, until=8 * MINUTE)).keys() == {"out"}
        assert summed_sessions(self.rows, Scope(since=6 * MINUTE, until=7 * MINUTE)).keys() == set()

    def test_everything_without_a_range(self) -> None:
        assert summed_sessions(self.rows).keys() == {"cut", "in", "out", "silent"}

    def test_a_copy_in_the_range_keeps_its_session(self) -> None:
        rows: list[Row] = [session("a"), session("b"), usage("a", 4, "k"), usage("b", 4, "k")]
        table = summed_sessions(rows, Scope(since=3 * MINUTE), lineage={"b": COPY})
        assert {name: row["requests"] for name, row in table.items()} == {"a": 1, "b": 0}


def test_projects_of_rows_and_of_silent_sessions() -> None:
    rows: list[Row] = [session("s", project="/elsewhere"), session("silent", project="/code/shop"), session("other", project="/code")]
    rows += [
        usage("s", 1, "k1", 5, project="/code/shop/src"),
        usage("s", 2, "k2", 7, project="/elsewhere"),
        usage("other", 1, "k3", project="/code"),
    ]
    table = summed_sessions(rows, Scope(projects={None: ("/code/shop",)}))
    assert {name: row["output_tokens"] for name, row in table.items()} == {"s": 5, "silent": 0}


def test_the_ends_of_a_session_that_left_the_project_are_those_of_its_rows_there() -> None:
    rows: list[Row] = [session("s", started_at=MINUTE, ended_at=9 * MINUTE), session("t", started_at=MINUTE, ended_at=9 * MINUTE)]
    rows += [message("s", 3, "m1", project="/p"), message("s", 5, "m2", project="/q"), message("t", 3, "m3", project="/p")]
    table = summed_sessions(rows, Scope(projects={None: ("/p",)}))
    assert [(table[name]["started_at"], table[name]["ended_at"]) for name in "st"] == [(clock(3), clock(3)), (clock(1), clock(9))]


tokens = st.none() | st.integers(0, 10)


@given(st.lists(st.tuples(st.sampled_from(["a", "a/x", "b"]), tokens, tokens), max_size=12))
def test_sums_over_sessions_equal_sums_over_requests(spent: list[tuple[str, int | None, int | None]]) -> None:
    rows: list[Row] = [session(name) for name in ("a", "a/x", "b")]
    rows += [usage(name, line, f"k{line}", out, input_tokens=fresh) for line, (name, out, fresh) in enumerate(spent)]
    table: list[dict[str, Any]] = list(summed_sessions(rows).values())
    assert sum(row["requests"] for row in table) == len(spent)
    assert sum(row["output_tokens"] or 0 for row in table) == sum(out or 0 for _, out, _ in spent)
    assert sum(row["input_tokens"] or 0 for row in table) == sum(fresh or 0 for _, _, fresh in spent)
    assert pl.DataFrame(table).select(TOKEN_COLUMNS).dtypes


def test_a_session_whose_root_is_in_doubt_is_listed_once() -> None:
    """Damaged logs: parents that lead in a circle, and rows of one session that name different roots."""
    rows: list[Row] = [session(name, root_session_id=root) for name, root in (("s", "t"), ("t", "s"), ("u", "u"))]
    rows += [message("s", 1, "m1", root_session_id="t"), message("t", 2, "m2", root_session_id="s")]
    rows += [message("u", 3, "m3"), message("u", 5, "m4", root_session_id="s"), usage("u", 6, "k", root_session_id="t")]
    table = summed_sessions(rows)
    assert (table["u"]["started_at"], table["u"]["ended_at"], table["u"]["requests"]) == (clock(3), clock(6), 1)
    assert {name: row["messages"] for name, row in table.items()} == {"s": 1, "t": 1, "u": 2}
