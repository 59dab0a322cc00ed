"""Charts of who and what has most of the cost: rankings, concentration, and why it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionframe import analysis
from sessionframe.analysis._prices import Prices
from sessionframe.analysis.comparison import EFFECTS, Period
from sessionframe.plot._axes import axes, percent
from sessionframe.plot._data import UNKNOWN, columns, largest, pivot
from sessionframe.plot._style import ESTIMATE, MUTED, PALETTE, colours, empty, headed, label, legend, short, tidy, words
from sessionframe.plot._time import without_price

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GROUPS = {"root_session_id": "conversations", "session_id": "threads", "repo_root": "repositories", "model": "models", "agent": "agents"}
MORE, LESS = PALETTE[5], PALETTE[0]
"""Colours of a rise and of a fall of the cost."""


def cost_ranking(frame: Any, *, by: str = "repo_root", top: int = 20, ax: Axes | None = None) -> Axes:
    """Draw which repositories, branches or models cost most, and with which agents.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    by
        Column whose values have a bar each, e.g. ``repo_root``, ``git_branch`` or ``model``.
    top
        How many bars to show, the largest first; what the others cost together is said in words.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One horizontal bar per value [USD], divided by agent, with its cost and its share of all at its end.
    """
    found = analysis.tokens_by(frame, by=[by, "agent"])
    names, agents, values, unpriced = columns(found, by, "agent", "cost_usd", "unpriced_requests")
    rows = [(name or UNKNOWN, agent, value) for name, agent, value in zip(names, agents, values, strict=True) if value is not None]
    sums = pivot([0] * len(rows), [row[0] for row in rows], [row[2] for row in rows])[1]
    ranked = sorted(sums, key=lambda name: (-sums[name][0], name))
    shown = ranked[:top][::-1]
    target = axes(ax, height=max(2.0, 0.32 * len(shown) + 1.2))
    if not rows:
        return empty(target, "priced requests")
    bars = [(shown.index(name), agent, value) for name, agent, value in rows if name in shown]
    order, table = pivot(*zip(*bars, strict=True))
    base, shades = [0.0] * len(order), colours(table)
    for name, widths in largest(table, len(table)).items():
        target.barh(order, widths, left=base, color=shades[name], label=name)
        base = [low + width for low, width in zip(base, widths, strict=True)]
    whole = sum(value for _, _, value in rows) or 1
    for place, value in zip(order, base, strict=True):
        target.annotate(f" {value:,.2f}  ({value / whole:.0%})", (value, place), va="center", fontsize=8, color=MUTED)
    named, left = short(shown), sum(sums[name][0] for name in ranked[top:])
    target.set_yticks(order, [named[name] for name in shown])
    target.set_xlim(0, max(base) * 1.15 or 1)
    target.set_xlabel(label("usage", "cost_usd"))
    legend(target)
    tidy(target, "x")
    more = f"{len(ranked) - top:,} more: {left:,.2f} USD ({left / whole:.0%})" if len(ranked) > top else ""
    headed(target, f"Cost by {words(by)}", ESTIMATE, more, without_price(sum(unpriced)))
    return target


def pareto(frame: Any, *, of: str = "cost_usd", by: str = "root_session_id", ax: Axes | None = None) -> Axes:
    """Draw how far a sum is concentrated in few groups, e.g. most of the cost in a handful of conversations.

    Parameters
    ----------
    frame
        The table `usage` or `sessions`, a frame of it, or any frame of numbers.
    of
        The column that is summed.
    by
        The column whose values are the groups, by default conversations with their sub-agents.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        The share of the sum that the largest groups have together, over the share of groups; the diagonal is what equal groups would
        give. The words say how many groups make half and 80 % of it.
    """
    found = analysis.concentration(frame, of=of, by=by)
    points = zip(*columns(found, "groups_share", f"{of}_cumulative_share"), strict=True)
    known = [(across, up) for across, up in points if across is not None and up is not None]
    target = axes(ax)
    if not known:
        return empty(target, f"{GROUPS.get(by, words(by))} with known {words(of)}")
    target.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle="--")
    target.plot([0, *(row[0] for row in known)], [0, *(row[1] for row in known)], color=PALETTE[0], linewidth=2)
    many = f"{GROUPS.get(by, 'values of ' + words(by))}"
    for part in (0.5, 0.8):
        number = next((number for number, row in enumerate(known, 1) if row[1] >= part - 1e-9), len(known))
        across, up = known[number - 1]
        target.plot([across], [up], color=PALETTE[5], marker="o", markersize=5)
        target.annotate(
            f"{up:.0%} in the {number:,} largest of {len(known):,} {many}", (across, up), (8, -9), textcoords="offset points", fontsize=8
        )
    target.set_xlim(0, 1)
    target.set_ylim(0, 1.02)
    percent(target.xaxis)
    percent(target.yaxis)
    target.set_xlabel(f"share of {many}, the largest first")
    target.set_ylabel(f"share of {words(of)}")
    tidy(target)
    headed(target, f"Concentration of {words(of)}", ESTIMATE if of == "cost_usd" else "", "dashed: if all were equal")
    return target


def cost_change(frame: Any, *, first: Period, second: Period, tz: str = "local", prices: Prices = None, ax: Axes | None = None) -> Axes:
    """Draw why the cost changed from one period to another.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    first, second
        The two periods, each the pair of its start and its end, as for `sessionframe.compare_periods`.
    tz
        Time zone of times without one.
    prices
        Own prices that the costs of a frame come from; a table brings those of its scan.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        A waterfall [USD]: the cost of the first period, what each effect added or took, the cost of the second. How the effects are
        told apart is described at `sessionframe.compare_periods`.
    """
    found = analysis.compare_periods(frame, first=first, second=second, tz=tz, prices=prices)
    names = ("first_usd", "second_usd", "first_requests", "second_requests", "first_unpriced_requests", "second_unpriced_requests")
    before, after, *requests = (column[0] for column in columns(found, *names))
    effects = {words(name): column[0] for name, column in zip(EFFECTS, columns(found, *EFFECTS), strict=True)}
    target = axes(ax)
    if before is None or after is None or not any(requests[:2]):
        return empty(target, "priced requests in both periods")
    if not effects["web search"]:
        del effects["web search"]
    waterfall(target, before, effects, after)
    bars = [span(first, requests[0]), *(name.replace(" ", "\n") for name in effects), span(second, requests[1])]
    target.set_xticks(range(len(bars)), bars, fontsize=8)
    target.set_ylabel(label("usage", "cost_usd"))
    tidy(target)
    headed(target, f"Why the cost changed by {after - before:+,.2f} USD", ESTIMATE, without_price(sum(requests[2:])))
    return target


def waterfall(ax: Axes, before: float, effects: dict[str, float], after: float) -> None:
    """A bar for the level before, one for each effect between the levels around it, one for the level after."""
    level, levels, last = before, [0.0, before, after], len(effects) + 1
    ax.bar([0, last], [before, after], color="#7F7F7F", width=0.7)
    for place, change in enumerate(effects.values(), 1):
        ax.bar([place], [change], bottom=level, color=MORE if change > 0 else LESS, width=0.7)
        ax.plot([place - 0.65, place + 0.35], [level, level], color=MUTED, linewidth=0.7)
        above(ax, place, max(level, level + change), f"{change:+,.2f}")
        level += change
        levels.append(level)
    above(ax, 0, before, f"{before:,.2f}", fontweight="bold")
    above(ax, last, after, f"{after:,.2f}", fontweight="bold")
    ax.set_ylim(min(levels) * 1.12, max(levels) * 1.12 or 1)


def above(ax: Axes, across: float, up: float, text: str, **style: Any) -> None:
    """Words above a bar."""
    ax.annotate(text, (across, up), (0, 3), textcoords="offset points", ha="center", fontsize=8, **style)


def span(period: Period, requests: int) -> str:
    """A period in words, with its number of requests."""
    start, end = ("…" if each is None else f"{each:%Y-%m-%d}" if hasattr(each, "strftime") else str(each) for each in period)
    return f"{start} to\n{end}\nn = {requests:,}"
