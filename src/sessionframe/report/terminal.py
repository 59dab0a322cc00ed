"""The terminal: numbers and foreign text as they are shown, a table that fits without cutting a number."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from typing import TextIO

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

UNKNOWN = "-"
ENOUGH = 26
"""Cells a text column needs at least before other columns give way to it."""
ROOMY = 10_000


def console(stream: TextIO | None = None) -> Console:
    """A console on standard output; as wide as it takes when the output is not a terminal of some width."""
    target = stream or sys.stdout
    wide = None if target.isatty() or os.environ.get("COLUMNS") else ROOMY
    return Console(file=target, width=wide, markup=False, highlight=False, emoji=False)


def shown(text: str | None) -> str:
    """Foreign text on one line without anything that could steer the terminal; a dash for null."""
    if text is None:
        return UNKNOWN
    return "".join(" " if char in "\n\t" else char if printable(char) else "\N{REPLACEMENT CHARACTER}" for char in text)


def printable(char: str) -> bool:
    """Not a control or format character, a surrogate or unassigned."""
    return not unicodedata.category(char).startswith("C")


def count(value: int | None) -> str:
    """A whole number with separators of thousands."""
    return UNKNOWN if value is None else f"{value:,}"


def cases(value: int, one: str, many: str | None = None) -> str:
    """A number with its noun."""
    return f"{value:,} {one if value == 1 else many or f'{one}s'}"


def money(value: float | None, *, at_least: bool = False) -> str:
    """Dollars and cents, two more digits for less than a cent; a plus where requests without a known price are missing."""
    if value is None:
        return UNKNOWN
    text = f"{value:,.2f}" if value == 0 or abs(value) >= 0.01 else f"{value:.4f}" if abs(value) >= 0.0001 else "<0.0001"
    return f"{text}+" if at_least else text


def size(value: int) -> str:
    """A number of bytes in the unit that leaves one to three digits before the point."""
    amount = float(value)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def fits(table: Table, target: Console) -> bool:
    """Every number is shown in full, every text column has `ENOUGH` cells."""
    probe = Table(box=table.box)
    for column in table.columns:
        probe.add_column(column.header, no_wrap=column.no_wrap, max_width=None if column.no_wrap else ENOUGH)
    rows = zip(*(column.cells for column in table.columns), strict=True) if table.columns else []
    for row in rows:
        probe.add_row(*row)
    return Measurement.get(target, target.options.update(width=ROOMY, max_width=ROOMY), probe).minimum <= target.width


def print_fitting(target: Console, columns: Sequence[str], expendable: Sequence[str], make: Callable[[Sequence[str]], Table]) -> list[str]:
    """Print the widest table that fits: expendable columns leave one after another; at last each row becomes a block of lines.

    Returns
    -------
    list of str
        The columns that were left out.
    """
    kept, dropped = list(columns), []
    for name in ["", *expendable]:
        if name in kept:
            kept.remove(name)
            dropped.append(name)
        table = make(kept)
        if fits(table, target):
            target.print(table)
            return dropped
    print_stacked(target, make(columns))
    return []


def print_stacked(target: Console, table: Table) -> None:
    """One line per value, an empty line between rows: for terminals too narrow for any table."""
    headers = [str(column.header) for column in table.columns]
    widest = max(map(len, headers), default=0)
    for row in zip(*(column.cells for column in table.columns), strict=True):
        for header, cell in zip(headers, row, strict=True):
            if str(cell):
                target.print(Text(f"{header:<{widest}}  {cell}"), soft_wrap=True)
        target.print()
