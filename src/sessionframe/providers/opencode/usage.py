"""Messages -> one `usage` row per model request. The rules of counting, each a function with its evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sessionframe.dialects.reasoning import part_of_output
from sessionframe.formats.clock import instant
from sessionframe.formats.problems import Problems
from sessionframe.formats.statements import Statements, sum_of_known
from sessionframe.providers.opencode.entries import Entry, Numbered
from sessionframe.providers.opencode.forks import CLOCK_BITS, clock_of
from sessionframe.providers.opencode.records import Cache, LightMessage, Span, Step, Tokens
from sessionframe.providers.opencode.sessions import G1, V2, Places
from sessionframe.schema import Fate, UsageRow
from sessionframe.schema.usage import RequestKind

STEP_FINISH = "step-finish"
ASSISTANT = "assistant"
COMPACTION: RequestKind = "compaction"

CACHE_BESIDE_INPUT = frozenset({"anthropic", "amazon-bedrock", "google-vertex-anthropic"})
"""Providers whose input never holds cached tokens: OpenCode knows them by the metadata of their libraries."""
REASONING_BESIDE_OUTPUT = frozenset({"google", "google-vertex"})
"""Providers whose library gives the output without thoughts, also before OpenCode itself took them out."""
CACHE_TAKEN_OUT = (1, 0, 98)
"""The first version seen whose input is uncached for every provider."""
VERSION = re.compile(r"^v?([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})")
CONTRADICTORY = "a step's total is neither the sum of its counts with reasoning nor without: taken as stated"

NO_CACHE = Cache()
NOTHING = Tokens()
COPIED_RANK = 1_000
LAYOUTS = 4
LATEST_MS = 1 << 50
"""Times of sessions beyond it are none, and all alike."""


class Requests:
    """Makes the usage rows of one session.

    Parameters
    ----------
    places
        The session, and where its messages belong.
    problems, statements
        Where issues go, and what became of each record with tokens.
    """

    def __init__(self, places: Places, problems: Problems, statements: Statements) -> None:
        self._places = places
        self._problems = problems
        self._statements = statements
        self._version = version(places.known.version if places.known else None)

    def rows(self, entry: Entry, parts: Sequence[Numbered]) -> list[UsageRow]:
        """The requests of one message.

        Each step is a request: the step's own numbers count, and the message's only where it has no finished step. Evidence: a
        message of 0.5.29 with four steps holds the tokens of the last one and the cost of all four; Kilo adds the cost of a
        sub-agent to the message that called it, which doubles it.
        """
        message = entry.message
        if message.role != ASSISTANT:
            return []
        steps = [each for each in parts if each.part.type == STEP_FINISH]
        if self._statements.wanted:
            self._leave_out(entry, has_steps=bool(steps))
        if len(steps) == 1:  # nearly always
            return [self._row(entry, steps[0].part, 0, at(message, None), STEP_FINISH)]
        if not steps:
            told = "session_message" if entry.layout == V2 else "message"
            return [self._row(entry, message, 0, at(message, None), told)] if is_billed(message) else []
        return [self._row(entry, step.part, number, at(message, step.id), STEP_FINISH) for number, step in enumerate(steps)]

    def _leave_out(self, entry: Entry, *, has_steps: bool) -> None:
        """Note a message whose own numbers are no request."""
        message = entry.message
        if has_steps or not is_billed(message):
            fate: Fate = "steps-tell" if has_steps else "unanswered"
            tokens = stated_tokens(message.tokens or NOTHING)
            self._statements.add(fate, entry.line, source=entry.source, at=at(message, None), model=message.modelID, tokens=tokens)

    def _row(self, entry: Entry, told: LightMessage | Step, number: int, when: int | None, evidence: str) -> UsageRow:
        message, tokens = entry.message, told.tokens or NOTHING
        cache = tokens.cache or NO_CACHE
        place = self._places.place(message.path)
        output = self._output(entry, tokens, cache)
        if when is None:
            self._problems.add("missing-time", "request without a usable time", entry.line)
        row = UsageRow(
            session_id=place.session_id,
            root_session_id=place.root_session_id,
            message_id=entry.id,
            at=when,
            model=message.modelID,
            vendor=message.providerID,
            kind=kind(message),
            project=place.project,
            repo_root=place.repo_root,
            git_branch=place.git_branch,
            input_tokens=self._input(entry, tokens, cache),
            cache_read_tokens=cache.read,
            cache_write_tokens=cache.write,
            output_tokens=output,
            reasoning_tokens=part_of_output(tokens.reasoning, output, self._problems, entry.line),
            is_final=is_final(message, evidence),
            evidence=evidence,
            recorded_cost_usd=told.cost if told.cost is None or told.cost >= 0 else None,
            source=entry.source,
            line=entry.line,
            dedup_key=f"{entry.counted_as}:step{number}",
            copy_rank=copy_rank(entry, self._places),
        )
        self._statements.counted(row, stated=tokens.total)
        return row

    def _input(self, entry: Entry, tokens: Tokens, cache: Cache) -> int | None:
        if tokens.total is not None or tokens.input is None or not holds_cache(entry, tokens, cache, self._version):
            return tokens.input
        return tokens.input - (cache.read or 0)

    def _output(self, entry: Entry, tokens: Tokens, cache: Cache) -> int | None:
        if tokens.output is None or not tokens.reasoning:
            return tokens.output
        inclusive = holds_reasoning(entry, tokens, cache)
        if inclusive is None:
            self._problems.add("estimate", CONTRADICTORY, entry.line)
        return tokens.output + tokens.reasoning if inclusive is False else tokens.output


def stated_tokens(tokens: Tokens) -> int | None:
    """All tokens of a record as they are stated; reasoning is left out, because nobody knows here whether the output holds it."""
    cache = tokens.cache or NO_CACHE
    return sum_of_known((tokens.input, tokens.output, cache.read, cache.write))


def is_billed(message: LightMessage) -> bool:
    """Whether a message without a finished step stands for a request.

    A command that the user ran (`!ls`) is an assistant's message with zero tokens; one that failed or was cut off before its first
    answer has none either, and what the vendor may have billed for it is nowhere.
    """
    tokens = message.tokens or Tokens()
    cache = tokens.cache or Cache()
    counts = (tokens.input, tokens.output, tokens.reasoning, cache.read, cache.write)
    unknown = all(count is None for count in counts)
    return any((*counts, message.cost)) or (unknown and message.finish is not None)


def holds_reasoning(entry: Entry, tokens: Tokens, cache: Cache) -> bool | None:
    """Whether the output contains the reasoning tokens; null when the numbers contradict each other.

    A total tells: versions 1.1.65 to 1.3.2 wrote 50 with 20 of them reasoning beside a total of 1050, from 1.14.34 on it is 30 and 20
    beside the same total. Without a total version 2 leaves them out, and older versions keep them in, except for Google.
    """
    if tokens.total is not None:
        without = (tokens.input or 0) + (tokens.output or 0) + (cache.read or 0) + (cache.write or 0)
        return {without: True, without + (tokens.reasoning or 0): False}.get(tokens.total)
    if entry.layout == V2:
        return False
    return entry.message.providerID not in REASONING_BESIDE_OUTPUT


def holds_cache(entry: Entry, tokens: Tokens, cache: Cache, writer: tuple[int, ...] | None) -> bool:
    """Whether the input contains the tokens read from the cache.

    Up to 1.0.97 it does for all providers but Anthropic and Bedrock: 0.5.29 wrote an input of 1000 with 300 of them read, and charged
    them twice. Nothing in the numbers tells, so the version of the session decides. Asked only of numbers without a total, which later
    versions write.
    """
    if entry.layout == V2 or (tokens.input or 0) < (cache.read or 0) or cache.write:
        return False
    if is_anthropic(entry.message):
        return False
    return entry.layout == G1 or (writer is not None and writer < CACHE_TAKEN_OUT)


def is_anthropic(message: LightMessage) -> bool:
    """Whether the input was reported the way Anthropic does; OpenCode's own service serves Claude through the same library."""
    if message.providerID == "opencode":
        return (message.modelID or "").startswith("claude")
    return message.providerID in CACHE_BESIDE_INPUT


def version(text: str | None) -> tuple[int, ...] | None:
    """A version as numbers. A session has that of the program that created it; few are continued over many versions."""
    match = VERSION.match(text or "")
    return tuple(map(int, match.groups())) if match else None


def kind(message: LightMessage) -> RequestKind:
    """What a request was for: a compaction says so by `summary: true`."""
    return COMPACTION if message.summary is True or message.mode == COMPACTION else "reply"


def is_final(message: LightMessage, evidence: str) -> bool | None:
    """Whether the numbers are the final ones: of a finished step they are, of a message once it says how it ended."""
    return True if evidence == STEP_FINISH or message.finish is not None else None


def at(message: LightMessage, step_id: str | None) -> int | None:
    """When a request ended [us].

    The end of its message, for one of several steps the clock in the step's id. Columns of the database do not tell: the migration
    and forks write their own time into them.
    """
    time = message.time or Span()
    if step_id is not None and time.created is not None:
        clock = clock_of(step_id)
        if clock is not None:
            late = (clock - int(time.created)) % (1 << CLOCK_BITS)
            if late < 1 << (CLOCK_BITS - 1):
                return instant(time.created + late)
    return instant(time.completed if time.completed is not None else time.created)


def copy_rank(entry: Entry, places: Places) -> int:
    """How good the claim of a copy of a record is: the smallest is the original.

    What a fork copied comes last, and of several forks the oldest first. Otherwise the better layout counts: version 2 has copied the
    rows of version 1, and version 1 the trees, which are never newer.
    """
    if not entry.is_copied:  # nearly always
        return entry.layout
    created_ms = (places.known.created_ms if places.known else None) or 0
    return COPIED_RANK + min(max(created_ms, 0), LATEST_MS) * LAYOUTS + entry.layout
