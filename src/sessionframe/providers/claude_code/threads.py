"""A line -> the conversation or sub-agent thread it belongs to, with the project and branch of that moment."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import msgspec

from sessionframe.machine import Machine
from sessionframe.providers.claude_code.records import Envelope, Record
from sessionframe.providers.contract import Source
from sessionframe.schema import SessionKind
from sessionframe.schema.usage import RequestKind

INLINE_THREAD = "sidechain"
"""Name of the side chains of 1.0.x, which lie inline and name no agent."""

SPECIAL_AGENTS: dict[str, tuple[SessionKind, RequestKind]] = {
    "acompact": ("compaction", "compaction"),
    "aprompt_suggestion": ("suggestion", "suggestion"),
    "aside_question": ("side-question", "side-question"),
}
"""Agents that the program starts for itself, by the first part of their id (`acompact-1a2b`)."""


Key: TypeAlias = tuple[str, str | None, str | None, str | None, str | None]
"""What decides the place of a line: conversation, agent, folder, branch, version."""


class Place(NamedTuple):
    """Where and when a line was written."""

    session_id: str
    root_session_id: str
    kind: SessionKind
    request_kind: RequestKind
    project: str | None
    repo_root: str | None
    git_branch: str | None
    version: str | None
    source: str


class Line(msgspec.Struct, gc=False):
    """A decoded line of the file with its place and time. No tuple: one is made for every line, in a quarter of the time."""

    number: int
    record: Record
    place: Place
    at: int | None


def kind_of_agent(agent_id: str, default: SessionKind) -> tuple[SessionKind, RequestKind]:
    """What a sub-agent is for."""
    for prefix, kinds in SPECIAL_AGENTS.items():
        if agent_id.startswith(prefix):
            return kinds
    return default, "reply"


def legacy_agent(path: str) -> str:
    """The agent that the name of a legacy file states: `agent-<id>.jsonl`."""
    return path.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".jsonl").removeprefix("agent-")


class Threads:
    """Places the lines of one source."""

    def __init__(self, source: Source, machine: Machine, project: str | None = None) -> None:
        self._source = source
        self._repositories = machine.repositories
        self._project = project
        self._root = source.root_session_id
        self._agent = source.session_id.partition("/")[2] if self._root else legacy_agent(source.path)
        self._default: SessionKind = "workflow" if source.kind == "workflow-agent" else "subagent"
        self._memory: dict[Key, Place] = {}
        self._last: tuple[Key | None, Place | None] = (None, None)

    @property
    def state(self) -> str:
        """What must be known to go on: the conversation that the last line of an old sub-agent's file named."""
        return self._root

    def go_on(self, state: str) -> None:
        """Be as it was when it gave this state."""
        self._root = state

    @property
    def is_rooted(self) -> bool:
        """Whether the conversation is known: all but old sub-agents' files state it in their paths."""
        return bool(self._root)

    def note(self, record: Envelope) -> None:
        """Take the conversation from a line of any type, so that usage alone knows it as soon as everything does."""
        self._root = record.sessionId or ""

    def place(self, record: Envelope, echoed_agent: str | None = None) -> Place:
        """The place of a line; `echoed_agent` names the sub-agent whose line a progress record repeats.

        The parent of a sub-agent's file of versions up to 2.1.1 is named by its lines alone: the file lies beside the parent's.
        """
        root = self._root or self._agent
        agent = echoed_agent or self._agent or self._inline_agent(record)
        key = (root, agent, record.cwd, record.gitBranch, record.version)
        last, place = self._last
        if place is None or key != last:  # comparing is cheaper than hashing five new texts
            place = self._memory.get(key)
            if place is None:
                place = self._memory[key] = self._make(*key)
            self._last = (key, place)
        return place

    def _make(self, root: str, agent: str | None, cwd: str | None, branch: str | None, version: str | None) -> Place:
        kind, request_kind = kind_of_agent(agent, self._default) if agent else ("main", "reply")
        project = self._project or cwd
        return Place(
            session_id=f"{root}/{agent}" if agent else root,
            root_session_id=root,
            kind=kind,
            request_kind=request_kind,
            project=project,
            repo_root=self._repositories.root(project),
            git_branch=git_branch(branch),
            version=version,
            source=self._source.path,
        )

    def _inline_agent(self, record: Envelope) -> str | None:
        """The agent of a side chain that lies inside a main file, as 1.0.x wrote it."""
        return (record.agentId or INLINE_THREAD) if record.isSidechain else None


def git_branch(name: str | None) -> str | None:
    """A branch name; outside a branch the CLI writes an empty text or ``HEAD``."""
    return None if name in (None, "", "HEAD") else name
