"""A provider whose logs are rows in memory, and an object that knows nothing but the session API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from sessionframe.machine import Machine
from sessionframe.model import Message, Session, SessionSummary
from sessionframe.providers.contract import Context, Found, Info, ParsedRow, Provider, Root, Source, TableRow, Want
from sessionframe.schema import IssueRow, MessageRow, SessionRow, TitleRow, ToolCallRow, UsageRow

TABLE_OF: dict[type, str] = {SessionRow: "sessions", MessageRow: "messages", ToolCallRow: "tool_calls", UsageRow: "usage"}
MINUTE = 60_000_000


def info(agent_type: str = "fake") -> Info:
    return Info(agent_type, "Fake", "rows in memory", "1", "none", "2026-10-01")


def source(path: str, session_id: str = "", **more: Any) -> Source:
    root = session_id.partition("/")[0]
    return Source(path, "main", **{"size": 10, "mtime_ns": 1, "session_id": session_id, "root_session_id": root, **more})


def session(session_id: str, path: str = "a", **more: Any) -> SessionRow:
    return SessionRow(session_id=session_id, root_session_id=session_id.partition("/")[0], source=path, **more)


def message(session_id: str, line: int | None, path: str = "a", **more: Any) -> MessageRow:
    given = {"seq": line or 0, "role": "user", "type": "chat", "record_id": f"r{line}", "message_id": f"m{line}", **more}
    return MessageRow(session_id=session_id, root_session_id=session_id.partition("/")[0], source=path, line=line, **given)


def usage(session_id: str, line: int | None, output: int | None, path: str = "a", **more: Any) -> UsageRow:
    root = session_id.partition("/")[0]
    return UsageRow(session_id=session_id, root_session_id=root, source=path, line=line, output_tokens=output, **more)


def title(record_id: str, text: str, rank: int, path: str = "z") -> TitleRow:
    return TitleRow(record_id=record_id, title=text, title_rank=rank, source=path, line=1)


@dataclass
class Logs:
    """The logs of the fake agent: sources and their rows.

    `parsed` notes every parse as (path, tables), `handed_out` every row.
    """

    rows: dict[str, list[TableRow]]
    sources: list[Source]
    prepared: Any = None
    parsed: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    handed_out: list[TableRow] = field(default_factory=list)

    def provider(self, agent_type: str = "fake") -> Provider:
        return Provider(info(agent_type), 1, self._roots, self._discover, self._parse, prepare=lambda sources: self.prepared)

    def _roots(self, machine: Machine) -> list[Root]:
        return [Root(machine.home / ".fake", "default folder")]

    def _discover(self, _: Root) -> Found:
        return Found(list(self.sources))

    def _parse(self, source: Source, want: Want, _: Context) -> Iterator[ParsedRow]:
        self.parsed.append((source.path, want.tables))
        for row in self.rows[source.path]:
            if isinstance(row, IssueRow | TitleRow) or TABLE_OF[type(row)] in want.tables:
                self.handed_out.append(row)
                yield stripped(row, want)


def stripped(row: TableRow, want: Want) -> TableRow:
    """A copy without what was not asked for."""
    row = msgspec.structs.replace(row)
    if isinstance(row, MessageRow):
        row.content = row.content if want.content else None
        row.raw = row.raw if want.raw else None
    elif isinstance(row, SessionRow):
        row.first_prompt = row.first_prompt if want.content else None
    return row


def one_source(rows: Sequence[TableRow], session_id: str = "s1") -> Logs:
    return Logs({"a": list(rows)}, [source("a", session_id)])


def at(minute: int) -> dt.datetime:
    return dt.datetime(2026, 10, 1, 9, minute, tzinfo=dt.UTC)


def summary_of(session_id: str, **more: Any) -> SessionSummary:
    return SessionSummary(**{"id": session_id, "agent_type": "acme", "project_path": "/code/shop", "modified": at(0), **more})


@dataclass
class Acme:
    """Sessions of an agent as an outside object has them: project -> summaries, session -> messages."""

    sessions: Mapping[str, Sequence[SessionSummary]] = field(default_factory=dict)
    messages: Mapping[str, Sequence[Message | Exception]] = field(default_factory=dict)
    agent_type: str = "acme"

    def list_projects(self) -> list[str]:
        return sorted(self.sessions)

    def list_sessions(self, project_path: str) -> list[SessionSummary]:
        return list(self.sessions[project_path])

    def read_session(self, session_id: str) -> Session:
        return Session(id=session_id, agent_type=self.agent_type, messages=tuple(self.scan_messages(session_id)))

    def scan_messages(self, session_id: str) -> Iterator[Message]:
        for each in self.messages.get(session_id, ()):
            if isinstance(each, Exception):
                raise each
            yield each


def home(path: Path) -> Machine:
    """A machine with the fake agent's folder."""
    (path / ".fake").mkdir(exist_ok=True)
    return Machine.at(path)
