"""Charts of the calendar: which days have logs, which hours of the week are busy, how a month and blocks of hours fill up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sessionframe import analysis
from sessionframe.engine.options import Moment
from sessionframe.plot._axes import MANY, amounts, axes, dated, heat_bar, heat_colours
from sessionframe.plot._data import UNKNOWN, columns, largest, pivot
from sessionframe.plot._style import ESTIMATE, NOTHING, PALETTE, colours, empty, headed, label, legend, short, tidy, words
from sessionframe.plot._time import without_price

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PERIODS = {"1d": ("hour of the day", "%Y-%m-%d"), "1w": ("day of the week", "week from %Y-%m-%d"), "1mo": ("day of the month", "%b %Y")}
MOST_PERIODS = 6


def coverage(frame: Any, *, by: str = "agent", tz: str = "local", ax: Axes | None = None) -> Axes:
    """Draw which days have requests at all, the first thing to look at: logs vanish.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    by
        Column whose values have a row each.
    tz
        Time zone in which days begin.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One cell per day and group, its colour the number of requests (logarithmic); days without any are grey.
    """
    from matplotlib.colors import LogNorm

    steps, names, values = columns(analysis.coverage(frame, by=by, tz=tz), "start", by, "requests")
    order, table = pivot(steps, names, values)
    target = axes(ax, height=max(2.0, 0.35 * len(table) + 1.2))
    if not order:
        return empty(target, "requests with a time")
    rows = sorted(table, reverse=True)
    most = max(map(max, table.values()))
    edges = [day - timedelta(hours=12) for day in [*order, order[-1] + timedelta(days=1)]]  # a day lies around its tick
    heat_bar(target, heat(target, edges, [table[name] for name in rows], LogNorm(1, max(most, 2))), "requests", most)
    shown = short(rows)
    target.set_yticks(range(len(rows)), [shown[name] for name in rows])
    dated(target, order)
    headed(
        target,
        f"Requests per day and {words(by)}",
        "grey: no requests in these logs, which cannot tell a holiday from deleted files",
    )
    return target


def week(frame: Any, *, of: str = "requests", tz: str = "local", ax: Axes | None = None) -> Axes:
    """Draw at which hours of the week the work was done.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    of
        What the colour means: ``requests``, or a column to sum, e.g. ``cost_usd``.
    tz
        Time zone whose clock counts.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One cell per hour and weekday, Monday on top. Hours without requests are grey, and so are those of which nothing is known.
    """
    from matplotlib.colors import Normalize

    found = analysis.activity(frame, of=[] if of == "requests" else of, tz=tz)
    days, hours, values = columns(found, "weekday", "hour", of)
    table = [[0.0] * 24 for _ in WEEKDAYS]
    for day, hour, value in zip(days, hours, values, strict=True):
        if day is not None:
            table[7 - day][hour] = value or 0.0
    target = axes(ax)
    if not any(map(any, table)):
        return empty(target, words(of))
    heat_bar(target, heat(target, list(range(25)), table, Normalize(0, max(map(max, table)))), label("usage", of))
    target.set_yticks(range(7), WEEKDAYS[::-1])
    target.set_xticks(range(0, 25, 3))
    target.set_xlabel(f"hour of the day, {tz} time" if tz == "local" else f"hour of the day, {tz}")
    money = ESTIMATE if of == "cost_usd" else ""
    headed(target, f"{words(of).capitalize()} by hour of the week", money, "grey: none")
    return target


def heat(ax: Axes, across: list[Any], table: list[list[float]], norm: Any) -> Any:
    """A row of cells per list, the first at the bottom, those of 0 left out."""
    from numpy import ma

    up = [number - 0.5 for number in range(len(table) + 1)]
    ax.set_facecolor(NOTHING)
    ax.tick_params(length=0, axis="y")
    ax.spines[:].set_visible(False)
    lines: dict[str, Any] = {"edgecolors": "white", "linewidth": 0.6} if len(across) <= MANY else {}
    return ax.pcolormesh(across, up, ma.masked_equal(table, 0), cmap=heat_colours(), norm=norm, **lines)


def cumulative(
    frame: Any, *, of: str = "cost_usd", every: str = "1d", within: str = "1mo", tz: str = "local", ax: Axes | None = None
) -> Axes:
    """Draw how a sum grows within each month, and where the present one is heading.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    of
        The column that is summed, e.g. ``cost_usd`` or ``output_tokens``.
    every, within
        Step of time and the period in which sums start from 0: days of the month by default.
    tz
        Time zone in which days begin.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One line per period, at most six, the last one bold and continued in dots: in a straight line, as if every day were like the
        mean of those before.
    """
    found = analysis.cumulative(frame, of=of, every=every, within=within, tz=tz)
    names = ("period", "step", "steps", f"{of}_cumulative", f"{of}_projected", "unknown_requests")
    rows = list(zip(*columns(found, *names), strict=True))
    target = axes(ax)
    periods = sorted({row[0] for row in rows if row[3] is not None})[-MOST_PERIODS:]
    if not periods:
        return empty(target, f"requests with known {words(of)}")
    for age, period in enumerate(periods[::-1]):
        month(target, [row[1:5] for row in rows if row[0] == period], age, f"{period:{PERIODS[within][1]}}")
    target.set_xlabel(PERIODS[within][0])
    target.set_ylabel(label("usage", of))
    target.set_ylim(bottom=0)
    target.set_xlim(left=0.5)
    if of != "cost_usd":
        amounts(target.yaxis)
    legend(target)
    tidy(target)
    last = {row[0]: row[5] for row in rows}
    notes = (ESTIMATE, without_price(sum(last[period] for period in periods))) if of == "cost_usd" else ()
    headed(target, f"{words(of).capitalize()} so far", *notes, "dotted: at the same pace")
    return target


def month(ax: Axes, rows: list[Any], age: int, name: str) -> None:
    """The line of one period, paler the longer ago it is; dots to its end if it has not come yet."""
    colour, width = (PALETTE[0], 2.2) if age == 0 else (f"{0.35 + 0.09 * age:.2f}", 1.2)
    known = [row for row in rows if row[2] is not None]
    step, steps, value, projected = known[-1]
    ax.plot([row[0] for row in known], [row[2] for row in known], color=colour, linewidth=width, label=name, zorder=3 - age / 10)
    if age == 0 and step < steps:
        ax.plot([step, steps], [value, projected], color=colour, linewidth=width, linestyle=":")
        end = f" {projected:,.2f}" if projected < 10 else f" {projected:,.0f}"  # cents matter only in small sums
        ax.annotate(end, (steps, projected), color=colour, fontsize=8, va="center")
    ax.plot([step], [value], color=colour, marker="o", markersize=4 if age == 0 else 0)


def blocks(
    frame: Any, *, of: str = "cost_usd", hours: int = 5, by: str = "agent", as_of: Moment = None, tz: str = "local", ax: Axes | None = None
) -> Axes:
    """Draw how much was used in each block of five hours, as subscriptions count it.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it; best of one account of one agent.
    of
        Height of the bars: ``cost_usd``, ``total_tokens``, ``output_tokens`` or ``requests``.
    hours
        Length of a block [h].
    by
        Column whose groups have blocks of their own.
    as_of
        The time to tell the active block from, as for `sessionframe.blocks`.
    tz
        Time zone of the axis.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One bar per block, as wide as it lasts; blocks of several groups overlap, the higher ones behind. The active one is hatched.
    """
    found = analysis.blocks(frame, hours=hours, by=by, as_of=as_of, tz=tz)
    names = ("start", "end", by, of, "is_active", "unpriced_requests")
    rows = [row for row in zip(*columns(found, *names), strict=True) if row[0] is not None and row[3] is not None]
    target = axes(ax)
    if not rows:
        return empty(target, "blocks")
    sums = pivot([0] * len(rows), [row[2] for row in rows], [row[3] for row in rows])[1]
    groups = largest(sums, len(sums))
    shades, shown = colours(groups), short(groups)
    for start, end, group, height, active, _ in sorted(rows, key=lambda row: -row[3]):
        name = group or UNKNOWN
        colour, hatch = shades[name], "////" if active else None
        edge, width = ("white", 0.3) if len(rows) <= MANY else (colour, 0.8)  # seen even where a block is thinner than a pixel
        target.bar(start, height, width=end - start, align="edge", color=colour, edgecolor=edge, linewidth=width, hatch=hatch)
    for name in groups:
        target.bar(rows[0][0], 0, color=shades[name], label=shown[name])
    dated(target, sorted(row[0] for row in rows))
    target.set_ylabel(label("usage", of))
    if of != "cost_usd":
        amounts(target.yaxis)
    legend(target)
    tidy(target)
    notes = [ESTIMATE, without_price(sum(row[5] for row in rows))] if of == "cost_usd" else []
    headed(target, f"{words(of).capitalize()} per block of {hours} hours", *notes, "hatched: the active block")
    return target
