"""The lines of a Codex rollout, only the fields that are used. Every field is optional: the vendor calls the format no contract.

A line is an envelope around a payload; in the oldest generation it is the payload itself. So `Record` has the payload's fields too.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from sessionframe.dialects.openai import ExitCode, Parts
from sessionframe.formats.text import ABSENT

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10**12)] | None
"""A token count. Negative or absurd ones do not fit and end as null with an issue."""
Stamp: TypeAlias = str | int | float | None


class Tokens(msgspec.Struct, gc=False):
    """Token counts of one response, or a running total. Cached and written tokens are part of the input, reasoning of the output."""

    input_tokens: Count = None
    cached_input_tokens: Count = None
    cache_write_input_tokens: Count = None
    output_tokens: Count = None
    reasoning_output_tokens: Count = None
    total_tokens: Count = None


class CountInfo(msgspec.Struct, gc=False):
    """The counters of a `token_count` event."""

    total_token_usage: Tokens | None = None
    last_token_usage: Tokens | None = None


class Git(msgspec.Struct, gc=False):
    """The repository at the start of the session."""

    branch: str | None = None


class Spawn(msgspec.Struct, gc=False):
    """How a sub-agent was started."""

    parent_thread_id: str | None = None
    depth: int | None = None
    agent_role: str | None = None


class SubAgent(msgspec.Struct, gc=False):
    """A sub-agent that has more to say than a word."""

    thread_spawn: Spawn | None = None
    other: str | None = None


class Origin(msgspec.Struct, gc=False):
    """Where a thread comes from, when that is no plain word."""

    custom: str | None = None
    internal: str | None = None
    subagent: str | SubAgent | None = None


class HistoryBase(msgspec.Struct, gc=False):
    """The history that a file continues without copying it."""

    thread_id: str | None = None


class Settings(msgspec.Struct, gc=False):
    """What is configured from here on."""

    model: str | None = None
    model_provider_id: str | None = None
    service_tier: str | None = None
    cwd: str | None = None


class Action(msgspec.Struct, gc=False):
    """What a web search or a local shell call does."""

    type: str | None = None
    query: str | None = None
    url: str | None = None
    command: list[str] | None = None


class ItemPayload(msgspec.Struct, gc=False):
    """What usage needs of a response item."""

    type: str | None = None
    action: Action | None = None


class EventPayload(msgspec.Struct, gc=False):
    """What usage needs of an event."""

    type: str | None = None
    turn_id: str | None = None
    info: CountInfo | None = None
    thread_settings: Settings | None = None


class UsagePayload(msgspec.Struct, gc=False):
    """What usage needs of a usage record."""

    thread_id: str | None = None
    turn_id: str | None = None
    response_id: str | None = None
    usage: Tokens | None = None
    thread_token_usage: Tokens | None = None
    type: str | None = None


class LightPayload(EventPayload, gc=False):
    """What usage needs of any payload."""

    id: str | None = None
    timestamp: Stamp = None
    cwd: str | None = None
    cli_version: str | None = None
    source: str | Origin | None = None
    model_provider: str | None = None
    session_id: str | None = None
    parent_thread_id: str | None = None
    forked_from_id: str | None = None
    agent_role: str | None = None
    history_base: HistoryBase | None = None
    subagent_history_start_ordinal: int | None = None
    git: Git | None = None
    model: str | None = None
    thread_id: str | None = None
    response_id: str | None = None
    usage: Tokens | None = None
    thread_token_usage: Tokens | None = None
    message: str | None = None
    compaction_response_id: str | None = None
    action: Action | None = None
    role: str | None = None


class LightRecord(LightPayload, gc=False):
    """A line of which only the usage is wanted."""

    ordinal: int | None = None
    payload: LightPayload | None = None
    record_type: str | None = None
    content: Parts = None


class Duration(msgspec.Struct, gc=False):
    """How long something took."""

    secs: int | float | None = None
    nanos: int | float | None = None


class Invocation(msgspec.Struct, gc=False):
    """The tool of an MCP server that was called."""

    server: str | None = None


class Provenance(msgspec.Struct, gc=False):
    """Who wrote a part of a message."""

    type: str | None = None


class PartMetadata(msgspec.Struct, gc=False):
    """What is known of a part of a message."""

    provenance: Provenance | None = None


class Passthrough(msgspec.Struct, gc=False):
    """What newer versions note beside a message."""

    content_item_kinds: list[str] | None = None
    content_item_metadata: list[PartMetadata | None] | None = None


class ItemMetadata(msgspec.Struct, gc=False):
    """What newer versions note beside an item."""

    compaction_output: bool | None = None


class Item(msgspec.Struct, gc=False):
    """What `item_completed` reports."""

    type: str | None = None
    id: str | None = None
    content: msgspec.Raw = ABSENT
    status: str | None = None
    exit_code: ExitCode = None
    duration: Duration | None = None
    changes: msgspec.Raw = ABSENT
    server: str | None = None
    result: msgspec.Raw = ABSENT
    receiver_thread_ids: list[str] | None = None
    agent_thread_id: str | None = None


class Payload(LightPayload, gc=False):
    """A payload of which everything is wanted."""

    originator: str | None = None
    content: msgspec.Raw = ABSENT
    summary: msgspec.Raw = ABSENT
    name: str | None = None
    namespace: str | None = None
    arguments: msgspec.Raw = ABSENT
    input: msgspec.Raw = ABSENT
    output: msgspec.Raw = ABSENT
    call_id: str | None = None
    status: str | None = None
    result: msgspec.Raw = ABSENT
    success: bool | None = None
    changes: msgspec.Raw = ABSENT
    exit_code: ExitCode = None
    duration: Duration | None = None
    invocation: Invocation | None = None
    item: Item | None = None
    reason: str | None = None
    num_turns: int | None = None
    internal_chat_message_metadata_passthrough: Passthrough | None = None


class Record(Payload, gc=False):
    """A line of which everything is wanted."""

    ordinal: int | None = None
    payload: Payload | None = None
    record_type: str | None = None
    metadata: ItemMetadata | None = None


class Document(msgspec.Struct, gc=False):
    """A session of the first, TypeScript program: one document."""

    session: Payload | None = None
    items: list[Payload] | None = None


QUIET_LINES = frozenset(
    {
        "world_state",
        "inter_agent_communication",
        "inter_agent_communication_metadata",
        "retained_context",
        "security_risk_score",
        "realtime_item",
    }
)
"""Known types of lines that hold no conversation and no usage."""

SILENT_ITEMS = frozenset({"other", "compaction", "compaction_summary", "context_compaction", "configuration_update", "additional_tools"})
"""Known items that are markers for the model's server."""

REPEATING_EVENTS = frozenset(
    {
        "user_message",
        "agent_message",
        "agent_reasoning",
        "agent_reasoning_raw_content",
        "context_compacted",
        "undo_completed",
        "thread_name_updated",
        "thread_goal_updated",
        "error",
        "view_image_tool_call",
        "guardian_assessment",
        "image_generation_end",
        "web_search_end",
        "sub_agent_activity",
    }
)
"""Known events that repeat what response items say, or say nothing that the tables need."""

EVENTS_OF_USAGE = frozenset(
    {
        "token_count",
        "task_started",
        "turn_started",
        "task_complete",
        "turn_complete",
        "turn_aborted",
        "thread_settings_applied",
        "entered_review_mode",
    }
)
"""Events that the counting rules look at."""
