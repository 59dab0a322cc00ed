"""A usage report goes in, a table for people is printed on a console."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sessionframe.errors import listed
from sessionframe.report.terminal import UNKNOWN, count, money, print_fitting, shown
from sessionframe.report.usage import UsageReport

NUMBERS: dict[str, str] = {
    "requests": "Requests",
    "input_tokens": "Input",
    "cache_write_tokens": "Cache write",
    "cache_read_tokens": "Cache read",
    "output_tokens": "Output",
    "total_tokens": "Total tokens",
    "cost_usd": "Cost USD",
}
EXPENDABLE = ("requests", "cache_write_tokens", "cache_read_tokens", "input_tokens", "output_tokens")
"""Columns that leave when the terminal is too narrow, in this order; --json and --csv have them all."""
HEADERS = {
    "daily": "Day",
    "weekly": "Week from",
    "monthly": "Month",
    "session": "Session",
    "started": "Started",
    "title": "Title",
    "agent": "Agent",
    "project": "Project",
    "branch": "Branch",
    "model": "Model",
    "host": "Host",
}


def print_report(report: UsageReport, console: Console) -> None:
    """Print the table and what must be known to read it."""
    names = [name for name in report.rows.columns if name in HEADERS or name in NUMBERS or name == "period"]
    texts = [name for name in names if name not in NUMBERS]
    dropped = print_fitting(console, [*texts, *NUMBERS], EXPENDABLE, lambda kept: report_table(report, kept))
    for note in footnotes(report, [NUMBERS[name] for name in dropped]):
        console.print(Text(note))


def report_table(report: UsageReport, names: Sequence[str]) -> Table:
    """The table with the columns of these names, a row of totals at its end."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    texts = [name for name in names if name not in NUMBERS]
    for name in names:
        header = NUMBERS.get(name) or HEADERS[report.period if name == "period" else name]
        number = name in NUMBERS
        narrow = number or name in {"period", "started"}
        table.add_column(header, justify="right" if number else "left", no_wrap=narrow, overflow="fold")
    before: Any = object()
    for place, row in enumerate(report.rows.iter_rows(named=True)):
        repeated = "period" in row and row["period"] == before
        if place and report.by and "period" in row and not repeated:
            table.add_section()
        before = row.get("period")
        table.add_row(*(Text("" if repeated and name == "period" else cell(name, row, report)) for name in names))
    table.add_section()
    total = ["Total", *[""] * (len(texts) - 1)] if texts else []
    table.add_row(*map(Text, total), *(Text(cell(name, report.totals, report)) for name in names if name in NUMBERS), style="bold")
    return table


def cell(name: str, row: dict[str, Any], report: UsageReport) -> str:
    """One value as it is shown."""
    value = row[name]
    if name == "cost_usd":
        return money(value, at_least=row["unpriced_requests"] > 0)
    if name in NUMBERS:
        return count(value)
    if name == "started":
        return UNKNOWN if value is None else value.astimezone(ZoneInfo(report.tz)).strftime("%Y-%m-%d %H:%M")
    if name == "period" and value is None:
        return "no time"
    return shown(home_as_tilde(value) if name == "project" else value)


def home_as_tilde(path: str | None) -> str | None:
    """A path with this computer's home folder as ``~``."""
    home = str(Path.home())
    return f"~{path[len(home) :]}" if path and path.startswith((f"{home}/", f"{home}\\")) else path


def footnotes(report: UsageReport, dropped: Sequence[str]) -> list[str]:
    """What must be known to read the table."""
    notes = [f"Cost: API-equivalent estimate at list prices, not a bill. Days begin at midnight in {report.tz}."]
    if report.unpriced_models:
        models = listed(f"{shown(row['model'])} ({count(row['requests'])} requests)" for row in report.unpriced_models)
        notes.append(f"+ or {UNKNOWN}: without requests of no known price: {models}. Own prices: --prices FILE.")
    if dropped:
        notes.append(f"Left out, the terminal is narrow: {listed(dropped)}. --json and --csv have every column.")
    if report.issues:
        kinds = listed(f"{kind} {count(cases)}" for kind, cases in report.issues.items())
        notes.append(f"Not read, not priced or counted only partly: {kinds}. Details: sessionframe doctor.")
    return notes
