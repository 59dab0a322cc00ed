"""One log of Qwen Code: records go in, JSON lines come out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionframe.testing.chance import Chance
from sessionframe.testing.claude_code.transcript import Clock
from sessionframe.testing.google import LogFile, Record
from sessionframe.testing.truth import Truth


@dataclass(frozen=True, slots=True)
class Setting:
    """What every record of a thread repeats."""

    session_id: str
    cwd: str
    branch: str
    version: str
    agent_id: str | None = None
    agent_name: str | None = None


class Log:
    """A log that grows by records.

    Parameters
    ----------
    path, setting, clock
        Where it is, what its records repeat, what time it is.
    chance, truth
        Where ids come from, and who counts lines and bytes.
    keep
        Hold the records, because another session will begin with a copy of them.
    """

    def __init__(self, path: Path, setting: Setting, clock: Clock, chance: Chance, truth: Truth, *, keep: bool = False) -> None:
        self.setting = setting
        self.clock = clock
        self.chance = chance
        self.truth = truth
        self.kept: list[Record] | None = [] if keep else None
        self.parent: str | None = None
        self._file = LogFile(path, truth)

    def add(self, kind: str, **body: Any) -> None:
        """A record of the conversation: it gets an id, a time and the id of the record before it."""
        setting = self.setting
        record: Record = {"uuid": self.chance.uuid(), "parentUuid": self.parent, "sessionId": setting.session_id}
        record.update(timestamp=str(self.clock), type=kind, cwd=setting.cwd, version=setting.version, gitBranch=setting.branch)
        if setting.agent_id is not None:
            record.update(agentId=setting.agent_id, agentName=setting.agent_name, isSidechain=True)
        self.copy({**record, **body})

    def copy(self, record: Record) -> None:
        """A record as it is."""
        self.parent = str(record["uuid"])
        if self.kept is not None:
            self.kept.append(record)
        self._file.add(record)

    def told(self, event: Record) -> None:
        """An event of the program's own telemetry."""
        payload = {"uiEvent": {**event, "event.timestamp": str(self.clock)}}
        self.add("system", provenance="system", subtype="ui_telemetry", systemPayload=payload)

    def close(self) -> None:
        """Write what is left and count the file."""
        self._file.close()
