"""Charts without time: tools and lengths of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionframe.analysis import tools_by
from sessionframe.analysis._doors import opened
from sessionframe.plot._axes import axes
from sessionframe.plot._data import columns
from sessionframe.plot._style import MUTED, PALETTE, counted, empty, headed, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STATUSES = {
    "errors": ("error", "#D55E00"),
    "denied": ("denied", "#CC79A7"),
    "interrupted": ("interrupted", "#F0E442"),
    "pending": ("no result", "#B8B8B8"),
}


def tools(frame: Any, *, top: int = 15, ax: Axes | None = None) -> Axes:
    """Draw how often each tool was called and how the calls ended.

    Parameters
    ----------
    frame
        The table `tool_calls` or a frame of it.
    top
        How many tools to show, the most called first.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One bar per tool [calls], split by outcome, with the share of errors among the calls that ran to an end behind it.
    """
    found = tools_by(frame)
    names, calls, rates, *ends = columns(found, "tool", "calls", "error_rate", *STATUSES)
    order = sorted(range(len(names)), key=lambda row: (-calls[row], names[row] or ""))[:top][::-1]
    target = axes(ax, height=max(2.0, 0.32 * len(order) + 1))
    if not order:
        return empty(target, "tool calls")
    labels = [names[row] or "unknown" for row in order]
    good = [calls[row] - sum(end[row] for end in ends) for row in order]
    target.barh(labels, good, color=PALETTE[0], label="ok")
    base = good
    for (words, colour), end in zip(STATUSES.values(), ends, strict=True):
        values = [end[row] for row in order]
        if any(values):
            target.barh(labels, values, left=base, color=colour, label=words)
        base = [low + value for low, value in zip(base, values, strict=True)]
    for place, row in enumerate(order):
        if rates[row]:
            target.annotate(f" {rates[row]:.1%} errors", (calls[row], place), va="center", fontsize=8, color=MUTED)
    target.set_xlabel("calls")
    headed(target, "Tool calls by outcome")
    target.legend(frameon=False, fontsize=8, loc="lower right")
    tidy(target, "x")
    target.set_xlim(0, max(calls) * 1.12)
    return target


def session_lengths(frame: Any, *, ax: Axes | None = None) -> Axes:
    """Draw how long conversations really are: the share that is at most so long.

    Parameters
    ----------
    frame
        The table `sessions` or a frame of it; sub-agent threads are left out, their time is part of their conversation's.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        Two cumulative curves [minutes, logarithmic]: active time (solid) and time from first to last record (thin). Conversations
        shorter than a second are left out of the curves and counted in the caption.
    """
    found = opened(frame, ["session_id", "root_session_id", "active_s", "wall_s"], needed_by="plot.session_lengths")
    own, root, active, wall = columns(found, "session_id", "root_session_id", "active_s", "wall_s")
    main = [row for row in range(len(own)) if own[row] == root[row]]
    target = axes(ax)
    if not main:
        return empty(target, "sessions")
    for values, words, width in ((active, "active", 2.0), (wall, "first to last record", 0.9)):
        minutes = sorted(values[row] / 60 for row in main if values[row] is not None and values[row] >= 1)
        if minutes:
            share = [(number + 1) / len(minutes) for number in range(len(minutes))]
            middle = minutes[len(minutes) // 2]
            target.step(minutes, share, where="post", color=PALETTE[0], linewidth=width, label=f"{words} (median {middle:,.0f} min)")
    short = sum(1 for row in main if active[row] is None or active[row] < 1)
    target.set_xscale("log")
    target.set_xlabel("minutes")
    target.set_ylabel("share of conversations")
    target.set_ylim(0, 1.02)
    headed(target, "How long sessions are", f"{counted(short, 'conversation')} without active time left out" if short else "")
    if target.get_legend_handles_labels()[0]:
        target.legend(frameon=False, fontsize=8, loc="upper left")
    tidy(target)
    return target
