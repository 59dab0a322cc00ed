"""Token records of one rollout -> one `usage` row per model response. Each step of the counting rule is a function with its evidence."""

from __future__ import annotations

import re
from collections import OrderedDict
from copy import copy
from operator import add, sub
from typing import NamedTuple, TypeAlias

from sessionframe.dialects.reasoning import part_of_output
from sessionframe.formats.clock import instant
from sessionframe.formats.problems import Problems
from sessionframe.formats.statements import Statements
from sessionframe.providers.codex.records import EventPayload, ItemPayload, LightPayload, Stamp, Tokens, UsagePayload
from sessionframe.providers.codex.thread import Place, Thread
from sessionframe.schema import Fate, SessionKind, UsageRow
from sessionframe.schema.usage import RequestKind

Counts: TypeAlias = tuple[int, int, int, int, int]
"""Input, cached, written to the cache, output, reasoning: as the log has them, an absent count as 0."""

NOTHING: Counts = (0, 0, 0, 0, 0)
LOST_COMPACTION = "a compaction whose request the log does not hold: the server made it, and versions before 0.153 do not report that"
NO_USAGE = "a turn that ended without any usage: its request failed, or was stopped before its usage was known"
NO_COUNTERS = "this generation of the log records no tokens: requests are counted, their tokens are unknown"
MISSING_BEFORE = "the counter did not begin at zero: earlier requests were taken out of the file and are not counted"
TOO_MUCH_CACHED = "more tokens from and into the cache than input tokens: uncached input is taken as 0"
NO_MARK = "a fork whose copied part nothing marks: it was told from the own part by the time between the lines"
MINOR = re.compile(r"^0\.([0-9]{1,9})(?:\.|$)")
FIRST_USAGE_LAST = 98
"""Minor version from which on usage follows the items of its response; nothing between 0.63 and 0.98 was tested."""
ENDS = frozenset({"task_complete", "turn_complete", "turn_aborted"})
REPEATS_WITHIN = 4096
"""So many usage records are remembered, in case one of them is written again: a file of any length needs no more memory."""
STARTS = frozenset({"task_started", "turn_started"})
SPEAKING_ROLES = frozenset({"assistant"})
MODEL_ITEMS = frozenset(
    {"reasoning", "function_call", "custom_tool_call", "local_shell_call", "web_search_call", "tool_search_call", "image_generation_call"}
)
"""Items that only the model makes; messages say by their role who made them."""


KINDS: dict[SessionKind, RequestKind] = {"review": "review", "compaction": "compaction"}
"""Kind of a thread -> kind of all its requests."""
UNFINISHED = frozenset({"counter_residual", "response_item"})
"""Evidence that does not tell whether the numbers are the final ones."""


class At(NamedTuple):
    """The line that is read: its number, and its time as written."""

    number: int
    stamp: Stamp

    @property
    def at(self) -> int | None:
        """Its time in microseconds since 1970; worked out when it is asked for, because few lines need it."""
        return instant(self.stamp)


class Total(NamedTuple):
    """A running total: the counts that are compared, and what is said to be their sum."""

    counts: Counts
    stated: int | None


class Requests:
    """Collects the model responses of one rollout.

    Attributes
    ----------
    ready
        Responses of which nothing more will be told. A file of any size needs no more memory, if they are taken while it is read.
    """

    def __init__(self, thread: Thread, problems: Problems, statements: Statements) -> None:
        self._thread = thread
        self._problems = problems
        self._statements = statements
        self.ready: list[UsageRow] = []
        self._latest: UsageRow | None = None
        self._told: OrderedDict[str, None] = OrderedDict()
        self._pending: dict[Counts, int] = {}  # told by a usage record, and not yet by an event
        self._records = 0  # usage records since the last event with counters
        self._total: Total | None = None
        self._total_is_own = False
        self._aborted: At | None = None
        self._may_sum_up = False  # the latest response is the thread's own, and no compaction has come since
        self._unpaid_turn: str | None = None  # the turn that runs, as long as no response of it is told
        self._reviewing = False
        self._searches = 0
        self._answering = False
        self._place: Place | None = None
        self._said: tuple[str | None, str | None, bool] | None = None
        self._common = UsageRow(session_id="", root_session_id="", source="")

    def event(self, payload: EventPayload, line: At) -> None:
        """Take an event that the counting rules look at."""
        kind = payload.type
        if kind == "token_count":
            self._count(payload, line)
        elif kind in STARTS and self._thread.own:
            self._unpaid_turn = payload.turn_id
        elif kind in ENDS and self._thread.own:
            self._end_turn(payload, line)
        elif kind == "entered_review_mode":
            self._reviewing = True

    def usage_record(self, payload: UsagePayload | LightPayload, line: At) -> None:
        """A response as `token_usage_record` tells it, since 0.153: also those that were cut short, and compactions by the server."""
        thread_id = payload.thread_id
        if payload.usage is None:
            return
        used = counts(payload.usage)
        if thread_id is not None and thread_id != self._thread.session_id:
            self._leave_out("other-thread", line, used)
            return
        key = record_key(self._thread.session_id, payload, counts(payload.thread_token_usage or payload.usage))
        if key in self._told:
            self._leave_out("told-before", line, used)
            return
        self._told[key] = None
        if len(self._told) > REPEATS_WITHIN:
            self._told.popitem(last=False)
        self._pending[used] = self._pending.get(used, 0) + 1
        self._records += 1
        self._add(payload.usage, line, key, "token_usage_record", response=payload.response_id)

    def _count(self, payload: EventPayload, line: At) -> None:
        """A `token_count` event: the counters of the thread, written with and without a new response behind them."""
        info, thread = payload.info, self._thread
        if info is None or info.total_token_usage is None:
            self._total = None  # a fresh counter: versions to 0.63 begin one whenever a session is resumed
            return
        before, before_is_own = self._total, self._total_is_own
        total = self._total = Total(counts(info.total_token_usage), info.total_token_usage.total_tokens)
        self._total_is_own = thread.own
        last = info.last_token_usage or difference(total, before)
        used = counts(last)
        if not moves(total, before) or used == NOTHING:
            self._leave_out("no-tokens" if used == NOTHING else "counter-stands", line, used, total)
            return
        if thread.own and before is not None and before_is_own:
            self._residual(total, before, last, used, line)
        elif thread.own and before is None and not thread.continues and self._latest is None and total.counts != used:
            self._problems.add("estimate", MISSING_BEFORE, line.number)
        self._records = 0
        self._aborted = None
        if pending := self._pending.pop(used, 0):
            if pending > 1:
                self._pending[used] = pending - 1
            self._leave_out("told-before", line, used, total)
            return
        self._add(last, line, total_key(thread.session_id, line, total), "token_count", total=total)

    def _residual(self, total: Total, before: Total, last: Tokens, used: Counts, line: At) -> None:
        """What a counter grew by beyond the response that the event is about: one that was interrupted and has no event of its own.

        Evidence: in a session of 2026-06, after `turn_aborted`, the total had grown by 177,139 and the last response was 88,735; the
        88,404 in between (87,936 of them cached) are the interrupted one. Versions with usage records tell such responses there.
        """
        if self._records or total.counts == tuple(map(add, before.counts, used)):
            return
        rest = tuple(map(sub, map(sub, total.counts, before.counts), used))
        if min(rest) < 0:
            return
        if last.input_tokens is None or last.output_tokens is None:
            return  # the rest is what the event itself should have told
        key = f"{total_key(self._thread.session_id, line, total)}:rest"
        self._add(Tokens(*rest), self._aborted or line, key, "counter_residual")

    def _end_turn(self, payload: EventPayload, line: At) -> None:
        """A turn without any usage is reported, unless it is a review: that has its usage in a file of its own."""
        if self._unpaid_turn is not None and self._unpaid_turn == payload.turn_id and not self._reviewing:
            self._problems.add("estimate", NO_USAGE, line.number)
        self._unpaid_turn, self._reviewing = None, False
        if payload.type == "turn_aborted":
            self._aborted = line

    def compacted(self, payload: LightPayload, line: At) -> None:
        """A compaction: which response made the summary.

        The program's own compaction asks the model like any other request and has a text; the server's has none, and its usage is told
        by a usage record or nowhere. Evidence: in `0.135.0` and `0.145.0` such requests (550 and 1252 tokens) are in no record.
        """
        if not self._thread.own:
            return
        last, self._may_sum_up = self._latest if self._may_sum_up else None, False
        if last is not None and (payload.compaction_response_id == last.request_id if payload.compaction_response_id else payload.message):
            last.kind = "compaction"
        else:
            self._problems.add("estimate", LOST_COMPACTION, line.number)
        self._unpaid_turn = None  # a turn that only compacts has told what there was to tell

    def search(self, payload: ItemPayload | LightPayload) -> None:
        """A search that the vendor ran; opening a page and searching in it are no searches. It is part of the response that follows."""
        if payload.action is not None and payload.action.type not in {None, "search"}:
            return
        if tells_usage_first(self._thread.version) and self._latest is not None:
            self._latest.web_searches = (self._latest.web_searches or 0) + 1
        else:
            self._searches += 1

    def item(self, kind: str | None, role: str | None, line: At) -> None:
        """A bare item of the generations that record no tokens: what the model says in one go is a request of unknown size."""
        speaks = kind in MODEL_ITEMS or (kind == "message" and role in SPEAKING_ROLES)
        if speaks and not self._answering:
            self._problems.add("missing-column", NO_COUNTERS, line.number)
            self._add(Tokens(), line, f"{self._thread.session_id}:line:{line.number}", "response_item")
            self._searches = 0
        self._answering = speaks

    def _leave_out(self, fate: Fate, line: At, used: Counts, total: Total | None = None) -> None:
        """Note a record that is no request of its own."""
        if self._statements.wanted:
            counter = total and whole(total.counts)
            self._statements.add(fate, line.number, at=line.at, model=self._thread.model, tokens=whole(used), counter_tokens=counter)

    def _add(self, tokens: Tokens, line: At, key: str, evidence: str, *, response: str | None = None, total: Total | None = None) -> None:
        if (tokens.input_tokens or 0) < (tokens.cached_input_tokens or 0) + (tokens.cache_write_input_tokens or 0):
            self._problems.add("bad-value", TOO_MUCH_CACHED, line.number)
        row = self._blank()
        row.request_id, row.at, row.line, row.dedup_key, row.evidence = response, line.at, line.number, key, evidence
        row.input_tokens, row.cache_read_tokens, row.cache_write_tokens = uncached(tokens), tokens.cached_input_tokens, written(tokens)
        row.output_tokens = tokens.output_tokens
        row.reasoning_tokens = part_of_output(tokens.reasoning_output_tokens, tokens.output_tokens, self._problems, line.number)
        row.is_final = None if evidence in UNFINISHED else True
        row.web_searches, self._searches = self._searches, 0
        if row.at is None and evidence != "response_item":
            self._problems.add("missing-time", "request without a usable timestamp", line.number)
        if self._latest is not None:
            self.ready.append(self._latest)
        if self._statements.wanted:
            self._statements.counted(row, stated=tokens.total_tokens, counter=total and whole(total.counts))
        self._latest, self._may_sum_up = row, self._thread.own
        if self._thread.own:
            self._unpaid_turn = None

    def _blank(self) -> UsageRow:
        """A row that says what all responses say until the thread moves on: copied, in a fifth of the time that a new one takes."""
        place, thread = self._thread.place(), self._thread
        said = (thread.model, thread.service_tier, thread.own)
        if place is not self._place or said != self._said:
            self._place, self._said = place, said
            self._common = UsageRow(
                session_id=place.session_id,
                root_session_id=place.root_session_id,
                model=thread.model,
                vendor=thread.vendor,
                kind=KINDS.get(thread.parentage.kind, "reply"),
                project=place.project,
                repo_root=place.repo_root,
                git_branch=place.git_branch,
                service_tier=thread.service_tier,
                is_replay=not thread.own,
                source=place.source,
            )
        return copy(self._common)

    def taken(self) -> list[UsageRow]:
        """The responses that are ready, in the order in which the file tells them; they are given out once."""
        taken, self.ready = self.ready, []
        return taken

    def rest(self) -> list[UsageRow]:
        """The responses that are left at the end of the file."""
        if self._thread.guessed:
            self._problems.add("estimate", NO_MARK)
        return self.taken() if self._latest is None else [*self.taken(), self._latest]


def tells_usage_first(version: str | None) -> bool:
    """Whether a version writes the usage of a response before its items: those to 0.63 do, those from 0.98 on write it after them."""
    match = MINOR.match(version or "")
    return match is not None and int(match[1]) < FIRST_USAGE_LAST


def counts(tokens: Tokens) -> Counts:
    """The counts that are compared.

    `total_tokens` is none of them: after a compaction it is an estimate of the context, after an overflow the size of the window.
    """
    return (
        tokens.input_tokens or 0,
        tokens.cached_input_tokens or 0,
        tokens.cache_write_input_tokens or 0,
        tokens.output_tokens or 0,
        tokens.reasoning_output_tokens or 0,
    )


def whole(counted: Counts) -> int:
    """All tokens: cached and written ones are part of the input, reasoning of the output."""
    return counted[0] + counted[3]


def moves(total: Total, before: Total | None) -> bool:
    """Whether the counter of a thread has moved since the event before.

    0.42 to 0.125 repeat the counters with the headers of every request, so a good half of the events has no response behind it: 4
    of 9 in `0.115.0`. Comparing the last response instead would drop the second of two equal responses (`0.135.0-spawn`).
    """
    return total != before


def record_key(session_id: str, payload: UsagePayload | LightPayload, counted: Counts) -> str:
    """Equal for copies of a usage record in other files of the thread."""
    first, cached, new, output, reasoning = counted
    return f"{session_id}:{payload.turn_id}:{payload.response_id}:{first}:{cached}:{new}:{output}:{reasoning}"


def total_key(session_id: str, line: At, total: Total) -> str:
    """Equal for copies of an event in other files of the thread."""
    first, cached, new, output, _ = total.counts
    return f"{session_id}:{line.stamp}:{first}:{cached}:{new}:{output}"


def difference(total: Total, before: Total | None) -> Tokens:
    """The growth of a counter, for events without a last response; all of it where the counter began anew. No real file needs it."""
    grown = tuple(map(sub, total.counts, before.counts)) if before is not None else total.counts
    return Tokens(*(total.counts if min(grown) < 0 else grown))


def uncached(tokens: Tokens) -> int | None:
    """Input that the cache did not serve and was not written to it: both are part of the log's input.

    Evidence: `total = input + output` held in 21,113 real events; adding cached tokens made 246 % too much. A response that states
    more cached than input tokens is left as it is stated, never negative.
    """
    if tokens.input_tokens is None:
        return None
    return max(0, tokens.input_tokens - (tokens.cached_input_tokens or 0) - (tokens.cache_write_input_tokens or 0))


def written(tokens: Tokens) -> int | None:
    """Input written to the cache. Versions before 0.145 have no such count, because their models charge nothing for it: 0."""
    if tokens.input_tokens is None:
        return tokens.cache_write_input_tokens
    return tokens.cache_write_input_tokens or 0
