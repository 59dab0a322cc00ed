"""Rollouts made by hand: lines go in, a home with them and the rows that the provider makes of it come out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sessionframe.machine import Machine
from sessionframe.providers.codex import PROVIDER
from sessionframe.providers.contract import Context, Want
from sessionframe.schema import IssueRow, MessageRow, SessionRow, ToolCallRow, UsageRow

LIGHT = Want(frozenset({"usage"}))
FULL = Want(frozenset({"sessions", "messages", "tool_calls", "usage"}), content=True)
NOON_MS = 1_791_201_600_000
"""2026-10-05T12:00:00Z, when every thread here begins."""


def uuid7(second: float, tag: int = 1) -> str:
    """An id that states its time, as threads and turns have."""
    digits = f"{NOON_MS + int(second * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{tag:012x}"


THREAD, TURN = uuid7(0), uuid7(1, 0x11)


def stamp(second: float) -> str:
    minutes, seconds = divmod(second, 60)
    return f"2026-10-05T{12 + int(minutes) // 60:02d}:{int(minutes) % 60:02d}:{seconds:06.3f}Z"


def line(second: float, kind: str, payload: Any, **envelope: Any) -> dict[str, Any]:
    return {"timestamp": stamp(second), **envelope, "type": kind, "payload": payload}


def meta(second: float = 0, *, thread: str = THREAD, version: str = "0.135.0", **other: Any) -> dict[str, Any]:
    known = {"id": thread, "timestamp": stamp(second), "cwd": "/home/demo/code/shop", "cli_version": version, "source": "cli"}
    return line(second, "session_meta", known | other)


def turn(second: float = 1, model: str = "gpt-5.5", **other: Any) -> dict[str, Any]:
    return line(second, "turn_context", {"cwd": "/home/demo/code/shop", "model": model} | other)


def event(second: float, kind: str, **fields: Any) -> dict[str, Any]:
    return line(second, "event_msg", {"type": kind, **fields})


def item(second: float, kind: str, **fields: Any) -> dict[str, Any]:
    return line(second, "response_item", {"type": kind, **fields})


def user(second: float, text: str, **fields: Any) -> dict[str, Any]:
    return item(second, "message", role="user", content=[{"type": "input_text", "text": text}], **fields)


def tokens(first: int, cached: int = 0, output: int = 10, reasoning: int = 0, **other: int) -> dict[str, int]:
    counts = {"input_tokens": first, "cached_input_tokens": cached, "output_tokens": output, "reasoning_output_tokens": reasoning}
    return counts | other | {"total_tokens": first + output}


def plus(*counts: dict[str, int]) -> dict[str, int]:
    return {name: sum(each.get(name, 0) for each in counts) for name in counts[0]}


def count(second: float, total: dict[str, int] | None, last: dict[str, int] | None) -> dict[str, Any]:
    """A `token_count` event."""
    return event(second, "token_count", info=None if total is None else {"total_token_usage": total, "last_token_usage": last})


def record(second: float, used: dict[str, int], response: str, total: dict[str, int] | None = None, **other: Any) -> dict[str, Any]:
    """A `token_usage_record`."""
    known = {"thread_id": THREAD, "turn_id": TURN, "response_id": response, "usage": used, "thread_token_usage": total or used}
    return line(second, "token_usage_record", known | other)


def write(home: Path, lines: Iterable[dict[str, Any]], thread: str = THREAD, folder: str = "sessions/2026/10/05") -> Path:
    """A rollout as Codex writes it: one object per line, without blanks."""
    path = home / ".codex" / folder / f"rollout-2026-10-05T12-00-00-{thread}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each, separators=(",", ":")) + "\n" for each in lines), "utf-8", newline="\n")
    return path


class Read:
    """Everything that the provider says of a home."""

    def __init__(self, home: Path, want: Want = FULL) -> None:
        machine = Machine.at(home)
        found = [PROVIDER.discover(root) for root in PROVIDER.roots(machine)]
        sources = [source for each in found for source in each.sources]
        context = Context(machine, PROVIDER.prepare(sources))
        rows = [row for source in sources for row in PROVIDER.parse(source, want, context)]
        self.usage = [row for row in rows if isinstance(row, UsageRow)]
        self.messages = [row for row in rows if isinstance(row, MessageRow)]
        self.calls = [row for row in rows if isinstance(row, ToolCallRow)]
        self.sessions = [row for row in rows if isinstance(row, SessionRow)]
        self.issues = [row for row in rows if isinstance(row, IssueRow)]

    @property
    def details(self) -> Sequence[str]:
        return [f"{row.kind}: {row.detail}" for row in self.issues]
