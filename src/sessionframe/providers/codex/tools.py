"""Calls, outputs and result events of one rollout, which lie on different lines, -> `tool_calls` rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from sessionframe.dialects.openai import (
    Ending,
    Patch,
    called_command,
    diff_lines,
    ending,
    joined_text,
    patch_of,
    plain_text,
    text_lines,
)
from sessionframe.dialects.tools import command_head, tool_kind
from sessionframe.formats.text import ABSENT, is_present
from sessionframe.providers.codex.messages import call_text
from sessionframe.providers.codex.records import Duration, Item, Payload
from sessionframe.providers.codex.thread import Thread
from sessionframe.providers.codex.usage import At
from sessionframe.schema import Status, ToolCallRow

LATE_EVENTS = 64
"""How many finished calls are kept for an event that comes late: `CommandExecution` can follow the next turn's first line."""
ITEM_TOOLS: dict[str, str] = {
    "local_shell_call": "local_shell",
    "web_search_call": "web_search",
    "tool_search_call": "tool_search",
    "image_generation_call": "image_generation",
}
"""Items that are calls without naming a tool."""
STATUSES: dict[str, Status] = {"completed": "ok", "failed": "error", "declined": "denied", "incomplete": "interrupted"}
"""What an item or an event says of its end."""
REFUSED = ("exec command rejected by user", "patch rejected by user")
FAILED = ("failed to parse function arguments", "unsupported call: ", "apply_patch verification failed", "execution error: ")
"""How outputs begin that the program writes in a tool's place."""
FLUSHED_TOGETHER = re.compile(r"^0\.(?:[0-9]|[1-5][0-9]|6[0-3])\.")
"""Versions that write a call together with its output, so that the time between them is none."""
LATE_DURATIONS = frozenset({"CommandExecution"})
"""Events whose duration leaves out the start of the command: the wall time in the output is nearer to what the user waited."""


class Change(msgspec.Struct, gc=False):
    """What happened to one file of a patch."""

    type: str | None = None
    content: str | None = None
    unified_diff: str | None = None


class McpSuccess(msgspec.Struct, gc=False):
    """What an MCP server answered."""

    isError: bool | None = None


class McpResult(msgspec.Struct, gc=False):
    """An answer, or why there is none."""

    Ok: McpSuccess | None = None
    Err: msgspec.Raw = ABSENT
    isError: bool | None = None


class Spawned(msgspec.Struct, gc=False):
    """What the call that starts a sub-agent returns."""

    agent_id: str | None = None


Changes: TypeAlias = dict[str, Change]
changes_decoder = msgspec.json.Decoder(Changes)
mcp_decoder = msgspec.json.Decoder(McpResult)
spawned_decoder = msgspec.json.Decoder(Spawned)


class ToolCalls:
    """Pairs the calls of one rollout with their outputs and with the events that tell more."""

    def __init__(self, thread: Thread, *, content: bool) -> None:
        self._thread = thread
        self._content = content
        self._open: dict[str, ToolCallRow] = {}
        self._finished: dict[str, ToolCallRow] = {}
        self._seen: dict[str, int] = {}

    def call(self, payload: Payload, line: At) -> Iterator[ToolCallRow]:
        """Take a call; of two with one id the first one ends here."""
        row = self._call_row(payload, line)
        if row.call_id is None or payload.type in {"web_search_call", "image_generation_call"}:
            row.status = STATUSES.get(payload.status or "", "pending")  # the vendor runs these: nothing answers them
            row.ended_at = line.at if row.status != "pending" else None
            yield row
            return
        yield from self._take(row.call_id)
        self._open[row.call_id] = row

    def output(self, payload: Payload, line: At) -> Iterator[ToolCallRow]:
        """Take an output; the finished row is given out once no late event can be about it."""
        call_id = payload.call_id
        if call_id is None:
            return
        row = self._open.pop(call_id, None)
        if row is None:
            if call_id in self._finished:
                return
            row = self._row(call_id, line)
        finish(row, payload, line, self._thread.version)
        if self._content:
            row.result = joined_text(payload.output) or plain_text(payload.output)
        self._finished[call_id] = row
        if len(self._finished) > LATE_EVENTS:
            yield self._finished.pop(next(iter(self._finished)))

    def event(self, payload: Payload) -> None:
        """Take an event that tells more of a call: `patch_apply_end`, `mcp_tool_call_end`, `exec_command_end`, or a completed item."""
        item = payload.item
        call_id = item.id if item is not None else payload.call_id
        row = (self._open.get(call_id) or self._finished.get(call_id)) if call_id is not None else None
        if row is None:
            return
        if item is None:
            item = Item(
                status=payload.status or (None if payload.success is None else "completed" if payload.success else "failed"),
                exit_code=payload.exit_code,
                duration=payload.duration,
                changes=payload.changes,
                server=payload.invocation.server if payload.invocation else None,
                result=payload.result,
            )
        refine(row, item)

    def rest(self) -> Iterator[ToolCallRow]:
        """The calls that are left at the end of the file: finished ones, and those that nothing answers."""
        yield from self._finished.values()
        yield from self._open.values()

    @property
    def finished(self) -> int:
        """How many of the calls that are left are finished."""
        return len(self._finished)

    def go_on(self, left: Iterable[ToolCallRow], finished: int) -> None:
        """Have these calls left, as `rest` gave them."""
        for number, row in enumerate(left):
            (self._finished if number < finished else self._open)[row.call_id or ""] = row

    def _take(self, call_id: str) -> Iterator[ToolCallRow]:
        for calls in (self._finished, self._open):
            if call_id in calls:
                yield calls.pop(call_id)

    def _call_row(self, payload: Payload, line: At) -> ToolCallRow:
        arguments = call_text(payload)
        name = tool_name(payload)
        category, server = tool_kind(name)
        row = self._row(payload.call_id or payload.id or None, line)
        row.message_id, row.at, row.tool, row.category, row.mcp_server = payload.id or None, line.at, name, category, server
        row.model = self._thread.model
        row.input_chars = len(arguments) if arguments is not None else None
        row.arguments = arguments if self._content else None
        command = called_command(arguments) if category == "run" and payload.type == "function_call" else None
        if payload.type == "local_shell_call":
            command = arguments
        row.command = command_head(command)
        patch = patch_of(command) or (patch_of(arguments) if category == "edit" else None)
        if patch is not None:
            apply_patch(row, patch)
        return row

    def _row(self, call_id: str | None, line: At) -> ToolCallRow:
        """A row that only says where it is: all that is known of the call of an output that stands alone."""
        place = self._thread.place()
        return ToolCallRow(
            session_id=place.session_id,
            root_session_id=place.root_session_id,
            call_id=call_id,
            project=place.project,
            repo_root=place.repo_root,
            git_branch=place.git_branch,
            is_replay=not self._thread.own,
            source=place.source,
            line=line.number,
            dedup_key=self._key(call_id, line),
        )

    def _key(self, call_id: str | None, line: At) -> str:
        """Equal for copies of a call in other files of the thread; call ids are unique but for replaced servers."""
        if call_id is None:
            return f"{self._thread.session_id}:{line.stamp}:{line.number}"
        number = self._seen[call_id] = self._seen.get(call_id, 0) + 1
        return f"{self._thread.session_id}:{call_id}" + (f":{number}" if number > 1 else "")


def tool_name(payload: Payload) -> str | None:
    """The tool as the model called it. The tool of an MCP server is `mcp__server__tool`, since 0.135 in two fields."""
    if payload.name is None:
        return ITEM_TOOLS.get(payload.type or "")
    if payload.namespace and payload.namespace.startswith("mcp__"):
        return f"{payload.namespace}__{payload.name}"
    return payload.name


def apply_patch(row: ToolCallRow, patch: Patch) -> None:
    """A patch is an edit, also one that a shell command applies: Codex catches such commands and runs the patch itself."""
    row.category = "edit"
    row.path, row.lines_added, row.lines_removed = patch


def finish(row: ToolCallRow, payload: Payload, line: At, version: str | None) -> None:
    """Fill in what the output tells."""
    text = joined_text(payload.output) or plain_text(payload.output)
    told = ending(text)
    row.ended_at = line.at
    row.output_chars = len(text) if text is not None else None
    row.exit_code = told.exit_code if row.exit_code is None else row.exit_code
    if row.status == "pending":
        row.status = status(told, text)
    if row.duration_from is None and told.seconds is not None:
        row.duration_s, row.duration_from = told.seconds, "reported"
    if row.duration_from is None and row.at is not None and line.at is not None and line.at >= row.at and not flushed_together(version):
        row.duration_s, row.duration_from = (line.at - row.at) / 1e6, "timestamps"
    if row.status != "ok":
        row.lines_added = row.lines_removed = None
    if row.category == "agent" and row.tool == "spawn_agent" and row.child_session_id is None:
        row.child_session_id = spawned(text)


def status(told: Ending, text: str | None) -> Status:
    """How a call ended: the exit code where there is one, else the sentence that the program puts in the output's place."""
    if told.interrupted:
        return "interrupted"
    if told.exit_code is not None:
        return "ok" if told.exit_code == 0 else "error"
    said = text or ""
    if said.startswith(REFUSED):
        return "denied"
    return "error" if said.startswith(FAILED) else "ok"


def flushed_together(version: str | None) -> bool:
    """Whether calls and outputs of a version share their time."""
    return version is not None and FLUSHED_TOGETHER.match(version) is not None


def refine(row: ToolCallRow, item: Item) -> None:
    """Fill in what an event tells. An exit code decides over a status, and -1 is no exit code: the command was killed."""
    if item.exit_code is not None and item.exit_code >= 0:
        row.exit_code = item.exit_code
    said = mcp_status(item) or STATUSES.get(item.status or "")
    if said is not None and row.status != "interrupted":
        row.status = said
    seconds = duration_seconds(item.duration)
    if seconds is not None and not (item.type in LATE_DURATIONS and row.duration_from == "reported"):
        row.duration_s, row.duration_from = seconds, "reported"
    if item.server is not None:
        row.category, row.mcp_server = "mcp", item.server
    if item.type == "CollabAgentToolCall" and row.tool == "spawn_agent" and item.receiver_thread_ids:
        row.child_session_id = item.receiver_thread_ids[0]
    if item.type == "SubAgentActivity" and item.agent_thread_id:
        row.child_session_id = item.agent_thread_id
    changes = changed_files(item.changes)
    if changes:
        apply_patch(row, patch_of_changes(changes))
        if row.status in {"error", "denied"}:
            row.lines_added = row.lines_removed = None


def mcp_status(item: Item) -> Status | None:
    """How the call of an MCP tool ended."""
    if bytes(memoryview(item.result)[:1]) != b"{":
        return None
    try:
        result = mcp_decoder.decode(item.result)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if is_present(result.Err) or result.isError or (result.Ok is not None and result.Ok.isError):
        return "error"
    return "ok" if result.Ok is not None else None


def duration_seconds(duration: Duration | None) -> float | None:
    """A duration as the program writes it [s]."""
    if duration is None or duration.secs is None:
        return None
    return duration.secs + (duration.nanos or 0) / 1e9


def changed_files(raw: msgspec.Raw) -> Changes:
    """The files that a patch changed; none when the record has none or they are written in another way."""
    if not is_present(raw):
        return {}
    try:
        return changes_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def patch_of_changes(changes: Changes) -> Patch:
    """What a patch did, as the program itself noted it: exact also for deleted files."""
    added = removed = 0
    for change in changes.values():
        if change.unified_diff is not None:
            plus, minus = diff_lines(change.unified_diff)
            added, removed = added + plus, removed + minus
        elif change.type == "delete":
            removed += text_lines(change.content or "")
        else:
            added += text_lines(change.content or "")
    return Patch(next(iter(changes), None), added, removed)


def spawned(text: str | None) -> str | None:
    """The thread that a call has started, from its output; newer sub-agents are named by an event only."""
    if not text or not text.startswith("{"):
        return None
    try:
        return spawned_decoder.decode(text).agent_id
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return None
