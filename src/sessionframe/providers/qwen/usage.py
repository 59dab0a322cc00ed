"""Assistant lines -> one `usage` row per model request. Each rule is a function with its evidence."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sessionframe.dialects.google_usage import Counts, Reported, check_total, count_of
from sessionframe.dialects.reasoning import part_of_output
from sessionframe.formats.clock import instant
from sessionframe.formats.problems import Problems
from sessionframe.formats.statements import Statements
from sessionframe.providers.qwen.ledger import Known, numbers
from sessionframe.providers.qwen.measure import measure
from sessionframe.providers.qwen.records import LightRecord, Record, Told, Usage
from sessionframe.providers.qwen.threads import Threads
from sessionframe.schema import UsageRow

RESPONSE = "qwen-code.api_response"


class Request(msgspec.Struct, gc=False):
    """An assistant line with counts, and the vendor's id of the response."""

    record: LightRecord
    usage: Usage
    line: int
    response_id: str | None


class Requests:
    """Collects the model requests of one log.

    Parameters
    ----------
    threads, known, problems, statements
        Where lines belong, what the ledger holds, where issues go, and what became of each line with counts.
    """

    def __init__(self, threads: Threads, known: Known, problems: Problems, statements: Statements) -> None:
        self._threads = threads
        self._known = known
        self._problems = problems
        self._statements = statements
        self._found: dict[object, Request] = {}
        self._told: Told | None = None
        self._taken: set[str] = set()

    def add(self, record: LightRecord | Record, line: int) -> str | None:
        """Take a line; returns the vendor's id of the response that an assistant line is."""
        self._threads.see(record)
        if record.systemPayload is not None and record.systemPayload.uiEvent is not None:
            event = record.systemPayload.uiEvent
            if event.event == RESPONSE:
                self._told = event
            return None
        if record.type != "assistant" or record.usageMetadata is None:
            return None
        response_id = told_id(self._told, record.usageMetadata)
        self._told = None
        group = record.uuid or line
        if self._statements.wanted:
            stated = count_of(record.usageMetadata.totalTokenCount)
            self._statements.wait(group, line, at=instant(record.timestamp), model=record.model, tokens=stated, stated_tokens=stated)
        self._found.setdefault(group, Request(bare(record), record.usageMetadata, line, response_id))
        return response_id

    def rows(self) -> Iterator[UsageRow]:
        """One row per request, in the order of the log."""
        for group, request in self._found.items():
            row = self._row(request)
            self._statements.counted(row, group)
            yield row

    def _row(self, request: Request) -> UsageRow:
        record, line = request.record, request.line
        place, at = self._threads.place(record), instant(record.timestamp)
        if at is None:
            self._problems.add("missing-time", "request without a usable timestamp", line)
        stated = reported(request.usage, self._problems, line)
        found = measure(stated, self._problems, line)
        check_total(stated, found, self._problems, line)
        entry = self._known.entry_of(numbers(stated), at, place.root_session_id, self._taken)
        if entry is not None:
            self._taken.add(entry.id)
        return UsageRow(
            session_id=place.session_id,
            root_session_id=place.root_session_id,
            request_id=request.response_id,
            message_id=record.uuid,
            at=at,
            model=record.model or (entry.model if entry else None) or self._threads.meta.model,
            project=place.project,
            repo_root=place.repo_root,
            git_branch=place.git_branch,
            input_tokens=found.input_tokens,
            cache_read_tokens=found.cache_read_tokens,
            cache_write_tokens=0,
            output_tokens=found.output_tokens,
            reasoning_tokens=part_of_output(found.reasoning_tokens, found.output_tokens, self._problems, line),
            is_final=True,  # written when the stream has ended
            evidence="assistant",
            source=place.source,
            line=line,
            dedup_key=entry.id if entry else global_key(record, place.session_id, line),
        )


def bare(record: LightRecord | Record) -> LightRecord:
    """What a request needs of its line, without the text."""
    return LightRecord(
        uuid=record.uuid,
        timestamp=record.timestamp,
        cwd=record.cwd,
        gitBranch=record.gitBranch,
        model=record.model,
        sessionId=record.sessionId,
    )


def global_key(record: LightRecord, session_id: str, line: int) -> str:
    """Equal for copies of one request: a branch copies every record with its uuid and rewrites the session (the program's source)."""
    return record.uuid or f"{session_id}:{line}"


def told_id(told: Told | None, usage: Usage) -> str | None:
    """The vendor's id, which the event right before the record states; the counts tell that both are of one response."""
    if told is None or (told.input_token_count, told.output_token_count) != (usage.promptTokenCount, usage.candidatesTokenCount):
        return None
    return told.response_id


def reported(usage: Usage, problems: Problems, line: int) -> Reported:
    """The counts of a record. Google's interface leaves out what is zero, so an absent part is zero; the prompt is always there."""
    counts = Counts(problems, line)
    return Reported(
        prompt=counts.take(usage.promptTokenCount, "promptTokenCount"),
        cached=counts.take(usage.cachedContentTokenCount, "cachedContentTokenCount", absent=0),
        candidates=counts.take(usage.candidatesTokenCount, "candidatesTokenCount", absent=0),
        thoughts=counts.take(usage.thoughtsTokenCount, "thoughtsTokenCount", absent=0),
        tool=counts.take(usage.toolUsePromptTokenCount, "toolUsePromptTokenCount", absent=0),
        total=counts.take(usage.totalTokenCount, "totalTokenCount"),
    )
