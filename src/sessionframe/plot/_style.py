"""Names -> colours and words, and the dress of the axes: the same in every chart."""

from __future__ import annotations

import re
import textwrap
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from sessionframe.machine import path_parts
from sessionframe.schema import SCHEMA, TableName

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7F7F7F")
"""The eight colours of Okabe and Ito, grey for black: told apart with every common kind of colour blindness."""
MUTED = "#666666"
"""Words that explain."""
NOTHING = "#EDEDED"
"""Where there is no data."""
ESTIMATE = "API-equivalent estimate at list prices, not a bill"

FIXED = {
    "claude-code": "#0072B2",
    "codex": "#D55E00",
    "gemini": "#56B4E9",
    "opencode": "#009E73",
    "kilo": "#F0E442",
    "qwen": "#CC79A7",
    "main": "#0072B2",
    "other": "#B8B8B8",
    "unknown": "#D9D9D9",
}
"""Agents, and names with a meaning of their own."""

FAMILIES = {
    "opus": "#0072B2",
    "sonnet": "#E69F00",
    "haiku": "#009E73",
    "fable": "#CC79A7",
    "gpt": "#D55E00",
    "codex": "#D55E00",
    "gemini": "#56B4E9",
    "qwen": "#000000",
}
"""One colour per family of models; versions of a family are shades of it."""
SHADES = (0.0, 0.24, 0.42, 0.56, 0.67)
"""Shares of white, the colour itself first."""
VERSION = re.compile(r"(?<!\d)(\d{1,2})(?:[.-](\d{1,2}))?(?!\d)")

NAMES = {"repo_root": "repository", "git_branch": "branch", "root_session_id": "conversation", "session_id": "thread"}
"""Columns whose names are not what people say."""

COMPONENTS = {
    "input_tokens": ("uncached input", "#D55E00"),
    "cache_write_5m_tokens": ("cache write, 5 min", "#E69F00"),
    "cache_write_1h_tokens": ("cache write, 1 h", "#CC79A7"),
    "cache_read_tokens": ("cache read", "#56B4E9"),
    "output_tokens": ("output", "#0072B2"),
}
"""Kinds of tokens."""


def family(name: str) -> str | None:
    """The family of models that a name belongs to."""
    return next((word for word in FAMILIES if word in name.lower()), None)


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, no two the same: fixed ones first, then models, then what is left of the palette.

    A name has the same colour in every chart, unless another one in the same chart came before it in taking it.
    """
    found: dict[str, str] = {}
    for name in sorted(set(names), key=lambda name: (name not in FIXED, family(name) is None, name)):
        found[name] = next(colour for colour in wishes(name) if colour not in found.values())
    return found


def wishes(name: str) -> Iterator[str]:
    """The colours that suit a name, the best first, without end."""
    if name in FIXED:
        yield FIXED[name]
    if (word := family(name)) is not None:
        first = version_shade(name)
        yield from (lighter(FAMILIES[word], SHADES[(first + step) % len(SHADES)]) for step in range(len(SHADES)))
    first = zlib.crc32(name.encode()) % len(PALETTE)
    for share in SHADES:
        yield from (lighter(PALETTE[(first + step) % len(PALETTE)], share) for step in range(len(PALETTE)))
    while True:  # more names than colours that can be told apart
        yield f"#{zlib.crc32(f'{name}{first}'.encode()) & 0xFFFFFF:06X}"
        first += 1


def version_shade(model: str) -> int:
    """Which shade a version has: neighbours differ, whatever else is in the chart."""
    number = VERSION.search(model)
    return -(4 * int(number[1]) + int(number[2] or 0)) % len(SHADES) if number else 0


def lighter(colour: str, share: float) -> str:
    """A colour mixed with a share of white."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(value + (255 - value) * share):02X}" for value in (red, green, blue))


def label(table: TableName, column: str) -> str:
    """An axis label from the schema: the column in words and its unit."""
    unit = {each.name: each.unit for each in SCHEMA[table].public}.get(column)
    return f"{words(column)} [{unit}]" if unit and unit not in words(column).split() else words(column)


def words(column: str) -> str:
    """The name of a column in words, without its unit."""
    return NAMES.get(column) or column.removesuffix("_usd").removesuffix("_s").replace("_", " ")


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 request``, ``2,000 requests``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def short(names: Iterable[str]) -> dict[str, str]:
    """Paths -> their last part, with the folder before it where two would be the same; other names stay."""
    paths = {name: path_parts(name) for name in set(names)}
    shown = {name: parts[-1] if parts else name for name, parts in paths.items()}
    twice = {last for last in shown.values() if list(shown.values()).count(last) > 1}
    return {name: "/".join(paths[name][-2:]) if last in twice else last for name, last in shown.items()}


def tidy(ax: Axes, grid: Literal["x", "y", "both"] = "y") -> None:
    """Only the lines that carry meaning."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(visible=False)
    ax.grid(axis=grid, color="#E5E5E5", linewidth=0.8)
    ax.set_axisbelow(True)


def headed(ax: Axes, title: str, *notes: str) -> None:
    """A title and, in small type between it and the data, what one must know to read the chart."""
    lines = textwrap.wrap("; ".join(note for note in notes if note), 135)
    ax.set_title(title, loc="left", fontweight="bold", pad=6 + 11 * len(lines))
    if lines:
        ax.annotate(
            "\n".join(lines), (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points", va="bottom", fontsize=8, color=MUTED
        )


def legend(ax: Axes, *, reverse: bool = False) -> None:
    """The legend, beside the data; `reverse` where bars are stacked, so that it is in their order."""
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, reverse=reverse)


def empty(ax: Axes, what: str) -> Axes:
    """An honest empty chart."""
    ax.text(0.5, 0.5, f"no {what} in these logs", ha="center", va="center", transform=ax.transAxes, color=MUTED)
    ax.set_axis_off()
    return ax
