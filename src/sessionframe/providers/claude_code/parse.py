"""One transcript -> rows. Usage alone decodes only the lines that can hold one; everything else decodes every line once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from sessionframe.dialects.anthropic import Block, block_text
from sessionframe.formats.clock import instant
from sessionframe.formats.jsonl import records
from sessionframe.formats.problems import Problems
from sessionframe.formats.rawlines import RawLines
from sessionframe.providers.claude_code.facts import Sessions, summary_title
from sessionframe.providers.claude_code.lineage import Trace
from sessionframe.providers.claude_code.messages import Messages
from sessionframe.providers.claude_code.records import SIDE_RECORDS, SPEAKING, LightRecord, Record
from sessionframe.providers.claude_code.sidecars import Sidecars
from sessionframe.providers.claude_code.threads import Line, Threads
from sessionframe.providers.claude_code.tools import ToolCalls
from sessionframe.providers.claude_code.usage import Requests
from sessionframe.providers.contract import Context, ParsedRow, Source, Want

TITLE_RECORDS = {"custom-title": "custom", "ai-title": "ai", "last-prompt": "last-prompt"}


def parse(source: Source, want: Want, context: Context) -> Iterator[ParsedRow]:
    """The rows of one source. Nothing in it raises; what cannot be read becomes `issues` rows."""
    if source.kind == "sidecar":
        return
    problems = Problems(source.path)
    known: Sidecars = context.prepared or Sidecars({}, {})
    threads = Threads(source, context.machine, known.projects.get(source.root_session_id))
    requests, trace = Requests(threads, problems), Trace(source)
    if want.only_usage:
        # Decoding every line takes no longer than searching for the lines that could matter, and damage is seen wherever it is.
        for line, light in records(source.path, LightRecord, problems):
            trace.see(light, line)
            if light.type in SPEAKING:
                requests.add(light, line)
            elif light.type not in KNOWN_RECORDS:
                problems.add("unknown-record", f"record type {light.type!r}", line)
    else:
        yield from Reader(source, want, known, threads=threads, requests=requests, trace=trace, problems=problems).rows()
    if "usage" in want.tables:
        yield from requests.rows()
    yield trace.lineage()
    yield from problems.rows()


class Reader:
    """Reads every line of one source and hands it to those who make rows of it."""

    def __init__(
        self, source: Source, want: Want, known: Sidecars, *, threads: Threads, requests: Requests, trace: Trace, problems: Problems
    ) -> None:
        self._source = source
        self._want = want
        self._problems = problems
        self._threads = threads
        self._requests = requests
        self._trace = trace
        self._messages = Messages(content=want.content, raw=RawLines(source.path) if want.raw else None)
        self._tools = ToolCalls(content=want.content)
        self._sessions = Sessions(source, known.titles, content=want.content)

    def rows(self) -> Iterator[ParsedRow]:
        """All rows but those of usage, in the order of the file; sessions and unanswered calls at the end."""
        tables = self._want.tables
        try:
            yield from self._lines()
        finally:
            self._messages.close()
        if "tool_calls" in tables:
            yield from self._tools.unanswered()
        if "sessions" in tables:
            yield from self._session_rows()

    def _lines(self) -> Iterator[ParsedRow]:
        for line, record in records(self._source.path, Record, self._problems):
            self._trace.see(record, line)
            handler = self.HANDLERS.get(record.type or "")
            if handler is not None:
                yield from handler(self, Line(line, record, self._threads.place(record), instant(record.timestamp)))
            elif record.type not in KNOWN_RECORDS:
                self._problems.add("unknown-record", f"record type {record.type!r}", line)

    def _session_rows(self) -> Iterator[ParsedRow]:
        for row, ledger in self._sessions.rows():
            if ledger.incomplete:
                self._problems.add("estimate", "the recorded cost leaves out a model that the CLI had no price for")
            yield row

    def _user(self, line: Line) -> Iterator[ParsedRow]:
        self._sessions.see(line)
        for row, block in self._messages.user(line):
            if row.type == "tool-result":
                yield from self._result(line, block)
            if row.is_human:
                self._sessions.prompt(line.place, block_text(block))
            elif line.place.kind == "subagent" and row.seq == 0:
                self._sessions.warm_up(line.place, block_text(block))
            if "messages" in self._want.tables:
                yield row

    def _assistant(self, line: Line) -> Iterator[ParsedRow]:
        self._sessions.see(line)
        self._requests.add(line.record, line.number)
        for row, block in self._messages.assistant(line):
            if row.type == "tool-use" and "tool_calls" in self._want.tables:
                self._tools.call(line, block)
            elif row.type == "tool-result":  # tools that the vendor runs answer in the same response
                yield from self._result(line, block)
            if "messages" in self._want.tables:
                yield row

    def _result(self, line: Line, block: Block) -> Iterable[ParsedRow]:
        call = self._tools.result(line, block) if "tool_calls" in self._want.tables else None
        return () if call is None else (call,)

    def _system(self, line: Line) -> Iterator[ParsedRow]:
        self._sessions.see(line)
        yield from self._message(self._messages.system(line))

    def _attachment(self, line: Line) -> Iterator[ParsedRow]:
        self._sessions.see(line)
        row = self._messages.attachment(line)
        if row.is_human:
            self._sessions.prompt(line.place, row.content)
        yield from self._message(row)

    def _progress(self, line: Line) -> Iterator[ParsedRow]:
        self._sessions.see(line)
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
