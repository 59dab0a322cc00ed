"""Axes to draw on, the caller's or new ones of a size that suits a notebook, and how their numbers and dates are written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.colorbar import Colorbar
    from matplotlib.colors import Colormap

MOST_TICKS = 12
MANY = 150
"""Steps from which on lines between them would hide them."""
HEAT = "YlGnBu"
"""The colours of heatmaps, from few to many; none of them is grey, and they are told apart with colour blindness."""


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
    formatter: Any
    months = (starts[-1].year - starts[0].year) * 12 + starts[-1].month - starts[0].month + 1
    if every == "1w":
        weeks = (starts[-1] - starts[0]).days // 7 + 1
        locator = dates.WeekdayLocator(byweekday=dates.MO, interval=-(-weeks // MOST_TICKS), tz=zone)  # type: ignore[no-untyped-call]
        formatter = dates.DateFormatter("%d %b\n%Y" if months > MOST_TICKS else "%d %b", tz=zone)  # type: ignore[no-untyped-call]
    elif every == "1mo":
        interval = next((each for each in (1, 2, 3, 4, 6) if months <= each * MOST_TICKS), 12)
        locator = dates.MonthLocator(range(1, 13, interval), tz=zone)  # type: ignore[no-untyped-call]
        formatter = dates.DateFormatter("%b\n%Y", tz=zone)  # type: ignore[no-untyped-call]
    else:
        locator = dates.AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]  # matplotlib.dates has no types
        locator.intervald[dates.HOURLY] = [1, 3, 6, 12] if every == "1h" else [24]
        formatter = dates.ConciseDateFormatter(locator, tz=zone)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)


def percent(axis: Axis) -> None:
    """Shares as percent."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0))


def plain(axis: Axis) -> None:
    """A logarithmic axis with numbers as people write them, with some between the powers of ten if there are few of these."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    def written(value: float, _: int | None = None) -> str:
        return f"{value:,.15g}" if value >= 1 else f"{value:.12f}".rstrip("0")

    low, high = sorted(axis.get_view_interval())
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 100 * low else (1.0,)))
    axis.set_major_formatter(FuncFormatter(written))
    axis.set_minor_formatter(FuncFormatter(lambda *_: ""))


def amounts(axis: Axis) -> None:
    """Large numbers with the letter of their thousands: 20 k, 1 M."""
    from matplotlib.ticker import EngFormatter, NullFormatter

    axis.set_major_formatter(EngFormatter())
    axis.set_minor_formatter(NullFormatter())


def heat_colours() -> Colormap:
    """From few to many; the palest colours, which would pass for nothing, are left out."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap
    from numpy import linspace

    return ListedColormap(colormaps[HEAT](linspace(0.12, 1, 256)))


def heat_bar(ax: Axes, drawn: Any, title: str, most: float | None = None) -> Colorbar:
    """What the colours mean; `most`, the largest value, has a tick of its own on a logarithmic bar."""
    bar = ax.figure.colorbar(drawn, ax=ax, pad=0.015, aspect=18)
    if most is not None:
        ticks = [*(10**power for power in range(12) if 10**power < most / 1.5), most]
        bar.set_ticks(ticks, labels=[f"{tick:,.0f}" for tick in ticks])
        bar.minorticks_off()
    bar.ax.tick_params(labelsize=8)
    bar.set_label(title, fontsize=8)
    bar.outline.set_visible(False)
    return bar
