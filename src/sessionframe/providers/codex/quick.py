"""A rollout of which only the usage is wanted goes in; its lines come out, decoded no further than counting needs.

Every line is parsed, so damage is seen wherever it is. Of most lines an envelope and the type of the payload is all that is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final, TypeAlias, Union

import msgspec

from sessionframe.formats.jsonl import BLOCK_BYTES, Decoder, Reading, decoded, decoder_for, finished, whole_lines
from sessionframe.formats.position import Position
from sessionframe.formats.problems import Problems
from sessionframe.formats.salvage import REFUSED
from sessionframe.providers.codex.records import (
    QUIET_LINES,
    EventPayload,
    ItemPayload,
    LightPayload,
    LightRecord,
    Stamp,
    UsagePayload,
)


class QuickLine(msgspec.Struct, tag_field="type", gc=False):
    """An envelope of a known type around a payload. Anything else is no such line, and is read as a `LightRecord`."""

    timestamp: Stamp = None
    ordinal: int | None = None


class QuickItem(QuickLine, tag="response_item", kw_only=True, gc=False):
    """A response item."""

    type: ClassVar[str] = "response_item"
    payload: ItemPayload


class QuickEvent(QuickLine, tag="event_msg", kw_only=True, gc=False):
    """An event."""

    type: ClassVar[str] = "event_msg"
    payload: EventPayload


class QuickUsage(QuickLine, tag="token_usage_record", kw_only=True, gc=False):
    """A response as versions since 0.153 tell it."""

    type: ClassVar[str] = "token_usage_record"
    payload: UsagePayload


class QuickMeta(QuickLine, tag="session_meta", kw_only=True, gc=False):
    """The beginning of a thread."""

    type: ClassVar[str] = "session_meta"
    payload: LightPayload


class QuickTurn(QuickLine, tag="turn_context", kw_only=True, gc=False):
    """The beginning of a turn, or of a request."""

    type: ClassVar[str] = "turn_context"
    payload: LightPayload


class QuickCompacted(QuickLine, tag="compacted", kw_only=True, gc=False):
    """A compaction."""

    type: ClassVar[str] = "compacted"
    payload: LightPayload


class QuietLine(QuickLine, gc=False):
    """A line of a type that holds no usage: only its being there matters."""

    type: ClassVar[str]
    payload: ClassVar[EventPayload] = EventPayload()


QUIET: Final = [msgspec.defstruct(f"Quiet_{name}", [], bases=(QuietLine,), namespace={"type": name}, tag=name) for name in QUIET_LINES]
QuickLines: TypeAlias = QuickItem | QuickEvent | QuickUsage | QuickMeta | QuickTurn | QuickCompacted | QuietLine
LIGHT: Final = decoder_for(LightRecord)
KINDS: Final = (QuickItem, QuickEvent, QuickUsage, QuickMeta, QuickTurn, QuickCompacted, *QUIET)
quick_decoder = msgspec.json.Decoder(Union[KINDS])  # noqa: UP007 - of a list


def quick_block(block: Any) -> list[Any]:
    """The lines of a block; all of them as `LightRecord` where the quick decoder does not know one of them."""
    try:
        return quick_decoder.decode_lines(block)
    except REFUSED:
        return LIGHT.block(block)


QUICK: Final = Decoder(LIGHT.line, quick_block)


def usage_lines(path: str, problems: Problems, position: Position | None = None) -> Iterator[tuple[int, QuickLines | LightRecord]]:
    """The lines of a rollout with their numbers, from a position to the end of the last finished line where one is given, else all.

    A block with anything that the quick decoder does not know, be it damage, the oldest generation or a type of line from the future,
    is read again as `records` reads it.
    """
    reading = Reading(LightRecord, None, problems)
    if position is None:
        return decoded(whole_lines(path, problems, BLOCK_BYTES), QUICK, reading)
    return decoded(finished(whole_lines(path, problems, BLOCK_BYTES, position.offset), position), QUICK, reading, position)
