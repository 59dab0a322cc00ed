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

    def take(self, call: ToolCall, message: Message, line: int, place: Place) -> ToolCallRow | None:
        """The row of a call that has ended; one that has not waits for a later state of its message.

        The first result counts: later states of a message may carry a masked, shorter one.
        """
        key = f"{global_key(message.id, None, place)}:{call.id}"
        if key in self._done:
            return None
        row = self._pending.pop(key, None) or self._row(call, message, line, place)
        row.dedup_key = key
        if call.status is None and not responses(call.result):
            self._pending[key] = row
            return None
        self._done.add(key)
        self._finish(row, call)
        return row

    def answer(self, response: FunctionResponse, at: int | None) -> ToolCallRow | None:
        """The row of a call whose result stands only in the message that answers it."""
        key = next((key for key, row in self._pending.items() if row.call_id == response.id), None)
        if key is None:
            return None
        self._done.add(key)
        row = self._pending.pop(key)
        text, failed = answered(response)
        row.status = "error" if failed else "ok"
        self._result(row, text, at)
        return row

    def unanswered(self) -> Iterator[ToolCallRow]:
        """The calls without a result: interrupted, crashed or still running."""
        yield from self._pending.values()

    def _row(self, call: ToolCall, message: Message, line: int, place: Place) -> ToolCallRow:
        given, subject = json_text(call.args), arguments(call.args)
        category, server = call_kind(call.name, call.displayName)
        return ToolCallRow(
            session_id=place.session_id,
            root_session_id=place.root_session_id,
            call_id=call.id,
            message_id=message.id,
            at=instant(message.timestamp),
            tool=call.name,
            category=category,
            mcp_server=server,
            path=subject.subject,
            command=command_head(subject.command) if category == "run" else None,
            input_chars=len(given) if given is not None else None,
            child_session_id=f"{place.root_session_id}/{call.agentId}" if call.agentId else None,
            model=message.model,
            project=place.project,
            repo_root=place.repo_root,
            arguments=given if self._content else None,
            source=place.source,
            line=line,
        )

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
