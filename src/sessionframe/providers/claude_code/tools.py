"""Tool calls and their results, which lie on different lines, -> `tool_calls` rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from sessionframe.dialects.anthropic import Block
from sessionframe.dialects.tools import command_head, tool_kind
from sessionframe.formats.text import is_present
from sessionframe.providers.claude_code.prompts import INTERRUPTION
from sessionframe.providers.claude_code.records import Record, ToolInput, ToolUseResult
from sessionframe.providers.claude_code.threads import Line
from sessionframe.schema import Status, ToolCallRow

EXIT_CODE = re.compile(r"^(?:Error: )?Exit code (\d+)")
DENIALS = (
    "The user doesn't want to proceed",
    "The user doesn't want to take this action right now",
    "Claude requested permissions to",
)
DENIED_RESULT = "User rejected tool use"
DENIAL_KINDS: dict[str, Status] = {"interrupted": "interrupted"}
"""`toolDenialKind`: every kind but this one is a denial by the user, a rule, a hook or the automatic mode."""

result_decoder = msgspec.json.Decoder(ToolUseResult)
input_decoder = msgspec.json.Decoder(ToolInput)


class ToolCalls:
    """Pairs the calls of one source with their results."""

    def __init__(self, *, content: bool) -> None:
        self._content = content
        self._pending: dict[str, ToolCallRow] = {}
        self._done: set[str] = set()

    @property
    def state(self) -> list[str]:
        """What must be known beside the calls without a result to go on: those that have one."""
        return sorted(self._done)

    def go_on(self, state: list[str], rows: Iterable[ToolCallRow]) -> None:
        """Be as it was when it gave this state; the rows are the calls that had no result."""
        self._done.update(state)
        self._pending.update((row.call_id or "", row) for row in rows)

    def call(self, line: Line, block: Block, arguments: str | None) -> None:
        """Take a call and the text of its arguments; the same call repeated by a later line of the stream counts once."""
        if block.id is None or block.id in self._pending or block.id in self._done:
            return
        self._pending[block.id] = call_row(line, block, arguments, content=self._content)

    def result(self, line: Line, block: Block, text: str | None) -> ToolCallRow | None:
        """The finished row when this result, with its text, answers a call; one without a call in this file waits for the other files."""
        call_id = block.tool_use_id
        if call_id is None or call_id in self._done:
            return None
        self._done.add(call_id)
        row = self._pending.pop(call_id, None) or orphan_row(call_id, line)
        finish(row, line, block, text)
        if self._content:
            row.result = text
        return row

    def unanswered(self) -> Iterator[ToolCallRow]:
        """The calls that no result answers: interrupted, crashed or still running."""
        yield from self._pending.values()


def call_row(line: Line, block: Block, arguments: str | None, *, content: bool) -> ToolCallRow:
    """The row of a call that has no result yet."""
    subject = tool_input(block.input)
    category, server = tool_kind(block.name)
    record, place, message = line.record, line.place, line.record.message
    return ToolCallRow(
        session_id=place.session_id,
        root_session_id=place.root_session_id,
        call_id=block.id,
        message_id=message.id if message else None,
        request_id=record.requestId,
        at=line.at,
        tool=block.name,
        category=category,
        mcp_server=server,
        path=subject.file_path or subject.notebook_path or subject.path,
        command=command_head(subject.command) if category == "run" else None,
        input_chars=len(arguments) if arguments is not None else None,
        model=message.model if message else None,
        project=place.project,
        repo_root=place.repo_root,
        git_branch=place.git_branch,
        arguments=arguments if content else None,
        source=place.source,
        line=line.number,
        dedup_key=block.id,
    )


def orphan_row(call_id: str, line: Line) -> ToolCallRow:
    """A result whose call is not in this file: history inherited by a fork, or a call in another file."""
    place = line.place
    return ToolCallRow(
        session_id=place.session_id,
        root_session_id=place.root_session_id,
        call_id=call_id,
        project=place.project,
        repo_root=place.repo_root,
        git_branch=place.git_branch,
        source=place.source,
        line=line.number,
        dedup_key=call_id,
    )


def tool_input(raw: msgspec.Raw) -> ToolInput:
    """The arguments that name what a call is about; arguments of other types name nothing."""
    if not is_present(raw):
        return ToolInput()
    try:
        return input_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ToolInput()


def finish(row: ToolCallRow, line: Line, block: Block, text: str | None) -> None:
    """Fill in what the result tells, of which the text was decoded already."""
    noted = noted_result(line.record.toolUseResult)
    row.ended_at = line.at
    row.status = status(line.record, block, text)
    row.output_chars = len(text) if text is not None else None
    row.exit_code = exit_code(text) if row.category == "run" else None
    row.duration_s = reported_duration(noted)
    row.duration_from = "reported" if row.duration_s is not None else None
    if row.duration_s is None and row.at is not None and row.ended_at is not None and row.ended_at >= row.at:
        row.duration_s, row.duration_from = (row.ended_at - row.at) / 1e6, "timestamps"
    if row.status == "ok":
        row.lines_added, row.lines_removed = patch_lines(noted)
    if noted.agentId:
        row.child_session_id = f"{row.root_session_id}/{noted.agentId}"


def status(record: Record, block: Block, text: str | None) -> Status:
    """How a call ended.

    `toolDenialKind` says so since it exists; older versions only have the sentence that the model was told.
    """
    if record.toolDenialKind is not None:
        return DENIAL_KINDS.get(record.toolDenialKind, "denied")
    if not block.is_error:
        # a tool that the vendor runs answers with a list, or with one error object
        return "error" if starts_with(block.content, b"{") else "ok"
    said = (text or "").lstrip()
    if said.startswith(INTERRUPTION):
        return "interrupted"
    refused = said.startswith(DENIALS) or (said.startswith("Permission to use") and "has been denied" in said)
    return "denied" if refused or plain_text(record.toolUseResult) == DENIED_RESULT else "error"


def exit_code(text: str | None) -> int | None:
    """The exit code that a failed command states; success states none."""
    match = EXIT_CODE.match(text or "")
    return int(match[1][:9]) if match else None


def noted_result(raw: msgspec.Raw) -> ToolUseResult:
    """The object that the program noted beside the result; on failures it is a text, for MCP a list."""
    if not starts_with(raw, b"{"):
        return ToolUseResult()
    try:
        return result_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ToolUseResult()


def starts_with(raw: msgspec.Raw, mark: bytes) -> bool:
    """Whether undecoded JSON text begins with a mark, which tells its type."""
    return memoryview(raw)[:1] == mark


def plain_text(raw: msgspec.Raw) -> str | None:
    """A noted result that is only a text."""
    if not starts_with(raw, b'"'):
        return None
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def reported_duration(noted: ToolUseResult) -> float | None:
    """The duration that the tool itself reported [s]."""
    if noted.durationSeconds is not None:
        return noted.durationSeconds
    millis = noted.durationMs if noted.durationMs is not None else noted.totalDurationMs
    return millis / 1000 if millis is not None else None


def patch_lines(noted: ToolUseResult) -> tuple[int | None, int | None]:
    """Lines added and removed: from the recorded patch, or the whole content of a file that was created."""
    if noted.type == "create" and not noted.structuredPatch:
        text = plain_text(noted.content)
        return (None, None) if text is None else (len(text.split("\n")) - text.endswith("\n") if text else 0, 0)
    if noted.structuredPatch is None:
        return None, None
    lines = [line[:1] for hunk in noted.structuredPatch for line in hunk.lines or ()]
    return lines.count("+"), lines.count("-")
