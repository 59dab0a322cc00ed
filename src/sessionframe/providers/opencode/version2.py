"""A message of version 2, which holds its parts, -> the message and parts that version 1 would have written."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sessionframe.providers.opencode.entries import Numbered
from sessionframe.providers.opencode.records import Content, LightMessage, LightV2, Message, MessageV2, Model, Part, Span, ToolState

ROLES = {
    "user": "user",
    "synthetic": "synthetic",
    "system": "system",
    "skill": "system",
    "shell": "shell",
    "assistant": "assistant",
    "compaction": "assistant",
    "agent-switched": "switch",
    "model-switched": "switch",
    "location-switched": "switch",
    "idle": "switch",
}
"""Type of a message -> who speaks; `switch` is a note about the session and says nothing."""
TYPES = ROLES.keys()
PART_OF_CONTENT = {"text": "text", "reasoning": "reasoning", "tool": "tool"}


def converted(kind: str, record: LightV2) -> tuple[LightMessage, list[Numbered]]:
    """A message with its parts; version 2 keeps one row per model request, so no part ends a step."""
    model = record.model or Model()
    message = LightMessage() if not isinstance(record, MessageV2) else Message(agent=record.agent, error=record.error)
    message.role = ROLES[kind]
    message.time, message.cost, message.tokens, message.finish = record.time, recorded_cost(record), record.tokens, record.finish
    message.modelID, message.providerID = model.id or model.modelID, model.providerID
    message.summary = kind == "compaction"
    if not isinstance(record, MessageV2):
        return message, []
    return message, [Numbered(f"{number}", part) for number, part in enumerate(parts(kind, record))]


def recorded_cost(record: LightV2) -> float | None:
    """The cost that a row states. A 0 beside tokens is no price.

    Evidence: sessions of 1.18.33 that were started through the new interface hold 0 for tokens that other sessions of the same
    database pay for.
    """
    return record.cost or None


def parts(kind: str, record: MessageV2) -> Iterator[Part]:
    """What a message consists of."""
    if kind == "shell":
        yield shell_call(record)
        return
    said = record.summary if kind == "compaction" else record.text if record.text is not None else record.name
    if said is not None:
        yield Part(type="text", text=said, synthetic=kind != "user")
    for file in record.files or ():
        yield Part(type="file", filename=file.name, url=file.uri)
    for item in record.content or ():
        yield content_part(item)
    if record.error is not None and kind != "assistant":
        yield Part(type="retry", error=record.error)


def content_part(item: Content) -> Part:
    """An item of an assistant's message."""
    kind = PART_OF_CONTENT.get(item.type or "", item.type)
    if kind != "tool":
        return Part(type=kind, text=item.text, time=item.time)
    state, time = item.state or ToolState(), item.time or Span()
    began = time.ran if time.ran is not None else time.created
    state.time = Span(created=time.created, start=began, end=time.completed)
    return Part(type="tool", callID=item.id, tool=item.name, state=state)


def shell_call(record: MessageV2) -> Part:
    """A command that the user ran."""
    time = record.time or Span()
    metadata = msgspec.Raw(msgspec.json.encode({"exit": record.exit}) if record.exit is not None else b"{}")
    state = ToolState(
        status="completed" if time.completed is not None else "running",
        input=msgspec.Raw(msgspec.json.encode({"command": record.command or ""})),
        output=record.output,
        metadata=metadata,
        time=Span(start=time.created, end=time.completed),
    )
    return Part(type="tool", callID=record.callID or record.shellID, tool="bash", state=state)
