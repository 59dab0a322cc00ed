"""Axes to draw on: the caller's, or new ones of a size that suits a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes(ax: Axes | None, *, height: float = 3.6) -> Axes:
    """The caller's axes, or a new figure's."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=(9, height), layout="constrained")[1]
