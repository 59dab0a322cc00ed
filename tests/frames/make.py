"""Rows of sources written by hand, in a line each, and what de-duplication makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from sessionframe.frames.build import frame
from sessionframe.frames.dedup import Deduplicated, deduplicate
from sessionframe.frames.scope import Scope
from sessionframe.frames.sessions import Tables, summed
from sessionframe.frames.threads import session_rows, with_children
from sessionframe.providers.contract import Lineage
from sessionframe.schema import SCHEMA, TITLES, MessageRow, Row, SessionRow, TableName, TitleRow, ToolCallRow, UsageRow

MARKED: tuple[TableName, ...] = ("usage", "messages", "tool_calls")
SECOND = 1_000_000
MINUTE = 60 * SECOND


def place(session_id: str, source: str | None, more: Mapping[str, Any]) -> dict[str, Any]:
    root = session_id.partition("/")[0]
    return {"agent": "fake", "session_id": session_id, "root_session_id": root, "source": source or session_id, **more}


def usage(session_id: str, line: int, key: str, output: int | None = 1, *, source: str | None = None, **more: Any) -> UsageRow:
    given = {"line": line, "at": line * MINUTE, "dedup_key": key, "output_tokens": output, "model": "m", **more}
    return UsageRow(**place(session_id, source, given))


def message(session_id: str, line: int, key: str | None = None, *, source: str | None = None, **more: Any) -> MessageRow:
    given = {"line": line, "seq": line, "at": line * MINUTE, "dedup_key": key, "role": "user", "type": "chat", **more}
    given = {"message_id": key, "record_id": key, **given}
    return MessageRow(**place(session_id, source, given))


def call(session_id: str, line: int, key: str, *, source: str | None = None, **more: Any) -> ToolCallRow:
    given = {"line": line, "at": line * MINUTE, "dedup_key": key, "call_id": key, "tool": "Bash", "status": "ok", **more}
    return ToolCallRow(**place(session_id, source, given))


def result(session_id: str, line: int, key: str, *, source: str | None = None, **more: Any) -> ToolCallRow:
    """A result whose call is not in the same source."""
    return call(session_id, line, key, source=source, **{"tool": None, "at": None, "ended_at": line * MINUTE, **more})


def session(session_id: str, *, source: str | None = None, **more: Any) -> SessionRow:
    return SessionRow(**place(session_id, source, {"kind": "main" if "/" not in session_id else "subagent", **more}))


def title(record_id: str, text: str, rank: int, **more: Any) -> TitleRow:
    return TitleRow(**{"agent": "fake", "source": "t", "line": 1, **more}, record_id=record_id, title=text, title_rank=rank)


def table_of(name: TableName, rows: Iterable[Row]) -> pl.DataFrame:
    return frame(SCHEMA[name], [row for row in rows if type(row) is SCHEMA[name].row])


def dedup(rows: Iterable[Row], lineage: Mapping[str, Lineage] | None = None) -> Deduplicated:
    """De-duplicate rows; sources without a lineage say nothing of themselves."""
    rows = list(rows)
    usages, messages, calls = (table_of(name, rows) for name in MARKED)
    return deduplicate(usages, messages, calls, lineage or {})


def summed_sessions(
    rows: Iterable[Row],
    scope: Scope | None = None,
    lineage: Mapping[str, Lineage] | None = None,
    gaps: Mapping[str, frozenset[str]] | None = None,
) -> dict[str, dict[str, Any]]:
    """The `sessions` table of some rows, by host (if any) and session."""
    rows = list(rows)
    scope = scope or Scope()
    found = dedup(rows, lineage)
    sessions = session_rows(table_of("sessions", rows), frame(TITLES, [row for row in rows if isinstance(row, TitleRow)]), found)
    whole = Tables(found.usage, found.messages, with_children(found.tool_calls, sessions))
    table = summed(sessions, whole, whole.cut(scope), scope, gaps or {})
    assert table.schema == frame(SCHEMA["sessions"], []).schema
    assert table.select("agent", "host", "session_id").is_unique().all()
    return {":".join(filter(None, (row["host"], row["session_id"]))): row for row in table.iter_rows(named=True)}


def owners(table: pl.DataFrame) -> dict[str, list[str]]:
    """Key -> the sources whose rows count."""
    own = table.filter(~pl.col("is_replay")).sort("source")
    return {key: group["source"].to_list() for (key,), group in own.group_by("dedup_key", maintain_order=True)}
