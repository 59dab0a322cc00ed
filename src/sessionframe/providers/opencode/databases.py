"""The SQLite databases of versions 1.2 and later -> sessions with their messages, one session after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from sqlite3 import sqlite_version_info

from sessionframe.formats.cells import cells
from sessionframe.formats.problems import Problems
from sessionframe.formats.sqlite import Database, Row, text
from sessionframe.formats.statements import Statements
from sessionframe.providers.contract import Source, Want
from sessionframe.providers.opencode import version2
from sessionframe.providers.opencode.entries import Entry, Numbered
from sessionframe.providers.opencode.forks import Candidate, fingerprint, original
from sessionframe.providers.opencode.locations import in_share
from sessionframe.providers.opencode.records import LightMessage, LightV2, Message, MessageV2, Part, Step
from sessionframe.providers.opencode.sessions import V1, V2

ASSISTANT = "assistant"

OLD_TABLES = frozenset({"id", "session_id", "data"})
"""Columns that the tables `message` and `part` of every version have."""
LONGEST_STEP = 1024
"""Bytes of the JSON text of a part that can end a step: those seen have up to 450. Longer ones are the texts and outputs that make up a
database, and are not looked into for usage alone."""
BYTES = "octet_length(data)" if sqlite_version_info >= (3, 43) else "length(CAST(data AS BLOB))"
"""The newer function reads no more than the length."""
STEPS = f"""
    SELECT id, rowid, CAST(data AS BLOB), message_id FROM part
    WHERE message_id IN (SELECT id FROM message WHERE session_id = ?) AND {BYTES} <= {LONGEST_STEP} AND instr(data, 'step-finish')
    ORDER BY message_id, id"""  # noqa: S608 - a number
"""The parts that end a step. The length comes first: it costs next to nothing, and most of a database is in few long parts.

A part belongs to its message, whichever session it names itself: without its steps a message would count with its own numbers.
"""
PARTS = "SELECT id, rowid, CAST(data AS BLOB) FROM part WHERE message_id = CAST(? AS TEXT) ORDER BY id"
MESSAGES = "SELECT id, rowid, CAST(data AS BLOB) FROM message WHERE session_id = ? ORDER BY time_created, id"
NEWER = "SELECT id, rowid, type, CAST(data AS BLOB) FROM session_message WHERE session_id = ? ORDER BY {order}"
NEWER_IDS = "SELECT id FROM session_message WHERE session_id = ?"
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
    problems, statements
        Where issues go, and what became of each record with tokens.
    """

    def __init__(self, database: Database, source: Source, want: Want, problems: Problems, statements: Statements) -> None:
        self._database = database
        self._source = source
        self._want = want
        self._problems = problems
        self._statements = statements
        self._light = want.only_usage
        self._message = cells(LightMessage if self._light else Message, problems)
        self._part = cells(Step if self._light else Part, problems)
        self._newer_message = cells(LightV2 if self._light else MessageV2, problems)
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
            newer = {text(row[0]) or "" for row in self._database.select(NEWER_IDS, session_id)} if self._newer else set()
            if self._old:
                yield from self._version1(session_id, newer)
            if newer:
                yield from self._version2(session_id)
        finally:
            self._database.end()

    def _version1(self, session_id: str, newer: set[str]) -> Iterator[Entry]:
        steps = self._steps(session_id) if self._light else {}
        for message_id, line, data in self._database.select(MESSAGES, session_id):
            record = self._message(data, line)
            if record is None or (self._light and record.role != ASSISTANT):
                continue
            name = text(message_id) or ""
            if name in newer:
                if record.role == ASSISTANT:
                    self._statements.add("newer-copy", line)
                continue
            counted_as, copied = original(name, record, record.role, self._near)
            parts = self._parts(steps.get(message_id, ()) if self._light else self._database.select(PARTS, message_id))
            yield Entry(name, counted_as, copied, V1, self._source.path, line, record, parts, self._raw(data))

    def _steps(self, session_id: str) -> dict[object, list[Row]]:
        """The parts that end a step, by the message they belong to."""
        found: dict[object, list[Row]] = {}
        for row in self._database.select(STEPS, session_id):
            if row[3] in found:
                found[row[3]].append(row)
            else:
                found[row[3]] = [row]
        return found

    def _parts(self, rows: Iterable[Row]) -> list[Numbered]:
        return [Numbered(text(row[0]) or "", part) for row in rows if (part := self._part(row[2], row[1])) is not None]

    def _version2(self, session_id: str) -> Iterator[Entry]:
        for message_id, line, kind, data in self._database.select(self._newer or "", session_id):
            record = self._newer_message(data, line)
            if record is None:
                continue
            name, said = text(message_id) or "", text(kind) or ""
            if said not in version2.TYPES:
                self._problems.add("unknown-record", f"message type {said!r}", line)
                continue
            counted_as, copied = original(name, record, said, self._near_newer)
            message, parts = version2.converted(said, record)
            yield Entry(name, counted_as, copied, V2, self._source.path, line, message, parts, self._raw(data))

    def _raw(self, data: object) -> str | None:
        return text(data) if self._want.raw else None

    def _near(self, first: str, last: str) -> Iterator[Candidate]:
        """Messages by their ids, which an index finds."""
        read = cells(LightMessage, Problems(self._source.path))  # faults are reported where the messages' own session is read
        for message_id, data in self._database.select(NEAR, first, last):
            record = read(data, None)
            if record is not None:
                yield Candidate(text(message_id) or "", fingerprint(record, record.role))

    def _near_newer(self, first: str, last: str) -> Iterator[Candidate]:
        read = cells(LightV2, Problems(self._source.path))
        for message_id, kind, data in self._database.select(NEAR_NEWER, first, last):
            record = read(data, None)
            if record is not None:
                yield Candidate(text(message_id) or "", fingerprint(record, text(kind)))
