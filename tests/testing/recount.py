"""A second, plain count of a Claude Code home: JSON lines in, totals out. It shares no code with the generator or the library."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FIELDS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "web_searches",
)


@dataclass
class Line:
    """A record, the thread whose file it stands in, and its place there."""

    record: dict[str, Any]
    thread: str
    number: int


@dataclass
class Recount:
    """Totals of a home, counted from its files."""

    files: int = 0
    lines: int = 0
    bytes: int = 0
    total: Counter[str] = field(default_factory=Counter)
    by_session: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_model: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_day: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_project: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    recorded: dict[str, float] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)


def recount(home: Path, copies: frozenset[str]) -> Recount:
    """Count a home; `copies` are the threads that begin with another one's history and own none of it."""
    found = Recount()
    lines = [line for path in sorted(home.rglob("*.jsonl")) if path.name != "journal.jsonl" for line in read(path, found)]
    lines.sort(key=lambda line: line.thread in copies)  # the originals first
    count_requests(lines, found)
    count_others(lines, found)
    for line in lines:
        if line.record["type"] == "cost-state":
            found.recorded[line.thread] = line.record["totalCostUSD"]
        if line.record["type"] == "ai-title":
            found.titles.setdefault(line.thread, line.record["aiTitle"])
        if line.record["type"] == "custom-title":
            found.titles[line.thread] = line.record["customTitle"]
    return found


def read(path: Path, found: Recount) -> Iterator[Line]:
    """The records of a file."""
    data = path.read_bytes()
    found.files += 1
    found.bytes += len(data)
    found.lines += data.count(b"\n")
    inside = path.parts[path.parts.index("projects") + 2 :]
    thread = path.stem if len(inside) == 1 else f"{inside[0]}/{path.stem.removeprefix('agent-')}"
    for number, line in enumerate(data.decode("utf-8").split("\n")[:-1]):
        yield Line(json.loads(line), thread, number)


def count_requests(lines: list[Line], found: Recount) -> None:
    """One response is one request: the line with the highest output, then one with a stop reason, then the last."""
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        message = line.record.get("message", {})
        if line.record["type"] == "assistant" and message["model"] != "<synthetic>":
            groups[message["id"]].append(line)
    for group in groups.values():
        own = [line for line in group if line.thread == group[0].thread]  # without the copies in other files
        usages = [line.record["message"]["usage"] for line in own]
        best = max(
            range(len(own)), key=lambda n: (usages[n]["output_tokens"], own[n].record["message"]["stop_reason"] is not None, own[n].number)
        )
        add(found, own[best], usages[best], own[best].record["message"]["model"])
        for part in usages[best]["iterations"]:
            if part["type"] == "advisor_message":
                add(found, own[best], part, part["model"])


def add(found: Recount, line: Line, usage: dict[str, Any], model: str) -> None:
    """Count one request in every group."""
    numbers = Counter(
        requests=1,
        input_tokens=usage["input_tokens"],
        cache_read_tokens=usage["cache_read_input_tokens"],
        cache_write_tokens=usage["cache_creation_input_tokens"],
        cache_write_1h_tokens=usage["cache_creation"]["ephemeral_1h_input_tokens"],
        output_tokens=usage["output_tokens"],
        reasoning_tokens=usage.get("output_tokens_details", {}).get("thinking_tokens", 0),
        web_searches=usage.get("server_tool_use", {}).get("web_search_requests", 0),
    )
    record = line.record
    groups = (
        (found.by_session, line.thread),
        (found.by_model, model),
        (found.by_day, record["timestamp"][:10]),
        (found.by_project, record["cwd"]),
    )
    for group, key in groups:
        group[key].update(numbers)
    found.total.update(numbers)


def count_others(lines: list[Line], found: Recount) -> None:
    """Prompts, calls, outcomes and compactions, each counted where it stands first."""
    seen: set[str] = set()
    for line in lines:
        record = line.record
        if "uuid" not in record or record["uuid"] in seen:
            continue
        seen.add(record["uuid"])
        for name in counted(record):
            found.total[name] += 1
            found.by_session[line.thread][name] += 1


def counted(record: dict[str, Any]) -> Iterator[str]:
    """What a record counts as."""
    content = record.get("message", {}).get("content")
    blocks = [block["type"] for block in content] if isinstance(content, list) else []
    if record.get("subtype") == "compact_boundary":
        yield "compactions"
    if {"kind": "human"} in (record.get("origin"), record.get("attachment", {}).get("origin")):
        yield "prompts"
    if "tool_use" in blocks or "server_tool_use" in blocks:
        yield "tool_calls"
    if "tool_result" in blocks and content[0].get("is_error"):
        yield {None: "tool_errors", "user-rejected": "denials", "interrupted": "interruptions"}[record.get("toolDenialKind")]
