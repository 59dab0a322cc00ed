"""The ledger of requests: what it holds is known before any log is parsed, so that a request in both is one request."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from sessionframe.dialects.google_usage import Counts, Reported, check_total
from sessionframe.dialects.reasoning import part_of_output
from sessionframe.formats.clock import instant
from sessionframe.formats.jsonl import records
from sessionframe.formats.problems import Problems
from sessionframe.formats.statements import Statements
from sessionframe.machine import Machine
from sessionframe.providers.contract import Source
from sessionframe.providers.qwen.measure import measure
from sessionframe.providers.qwen.records import Entry, Finished
from sessionframe.providers.qwen.threads import agent_meta
from sessionframe.schema import UsageRow

MAIN = "main"
NEAR_US = 30_000_000
"""How far the times of an entry and of its record may lie apart [us]. The entry is written when the response is complete, the record
some milliseconds later: 7 and 18 ms in the recorded session."""

Numbers: TypeAlias = tuple[int | None, int | None, int | None]
"""Prompt, output and total: what an entry and its record have in common, as neither names the other."""


class Listed(NamedTuple):
    """An entry as records look for it."""

    at: int
    id: str = ""
    model: str = ""
    session_id: str = ""


class Known(NamedTuple):
    """What is known across files.

    Attributes
    ----------
    entries
        Numbers of a request -> the ledger's entries with these numbers, by time.
    projects
        Session -> project.
    agents
        (session, name of a kind of sub-agent) -> its thread; empty where the session had several of a kind.
    """

    entries: dict[Numbers, list[Listed]]
    projects: dict[str, str]
    agents: dict[tuple[str, str], str]

    def entry_of(self, numbers: Numbers, at: int | None, session_id: str = "", taken: Collection[str] = ()) -> Listed | None:
        """The entry of a record: one with the same numbers that no other record of its log has taken.

        One of its own session goes before others, because a branch's copies name the branch; then the nearest in time.
        """
        listed = self.entries.get(numbers)
        if not listed or at is None:
            return None
        first, last = bisect_left(listed, Listed(at - NEAR_US)), bisect_left(listed, Listed(at + NEAR_US + 1))
        near = (entry for entry in listed[first:last] if entry.id not in taken)
        return min(near, key=lambda entry: (entry.session_id != session_id, abs(entry.at - at)), default=None)


NOTHING = Known({}, {}, {})


def prepare(sources: Sequence[Source]) -> Known:
    """Read every ledger, the list of finished sessions and what the logs' names and first bytes tell, once.

    Damage is reported when the files are parsed.
    """
    found = Known({}, {}, {})
    for source in sources:
        note = NOTES.get(source.kind)
        if note is not None:
            note(source, found)
    for listed in found.entries.values():
        listed.sort()
    return found


def note_entries(source: Source, found: Known) -> None:
    """The entries of a month."""
    unheard = Problems(source.path)
    for line, entry in records(source.path, Entry, unheard):
        at = instant(entry.timestamp)
        if at is not None:
            listed = found.entries.setdefault(numbers(reported(entry, unheard, line)), [])
            listed.append(Listed(at, entry_id(entry, source.path, line), entry.model or "", entry.sessionId or ""))


def note_finished(source: Source, found: Known) -> None:
    """The projects of finished sessions."""
    for _, finished in records(source.path, Finished, Problems(source.path)):
        if finished.sessionId and finished.project:
            found.projects.setdefault(finished.sessionId, finished.project)


def note_session(source: Source, found: Known) -> None:
    """The project that a session's log begins in."""
    if source.facts["cwd"]:
        found.projects[source.session_id] = source.facts["cwd"]


def note_agent(source: Source, found: Known) -> None:
    """The kind of a sub-agent, by which the ledger calls it."""
    name = agent_meta(source.companions).agentType
    if name:
        key = source.root_session_id, name
        found.agents[key] = "" if key in found.agents else source.session_id


NOTES: dict[str, Callable[[Source, Known], None]] = {
    "ledger": note_entries,
    "finished": note_finished,
    "main": note_session,
    "subagent": note_agent,
}
"""Kind of source -> what must be known of it before any is parsed."""


def numbers(stated: Reported) -> Numbers:
    """What an entry and its record have in common."""
    return stated.prompt, stated.candidates, stated.total


def entry_id(entry: Entry, path: str, line: int) -> str:
    """What tells an entry from all others."""
    return f"ledger:{entry.id or f'{path}:{line}'}"


def reported(entry: Entry, problems: Problems, line: int) -> Reported:
    """The counts of an entry; it has no tool tokens of its own."""
    counts = Counts(problems, line)
    return Reported(
        prompt=counts.take(entry.inputTokens, "inputTokens"),
        cached=counts.take(entry.cachedTokens, "cachedTokens", absent=0),
        candidates=counts.take(entry.outputTokens, "outputTokens"),
        thoughts=counts.take(entry.thoughtsTokens, "thoughtsTokens", absent=0),
        tool=0,
        total=counts.take(entry.totalTokens, "totalTokens"),
    )


def ledger_rows(source: Source, known: Known, machine: Machine, problems: Problems, statements: Statements) -> Iterator[UsageRow]:
    """One row per entry. It counts where no log holds the request: calls beside the conversation, and sessions that were deleted."""
    told: set[str] = set()
    for line, entry in records(source.path, Entry, problems):
        if entry.sessionId is None or entry.inputTokens is None:
            problems.add("unknown-record", "a line of the ledger that is no request", line)
            continue
        name = entry_id(entry, source.path, line)
        if name in told:
            statements.add("told-before", line)
            continue  # the same line once more
        told.add(name)
        at = instant(entry.timestamp)
        if at is None:
            problems.add("missing-time", "request without a usable timestamp", line)
        stated = reported(entry, problems, line)
        found = measure(stated, problems, line)
        check_total(stated, found, problems, line)
        project = known.projects.get(entry.sessionId)
        row = UsageRow(
            session_id=thread_of(entry, known),
            root_session_id=entry.sessionId,
            at=at,
            model=entry.model,
            kind="other",  # nothing tells what a request was for that is in no log
            project=project,
            repo_root=machine.repositories.root(project),
            input_tokens=found.input_tokens,
            cache_read_tokens=found.cache_read_tokens,
            cache_write_tokens=0,
            output_tokens=found.output_tokens,
            reasoning_tokens=part_of_output(found.reasoning_tokens, found.output_tokens, problems, line),
            is_final=True,
            evidence="token-usage",
            source=source.path,
            line=line,
            dedup_key=name,
            is_echo=True,
        )
        statements.counted(row, stated=stated.total)
        yield row


def thread_of(entry: Entry, known: Known) -> str:
    """The thread of an entry: the conversation, or the sub-agent whose kind `source` names; one for all where there were several."""
    root, name = entry.sessionId or "", entry.source
    return root if name in {None, "", MAIN} else known.agents.get((root, name or "")) or f"{root}/{name}"
