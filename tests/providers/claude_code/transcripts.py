"""Builds transcripts line by line and reads them with the provider alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sessionframe.machine import Machine
from sessionframe.providers.claude_code import PROVIDER
from sessionframe.providers.contract import Context, Lineage, ParsedRow, Want
from sessionframe.schema import IssueRow, MessageRow, SessionRow, ToolCallRow, UsageRow

SESSION = "11111111-1111-4111-8111-111111111111"
LIGHT = Want(frozenset({"usage", "issues"}))
FULL = Want(frozenset({"sessions", "messages", "tool_calls", "usage", "issues"}))
CONTENT = Want(FULL.tables, content=True)


def usage(output: int | str = 10, **more: Any) -> dict[str, Any]:
    """A usage object."""
    return {"input_tokens": 3, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 1000, "output_tokens": output, **more}


def line(kind: str, second: int = 0, **fields: Any) -> dict[str, Any]:
    """A line of the conversation."""
    return {
        "type": kind,
        "uuid": fields.pop("uuid", f"u-{kind}-{second}"),
        "parentUuid": None,
        "isSidechain": False,
        "sessionId": SESSION,
        "cwd": "/home/demo/code/shop",
        "gitBranch": "main",
        "version": "2.1.270",
        "timestamp": f"2026-10-05T10:{second // 60:02d}:{second % 60:02d}.000Z",
        **fields,
    }


def reply(
    second: int = 0, *blocks: dict[str, Any], message_id: str | None = "msg_01A", request: str | None = "req_1", **fields: Any
) -> dict[str, Any]:
    """An assistant line."""
    message = {
        "id": message_id,
        "role": "assistant",
        "model": fields.pop("model", "claude-opus-5"),
        "content": list(blocks) or [{"type": "text", "text": "done"}],
        "stop_reason": fields.pop("stop_reason", "end_turn"),
        "usage": fields.pop("usage", usage()),
    }
    record = line("assistant", second, message=message, **fields)
    return record if request is None else {**record, "requestId": request}


def prompt(second: int = 0, text: Any = "fix the test", **fields: Any) -> dict[str, Any]:
    """A user line."""
    return line("user", second, message={"role": "user", "content": text}, **fields)


def call(call_id: str = "toolu_1", name: str = "Bash", **arguments: Any) -> dict[str, Any]:
    """A tool call block."""
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def answer(second: int, call_id: str = "toolu_1", content: Any = "ok", *, error: bool | None = None, **fields: Any) -> dict[str, Any]:
    """A user line with the result of a tool call."""
    block = {"type": "tool_result", "tool_use_id": call_id, "content": content}
    return prompt(second, [block if error is None else {**block, "is_error": error}], **fields)


def write(home: Path, lines: Iterable[Any], name: str = f"{SESSION}.jsonl") -> Path:
    """A transcript in the project folder of a home."""
    path = home / ".claude" / "projects" / "-home-demo-code-shop" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return path


class Read:
    """All rows of a home, by table."""

    def __init__(self, home: Path, want: Want = FULL) -> None:
        machine = Machine.at(home)
        sources = [source for root in PROVIDER.roots(machine) for source in PROVIDER.discover(root).sources]
        context = Context(machine, PROVIDER.prepare(sources))
        self.sources = sources
        parsed = [(source, row) for source in sources for row in PROVIDER.parse(source, want, context)]
        self.rows: list[ParsedRow] = [row for _, row in parsed if not isinstance(row, Lineage)]
        self.lineages = {Path(source.path).stem: row for source, row in parsed if isinstance(row, Lineage)}
        self.usage = [row for row in self.rows if isinstance(row, UsageRow)]
        self.messages = [row for row in self.rows if isinstance(row, MessageRow)]
        self.calls = [row for row in self.rows if isinstance(row, ToolCallRow)]
        self.sessions = [row for row in self.rows if isinstance(row, SessionRow)]
        self.issues = [row for row in self.rows if isinstance(row, IssueRow)]
