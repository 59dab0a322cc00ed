"""Builds databases of OpenCode's row by row and reads them with the provider alone."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from sessionframe.machine import Machine
from sessionframe.providers.contract import Context, Lineage, ParsedRow, Root, Source, Want
from sessionframe.providers.opencode import PROVIDER
from sessionframe.schema import IssueRow, MessageRow, SessionRow, ToolCallRow, UsageRow

TABLES = """
CREATE TABLE session(id text PRIMARY KEY, project_id text, parent_id text, directory text, title text, version text,
  time_created integer, time_updated integer);
CREATE TABLE message(id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text);
CREATE TABLE part(id text PRIMARY KEY, message_id text, session_id text, time_created integer, time_updated integer, data text);
"""
T0 = 1_790_848_800_000
"""2026-10-01, 10:00 UTC [ms]."""
LIGHT = Want(frozenset({"usage", "issues"}))
FULL = Want(frozenset({"sessions", "messages", "tool_calls", "usage", "issues"}))


def tokens(fresh: Any = 700, output: Any = 50, reasoning: Any = 0, read: Any = 0, write: Any = 0, **more: Any) -> dict[str, Any]:
    """The token object of a step."""
    return {"input": fresh, "output": output, "reasoning": reasoning, "cache": {"read": read, "write": write}, **more}


def made_id(kind: str, at_ms: int, tail: str = "demoDemoDemo00") -> str:
    """An id as the program makes it at that time."""
    return f"{kind}_{(at_ms << 12) + 1 & (1 << 48) - 1:012x}{tail}"


class Home:
    """A home with one database."""

    def __init__(self, folder: Path, name: str = "opencode.db") -> None:
        self.folder = folder
        self.path = folder / ".local" / "share" / "opencode" / name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.rows: list[tuple[str, tuple[object, ...]]] = []
        self.number = 0

    def session(self, session_id: str = "ses_a", version: str = "1.18.33", title: str = "A", parent: str | None = None) -> Home:
        """A session."""
        values = (session_id, "p", parent, "/home/demo/code/shop", title, version, T0, T0)
        self.rows.append(("INSERT INTO session VALUES(?,?,?,?,?,?,?,?)", values))
        return self

    def reply(self, *steps: Any, session_id: str = "ses_a", created: int = T0, parts: tuple[Any, ...] = (), **fields: Any) -> Home:
        """An assistant's message with its steps: token objects, or what else stands in their place."""
        self.number += 1
        message_id = fields.pop("id", None) or made_id("msg", created + self.number)
        data = {
            "role": "assistant",
            "time": {"created": created + self.number, "completed": created + self.number + 500},
            "modelID": "gpt-5",
            "providerID": "openai",
            "cost": 0.5,
            "finish": "stop",
            **fields,
        }
        self.rows.append(("INSERT INTO message VALUES(?,?,?,?,?)", (message_id, session_id, created + self.number, 0, encoded(data))))
        finished = ({"type": "step-finish", "tokens": step, "cost": 0.25} if isinstance(step, dict) else step for step in steps)
        for number, part in enumerate((*parts, *finished)):
            name = made_id("prt", created + self.number + 100 * number)
            self.rows.append(("INSERT INTO part VALUES(?,?,?,?,?,?)", (name, message_id, session_id, 0, 0, encoded(part))))
        return self

    def write(self) -> Home:
        """Write everything."""
        with sqlite3.connect(self.path) as database:
            database.executescript(TABLES)
            for statement, values in self.rows:
                database.execute(statement, values)
        database.close()
        return self

    def read(self, want: Want = LIGHT) -> Read:
        """Read it."""
        self.write()
        return Read(self.folder, want)


def encoded(value: Any) -> str | bytes:
    """JSON text; text and bytes as they are."""
    return value if isinstance(value, str | bytes) else json.dumps(value)


class Read:
    """What the provider makes of a home."""

    def __init__(self, home: Path, want: Want = LIGHT) -> None:
        machine = Machine(home, {}, "linux")
        self.sources: list[Source] = [source for root in PROVIDER.roots(machine) for source in PROVIDER.discover(root).sources]
        context = Context(machine, PROVIDER.prepare(self.sources))
        self.rows: list[ParsedRow | Lineage] = [row for source in self.sources for row in PROVIDER.parse(source, want, context)]

    @property
    def usage(self) -> list[UsageRow]:
        """Rows of usage."""
        return [row for row in self.rows if isinstance(row, UsageRow)]

    @property
    def messages(self) -> list[MessageRow]:
        """Rows of messages."""
        return [row for row in self.rows if isinstance(row, MessageRow)]

    @property
    def calls(self) -> list[ToolCallRow]:
        """Rows of tool calls."""
        return [row for row in self.rows if isinstance(row, ToolCallRow)]

    @property
    def sessions(self) -> list[SessionRow]:
        """Rows of sessions."""
        return [row for row in self.rows if isinstance(row, SessionRow)]

    @property
    def issues(self) -> list[str]:
        """Kinds of issues."""
        return [row.kind for row in self.rows if isinstance(row, IssueRow)]


def sources(folder: Path) -> list[Source]:
    """What is found in a folder of OpenCode's."""
    return list(PROVIDER.discover(Root(folder, "test")).sources)
