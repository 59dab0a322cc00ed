"""Charts: what is drawn equals what the helpers say, labels carry units, an empty table has an honest picture."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sessionframe import plot
from sessionframe.frames.build import frame
from sessionframe.frames.pandas import to_pandas
from sessionframe.plot._style import colours, short
from sessionframe.schema import SCHEMA, SessionRow, ToolCallRow, UsageRow

DAY = 86_400_000_000
START = 1_790_000_000_000_000 // DAY * DAY


def asked(day: int, model: str, cost: float | None) -> UsageRow:
    """A request of 10 + 5 tokens."""
    at = START + day * DAY + 5
    return UsageRow(
        session_id="s", root_session_id="s", source="s.jsonl", at=at, model=model, input_tokens=10, output_tokens=5, cost_usd=cost
    )


@pytest.fixture(params=["polars", "pandas"])
def usage(request: pytest.FixtureRequest) -> Any:
    """Three days, two models, one request without a price."""
    rows = [asked(0, "claude-opus-5", 1.0), asked(0, "claude-haiku-5-5", 0.25), asked(2, "claude-opus-5", 2.0), asked(2, "x", None)]
    made = frame(SCHEMA["usage"], rows)
    return made if request.param == "polars" else to_pandas(made)


def heights(ax: Any) -> list[float]:
    """The heights of all bars."""
    return [patch.get_height() for patch in ax.patches]


def test_cost_is_stacked_per_day(usage: Any) -> None:
    """One bar per day with requests and model; what has no price is counted in words."""
    ax: Any = plot.cost(usage, tz="UTC")
    assert sorted(height for height in heights(ax) if height) == [0.25, 1.0, 2.0]
    assert ax.get_ylabel() == "cost [USD]"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["claude-haiku-5-5", "claude-opus-5"]  # as they are stacked
    assert "not a bill; 1 request without a known price left out" in ax.texts[-1].get_text()


def test_the_rest_is_other(usage: Any) -> None:
    """Beyond `top`, groups are added up."""
    ax: Any = plot.cost(usage, tz="UTC", top=1)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["other", "claude-opus-5"]
    assert sum(heights(ax)) == 3.25


def test_tokens_have_one_line_per_kind(usage: Any) -> None:
    """On a logarithmic axis, because cache reads dwarf the rest."""
    ax: Any = plot.tokens(usage, tz="UTC")
    assert ax.get_yscale() == "log"
    lines = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert lines["uncached input"] == [20, 20]
    assert lines["output"] == [10, 10]


def written(day: int, tokens: int, hour: int | None) -> UsageRow:
    """A request that writes to the cache."""
    at = START + day * DAY
    return UsageRow(session_id="s", root_session_id="s", source="s.jsonl", at=at, cache_write_tokens=tokens, cache_write_1h_tokens=hour)


def test_cache_writes_are_apart_by_lifetime() -> None:
    """What is kept for an hour is part of what is written; without a word it is 5 minutes."""
    ax: Any = plot.cache_writes(frame(SCHEMA["usage"], [written(0, 100, 30), written(1, 50, None)]), tz="UTC")
    assert {bars.get_label(): [bar.get_height() for bar in bars] for bars in ax.containers} == {
        "cache write, 5 min": [70, 50],
        "cache write, 1 h": [30],
    }


def test_shares_add_up_to_one(usage: Any) -> None:
    """In each step."""
    for ax in (plot.cost(usage, tz="UTC", share=True), plot.tokens(usage, tz="UTC", share=True)):
        assert sum(heights(ax)) == pytest.approx(2)
        assert ax.get_ylim() == (0, 1)


@pytest.mark.parametrize("every,words", [("1w", "21 Sep"), ("1mo", "Sep\n2026")])
def test_weeks_and_months_are_named(usage: Any, every: str, words: str) -> None:
    """By their first day."""
    ax: Any = plot.cost(usage, every=every, tz="UTC")
    ax.figure.canvas.draw()
    assert words in [each.get_text() for each in ax.get_xticklabels()]


def test_many_steps_have_no_gaps() -> None:
    """Gaps thinner than a pixel would hide the bars."""
    ax: Any = plot.cost(frame(SCHEMA["usage"], [asked(day, "claude-opus-5", 1.0) for day in range(200)]), tz="UTC")
    assert {bar.get_width() for bar in ax.patches} == {1}
    assert len(plot.coverage(frame(SCHEMA["usage"], [asked(0, "m", 1.0), asked(200, "m", 1.0)])).collections[0].get_edgecolor()) == 0


def test_ticks_are_midnights_of_the_zone(usage: Any) -> None:
    """Not those of UTC."""
    from matplotlib import dates

    ax: Any = plot.cost(usage, tz="Asia/Tokyo")
    ticks = dates.num2date(ax.get_xticks(), tz=ZoneInfo("Asia/Tokyo"))
    assert {(tick.hour, tick.minute) for tick in ticks} == {(0, 0)}


def call(tool: str, status: str) -> ToolCallRow:
    """A tool call."""
    return ToolCallRow(session_id="s", root_session_id="s", source="s.jsonl", tool=tool, status=status)  # type: ignore[arg-type]  # any status


def test_tools_are_split_by_outcome() -> None:
    """The bars of a tool add up to its calls."""
    calls = frame(SCHEMA["tool_calls"], [call("Bash", "ok"), call("Bash", "error"), call("Bash", "denied"), call("Read", "ok")])
    ax: Any = plot.tools(calls)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Read", "Bash"]
    assert sum(patch.get_width() for patch in ax.patches) == 4
    assert [text.get_text() for text in ax.texts] == ["50.0% errors"]


def session(number: int, active: float | None) -> SessionRow:
    """A conversation."""
    return SessionRow(session_id=f"s{number}", root_session_id=f"s{number}", source="s.jsonl", active_s=active, wall_s=active)


def test_lengths_are_a_cumulative_curve() -> None:
    """Every conversation is a step; sub-agents are part of theirs."""
    rows = [
        session(1, 60.0),
        session(2, 600.0),
        session(3, None),
        SessionRow(session_id="s1/a", root_session_id="s1", source="x", active_s=9.0),
    ]
    ax: Any = plot.session_lengths(frame(SCHEMA["sessions"], rows))
    active = ax.lines[0]
    assert (list(active.get_xdata()), list(active.get_ydata())) == ([1.0, 10.0], [0.5, 1.0])
    assert "1 conversation without active time" in ax.texts[-1].get_text()


@pytest.mark.parametrize(
    "name, table",
    [("cost", "usage"), ("cache_writes", "usage"), ("tokens", "usage"), ("tools", "tool_calls"), ("session_lengths", "sessions")],
)
def test_an_empty_table_says_so(name: str, table: str) -> None:
    """No axes full of nothing."""
    empty: pl.DataFrame = frame(SCHEMA[table], [])  # type: ignore[index]  # names of tables
    ax: Any = getattr(plot, name)(empty)
    assert ax.texts[0].get_text().startswith("no ")
    assert not ax.axison


def test_the_callers_axes_are_used(usage: Any) -> None:
    """And returned."""
    from matplotlib import pyplot as plt

    _, ax = plt.subplots()
    assert plot.cost(usage, ax=ax, tz="UTC") is ax


def test_colours_stay_with_their_family() -> None:
    """Versions of a model are shades, and no two names look the same."""
    found = colours(["claude-opus-5", "claude-opus-4-8", "claude-sonnet-5", "other", "a", "b", "c"])
    assert len(set(found.values())) == 7
    assert found["claude-opus-4-8"] == colours(["claude-opus-4-8"])["claude-opus-4-8"]
    assert found["other"] == "#B8B8B8"


def test_more_names_than_colours_still_differ() -> None:
    """As many as there are."""
    names = [f"name {number}" for number in range(100)] + [f"claude-opus-{number}" for number in range(30)]
    assert len(set(colours(names).values())) == 130


def test_paths_are_short_and_still_differ() -> None:
    """The last part, with its folder where two are the same."""
    assert short(["/home/me/shop", "/home/me/a/api", "C:\\work\\api", "other"]) == {
        "/home/me/shop": "shop",
        "/home/me/a/api": "a/api",
        "C:\\work\\api": "work/api",
        "other": "other",
    }
    assert short(["/home/me/we\\ird", "src\\api\\x.py"]) == {"/home/me/we\\ird": "we\\ird", "src\\api\\x.py": "x.py"}
