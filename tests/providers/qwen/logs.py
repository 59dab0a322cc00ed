"""Builds logs line by line and reads them with the provider alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sessionframe.machine import Machine
from sessionframe.providers.contract import Context, ParsedRow, Want
from sessionframe.providers.qwen import PROVIDER
from sessionframe.schema import IssueRow, MessageRow, SessionRow, ToolCallRow, UsageRow

SESSION = "22222222-2222-4222-8222-222222222222"
FOLDER = ".qwen/projects/-home-demo-code-shop"
LIGHT = Want(frozenset({"usage", "issues"}))
FULL = Want(frozenset({"sessions", "messages", "tool_calls", "usage", "issues"}))
CONTENT = Want(FULL.tables, content=True, raw=True)


def at(second: int, ms: int = 0) -> str:
    return f"2026-10-05T10:{second // 60:02d}:{second % 60:02d}.{ms:03d}Z"


def line(kind: str, second: int, **fields: Any) -> dict[str, Any]:
    known = {"uuid": f"u{second}", "parentUuid": None, "sessionId": SESSION, "timestamp": at(second), "type": kind}
    return {**known, "cwd": "/home/demo/code/shop", "version": "0.24.4", "gitBranch": "main", **fields}


def usage(prompt: int = 100, output: int = 20, cached: int = 60, thoughts: int = 5, **more: Any) -> dict[str, Any]:
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": output,
        "cachedContentTokenCount": cached,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": prompt + output,
        **more,
    }


def reply(second: int, *parts: dict[str, Any], counts: Any = ..., **fields: Any) -> dict[str, Any]:
    message = {"role": "model", "parts": list(parts) or [{"text": "done"}]}
    counts = usage() if counts is ... else counts
    return line("assistant", second, **{"model": "qwen3-coder-plus", "message": message, "usageMetadata": counts, **fields})


def prompt(second: int, text: str = "fix the test", **fields: Any) -> dict[str, Any]:
    return line("user", second, message={"role": "user", "parts": [{"text": text}]}, **fields)


def call(call_id: str = "c", name: str = "read_file", **arguments: Any) -> dict[str, Any]:
    return {"functionCall": {"id": call_id, "name": name, "args": arguments}}


def result(second: int, call_id: str = "c", noted: Any = None, **response: Any) -> dict[str, Any]:
    part = {"functionResponse": {"id": call_id, "name": "read_file", "response": response or {"output": "ok"}}}
    return line("tool_result", second, message={"role": "user", "parts": [part]}, toolCallResult=noted)


def told(second: int, **event: Any) -> dict[str, Any]:
    return line("system", second, uuid=f"t{second}", subtype="ui_telemetry", systemPayload={"uiEvent": event})


def entry(number: int, second: int, source: str = "main", **fields: Any) -> dict[str, Any]:
    counts = {"inputTokens": 100, "outputTokens": 20, "cachedTokens": 60, "thoughtsTokens": 5, "totalTokens": 120}
    known = {"id": f"e{number}", "timestamp": at(second), "sessionId": SESSION, "model": "qwen3-coder-plus", "source": source}
    return {**known, **counts, **fields}


def write(home: Path, lines: Iterable[Any], name: str = f"{FOLDER}/chats/{SESSION}.jsonl") -> Path:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in lines), "utf-8")
    return path


def ledger(home: Path, *entries: Any) -> Path:
    return write(home, entries, ".qwen/usage/token-usage-2026-10.jsonl")


class Read:
    """All rows of a home, by table."""

    def __init__(self, home: Path, want: Want = FULL) -> None:
        machine = Machine.at(home)
        self.sources = [source for root in PROVIDER.roots(machine) for source in PROVIDER.discover(root).sources]
        context = Context(machine, PROVIDER.prepare(self.sources))
        self.rows: list[ParsedRow] = [row for source in self.sources for row in PROVIDER.parse(source, want, context)]
        self.usage = [row for row in self.rows if isinstance(row, UsageRow)]
        self.messages = [row for row in self.rows if isinstance(row, MessageRow)]
        self.calls = [row for row in self.rows if isinstance(row, ToolCallRow)]
        self.sessions = [row for row in self.rows if isinstance(row, SessionRow)]
        self.issues = [row for row in self.rows if isinstance(row, IssueRow)]
