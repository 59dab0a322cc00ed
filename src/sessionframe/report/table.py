"""A usage report goes in, a table for people is printed on a console."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sessionframe.errors import listed
from sessionframe.machine import path_parts
from sessionframe.report.made import UsageReport
from sessionframe.report.terminal import UNKNOWN, cases, count, money, print_fitting, shown

Short: TypeAlias = Mapping[str, Mapping[str, str]]
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
    texts = [name for name in report.columns if name in HEADERS or name == "period"]
    short = {name: SHORT[name](dict.fromkeys(row[name] for row in report.rows)) for name in texts if name in SHORT}
    dropped = print_fitting(console, [*texts, *NUMBERS], EXPENDABLE, lambda kept: report_table(report, kept, short))
    for note in footnotes(report, [NUMBERS[name] for name in dropped]):
        console.print(Text(note))


def report_table(report: UsageReport, names: Sequence[str], short: Short) -> Table:
    """The table with the columns of these names, a row of totals at its end; `short` has the short forms of long values."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    texts = [name for name in names if name not in NUMBERS]
    for name in names:
        header = NUMBERS.get(name) or HEADERS[report.period if name == "period" else name]
        number = name in NUMBERS
        narrow = number or name in {"period", "started", "session"}
        table.add_column(header, justify="right" if number else "left", no_wrap=narrow, overflow="fold")
    before: Any = object()
    for place, row in enumerate(report.rows):
        repeated = "period" in row and row["period"] == before
        if place and report.by and "period" in row and not repeated:
            table.add_section()
        before = row.get("period")
        table.add_row(*(Text("" if repeated and name == "period" else cell(name, row, report, short)) for name in names))
    table.add_section()
    total = ["Total", *[""] * (len(texts) - 1)] if texts else []
    table.add_row(*map(Text, total), *(Text(cell(name, report.totals, report, short)) for name in names if name in NUMBERS), style="bold")
    return table


def cell(name: str, row: dict[str, Any], report: UsageReport, short: Short) -> str:
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
    return shown(short[name][value] if name in short and value is not None else value)


def short_paths(paths: Iterable[str | None]) -> dict[str, str]:
    """Each path -> the fewest of its last parts that no other path ends in; two spellings of one path stay whole."""
    parts = {path: path_parts(path) for path in paths if path}
    short = {}
    for path, own in parts.items():
        others = [other for name, other in parts.items() if name != path]
        depths = (n for n in range(1, len(own) + 1) if all(other[-n:] != own[-n:] for other in others))
        short[path] = "/".join(own[-depth:]) if (depth := next(depths, 0)) else path
    return short


def short_ids(ids: Iterable[str | None]) -> dict[str, str]:
    """Each id -> its first characters, as many as it takes to tell all of them apart, at least eight."""
    known = [text for text in ids if text]
    length = next((n for n in range(8, max(map(len, known), default=8)) if len({text[:n] for text in known}) == len(known)), None)
    return {text: text[:length] for text in known}


SHORT: dict[str, Callable[[Iterable[str | None]], dict[str, str]]] = {"project": short_paths, "session": short_ids}
"""Columns of long values -> their short forms; --json and --csv have the whole ones."""


def footnotes(report: UsageReport, dropped: Sequence[str]) -> list[str]:
    """What must be known to read the table."""
    notes = [f"Cost: API-equivalent estimate at list prices, not a bill. Days begin at midnight in {report.tz}."]
    if report.unpriced_models:
        models = listed(f"{shown(row['model'])} ({cases(row['requests'], 'request')})" for row in report.unpriced_models)
        notes.append(f"+ or {UNKNOWN}: without requests of no known price: {models}. Own prices: --prices FILE.")
    if dropped:
        notes.append(f"Left out, the terminal is narrow: {listed(dropped)}. --json and --csv have every column.")
    if report.issues:
        kinds = listed(f"{kind} {count(number)}" for kind, number in report.issues.items())
        notes.append(f"Not read, not priced or counted only partly: {kinds}. Details: sessionframe doctor.")
    return notes
