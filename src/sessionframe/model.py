"""What the session API hands out: sessions, their messages and token counts as checked models, and the protocol of a provider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Protocol, Self, runtime_checkable

from pydantic import AwareDatetime, BaseModel, ConfigDict


class MessageRole(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    """The agent program."""
    TOOL = "tool"
    """A tool that answers."""


class MessageType(StrEnum):
    """What a message is."""

    CHAT = "chat"
    TOOL_USE = "tool-use"
    TOOL_RESULT = "tool-result"
    PROGRESS = "progress"
    SNAPSHOT = "snapshot"
    THINKING = "thinking"
    SUMMARY = "summary"


class Model(BaseModel):
    """Base of the models: immutable, and a misspelt field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TokenUsage(Model):
    """Tokens of one model request, or the sum of several. The four counts are disjoint; null is unknown, never 0.

    Attributes
    ----------
    input_tokens
        Uncached input [tokens].
    output_tokens
        Output, thinking included [tokens].
    cache_read
        Input read from the prompt cache [tokens].
    cache_write
        Input written to the prompt cache, all lifetimes [tokens].
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None

    @property
    def total(self) -> int | None:
        """All tokens; null when none of the four is known."""
        return added((self.input_tokens, self.output_tokens, self.cache_read, self.cache_write))

    @classmethod
    def sum(cls, usages: Iterable[TokenUsage]) -> Self:
        """Add up requests: each count is the sum of those that are known, null when none is."""
        every = list(usages)
        return cls(
            input_tokens=added(usage.input_tokens for usage in every),
            output_tokens=added(usage.output_tokens for usage in every),
            cache_read=added(usage.cache_read for usage in every),
            cache_write=added(usage.cache_write for usage in every),
        )


class Message(Model):
    """One content part of one message, in the order of the log.

    Attributes
    ----------
    id
        Id of the record in the log; the parts of one record share it.
    parent_id
        Id of the record before this one in the conversation tree.
    session_id
        The session it belongs to.
    role, type
        Who speaks, and what the part is.
    content
        The text; null for parts without any, such as images.
    timestamp
        When the record was written; null when the log does not say.
    model
        Model that wrote it, as the log names it.
    usage
        Tokens of the model request, on exactly one message of each request: the sum over the messages is the sum of the session.
    call_id
        Tool call that the part makes or answers.
    is_human
        A person said it; false for text that the agent program put in a user's mouth; null when nobody can tell.
    raw_json
        The record as JSON text, when asked for.
    """

    id: str
    parent_id: str | None = None
    session_id: str
    role: MessageRole
    type: MessageType = MessageType.CHAT
    content: str | None = None
    timestamp: AwareDatetime | None = None
    model: str | None = None
    usage: TokenUsage | None = None
    call_id: str | None = None
    is_human: bool | None = None
    raw_json: str | None = None


class SessionSummary(Model):
    """One session without its messages.

    Attributes
    ----------
    id
        The session; a sub-agent's is ``<session>/<agent id>``.
    agent_type
        The agent, e.g. ``claude-code``.
    project_path
        Working directory at the first record.
    git_branch
        Git branch at the first record that names one.
    first_prompt
        First 200 characters of the first human prompt.
    summary
        Title given by the user or the agent.
    message_count
        Messages of user, assistant and tools, copied history included; the parts of one message count once.
    created, modified
        First and last record, copied history included.
    """

    id: str
    agent_type: str
    project_path: str | None = None
    git_branch: str | None = None
    first_prompt: str | None = None
    summary: str | None = None
    message_count: int | None = None
    created: AwareDatetime | None = None
    modified: AwareDatetime | None = None


class Session(SessionSummary):
    """One session with its messages.

    Attributes
    ----------
    messages
        Everything said, in the order of the log, history copied from another session included.
    usage
        Tokens of all requests: the sum over the messages; null when there was no request.
    problems
        What could not be read, one sentence each; empty when everything could.
    """

    messages: tuple[Message, ...] = ()
    usage: TokenUsage | None = None
    problems: tuple[str, ...] = ()


@runtime_checkable
class SessionProvider(Protocol):
    """What gives access to the sessions of one agent. Any object with these members can be registered.

    The members may raise whatever suits them: a provider that fails is left out and reported, the others go on. A user message
    of type ``chat`` counts as a prompt of a person unless its `is_human` is false.
    """

    @property
    def agent_type(self) -> str:
        """The lower-case name of the agent."""

    def list_projects(self) -> list[str]:
        """Paths of all projects with a session, sorted."""

    def list_sessions(self, project_path: str) -> list[SessionSummary]:
        """The sessions of a project, the last modified first.

        Raises
        ------
        ProjectNotFoundError
            No session has that project.
        """

    def read_session(self, session_id: str) -> Session:
        """A session with all its messages.

        Raises
        ------
        SessionNotFoundError
            There is none with that id.
        """

    def scan_messages(self, session_id: str) -> Iterator[Message]:
        """The messages of a session one by one, so that a log of any size fits.

        Raises
        ------
        SessionNotFoundError
            There is none with that id.
        """


def added(counts: Iterable[int | None]) -> int | None:
    """The sum of the known counts; null when none is known."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
