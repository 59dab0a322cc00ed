"""The SQLite databases of versions 1.2 and later -> sessions with their messages, one session after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from sqlite3 import sqlite_version_info
from typing import TypeVar

import msgspec

from sessionframe.formats.jsondoc import decoded
from sessionframe.formats.problems import Problems
from sessionframe.formats.sqlite import Database, Row, text
from sessionframe.providers.contract import Source, Want
from sessionframe.providers.opencode import version2
from sessionframe.providers.opencode.entries import Entry, Numbered
from sessionframe.providers.opencode.forks import Candidate, fingerprint, original
from sessionframe.providers.opencode.locations import in_share
from sessionframe.providers.opencode.records import LightMessage, LightV2, Message, MessageV2, Part, Step
from sessionframe.providers.opencode.sessions import V1, V2

T = TypeVar("T", bound=msgspec.Struct)

ASSISTANT = "assistant"

OLD_TABLES = frozenset({"id", "session_id", "data"})
"""Columns that the tables `message` and `part` of every version have."""
LONGEST_STEP = 1024
"""Bytes of the JSON text of a part that can end a step: those seen have up to 450. Longer ones are the texts and outputs that make up a
database, and are not looked into for usage alone."""
BYTES = "octet_length(data)" if sqlite_version_info >= (3, 43) else "length(CAST(data AS BLOB))"
"""The newer function reads no more than the length."""
STEPS = f"""
    SELECT message_id, id, rowid, CAST(data AS BLOB) FROM part
    WHERE session_id = ? AND {BYTES} <= {LONGEST_STEP} AND instr(data, 'step-finish')
    ORDER BY message_id, id"""  # noqa: S608 - a number
"""The parts that end a step. The length comes first: it costs next to nothing, and most of a database is in few long parts."""
PARTS = "SELECT id, rowid, CAST(data AS BLOB) FROM part WHERE message_id = ? ORDER BY id"
MESSAGES = "SELECT id, rowid, CAST(data AS BLOB) FROM message WHERE session_id = ? ORDER BY time_created, id"
NEWER = "SELECT id, rowid, type, CAST(data AS BLOB) FROM session_message WHERE session_id = ? ORDER BY {order}"
SESSIONS = {
    "message": "SELECT DISTINCT session_id FROM message",
    "session_message": "SELECT DISTINCT session_id FROM session_message",
}
FIRST = {
    "message": "SELECT 1 FROM message WHERE session_id = ? LIMIT 1",
    "session_message": "SELECT 1 FROM session_message WHERE session_id = ? LIMIT 1",
}
NEAR = "SELECT id, CAST(data AS BLOB) FROM message WHERE id >= ? AND id < ?"
NEAR_NEWER = "SELECT id, type, CAST(data AS BLOB) FROM session_message WHERE id >= ? AND id < ?"


class Store:
    """Reads one share of a database.

    Parameters
    ----------
    database
        The database.
    source, want
        Which sessions, and how much of them.
    problems
        Where issues go.
    """

    def __init__(self, database: Database, source: Source, want: Want, problems: Problems) -> None:
        self._database = database
        self._source = source
        self._want = want
        self._problems = problems
        self._light = want.only_usage
        self._old = all(database.columns(table) >= OLD_TABLES for table in ("message", "part"))
        newer = database.columns("session_message")
        self._newer = NEWER.format(order="seq, id" if "seq" in newer else "time_created, id") if newer >= OLD_TABLES else None
        self._tables = [table for table, there in (("message", self._old), ("session_message", self._newer)) if there]
        if not self._tables and database.is_open:
            problems.add("unreadable", "a database without the tables of OpenCode sessions")

    def sessions(self, known: Iterable[str]) -> list[str]:
        """Ids of the sessions of this share, also of those that only messages name."""
        wanted = in_share(self._source)
        if self._want.session_id:
            return [self._want.session_id] if wanted(self._want.session_id) else []
        named = {text(row[0]) or "" for table in self._tables for row in self._database.select(SESSIONS[table])}
        return sorted(filter(wanted, named.union(known)))

    def has_messages(self, session_id: str) -> bool:
        """Whether a session that no row describes is there."""
        return any(True for table in self._tables for _ in self._database.select(FIRST[table], session_id))

    def entries(self, session_id: str) -> Iterator[Entry]:
        """The messages of a session, all of one moment.

        Version 2 copies messages of version 1 under their ids and leaves the old ones: those are passed over.
        """
        self._database.begin()
        try:
            newer = {text(row[0]) or "": row for row in self._rows(self._newer, session_id)}
            if self._old:
                yield from self._version1(session_id, newer)
            yield from self._version2(newer)
        finally:
            self._database.end()

    def _rows(self, query: str | None, session_id: str) -> Iterator[Row]:
        return self._database.select(query, session_id) if query else iter(())

    def _version1(self, session_id: str, newer: dict[str, Row]) -> Iterator[Entry]:
        record_type = LightMessage if self._light else Message
        steps = self._steps(session_id) if self._light else {}
        for message_id, line, data in self._database.select(MESSAGES, session_id):
            name = text(message_id) or ""
            record = None if name in newer else self._decode(data, record_type, line)
            if record is None or (self._light and record.role != ASSISTANT):
                continue
            counted_as, copied = original(name, record, record.role, self._near)
            parts = steps.get(name, []) if self._light else self._parts(self._database.select(PARTS, name), Part)
            yield Entry(name, counted_as, copied, V1, self._source.path, line, record, parts, self._raw(data))

    def _steps(self, session_id: str) -> dict[str, list[Numbered]]:
        """The parts that end a step, by the message they belong to."""
        found: dict[str, list[Row]] = {}
        for message_id, *step in self._database.select(STEPS, session_id):
            found.setdefault(text(message_id) or "", []).append(tuple(step))
        return {name: self._parts(rows, Step) for name, rows in found.items()}

    def _parts(self, rows: Iterable[Row], record_type: type[Step]) -> list[Numbered]:
        decoded_rows = ((text(part_id) or "", self._decode(data, record_type, line)) for part_id, line, data in rows)
        return [Numbered(part_id, part) for part_id, part in decoded_rows if part is not None]

    def _version2(self, rows: dict[str, Row]) -> Iterator[Entry]:
        for name, (_, line, kind, data) in rows.items():
            record = self._decode(data, LightV2 if self._light else MessageV2, line)
            if record is None:
                continue
            said = text(kind) or ""
            if said not in version2.TYPES:
                self._problems.add("unknown-record", f"message type {said!r}", line)
                continue
            counted_as, copied = original(name, record, said, self._near_newer)
            message, parts = version2.converted(said, record)
            yield Entry(name, counted_as, copied, V2, self._source.path, line, message, parts, self._raw(data))

    def _decode(self, data: object, record_type: type[T], line: int) -> T | None:
        return decoded(as_bytes(data), record_type, self._problems, line)

    def _raw(self, data: object) -> str | None:
        return text(data) if self._want.raw else None

    def _near(self, first: str, last: str) -> Iterator[Candidate]:
        """Messages by their ids, which an index finds."""
        for message_id, data in self._database.select(NEAR, first, last):
            record = self._quietly(data, LightMessage)
            if record is not None:
                yield Candidate(text(message_id) or "", fingerprint(record, record.role))

    def _near_newer(self, first: str, last: str) -> Iterator[Candidate]:
        for message_id, kind, data in self._database.select(NEAR_NEWER, first, last):
            record = self._quietly(data, LightV2)
            if record is not None:
                yield Candidate(text(message_id) or "", fingerprint(record, text(kind)))

    def _quietly(self, data: object, record_type: type[T]) -> T | None:
        """Decode a row whose faults are reported where its own session is read."""
        return decoded(as_bytes(data), record_type, Problems(self._source.path))


def as_bytes(data: object) -> bytes:
    """The JSON text of a row, whatever type it has."""
    return data if isinstance(data, bytes) else str(data or "").encode(errors="replace")
