"""Charts of tools: how often they are called, how the calls end, how long they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionframe.analysis import tools_by
from sessionframe.analysis._doors import opened
from sessionframe.plot._axes import axes, percent
from sessionframe.plot._bars import points, remarks, rows, stacked
from sessionframe.plot._curves import ecdf, framed, marked
from sessionframe.plot._data import UNKNOWN, columns
from sessionframe.plot._style import MUTED, PALETTE, colours, counted, empty, headed, label, legend, tidy, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STATUSES = {
    "errors": ("error", "#D55E00"),
    "denied": ("denied", "#CC79A7"),
    "interrupted": ("interrupted", "#F0E442"),
    "pending": ("no result", "#B8B8B8"),
}
"""Columns of `tools_by` -> how these calls ended, and the colour of that."""
HEAVY = 200
"""With so many times the calls of the last tool shown, the first one leaves no room for its bar."""
INTERVAL = "lines: 95 % intervals"
MILLISECOND = 0.001
"""The shortest duration that a logarithmic axis shows [s]."""


def tools(frame: Any, *, by: str = "tool", top: int = 15, log: bool | None = None, ax: Axes | None = None) -> Axes:
    """Draw how often each tool was called and how the calls ended.

    Parameters
    ----------
    frame
        The table `tool_calls` or a frame of it.
    by
        Column to group by: ``tool``, ``category``, ``command``, ``mcp_server``.
    top
        How many tools to show, the most called first.
    log
        Use a logarithmic axis, with a point for each outcome in place of bars, whose parts would not add up on it. By default if the first
        tool has 200 times the calls of the last one shown.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One bar per tool [calls], split by outcome, with the share of errors among the calls that ran to an end behind it.
    """
    names, calls, rates, *ends = columns(tools_by(frame, by=by), by, "calls", "error_rate", *STATUSES)
    order = sorted(range(len(names)), key=lambda row: (-calls[row], names[row] or ""))[:top][::-1]
    target = rows(ax, [names[row] or UNKNOWN for row in order])
    if not order:
        return empty(target, "tool calls")
    parts = {"ok": (PALETTE[0], [calls[row] - sum(end[row] for end in ends) for row in order])}
    for (status, colour), end in zip(STATUSES.values(), ends, strict=True):
        parts[status] = (colour, [end[row] for row in order])
    is_log = calls[order[-1]] >= HEAVY * calls[order[0]] if log is None else log
    (points if is_log else stacked)(target, parts)
    remarks(target, [calls[row] for row in order], [f"{rates[row]:.1%} errors" if rates[row] else "" for row in order])
    target.set_xlabel("calls")
    headed(target, f"{titled(by)} calls by outcome", not_shown(len(names) - len(order)))
    legend(target)
    tidy(target, "x")
    return target


def tool_time(frame: Any, *, by: str = "tool", top: int = 15, ax: Axes | None = None) -> Axes:
    """Draw how long all calls of each tool took together.

    Parameters
    ----------
    frame
        The table `tool_calls` or a frame of it.
    by
        Column to group by: ``tool``, ``category``, ``command``, ``mcp_server``.
    top
        How many tools to show, the longest first.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One bar per tool [s, min or h], with the number of its calls and their median duration behind it.
    """
    names, calls, totals, medians = columns(tools_by(frame, by=by), by, "calls", "total_duration_s", "median_duration_s")
    timed = [row for row in range(len(names)) if totals[row] is not None]
    order = sorted(timed, key=lambda row: (-totals[row], names[row] or ""))[:top][::-1]
    target = rows(ax, [names[row] or UNKNOWN for row in order])
    if not order:
        return empty(target, "durations of tool calls")
    size, unit = unit_of(totals[order[-1]])
    values = [totals[row] / size for row in order]
    stacked(target, {"time": (PALETTE[0], values)})
    remarks(target, values, [f"{counted(calls[row], 'call')}, median {spoken(medians[row])}" for row in order])
    target.set_xlim(0, values[-1] * 1.3 or 1)
    target.set_xlabel(f"total duration [{unit}]")
    notes = ["includes waits for a permission where only timestamps tell", "calls side by side all count"]
    headed(target, f"Total time of {words(by)} calls", *notes, not_shown(len(timed) - len(order)))
    tidy(target, "x")
    return target


def error_rates(frame: Any, *, by: str = "tool", least: int = 20, top: int = 20, ax: Axes | None = None) -> Axes:
    """Draw which share of the calls of each tool failed, and how sure that is.

    Parameters
    ----------
    frame
        The table `tool_calls` or a frame of it.
    by
        Column to group by: ``tool``, ``category``, ``command``, ``model``.
    least
        Groups with fewer calls that ran to an end are left out.
    top
        How many groups to show, those with the most calls.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        A dot per group with its 95 % Wilson score interval [%], the highest rate first; `n` are the calls that ran to an end, well or
        not. The dashed line is the rate of all calls.
    """
    names, calls, *rest = columns(tools_by(frame, by=by), by, "calls", "error_rate", "error_rate_low", "error_rate_high", *STATUSES)
    rates, low, high, _, *unended = rest
    ended = [calls[row] - sum(column[row] for column in unended) for row in range(len(names))]
    enough = [row for row in range(len(names)) if ended[row] >= least]
    largest = sorted(enough, key=lambda row: (-ended[row], names[row] or ""))[:top]
    order = sorted(largest, key=lambda row: (rates[row], ended[row]))
    target = rows(ax, [f"{names[row] or UNKNOWN} (n = {ended[row]:,})" for row in order])
    if not order:
        return empty(target, f"{words(by)} with {least} ended calls")
    values = [rates[row] for row in order]
    spans = [[rates[row] - low[row] for row in order], [high[row] - rates[row] for row in order]]
    target.errorbar(values, range(len(order)), xerr=spans, fmt="o", color=PALETTE[0], ecolor=PALETTE[0], elinewidth=1.4, markersize=6)
    whole = columns(tools_by(frame, by=()), "error_rate")[0][0]
    target.axvline(whole, color=MUTED, linestyle="--", linewidth=0.9, zorder=0)
    most = max(high[row] for row in order)
    target.set_xlim(-0.012 * most, 1.05 * most)  # dots at 0 are whole
    target.set_xlabel("errors as a share of the calls that ran to an end")
    percent(target.xaxis)
    few = len(names) - len(enough)
    headed(
        target,
        f"{titled(by)} calls that failed",
        INTERVAL,
        f"dashed: all calls, {whole:.1%}",
        f"{few:,} with fewer than {least} calls left out" if few else "",
        not_shown(len(enough) - len(order)),
    )
    tidy(target, "x")
    return target


def tool_latency(frame: Any, *, by: str = "tool", top: int = 8, ax: Axes | None = None) -> Axes:
    """Draw how long single calls take: the share that takes at most so long.

    Parameters
    ----------
    frame
        The table `tool_calls` or a frame of it.
    by
        Column whose values have a curve each: ``tool``, ``category``, ``command``, ``model``.
    top
        How many curves to draw, those with the most calls.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One cumulative curve per group [s, logarithmic], with dots at the median and the 90th percentile of `tools_by`. Calls without a
        known duration are left out.
    """
    found = tools_by(frame, by=by)
    groups, durations = columns(opened(frame, [by, "duration_s"], needed_by="plot.tool_latency"), by, "duration_s")
    known: dict[str, list[float]] = {}
    for group, seconds in zip(groups, durations, strict=True):
        if seconds is not None:
            known.setdefault(group or UNKNOWN, []).append(seconds)
    shown = sorted(known, key=lambda name: (-len(known[name]), name))[:top]
    target = axes(ax)
    if not shown:
        return empty(target, "durations of tool calls")
    names, *quantiles = columns(found, by, "median_duration_s", "p90_duration_s")
    marks = {name or UNKNOWN: pair for name, *pair in zip(names, *quantiles, strict=True)}
    shade = colours(shown)
    for name in shown:
        said = f"{name}: p50 {spoken(marks[name][0])}, p90 {spoken(marks[name][1])} (n = {len(known[name]):,})"
        ecdf(target, known[name], floor=MILLISECOND, colour=shade[name], label=said)
        marked(target, marks[name], floor=MILLISECOND, colour=shade[name])
    framed(target, "calls")
    target.set_xlabel(label("tool_calls", "duration_s"))
    without = len(groups) - sum(map(len, known.values()))
    notes = ["includes waits for a permission where only timestamps tell"]
    notes += [f"{counted(without, 'call')} without a known duration left out"] if without else []
    headed(target, f"How long {words(by)} calls take", *notes, not_shown(len(known) - len(shown)))
    legend(target)
    tidy(target)
    return target


def titled(by: str) -> str:
    """What is counted, to begin a title with."""
    return words(by).capitalize()


def not_shown(number: int) -> str:
    """How many smaller groups a chart leaves out; nothing if it shows all."""
    return f"{number:,} more not shown" if number else ""


def unit_of(seconds: float) -> tuple[int, str]:
    """A unit of time in which so many seconds are a number that can be read."""
    return (1, "s") if seconds < 180 else (60, "min") if seconds < 3 * 3600 else (3600, "h")


def spoken(seconds: float | None) -> str:
    """A length of time with two digits."""
    if seconds is None:
        return "unknown"
    size, unit = unit_of(seconds)
    return f"{seconds / size:,.{0 if seconds / size >= 10 else 1}f} {unit}"
