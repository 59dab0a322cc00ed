"""Tool parts, each a call with its result, -> `tool_calls` rows."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from sessionframe.dialects.tools import command_head, tool_kind
from sessionframe.formats.clock import instant
from sessionframe.formats.text import is_present, raw_text
from sessionframe.providers.opencode.entries import Entry
from sessionframe.providers.opencode.records import Failure, Part, Span, TextItem, ToolInput, ToolMetadata, ToolState
from sessionframe.providers.opencode.sessions import Place
from sessionframe.schema import Status, ToolCallRow

T = TypeVar("T")

ENDED = {"completed": "ok", "error": "error"}
"""What `status` says of a call that has ended; `pending`, `running` and `streaming` have not: the program was killed."""
ABORTED = "Tool execution aborted"
DENIALS = ("The user rejected permission", "The user has specified a rule which prevents you")
"""How the text of an error starts that is none of the tool."""

input_decoder = msgspec.json.Decoder(ToolInput)
metadata_decoder = msgspec.json.Decoder(ToolMetadata)
failure_decoder = msgspec.json.Decoder(str | Failure)
items_decoder = msgspec.json.Decoder(list[TextItem])


def tool_call(entry: Entry, part: Part, place: Place, *, content: bool) -> ToolCallRow:
    """The row of a call."""
    state = part.state or ToolState()
    time = state.time or Span()
    arguments = raw_text(state.input) if is_present(state.input) else None
    subject, noted = tool_input(state.input), metadata(state)
    category, _ = tool_kind(part.tool)
    result = result_text(state)
    row = ToolCallRow(
        session_id=place.session_id,
        root_session_id=place.root_session_id,
        call_id=part.callID,
        message_id=entry.id,
        at=instant(time.created if time.created is not None else time.start),
        tool=part.tool,
        category=category,
        path=subject.filePath or subject.file_path or subject.path,
        command=command_head(subject.command) if category == "run" else None,
        status=status(state, noted, result),
        input_chars=len(arguments) if arguments is not None else None,
        model=entry.message.modelID,
        project=place.project,
        repo_root=place.repo_root,
        git_branch=place.git_branch,
        child_session_id=noted.sessionId,
        arguments=arguments if content else None,
        source=entry.source,
        line=entry.line,
    )
    if row.status != "pending":
        finish(row, time, result, noted)
        row.result = result if content else None
        row.lines_added, row.lines_removed = changed_lines(row, subject, noted)
    return row


def finish(row: ToolCallRow, time: Span, result: str | None, noted: ToolMetadata) -> None:
    """Fill in how the call ended. The program takes both times itself, around the tool and the question for permission."""
    began, row.ended_at = instant(time.start), instant(time.end)
    if began is not None and row.ended_at is not None and row.ended_at >= began:
        row.duration_s, row.duration_from = (row.ended_at - began) / 1e6, "timestamps"
    row.output_chars = len(result) if result is not None else None
    row.exit_code = noted.exit if row.category == "run" else None


def status(state: ToolState, noted: ToolMetadata, result: str | None) -> Status:
    """How a call ended. A command that failed is `completed` with its exit code: the tool itself worked."""
    ended = ENDED.get(state.status or "")
    if ended is None:
        return "pending"
    if ended == "ok":
        return "ok"
    said = (result or "").removeprefix("Error: ")
    if noted.interrupted or said.startswith(ABORTED):
        return "interrupted"
    return "denied" if said.startswith(DENIALS) else "error"


def result_text(state: ToolState) -> str | None:
    """What the model saw: the output, or the error; version 2 keeps the output as a list of texts and files."""
    if is_present(state.error):
        failure = decoded(failure_decoder, state.error)
        return failure.message if isinstance(failure, Failure) else failure
    if state.output is not None or not is_present(state.content):
        return state.output
    items = decoded(items_decoder, state.content) or []
    texts = [item.text for item in items if item.text is not None]
    return "\n".join(texts) if texts else None


def tool_input(raw: msgspec.Raw) -> ToolInput:
    """The arguments that name what a call is about; of other types they name nothing."""
    return decoded(input_decoder, raw) or ToolInput()


def metadata(state: ToolState) -> ToolMetadata:
    """What the tool noted beside its output; version 2 calls it `structured`."""
    return decoded(metadata_decoder, state.metadata if is_present(state.metadata) else state.structured) or ToolMetadata()


def decoded(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw) -> T | None:
    """A value of a shape that only the tool knows; nothing where it has another one."""
    if not is_present(raw):
        return None
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def changed_lines(row: ToolCallRow, subject: ToolInput, noted: ToolMetadata) -> tuple[int | None, int | None]:
    """Lines added and removed: the counts of the tool, else its patch, else the whole content of a new file."""
    if row.status != "ok":
        return None, None
    diffs = noted.files or ([noted.filediff] if noted.filediff is not None else [])
    if any(diff.additions is not None for diff in diffs):
        return sum(diff.additions or 0 for diff in diffs), sum(diff.deletions or 0 for diff in diffs)
    if noted.diff is not None:
        lines = [line for line in noted.diff.split("\n") if not line.startswith(("+++", "---"))]
        return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)
    if row.category == "write" and noted.exists is False and subject.content is not None:
        return subject.content.count("\n") + (not subject.content.endswith("\n") and bool(subject.content)), 0
    return None, None
