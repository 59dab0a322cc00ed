"""Diagnoses go in; text for people or JSON comes out."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.text import Text

from sessionframe.report.data import plain
from sessionframe.report.doctor import Diagnosis, Problem, RootFinding
from sessionframe.report.terminal import cases, shown, size
from sessionframe.zones import zone

if TYPE_CHECKING:
    from rich.console import Console


def doctor_json(diagnoses: Iterable[Diagnosis], *, tz: str, version: str, hints: Sequence[str] = ()) -> str:
    """Diagnoses as one JSON object: ``agents`` (the fields of `Diagnosis`; times are ISO 8601 in `tz`), ``hints``, ``tz``, ``version``."""
    home = zone(tz)
    agents = [{name: plain(value, home) for name, value in dataclasses.asdict(found).items()} for found in diagnoses]
    return json.dumps({"agents": agents, "hints": list(hints), "tz": home.key, "version": version}, indent=2)


def print_doctor(diagnoses: Sequence[Diagnosis], console: Console, *, tz: str, hints: Sequence[str] = ()) -> None:
    """Print what was looked for and found, agent by agent; agents that are not used come last, then where else logs may be."""
    home = zone(tz)
    for found in sorted(diagnoses, key=lambda found: not any(root.exists for root in found.roots)):
        for text, style in lines(found, home):
            console.print(Text(text, style), soft_wrap=True)
        console.print()
    for hint in hints:
        console.print(Text(f"Hint: {shown(hint)}", "yellow"), soft_wrap=True)


def lines(found: Diagnosis, home: ZoneInfo) -> Iterable[tuple[str, str]]:
    """The lines on one agent, each with its style."""
    yield f"{found.title} ({found.agent})", "bold"
    if found.verdict != "ok":
        yield f"  {shown(found.verdict)}", "yellow"
    if found.files:
        threads = cases(found.sessions, "session or sub-agent thread", "sessions and sub-agent threads")
        yield f"  {cases(found.files, 'file')}, {size(found.bytes)}, {threads}", ""
    if found.newest:
        yield f"  records from {minute(found.oldest, home)} to {minute(found.newest, home)} ({home.key})", ""
    if any(root.exists for root in found.roots):
        yield from ((f"  keeps logs: {said}", "") for said in found.retention)
    yield "  looked in:", ""
    yield from ((root_line(root), "" if root.exists else "dim") for root in found.roots)
    if found.problems:
        yield "  not read, not priced or counted only partly:", ""
        for problem in found.problems:
            yield from problem_lines(problem)


def minute(at: Any, home: ZoneInfo) -> str:
    """A time to the minute."""
    return at.astimezone(home).strftime("%Y-%m-%d %H:%M") if at else "?"


def root_line(root: RootFinding) -> str:
    """One place that was looked at."""
    what = f"{cases(root.files, 'file')}, {size(root.bytes)}" if root.files else "no files" if root.exists else "does not exist"
    host = f"{root.host}: " if root.host else ""
    why = root.why if root.variable in {None, root.why} else f"{root.why}, moved by {root.variable}"
    return f"    {host}{shown(root.path)}: {what} ({why})"


def problem_lines(problem: Problem) -> Iterable[tuple[str, str]]:
    """One kind of problem: how often, what to do, the first example."""
    yield f"    {problem.kind}, {cases(problem.count, 'case')}. {problem.advice}", "yellow"
    if problem.source:
        place = f"{problem.source}:{problem.line}" if problem.line is not None else problem.source
        yield f"      e.g. {shown(place)}", ""
    if problem.detail:
        yield f"      {shown(problem.detail)}", ""
