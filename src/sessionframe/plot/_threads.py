"""Charts of threads: how the context grows from turn to turn, and what sub-agents cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionframe import analysis
from sessionframe.analysis._doors import opened
from sessionframe.analysis._threads import THREAD
from sessionframe.analysis.tokens import SUMMED
from sessionframe.plot._axes import amounts, axes
from sessionframe.plot._data import UNKNOWN, columns, largest, pivot
from sessionframe.plot._style import ESTIMATE, PALETTE, colours, empty, headed, label, legend, short, tidy, words
from sessionframe.plot._time import STEPS, stack, without_price

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOTS = ("main", "fork", "review")
"""Kinds of threads that a person starts; the agent starts all others by itself."""
MOST_TICKS = 8


def context_growth(frame: Any, *, by: str | None = None, least: int = 5, top: int = 6, ax: Axes | None = None) -> Axes:
    """Draw how large the context is at the first, second, third ... request of a thread.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    by
        Column whose values have a line each, e.g. ``model``; without it all threads are one.
    least
        The line ends where fewer threads than this are left: quantiles of few say little.
    top
        How many values of `by` to show, those with the most threads.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        The median over threads [tokens] and a band from the 10th to the 90th percentile; below each tick how many threads are left.
    """
    found = analysis.context_growth_by(frame, by=by or ())
    names = ("request_number", "threads", "median_context_tokens", "p10_context_tokens", "p90_context_tokens")
    numbers, threads, *quantiles = columns(found, *names)
    groups = [name or UNKNOWN for name in columns(found, by)[0]] if by else [""] * len(numbers)
    rows = [row for row in zip(groups, numbers, threads, *quantiles, strict=True) if row[2] >= least]
    target = axes(ax)
    if not rows:
        return empty(target, f"{least} threads with requests")
    begun = {row[0]: row[2] for row in rows[::-1]}
    shown = sorted(begun, key=lambda name: (-begun[name], name))[:top]
    shades, named = (colours(shown), short(shown)) if by else ({"": PALETTE[0]}, {"": ""})
    for name in shown:
        _, across, _, median, low, high = zip(*(row for row in rows if row[0] == name), strict=True)
        target.fill_between(across, low, high, color=shades[name], alpha=0.22 if len(shown) == 1 else 0.1, linewidth=0)
        target.plot(across, median, color=shades[name], linewidth=2, label=named[name])
    left = [sum(row[2] for row in rows if row[1] == number and row[0] in shown) for number in sorted({row[1] for row in rows})]
    ticks = range(1, len(left) + 1, max(1, -(-len(left) // MOST_TICKS)))
    target.set_xticks(ticks, [f"{tick}\nn = {left[tick - 1]:,}" for tick in ticks])
    target.set_ylim(bottom=0)
    amounts(target.yaxis)
    target.set_xlabel("number of the request in its thread; n: threads that have one")
    target.set_ylabel("context [tokens]")
    legend(target)
    tidy(target)
    headed(
        target,
        "How the context grows" + (f", by {words(by)}" if by else ""),
        "median and 10th to 90th percentile of the threads",
        f"at least {least} threads",
    )
    return target


def subagent_cost(frame: Any, sessions: Any, *, every: str = "1w", tz: str = "local", top: int = 8, ax: Axes | None = None) -> Axes:
    """Draw what conversations cost themselves, and what their sub-agents of each type do.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    sessions
        The table `sessions` of the same logs or a frame of it: it knows what a thread is.
    every
        Step of time: ``1h``, ``1d``, ``1w`` or ``1mo``.
    tz
        Time zone in which days begin.
    top
        How many types have a colour of their own; the rest is ``other``.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        With one bar per step [USD], what the main threads cost at the bottom. A thread that the agent started without naming a type is
        called by its kind, e.g. ``compaction``.
    """
    found = analysis.tokens_by(with_type(frame, sessions), by="type", every=every, tz=tz)
    steps, names, values, unpriced = columns(found, "start", "type", "cost_usd", "unpriced_requests")
    order, table = pivot(steps, names, values)
    target = axes(ax)
    if not order or not table:
        return empty(target, "priced requests")
    kept = largest(table, top)
    stacked = {name: kept[name] for name in sorted(kept, key=lambda name: name != "main")}
    stack(target, order, stacked, every, colours(stacked))
    target.set_ylabel(label("usage", "cost_usd"))
    own = sum(kept.get("main", [])) / (sum(map(sum, kept.values())) or 1)
    headed(
        target,
        f"Cost per {STEPS[every]} of main threads and sub-agents",
        f"{1 - own:.0%} outside main threads",
        ESTIMATE,
        without_price(sum(unpriced)),
    )
    return target


def with_type(frame: Any, sessions: Any) -> Any:
    """Requests with the `type` of their thread: ``main``, the type of a sub-agent, or the kind of thread that it is."""
    import polars as pl

    needed = [*THREAD, "at", *SUMMED]
    requests = opened(frame, needed, needed_by="plot.subagent_cost").to_polars()
    threads = opened(sessions, [*THREAD, "kind", "subagent_type"], needed_by="plot.subagent_cost").to_polars()
    kind = pl.col("kind").cast(pl.String)
    named = pl.when(kind.is_in(ROOTS)).then(pl.lit("main")).otherwise(pl.coalesce("subagent_type", kind))
    types = threads.select(*THREAD, named.alias("type")).unique(THREAD)
    return requests.join(types, on=THREAD, how="left", nulls_equal=True)
