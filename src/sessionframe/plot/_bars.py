"""Horizontal bars with names that can be read: axes of the right height, stacked parts, words behind the bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from sessionframe.plot._axes import axes, plain
from sessionframe.plot._style import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Parts: TypeAlias = Mapping[str, tuple[str, Sequence[float]]]
"""The name of a part -> its colour and its values, one per row."""
LONGEST = 34
"""Letters of a name that fit beside a bar."""


def rows(ax: Axes | None, names: Sequence[str], *, each: float = 0.32) -> Axes:
    """Axes with a row per name, the first one at the bottom; their own are high enough for all."""
    target = axes(ax, height=max(2.2, each * len(names) + 1.1))
    if names:
        target.set_yticks(range(len(names)), [cut(name) for name in names])
        target.set_ylim(-0.6, len(names) - 0.4)
    return target


def cut(name: str) -> str:
    """A name that is not too long, line by line; of a long one the end, which tells paths and servers' tools apart."""
    return "\n".join(line if len(line) <= LONGEST else "…" + line[1 - LONGEST :] for line in name.split("\n"))


def stacked(ax: Axes, parts: Parts) -> None:
    """One bar per row, its parts side by side; a part of which there is nothing is left out."""
    base: list[float] = []
    for name, (colour, values) in parts.items():
        base = base or [0.0] * len(values)
        if any(values):
            ax.barh(range(len(values)), values, left=base, color=colour, label=name)
        base = [low + value for low, value in zip(base, values, strict=True)]
    ax.set_xlim(0, max(base) * 1.2 or 1)


def points(ax: Axes, parts: Parts) -> None:
    """One point per row and part on a logarithmic axis, on which lengths of bars mean nothing."""
    for name, (colour, values) in parts.items():
        known = [row for row, value in enumerate(values) if value]
        if known:
            ax.scatter([values[row] for row in known], known, color=colour, label=name, s=42, edgecolor="white", linewidth=0.6, zorder=3)
    ax.set_xscale("log")
    ax.set_xlim(right=4 * max(max(values) for _, values in parts.values()))  # room for remarks
    plain(ax.xaxis)


def remarks(ax: Axes, ends: Iterable[float], texts: Iterable[str]) -> None:
    """Small words behind the end of each bar."""
    for row, (end, text) in enumerate(zip(ends, texts, strict=True)):
        if text:
            ax.annotate(text, (end, row), (5, 0), textcoords="offset points", va="center", fontsize=8, color=MUTED)
