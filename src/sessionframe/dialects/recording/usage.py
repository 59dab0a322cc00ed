"""Messages with token counts -> one `usage` row per model request. Each rule is a function with its evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

from sessionframe.dialects.google_usage import Counted, Counts, Reported, check_total, count_of
from sessionframe.dialects.reasoning import part_of_output
from sessionframe.dialects.recording.place import Place, global_key
from sessionframe.dialects.recording.records import CallId, LightMessage, Message, Tokens
from sessionframe.formats.clock import instant
from sessionframe.formats.problems import Problems
from sessionframe.formats.statements import Statements
from sessionframe.schema import UsageRow

Measure: TypeAlias = Callable[[Reported, Problems, int], Counted]
"""How an agent's counts become columns: which number contains which differs."""
Vendor: TypeAlias = Callable[[str | None], str | None]


TYPES = frozenset({"user", "gemini", "info", "warning", "error"})
"""Every type of message that is understood."""


class Request(msgspec.Struct, gc=False):
    """A message that states tokens, as small as it can be kept."""

    id: str | None
    timestamp: str | int | float | None
    model: str | None
    tokens: Tokens
    line: int


class Requests:
    """Collects the model requests of one recording.

    Parameters
    ----------
    measure, vendor
        How the agent counts, and who sells its models.
    problems, statements
        Where issues go, and what became of each message with tokens.
    """

    def __init__(self, measure: Measure, vendor: Vendor, problems: Problems, statements: Statements) -> None:
        self._measure = measure
        self._vendor = vendor
        self._problems = problems
        self._statements = statements
        self._found: dict[object, Request] = {}

    def add(self, message: LightMessage | Message, line: int) -> None:
        """Take a message; of several states of one message the last that states tokens counts.

        Every message that was ever written counts, also one that a step back or a new list of messages removes later: its tokens were
        spent. The log appends a message again whenever something is added to it, with equal tokens: in the recorded session of
        version 0.61 three of four.
        """
        if message.type not in TYPES:
            self._problems.add("unknown-record", f"message type {message.type!r}", line)
        if message.tokens is None or message.type != "gemini":
            return  # messages that the program makes up in the model's place have no tokens
        group = message.id if message.id is not None else (line, len(self._found))
        if self._statements.wanted:
            stated = count_of(message.tokens.total)
            self._statements.wait(group, line, at=instant(message.timestamp), model=message.model, tokens=stated, stated_tokens=stated)
        known = self._found.get(group)
        if known is None:
            report_lost(message, line, self._problems)
        if known is None or known.tokens != message.tokens:
            self._found[group] = Request(message.id, message.timestamp, message.model, message.tokens, line)

    def rows(self, place: Place) -> Iterator[UsageRow]:
        """One row per request, in the order of their first lines."""
        for group, request in self._found.items():  # in the order of their first lines
            row = self._row(request, place)
            self._statements.counted(row, group)
            yield row

    def _row(self, request: Request, place: Place) -> UsageRow:
        at = instant(request.timestamp)
        if at is None:
            self._problems.add("missing-time", "request without a usable timestamp", request.line)
        stated = reported(request.tokens, self._problems, request.line)
        found = self._measure(stated, self._problems, request.line)
        check_total(stated, found, self._problems, request.line)
        return UsageRow(
            session_id=place.session_id,
            root_session_id=place.root_session_id,
            message_id=request.id,
            at=at,
            model=request.model,
            vendor=self._vendor(request.model),
            project=place.project,
            repo_root=place.repo_root,
            input_tokens=found.input_tokens,
            cache_read_tokens=found.cache_read_tokens,
            cache_write_tokens=0,  # caches fill by themselves, without a charge of their own
            output_tokens=found.output_tokens,
            reasoning_tokens=part_of_output(found.reasoning_tokens, found.output_tokens, self._problems, request.line),
            is_final=True,  # written when the stream has ended
            evidence="tokens",
            source=place.source,
            line=request.line,
            dedup_key=global_key(request.id, f"{request.id}:{request.timestamp}", place),
        )


def reported(tokens: Tokens, problems: Problems, line: int) -> Reported:
    """The counts of a message. Every version writes all six; one that is missing is unknown."""
    counts = Counts(problems, line)
    stated = Reported(
        prompt=counts.take(tokens.input, "tokens.input"),
        cached=counts.take(tokens.cached, "tokens.cached"),
        candidates=counts.take(tokens.output, "tokens.output"),
        thoughts=counts.take(tokens.thoughts, "tokens.thoughts"),
        tool=counts.take(tokens.tool, "tokens.tool"),
        total=counts.take(tokens.total, "tokens.total"),
    )
    if None in (tokens.input, tokens.cached, tokens.output, tokens.thoughts, tokens.tool):  # not in a set: what stands there may be a list
        problems.add("missing-column", "a response does not state all its token counts: what depends on them is null", line)
    return stated


REQUESTED = re.compile(r"-(?P<ms>\d{13})-[0-9a-f]+$")
"""The end of a call's id in versions up to 0.31: the time of the request in milliseconds, and random digits."""


def report_lost(message: LightMessage | Message, line: int, problems: Problems) -> None:
    """Report replies whose tokens the program itself lost.

    Before 0.32 a reply that only called a tool was merged into the message before it and its tokens were overwritten (recorded with
    0.27: four calls, three records). The call's id then states a later time than the message.
    """
    recorded = instant(message.timestamp)
    lost = len(later_requests(message.toolCalls or (), recorded))
    if lost:
        detail = "replies that only called a tool lost their tokens in the program itself (before 0.32): the total is a lower bound"
        problems.add("estimate", detail, line, lost)


def later_requests(calls: Iterable[CallId], recorded: int | None) -> set[str]:
    """Times of requests, as the ids of calls state them, that came after the message was recorded."""
    if recorded is None:
        return set()
    stated = (match["ms"] for call in calls if call.id is not None and (match := REQUESTED.search(call.id)))
    return {ms for ms in stated if int(ms) * 1000 > recorded}
