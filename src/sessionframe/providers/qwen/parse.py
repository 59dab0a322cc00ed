"""One source of Qwen Code -> rows: a log, a month of the ledger, or a recording of its first versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sessionframe.dialects.recording.place import Place as RecordingPlace
from sessionframe.dialects.recording.read import recording
from sessionframe.dialects.recording.records import Head
from sessionframe.formats.clock import instant
from sessionframe.formats.jsonl import records
from sessionframe.formats.problems import Problems
from sessionframe.formats.rawlines import RawLines
from sessionframe.formats.statements import Statements
from sessionframe.providers.contract import Context, ParsedRow, Source, Want
from sessionframe.providers.qwen.facts import Session
from sessionframe.providers.qwen.ledger import NOTHING, Known, ledger_rows
from sessionframe.providers.qwen.measure import measure, vendor
from sessionframe.providers.qwen.messages import Messages
from sessionframe.providers.qwen.records import TYPES, LightRecord, Record
from sessionframe.providers.qwen.threads import Line, Threads
from sessionframe.providers.qwen.tools import ToolCalls
from sessionframe.providers.qwen.usage import Requests


def parse(source: Source, want: Want, context: Context) -> Iterator[ParsedRow]:
    """The rows of one source. Nothing in it raises; what cannot be read becomes `issues` rows."""
    return PARSERS[source.kind](source, want, context)


def parse_log(source: Source, want: Want, context: Context) -> Iterator[ParsedRow]:
    """A session or a sub-agent."""
    problems = Problems(source.path)
    threads = Threads(source, context.machine)
    statements = Statements(source.path, wanted=want.statements)
    requests = Requests(threads, context.prepared or NOTHING, problems, statements)
    if want.only_usage:
        for number, light in records(source.path, LightRecord, problems):
            if light.type not in TYPES:
                problems.add("unknown-record", f"record type {light.type!r}", number)
            else:
                requests.add(light, number)
    else:
        yield from Reader(source, want, threads, requests, problems).rows()
    if "usage" in want.tables:
        yield from requests.rows()
    yield threads.lineage()
    yield from statements.rows()
    yield from problems.rows()


class Reader:
    """Reads every line of one log and hands it to those who make rows of it."""

    def __init__(self, source: Source, want: Want, threads: Threads, requests: Requests, problems: Problems) -> None:
        self._source = source
        self._want = want
        self._threads = threads
        self._requests = requests
        self._problems = problems
        self._messages = Messages(content=want.content, raw=RawLines(source.path) if want.raw else None)
        self._tools = ToolCalls(content=want.content)
        self._session = Session(source, threads.meta, content=want.content)

    def rows(self) -> Iterator[ParsedRow]:
        """All rows but those of usage, in the order of the file; unanswered calls and the session at the end."""
        try:
            for number, record in records(self._source.path, Record, self._problems):
                if record.type not in TYPES:
                    self._problems.add("unknown-record", f"record type {record.type!r}", number)
                    continue
                yield from self._line(Line(number, record, self._threads.place(record), instant(record.timestamp)))
        finally:
            self._messages.close()
        if "tool_calls" in self._want.tables:
            yield from self._tools.unanswered()
        if "sessions" in self._want.tables and self._session.row is not None:
            yield self._session.row

    def _line(self, line: Line) -> Iterator[ParsedRow]:
        self._session.see(line)
        request_id = self._requests.add(line.record, line.number)
        if line.record.type == "system":
            self._tools.tell(line.record)
            notice = self._messages.notice(line)
            if notice is not None and "messages" in self._want.tables:
                yield notice
            return
        for row, part in self._messages.rows(line, request_id):
            if row.is_human:
                self._session.prompt(part.text)
            if "messages" in self._want.tables:
                yield row
            if part.functionCall is not None:
                self._tools.call(line, part.functionCall, request_id)
            elif part.functionResponse is not None:
                call = self._tools.result(line, part.functionResponse)
                if "tool_calls" in self._want.tables:
                    yield call


def parse_ledger(source: Source, want: Want, context: Context) -> Iterator[ParsedRow]:
    """A month of the ledger."""
    known: Known = context.prepared or NOTHING
    problems, statements = Problems(source.path), Statements(source.path, wanted=want.statements)
    rows = ledger_rows(source, known, context.machine, problems, statements)
    if "usage" in want.tables:
        yield from rows
    yield from statements.rows()
    yield from problems.rows()


def parse_finished(source: Source, want: Want, context: Context) -> Iterator[ParsedRow]:
    """The list of finished sessions: sums of what stands elsewhere, and projects, which are known already."""
    del source, want, context
    yield from ()


def parse_recording(source: Source, want: Want, context: Context) -> Iterator[ParsedRow]:
    """A recording of the first versions."""

    def locate(head: Head, folder: str | None) -> RecordingPlace:
        name = source.path.replace("\\", "/").rsplit("/", 1)[-1].partition(".json")[0]
        session_id = source.session_id or head.sessionId or name
        root = context.machine.repositories.root(folder)
        return RecordingPlace(session_id, session_id, "main", folder, root, source.path)

    return recording(source.path, want, locate, measure, vendor, raw=want.raw)


PARSERS: dict[str, Callable[[Source, Want, Context], Iterator[ParsedRow]]] = {
    "main": parse_log,
    "subagent": parse_log,
    "ledger": parse_ledger,
    "finished": parse_finished,
    "recording": parse_recording,
}
"""Kind of source -> what reads it."""
