"""Names -> colours and axis labels, the same in every chart."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sessionframe.schema import SCHEMA, TableName

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7F7F7F")
"""The eight colours of Okabe and Ito: told apart with every common kind of colour blindness."""
OTHER = "#B8B8B8"

FAMILIES = {
    "opus": "#0072B2",
    "sonnet": "#E69F00",
    "haiku": "#009E73",
    "fable": "#CC79A7",
    "gpt": "#D55E00",
    "codex": "#D55E00",
    "gemini": "#56B4E9",
    "qwen": "#7F7F7F",
}
"""One colour per family of models; versions of a family are shades of it."""

COMPONENTS = {
    "input_tokens": ("uncached input", "#D55E00"),
    "cache_write_tokens": ("cache write", "#E69F00"),
    "cache_read_tokens": ("cache read", "#56B4E9"),
    "output_tokens": ("output", "#0072B2"),
}


def family(name: str) -> str | None:
    """The family of models that a name belongs to."""
    return next((word for word in FAMILIES if word in name.lower()), None)


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name: its family's, lighter for each further version; other names keep a colour of their own."""
    found: dict[str, str] = {}
    seen: dict[str, int] = {}
    for name in sorted(set(names)):
        if name == "other":
            found[name] = OTHER
            continue
        word = family(name)
        base = FAMILIES[word] if word else PALETTE[zlib.crc32(name.encode()) % len(PALETTE)]
        found[name] = lighter(base, seen.get(base, 0))
        seen[base] = seen.get(base, 0) + 1
    return found


def lighter(colour: str, steps: int) -> str:
    """A colour mixed with white, further with every step."""
    share = 1 - 0.62**steps
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(value + (255 - value) * share):02x}" for value in (red, green, blue))


def label(table: TableName, column: str) -> str:
    """An axis label from the schema: the column in words and its unit."""
    unit = SCHEMA[table][column].unit
    words = column.removesuffix("_usd").removesuffix("_s").replace("_", " ")
    return f"{words} [{unit}]" if unit else words


def tidy(ax: Axes) -> None:
    """Only the lines that carry meaning."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#E5E5E5", linewidth=0.8)
    ax.set_axisbelow(True)


def empty(ax: Axes, what: str) -> Axes:
    """An honest empty chart."""
    ax.text(0.5, 0.5, f"no {what} in these logs", ha="center", va="center", transform=ax.transAxes, color="#666666")
    ax.set_axis_off()
    return ax
