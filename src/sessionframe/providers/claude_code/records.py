"""The lines of a Claude Code transcript, only the fields that are used. Every field is optional: the format is internal and changes."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from sessionframe.dialects.anthropic import Content
from sessionframe.formats.text import ABSENT

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10**12)] | None
"""A token count. Negative or absurd ones do not fit and end as null with an issue."""
Stamp: TypeAlias = str | int | float | None


class CacheCreation(msgspec.Struct, gc=False):
    """How cache writes split by lifetime."""

    ephemeral_5m_input_tokens: Count = None
    ephemeral_1h_input_tokens: Count = None


class ServerToolUse(msgspec.Struct, gc=False):
    """Tools run by the vendor."""

    web_search_requests: Count = None


class OutputDetails(msgspec.Struct, gc=False):
    """Parts of the output."""

    thinking_tokens: Count = None


class Iteration(msgspec.Struct, gc=False):
    """One entry of `usage.iterations`: a model call inside the request."""

    type: str | None = None
    model: str | None = None
    input_tokens: Count = None
    output_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation: CacheCreation | None = None


class Usage(msgspec.Struct, gc=False):
    """The usage object of a response."""

    input_tokens: Count = None
    output_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerToolUse | None = None
    output_tokens_details: OutputDetails | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None
    iterations: list[Iteration] | None = None


class Reply(msgspec.Struct, gc=False):
    """The message of an assistant line without its content."""

    id: str | None = None
    model: str | None = None
    stop_reason: str | None = None
    usage: Usage | None = None


class Message(Reply, gc=False):
    """The message of a user or assistant line."""

    role: str | None = None
    content: Content = None


class EchoedRecord(msgspec.Struct, gc=False):
    """A sub-agent's line as its parent's progress record repeats it."""

    type: str | None = None
    uuid: str | None = None
    requestId: str | None = None
    timestamp: Stamp = None
    message: Reply | None = None


class ProgressData(msgspec.Struct, gc=False):
    """What a progress record reports."""

    type: str | None = None
    agentId: str | None = None
    message: EchoedRecord | None = None


class ForkedFrom(msgspec.Struct, gc=False):
    """The record that a forked line is a copy of."""

    sessionId: str | None = None


class Envelope(msgspec.Struct, gc=False):
    """What every line of the conversation carries."""

    type: str | None = None
    uuid: str | None = None
    sessionId: str | None = None
    timestamp: Stamp = None
    requestId: str | None = None
    isSidechain: bool | None = None
    agentId: str | None = None
    cwd: str | None = None
    gitBranch: str | None = None
    version: str | None = None
    costUSD: float | None = None
    isApiErrorMessage: bool | None = None
    session_id: str | None = None
    forkedFrom: ForkedFrom | None = None
    data: ProgressData | None = None


class LightRecord(Envelope, gc=False):
    """A line of which only the usage is wanted."""

    message: Reply | None = None


class Origin(msgspec.Struct, gc=False):
    """Who gave a prompt."""

    kind: str | None = None


class Record(Envelope, gc=False):
    """A line of which everything is wanted."""

    message: Message | None = None
    parentUuid: str | None = None
    subtype: str | None = None
    content: msgspec.Raw = ABSENT
    entrypoint: str | None = None
    isMeta: bool | None = None
    isCompactSummary: bool | None = None
    origin: msgspec.Raw = ABSENT
    turnOrigin: str | None = None
    promptSource: str | None = None
    toolUseResult: msgspec.Raw = ABSENT
    toolDenialKind: str | None = None
    attachment: msgspec.Raw = ABSENT
    summary: str | None = None
    leafUuid: str | None = None
    aiTitle: str | None = None
    customTitle: str | None = None
    lastPrompt: str | None = None
    totalCostUSD: float | None = None
    hasUnknownModelCost: bool | None = None
    startTime: Stamp = None


class Attachment(msgspec.Struct, gc=False):
    """The head of an attachment; `queued_command` holds prompts typed while the model worked."""

    type: str | None = None
    prompt: msgspec.Raw = ABSENT
    commandMode: str | None = None
    origin: msgspec.Raw = ABSENT
    source_uuid: str | None = None


class Hunk(msgspec.Struct, gc=False):
    """One hunk of a recorded patch."""

    lines: list[str] | None = None


class ToolUseResult(msgspec.Struct, gc=False):
    """What the program itself noted of a tool's outcome, across all tools."""

    type: str | None = None
    agentId: str | None = None
    durationMs: float | None = None
    durationSeconds: float | None = None
    totalDurationMs: float | None = None
    structuredPatch: list[Hunk] | None = None
    content: msgspec.Raw = ABSENT


class ToolInput(msgspec.Struct, gc=False):
    """The arguments that name what a call is about."""

    file_path: str | None = None
    notebook_path: str | None = None
    path: str | None = None
    command: str | None = None


class AgentMeta(msgspec.Struct, gc=False):
    """The sidecar of a sub-agent's file."""

    agentType: str | None = None
    toolUseId: str | None = None
    parentAgentId: str | None = None


SIDE_RECORDS = frozenset(
    {
        "agent-color",
        "agent-name",
        "agent-setting",
        "api-request",
        "api-request-blob",
        "api-request-shape",
        "artifact-autoreact-ledger",
        "artifact-comment-monitor",
        "atis-latch",
        "attribution-snapshot",
        "bridge-session",
        "content-replacement",
        "continued-in",
        "dev-mods",
        "ended-by-model",
        "fork-context-ref",
        "frame-link",
        "history-suppression",
        "isolation-latch",
        "launched",
        "memory-mode",
        "mode",
        "observer-ref",
        "permission-mode",
        "pr-link",
        "queue-operation",
        "relocated",
        "result",
        "speculation",
        "started",
        "tag",
        "task-summary",
        "worktree-state",
    }
)
"""Known types of lines that hold no conversation and nothing the tables need."""

SPEAKING = frozenset({"assistant", "progress"})
"""Types of lines that can state the usage of a response."""
