"""A line -> the conversation or sub-agent thread it belongs to, with the project and branch of that moment."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import msgspec

from sessionframe.formats.smalljson import read_json
from sessionframe.machine import Machine
from sessionframe.providers.contract import Lineage, Source
from sessionframe.providers.qwen.records import AgentMeta, Envelope, Record
from sessionframe.schema import SessionKind

E = TypeVar("E", bound=Envelope)


class Place(NamedTuple):
    """Where a line was written."""

    session_id: str
    root_session_id: str
    kind: SessionKind
    project: str | None
    repo_root: str | None
    git_branch: str | None
    source: str


class Line(NamedTuple):
    """A decoded line with its place and time."""

    number: int
    record: Record
    place: Place
    at: int | None


class Threads:
    """Places the lines of one log.

    Parameters
    ----------
    source, machine
        The log, and whose it is.

    Attributes
    ----------
    meta
        What the small file beside a sub-agent's log says; empty for a session.
    """

    def __init__(self, source: Source, machine: Machine) -> None:
        self.meta = agent_meta(source.companions)
        self._source = source
        self._repositories = machine.repositories
        self._known: dict[tuple[str | None, str | None], Place] = {}
        self._copied = False

    def see(self, record: Envelope) -> None:
        """Note whether a line says that it was copied: a branch says so on every one of these (the program's source)."""
        if record.forkedFrom is not None:
            self._copied = True

    def lineage(self) -> Lineage:
        """Whether the log is a branch of another one."""
        return Lineage(says_copied=self._copied, side=self._source.kind == "subagent")

    def place(self, record: Envelope) -> Place:
        """The place of a line."""
        key = record.cwd, record.gitBranch
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._make(*key)
        return known

    def _make(self, cwd: str | None, branch: str | None) -> Place:
        return Place(
            session_id=self._source.session_id,
            root_session_id=self._source.root_session_id,
            kind="subagent" if self._source.kind == "subagent" else "main",
            project=cwd,
            repo_root=self._repositories.root(cwd),
            git_branch=None if branch in {None, "", "HEAD"} else branch,
            source=self._source.path,
        )


def agent_meta(companions: tuple[str, ...]) -> AgentMeta:
    """The small file beside a sub-agent's log; an empty one when there is none or it does not fit."""
    for path in companions:
        try:
            return msgspec.convert(read_json(path), AgentMeta, strict=False)
        except msgspec.ValidationError:
            continue
    return AgentMeta()
