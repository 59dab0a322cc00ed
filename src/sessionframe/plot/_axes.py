"""Axes to draw on, the caller's or new ones of a size that suits a notebook, and how their numbers and dates are written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

MOST_TICKS = 12


def axes(ax: Axes | None, *, height: float = 3.6) -> Axes:
    """The caller's axes, or a new figure's."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=(9, height), layout="constrained")[1]


def dated(ax: Axes, starts: Sequence[datetime], every: str = "1d") -> None:
    """Dates that can be read, in the time zone of the steps, with ticks where steps start."""
    from matplotlib import dates

    zone = starts[0].tzinfo
    locator: Any
    if every == "1w" and len(starts) > 1:
        weeks = (starts[-1] - starts[0]).days // 7 + 1
        locator = dates.WeekdayLocator(byweekday=dates.MO, interval=-(-weeks // MOST_TICKS), tz=zone)  # type: ignore[no-untyped-call]
    elif every == "1mo":
        months = (starts[-1] - starts[0]).days // 30 + 1
        locator = dates.MonthLocator(interval=-(-months // MOST_TICKS), tz=zone)  # type: ignore[no-untyped-call]
    else:
        locator = dates.AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]  # matplotlib.dates has no types
        locator.intervald[dates.HOURLY] = [1, 3, 6, 12] if every == "1h" else [24]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]


def percent(axis: Axis) -> None:
    """Shares as percent."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def amounts(axis: Axis) -> None:
    """Large numbers with the letter of their thousands: 20 k, 1 M."""
    from matplotlib.ticker import EngFormatter, NullFormatter

    axis.set_major_formatter(EngFormatter())
    axis.set_minor_formatter(NullFormatter())
