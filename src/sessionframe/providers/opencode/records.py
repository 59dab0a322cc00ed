"""What OpenCode stores as JSON, only the fields that are used. Every field is optional: the format is internal and changes."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from sessionframe.formats.text import ABSENT

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10**12)] | None
"""A token count. Negative ones, which old versions could write, do not fit and end as null with an issue."""
Stamp: TypeAlias = int | float | None
"""Milliseconds since 1970; some forks write seconds."""


class Span(msgspec.Struct, gc=False):
    """Points in time of whatever has some."""

    created: Stamp = None
    updated: Stamp = None
    completed: Stamp = None
    start: Stamp = None
    end: Stamp = None
    ran: Stamp = None


class Cache(msgspec.Struct, gc=False):
    """Tokens of the prompt cache."""

    read: Count = None
    write: Count = None


class Tokens(msgspec.Struct, gc=False):
    """The tokens of a step, or of a message; which number contains which depends on the version: see `usage`."""

    total: Count = None
    input: Count = None
    output: Count = None
    reasoning: Count = None
    cache: Cache | None = None


class Model(msgspec.Struct, gc=False):
    """A model as user messages (`modelID`) and version 2 (`id`) name it."""

    id: str | None = None
    modelID: str | None = None
    providerID: str | None = None


class Folder(msgspec.Struct, gc=False):
    """Working directory, and the root of its repository (`/` outside of one)."""

    cwd: str | None = None
    root: str | None = None


class Titles(msgspec.Struct, gc=False):
    """Title and changed files of a user's turn: on a user's message `summary` is these, on an assistant's it marks a compaction."""


class LightMessage(msgspec.Struct, gc=False):
    """A message of which only the usage is wanted."""

    role: str | None = None
    time: Span | None = None
    modelID: str | None = None
    providerID: str | None = None
    mode: str | None = None
    path: Folder | None = None
    cost: float | None = None
    tokens: Tokens | None = None
    finish: str | None = None
    summary: bool | Titles | None = None


class ErrorData(msgspec.Struct, gc=False):
    """What an error says."""

    message: str | None = None


class Failure(msgspec.Struct, gc=False):
    """Why a message failed."""

    name: str | None = None
    message: str | None = None
    data: ErrorData | None = None


class Message(LightMessage, gc=False):
    """A message of which everything is wanted."""

    parentID: str | None = None
    agent: str | None = None
    model: Model | None = None
    error: Failure | None = None


class Step(msgspec.Struct, gc=False):
    """A part of which only the usage is wanted."""

    type: str | None = None
    cost: float | None = None
    tokens: Tokens | None = None


class Diff(msgspec.Struct, gc=False):
    """Lines that an edit changed."""

    additions: Count = None
    deletions: Count = None


class ToolMetadata(msgspec.Struct, gc=False):
    """What a tool notes beside its output, across all tools."""

    exit: int | None = None
    sessionId: str | None = None
    interrupted: bool | None = None
    exists: bool | None = None
    diff: str | None = None
    filediff: Diff | None = None
    files: list[Diff] | None = None


class ToolInput(msgspec.Struct, gc=False):
    """The arguments that name what a call is about."""

    filePath: str | None = None
    file_path: str | None = None
    path: str | None = None
    command: str | None = None
    content: str | None = None


class ToolState(msgspec.Struct, gc=False):
    """How far a call is."""

    status: str | None = None
    input: msgspec.Raw = ABSENT
    output: str | None = None
    error: msgspec.Raw = ABSENT
    metadata: msgspec.Raw = ABSENT
    structured: msgspec.Raw = ABSENT
    content: msgspec.Raw = ABSENT
    time: Span | None = None


class Part(Step, gc=False):
    """A part of which everything is wanted."""

    text: str | None = None
    synthetic: bool | None = None
    ignored: bool | None = None
    time: Span | None = None
    callID: str | None = None
    tool: str | None = None
    state: ToolState | None = None
    filename: str | None = None
    url: str | None = None
    name: str | None = None
    prompt: str | None = None
    error: Failure | None = None


class TextItem(msgspec.Struct, gc=False):
    """An item of a tool's output in version 2."""

    type: str | None = None
    text: str | None = None


class Content(msgspec.Struct, gc=False):
    """An item of a version 2 message."""

    type: str | None = None
    id: str | None = None
    text: str | None = None
    name: str | None = None
    state: ToolState | None = None
    time: Span | None = None


class File(msgspec.Struct, gc=False):
    """A file that was given with a version 2 prompt."""

    name: str | None = None
    uri: str | None = None


class LightV2(msgspec.Struct, gc=False):
    """A version 2 message of which only the usage is wanted."""

    time: Span | None = None
    model: Model | None = None
    finish: str | None = None
    cost: float | None = None
    tokens: Tokens | None = None


class MessageV2(LightV2, gc=False):
    """A version 2 message of which everything is wanted."""

    text: str | None = None
    agent: str | None = None
    content: list[Content] | None = None
    files: list[File] | None = None
    error: Failure | None = None
    callID: str | None = None
    shellID: str | None = None
    command: str | None = None
    output: str | None = None
    exit: int | None = None
    summary: str | None = None
    name: str | None = None


class Session(msgspec.Struct, gc=False):
    """A session's own file in the trees of JSON files."""

    id: str | None = None
    version: str | None = None
    projectID: str | None = None
    parentID: str | None = None
    directory: str | None = None
    title: str | None = None
    time: Span | None = None


class Project(msgspec.Struct, gc=False):
    """A project's file in the trees of JSON files."""

    worktree: str | None = None
