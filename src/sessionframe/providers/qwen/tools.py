"""Tool calls and their results, which lie on different lines, -> `tool_calls` rows."""

from __future__ import annotations

from collections.abc import Iterator

from sessionframe.dialects.google import (
    FunctionCall,
    FunctionResponse,
    answered,
    arguments,
    call_kind,
    call_status,
    changed_lines,
    exit_code,
    json_text,
)
from sessionframe.dialects.tools import command_head
from sessionframe.providers.qwen.records import Record, Told, ToolCallResult
from sessionframe.providers.qwen.threads import Line
from sessionframe.schema import Status, ToolCallRow

CALLED = "qwen-code.tool_call"
CANCELLED = "[Operation Cancelled]"
"""How the answer of a call begins that was refused or interrupted."""
REFUSALS = frozenset({"reject", "deny", "denied"})
"""Decisions of the user, in the program's telemetry, that say no."""


class ToolCalls:
    """Pairs the calls of one log with their results.

    Parameters
    ----------
    content
        Whether arguments and results are wanted.
    """

    def __init__(self, *, content: bool) -> None:
        self._content = content
        self._pending: dict[str, ToolCallRow] = {}
        self._told: dict[str, Told] = {}

    def tell(self, record: Record) -> None:
        """Take what the program's telemetry says of a call: it stands before the result."""
        event = record.systemPayload.uiEvent if record.systemPayload else None
        if event is not None and event.event == CALLED and event.call_id is not None:
            self._told[event.call_id] = event

    def call(self, line: Line, call: FunctionCall, request_id: str | None) -> None:
        """Take a call."""
        given, subject = json_text(call.args), arguments(call.args)
        category, server = call_kind(call.name, None)
        place, record = line.place, line.record
        row = blank(line, call.id)
        row.message_id, row.request_id, row.at = record.uuid, request_id, line.at
        row.tool, row.category, row.mcp_server, row.model = call.name, category, server, record.model
        row.path = subject.subject
        row.command = command_head(subject.command) if category == "run" else None
        row.input_chars = len(given) if given is not None else None
        row.arguments = given if self._content else None
        # the ids of some services are unique within a session only; a branch copies the record's own id
        row.dedup_key = f"{record.uuid or place.session_id}:{call.id}"
        self._pending.setdefault(call.id or row.dedup_key, row)

    def result(self, line: Line, response: FunctionResponse) -> ToolCallRow:
        """The finished row; a result without a call waits for the other logs."""
        row = self._pending.pop(response.id or "", None)
        if row is None:
            row = blank(line, response.id)
            row.dedup_key = f"{line.place.session_id}:{response.id}"
        text, failed = answered(response)
        noted = line.record.toolCallResult or ToolCallResult()
        told = self._told.pop(response.id or "", None)
        row.status = outcome(noted, told, text, failed=failed)
        row.output_chars, row.result = len(text) if text is not None else None, text if self._content else None
        row.exit_code = exit_code(text) if row.category == "run" else None
        row.lines_added, row.lines_removed = changed_lines(noted.resultDisplay) if row.status == "ok" else (None, None)
        timed(row, line.at, noted.durationMs if noted.durationMs is not None else told.duration_ms if told else None)
        return row

    def unanswered(self) -> Iterator[ToolCallRow]:
        """The calls that no result answers: interrupted, crashed or still running."""
        yield from self._pending.values()


def blank(line: Line, call_id: str | None) -> ToolCallRow:
    """A row with nothing but its place."""
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
    )


def outcome(noted: ToolCallResult, told: Told | None, text: str | None, *, failed: bool) -> Status:
    """How a call ended: the program's word, the user's decision, and in a sub-agent's log, which has neither, the kind of answer."""
    if told is not None and (told.decision or "").lower() in REFUSALS:
        return "denied"
    if noted.status is not None:
        return call_status(noted.status, text)
    if failed and (text or "").startswith(CANCELLED):
        return call_status("cancelled", text)
    return "error" if failed else "ok"


def timed(row: ToolCallRow, ended_at: int | None, reported_ms: float | None) -> None:
    """When a call ended and how long it took: as reported, else by the two timestamps."""
    row.ended_at = ended_at
    if reported_ms is not None:
        row.duration_s, row.duration_from = reported_ms / 1000, "reported"
    elif row.at is not None and ended_at is not None and ended_at >= row.at:
        row.duration_s, row.duration_from = (ended_at - row.at) / 1_000_000, "timestamps"
