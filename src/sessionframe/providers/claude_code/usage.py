"""Assistant lines -> one `usage` row per model request. The billed rule, each step a function with its evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from sessionframe.dialects.reasoning import part_of_output
from sessionframe.formats.clock import instant
from sessionframe.formats.problems import Problems
from sessionframe.formats.statements import Statements, sum_of_known
from sessionframe.providers.claude_code.records import EchoedRecord, Envelope, Iteration, LightRecord, ProgressData, Record, Reply, Usage
from sessionframe.providers.claude_code.threads import Place, Threads
from sessionframe.schema import UsageRow
from sessionframe.schema.usage import RequestKind

SYNTHETIC = "<synthetic>"
VENDOR_ID = "msg_"
"""How the ids begin that Anthropic gives, and that are unique. Evidence: none of 29,334 had two request ids."""
FIRST_FINAL_VERSION = (2, 1, 97)
"""From 2.1.97 on lines carry the final usage instead of the stream's placeholder (changelog)."""


class Request(msgspec.Struct, gc=False):
    """A line of a response, or of a response that a progress record repeats.

    Attributes
    ----------
    spoken
        The line that states the usage.
    carrier
        The line of the file that holds it: the same one, or the progress record.
    reply, usage
        Its message and usage.
    line
        Its number.
    echo
        The numbers are a report of a line that another file should hold.
    """

    spoken: Envelope | EchoedRecord
    carrier: Envelope
    reply: Reply
    usage: Usage
    line: int
    echo: bool


class Requests:
    """Collects the model requests of one source.

    The lines of a response mostly follow each other. The row is made when another response begins: by then the line that is kept is
    known, and still in the processor's cache.
    """

    def __init__(self, threads: Threads, problems: Problems, statements: Statements) -> None:
        self._threads = threads
        self._problems = problems
        self._statements = statements
        self._rows: dict[str, UsageRow] = {}
        self._inner: dict[str, list[UsageRow]] = {}
        self._group = ""
        self._open: Request | None = None
        self._key = ""

    def add(self, record: LightRecord | Record, line: int) -> None:
        """Take a line that may state the usage of a response."""
        if record.type == "assistant":
            reply = record.message
            if reply is not None and reply.usage is not None:
                if is_billed(record, reply, reply.usage):
                    self._keep(Request(record, record, reply, reply.usage, line, echo=False))
                else:
                    self._statements.add("notice" if reply.model == SYNTHETIC else "unanswered", line)
            elif record.costUSD:
                self._statements.add("no-tokens", line)
                self._problems.add("missing-column", "a response states its cost but no tokens: it is not counted", line)
        elif record.type == "progress" and record.data is not None:
            self._add_echo(record, record.data, line)

    def _add_echo(self, record: Envelope, data: ProgressData, line: int) -> None:
        """A sub-agent's response as its parent repeats it: counts only when the sub-agent's own file is gone.

        Evidence: 45 ids of `agent_progress` records overlapped with the agents' files, none differed.
        """
        inner = data.message if data.type == "agent_progress" else None
        if inner is None or inner.type != "assistant" or inner.message is None or inner.message.usage is None:
            return
        if inner.message.model != SYNTHETIC:
            self._keep(Request(inner, record, inner.message, inner.message.usage, line, echo=True))

    def _keep(self, seen: Request) -> None:
        group = group_key(seen)
        if self._statements.wanted:
            self._statements.wait(
                group, seen.line, at=instant(seen.spoken.timestamp), model=seen.reply.model, tokens=stated_tokens(seen.usage)
            )
        if self._open is not None:
            if group == self._group:
                if survives(seen, self._open.usage.output_tokens, echo=self._open.echo, stopped=self._open.reply.stop_reason is not None):
                    self._open = seen
                return
            self._close(self._open)
        known = self._rows.get(group)
        if known is None:
            self._key = global_key(seen, self._threads)
        elif survives(seen, known.output_tokens, echo=known.is_echo, stopped=known.is_final is True):
            self._key = known.dedup_key or ""
        else:
            self._open = None
            return
        self._open, self._group = seen, group

    def _close(self, request: Request) -> None:
        """Make the row of a response."""
        row = self._rows[self._group] = usage_row(request, place_of(request, self._threads), self._key)
        row.reasoning_tokens = part_of_output(row.reasoning_tokens, row.output_tokens, self._problems, row.line)
        self._inner.pop(self._group, None)
        if request.usage.iterations:
            self._inner[self._group] = list(inner_calls(request.usage.iterations, row))

    def _close_all(self) -> None:
        if self._open is not None:
            self._close(self._open)
            self._open = None

    def state(self) -> list[tuple[str, int]]:
        """What must be known beside the rows to go on: of each response its group, and how many calls ran inside it."""
        self._close_all()
        return [(group, len(self._inner.get(group, ()))) for group in self._rows]

    def go_on(self, state: list[tuple[str, int]], rows: Iterator[UsageRow]) -> None:
        """Be as it was when it gave this state; the rows are those that it gave then."""
        for group, inner in state:
            self._rows[group] = next(rows)
            if inner:
                self._inner[group] = [next(rows) for _ in range(inner)]

    def rows(self) -> Iterator[UsageRow]:
        """One row per request of this source, in the order of their first lines."""
        self._close_all()
        for group, row in self._rows.items():
            if row.at is None:
                self._problems.add("missing-time", "request without a usable timestamp", row.line)
            self._statements.counted(row, group)
            yield row
            for inner in self._inner.get(group, ()):
                self._statements.counted(inner)
                yield inner


def is_billed(record: Envelope, reply: Reply, usage: Usage) -> bool:
    """Whether a line with usage stands for a request at all.

    `<synthetic>` lines are notices that the program writes itself; error lines without tokens were never answered.
    """
    if reply.model == SYNTHETIC:
        return False
    return not (record.isApiErrorMessage and is_zero(usage))


def is_zero(usage: Usage) -> bool:
    """Whether no token was used."""
    return not any((usage.input_tokens, usage.output_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens))


def prompt_counts(usage: Usage) -> tuple[int | None, int | None, int | None]:
    """The input side of a usage: identical on all lines of one response (measured on 119,565 lines)."""
    return usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens


def group_key(request: Request) -> str:
    """Equal for the lines of one response within a file.

    `msg_` ids alone suffice: the request id is missing on part of some groups, and replays of `/btw` before 2.1.101 carry
    another one. Other ids come from gateways, some of which answer every call with the same id; there the request id, or
    without one the input side, tells responses apart.
    """
    message_id, record = request.reply.id, request.spoken
    if message_id is None:
        return f"record:{record.uuid or request.line}"
    if message_id.startswith(VENDOR_ID):
        return message_id
    if record.requestId is not None:
        return f"request:{message_id}|{record.requestId}"
    thread = (record.agentId, record.isSidechain) if isinstance(record, Envelope) else ()
    return f"counts:{message_id}|{thread}|{prompt_counts(request.usage)}"


def global_key(request: Request, threads: Threads) -> str:
    """From the first line of a response: equal for copies of one response in different files, whatever a resume or fork rewrote.

    Copies keep message id, request id, timestamp and usage; the SDK's fork rewrites every uuid, forks rewrite the session id.
    """
    message_id, first = request.reply.id, request.spoken
    if message_id is None:
        return f"uuid:{first.uuid}" if first.uuid else f"line:{session_of(request, threads)}:{request.line}"
    if message_id.startswith(VENDOR_ID):
        return message_id
    if first.requestId is not None:
        return f"{message_id}|{first.requestId}"
    if first.timestamp is None:
        return f"{message_id}|{first.uuid or request.line}|{session_of(request, threads)}"
    return f"{message_id}|{first.timestamp}|{prompt_counts(request.usage)}"


def session_of(request: Request, threads: Threads) -> str:
    """The session that a request belongs to."""
    return place_of(request, threads).session_id


def place_of(request: Request, threads: Threads) -> Place:
    """Where a request was made; a repeated one in the thread of the sub-agent."""
    data = request.carrier.data if request.echo else None
    return threads.place(request.carrier, data.agentId if data else None)


def survives(seen: Request, output: int | None, *, echo: bool, stopped: bool) -> bool:
    """Whether a later line of a response replaces the one kept so far, as a whole and never field by field.

    `output`, `echo` and `stopped` (it has a stop reason) are those of the line kept. The line with most output wins, then one with a
    stop reason, then the later: in all 899 files the last line had the
    largest output. Lines around a mid-stream fallback carry another model and cache split, so fields must not be mixed.
    """
    if seen.echo != echo:
        return echo
    more = (seen.usage.output_tokens or 0) - (output or 0)
    return more > 0 if more else seen.reply.stop_reason is not None or not stopped


def usage_row(request: Request, place: Place, key: str) -> UsageRow:
    """The row of a request."""
    usage, record = request.usage, request.spoken
    split = usage.cache_creation
    row = UsageRow(
        session_id=place.session_id,
        root_session_id=place.root_session_id,
        request_id=record.requestId,
        message_id=request.reply.id,
        at=instant(record.timestamp),
        model=request.reply.model,
        vendor=vendor(request.reply.model),
        kind=place.request_kind,
        project=place.project,
        repo_root=place.repo_root,
        git_branch=place.git_branch,
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cache_read_input_tokens,
        cache_write_tokens=cache_write(usage),
        cache_write_1h_tokens=split.ephemeral_1h_input_tokens if split else None,
        output_tokens=usage.output_tokens,
        speed=usage.speed,
        service_tier=usage.service_tier,
        inference_geo=usage.inference_geo,
        is_final=is_final(request.reply.stop_reason, place.version),
        evidence="agent_progress" if request.echo else "assistant",
        source=place.source,
        line=request.line,
        dedup_key=key,
        is_echo=request.echo,
    )
    if usage.output_tokens_details is not None:
        row.reasoning_tokens = usage.output_tokens_details.thinking_tokens
    if usage.server_tool_use is not None:
        row.web_searches = usage.server_tool_use.web_search_requests
    if isinstance(record, Envelope):
        row.recorded_cost_usd = record.costUSD
    return row


def stated_tokens(usage: Usage) -> int | None:
    """All tokens of a line."""
    return sum_of_known((usage.input_tokens, usage.cache_read_input_tokens, cache_write(usage), usage.output_tokens))


def cache_write(usage: Usage | Iteration) -> int | None:
    """All cache writes: the larger of the flat number and the sum of its split.

    2.1.152 fixed a case of a flat 0 beside a true split; what a split leaves over is priced at the 5-minute rate.
    """
    flat, split = usage.cache_creation_input_tokens, usage.cache_creation
    if split is None or (split.ephemeral_5m_input_tokens is None and split.ephemeral_1h_input_tokens is None):
        return flat
    nested = (split.ephemeral_5m_input_tokens or 0) + (split.ephemeral_1h_input_tokens or 0)
    return nested if flat is None or nested > flat else flat


def vendor(model: str | None) -> str | None:
    """Who sells the model. Claude Code also runs behind gateways, so only Claude's own names are certain."""
    return "anthropic" if model is not None and "claude" in model else None


VERSION = re.compile(r"^([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})")


def is_final(stop_reason: str | None, version: str | None) -> bool | None:
    """Whether the kept line is the last one of its response.

    A stop reason says so. Without one it is a lower bound from 2.1.97 on; before, 97 % of responses had none, so nobody can tell.
    """
    if stop_reason is not None:
        return True
    match = VERSION.match(version or "")
    return False if match and tuple(map(int, match.groups())) >= FIRST_FINAL_VERSION else None


INNER_KINDS: dict[str, RequestKind] = {"advisor_message": "advisor", "compaction": "compaction"}
"""Entries of `usage.iterations` that the top-level numbers leave out. `message` is inside them, and a refused
`fallback_message` is credited by the vendor."""


def inner_calls(iterations: list[Iteration], outer: UsageRow) -> Iterator[UsageRow]:
    """One row per model call that ran inside a request and is billed beside it."""
    for number, entry in enumerate(iterations):
        kind = INNER_KINDS.get(entry.type or "")
        if kind is None:
            continue
        model = entry.model or (outer.model if kind == "compaction" else None)
        yield UsageRow(
            session_id=outer.session_id,
            root_session_id=outer.root_session_id,
            request_id=outer.request_id,
            message_id=outer.message_id,
            at=outer.at,
            model=model,
            vendor=vendor(model),
            kind=kind,
            project=outer.project,
            repo_root=outer.repo_root,
            git_branch=outer.git_branch,
            input_tokens=entry.input_tokens,
            cache_read_tokens=entry.cache_read_input_tokens,
            cache_write_tokens=cache_write(entry),
            cache_write_1h_tokens=entry.cache_creation.ephemeral_1h_input_tokens if entry.cache_creation else None,
            output_tokens=entry.output_tokens,
            speed=outer.speed,
            service_tier=outer.service_tier,
            inference_geo=outer.inference_geo,
            is_final=outer.is_final,
            evidence="iterations",
            source=outer.source,
            line=outer.line,
            dedup_key=f"{outer.dedup_key}#{entry.type}{number}",
            is_echo=outer.is_echo,
        )
