"""Charts of conversations: how long they are, how much happens in them, and what they and their prompts cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw

from sessionframe.analysis import compare, per_session
from sessionframe.analysis._doors import opened
from sessionframe.analysis._order import CONVERSATION
from sessionframe.analysis.sessions import IDS, SUMMED, conversations
from sessionframe.plot._axes import axes, plain
from sessionframe.plot._curves import ecdf, framed, marked
from sessionframe.plot._data import UNKNOWN, columns
from sessionframe.plot._style import ESTIMATE, FIXED, PALETTE, colours, counted, empty, headed, label, legend, short, tidy, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SECOND = 1 / 60
"""The shortest time that a logarithmic axis shows [min]."""
COUNTS = {"prompts": PALETTE[3], "requests": PALETTE[0], "tool_calls": PALETTE[1]}
AREA, MORE = 18.0, 180.0
"""Areas of points [pt²]: without sub-agents, and what is added if all is theirs."""


def session_lengths(frame: Any, *, by: str = "agent", top: int = 6, ax: Axes | None = None) -> Axes:
    """Draw how long conversations really are: the share that is at most so long.

    Parameters
    ----------
    frame
        The table `sessions` or a frame of it; sub-agent threads are left out, their time is part of their conversation's.
    by
        Column whose values have a curve each, e.g. ``agent`` or ``model``.
    top
        How many groups to show, those with the most conversations first.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        Two cumulative curves per group [min, logarithmic]: active time (thick) and time from first to last record (thin). Dots are the
        median and the 90th percentile of `per_session`. What is shorter than a second is in the share with which a curve begins.
    """
    found = opened(frame, [by, *IDS, "active_s", "wall_s"], needed_by="plot.session_lengths")
    groups, active, wall = columns(found.filter(nw.col("session_id") == nw.col("root_session_id")), by, "active_s", "wall_s")
    known = [(group or UNKNOWN, long, total) for group, long, total in zip(groups, active, wall, strict=True) if long is not None]
    target = axes(ax)
    if not known:
        return empty(target, "sessions with a known length")
    quantiles = quantiles_of(frame, "active_s", by)
    shown = most_common([group for group, _, _ in known], top)
    shade, named = colours(shown), short(shown)
    for name in shown:
        mine = [(long / 60, total and total / 60) for group, long, total in known if group == name]
        middle, high = (each / 60 for each in quantiles[name])
        said = f"{named[name]}: p50 {middle:,.0f} min, p90 {high:,.0f} min (n = {len(mine):,})"
        ecdf(target, [long for long, _ in mine], floor=SECOND, colour=shade[name], width=2.0, label=said)
        ecdf(target, [total for _, total in mine], floor=SECOND, colour=shade[name], width=0.8)
        marked(target, (middle, high), floor=SECOND, colour=shade[name])
    framed(target, "conversations")
    target.set_xlabel("time [min]")
    without = len(groups) - len(known)
    notes = ["thick: active time, no gap counted as more than 5 min", "thin: first to last record"]
    notes += [f"{counted(without, 'conversation')} without active time left out"] if without else []
    headed(target, "How long sessions are", *notes, left_out(known, shown))
    legend(target)
    tidy(target)
    return target


def session_counts(frame: Any, *, ax: Axes | None = None) -> Axes:
    """Draw how much happens in a conversation: the share with at most so many prompts, requests and tool calls.

    Parameters
    ----------
    frame
        The table `sessions` or a frame of it; sub-agent threads are added to their conversation.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One cumulative curve each [logarithmic], with dots at the median and the 90th percentile of `per_session`. Conversations without
        any are in the share with which a curve begins.
    """
    values = columns(conversations(opened(frame, [*CONVERSATION, *IDS, *SUMMED], needed_by="plot.session_counts")), *COUNTS)
    target = axes(ax)
    if not any(value is not None for column in values for value in column):
        return empty(target, "sessions")
    for (name, colour), column in zip(COUNTS.items(), values, strict=True):
        known = [value for value in column if value is not None]
        if not known:
            continue
        middle, high = quantiles_of(frame, name)[UNKNOWN]
        said = f"{words(name)}: p50 {middle:,.0f}, p90 {high:,.0f} (n = {len(known):,})"
        ecdf(target, known, floor=1, colour=colour, label=said)
        marked(target, (middle, high), floor=1, colour=colour)
    framed(target, "conversations")
    target.set_xlabel("in a conversation [count]")
    headed(
        target, "How much happens in a session", "sub-agents included; a curve begins with the share of conversations that have at most one"
    )
    legend(target)
    tidy(target)
    return target


def session_costs(frame: Any, *, by: str = "model", top: int = 8, ax: Axes | None = None) -> Axes:
    """Draw what conversations would have cost at list prices against how many requests they made.

    Parameters
    ----------
    frame
        The table `sessions` or a frame of it; sub-agent threads are added to their conversation.
    by
        Column that gives the colour, of the conversation itself, e.g. ``model``, ``agent`` or ``repo_root``.
    top
        How many groups have a colour of their own; the rest is ``other``.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One point per conversation whose cost is known: requests and cost [USD], both logarithmic. The larger a point, the more of the
        cost is that of sub-agents.
    """
    threads = opened(frame, [by, *CONVERSATION, *IDS, *SUMMED], needed_by="plot.session_costs")
    groups, requests, cost, *names = columns(conversations(threads), by, "requests", "cost_usd", *CONVERSATION)
    of_its_own = threads.filter(nw.col("session_id") == nw.col("root_session_id"))
    own_cost, *own_names = columns(of_its_own, "cost_usd", *CONVERSATION)
    own = dict(zip(zip(*own_names, strict=True), own_cost, strict=True))
    asked = [row for row in range(len(groups)) if requests[row]]
    priced = [row for row in asked if cost[row]]
    target = axes(ax, height=4.2)
    if not priced:
        return empty(target, "priced sessions")
    helped = {row: 1 - (own.get(tuple(column[row] for column in names)) or 0) / cost[row] for row in priced}
    kept = most_common([groups[row] or UNKNOWN for row in priced], top)
    name_of = {row: name if (name := groups[row] or UNKNOWN) in kept else "other" for row in priced}
    order = list(dict.fromkeys([*kept, *name_of.values()]))
    shade, named = colours(order), short(order)
    for name in order:
        mine = [row for row in priced if name_of[row] == name]
        sizes = [AREA + MORE * max(helped[row], 0) for row in mine]
        x, y = [requests[row] for row in mine], [cost[row] for row in mine]
        target.scatter(x, y, s=sizes, color=shade[name], alpha=0.8, edgecolor="white", linewidth=0.6, label=named[name])
    target.set_xscale("log")
    target.set_yscale("log")
    plain(target.xaxis)
    plain(target.yaxis)
    target.set_xlabel(label("sessions", "requests"))
    target.set_ylabel(label("sessions", "cost_usd"))
    without = len(asked) - len(priced)
    notes = [f"{counted(without, 'conversation')} without a known price left out"] if without else []
    headed(target, f"Cost and requests of sessions by {words(by)}", "size: share of sub-agents in the cost", ESTIMATE, *notes)
    sized_legend(target, [(shade[name], f"{named[name]} (n = {list(name_of.values()).count(name):,})") for name in order])
    tidy(target, "both")
    return target


def prompt_costs(frame: Any, *, least: int = 5, ax: Axes | None = None) -> Axes:
    """Draw what a prompt would have cost at list prices by its number in the conversation.

    Parameters
    ----------
    frame
        What `sessionframe.prompts` returns.
    least
        Prompt numbers with fewer priced prompts are left out: a median of two says nothing.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        The median cost per prompt [USD, logarithmic] and a band from the lower to the upper quartile; `n` is below each number. Later
        prompts are those of long conversations only, so the line also tells how these differ from the short ones.
    """
    found = compare(frame, by="prompt", metric="cost_usd", n_boot=1)
    rows = [row for row in zip(*columns(found, "prompt", "n", "median", "p25", "p75", "unknown"), strict=True) if row[0] is not None]
    shown = [row for row in rows if row[1] >= least and row[3]]
    target = axes(ax)
    if not shown:
        return empty(target, f"prompt numbers with {least} priced prompts")
    numbers, sizes, middle, low, high, _ = (list(column) for column in zip(*shown, strict=True))
    target.fill_between(numbers, low, high, color=PALETTE[0], alpha=0.18, linewidth=0, label="middle half of the prompts")
    target.plot(numbers, middle, color=PALETTE[0], marker="o", markersize=4, label="median")
    target.set_yscale("log")
    plain(target.yaxis)
    step = -(-len(numbers) // 16)
    target.set_xticks(numbers[::step], [f"{number}\nn = {size:,}" for number, size in zip(numbers[::step], sizes[::step], strict=True)])
    target.set_xlabel("number of the prompt in its conversation")
    target.set_ylabel(label("usage", "cost_usd") + " per prompt")
    without, few = sum(row[5] for row in rows), len(rows) - len(shown)
    notes = [f"{counted(without, 'prompt')} without a known cost left out"] if without else []
    notes += [f"{counted(few, 'number')} with fewer than {least} prompts not shown"] if few else []
    headed(target, "What a prompt costs, early and late in a session", ESTIMATE, *notes)
    legend(target)
    tidy(target)
    return target


def quantiles_of(frame: Any, measure: str, by: str | None = None) -> dict[str, tuple[float, float]]:
    """Median and 90th percentile of a measure per group, or of all under ``unknown``, by `per_session`."""
    names, measures, *quantiles = columns(per_session(frame, by=[by] if by else []), by or "measure", "measure", "p50", "p90")
    rows = zip(names, measures, *quantiles, strict=True)
    return {(name if by else None) or UNKNOWN: (half, most) for name, each, half, most in rows if each == measure}


def most_common(names: Sequence[str], top: int) -> list[str]:
    """The `top` names that are there most often, the most frequent first."""
    return sorted(set(names), key=lambda name: (-names.count(name), name))[:top]


def left_out(known: Sequence[tuple[str, Any, Any]], shown: Sequence[str]) -> str:
    """What is not shown, in words."""
    rest = {group for group, _, _ in known} - set(shown)
    return f"{counted(len(rest), 'smaller group')} not shown" if rest else ""


def sized_legend(ax: Axes, groups: Sequence[tuple[str, str]]) -> None:
    """A legend of colours, and below it what the sizes mean."""
    from matplotlib.lines import Line2D

    entries = [(colour, AREA, text) for colour, text in groups]
    entries += [(FIXED["other"], AREA + MORE * share, f"{share:.0%} by sub-agents") for share in (0.0, 0.5, 1.0)]
    handles = [Line2D([], [], linestyle="none", marker="o", markersize=area**0.5, color=colour) for colour, area, _ in entries]
    texts = [text for _, _, text in entries]
    ax.legend(handles, texts, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0), labelspacing=0.9)
