"""A record type as providers declare them, and what the tests of this room ask of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from sessionframe.formats.jsonl import BLOCK_BYTES, records
from sessionframe.formats.problems import Problems
from sessionframe.schema import IssueRow

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10**12)] | None


class Usage(msgspec.Struct, gc=False):
    """Counts."""

    input_tokens: Count = None
    output_tokens: Count = None


class Block(msgspec.Struct, gc=False):
    """A part of a message."""

    type: str | None = None
    text: str | None = None
    inner: list[Block] | None = None


class Message(msgspec.Struct, gc=False):
    """A message."""

    id: str | None = None
    content: str | list[Block] | None = None
    usage: Usage | None = None


class Record(msgspec.Struct, gc=False):
    """A line."""

    type: str | None = None
    n: int | None = None
    text: str | None = None
    timestamp: str | int | float | None = None
    level: Literal["low", "high"] | None = None
    cost: Annotated[float, msgspec.Meta(gt=0, lt=1000)] | None = None
    is_meta: bool | None = msgspec.field(default=None, name="isMeta")
    message: Message | None = None
    by_path: dict[str, Usage] | None = None
    anything: Any = None


class RawRecord(msgspec.Struct, gc=False):
    """A line that keeps a part of itself undecoded."""

    n: int | None = None
    result: msgspec.Raw = msgspec.Raw(b"")


def read(path: Path, containing: bytes | None = None, block_bytes: int = BLOCK_BYTES) -> tuple[list[tuple[int, Record]], list[IssueRow]]:
    """All records of a file and all issues."""
    problems = Problems(str(path))
    return list(records(path, Record, problems, containing, block_bytes=block_bytes)), problems.rows()


def found(issues: list[IssueRow]) -> list[tuple[int | None, str]]:
    """Line and kind of each issue."""
    return [(issue.line, issue.kind) for issue in issues]
