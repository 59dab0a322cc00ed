"""Charts over time: cost and tokens per day, week or month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionframe.analysis import tokens_by
from sessionframe.plot._axes import axes
from sessionframe.plot._data import columns, largest, pivot
from sessionframe.plot._style import COMPONENTS, colours, empty, label, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTHS = {"1h": 0.035, "1d": 0.85, "1w": 6.0, "1mo": 26.0}
"""Widths of bars [days], the unit of matplotlib's dates."""
ESTIMATE = "API-equivalent estimate at list prices, not a bill"


def cost(frame: Any, *, by: str = "model", every: str = "1d", tz: str = "local", top: int = 8, ax: Axes | None = None) -> Axes:
    """Draw what the requests would have cost at list prices, stacked by group over time.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    by
        Column whose values are stacked, e.g. ``model`` or ``repo_root``.
    every
        Step of time: ``1h``, ``1d``, ``1w`` or ``1mo``.
    tz
        Time zone in which days begin.
    top
        How many groups have a colour of their own; the rest is ``other``.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        With one bar per step [USD]. Requests without a known price are not in it; their number is in the caption.
    """
    found = tokens_by(frame, by=by, every=every, tz=tz)
    steps, names, values, unpriced = columns(found, "start", by, "cost_usd", "unpriced_requests")
    order, table = pivot(steps, names, values)
    target = axes(ax)
    if not order or not table:
        return empty(target, "priced requests")
    stack(target, order, largest(table, top), every)
    missing = sum(unpriced)
    note = f"{ESTIMATE}; {missing:,} requests without a known price left out" if missing else ESTIMATE
    target.set_ylabel(label("usage", "cost_usd"))
    target.set_title(f"Cost by {by.replace('_', ' ')}", loc="left", fontweight="bold")
    target.annotate(note, (0, -0.2), xycoords="axes fraction", fontsize=8, color="#666666")
    return target


def tokens(frame: Any, *, every: str = "1d", tz: str = "local", ax: Axes | None = None) -> Axes:
    """Draw the tokens of the requests by kind over time.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    every
        Step of time: ``1h``, ``1d``, ``1w`` or ``1mo``.
    tz
        Time zone in which days begin.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One line per kind [tokens] on a logarithmic axis: cache reads are often a thousand times the output.
    """
    found = tokens_by(frame, every=every, tz=tz)
    steps, *kinds = columns(found, "start", *COMPONENTS)
    known = [number for number, step in enumerate(steps) if step is not None]
    target = axes(ax)
    if not known:
        return empty(target, "requests")
    for values, (words, colour) in zip(kinds, COMPONENTS.values(), strict=True):
        shown = [values[number] or float("nan") for number in known]
        target.plot([steps[number] for number in known], shown, color=colour, marker="o", markersize=3, linewidth=1.4, label=words)
    target.set_yscale("log")
    target.set_ylabel("tokens per " + {"1h": "hour", "1d": "day", "1w": "week", "1mo": "month"}.get(every, every))
    target.set_title("Tokens by kind", loc="left", fontweight="bold")
    finish(target)
    return target


def stack(ax: Axes, order: list[Any], table: dict[str, list[float]], every: str) -> None:
    """Stacked bars, the largest group at the bottom."""
    shade = colours(table)
    base = [0.0] * len(order)
    for name, values in table.items():
        ax.bar(order, values, width=WIDTHS[every], bottom=base, color=shade[name], label=name, align="edge")
        base = [low + value for low, value in zip(base, values, strict=True)]
    ax.set_ylim(0, max(base) * 1.05 or 1)
    finish(ax)


def finish(ax: Axes) -> None:
    """Dates that can be read, and a legend beside the data."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()  # type: ignore[no-untyped-call]  # matplotlib.dates has no types
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    ax.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    tidy(ax)
