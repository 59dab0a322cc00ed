"""Charts of tools: what is drawn equals what the helpers say."""

from __future__ import annotations

from typing import Any

import pytest

from sessionframe import plot
from sessionframe.errors import OptionError
from sessionframe.frames.pandas import to_pandas
from tests.rows import call, message, public

ENGINES = ["polars", "pandas"]
WEEKS = ["2026-10-05T12:00:00Z", "2026-10-12T12:00:00Z"]
"""Mondays."""


@pytest.fixture(params=ENGINES)
def calls(request: pytest.FixtureRequest) -> Any:
    """Reads of two files by two conversations, edits in the second week, and commands of which one in four fails."""
    rows = [
        *(call("ok", WEEKS[0], tool="Read", category="read", path="/w/a.py", duration_s=1.0, output_chars=100) for _ in range(3)),
        call("ok", WEEKS[0], tool="Read", category="read", path="/w/a.py", session_id="s2", root_session_id="s2", output_chars=1000),
        call("ok", WEEKS[1], tool="Read", category="read", path="/w/b.py", duration_s=100.0),
        *(call("ok", WEEKS[1], tool="Edit", category="edit", path=f"/w/{name}.py", duration_s=2.0) for name in ("b", "c")),
        *(call("error" if n % 4 == 0 else "ok", WEEKS[1], category="run", command="git", duration_s=600.0) for n in range(24)),
        call("denied", WEEKS[1], category="run"),
        call("pending", None, category="run"),
    ]
    made = public("tool_calls", rows)
    return made if request.param == "polars" else to_pandas(made)


def texts(ax: Any) -> str:
    """All words within the axes, in one line."""
    return " ".join(each.get_text() for each in ax.texts).replace("\n", " ")


def rows_of(ax: Any) -> list[str]:
    """The names at the vertical axis, from the bottom."""
    return [each.get_text() for each in ax.get_yticklabels()]


def entries(ax: Any) -> list[str]:
    """The words of the legend."""
    return [each.get_text() for each in ax.get_legend().get_texts()]


def widths(ax: Any) -> dict[str, list[float]]:
    """The widths of horizontal bars per part."""
    return {each.get_label(): [bar.get_width() for bar in each] for each in ax.containers}


def test_tools_are_bars_split_by_outcome(calls: Any) -> None:
    ax: Any = plot.tools(calls)
    assert rows_of(ax) == ["Edit", "Read", "Bash"]
    assert widths(ax) == {"ok": [2, 5, 18], "error": [0, 0, 6], "denied": [0, 0, 1], "no result": [0, 0, 1]}
    assert "25.0% errors" in texts(ax)
    assert ax.get_xscale() == "linear"


def test_tools_are_points_on_a_logarithmic_axis(calls: Any) -> None:
    """Parts of a bar would not add up on it."""
    ax: Any = plot.tools(calls, log=True, top=2)
    assert ax.get_xscale() == "log"
    assert not ax.patches
    assert {each.get_label(): each.get_offsets().tolist() for each in ax.collections}["ok"] == [[5, 0], [18, 1]]
    assert "1 more not shown" in texts(ax)


def test_heavy_tails_are_drawn_on_a_logarithmic_axis() -> None:
    many = public("tool_calls", [*(call() for _ in range(200)), call(tool="Rare")])
    assert plot.tools(many).get_xscale() == "log"


def test_time_is_in_a_unit_that_can_be_read(calls: Any) -> None:
    """14,400 s are 4 h."""
    ax: Any = plot.tool_time(calls)
    assert rows_of(ax) == ["Edit", "Read", "Bash"]
    assert widths(ax)["time"] == pytest.approx([4 / 3600, 103 / 3600, 4])
    assert ax.get_xlabel() == "total duration [h]"
    assert "26 calls, median 10 min" in texts(ax)


def test_error_rates_have_intervals_and_enough_cases(calls: Any) -> None:
    ax: Any = plot.error_rates(calls)
    assert rows_of(ax) == ["Bash (n = 24)"]
    (points, _, (spans,)) = ax.containers[0]
    assert points.get_xdata().tolist() == [0.25]
    low, high = spans.get_segments()[0][:, 0]
    assert 0.1 < low < 0.15
    assert 0.4 < high < 0.5
    assert "2 with fewer than 20 calls left out" in texts(ax)
    assert "dashed: all calls, 19.4%" in texts(ax)


def test_latency_is_a_curve_per_tool(calls: Any) -> None:
    ax: Any = plot.tool_latency(calls)
    curves = {line.get_label().partition(":")[0]: line for line in ax.lines if ":" in line.get_label()}
    assert list(curves["Read"].get_xdata()) == [1.0, 100.0]
    assert list(curves["Read"].get_ydata()) == [0.75, 1.0]
    assert entries(ax)[1] == "Read: p50 1.0 s, p90 70 s (n = 4)"
    assert ax.get_xlabel() == "duration [s]"
    assert "3 calls without a known duration left out" in texts(ax)


def test_the_mix_is_shares_of_each_week(calls: Any) -> None:
    ax: Any = plot.tool_mix(calls, tz="UTC")
    heights = {each.get_label(): {bar.get_x(): bar.get_height() for bar in each} for each in ax.containers}
    assert list(heights) == ["read", "edit", "run"]
    first, second = heights["read"]
    assert heights["read"] == pytest.approx({first: 1, second: 1 / 28})
    assert heights["run"] == pytest.approx({second: 25 / 28})  # nothing has no bar
    assert texts(ax).startswith("4 28")
    assert [each.get_text() for each in ax.get_xticklabels()] == ["05 Oct", "12 Oct"]


def test_the_mix_of_tools_has_a_rest(calls: Any) -> None:
    ax: Any = plot.tool_mix(calls, by="tool", top=1, tz="UTC")
    assert [each.get_label() for each in ax.containers] == ["Bash", "other"]


def test_ratios_are_a_line_and_hollow_where_cases_are_few(calls: Any) -> None:
    ax: Any = plot.tool_ratios(calls, tz="UTC")
    (line,) = ax.lines
    assert list(line.get_ydata()) == [0.5]
    assert ax.collections[0].get_facecolor().tolist() == [[1, 1, 1, 1]]
    assert ax.get_ylabel() == "reads per edit"
    assert "fewer than 20 edits" in texts(ax)


def test_ratios_of_other_things(calls: Any) -> None:
    unread: Any = plot.tool_ratios(calls, of="unread_edit_share", by="agent", tz="UTC")
    assert list(unread.lines[0].get_ydata()) == [0.5]
    assert entries(unread) == ["claude-code (n = 2)"]
    said: Any = public("messages", [message(WEEKS[0]), message(WEEKS[0])])
    said = to_pandas(said) if hasattr(calls, "iloc") else said
    prompts: Any = plot.tool_ratios(calls, said, of="calls_per_prompt", tz="UTC")
    assert list(prompts.lines[0].get_ydata()) == [2.0]
    assert "give `messages` too" in texts(plot.tool_ratios(calls, of="calls_per_prompt", tz="UTC"))


def test_a_ratio_that_is_none_is_an_error(calls: Any) -> None:
    with pytest.raises(OptionError, match=r"of='read_edit' is no ratio.* Did you mean 'read_edit_ratio'"):
        plot.tool_ratios(calls, of="read_edit")


def test_results_are_bars_of_characters(calls: Any) -> None:
    ax: Any = plot.result_sizes(calls)
    assert rows_of(ax) == ["Read"]
    assert widths(ax) == {"results": [1300]}
    assert "100%, median 100 (n = 4)" in texts(ax)
    assert "roughly 325 tokens" in texts(ax)
    assert ax.get_xlabel() == "length of results [characters]"


def test_files_are_bars_of_first_and_repeated_reads(calls: Any) -> None:
    ax: Any = plot.rereads(calls)
    assert rows_of(ax) == ["a.py"]
    assert widths(ax) == {"read again": [2], "first read in a session": [2]}
    assert "2 sessions" in texts(ax)
    assert "2 of 5 reads" in texts(ax)


def test_errors_by_position_are_a_line_with_a_band(calls: Any) -> None:
    ax: Any = plot.errors_by_position(calls, bins=2)
    (line,) = ax.lines
    assert list(line.get_xdata()) == [1, 2]
    assert [each.get_text() for each in ax.get_xticklabels()] == ["1\nn = 16", "2\nn = 16"]
    assert "1 call of threads with fewer than 2 calls left out" in texts(ax)
    assert "bands" in texts(ax)


def test_errors_of_many_groups_have_no_bands(calls: Any) -> None:
    ax: Any = plot.errors_by_position(calls, by="category", bins=2)
    assert len(ax.lines) == 3
    assert "bands" not in texts(ax)
    assert entries(ax)[-1].startswith("run")


def test_a_week_without_edits_has_no_ratio(calls: Any) -> None:
    ax: Any = plot.tool_ratios(calls, of="unread_edit_share", tz="UTC")
    assert len(ax.lines[0].get_xdata()) == 1


@pytest.mark.parametrize(
    "name",
    ["tools", "tool_time", "error_rates", "tool_latency", "tool_mix", "tool_ratios", "result_sizes", "rereads", "errors_by_position"],
)
def test_an_empty_table_says_so(name: str) -> None:
    empty = public("tool_calls", [])
    for frame in (empty, to_pandas(empty)):
        ax: Any = getattr(plot, name)(frame)
        assert texts(ax).startswith("no ")
        assert not ax.axison
