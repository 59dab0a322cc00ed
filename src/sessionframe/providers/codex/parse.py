"""One rollout -> rows. Usage alone decodes the fields that can change it; everything else decodes every line once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from sessionframe.dialects.openai import CALLS, OUTPUTS, joined_text, texts_of
from sessionframe.formats.jsonl import records, unfinished
from sessionframe.formats.position import Position
from sessionframe.formats.problems import Problems
from sessionframe.formats.rawlines import RawLines
from sessionframe.formats.statements import Statements
from sessionframe.formats.zstd import ENDING
from sessionframe.providers.codex.facts import SessionFacts
from sessionframe.providers.codex.messages import Messages
from sessionframe.providers.codex.names import Names
from sessionframe.providers.codex.quick import QuickLines, usage_lines
from sessionframe.providers.codex.records import (
    EVENTS_OF_USAGE,
    QUIET_LINES,
    REPEATING_EVENTS,
    SILENT_ITEMS,
    EventPayload,
    ItemPayload,
    LightPayload,
    LightRecord,
    Payload,
    Record,
)
from sessionframe.providers.codex.state import Counters, Writers, given_back, taken
from sessionframe.providers.codex.thread import Thread
from sessionframe.providers.codex.tools import ToolCalls
from sessionframe.providers.codex.typescript import document_records
from sessionframe.providers.codex.usage import At, Requests
from sessionframe.providers.contract import Context, Grown, ParsedRow, Source, Unkept, Want, rows_of_lines
from sessionframe.schema import MessageRow

SMALL_FILES = frozenset({"index", "history"})
GONE = "threads that prompts were typed in and whose rollouts are gone: nothing of them is counted"
TOOL_EVENTS = frozenset({"patch_apply_end", "mcp_tool_call_end", "exec_command_end", "item_completed", "dynamic_tool_call_end"})
NOTES: dict[str, Callable[[Payload], str]] = {
    "turn_aborted": lambda payload: f"turn aborted: {payload.reason or 'no reason given'}",
    "thread_rolled_back": lambda payload: f"turns rolled back: {payload.num_turns}",
    "entered_review_mode": lambda payload: "review begun",
    "exited_review_mode": lambda payload: "review ended",
}
"""Events that are part of what happened and that no item tells."""
KNOWN_EVENTS = EVENTS_OF_USAGE | TOOL_EVENTS | REPEATING_EVENTS | NOTES.keys()
KNOWN_ITEMS = CALLS | OUTPUTS | SILENT_ITEMS | {"message", "reasoning", "agent_message", "ghost_snapshot"}

UNCOUNTED = {"response_item": KNOWN_ITEMS - {"web_search_call"}, "event_msg": KNOWN_EVENTS - EVENTS_OF_USAGE}
"""Type of line -> types of payload that change nothing that is counted: 98 % of the bytes."""


def parse(source: Source, want: Want, context: Context) -> Iterator[ParsedRow]:
    """The rows of one source. Nothing in it raises; what cannot be read becomes `issues` rows."""
    problems = Problems(source.path)
    names: Names = context.prepared or Names({}, {})
    if source.kind in SMALL_FILES:
        if gone := names.gone.get(source.path):
            problems.add("estimate", GONE, count=gone)
        yield from problems.rows()
        return
    thread = Thread.of(source, context.machine)
    statements = Statements(source.path, wanted=want.statements)
    requests = Requests(thread, problems, statements)
    usage = Usage(thread, requests, problems)
    reader = UsageReader(source, usage) if want.only_usage else Reader(source, want, names, usage)
    yield from reader.lines(context)
    yield from reader.rest()
    rest = requests.rest()
    if "usage" in want.tables:
        yield from rest
    if depends_on_others(thread, want):
        yield Unkept()
    yield from statements.rows()
    yield from problems.rows()


def depends_on_others(thread: Thread, want: Want) -> bool:
    """Whether other files can change the rows: those above a sub-agent of a sub-agent, or the names where the file is another thread's."""
    named = thread.source.session_id
    return thread.parentage.is_looked_up or ("sessions" in want.tables and named not in {"", thread.session_id})


def bare_text(record: LightRecord | Record) -> str:
    """The text of a message that is a line of its own."""
    if isinstance(record, Record):
        return joined_text(record.content) or ""
    return texts_of(record.content) or ""


class Usage:
    """What every line means for the thread and its usage; the only place that knows it, whether all lines are read or few.

    Attributes
    ----------
    understood
        The last line is of a known type.
    """

    def __init__(self, thread: Thread, requests: Requests, problems: Problems) -> None:
        self.thread = thread
        self.requests = requests
        self.problems = problems
        self.understood = True

    @property
    def counters(self) -> Counters:
        """All that is changed by lines."""
        return Counters(self.problems, self.thread, self.requests)

    def take(self, number: int, record: QuickLines | LightRecord | Record) -> At:
        """Take a line."""
        line = At(number, record.timestamp)
        if not self.thread.own:
            self.thread.at_ordinal(record.ordinal)
        self.understood = True
        if record.payload is None:
            self._bare(record, line)
        elif (handle := self.LINES.get(record.type or "")) is not None:
            handle(self, record.payload, line)
        elif record.type not in QUIET_LINES:
            self._unknown("record", record.type, number)
        return line

    def _bare(self, record: LightRecord | Record, line: At) -> None:
        """A line without an envelope: the oldest generation, or something unknown."""
        if record.record_type is not None:
            return
        if record.type is None and record.id is not None:
            self.thread.begin(record, line.number)
        elif record.type in KNOWN_ITEMS:
            if record.role == "user":
                self.thread.environment(bare_text(record))
            self.requests.item(record.type, record.role, line)
        else:
            self._unknown("record", record.type, line.number)

    def _event(self, payload: EventPayload, line: At) -> None:
        if payload.type in EVENTS_OF_USAGE:
            self.thread.event(payload, line.stamp)
            self.requests.event(payload, line)
        elif payload.type not in KNOWN_EVENTS:
            self._unknown("event", payload.type, line.number)

    def _item(self, payload: ItemPayload | LightPayload, line: At) -> None:
        if payload.type == "web_search_call":
            self.requests.search(payload)
        elif payload.type not in KNOWN_ITEMS:
            self._unknown("item", payload.type, line.number)

    def _unknown(self, what: str, name: str | None, number: int) -> None:
        self.understood = False
        self.problems.add("unknown-record", f"{what} type {name!r}", number)

    LINES: ClassVar[dict[str, Callable[[Usage, Any, At], None]]] = {
        "event_msg": _event,
        "response_item": _item,
        "token_usage_record": lambda self, payload, line: self.requests.usage_record(payload, line),
        "turn_context": lambda self, payload, line: self.thread.turn(payload, line.stamp),
        "session_meta": lambda self, payload, line: self.thread.begin(payload, line.number),
        "compacted": lambda self, payload, line: self.requests.compacted(payload, line),
    }
    """Type of line -> what it means."""


class UsageReader:
    """Reads the lines that usage needs and hands them to those who count."""

    record_type: ClassVar[type[LightRecord | Record]] = LightRecord

    def __init__(self, source: Source, usage: Usage) -> None:
        self.source = source
        self.usage = usage

    def lines(self, context: Context) -> Iterator[ParsedRow]:
        """The rows of the lines, but for the last request."""
        yield from self._walked(context)

    def records(self, position: Position | None = None) -> Iterator[tuple[int, Any]]:
        """The lines, from a position to the end of the last finished one where one is given, else all."""
        return usage_lines(self.source.path, self.usage.problems, position)

    def take(self, lines: Iterable[tuple[int, Any]]) -> Iterator[ParsedRow]:
        """The rows of some lines."""
        requests, thread = self.usage.requests, self.usage.thread
        for number, line in lines:
            uncounted = UNCOUNTED.get(line.type or "")
            if uncounted is not None and line.payload is not None and line.payload.type in uncounted:
                if not thread.own:  # any line may be the first of the own part
                    thread.at_ordinal(line.ordinal)
                continue
            self.usage.take(number, line)
            if requests.ready:
                yield from requests.taken()

    def unfinished(self, position: Position) -> Iterator[tuple[int, Any]]:
        """The lines behind the last finished one."""
        return unfinished(self.source.path, self.record_type, self.usage.problems, position)

    def _walked(self, context: Context) -> Iterator[ParsedRow]:
        """The rows of all lines. Documents and packed files are read whole every time."""
        if self.source.kind == "document":
            yield from self.take(document_records(self.source.path, self.usage.problems))
        elif self.source.path.endswith(ENDING):
            yield from self.take(self.records())
        else:
            yield from rows_of_lines(self, context)

    def rest(self) -> Iterator[ParsedRow]:
        """Nothing is left."""
        yield from ()

    def state(self) -> bytes | None:
        """What must be known to go on; nothing where it cannot be written down."""
        return taken(self.usage.counters, self.writers)

    def go_on(self, grown: Grown) -> None:
        """Be as it was when it gave this state."""
        given_back(grown.state, grown.rows, self.usage.counters, self.writers)

    @property
    def writers(self) -> Writers | None:
        """Those who read along beside those who count."""
        return None


class Reader(UsageReader):
    """Reads every line of one rollout and hands it to those who make rows of it."""

    record_type = Record

    def __init__(self, source: Source, want: Want, names: Names, usage: Usage) -> None:
        super().__init__(source, usage)
        self._want = want
        self._thread = usage.thread
        packed_lines = want.raw and source.kind == "rollout"
        self._messages = Messages(usage.thread, content=want.content, raw=RawLines(source.path) if packed_lines else None)
        self._tools = ToolCalls(usage.thread, content=want.content)
        self._session = SessionFacts(usage.thread, names.titles)

    def lines(self, context: Context) -> Iterator[ParsedRow]:
        """All rows, in the order of the file, but for what is held back, the calls that are left, the last request and the session."""
        try:
            yield from self._walked(context)
        finally:
            self._messages.close()

    def records(self, position: Position | None = None) -> Iterator[tuple[int, Record]]:
        """The lines, from a position to the end of the last finished one where one is given, else all."""
        return records(self.source.path, Record, self.usage.problems, position=position)

    def take(self, lines: Iterable[tuple[int, Record]]) -> Iterator[ParsedRow]:
        """The rows of some lines."""
        for number, record in lines:
            yield from self._line(number, record)

    def rest(self) -> Iterator[ParsedRow]:
        """What is held back, the calls that are left, and the session."""
        yield from self._give(self._messages.end())
        if "tool_calls" in self._want.tables:
            yield from self._tools.rest()
        if "sessions" in self._want.tables and (row := self._session.row()) is not None:
            yield row

    @property
    def writers(self) -> Writers:
        """Those who read along beside those who count."""
        return Writers(self._messages, self._tools, self._session)

    def _line(self, number: int, record: Record) -> Iterator[ParsedRow]:
        begun = self._thread.begun
        line = self.usage.take(number, record)
        spent = self.usage.requests.taken()
        if "usage" in self._want.tables:
            yield from spent
        payload: Payload = record if record.payload is None else record.payload
        if self._thread.begun and not begun:
            self._session.begin(Payload() if self._thread.is_of_another(payload, number) else payload)
        elif self._thread.own and self.usage.understood:
            self._session.see(line.at)
        yield from self._give(self._messages.settled(number))
        if record.type == "response_item" or (record.payload is None and record.type in KNOWN_ITEMS):
            yield from self._item(payload, record, line)
        elif record.type == "event_msg":
            yield from self._event(payload, line)
        elif record.type == "compacted" and record.payload is not None:
            yield from self._note(payload, "summary", payload.message or None, line)

    def _item(self, payload: Payload, record: Record, line: At) -> Iterator[ParsedRow]:
        if payload.type in SILENT_ITEMS or payload.type not in KNOWN_ITEMS:
            return
        if payload.type == "message" and payload.role == "user":
            yield from self._give(self._messages.end())
        for row in self._messages.item(payload, record, line):
            yield from self._give(self._messages.keep(row))
        if "tool_calls" in self._want.tables:
            if payload.type in CALLS:
                yield from self._tools.call(payload, line)
            elif payload.type in OUTPUTS:
                yield from self._tools.output(payload, line)

    def _event(self, payload: Payload, line: At) -> Iterator[ParsedRow]:
        if payload.type == "user_message":
            yield from self._give(self._messages.echo(payload.message))
        elif payload.item is not None and payload.item.type == "UserMessage":
            yield from self._give(self._messages.echo(joined_text(payload.item.content)))
        elif payload.type in TOOL_EVENTS:
            self._tools.event(payload)
        elif payload.type in NOTES:
            yield from self._note(payload, "progress", NOTES[payload.type](payload), line)

    def _note(self, payload: Payload, kind: str, text: str | None, line: At) -> Iterator[ParsedRow]:
        row = self._messages.note(payload, "summary" if kind == "summary" else "progress", text, line)
        yield from self._give(self._messages.keep(row))

    def _give(self, rows: Iterable[MessageRow]) -> Iterator[MessageRow]:
        """Message rows whose speaker is known."""
        for row in rows:
            if row.is_human and not row.is_replay:
                self._session.prompt(row.content)
            if "messages" in self._want.tables:
                yield row
