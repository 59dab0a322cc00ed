"""Tool calls of a recording, which stand in the message that made them together with their results, -> `tool_calls` rows."""

from __future__ import annotations

from collections.abc import Iterator

from sessionframe.dialects.google import (
    FunctionResponse,
    answered,
    arguments,
    call_kind,
    call_status,
    changed_lines,
    exit_code,
    json_text,
    responses,
)
from sessionframe.dialects.recording.place import Place, global_key
from sessionframe.dialects.recording.records import Message, ToolCall
from sessionframe.dialects.tools import command_head
from sessionframe.formats.clock import instant
from sessionframe.schema import ToolCallRow


class ToolCalls:
    """Makes the tool call rows of one recording, each call once however often its message is written again.

    Parameters
    ----------
    content
        Whether arguments and results are wanted.
    """

    def __init__(self, *, content: bool) -> None:
        self._content = content
        self._pending: dict[str, ToolCallRow] = {}
        self._done: set[str] = set()
        self._ids: set[str | None] = set()

    def take(self, call: ToolCall, message: Message, line: int, place: Place) -> ToolCallRow | None:
        """The row of a call that has ended; one that has not waits for a later state of its message.

        The first result counts: later states of a message may carry a masked, shorter one.
        """
        key = f"{global_key(message.id, None, place)}:{call.id}"
        self._ids.add(call.id)
        if key in self._done:
            return None
        row = self._pending.pop(key, None) or self._row(call, message, blank(call.id, line, place, key))
        if call.status is None and not responses(call.result):
            self._pending[key] = row
            return None
        self._done.add(key)
        self._finish(row, call)
        return row

    def answer(self, response: FunctionResponse, line: int, place: Place, at: int | None) -> ToolCallRow | None:
        """The row of a call whose result stands only in the message that answers it; one without a call waits for other recordings."""
        key = next((key for key, row in self._pending.items() if row.call_id == response.id), None)
        if key is None and response.id in self._ids:
            return None
        if key is None:
            key = f"{place.session_id}:{response.id}"
            self._ids.add(response.id)
            self._pending[key] = blank(response.id, line, place, key)
        self._done.add(key)
        row = self._pending.pop(key)
        text, failed = answered(response)
        row.status = "error" if failed else "ok"
        self._result(row, text, at)
        return row

    def unanswered(self) -> Iterator[ToolCallRow]:
        """The calls without a result: interrupted, crashed or still running."""
        yield from self._pending.values()

    def _row(self, call: ToolCall, message: Message, row: ToolCallRow) -> ToolCallRow:
        given, subject = json_text(call.args), arguments(call.args)
        row.message_id, row.at, row.model, row.tool = message.id, instant(message.timestamp), message.model, call.name
        row.category, row.mcp_server = call_kind(call.name, call.displayName)
        row.path = subject.subject
        row.command = command_head(subject.command) if row.category == "run" else None
        row.input_chars = len(given) if given is not None else None
        row.arguments = given if self._content else None
        row.child_session_id = f"{row.root_session_id}/{call.agentId}" if call.agentId else None
        return row

    def _finish(self, row: ToolCallRow, call: ToolCall) -> None:
        found = [answered(response) for response in responses(call.result)]
        text = "\n".join(text for text, _ in found if text is not None) if found else None
        row.status = call_status(call.status, text)
        row.lines_added, row.lines_removed = changed_lines(call.resultDisplay) if row.status == "ok" else (None, None)
        self._result(row, text, instant(call.timestamp))

    def _result(self, row: ToolCallRow, text: str | None, ended_at: int | None) -> None:
        row.ended_at = ended_at
        if row.at is not None and ended_at is not None and ended_at >= row.at:
            row.duration_s, row.duration_from = (ended_at - row.at) / 1_000_000, "timestamps"
        row.output_chars = len(text) if text is not None else None
        row.exit_code = exit_code(text) if row.category == "run" else None
        row.result = text if self._content else None


def blank(call_id: str | None, line: int, place: Place, key: str) -> ToolCallRow:
    """A row with nothing but its place."""
    return ToolCallRow(
        session_id=place.session_id,
        root_session_id=place.root_session_id,
        call_id=call_id,
        project=place.project,
        repo_root=place.repo_root,
        source=place.source,
        line=line,
        dedup_key=key,
    )
