"""A rollout that was read goes in; what must be known of it to read on once it has grown comes out, and is given back then.

Text of the conversation is never part of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import msgspec

from sessionframe.formats.problems import Problems
from sessionframe.providers.codex.facts import SessionFacts
from sessionframe.providers.codex.messages import Messages, Waiting
from sessionframe.providers.codex.thread import Parentage, Thread
from sessionframe.providers.codex.tools import ToolCalls
from sessionframe.providers.codex.usage import At, Counts, Requests, Total
from sessionframe.providers.contract import ParsedRow
from sessionframe.schema import IssueRow, MessageRow, ToolCallRow, UsageRow

NOT_KEPT = (OverflowError, UnicodeEncodeError)
"""A whole number of more than 64 bits, or a path that is no UTF-8: so rare that such a file is simply read again."""


class Kept(msgspec.Struct, array_like=True):
    """Attributes of somebody who reads along, by their own names."""

    @classmethod
    def of(cls, reader: Any) -> Self:
        """As they are now."""
        return cls(*(getattr(reader, name) for name in cls.__struct_fields__))

    def back(self, reader: Any) -> None:
        """Let the reader be as it was."""
        for name in self.__struct_fields__:
            setattr(reader, name, getattr(self, name))


class KeptThread(Kept):
    """Of a `Thread`, all but what its source tells."""

    session_id: str
    parentage: Parentage
    own: bool
    guessed: bool
    continues: bool
    project: str | None
    git_branch: str | None
    version: str | None
    model: str | None
    model_provider: str | None
    service_tier: str | None
    created_at: int | None
    begun: bool
    _own_ordinal: int | None
    _copied_at: int | None
    _dated: bool


class KeptRequests(Kept):
    """Of the `Requests`, all but those that were given out."""

    _latest: UsageRow | None
    _may_sum_up: bool
    _told: dict[str, None]
    _pending: dict[Counts, int]
    _records: int
    _total: Total | None
    _total_is_own: bool
    _aborted: At | None
    _unpaid_turn: str | None
    _reviewing: bool
    _searches: int
    _answering: bool

    def __post_init__(self) -> None:
        self._told = OrderedDict(self._told)  # plain ones forget slowly what came first


class KeptMessages(Kept):
    """Of the `Messages`, those that are held back and what their keys are made with."""

    _seq: int
    _repeats: dict[str, int]
    _held: list[MessageRow]
    _waiting: Waiting | None


class KeptTools(Kept):
    """Of the `ToolCalls`, what their keys are made with; the calls that are left are among the rows."""

    _seen: dict[str, int]


class KeptFacts(Kept):
    """Of the `SessionFacts`, all but the first prompt: it is a text."""

    _entrypoint: str | None
    _project: str | None
    _repo_root: str | None
    _started_at: int | None
    _ended_at: int | None
    _seen: bool


class KeptWriters(msgspec.Struct, array_like=True):
    """Of those who read along only when everything is wanted."""

    messages: KeptMessages
    tools: KeptTools
    finished: int
    facts: KeptFacts


class State(msgspec.Struct, array_like=True):
    """Of all who read along."""

    issues: list[IssueRow]
    thread: KeptThread
    requests: KeptRequests
    writers: KeptWriters | None


state_decoder = msgspec.msgpack.Decoder(State)


class Counters(NamedTuple):
    """Those who read along in any case."""

    problems: Problems
    thread: Thread
    requests: Requests


class Writers(NamedTuple):
    """Those who read along when everything is wanted."""

    messages: Messages
    tools: ToolCalls
    facts: SessionFacts

    def kept(self) -> KeptWriters:
        """As they are now."""
        messages, tools, facts = self
        return KeptWriters(KeptMessages.of(messages), KeptTools.of(tools), tools.finished, KeptFacts.of(facts))

    def go_on(self, kept: KeptWriters, rows: Sequence[ParsedRow]) -> None:
        """Be as they were."""
        kept.messages.back(self.messages)
        kept.tools.back(self.tools)
        self.tools.go_on((row for row in rows if isinstance(row, ToolCallRow)), kept.finished)
        kept.facts.back(self.facts)


def taken(counters: Counters, writers: Writers | None) -> bytes | None:
    """The state of those who read along; nothing where it cannot be written down."""
    problems, thread, requests = counters
    state = State(problems.state, KeptThread.of(thread), KeptRequests.of(requests), writers.kept() if writers else None)
    try:
        return msgspec.msgpack.encode(state)
    except NOT_KEPT:
        return None


def given_back(text: bytes, rows: Sequence[ParsedRow], counters: Counters, writers: Writers | None) -> None:
    """Let everybody be as they were; the rows are those that were given out behind the state."""
    state = state_decoder.decode(text)
    counters.problems.go_on(state.issues)
    state.thread.back(counters.thread)
    state.requests.back(counters.requests)
    if writers is not None and state.writers is not None:
        writers.go_on(state.writers, rows)
