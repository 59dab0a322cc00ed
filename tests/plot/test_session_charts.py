"""Charts of conversations: what is drawn equals what the helpers say."""

from __future__ import annotations

from typing import Any

import pytest

import sessionframe as sf
from sessionframe import plot
from sessionframe.frames.pandas import to_pandas
from tests.rows import call, message, micros, public, request, session

ENGINES = ["polars", "pandas"]


@pytest.fixture(params=ENGINES)
def sessions(request: pytest.FixtureRequest) -> Any:
    """Three conversations of two agents, one of them with a sub-agent that spent half of its money."""
    rows = [
        session("a", active_s=60.0, wall_s=6000.0, prompts=1, requests=2, tool_calls=0, cost_usd=0.5, model="claude-opus-5"),
        session("a/x", "a", kind="subagent", active_s=30.0, wall_s=30.0, prompts=0, requests=8, tool_calls=20, cost_usd=0.5),
        session("b", active_s=600.0, wall_s=600.0, prompts=3, requests=30, tool_calls=5, cost_usd=3.0, model="gpt-5.5", agent="codex"),
        session("c", prompts=1, requests=1, tool_calls=1, model="unheard-of", agent="codex"),
    ]
    made = public("sessions", rows)
    return made if request.param == "polars" else to_pandas(made)


def texts(ax: Any) -> str:
    """All words within the axes, in one line."""
    return " ".join(each.get_text() for each in ax.texts).replace("\n", " ")


def entries(ax: Any) -> list[str]:
    """The words of the legend."""
    return [each.get_text() for each in ax.get_legend().get_texts()]


def test_lengths_are_curves_per_agent_without_sub_agents(sessions: Any) -> None:
    ax: Any = plot.session_lengths(sessions)
    active, wall, marks = ax.lines[:3]
    assert (list(active.get_xdata()), list(active.get_ydata())) == ([1.0], [1.0])
    assert list(wall.get_xdata()) == [100.0]
    assert list(marks.get_xdata()) == [1.0, 1.0]
    assert entries(ax) == ["claude-code: p50 1 min, p90 1 min (n = 1)", "codex: p50 10 min, p90 10 min (n = 1)"]
    assert active.get_color() != ax.lines[3].get_color()
    assert "1 conversation without active time left out" in texts(ax)


def test_small_groups_are_left_out_and_counted(sessions: Any) -> None:
    ax: Any = plot.session_lengths(sessions, top=1)
    assert len(entries(ax)) == 1
    assert "1 smaller group not shown" in texts(ax)


def test_counts_begin_with_the_share_of_at_most_one(sessions: Any) -> None:
    """Sub-agents are part of their conversation, so no conversation but `c` has as few as one call."""
    ax: Any = plot.session_counts(sessions)
    curves = {line.get_label().partition(":")[0]: line for line in ax.lines if ":" in line.get_label()}
    assert list(curves["prompts"].get_xdata()) == [1, 3]
    assert list(curves["prompts"].get_ydata()) == pytest.approx([2 / 3, 1])
    assert list(curves["tool calls"].get_xdata()) == [1, 5, 20]
    assert "tool calls: p50 5, p90 17 (n = 3)" in entries(ax)


def test_costs_are_points_whose_size_is_the_share_of_sub_agents(sessions: Any) -> None:
    ax: Any = plot.session_costs(sessions)
    points = {each.get_label(): each for each in ax.collections}
    assert points["claude-opus-5"].get_offsets().tolist() == [[10, 1.0]]
    assert points["gpt-5.5"].get_offsets().tolist() == [[30, 3.0]]
    assert points["claude-opus-5"].get_sizes()[0] > points["gpt-5.5"].get_sizes()[0]
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_ylabel()) == ("log", "log", "cost [USD]")
    assert "not a bill; 1 conversation without a known price left out" in texts(ax)


def test_costs_beyond_the_top_are_other(sessions: Any) -> None:
    ax: Any = plot.session_costs(sessions, top=1)
    assert [each.get_label() for each in ax.collections] == ["claude-opus-5", "other"]
    assert entries(ax)[:2] == ["claude-opus-5 (n = 1)", "other (n = 1)"]


@pytest.mark.parametrize("engine", ENGINES)
def test_prompt_costs_are_medians_by_number(engine: str) -> None:
    """Ten conversations with one prompt, five of them with a second."""
    said, asked = [], []
    for number in range(10):
        for prompt in range(2 if number < 5 else 1):
            of = {"session_id": f"s{number}", "root_session_id": f"s{number}"}
            said.append(message(f"2026-10-01T1{prompt}:00:00Z", **of))
            asked.append(request(f"2026-10-01T1{prompt}:01:00Z", cost_usd=float(1 + number + 10 * prompt), **of))
    tables: list[Any] = [public("messages", said), public("usage", asked), public("tool_calls", [])]
    if engine == "pandas":
        tables = [to_pandas(each) for each in tables]
    turns = sf.prompts(*tables)
    ax: Any = plot.prompt_costs(turns)
    (line,) = ax.lines
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([1, 2], [5.5, 13.0])
    assert [each.get_text() for each in ax.get_xticklabels()] == ["1\nn = 10", "2\nn = 5"]
    assert ax.get_ylabel() == "cost [USD] per prompt"
    fewer: Any = plot.prompt_costs(turns, least=6)
    assert "1 number with fewer than 6 prompts not shown" in texts(fewer)


@pytest.fixture(params=ENGINES)
def one_session(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A prompt, 60 s of model, 30 s of a tool, 30 s of model, ten minutes away, a prompt, 60 s of model; a sub-agent in between."""
    said = [
        message("2026-10-01T12:00:00Z"),
        message("2026-10-01T12:01:00Z", "assistant"),
        message("2026-10-01T12:01:10Z", "assistant", session_id="s1/a"),
        message("2026-10-01T12:01:20Z", "assistant", session_id="s1/a"),
        message("2026-10-01T12:01:30Z", "tool", call_id="k"),
        message("2026-10-01T12:02:00Z", "assistant"),
        message("2026-10-01T12:12:00Z"),
        message("2026-10-01T12:13:00Z", "assistant"),
        message("2026-10-01T12:00:00Z", session_id="s2", root_session_id="s2"),
    ]
    calls = [call("error", "2026-10-01T12:01:00Z", ended_at=micros("2026-10-01T12:01:30Z"), call_id="k")]
    made: tuple[Any, Any] = public("messages", said), public("tool_calls", calls)
    return made if request.param == "polars" else (to_pandas(made[0]), to_pandas(made[1]))


def spans(ax: Any, lane: int) -> list[tuple[float, float]]:
    """When a lane is filled [min], rounded."""
    found = []
    for each in ax.collections:
        for path in each.get_paths():
            box = path.get_extents()
            if lane - 0.5 < (box.y0 + box.y1) / 2 < lane + 0.5:
                found.append((round(float(box.x0), 2), round(float(box.x1), 2)))
    return sorted(found)


def test_a_timeline_has_a_lane_for_each(one_session: tuple[Any, Any]) -> None:
    ax: Any = plot.timeline(*one_session, session_id="s1")
    assert [each.get_text() for each in ax.get_yticklabels()] == ["sub-agents\n1 thread", "tools\n1 call", "model", "human"]
    assert spans(ax, 0) == [(1.17, 1.33)]
    assert spans(ax, 1) == [(1.0, 1.5)]
    assert spans(ax, 2) == [(0.0, 1.0), (1.5, 2.0), (2.75, 3.75)]
    assert spans(ax, 3) == [(2.0, 2.75)]  # ten minutes, drawn as a quarter of the three at work
    assert "10 min" in texts(ax)
    assert entries(ax) == ["error"]


def test_a_timeline_without_a_name_is_of_the_longest(one_session: tuple[Any, Any]) -> None:
    ax: Any = plot.timeline(*one_session, gap_cap="1m")
    assert ax.get_title(loc="left") == "Timeline of session s1"
    assert "more than 1 min without a record" in texts(ax)


def test_a_timeline_of_nobody_says_so(one_session: tuple[Any, Any]) -> None:
    ax: Any = plot.timeline(*one_session, session_id="s3")
    assert texts(ax) == "no records of a conversation 's3' in these logs"


def test_the_model_does_not_work_while_its_tools_run(one_session: tuple[Any, Any]) -> None:
    """Some agents date all parts of an answer to its end."""
    messages, calls = one_session
    late = messages[messages["role"] != "tool"] if hasattr(messages, "iloc") else messages.filter(messages["role"] != "tool")
    ax: Any = plot.timeline(late, calls, session_id="s1")
    assert spans(ax, 2) == [(0.0, 1.0), (1.5, 2.0), (2.75, 3.75)]


def test_empty_tables_say_so() -> None:
    nothing = public("sessions", [])
    tables = [public(name, []) for name in ("messages", "usage", "tool_calls")]
    for ax in (
        plot.session_lengths(nothing),
        plot.session_counts(nothing),
        plot.session_costs(nothing),
        plot.prompt_costs(sf.prompts(*tables)),
        plot.timeline(tables[0], tables[2]),
    ):
        assert texts(ax).startswith("no ")
        assert not ax.axison
