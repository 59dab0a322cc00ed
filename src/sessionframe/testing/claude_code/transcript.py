"""One Claude Code transcript: records go in, JSON lines come out, counted and written in pieces of bounded size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from sessionframe.testing.chance import Chance
from sessionframe.testing.truth import Truth

Record: TypeAlias = dict[str, Any]
PIECE = 1 << 20
"""Bytes held in memory before they are written."""
encode = msgspec.json.Encoder().encode


def folder_name(directory: str) -> str:
    """A project's folder below ``projects``: every character but ASCII letters and digits becomes a dash."""
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in directory)


class Clock:
    """The time in a session, in milliseconds since 1970."""

    def __init__(self, ms: int) -> None:
        self.ms = ms

    def wait(self, seconds: float) -> None:
        """Let time pass; at least a millisecond, so that no two records of a thread are equally old."""
        self.ms += max(1, int(seconds * 1000))

    def __str__(self) -> str:
        return datetime.fromtimestamp(self.ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{self.ms % 1000:03d}Z"


@dataclass(slots=True)
class Setting:
    """What every record of a thread repeats; folder and branch may change on the way."""

    session_id: str
    cwd: str
    branch: str
    version: str
    entrypoint: str
    agent_id: str | None = None


class Transcript:
    """A file that grows by records.

    Parameters
    ----------
    path, setting, clock
        Where it is, what its records repeat, what time it is.
    chance, truth
        Where ids come from, and who counts lines and bytes.
    keep
        Hold the records, because another session will begin with a copy of them.
    """

    def __init__(self, path: Path, setting: Setting, clock: Clock, *, chance: Chance, truth: Truth, keep: bool = False) -> None:
        self.setting = setting
        self.clock = clock
        self.kept: list[Record] | None = [] if keep else None
        self.parent: str | None = None
        self._chance = chance
        self._truth = truth
        self._lines: list[bytes] = []
        self._waiting = self._count = self._size = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")

    def add(self, record: Record) -> Record:
        """A record as it is."""
        line = encode(record)
        self._lines += (line, b"\n")
        self._waiting += len(line) + 1
        self._count += 1
        if self.kept is not None:
            self.kept.append(record)
        if self._waiting > PIECE:
            self._flush()
        return record

    def chain(self, kind: str, body: Record, tail: Record | None = None) -> Record:
        """A record of the conversation: it gets an id, a time and the id of the record before it."""
        setting, record = self.setting, {"parentUuid": self.parent, "isSidechain": self.setting.agent_id is not None}
        if setting.agent_id is not None:
            record["agentId"] = setting.agent_id
        record.update(type=kind, **body)
        self.parent = record["uuid"] = self._chance.uuid()
        record["timestamp"] = str(self.clock)
        if tail:
            record.update(tail)
        record.update(
            userType="external",
            entrypoint=setting.entrypoint,
            cwd=setting.cwd,
            sessionId=setting.session_id,
            version=setting.version,
            gitBranch=setting.branch,
        )
        return self.add(record)

    def user(self, content: str | list[Record], **tail: Any) -> Record:
        """What the model gets to read as the user's turn."""
        return self.chain("user", {"message": {"role": "user", "content": content}}, tail)

    def system(self, subtype: str, **body: Any) -> Record:
        """A notice of the program."""
        return self.chain("system", {"subtype": subtype, **body})

    def note(self, kind: str, **fields: Any) -> Record:
        """A record beside the conversation, without id and time."""
        return self.add({"type": kind, **fields, "sessionId": self.setting.session_id})

    def queue(self, operation: str, content: str | None = None) -> None:
        """A prompt enters or leaves the queue."""
        said = {} if content is None else {"content": content}
        self.note("queue-operation", operation=operation, timestamp=str(self.clock), **said)

    def close(self) -> None:
        """Write what is left and count the file."""
        self._flush()
        self._file.close()
        self._truth.file(self._count, self._size)

    def _flush(self) -> None:
        self._size += self._file.write(b"".join(self._lines))
        self._lines.clear()
        self._waiting = 0
