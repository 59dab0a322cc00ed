"""Charts of the prompt cache: how often it hits, when it does not, and what it saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionframe import analysis
from sessionframe.analysis._prices import Prices
from sessionframe.plot._axes import axes, dated, heat_bar, heat_colours, percent
from sessionframe.plot._data import UNKNOWN, columns, pivot
from sessionframe.plot._style import ESTIMATE, MUTED, PALETTE, colours, counted, empty, headed, label, legend, short, tidy, words
from sessionframe.plot._time import STEPS, without_price

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LIFETIMES = {300: "5 min", 3600: "1 h"}
WHITE = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
TIMES = {1: "1 s", 10: "10 s", 60: "1 min", 300: "5 min", 3600: "1 h", 36_000: "10 h", 86_400: "1 d", 864_000: "10 d"}


def cache_hits(
    frame: Any, *, by: str = "model", every: str = "1d", tz: str = "local", top: int = 6, prices: Prices = None, ax: Axes | None = None
) -> Axes:
    """Draw how much of the prompts was read from the cache, over time.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    by
        Column whose values have a line each.
    every
        Step of time: ``1h``, ``1d``, ``1w`` or ``1mo``.
    tz
        Time zone in which days begin.
    top
        How many groups to show, those with the most requests.
    prices
        Own prices that the costs of a frame come from; a table brings those of its scan.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One line per group: cache reads as a share of all tokens of the prompts of each step. The area of a point grows with the
        number of requests: a step with one says little.
    """
    found = analysis.cache_by(frame, by=by, every=every, tz=tz, prices=prices)
    rows = list(zip(*columns(found, "start", by, "hit_ratio", "requests"), strict=True))
    known = [row for row in rows if row[0] is not None and row[2] is not None]
    target = axes(ax)
    if not known:
        return empty(target, "requests with known cache reads")
    requests = pivot([0] * len(known), [row[1] for row in known], [row[3] for row in known])[1]
    shown = sorted(requests, key=lambda name: (-requests[name][0], name))[:top]
    shades, named, most = colours(shown), short(shown), max(row[3] for row in known)
    for name in shown:
        own = [row for row in known if (row[1] or UNKNOWN) == name]
        days, ratios, sizes = [row[0] for row in own], [row[2] for row in own], [3 + row[3] / most * 77 for row in own]
        named_n = f"{named[name]} (n = {requests[name][0]:,.0f})"
        target.plot(days, ratios, color=shades[name], linewidth=1, alpha=0.6, label=named_n)
        target.scatter(days, ratios, sizes, color=shades[name], zorder=2.5)
    target.set_ylim(-0.02, 1.02)
    percent(target.yaxis)
    target.set_ylabel("hit ratio")
    dated(target, sorted({row[0] for row in known}), every)
    legend(target)
    tidy(target)
    left = f"{len(requests) - len(shown):,} with fewer requests not shown" if len(requests) > len(shown) else ""
    headed(target, f"Share of the prompts read from the cache per {STEPS[every]}", "larger points: more requests (n)", left)
    return target


def cache_gaps(frame: Any, *, ax: Axes | None = None) -> Axes:
    """Draw how much of a prompt the cache still had, by the time since the request before.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        A field of hexagons, their colour the number of requests (logarithmic); vertical lines at the lifetimes of cache entries, 5
        minutes and an hour; bold ones at the median of the requests between them.
    """
    rows = zip(*columns(analysis.cache_gaps(frame), "gap_s", "hit_ratio"), strict=True)
    points = [(max(gap, 0.1), ratio) for gap, ratio in rows if gap is not None and ratio is not None]
    target = axes(ax)
    if not points:
        return empty(target, "requests that follow another")
    gaps, ratios = zip(*points, strict=True)
    shades = heat_colours()
    field = target.hexbin(gaps, ratios, xscale="log", bins="log", gridsize=(46, 14), mincnt=1, cmap=shades, linewidths=0.1)
    field.set_clim(1, max(float(field.norm.vmax or 1), 2))  # type: ignore[arg-type]  # one number
    heat_bar(target, field, "requests", float(field.norm.vmax or 1))  # type: ignore[arg-type]  # one number
    for seconds, name in LIFETIMES.items():
        target.axvline(seconds, color=PALETTE[5], linewidth=1)
        target.annotate(f" {name}", (seconds, 0.5), xycoords=("data", "axes fraction"), fontsize=8, color=PALETTE[5])
    medians(target, frame, min(gaps), max(gaps))
    ticks = [time for time in TIMES if min(gaps) / 3 <= time <= max(gaps) * 3]
    target.set_xticks(ticks, [TIMES[time] for time in ticks])
    target.minorticks_off()
    target.set_ylim(-0.05, 1.06)
    percent(target.yaxis)
    target.set_xlabel("time since the request before, in the same thread and on the same model")
    target.set_ylabel("hit ratio")
    tidy(target)
    headed(
        target,
        "Cache hits by the time since the request before",
        f"n = {counted(len(points), 'request')}",
        "bold: median between the lifetimes of the cache",
    )
    return target


def medians(ax: Axes, frame: Any, first: float, last: float) -> None:
    """The median hit ratio between the lifetimes."""
    found = analysis.cache_by_gap(frame, bins=list(LIFETIMES))
    for start, end, ratio in zip(*columns(found, "gap_from_s", "gap_to_s", "median_hit_ratio"), strict=True):
        if start is not None and ratio is not None:
            ends = [max(start, first), end or max(last, start)]
            ax.plot(ends, [ratio, ratio], color="black", linewidth=2.2, solid_capstyle="butt")
            ax.annotate(
                f"{ratio:.0%}", (ends[0], ratio), (4, -14 if ratio > 0.5 else 5), textcoords="offset points", fontsize=8, bbox=WHITE
            )


def cache_savings(frame: Any, *, by: str = "repo_root", top: int = 15, prices: Prices = None, ax: Axes | None = None) -> Axes:
    """Draw what the requests cost, beside what they would have cost without a prompt cache.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    by
        Column whose values have a pair of bars each.
    top
        How many to show, the most costly first.
    prices
        Own prices that the costs of a frame come from; a table brings those of its scan.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        Two horizontal bars per value [USD]: the cost, and the cost if all of each prompt had been charged as uncached input. The words
        say how much less or more the first one is.
    """
    found = analysis.cache_by(frame, by=by, prices=prices)
    rows = list(zip(*columns(found, by, "cost_usd", "saved_usd", "unpriced_requests"), strict=True))
    known = sorted((row for row in rows if row[1] is not None and row[2] is not None), key=lambda row: -row[1])[:top][::-1]
    target = axes(ax, height=max(2.0, 0.5 * len(known) + 1.2))
    if not known:
        return empty(target, "priced requests")
    names = [row[0] or UNKNOWN for row in known]
    without = [row[1] + row[2] for row in known]
    places = range(len(known))
    target.barh([place - 0.2 for place in places], without, height=0.38, color="#B8B8B8", label="without a cache")
    target.barh([place + 0.2 for place in places], [row[1] for row in known], height=0.38, color=PALETTE[0], label="as it was")
    for place, row, whole in zip(places, known, without, strict=True):
        change = f" {row[1] / whole - 1:+.0%}" if whole > 0 else ""
        target.annotate(change, (row[1], place + 0.2), va="center", fontsize=8, color=MUTED)
    shown = short(names)
    target.set_yticks(places, [shown[name] for name in names])
    target.set_xlabel(label("usage", "cost_usd"))
    legend(target, reverse=True)
    tidy(target, "x")
    hidden = f"{len(rows) - len(known):,} not shown" if len(rows) > len(known) else ""
    headed(target, f"What the prompt cache saves, by {words(by)}", ESTIMATE, without_price(sum(row[3] for row in rows)), hidden)
    return target
