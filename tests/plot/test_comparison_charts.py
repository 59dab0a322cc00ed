"""Charts that compare: what is drawn equals what the helpers say, and few cases look like few."""

from __future__ import annotations

from typing import Any

import pytest

import sessionframe as sf
from sessionframe import plot
from sessionframe.frames.pandas import to_pandas
from sessionframe.testing import demo_home
from tests.rows import call, message, public, request, session

ENGINES = ["polars", "pandas"]


@pytest.fixture(params=ENGINES)
def sessions(request: pytest.FixtureRequest) -> Any:
    """Twelve sessions of one model with 1 to 12 requests, three of another with 100, one of them without a number."""
    rows = [
        *(session(f"a{n}", started=f"2026-10-{n:02}T12:00:00Z", model="claude-opus-5", requests=n, prompts=0) for n in range(1, 13)),
        *(session(f"b{n}", started="2026-10-20T12:00:00Z", model="gpt-5.5", requests=100, prompts=0) for n in range(3)),
        session("c", started="2026-10-20T12:00:00Z", model="gpt-5.5"),
    ]
    made = public("sessions", rows)
    return made if request.param == "polars" else to_pandas(made)


def texts(ax: Any) -> str:
    """All words within the axes, in one line."""
    return " ".join(each.get_text() for each in ax.texts).replace("\n", " ")


def rows_of(ax: Any) -> list[str]:
    """The names at the vertical axis, from the bottom."""
    return [each.get_text() for each in ax.get_yticklabels()]


def dots(ax: Any) -> list[tuple[float, bool]]:
    """Where the dots are, and whether they are full."""
    return [(each.get_xdata()[0], each.get_markerfacecolor() == each.get_color()) for each in ax.lines if each.get_marker() == "o"]


def test_medians_have_quartiles_intervals_and_n(sessions: Any) -> None:
    ax: Any = plot.comparison(sessions, by="model", metric="requests")
    assert rows_of(ax) == ["claude-opus-5 (n = 12)", "gpt-5.5 (n = 3)"]
    assert dots(ax) == [(6.5, True), (100, False)]
    assert list(ax.lines[0].get_xdata()) == [3.75, 9.25]
    low, high = ax.lines[1].get_xdata()
    assert low < 6.5 < high
    assert ax.lines[0].get_color() != ax.lines[-1].get_color()
    assert "1 case without a value left out" in texts(ax)
    assert ax.get_xlabel() == "requests"


@pytest.mark.parametrize("log, scale", [(None, "linear"), (True, "log")])
def test_the_axis_can_be_chosen(sessions: Any, log: bool | None, scale: str) -> None:
    assert plot.comparison(sessions, by=["agent", "model"], metric="requests", log=log).get_xscale() == scale


def test_heavy_tails_have_a_logarithmic_axis() -> None:
    rows = [session(f"s{n}", kind=kind, cost_usd=cost) for n, (kind, cost) in enumerate([("main", 0.01), ("fork", 1.0)])]
    ax: Any = plot.comparison(public("sessions", rows), by="kind", metric="cost_usd", top=5)
    assert ax.get_xscale() == "log"
    assert "not a bill" in texts(ax)
    assert ax.get_xlabel() == "cost [USD]"


def test_names_of_paths_are_their_ends() -> None:
    rows = [session(name, repo_root=f"/home/me/{name}", prompts=1) for name in ("shop", "api")]
    ax: Any = plot.comparison(public("sessions", rows), by="repo_root", metric="prompts")
    assert sorted(rows_of(ax)) == ["api (n = 1)", "shop (n = 1)"]


def test_changes_are_shares_of_the_median_before(sessions: Any) -> None:
    ax: Any = plot.before_after(sessions, "2026-10-15", metrics=["requests", "prompts"], tz="UTC")
    assert rows_of(ax) == ["prompts\n0 → 0 (n = 12, 3)", "requests\n6.5 → 100 (n = 12, 3)"]
    ((change, is_sure),) = dots(ax)
    assert change == pytest.approx((100 - 6.5) / 6.5)
    assert not is_sure
    assert "0 before" in texts(ax)
    assert "hollow" in texts(ax)


def test_changes_of_many_cases_have_intervals() -> None:
    more = [session(f"d{n}", started="2026-10-15T12:00:00Z", requests=n) for n in range(20, 40)]
    before = [session(f"e{n}", started="2026-10-14T12:00:00Z", requests=n) for n in range(20, 40)]
    ax: Any = plot.before_after(public("sessions", more + before), "2026-10-15", metrics="requests", tz="UTC")
    line = ax.lines[0].get_xdata()
    assert line[0] < 0 < line[1]
    assert dots(ax) == [(0.0, True)]


@pytest.mark.parametrize("engine", ENGINES)
def test_tokens_of_sub_agents_are_points_by_type(engine: str) -> None:
    told = [
        session("s1"),
        session("s1/a", "s1", kind="subagent", subagent_type="Explore"),
        session("s1/b", "s1", kind="subagent", subagent_type="Explore"),
        session("s1/c", "s1", kind="compaction"),
    ]
    asked = [
        request(input_tokens=5),
        request(session_id="s1/a", input_tokens=10, output_tokens=90),
        request(session_id="s1/a", input_tokens=100),
        request(session_id="s1/b", cache_read_tokens=400),
        request(session_id="s1/c", input_tokens=50),
    ]
    tables: list[Any] = [public("usage", asked), public("sessions", told)]
    if engine == "pandas":
        tables = [to_pandas(each) for each in tables]
    ax: Any = plot.subagent_tokens(*tables)
    assert rows_of(ax) == ["compaction (n = 1)", "Explore (n = 2)"]
    assert [each.get_offsets()[:, 0].tolist() for each in ax.collections] == [[50], [200, 400]]
    assert [each.get_xdata()[0] for each in ax.lines if each.get_marker() == "D"] == [50, 300]
    assert ax.get_xscale() == "log"


def test_empty_tables_say_so() -> None:
    nothing, unused = public("sessions", []), public("usage", [])
    for sessions, usage in ((nothing, unused), (to_pandas(nothing), to_pandas(unused))):
        for ax in (
            plot.comparison(sessions, by="model", metric="requests"),
            plot.before_after(sessions, "2026-10-15", metrics="requests"),
            plot.subagent_tokens(usage, sessions),
        ):
            assert texts(ax).startswith("no ")
            assert not ax.axison


def test_tables_are_taken_and_the_callers_axes_are_used() -> None:
    """And the pictures can be drawn without a warning."""
    from matplotlib import pyplot as plt

    logs = sf.scan("claude-code", home=demo_home())
    turns = sf.prompts(logs.messages, logs.usage, logs.tool_calls)
    figure, grid = plt.subplots(3, 6)
    axes = grid.ravel().tolist()
    calls, sessions = logs.tool_calls, logs.sessions
    drawn = [
        *(getattr(plot, name)(sessions, ax=axes.pop()) for name in ("session_lengths", "session_counts", "session_costs")),
        plot.prompt_costs(turns, ax=axes.pop()),
        plot.timeline(logs.messages, calls, ax=axes.pop()),
        *(getattr(plot, name)(calls, ax=axes.pop()) for name in ("tools", "tool_time", "error_rates", "tool_mix", "tool_ratios")),
        *(getattr(plot, name)(calls, ax=axes.pop()) for name in ("tool_latency", "result_sizes", "rereads", "errors_by_position")),
        plot.subagent_tokens(logs.usage, sessions, ax=axes.pop()),
        plot.comparison(turns, by="repo_root", metric="cost_usd", ax=axes.pop()),
        plot.before_after(sessions, "2026-11-01", metrics=["requests", "cost_usd"], ax=axes.pop()),
    ]
    assert len(axes) == 1
    assert all(ax.figure is figure and ax.axison for ax in drawn)
    figure.canvas.draw()


ONE: dict[str, dict[str, Any]] = {
    "free": {"cost_usd": 0.0, "requests": 1, "prompts": 1, "tool_calls": 0, "active_s": 0.0, "wall_s": 0.0, "input_tokens": 0},
    "unknown": {},
    "dear": {"cost_usd": 9e3, "requests": 10**6, "prompts": 1, "tool_calls": 10**6, "active_s": 9e6, "wall_s": 9e9, "input_tokens": 10**9},
}


@pytest.mark.parametrize("name", ONE)
def test_one_row_is_enough(name: str) -> None:
    """Not every chart has something to show then, but each can be drawn without a warning."""
    values = ONE[name]
    row = {key: values[key] for key in ("cost_usd", "input_tokens") if key in values}
    usage = public("usage", [request(session_id="s1/a", **row)])
    sessions = public("sessions", [session("s1", **values), session("s1/a", "s1", kind="subagent")])
    seconds = values.get("active_s")
    calls = public("tool_calls", [call("error", None if name == "unknown" else "2026-10-01T12:00:00Z", duration_s=seconds)])
    messages = public("messages", [message(None if name == "unknown" else "2026-10-01T12:00:00Z")])
    turns = sf.prompts(messages, usage, calls)
    drawn = [
        *(getattr(plot, each)(sessions) for each in ("session_lengths", "session_counts", "session_costs")),
        plot.prompt_costs(turns, least=1),
        plot.timeline(messages, calls),
        *(getattr(plot, each)(calls) for each in ("tools", "tool_time", "tool_mix", "tool_ratios", "tool_latency", "result_sizes")),
        plot.rereads(calls),
        plot.error_rates(calls, least=1),
        plot.errors_by_position(calls, bins=1),
        plot.subagent_tokens(usage, sessions),
        plot.comparison(turns, by="agent", metric="cost_usd"),
        plot.before_after(sessions, "2026-11-01", metrics=["requests", "cost_usd"]),
    ]
    for ax in drawn:
        ax.figure.canvas.draw()
