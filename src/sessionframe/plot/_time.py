"""Charts over time: cost and tokens per hour, day, week or month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionframe.analysis import tokens_by
from sessionframe.plot._axes import MANY, amounts, axes, dated, percent
from sessionframe.plot._data import as_shares, columns, largest, pivot
from sessionframe.plot._style import COMPONENTS, ESTIMATE, colours, counted, empty, headed, label, legend, short, tidy, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DAYS = {"1h": 1 / 24, "1d": 1.0, "1w": 7.0, "1mo": 30.5}
"""Lengths of steps."""
WIDTHS = {"1h": 0.036, "1d": 0.85, "1w": 6.0, "1mo": 26.0}
"""Widths of bars [days], the unit of matplotlib's dates."""
STEPS = {"1h": "hour", "1d": "day", "1w": "week", "1mo": "month"}


def cost(
    frame: Any, *, by: str = "model", every: str = "1d", share: bool = False, tz: str = "local", top: int = 8, ax: Axes | None = None
) -> Axes:
    """Draw what the requests would have cost at list prices, stacked by group over time.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    by
        Column whose values are stacked, e.g. ``model`` or ``repo_root``.
    every
        Step of time: ``1h``, ``1d``, ``1w`` or ``1mo``.
    share
        Draw the shares of the groups in each step.
    tz
        Time zone in which days begin.
    top
        How many groups have a colour of their own; the rest is ``other``.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        With one bar per step [USD], above the tick at which the step starts. Requests without a known price are not in it; their
        number is in the caption.
    """
    found = tokens_by(frame, by=by, every=every, tz=tz)
    steps, names, values, unpriced = columns(found, "start", by, "cost_usd", "unpriced_requests")
    order, table = pivot(steps, names, values)
    target = axes(ax)
    if not order or not table:
        return empty(target, "priced requests")
    kept = largest(table, top)
    stack(target, order, as_shares(kept) if share else kept, every, colours(kept))
    if share:
        shared(target, "cost", every)
    else:
        target.set_ylabel(label("usage", "cost_usd"))
    headed(target, f"Cost per {STEPS[every]} by {words(by)}", ESTIMATE, without_price(sum(unpriced)))
    return target


def tokens(frame: Any, *, every: str = "1d", share: bool = False, tz: str = "local", ax: Axes | None = None) -> Axes:
    """Draw the tokens of the requests by kind over time.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    every
        Step of time: ``1h``, ``1d``, ``1w`` or ``1mo``.
    share
        Draw the shares of the kinds in each step, as stacked bars.
    tz
        Time zone in which days begin.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One line per kind [tokens] on a logarithmic axis: cache reads are often a thousand times the output. A kind of which a step has
        none has no point there.
    """
    found = tokens_by(frame, every=every, tz=tz)
    order, table = kinds(found)
    target = axes(ax)
    if not order:
        return empty(target, "requests")
    shades = {kind: colour for kind, colour in COMPONENTS.values() if kind in table}
    if share:
        stack(target, order, as_shares(table), every, shades)
        shared(target, "tokens", every)
    else:
        for kind, colour in shades.items():
            shown = [value or float("nan") for value in table[kind]]
            target.plot(order, shown, color=colour, marker="o", markersize=3, linewidth=1.4, label=kind)
        target.set_yscale("log")
        amounts(target.yaxis)
        target.set_ylabel(f"tokens per {STEPS[every]}")
        dated(target, order, every)
        legend(target)
        tidy(target)
    headed(target, f"Tokens per {STEPS[every]} by kind")
    return target


def cache_writes(frame: Any, *, every: str = "1d", tz: str = "local", ax: Axes | None = None) -> Axes:
    """Draw how many tokens were written to the prompt cache, by how long they are kept.

    A change of lifetime is a change of price: one hour costs more to write than five minutes, and is read after a longer break.

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
        With one bar per step [tokens]. Writes of which the log tells no lifetime count as those of five minutes.
    """
    order, table = kinds(tokens_by(frame, every=every, tz=tz))
    written = {kind: table[kind] for kind, _ in COMPONENTS.values() if kind.startswith("cache write") and kind in table}
    target = axes(ax)
    if not any(map(sum, written.values())):
        return empty(target, "cache writes")
    stack(target, order, written, every, {kind: colour for kind, colour in COMPONENTS.values() if kind in written})
    amounts(target.yaxis)
    target.set_ylabel(f"tokens per {STEPS[every]}")
    headed(target, f"Tokens written to the prompt cache per {STEPS[every]}", "writes without a stated lifetime count as 5 min")
    return target


def kinds(found: Any) -> tuple[list[Any], dict[str, list[float]]]:
    """The steps, and per kind of tokens that occurs its tokens in each of them; of what is written, each lifetime is a kind."""
    names = ("input_tokens", "cache_write_tokens", "cache_write_1h_tokens", "cache_read_tokens", "output_tokens")
    steps, fresh, written, hour, *rest = ([value or 0 for value in column] for column in columns(found, "start", *names))
    timed = [row for row, step in enumerate(steps) if step]
    brief = [whole - part for whole, part in zip(written, hour, strict=True)]
    sums = zip(COMPONENTS.values(), (fresh, brief, hour, *rest), strict=True)
    table = {kind: [values[row] for row in timed] for (kind, _), values in sums}
    return [steps[row] for row in timed], {kind: values for kind, values in table.items() if any(values)}


def stack(ax: Axes, order: list[Any], table: dict[str, list[float]], every: str, shades: dict[str, str]) -> None:
    """Stacked bars, the first group at the bottom."""
    base, shown = [0.0] * len(order), short(table)
    width = WIDTHS[every] if len(order) <= MANY else DAYS[every]
    for name, values in table.items():
        there = [row for row, value in enumerate(values) if value] or [0]  # a bar of nothing takes as long to draw as any other
        bars = [[column[row] for row in there] for column in (order, values, base)]
        ax.bar(bars[0], bars[1], width=width, bottom=bars[2], color=shades[name], label=shown[name])
        base = [low + value for low, value in zip(base, values, strict=True)]
    ax.set_ylim(0, max(base) * 1.05 or 1)
    dated(ax, order, every)
    legend(ax, reverse=True)
    tidy(ax)


def shared(ax: Axes, what: str, every: str) -> None:
    """A vertical axis of shares of each step."""
    percent(ax.yaxis)
    ax.set_ylim(0, 1)
    ax.set_ylabel(f"share of the {what} of the {STEPS[every]}")


def without_price(requests: int) -> str:
    """What the costs do not hold; nothing when they hold all."""
    return f"{counted(requests, 'request')} without a known price left out" if requests else ""
