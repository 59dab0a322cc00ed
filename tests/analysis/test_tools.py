"""Tools: shares and their intervals, retries, commands, MCP servers, files, ratios, sequences; both engines alike."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionframe as sf
from sessionframe.analysis import commands_by, errors_by_position, files_by, mcp_servers_by, tool_ratios, tools_by, transitions
from sessionframe.errors import ColumnError, OptionError
from sessionframe.frames.pandas import to_pandas
from sessionframe.schema import ToolCallRow
from tests.analysis.conftest import Make
from tests.rows import assert_same, call, message, public, rows_of

HELPERS = [tools_by, commands_by, mcp_servers_by, files_by, tool_ratios, transitions, errors_by_position]


def at(second: float, status: str = "ok", **values: Any) -> ToolCallRow:
    return ToolCallRow(
        **{
            "agent": "claude-code",
            "session_id": "s",
            "root_session_id": "s",
            "source": "s.jsonl",
            "tool": "Bash",
            "category": "run",
            "at": round(second * 1e6),
            "status": status,
            **values,
        }
    )


def edit(second: float, path: str | None, **values: Any) -> ToolCallRow:
    return at(second, tool="Edit", category="edit", path=path, **values)


def read(second: float, path: str | None, status: str = "ok", **values: Any) -> ToolCallRow:
    return at(second, status, tool="Read", category="read", path=path, **values)


# tools_by


def test_shares_have_intervals_of_wilson(make: Make) -> None:
    calls = [call("error"), call(), call(), call(), call("denied"), call("pending")]
    (row,) = rows_of(tools_by(make("tool_calls", calls)))
    # 1 of 4: centre (0.25 + z²/8) / (1 + z²/4), z = 1.96: the textbook's 4.6 % to 69.9 %
    assert [row[name] for name in ("error_rate", "error_rate_low", "error_rate_high")] == pytest.approx([0.25, 0.0456, 0.6994], abs=1e-4)
    assert row["denial_rate"] == 1 / 5
    assert row["share"] == 1.0


def test_intervals_of_nothing_and_of_all(make: Make) -> None:
    calls = make("tool_calls", [call("error", tool="a"), call(tool="b"), call("denied", tool="c")])
    a, b, c = rows_of(tools_by(calls))
    assert (a["error_rate"], a["error_rate_high"], b["error_rate"], b["error_rate_low"]) == (1.0, 1.0, 0.0, 0.0)
    assert a["error_rate_low"] == pytest.approx(0.2065, abs=1e-4)
    assert b["error_rate_high"] == pytest.approx(0.7935, abs=1e-4)
    assert [c[name] for name in ("error_rate", "error_rate_low", "error_rate_high")] == [None] * 3


def test_a_failure_is_tried_again_when_the_next_call_is_the_same_tool_and_target(make: Make) -> None:
    calls = [
        at(0, "error", command="git"),  # tried again
        at(1, "error", command="git"),  # not: another program is next
        at(2, "error", command="npm"),  # not: the next call is of another thread
        at(3, command="npm", session_id="s/a"),
        at(4, "error", command=None),  # nobody knows
        at(5, command=None),
    ]
    (row,) = rows_of(tools_by(make("tool_calls", calls)))
    assert (row["errors"], row["retries"], row["retry_rate"]) == (4, 1, 1 / 3)


def test_shares_are_of_the_step(make: Make) -> None:
    calls = [call(at="2026-10-01T12:00:00Z"), call(at="2026-10-01T12:00:00Z", tool="Read"), call(at="2026-10-02T12:00:00Z"), call(at=None)]
    rows = rows_of(tools_by(make("tool_calls", calls), every="1d", tz="UTC"))
    assert [row["share"] for row in rows] == [0.5, 0.5, 1.0, 1.0]


def test_durations_and_lengths_of_results(make: Make) -> None:
    calls = [call(duration_s=float(second), output_chars=second) for second in range(101)]
    (row,) = rows_of(tools_by(make("tool_calls", [*calls, call()])))
    assert [row[name] for name in ("p90_duration_s", "p99_duration_s", "total_duration_s", "output_chars")] == [90.0, 99.0, 5050.0, 5050]
    (unknown,) = rows_of(tools_by(make("tool_calls", [call()])))
    assert (unknown["total_duration_s"], unknown["output_chars"]) == (None, None)


# commands, servers, files


def test_commands_and_exit_codes(make: Make) -> None:
    calls = [
        at(0, "error", command="git", exit_code=1),
        read(0.5, "x"),  # no command, but it keeps the next one from being a retry
        at(1, "error", command="git", exit_code=128),
        at(2, command="git"),
        at(3, command="ls", exit_code=0),
        read(4, "x"),
    ]
    git, ls = rows_of(commands_by(make("tool_calls", calls)))
    assert [git[name] for name in ("command", "calls", "errors", "retries", "exit_codes", "failed_exits")] == ["git", 3, 2, 1, 2, 2]
    assert [ls[name] for name in ("command", "calls", "share", "exit_codes", "failed_exits")] == ["ls", 1, 0.25, 1, 0]
    codes = rows_of(commands_by(make("tool_calls", calls), by=["command", "exit_code"]))
    assert [(row["command"], row["exit_code"], row["calls"]) for row in codes] == [
        ("git", 1, 1),
        ("git", 128, 1),
        ("git", None, 1),
        ("ls", 0, 1),
    ]


def test_servers(make: Make) -> None:
    calls = [
        at(0, mcp_server="hub", tool="mcp__hub__a"),
        at(1, mcp_server="hub", tool="mcp__hub__b", session_id="s/a"),
        at(2, "error", mcp_server="hub", tool="mcp__hub__a", root_session_id="t", session_id="t"),
        at(3),
    ]
    (row,) = rows_of(mcp_servers_by(make("tool_calls", calls)))
    assert [row[name] for name in ("mcp_server", "tools", "sessions", "calls", "errors", "share")] == ["hub", 2, 2, 3, 1, 1.0]
    assert [row["tools"] for row in rows_of(mcp_servers_by(make("tool_calls", calls), by=["mcp_server", "tool"]))] == [1, 1]


def test_files_and_what_is_read_again(make: Make) -> None:
    calls = [
        read(0, "a", output_chars=10),
        read(1, "a", session_id="s/x"),  # again: the same conversation
        read(2, "a", session_id="t", root_session_id="t"),  # another one
        edit(3, "a", lines_added=2, lines_removed=1),
        edit(4, "a", status="error"),
        at(5, path="b", tool="Write", category="write", lines_added=7),
        at(6, path="b", tool="Grep", category="search"),
        read(7, None),
    ]
    a, b = rows_of(files_by(make("tool_calls", calls)))
    names = ["path", "sessions", "reads", "re_reads", "edits", "writes", "errors", "lines_added", "lines_removed", "output_chars"]
    assert [a[name] for name in names] == ["a", 2, 3, 1, 2, 0, 1, 2, 1, 10]
    assert [b[name] for name in names] == ["b", 1, 0, 0, 0, 1, 0, 7, None, None]


# ratios


def test_edits_without_a_look_first(make: Make) -> None:
    calls = [
        edit(0, "a"),  # unread
        read(1, "a"),
        edit(2, "a", session_id="s/x"),  # read by the conversation
        edit(3, "a", session_id="t", root_session_id="t"),  # unread there
        read(4, "b", "error"),
        edit(5, "b"),  # unread: that read failed
        at(6, tool="Write", category="write", path="c"),
        edit(7, "c"),  # written before
        edit(8, None),  # nobody knows
    ]
    (row,) = rows_of(tool_ratios(make("tool_calls", calls)))
    assert [row[name] for name in ("calls", "prompts", "reads", "edits", "writes", "unread_edits")] == [9, None, 2, 6, 1, 3]
    assert (row["unread_edit_share"], row["read_edit_ratio"], row["write_share"]) == (3 / 5, 2 / 6, 1 / 7)
    assert (row["research_mutation_ratio"], row["calls_per_prompt"]) == (2 / 7, None)


def test_calls_per_prompt(make: Make) -> None:
    first = message(0, message_id="m", repo_root="/r")
    messages = make("messages", [first, message(0, message_id="m", repo_root="/r"), message(1, repo_root=None), message(2, "assistant")])
    calls = make("tool_calls", [at(0, repo_root="/r"), at(1, repo_root="/r"), at(2, repo_root="/q")])
    (total,) = rows_of(tool_ratios(calls, messages))
    assert (total["calls"], total["prompts"], total["calls_per_prompt"]) == (3, 2, 1.5)
    rows = rows_of(tool_ratios(calls, messages, by="repo_root"))
    assert [(row["repo_root"], row["calls"], row["prompts"], row["calls_per_prompt"]) for row in rows] == [
        ("/q", 1, 0, None),
        ("/r", 2, 1, 2.0),
        (None, 0, 1, 0.0),
    ]


def test_ratios_of_nothing_are_unknown(make: Make) -> None:
    (row,) = rows_of(tool_ratios(make("tool_calls", [])))
    assert row["calls"] == 0
    assert {row[name] for name in row if name.endswith(("ratio", "share"))} == {None}
    with pytest.raises(ColumnError, match="tool_ratios needs the columns tool"):
        tool_ratios(make("tool_calls", []), make("messages", []), by="tool")


# sequences


def test_what_follows_what(make: Make) -> None:
    # thread s: a b a b, thread s/x: a (it is followed by nothing)
    calls = [at(number, tool=tool) for number, tool in enumerate("abab")]
    pairs = rows_of(transitions(make("tool_calls", [*calls, at(1.5, tool="a", session_id="s/x"), at(9, tool=None)])))
    assert [tuple(row.values()) for row in pairs] == [("a", "b", 2, 1.0), ("b", "a", 1, 0.5), ("b", None, 1, 0.5)]


def test_failures_by_position(make: Make) -> None:
    # 5 calls in 2 parts: places 0 1 2 | 3 4; the thread with one call is too short
    states = ["ok", "denied", "error", "error", "ok"]
    calls = [at(number, status) for number, status in enumerate(states)]
    rows = rows_of(errors_by_position(make("tool_calls", [*calls, at(0, "error", session_id="t")]), bins=2))
    assert [(row["position"], row["calls"], row["errors"], row["error_rate"]) for row in rows] == [
        (1, 3, 1, 0.5),
        (2, 2, 1, 0.5),
        (None, 1, 1, 1.0),
    ]
    with pytest.raises(OptionError, match="bins=0 is no number of parts"):
        errors_by_position(make("tool_calls", []), bins=0)


# all of them


@pytest.mark.parametrize("helper", HELPERS)
def test_an_empty_frame_gives_the_same_dtypes(make: Make, helper: Any) -> None:
    rows = [read(0, "a", mcp_server="x"), at(1, "error", command="git"), at(2, command="git")]
    full, empty = helper(make("tool_calls", rows)), helper(make("tool_calls", []))
    assert list(empty.dtypes) == list(full.dtypes)
    assert len(empty) == (helper is tool_ratios)


@pytest.mark.parametrize("helper", HELPERS)
def test_the_demo_gives_the_same_in_both_engines(helper: Any) -> None:
    calls = sf.scan(home=sf.testing.demo_home()).tool_calls.to_frame("polars")
    extended = calls.filter(pl.col("tool") != "Grep").with_columns(mine=pl.lit(1, pl.Int64))
    before = extended.clone()
    assert_same(helper(to_pandas(extended)), helper(extended))
    assert extended.equals(before)


statuses = st.sampled_from(["ok", "error", "denied", "interrupted", "pending"])
some_calls = st.lists(
    st.builds(
        lambda second, status, tool, thread, path: at(second, status, tool=tool, session_id=thread, path=path, category="edit"),
        st.integers(0, 20),
        statuses,
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["s", "s/x"]),
        st.sampled_from(["p", "q", None]),
    ),
    max_size=25,
)


@settings(max_examples=30)
@given(some_calls)
def test_group_sums_equal_the_totals(rows: list[ToolCallRow]) -> None:
    calls = public("tool_calls", rows)
    (total,) = tools_by(calls, by=()).to_dicts()
    groups = tools_by(calls, by=["tool", "path"])
    for name in ("calls", "errors", "denied", "interrupted", "pending", "retries"):
        assert groups[name].sum() == total[name]
    positions = errors_by_position(calls, by="tool", bins=3)
    assert (positions["calls"].sum(), positions["errors"].sum()) == (total["calls"], total["errors"])
    threads = len({row.session_id for row in rows})
    pairs = transitions(calls)
    assert pairs["count"].sum() == len(rows) - threads
    assert pairs.group_by("from_tool").agg(pl.col("probability").sum())["probability"].to_list() == pytest.approx(
        [1.0] * pairs["from_tool"].n_unique()
    )
    edits = tool_ratios(calls, by="tool")["unread_edits"].sum()
    assert edits == tool_ratios(calls)["unread_edits"][0] == sum(row.path is not None for row in rows)
