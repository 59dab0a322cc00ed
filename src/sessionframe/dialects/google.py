"""Content parts of Google's message shape, and how its agents describe tool calls -> text, kinds and outcomes."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

import msgspec

from sessionframe.dialects.tools import ToolKind, tool_kind
from sessionframe.formats.text import ABSENT, is_present, raw_text
from sessionframe.schema import MessageKind, Status


class FunctionCall(msgspec.Struct, gc=False):
    """A call of a tool as the model made it."""

    id: str | None = None
    name: str | None = None
    args: msgspec.Raw = ABSENT


class FunctionResponse(msgspec.Struct, gc=False):
    """What a tool answered."""

    id: str | None = None
    name: str | None = None
    response: msgspec.Raw = ABSENT


class Part(msgspec.Struct, gc=False):
    """One content part; images and files have none of these fields."""

    text: str | None = None
    thought: bool | None = None
    functionCall: FunctionCall | None = None
    functionResponse: FunctionResponse | None = None


Content: TypeAlias = str | Part | list[Part | str] | None


class Answer(msgspec.Struct, gc=False):
    """The object inside a function response: one of the two is there."""

    output: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT


LineCount: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10**9)] | None


class DiffStat(msgspec.Struct, gc=False):
    """Lines that the model's edit changed."""

    model_added_lines: LineCount = None
    model_removed_lines: LineCount = None


class Display(msgspec.Struct, gc=False):
    """What the program shows of a result, where it is an object: of an edit, the difference."""

    fileDiff: str | None = None
    diffStat: DiffStat | None = None
    truncatedForSession: bool | None = None


class Arguments(msgspec.Struct, gc=False):
    """The arguments that name what a call is about, over all versions."""

    file_path: str | None = None
    absolute_path: str | None = None
    dir_path: str | None = None
    path: str | None = None
    command: str | None = None

    @property
    def subject(self) -> str | None:
        """The file or folder."""
        return self.file_path or self.absolute_path or self.dir_path or self.path


answer_decoder = msgspec.json.Decoder(Answer)
text_decoder = msgspec.json.Decoder(str)
arguments_decoder = msgspec.json.Decoder(Arguments)
display_decoder = msgspec.json.Decoder(Display)
parts_decoder = msgspec.json.Decoder(list[Part])
REFUSED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def parts(content: Content) -> list[Part]:
    """The parts of a message; text counts as a part, and so does a part that stands alone."""
    if content is None:
        return []
    listed = content if isinstance(content, list) else [content]
    return [Part(text=part) if isinstance(part, str) else part for part in listed]


def part_kind(part: Part) -> MessageKind:
    """What a part is; text, images and files are ``chat``."""
    if part.functionCall is not None:
        return "tool-use"
    if part.functionResponse is not None:
        return "tool-result"
    return "thinking" if part.thought else "chat"


def part_text(part: Part) -> str | None:
    """The text of a part: what was said, thought, asked of a tool or answered by it; null for images and files."""
    if part.functionCall is not None:
        return json_text(part.functionCall.args)
    if part.functionResponse is not None:
        return response_text(part.functionResponse)
    return part.text


def opening_text(content: Content) -> str | None:
    """The first text of a message."""
    return next((part.text for part in parts(content) if part.text is not None), None)


def json_text(raw: msgspec.Raw) -> str | None:
    """A value as its JSON text, without the indentation of a document around it; nothing when it is not there."""
    if not is_present(raw):
        return None
    text = raw_text(raw)
    return msgspec.json.format(text, indent=-1) if "\n" in text else text


def plain(raw: msgspec.Raw) -> str | None:
    """A value that is a text, else its JSON text."""
    if not is_present(raw):
        return None
    try:
        return text_decoder.decode(raw)
    except REFUSED:
        return raw_text(raw)


def answered(response: FunctionResponse) -> tuple[str | None, bool]:
    """The text that a tool answered with, and whether it is an error.

    The programs wrap text as `output` and failures as `error`; other shapes are kept as their JSON text.
    """
    if not is_present(response.response):
        return None, False
    try:
        answer = answer_decoder.decode(response.response)
    except REFUSED:
        return plain(response.response), False
    if is_present(answer.error):
        return plain(answer.error), True
    return (plain(answer.output) if is_present(answer.output) else raw_text(response.response)), False


def response_text(response: FunctionResponse) -> str | None:
    """The text that a tool answered with."""
    return answered(response)[0]


def responses(raw: msgspec.Raw) -> list[FunctionResponse]:
    """The function responses among the parts of a recorded result."""
    if not is_present(raw):
        return []
    try:
        found = parts_decoder.decode(raw)
    except REFUSED:
        return []
    return [part.functionResponse for part in found if part.functionResponse is not None]


STATUS: dict[str, Status] = {"success": "ok", "error": "error"}
DENIED = ("user denied", "user did not allow", "user rejected", "denied by")
"""How the reason of a cancelled call begins or reads when somebody said no, in lower case: "[Operation Cancelled] Reason: User denied
execution." in sessions that users exported; every other reason is an interruption."""


def call_status(word: str | None, text: str | None) -> Status:
    """How a call ended: the program's own word; `cancelled` covers both a refusal and an interruption, the text tells which."""
    if word is None:
        return "pending"
    if word == "cancelled":
        return "denied" if any(mark in (text or "").lower() for mark in DENIED) else "interrupted"
    return STATUS.get(word, "pending")


EXIT_CODE = re.compile(r"^Exit Code: (\d{1,9})\s*$", re.MULTILINE)


def exit_code(text: str | None) -> int | None:
    """The exit code that the result of a shell command states. The last one counts: output stands before it."""
    found = EXIT_CODE.findall(text or "")
    return int(found[-1]) if found else None


SERVED = re.compile(r" \((?P<server>.+) MCP Server\)$")


def call_kind(name: str | None, display_name: str | None) -> ToolKind:
    """Category and MCP server of a call. Only the display name tells the server: `get_issue (github MCP Server)`."""
    match = SERVED.search(display_name or "")
    return ToolKind("mcp", match["server"]) if match else tool_kind(name)


def arguments(raw: msgspec.Raw) -> Arguments:
    """The arguments that name what a call is about; arguments of other types name nothing."""
    if not is_present(raw):
        return Arguments()
    try:
        return arguments_decoder.decode(raw)
    except REFUSED:
        return Arguments()


def changed_lines(raw: msgspec.Raw) -> tuple[int | None, int | None]:
    """Lines added and removed by an edit: from the recorded difference, or where it was cut short the program's own count."""
    if bytes(memoryview(raw)[:1]) != b"{":
        return None, None
    try:
        display = display_decoder.decode(raw)
    except REFUSED:
        return None, None
    if display.fileDiff is not None and not display.truncatedForSession:
        return patch_lines(display.fileDiff)
    stat = display.diffStat
    return (stat.model_added_lines, stat.model_removed_lines) if stat is not None else (None, None)


def patch_lines(patch: str) -> tuple[int, int]:
    """Lines that a unified difference adds and removes; what stands before the first hunk are names."""
    hunks = patch.partition("\n@@")[2] if not patch.startswith("@@") else patch
    marks = [line[:1] for line in hunks.split("\n")]
    return marks.count("+"), marks.count("-")
