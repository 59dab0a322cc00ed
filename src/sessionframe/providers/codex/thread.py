"""The lines of a rollout in file order -> whose they are, which of them are copied, and where and with what model they were written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from sessionframe.formats.clock import instant
from sessionframe.formats.jsonl import records
from sessionframe.formats.problems import Problems
from sessionframe.machine import Machine
from sessionframe.providers.codex.locations import rollout_of
from sessionframe.providers.codex.records import EventPayload, LightPayload, LightRecord, Origin, Settings, Stamp, SubAgent
from sessionframe.providers.contract import Source
from sessionframe.schema import SessionKind

UUID7 = re.compile(r"^([0-9a-f]{8})-([0-9a-f]{4})-7", re.IGNORECASE)
BURST_US = 1_000_000
"""Copied lines are written in one go; a person needs longer than this to type the next prompt [us]."""
MOST_PARENTS = 16
"""How far up the chain of parents is followed: a guard against loops, real chains have one or two links."""
KINDS: dict[str, SessionKind] = {"review": "review", "compact": "compaction"}
"""Sub-agents that are more than a sub-agent; guardians and the keeper of memories are plain ones."""
ENVIRONMENT_CWD = re.compile(r"<cwd>([^<]+)</cwd>")
BUILT_IN_PROVIDER = "openai"
TURN_STARTS = frozenset({"task_started", "turn_started"})


class Place(NamedTuple):
    """Where and in which thread a line was written."""

    session_id: str
    root_session_id: str
    project: str | None
    repo_root: str | None
    git_branch: str | None
    source: str


class Parentage(NamedTuple):
    """What a thread is and where it comes from."""

    kind: SessionKind
    parent_session_id: str | None
    root_session_id: str
    subagent_type: str | None
    is_looked_up: bool = False
    """Other files were asked for the conversation it belongs to."""


@dataclass(slots=True)
class Thread:
    """One rollout while it is read.

    Attributes
    ----------
    session_id, parentage
        Who it is; settled by the first line.
    own
        The lines that are read now are the thread's own, not a copy of its parent's history.
    guessed
        The end of the copied part was found by time only.
    continues
        Its counters go on from those of another file.
    project, git_branch, version, model, model_provider, service_tier
        As the latest line says.
    """

    source: Source
    machine: Machine
    session_id: str
    parentage: Parentage
    own: bool = True
    guessed: bool = False
    continues: bool = False
    project: str | None = None
    git_branch: str | None = None
    version: str | None = None
    model: str | None = None
    model_provider: str | None = None
    service_tier: str | None = None
    created_at: int | None = None
    begun: bool = False
    _own_ordinal: int | None = None
    _copied_at: int | None = None
    _dated: bool = False
    _place: Place | None = None

    @classmethod
    def of(cls, source: Source, machine: Machine) -> Thread:
        """The thread that the name of a file states, before its first line is read."""
        name = source.session_id or source.path.replace("\\", "/").rsplit("/", 1)[-1].partition(".")[0]
        return cls(source, machine, name, Parentage("main", None, name, None))

    def begin(self, meta: LightPayload, line: int) -> None:
        """Take the first line: the thread's identity. A second one is the parent's, copied."""
        if self.begun:
            return
        self.begun = True
        if self.is_of_another(meta, line):
            self.continues, self.own = True, False
            self.parentage = Parentage("fork", meta.id, self.session_id, None)
            return
        self.session_id = meta.id or self.session_id
        self.created_at = instant(meta.timestamp)
        self.version, self.model_provider = meta.cli_version, meta.model_provider
        self.project, self.git_branch = meta.cwd, meta.git.branch if meta.git else None
        self.parentage = parentage(meta, self.session_id, self.source.root)
        self._place = None
        self._own_ordinal = meta.subagent_history_start_ordinal
        copies = may_copy(meta)
        self.continues = copies or meta.history_base is not None
        self.own = not copies and self._own_ordinal is None

    def is_of_another(self, meta: LightPayload, line: int) -> bool:
        """Whether the first line is lost and this is the parent's, copied behind it: the name of the file states another thread.

        Taken for the thread's own, it would make the copied history count again, because copied lines have times of their own. A file
        that was only given another name begins with its first line.
        """
        return line > 1 and bool(self.source.session_id) and meta.id not in {None, self.source.session_id}

    def at_ordinal(self, ordinal: int | None) -> None:
        """Newer versions state the first line of a sub-agent's own part."""
        if self._own_ordinal is not None and ordinal is not None:
            self.own = ordinal >= self._own_ordinal

    def turn(self, payload: LightPayload, stamp: Stamp) -> None:
        """Take a line that says in which folder and with what model the next ones are written."""
        if not self.own:
            self._look_for_own_turn(payload.turn_id, stamp)
        self.model = payload.model or self.model
        self._move(payload.cwd)

    def event(self, payload: EventPayload, stamp: Stamp) -> None:
        """Take an event: it may begin the thread's own part, or change settings."""
        if not self.own:
            self._look_for_own_turn(payload.turn_id if payload.type in TURN_STARTS else None, stamp)
        if payload.thread_settings is not None and payload.type == "thread_settings_applied":
            settings = payload.thread_settings
            self.model, self.service_tier = settings.model or self.model, sent_tier(settings)
            self._move(settings.cwd)

    def environment(self, text: str) -> None:
        """The oldest files name the folder only in the text that is put before the first prompt."""
        if self.project is None and (match := ENVIRONMENT_CWD.search(text)):
            self._move(match[1])

    def place(self) -> Place:
        """Where the current line was written."""
        if self._place is None:
            root = self.machine.repositories.root(self.project)
            self._place = Place(
                self.session_id, self.parentage.root_session_id, self.project, root, self.git_branch or None, self.source.path
            )
        return self._place

    @property
    def vendor(self) -> str | None:
        """Who sells the model: certain only of the provider that is built in."""
        return "openai" if self.model_provider == BUILT_IN_PROVIDER else None

    def _move(self, folder: str | None) -> None:
        if folder and folder != self.project:
            self.project, self._place = folder, None

    def _look_for_own_turn(self, turn_id: str | None, stamp: Stamp) -> None:
        """The own part begins with the first turn that is younger than the thread; where no id tells, after the copied burst."""
        if self._own_ordinal is not None:
            return  # the line's number tells
        younger = starts_later(turn_id, self.session_id) if turn_id else None
        if younger is not None:
            self.own, self._dated = younger, True
        elif not self._dated and (at := instant(stamp)) is not None:
            after = max(filter(None, (self._copied_at, self.created_at)), default=at)
            self.own = self.guessed = at - after > BURST_US
            self._copied_at = at


def sent_tier(settings: Settings) -> str | None:
    """The service tier of the requests that follow: what is configured, where it is sent.

    Evidence: `0.169.0-tier` states a tier that its requests to a custom provider did not have. The setting `fast` is written as
    `priority`.
    """
    return settings.service_tier if settings.model_provider_id in {None, BUILT_IN_PROVIDER} else None


def may_copy(meta: LightPayload) -> bool:
    """Whether a file may begin with a copy of its parent's history.

    Forks and sub-agents of the versions before history was referred to (`history_base`) or marked (`subagent_history_start_ordinal`).
    A sub-agent that was given no history has nothing before its first turn, so it is no special case.
    """
    if meta.history_base is not None or meta.subagent_history_start_ordinal is not None:
        return False
    subagent = meta.source.subagent if isinstance(meta.source, Origin) else None
    return meta.forked_from_id is not None or (isinstance(subagent, SubAgent) and subagent.thread_spawn is not None)


def starts_later(turn_id: str, thread_id: str) -> bool | None:
    """Whether a turn began when its thread existed; null when an id does not tell its time.

    Both are UUIDs of version 7, which begin with their milliseconds. Checked on forks and sub-agents of 0.115 to 0.145: every copied
    turn is older than the thread, every own one younger, whether or not the parent's file is still there.
    """
    turn, thread = UUID7.match(turn_id), UUID7.match(thread_id)
    if turn is None or thread is None:
        return None
    return int(turn[1] + turn[2], 16) >= int(thread[1] + thread[2], 16)


def parentage(meta: LightPayload, session_id: str, root: str) -> Parentage:
    """What a thread is, from the first line of its file.

    The parent is named by `parent_thread_id`, by how the sub-agent was started, or by the fork. The conversation that a sub-agent
    belongs to is `session_id` since 0.145; before, the chain of parents leads to it.
    """
    subagent = meta.source.subagent if isinstance(meta.source, Origin) else None
    internal = meta.source.internal if isinstance(meta.source, Origin) else None
    if subagent is None and internal is None:
        if meta.forked_from_id is None:
            return Parentage("main", None, session_id, None)
        return Parentage("fork", meta.forked_from_id, session_id, None)
    spawn = subagent.thread_spawn if isinstance(subagent, SubAgent) else None
    word = subagent if isinstance(subagent, str) else (subagent.other if subagent else internal)
    parent = meta.parent_thread_id or (spawn.parent_thread_id if spawn else None) or meta.forked_from_id
    is_nested = bool(parent) and not meta.session_id and spawn is not None and (spawn.depth or 0) > 1
    top = meta.session_id or (top_parent(parent, root) if parent and is_nested else parent) or session_id
    role = meta.agent_role or (spawn.agent_role if spawn else None) or word
    return Parentage(KINDS.get(word or "", "subagent"), parent, top, role, is_nested)


def top_parent(parent: str, root: str) -> str:
    """The conversation above a sub-agent of a sub-agent, read from the first lines of the files in between."""
    for _ in range(MOST_PARENTS):
        path = rollout_of(root, parent)
        meta = first_meta(path) if path else None
        spawn = meta.source.subagent if meta and isinstance(meta.source, Origin) else None
        above = spawn.thread_spawn.parent_thread_id if isinstance(spawn, SubAgent) and spawn.thread_spawn else None
        if above is None:
            return parent
        parent = above
    return parent


def first_meta(path: str) -> LightPayload | None:
    """The first line of another rollout."""
    for _, record in records(path, LightRecord, Problems(path)):
        return record.payload
    return None
