"""Charts of the table `usage`: what is drawn equals what the helpers say."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib import dates

import sessionframe as sf
from sessionframe import plot
from sessionframe.frames.build import frame
from sessionframe.frames.pandas import to_pandas
from sessionframe.pricing import price
from sessionframe.schema import SCHEMA, SessionRow, UsageRow
from sessionframe.testing import demo_home

MINUTE = 60_000_000
DAY = 1440 * MINUTE
START = 1_790_812_800_000_000  # 2026-10-01T00:00Z, a Thursday
OPUS = "claude-opus-4-8"


def asked(minutes: float, *, thread: str = "s", root: str | None = None, **values: Any) -> UsageRow:
    """A request so many minutes into October."""
    made: dict[str, Any] = {"agent": "claude-code", "model": OPUS, "repo_root": "/home/me/shop", "session_id": thread, **values}
    at = START + int(minutes * MINUTE)
    counts = dict.fromkeys(("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"), 0)
    return UsageRow(**{**counts, **made}, root_session_id=root or thread, source="s.jsonl", at=at)


ROWS = [
    asked(600, input_tokens=100_000),  # 0.50 USD
    asked(602, cache_read_tokens=100_000),  # 0.05 USD
    asked(2 * 1440 + 600, thread="t", agent="codex", model="gpt-5.5", repo_root="/home/me/api", input_tokens=100_000),
    asked(2 * 1440 + 601, thread="s/a", root="s", repo_root=None, output_tokens=10_000),  # 0.25 USD
    asked(31 * 1440, thread="u", model="nobody-knows", input_tokens=7),
]


@pytest.fixture(params=["polars", "pandas"])
def usage(request: pytest.FixtureRequest) -> Any:
    """Five requests: two days of October, one in November, one without a price."""
    made = price(frame(SCHEMA["usage"], ROWS))[0]
    return made if request.param == "polars" else to_pandas(made)


@pytest.fixture
def codex_usd(usage: Any) -> float:
    """What the one request of Codex costs."""
    found = sf.tokens_by(usage, by="agent")
    return dict(zip(found["agent"], found["cost_usd"], strict=True))["codex"]


def bars(ax: Any) -> dict[str, list[float]]:
    """The widths of horizontal bars per legend entry."""
    return {each.get_label(): [bar.get_width() for bar in each] for each in ax.containers}


def ticks(axis: Any) -> list[str]:
    """The words at the ticks."""
    return [each.get_text() for each in axis.get_ticklabels()]


def said(ax: Any) -> list[str]:
    """All words within the axes."""
    return [each.get_text() for each in ax.texts]


# calendar


def test_coverage_has_a_cell_per_day_and_agent(usage: Any) -> None:
    ax: Any = plot.coverage(usage, tz="UTC")
    assert ticks(ax.yaxis) == ["codex", "claude-code"]
    cells = ax.collections[0].get_array()
    assert cells.shape == (2, 32)
    assert np.ma.getmaskarray(cells).sum() == 64 - 4
    assert (cells[1, 0], cells[0, 2], cells[1, 31]) == (2, 1, 1)


def test_days_of_coverage_lie_around_their_midnight_in_the_zone(usage: Any) -> None:
    ax: Any = plot.coverage(usage, tz="Asia/Tokyo")
    first = dates.num2date(ax.collections[0].get_coordinates()[0, 0, 0])
    assert f"{first:%d %H:%M}" == "30 03:00"  # twelve hours before the midnight in Tokyo, which is 15:00 in UTC


def test_a_week_has_monday_on_top(usage: Any) -> None:
    ax: Any = plot.week(usage, tz="UTC")
    assert ticks(ax.yaxis)[::-1] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    cells = ax.collections[0].get_array()
    assert (cells[3, 10], cells[1, 10], cells[0, 0]) == (2, 2, 1)  # Thursday, Saturday, Sunday
    money: Any = plot.week(usage, of="cost_usd", tz="UTC")
    assert money.collections[0].get_array()[3, 10] == pytest.approx(0.55)


def test_a_month_is_continued_in_dots(usage: Any) -> None:
    ax: Any = plot.cumulative(usage, of="input_tokens", tz="UTC")
    november, dots, _, october, _ = ax.lines
    assert (november.get_label(), october.get_label()) == ("Nov 2026", "Oct 2026")
    assert list(october.get_ydata())[::30] == [100_000, 200_000]
    assert dots.get_linestyle() == ":"
    assert (list(dots.get_xdata()), list(dots.get_ydata())) == ([1, 30], [7, 210])


def test_months_of_cost_say_what_is_missing(usage: Any, codex_usd: float) -> None:
    """November, of which nothing is known, has no line."""
    ax: Any = plot.cumulative(usage, tz="UTC")
    assert ax.lines[0].get_ydata()[-1] == pytest.approx(0.8 + codex_usd)
    assert "not a bill" in said(ax)[0]


def test_blocks_are_as_wide_as_they_last(usage: Any) -> None:
    ax: Any = plot.blocks(usage, tz="UTC")
    drawn = [bar for bar in ax.patches if bar.get_height()]
    assert {round(bar.get_width() * 24, 6) for bar in drawn} == {5}
    assert sorted(bar.get_height() for bar in drawn if bar.get_facecolor() == drawn[0].get_facecolor())
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["claude-code", "codex"]


# rankings


def test_a_ranking_is_divided_by_agent(usage: Any, codex_usd: float) -> None:
    ax: Any = plot.cost_ranking(usage)
    assert ticks(ax.yaxis) == ["unknown", "api", "shop"] if codex_usd > 0.25 else ["api", "unknown", "shop"]
    assert sum(bars(ax)["claude-code"]) == pytest.approx(0.8)
    assert sum(bars(ax)["codex"]) == pytest.approx(codex_usd)
    assert "1 request without a known price" in said(ax)[-1]


def test_the_rest_of_a_ranking_is_said_in_words(usage: Any) -> None:
    """As a bar it would often be the longest."""
    ax: Any = plot.cost_ranking(usage, top=1)
    assert ticks(ax.yaxis) == ["shop"]
    assert "; 2 more: 0." in said(ax)[-1]
    assert ticks(plot.cost_ranking(usage, by="agent").yaxis)[-1] == "claude-code"


def test_pareto_says_how_many_make_half(usage: Any, codex_usd: float) -> None:
    """The sub-agent counts with its conversation."""
    ax: Any = plot.pareto(usage)
    assert list(ax.lines[1].get_xdata()) == [0, 0.5, 1]
    assert ax.lines[1].get_ydata()[1] == pytest.approx(max(0.8, codex_usd) / (0.8 + codex_usd))
    assert any("1 largest of 2 conversations" in text for text in said(ax))


def test_a_waterfall_leads_from_one_period_to_the_other(usage: Any, codex_usd: float) -> None:
    ax: Any = plot.cost_change(usage, first=("2026-10-01", "2026-10-02"), second=("2026-10-02", "2026-11-01"), tz="UTC")
    first, last, *effects = [bar.get_height() for bar in ax.patches]
    assert (first, last) == pytest.approx((0.55, 0.25 + codex_usd))
    assert first + sum(effects) == pytest.approx(last)
    assert ticks(ax.xaxis)[0] == "2026-10-01 to\n2026-10-02\nn = 2"


# cache


def test_hits_are_a_line_per_model(usage: Any) -> None:
    ax: Any = plot.cache_hits(usage, tz="UTC", top=2)
    lines = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert lines[f"{OPUS} (n = 2)"] == [0.5]
    assert "1 with fewer requests not shown" in said(ax)[0]


def test_gaps_have_the_lifetimes_marked(usage: Any) -> None:
    """One request follows another, two minutes later, and reads it all."""
    ax: Any = plot.cache_gaps(usage)
    assert {" 5 min", " 1 h", "100%"} <= set(said(ax))
    assert ax.collections[0].get_array().sum() == 1
    assert "n = 1 request;" in said(ax)[-1]


def test_savings_are_beside_the_cost(usage: Any) -> None:
    ax: Any = plot.cache_savings(usage)
    shop = ticks(ax.yaxis).index("shop")
    assert bars(ax)["as it was"][shop] == pytest.approx(0.55)
    assert bars(ax)["without a cache"][shop] == pytest.approx(1.0)
    assert " -45%" in said(ax)


# threads


def test_the_context_grows_until_few_threads_are_left(usage: Any) -> None:
    ax: Any = plot.context_growth(usage, least=1)
    assert list(ax.lines[0].get_xdata()) == [1, 2]
    assert ticks(ax.xaxis) == ["1\nn = 4", "2\nn = 1"]
    shorter: Any = plot.context_growth(usage, least=2)
    assert list(shorter.lines[0].get_xdata()) == [1]
    assert len(plot.context_growth(usage, by="agent", least=1).lines) == 2


def test_sub_agents_are_on_top_of_their_conversations(usage: Any, codex_usd: float) -> None:
    """A thread that the table of sessions does not know is unknown."""
    rows = [
        SessionRow(agent="claude-code", session_id="s", root_session_id="s", source="x"),
        SessionRow(agent="claude-code", session_id="s/a", root_session_id="s", source="x", kind="subagent", subagent_type="Explore"),
    ]
    for engine in (frame(SCHEMA["sessions"], rows), to_pandas(frame(SCHEMA["sessions"], rows))):
        ax: Any = plot.subagent_cost(usage, engine, every="1mo", tz="UTC")
        heights = {each.get_label(): [bar.get_height() for bar in each] for each in ax.containers}
        assert {name: sum(values) for name, values in heights.items()} == pytest.approx(
            {"main": 0.55, "Explore": 0.25, "unknown": codex_usd}
        )
        assert next(iter(heights)) == "main"


# all of them

ROOMS = {f"sessionframe.plot.{room}" for room in ("_cache", "_calendar", "_rank", "_threads", "_time")}
"""Where the charts of this table are."""
NAMES = sorted({name for name in plot.__all__ if getattr(plot, name).__module__ in ROOMS} - {"cost_change", "subagent_cost"})
PERIODS = {"first": ("2026-10-01", "2026-10-02"), "second": ("2026-10-02", "2026-11-01")}


def drawn(name: str, usage: Any, **options: Any) -> Any:
    """A chart by its name."""
    if name == "cost_change":
        options |= PERIODS
    if name == "subagent_cost":
        return plot.subagent_cost(usage, frame(SCHEMA["sessions"], []), **options)
    return getattr(plot, name)(usage, **options)


@pytest.mark.parametrize("name", [*NAMES, "cost_change", "subagent_cost"])
def test_an_empty_table_says_so(name: str) -> None:
    empty: pl.DataFrame = frame(SCHEMA["usage"], [])
    for engine in (empty, to_pandas(empty)):
        ax = drawn(name, engine)
        assert said(ax)[0].startswith("no ")
        assert not ax.axison


@pytest.fixture(scope="module")
def demo() -> Any:
    """A table of the demo home."""
    return sf.scan("claude-code", home=demo_home()).usage


@pytest.mark.parametrize("name", [*NAMES, "cost_change", "subagent_cost"])
@pytest.mark.parametrize("row", [ROWS[0], ROWS[4]], ids=["free", "unpriced"])
def test_one_request_is_enough(name: str, row: UsageRow) -> None:
    """Not every chart has something to show then, but each can be drawn without a warning."""
    usage = frame(SCHEMA["usage"], [row]).with_columns(cost_usd=pl.lit(0.0 if row is ROWS[0] else None, pl.Float64))
    usage = usage.with_columns(input_tokens=pl.lit(0 if row is ROWS[0] else None, pl.Int64))
    drawn(name, usage).figure.canvas.draw()


@pytest.mark.parametrize("name", [*NAMES, "cost_change", "subagent_cost"])
def test_a_table_is_taken_and_the_callers_axes_are_used(name: str, demo: Any) -> None:
    """And the picture can be drawn without a warning."""
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots()
    assert drawn(name, demo, ax=ax) is ax
    assert ax.get_title(loc="left") or not ax.axison
    figure.canvas.draw()
