"""A verification goes in; tables for people, or JSON, come out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from sessionframe.report.terminal import UNKNOWN, cases, count, money, shown
from sessionframe.zones import zone

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from sessionframe.analysis.verification import Verification

SIGN = {True: "-", False: ""}


def verification_json(found: Verification, *, tz: str, version: str) -> str:
    """A verification as one JSON object: `passed`, the frames as lists of objects, `tz`, `version`. `differences` may be null."""
    made = {name: getattr(found, name) for name in SECTIONS}
    frames = {name: None if frame is None else frame.to_dicts() for name, frame in made.items()}
    return json.dumps({"passed": found.passed, **frames, "tz": zone(tz).key, "version": version}, indent=2, default=str)


def print_verification(found: Verification, console: Console) -> None:
    """Print what was counted, checked and compared; of the checks only sums and failures, of the differences all."""
    for name, (title, rows_of) in SECTIONS.items():
        frame = getattr(found, name)
        if frame is not None:
            console.print(Text(title, "bold"))
            print_rows(rows_of(frame), console)
            console.print()
    console.print(Text(verdict(found), "bold green" if found.passed else "bold red"))


def verdict(found: Verification) -> str:
    """All in a sentence."""
    compared = f"{cases(found.checks['compared'].sum() or 0, 'thing')} compared"
    if found.passed:
        return f"All checks agree: {compared}."
    failed = ", ".join(f"{row['check']} ({row['agent']}: {row['meaning']})" for row in found.failed.to_dicts())
    return f"Failed, {compared}: {shown(failed)}. The numbers of these agents are not to be trusted; please report it."


def print_rows(rows: list[dict[str, str]], console: Console) -> None:
    """Print rows as a table; numbers are never cut."""
    if not rows:
        console.print(Text("nothing"))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in rows[0]:
        is_number = name in NUMBERS
        table.add_column(name, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    before = ""
    for row in rows:
        first, *others = row.values()
        if before and first != before and "Step" in row:
            table.add_section()
        table.add_row(*map(Text, ("" if first == before else first, *others)))
        before = first
    console.print(table)


NUMBERS = frozenset({"Count", "Compared", "Differ", "Equal", "Stated", "Counted", "Tokens", "There", "Difference", "Cost USD"})
"""Columns of numbers."""


def step_rows(frame: pl.DataFrame) -> list[dict[str, str]]:
    """Steps; what was left out has a minus."""
    return [
        {
            "Agent": row["agent"],
            "Step": row["step"],
            "Count": SIGN[row["meaning"].startswith("left out")] + count(row["count"]),
            "Meaning": row["meaning"],
        }
        for row in frame.to_dicts()
    ]


def check_rows(frame: pl.DataFrame) -> list[dict[str, str]]:
    """Checks, all agents together."""
    sums: dict[tuple[str, str], list[int]] = {}
    for row in frame.to_dicts():
        both = sums.setdefault((row["check"], row["meaning"]), [0, 0])
        both[0] += row["compared"]
        both[1] += row["differ"]
    return [
        {"Check": name, "Compared": count(compared), "Differ": count(differ), "Meaning": meaning}
        for (name, meaning), (compared, differ) in sums.items()
    ]


def total_rows(frame: pl.DataFrame) -> list[dict[str, str]]:
    """Own totals."""
    return [
        {
            "Agent": row["agent"],
            "Total": row["total"],
            "Compared": count(row["compared"]),
            "Equal": count(row["equal"]),
            "Stated": amount(row["stated"], row["unit"]),
            "Counted": amount(row["counted"], row["unit"]),
            "Unit": row["unit"],
            "Meaning": row["meaning"],
        }
        for row in frame.to_dicts()
    ]


def amount(value: float, unit: str) -> str:
    """Tokens or dollars."""
    return money(value) if unit == "USD" else count(int(value))


def other_rows(frame: pl.DataFrame) -> list[dict[str, str]]:
    """Differences to another tool."""
    return [
        {
            "Day": UNKNOWN if row["day"] is None else str(row["day"]),
            "Agent": shown(row["agent"]),
            "Model": shown(row["model"]),
            "Tokens": count(row["tokens"]),
            "There": count(row["other_tokens"]),
            "Difference": signed(row["difference"]),
            "Cost USD": money(row["cost_usd"]),
            "Cause": shown(row["cause"]),
        }
        for row in frame.to_dicts()
    ]


def signed(value: Any) -> str:
    """A difference with its sign."""
    return f"{value:+,}" if value else count(value)


SECTIONS: dict[str, tuple[str, Callable[[pl.DataFrame], list[dict[str, str]]]]] = {
    "steps": ("From records to requests", step_rows),
    "checks": ("Checks", check_rows),
    "totals": ("Totals that the agents state themselves", total_rows),
    "differences": ("Days and models that the other tool counted otherwise", other_rows),
}
"""Frame -> its title, and how its rows are shown."""
