"""Records of OpenCode go in, rows of its database come out: ids as it makes them, the tables of version 1.18."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from sessionframe.testing.chance import Chance

Record: TypeAlias = dict[str, Any]
BITS = 48
COUNTER_BITS = 12

TABLES = """
CREATE TABLE project(id text PRIMARY KEY, worktree text NOT NULL, vcs text, name text, icon_url text, icon_color text,
  time_created integer NOT NULL, time_updated integer NOT NULL, time_initialized integer, sandboxes text NOT NULL, commands text);
CREATE TABLE session(id text PRIMARY KEY, project_id text NOT NULL, workspace_id text, parent_id text, slug text NOT NULL,
  directory text NOT NULL, path text, title text NOT NULL, version text NOT NULL, share_url text, summary_additions integer,
  summary_deletions integer, summary_files integer, summary_diffs text, metadata text, cost real DEFAULT 0 NOT NULL,
  tokens_input integer DEFAULT 0 NOT NULL, tokens_output integer DEFAULT 0 NOT NULL, tokens_reasoning integer DEFAULT 0 NOT NULL,
  tokens_cache_read integer DEFAULT 0 NOT NULL, tokens_cache_write integer DEFAULT 0 NOT NULL, revert text, permission text,
  agent text, model text, time_created integer NOT NULL, time_updated integer NOT NULL, time_compacting integer, time_archived integer);
CREATE TABLE message(id text PRIMARY KEY, session_id text NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL,
  data text NOT NULL);
CREATE TABLE part(id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL, time_created integer NOT NULL,
  time_updated integer NOT NULL, data text NOT NULL);
CREATE INDEX message_session_time_created_id_idx ON message(session_id, time_created, id);
CREATE INDEX part_message_id_id_idx ON part(message_id, id);
CREATE INDEX part_session_idx ON part(session_id);
CREATE INDEX session_parent_idx ON session(parent_id);
"""


class Store:
    """One database.

    Parameters
    ----------
    path, chance
        Where to, and what decides the random half of ids.

    Attributes
    ----------
    rows, size
        Rows written since the last `write`, and bytes of their JSON text.
    """

    def __init__(self, path: Path, chance: Chance) -> None:
        self._path = path
        self._chance = chance
        self._count = 0
        self._waiting: list[tuple[str, tuple[object, ...]]] = []
        self._projects: set[str] = set()
        self.rows = 0
        self.size = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA journal_mode=wal")
            database.executescript(TABLES)
        database.close()

    def id(self, kind: str, at_ms: int) -> str:
        """An id: `msg` and `prt` rise with time, `ses` falls."""
        self._count += 1
        clock = (at_ms << COUNTER_BITS) + self._count % (1 << COUNTER_BITS)
        return f"{kind}_{(~clock if kind == 'ses' else clock) % (1 << BITS):012x}{self._chance.letters(14)}"

    def project(self, root: str, at_ms: int) -> str:
        """The id of a project."""
        name = f"{sum(map(ord, root)):08x}" * 5
        if name not in self._projects:
            self._projects.add(name)
            self._add("project", id=name, worktree=root, vcs="git", time_created=at_ms, time_updated=at_ms, sandboxes="[]")
        return name

    def session(self, **columns: object) -> None:
        """A session."""
        self._add("session", **columns)

    def message(self, message_id: str, session_id: str, at_ms: int, data: Mapping[str, Any], *, made_ms: int | None = None) -> None:
        """A message; a copy is younger than it says."""
        self._add(
            "message",
            id=message_id,
            session_id=session_id,
            time_created=at_ms,
            time_updated=at_ms if made_ms is None else made_ms,
            data=self._text(data),
        )

    def part(self, message_id: str, session_id: str, at_ms: int, data: Mapping[str, Any]) -> None:
        """A part of a message."""
        self._add(
            "part",
            id=self.id("prt", at_ms),
            message_id=message_id,
            session_id=session_id,
            time_created=at_ms,
            time_updated=at_ms,
            data=self._text(data),
        )

    def write(self) -> None:
        """Write everything that was added. The last connection folds the log into the database and removes it."""
        with sqlite3.connect(self._path) as database:
            database.execute("PRAGMA synchronous=off")
            for statement, values in self._waiting:
                database.execute(statement, values)
        database.close()
        self._waiting.clear()
        self.rows = self.size = 0

    def _add(self, table: str, **columns: object) -> None:
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        self._waiting.append((f"INSERT INTO {table}({names}) VALUES({marks})", tuple(columns.values())))
        self.rows += 1

    def _text(self, data: Mapping[str, Any]) -> str:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        self.size += len(text.encode())
        return text
