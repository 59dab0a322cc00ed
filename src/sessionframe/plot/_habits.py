"""Charts of how agents work: which kinds of tools they use over time, how much they look before they change, where calls fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionframe import analysis
from sessionframe.errors import OptionError, listed, nearest
from sessionframe.plot._axes import axes, dated, percent
from sessionframe.plot._data import UNKNOWN, as_shares, columns, largest, pivot
from sessionframe.plot._style import MUTED, PALETTE, colours, counted, empty, headed, legend, tidy, words
from sessionframe.plot._time import STEPS, shared, stack

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CATEGORIES = {
    "read": "#0072B2",
    "search": "#56B4E9",
    "edit": "#D55E00",
    "write": "#E69F00",
    "run": "#009E73",
    "web": "#CC79A7",
    "agent": "#F0E442",
    "mcp": "#5F4B8B",
    "plan": "#7F7F7F",
    "other": "#B8B8B8",
}
"""Categories of tools from the bottom of the stack: what looks is blue, what changes is orange."""
MOST_BARS = 40
"""More bars have no room for a number each."""
OF = {
    "read_edit_ratio": ("reads per edit", ("edits",)),
    "research_mutation_ratio": ("reads and searches per edit or write", ("edits", "writes")),
    "unread_edit_share": ("edits of a file not read before", ("edits",)),
    "write_share": ("writes among edits and writes", ("edits", "writes")),
    "calls_per_prompt": ("tool calls per prompt", ("prompts",)),
}
"""Ratios -> what they are, and the columns whose sum they divide by."""
FEW = 20
"""What rests on fewer cases is drawn hollow."""
MOST_BANDS = 2
"""More bands hide each other."""


def tool_mix(frame: Any, *, by: str = "category", every: str = "1w", tz: str = "local", top: int = 10, ax: Axes | None = None) -> Axes:
    """Draw which share of the tool calls is of which kind over time.

    Parameters
    ----------
    frame
        The table `tool_calls` or a frame of it.
    by
        Column whose values are stacked: ``category``, ``tool``, ``mcp_server``.
    every
        Step of time: ``1h``, ``1d``, ``1w`` or ``1mo``.
    tz
        Time zone in which days begin.
    top
        How many groups have a colour of their own; the rest is ``other``. Categories all have one.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One bar per step, stacked to 100 %; above it the number of calls. A step without calls has no bar.
    """
    order, table = pivot(*columns(analysis.tools_by(frame, by=by, every=every, tz=tz), "start", by, "calls"))
    target = axes(ax)
    if not order:
        return empty(target, "tool calls with a time")
    if by == "category":
        kept = {name: table[name] for name in CATEGORIES if name in table}
        shades = CATEGORIES
    else:
        kept = largest(table, top)
        shades = colours(kept)
    stack(target, order, as_shares(kept), every, shades)
    shared(target, "calls", every)
    if len(order) <= MOST_BARS:
        for step, number in zip(order, map(sum, zip(*kept.values(), strict=True)), strict=True):
            target.annotate(f"{number:,.0f}", (step, 1), (0, 2), textcoords="offset points", ha="center", fontsize=7, color=MUTED)
        target.set_ylim(0, 1.08)
    headed(target, f"Tool calls per {STEPS[every]} by {words(by)}", "above the bars: number of calls" if len(order) <= MOST_BARS else "")
    return target


def tool_ratios(
    frame: Any,
    messages: Any = None,
    *,
    of: str = "read_edit_ratio",
    by: str | None = None,
    every: str = "1w",
    tz: str = "local",
    ax: Axes | None = None,
) -> Axes:
    """Draw how much an agent looks before it changes something, over time.

    Parameters
    ----------
    frame
        The table `tool_calls` or a frame of it.
    messages
        The table `messages`, for `calls_per_prompt`.
    of
        The ratio, a column of `tool_ratios`: ``read_edit_ratio``, ``unread_edit_share`` (edits without a look at the file before),
        ``research_mutation_ratio``, ``write_share`` or ``calls_per_prompt``.
    by
        Column whose values have a line each, e.g. ``agent`` or ``model``.
    every
        Step of time: ``1h``, ``1d``, ``1w`` or ``1mo``.
    tz
        Time zone in which days begin.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One line per group. Hollow points stand for fewer than 20 cases, e.g. edits, and say little.

    Raises
    ------
    OptionError
        `of` is no ratio.
    """
    if of not in OF:
        raise OptionError(f"of={of!r} is no ratio. Ratios: {listed(OF)}.{nearest(of, OF)}")
    meaning, bases = OF[of]
    found = analysis.tool_ratios(frame, messages, by=[by] if by else [], every=every, tz=tz)
    steps, names, values, *cases = columns(found, "start", by or "start", of, *bases)
    lines: dict[str, list[tuple[Any, float, int]]] = {}
    for step, name, value, *counts in zip(steps, names, values, *cases, strict=True):
        if step is not None and value is not None:
            lines.setdefault((name or UNKNOWN) if by else meaning, []).append((step, value, sum(counts)))
    target = axes(ax)
    if not lines:
        return empty(target, " or ".join(bases) if of != "calls_per_prompt" else "prompts of these calls (give `messages` too)")
    shade = colours(lines) if by else {meaning: PALETTE[0]}
    for name, points in lines.items():
        line(target, points, shade[name], f"{name} (n = {sum(count for *_, count in points):,})")
    dated(target, sorted({step for points in lines.values() for step, *_ in points}), every)
    target.set_ylim(bottom=0)
    target.set_ylabel(meaning if len(meaning) < 30 else words(of))
    if of.endswith("share"):
        percent(target.yaxis)
    total = sum(count for points in lines.values() for *_, count in points)
    few = f"hollow: fewer than {FEW} {' and '.join(bases)}" if any(count < FEW for points in lines.values() for *_, count in points) else ""
    headed(
        target,
        f"{meaning[0].upper()}{meaning[1:]}, {STEPS[every]} by {STEPS[every]}",
        f"n: {' and '.join(bases)}" if by else f"{total:,} {' and '.join(bases)}",
        few,
    )
    if by:
        legend(target)
    tidy(target)
    return target


def line(ax: Axes, points: list[tuple[Any, float, int]], colour: str, label: str) -> None:
    """A line of ratios; what rests on few cases is hollow."""
    steps, values = [step for step, *_ in points], [value for _, value, _ in points]
    ax.plot(steps, values, color=colour, linewidth=1.4, label=label)
    faces = [colour if count >= FEW else "white" for *_, count in points]
    ax.scatter(steps, values, c=faces, edgecolors=colour, s=26, linewidths=1.4, zorder=3)


def errors_by_position(frame: Any, *, by: str | None = None, bins: int = 10, ax: Axes | None = None) -> Axes:
    """Draw which share of the tool calls fails early and late in a thread.

    Parameters
    ----------
    frame
        The table `tool_calls` or a frame of it.
    by
        Column whose values have a line each, e.g. ``category``: late calls are of other kinds than early ones.
    bins
        Parts of equal size that the calls of each thread are divided into.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One line per group [%], one or two with their 95 % Wilson score interval as a band; `n` are the calls, hollow points have fewer
        than 20. Threads with fewer calls than `bins`
        have no positions; how many calls these are is said above.
    """
    found = analysis.errors_by_position(frame, by=[by] if by else [], bins=bins)
    names = ("position", "calls", "error_rate", "error_rate_low", "error_rate_high")
    groups, *values = columns(found, by or "position", *names)
    cells = list(zip(groups, *values, strict=True))
    lines: dict[str, list[Any]] = {}
    for group, *cell in cells:
        if cell[0] is not None and cell[2] is not None:
            lines.setdefault((group or UNKNOWN) if by else "all calls", []).append(cell)
    target = axes(ax)
    if not lines:
        return empty(target, f"threads with {bins} tool calls")
    shade = {name: CATEGORIES.get(name, colour) for name, colour in colours(lines).items()} if by else {"all calls": PALETTE[0]}
    for name, rows in lines.items():
        places, calls, rates, low, high = (list(column) for column in zip(*rows, strict=True))
        if len(lines) <= MOST_BANDS:
            target.fill_between(places, low, high, color=shade[name], alpha=0.15, linewidth=0)
        line(target, list(zip(places, rates, calls, strict=True)), shade[name], f"{name} (n = {sum(calls):,})")
    sizes = {place: sum(row[2] for row in cells if row[1] == place) for place in range(1, bins + 1)}
    target.set_xticks(list(sizes), [f"{place}\nn = {size:,}" for place, size in sizes.items()])
    target.set_xlabel(f"part of the thread ({bins} parts with equally many calls)")
    target.set_ylabel("errors among ended calls")
    target.set_ylim(bottom=0)
    percent(target.yaxis)
    short = sum(row[2] for row in cells if row[1] is None)
    notes = [f"{counted(short, 'call')} of threads with fewer than {bins} calls left out"] if short else []
    few = f"hollow: fewer than {FEW} calls" if any(row[1] < FEW for rows in lines.values() for row in rows) else ""
    headed(target, "Do failures become more as sessions grow?", "bands: 95 % intervals" if len(lines) <= MOST_BANDS else "", few, *notes)
    if by:
        legend(target)
    tidy(target)
    return target
