"""One transcript -> rows. Usage alone decodes only the lines that can hold one; everything else decodes every line once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

import msgspec

from sessionframe.dialects.anthropic import Block
from sessionframe.formats.clock import instant
from sessionframe.formats.jsonl import records, unfinished
from sessionframe.formats.position import Position
from sessionframe.formats.problems import Problems
from sessionframe.formats.rawlines import RawLines
from sessionframe.formats.statements import Statements
from sessionframe.providers.claude_code.facts import LedgerState, Sessions, summary_title
from sessionframe.providers.claude_code.lineage import CHAIN, Trace
from sessionframe.providers.claude_code.messages import Messages
from sessionframe.providers.claude_code.records import SIDE_RECORDS, SPEAKING, LightRecord, Record
from sessionframe.providers.claude_code.sidecars import Sidecars
from sessionframe.providers.claude_code.threads import Line, Threads
from sessionframe.providers.claude_code.tools import ToolCalls
from sessionframe.providers.claude_code.usage import Requests
from sessionframe.providers.contract import Context, Grown, ParsedRow, Source, Want, rows_of_lines
from sessionframe.schema import IssueRow, SessionRow, ToolCallRow, UsageRow

TITLE_RECORDS = {"custom-title": "custom", "ai-title": "ai", "last-prompt": "last-prompt"}


class State(msgspec.Struct, array_like=True):
    """What must be known of the lines that were read to go on behind them; everything else is in the rows."""

    root: str
    issues: list[IssueRow]
    trace: tuple[bool, int | None, int | None, list[int]]
    requests: list[tuple[str, int]]
    messages: tuple[int, list[str]] = (0, [])
    results: list[str] = []
    sessions: list[LedgerState] = []


state_decoder = msgspec.msgpack.Decoder(State)


def parse(source: Source, want: Want, context: Context) -> Iterator[ParsedRow]:
    """The rows of one source. Nothing in it raises; what cannot be read becomes `issues` rows."""
    if source.kind == "sidecar":
        return
    known: Sidecars = context.prepared or Sidecars({}, {})
    common = Common.of(source, want, context, known)
    reader = UsageReader(common) if want.only_usage else Reader(source, want, known, common)
    yield from reader.lines(context)
    if "usage" in want.tables:
        yield from common.requests.rows()
    yield from reader.rest()
    yield common.trace.lineage()
    yield from common.statements.rows()
    yield from common.problems.rows()


class Common(NamedTuple):
    """What every reading of a source needs."""

    path: str
    problems: Problems
    threads: Threads
    requests: Requests
    trace: Trace
    statements: Statements

    @classmethod
    def of(cls, source: Source, want: Want, context: Context, known: Sidecars) -> Common:
        """Before the first line."""
        problems = Problems(source.path)
        threads = Threads(source, context.machine, known.projects.get(source.root_session_id))
        statements = Statements(source.path, wanted=want.statements)
        return cls(source.path, problems, threads, Requests(threads, problems, statements), Trace(source), statements)

    def unknown(self, kind: str | None, line: int) -> None:
        """Note a line of a type that nobody knows."""
        self.problems.add("unknown-record", f"record type {kind!r}", line)


class UsageReader:
    """Reads the lines that model requests are in."""

    record_type: ClassVar[type[LightRecord | Record]] = LightRecord

    def __init__(self, common: Common) -> None:
        self._common = common

    def records(self, position: Position | None = None) -> Iterator[tuple[int, Any]]:
        """The lines, from a position to the end of the last finished one where one is given, else all."""
        return records(self._common.path, self.record_type, self._common.problems, position=position)

    def unfinished(self, position: Position) -> Iterator[tuple[int, Any]]:
        """The lines behind the last finished one."""
        return unfinished(self._common.path, self.record_type, self._common.problems, position)

    def lines(self, context: Context) -> Iterator[ParsedRow]:
        """Read the lines. No rows come of them before all are read."""
        yield from rows_of_lines(self, context)

    def take(self, lines: Iterable[tuple[int, LightRecord]]) -> Iterator[ParsedRow]:
        """Take some lines.

        Decoding every line takes no longer than searching for those that could matter, and damage is seen wherever it is.
        """
        threads, requests, trace = self._common.threads, self._common.requests, self._common.trace
        for line, light in lines:
            trace.see(light, line)
            if not threads.is_rooted:
                threads.note(light)
            if light.type in SPEAKING:
                requests.add(light, line)
            elif light.type not in KNOWN_RECORDS:
                self._common.unknown(light.type, line)
        yield from ()

    def rest(self) -> Iterator[ParsedRow]:
        """Nothing is left."""
        yield from ()

    def state(self) -> bytes | None:
        """What must be known to go on; nothing where a whole number has more than 64 bits: so rare that such a file is read again."""
        try:
            return msgspec.msgpack.encode(self._state())
        except OverflowError:
            return None

    def go_on(self, grown: Grown) -> None:
        """Be as it was when it gave this state."""
        self._back(state_decoder.decode(grown.state), grown.rows)

    def _state(self) -> State:
        common = self._common
        requests = common.requests.state()  # first: what ends there may be reported
        return State(common.threads.state, common.problems.state, common.trace.state, requests)

    def _back(self, state: State, rows: Sequence[ParsedRow]) -> None:
        common = self._common
        common.threads.go_on(state.root)
        common.problems.go_on(state.issues)
        common.trace.go_on(state.trace)
        common.requests.go_on(state.requests, (row for row in rows if isinstance(row, UsageRow)))


class Reader(UsageReader):
    """Reads every line of one source and hands it to those who make rows of it."""

    record_type = Record

    def __init__(self, source: Source, want: Want, known: Sidecars, common: Common) -> None:
        super().__init__(common)
        self._want = want
        self._problems, self._threads, self._requests, self._trace = common[1:5]
        self._messages = Messages(content=want.content, raw=RawLines(source.path) if want.raw else None)
        self._tools = ToolCalls(content=want.content)
        self._sessions = Sessions(source, known.titles, content=want.content)
        self._tells_sessions = "sessions" in want.tables

    def lines(self, context: Context) -> Iterator[ParsedRow]:
        """All rows but those of usage, sessions and unanswered calls, in the order of the file."""
        try:
            yield from rows_of_lines(self, context)
        finally:
            self._messages.close()

    def rest(self) -> Iterator[ParsedRow]:
        """Unanswered calls, and the sessions."""
        if "tool_calls" in self._want.tables:
            yield from self._tools.unanswered()
        if self._tells_sessions:
            yield from self._session_rows()

    def take(self, lines: Iterable[tuple[int, Record]]) -> Iterator[ParsedRow]:  # type: ignore[override]  # records have all that light ones have
        """The rows of some lines."""
        for line, record in lines:
            self._trace.see(record, line)
            if not self._threads.is_rooted:
                self._threads.note(record)
            handler = self.HANDLERS.get(record.type or "")
            if handler is not None:
                placed = Line(line, record, self._threads.place(record), instant(record.timestamp))
                if self._tells_sessions and record.type in CHAIN:
                    self._sessions.see(placed)
                yield from handler(self, placed)
            elif record.type not in KNOWN_RECORDS:
                self._common.unknown(record.type, line)

    def _state(self) -> State:
        state = super()._state()
        state.messages, state.results, state.sessions = self._messages.state, self._tools.state, self._sessions.state
        return state

    def _back(self, state: State, rows: Sequence[ParsedRow]) -> None:
        super()._back(state, rows)
        self._messages.go_on(state.messages)
        self._tools.go_on(state.results, (row for row in rows if isinstance(row, ToolCallRow)))
        self._sessions.go_on(state.sessions, (row for row in rows if isinstance(row, SessionRow)))

    def _session_rows(self) -> Iterator[ParsedRow]:
        for row, ledger in self._sessions.rows():
            if ledger.incomplete:
                self._problems.add("estimate", "the recorded cost leaves out a model that the CLI had no price for")
            yield row

    def _user(self, line: Line) -> Iterator[ParsedRow]:
        for row, block, text in self._messages.user(line):
            if row.type == "tool-result":
                yield from self._result(line, block, text)
            if row.is_human:
                self._sessions.prompt(line.place, text)
            elif line.place.kind == "subagent" and row.seq == 0:
                self._sessions.warm_up(line.place, text)
            if "messages" in self._want.tables:
                yield row

    def _assistant(self, line: Line) -> Iterator[ParsedRow]:
        self._requests.add(line.record, line.number)
        for row, block, text in self._messages.assistant(line):
            if row.type == "tool-use" and "tool_calls" in self._want.tables:
                self._tools.call(line, block, text)
            elif row.type == "tool-result":  # tools that the vendor runs answer in the same response
                yield from self._result(line, block, text)
            if "messages" in self._want.tables:
                yield row

    def _result(self, line: Line, block: Block, text: str | None) -> Iterable[ParsedRow]:
        call = self._tools.result(line, block, text) if "tool_calls" in self._want.tables else None
        return () if call is None else (call,)

    def _system(self, line: Line) -> Iterator[ParsedRow]:
        yield from self._message(self._messages.system(line))

    def _attachment(self, line: Line) -> Iterator[ParsedRow]:
        row = self._messages.attachment(line)
        if row.is_human:
            self._sessions.prompt(line.place, row.content)
        yield from self._message(row)

    def _progress(self, line: Line) -> Iterator[ParsedRow]:
        self._requests.add(line.record, line.number)
        yield from self._message(self._messages.other(line))

    def _other(self, line: Line) -> Iterator[ParsedRow]:
        yield from self._message(self._messages.other(line))

    def _summary(self, line: Line) -> Iterator[ParsedRow]:
        title = summary_title(line)
        if title is not None:
            yield title

    def _title(self, line: Line) -> Iterable[ParsedRow]:
        record = line.record
        self._sessions.title(line.place, TITLE_RECORDS[record.type or ""], record.customTitle or record.aiTitle or record.lastPrompt)
        return ()

    def _cost(self, line: Line) -> Iterable[ParsedRow]:
        self._sessions.cost(line)
        return ()

    def _message(self, row: ParsedRow) -> Iterator[ParsedRow]:
        if "messages" in self._want.tables:
            yield row

    HANDLERS: ClassVar[dict[str, Callable[[Reader, Line], Iterable[ParsedRow]]]] = {
        "user": _user,
        "assistant": _assistant,
        "system": _system,
        "attachment": _attachment,
        "progress": _progress,
        "file-history-snapshot": _other,
        "file-history-delta": _other,
        "summary": _summary,
        "cost-state": _cost,
        **dict.fromkeys(TITLE_RECORDS, _title),
    }
    """Type of line -> what is made of it."""


KNOWN_RECORDS = SIDE_RECORDS | Reader.HANDLERS.keys()
"""Every type of line that is understood."""
