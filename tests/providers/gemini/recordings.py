"""Builds recordings message by message and reads them with the provider alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sessionframe.machine import Machine
from sessionframe.providers.contract import Context, ParsedRow, Want
from sessionframe.providers.gemini import PROVIDER
from sessionframe.schema import IssueRow, MessageRow, SessionRow, ToolCallRow, UsageRow

SESSION = "11111111-1111-4111-8111-111111111111"
HEAD = {"sessionId": SESSION, "projectHash": "0" * 64, "startTime": "2026-10-05T10:00:00.000Z", "kind": "main"}
LIGHT = Want(frozenset({"usage", "issues"}))
FULL = Want(frozenset({"sessions", "messages", "tool_calls", "usage", "issues"}))
CONTENT = Want(FULL.tables, content=True, raw=True)


def uid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def at(second: int) -> str:
    return f"2026-10-05T10:{second // 60:02d}:{second % 60:02d}.000Z"


def tokens(prompt: int = 100, output: int = 10, cached: int = 60, thoughts: int = 5, tool: int = 0) -> dict[str, Any]:
    total = prompt + output + thoughts + tool
    return {"input": prompt, "output": output, "cached": cached, "thoughts": thoughts, "tool": tool, "total": total}


def reply(number: int, content: Any = "done", *, counts: Any = ..., **fields: Any) -> dict[str, Any]:
    counts = tokens() if counts is ... else counts
    said = {"id": uid(number), "timestamp": at(number), "type": "gemini", "content": content, "model": "gemini-2.5-pro", "tokens": counts}
    return {**said, **fields}


def prompt(number: int, text: Any = "fix the test", **fields: Any) -> dict[str, Any]:
    return {"id": uid(number), "timestamp": at(number), "type": "user", "content": text, **fields}


def call(call_id: str, output: Any = "ok", **fields: Any) -> dict[str, Any]:
    answer = {"functionResponse": {"id": call_id, "name": "glob", "response": {"output": output}}}
    return {"id": call_id, "name": "glob", "args": {"pattern": "*"}, "result": [answer], "status": "success", **fields}


def chats(home: Path, folder: str = "shop") -> Path:
    path = home / ".gemini" / "tmp" / folder / "chats"
    path.mkdir(parents=True, exist_ok=True)
    return path


def log(home: Path, *lines: Any, name: str = "session-2026-10-05T10-00-11111111.jsonl") -> Path:
    path = chats(home) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in (HEAD, *lines)), "utf-8")
    return path


def document(home: Path, messages: Iterable[Any], *, name: str = "session-2026-10-05T10-00-11111111.json", **fields: Any) -> Path:
    path = chats(home) / name
    path.write_text(json.dumps({**HEAD, "messages": list(messages), **fields}, indent=2), "utf-8")
    return path


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
