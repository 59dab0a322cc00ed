"""Numbers go in, cumulative curves come out: the share of cases that are at most so large."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sessionframe.plot._axes import percent, plain
from sessionframe.plot._style import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKS = (0.5, 0.9)
"""The shares that are marked on a curve: the median and what nine of ten do not exceed."""


def ecdf(ax: Axes, values: Iterable[float | None], *, floor: float, colour: str, width: float = 1.8, label: str | None = None) -> None:
    """Draw the share of the known values that are at most so large.

    Values below `floor` have no place on a logarithmic axis; they are in the share with which the curve begins there.
    """
    ranked = sorted(max(value, floor) for value in values if value is not None)
    shares = {value: (number + 1) / len(ranked) for number, value in enumerate(ranked)}
    ax.step(list(shares), list(shares.values()), where="post", color=colour, linewidth=width, label=label)


def marked(ax: Axes, quantiles: Sequence[float | None], *, floor: float, colour: str) -> None:
    """Mark the median and the 90th percentile of a curve."""
    known = [(max(value, floor), share) for value, share in zip(quantiles, MARKS, strict=True) if value is not None]
    ax.plot(*zip(*known, strict=True), linestyle="none", marker="o", markersize=5, color=colour, markeredgecolor="white")


def framed(ax: Axes, cases: str) -> None:
    """A logarithmic axis of values, one of shares, and lines where the marks are."""
    ax.set_xscale("log")
    plain(ax.xaxis)
    ax.set_ylim(0, 1.02)
    ax.set_ylabel(f"share of {cases}")
    percent(ax.yaxis)
    for share in MARKS:
        ax.axhline(share, color=MUTED, linewidth=0.6, linestyle=":")
        ax.annotate(
            f"p{share * 100:.0f}",
            (1, share),
            (-2, 1),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            fontsize=7,
            color=MUTED,
        )
