"""The lines of Qwen Code's files, only the fields that are used. Every field is optional: the format is internal and changes."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from sessionframe.dialects.google import Content
from sessionframe.formats.text import ABSENT

Stamp: TypeAlias = str | int | float | None


class Usage(msgspec.Struct, gc=False):
    """The counts of one response. They are checked one by one, so that one that does not fit leaves the others alone."""

    promptTokenCount: Any = None
    candidatesTokenCount: Any = None
    thoughtsTokenCount: Any = None
    cachedContentTokenCount: Any = None
    toolUsePromptTokenCount: Any = None
    totalTokenCount: Any = None


class Told(msgspec.Struct, gc=False, rename={"event": "event.name"}):
    """An event of the program's own telemetry: the vendor's id of a response, how long a tool ran, what the user decided."""

    event: str | None = None
    response_id: str | None = None
    input_token_count: Any = None
    output_token_count: Any = None
    call_id: str | None = None
    duration_ms: float | None = None
    decision: str | None = None


class LightPayload(msgspec.Struct, gc=False):
    """What a line of the program says of a request."""

    uiEvent: Told | None = None


class ForkedFrom(msgspec.Struct, gc=False):
    """The record that a copied line is a copy of."""

    sessionId: str | None = None


class Envelope(msgspec.Struct, gc=False):
    """What every line carries."""

    uuid: str | None = None
    sessionId: str | None = None
    timestamp: Stamp = None
    type: str | None = None
    cwd: str | None = None
    gitBranch: str | None = None
    model: str | None = None
    usageMetadata: Usage | None = None
    agentId: str | None = None
    forkedFrom: ForkedFrom | None = None


class LightRecord(Envelope, gc=False):
    """A line of which only the usage is wanted."""

    systemPayload: LightPayload | None = None


class Message(msgspec.Struct, gc=False):
    """The content of a line."""

    parts: Content = None


class Payload(LightPayload, gc=False):
    """What a line of the program says, over all its kinds."""

    customTitle: str | None = None
    titleSource: str | None = None
    parentSessionId: str | None = None
    sourceType: str | None = None


class ToolCallResult(msgspec.Struct, gc=False):
    """What the program noted of a call's outcome."""

    callId: str | None = None
    status: str | None = None
    durationMs: float | None = None
    resultDisplay: msgspec.Raw = ABSENT


class Record(Envelope, gc=False):
    """A line of which everything is wanted."""

    parentUuid: str | None = None
    version: str | None = None
    subtype: str | None = None
    provenance: str | None = None
    agentName: str | None = None
    message: Message | None = None
    systemPayload: Payload | None = None
    toolCallResult: ToolCallResult | None = None


class Entry(msgspec.Struct, gc=False):
    """A line of the ledger: one request."""

    id: str | None = None
    timestamp: Stamp = None
    sessionId: str | None = None
    model: str | None = None
    source: str | None = None
    inputTokens: Any = None
    outputTokens: Any = None
    cachedTokens: Any = None
    thoughtsTokens: Any = None
    totalTokens: Any = None


class Finished(msgspec.Struct, gc=False):
    """A line of the list of finished sessions; only it names the project of a session whose log is gone."""

    sessionId: str | None = None
    project: str | None = None


class AgentMeta(msgspec.Struct, gc=False):
    """The small file beside a sub-agent's log."""

    agentType: str | None = None
    toolUseId: str | None = None
    parentAgentId: str | None = None
    model: str | None = None


TYPES = frozenset({"user", "assistant", "tool_result", "system"})
"""Every type of line that is understood. The kinds of `system` lines are an open set."""
