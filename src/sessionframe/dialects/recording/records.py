"""The records of a recording, only the fields that are used. Every field is optional: the format is internal and changes."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from sessionframe.dialects.google import Content
from sessionframe.formats.text import ABSENT

Stamp: TypeAlias = str | int | float | None


class Tokens(msgspec.Struct, gc=False):
    """The counts of one response. They are checked one by one, so that one that does not fit leaves the others alone."""

    input: Any = None
    output: Any = None
    cached: Any = None
    thoughts: Any = None
    tool: Any = None
    total: Any = None


class CallId(msgspec.Struct, gc=False):
    """Just the id of a call; in old versions the time of the request stands in it."""

    id: str | None = None


class ToolCall(CallId, gc=False):
    """A tool call with its result."""

    name: str | None = None
    args: msgspec.Raw = ABSENT
    result: msgspec.Raw = ABSENT
    status: str | None = None
    timestamp: Stamp = None
    displayName: str | None = None
    resultDisplay: msgspec.Raw = ABSENT
    agentId: str | None = None


class Thought(msgspec.Struct, gc=False):
    """A summary of what the model thought."""

    subject: str | None = None
    description: str | None = None


class Envelope(msgspec.Struct, gc=False):
    """What every message has."""

    id: str | None = None
    timestamp: Stamp = None
    type: str | None = None
    model: str | None = None
    tokens: Tokens | None = None


class LightMessage(Envelope, gc=False):
    """A message of which only the usage is wanted."""

    toolCalls: list[CallId] | None = None


class Message(Envelope, gc=False):
    """A message of which everything is wanted."""

    content: Content = None
    thoughts: list[Thought] | None = None
    toolCalls: list[ToolCall] | None = None


class Head(msgspec.Struct, gc=False):
    """What a recording says of itself."""

    sessionId: str | None = None
    projectHash: str | None = None
    startTime: Stamp = None
    kind: str | None = None
    summary: str | None = None
    directories: list[str] | None = None


class LightDocument(Head, gc=False):
    """A recording in one document, only for its usage."""

    messages: list[LightMessage] | None = None


class Document(Head, gc=False):
    """A recording in one document."""

    messages: list[Message] | None = None


class LightLine(LightMessage, gc=False, rename={"changes": "$set", "rewind": "$rewindTo"}):
    """One line of a log, only for its usage: a message, what a recording says of itself, a change, or a step back."""

    changes: LightDocument | None = None
    rewind: str | None = None
    sessionId: str | None = None
    projectHash: str | None = None
    startTime: Stamp = None
    kind: str | None = None
    summary: str | None = None
    directories: list[str] | None = None
    messages: list[LightMessage] | None = None


class Line(Message, gc=False, rename={"changes": "$set", "rewind": "$rewindTo"}):
    """One line of a log."""

    changes: Document | None = None
    rewind: str | None = None
    sessionId: str | None = None
    projectHash: str | None = None
    startTime: Stamp = None
    kind: str | None = None
    summary: str | None = None
    directories: list[str] | None = None
    messages: list[Message] | None = None
