"""The sources of one agent in, one summary per session out. What did not change since the last time is not parsed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from sessionframe.engine.scrub import rows_of
from sessionframe.engine.session_facts import LISTED, Tally, best_titles, better_title, longest_first, merged, newest_first, summary
from sessionframe.engine.session_stream import Stream
from sessionframe.formats.files import stat_of
from sessionframe.model import SessionSummary
from sessionframe.providers.contract import Context, Provider, Source, Want
from sessionframe.schema import MessageRow, SessionRow, TitleRow

SUMMARIES = Want(frozenset({"sessions", "messages"}), content=True)
"""The text is asked for because of the first prompt."""

Stamp: TypeAlias = tuple[tuple[int, int] | None, ...]
"""Size and time of a file and of those beside it, by which a change shows."""


class Facts(NamedTuple):
    """What one source says of one session, and what its messages tell."""

    row: SessionRow
    messages: int
    records: Sequence[int]


class Seen(NamedTuple):
    """What one source says: of its sessions, and titles for sessions of other sources."""

    sessions: Mapping[str, Facts]
    titles: Sequence[TitleRow]


class Listing:
    """Summaries of all sessions of one agent.

    Parameters
    ----------
    provider
        The agent.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._seen: dict[tuple[str, str], tuple[Stamp, Seen]] = {}
        self._prepared: Any = None

    def summaries(self, context: Context, sources: Sequence[Source]) -> list[SessionSummary]:
        """The sessions that a person started, the last modified first; those without a time come last."""
        seen = self.seen(context, sources)
        places: dict[str, list[Source]] = {}
        for source in longest_first(sources):
            for session_id in seen[source.key].sessions:
                places.setdefault(session_id, []).append(source)
        given = best_titles(title for each in seen.values() for title in each.titles)
        found = []
        for session_id, where in places.items():
            facts = [seen[source.key].sessions[session_id] for source in where]
            row = merged([each.row for each in facts])
            if row.kind in LISTED:
                title = better_title(row, given, chain.from_iterable(each.records for each in facts))
                found.append(summary(self._provider.agent_type, row, self._count(context, where, facts), title))
        return sorted(found, key=newest_first)

    def titles(self, context: Context, sources: Sequence[Source]) -> dict[int, TitleRow]:
        """Hash of a record's id -> the best title that any source gives to the session that holds the record."""
        return best_titles(title for seen in self.seen(context, sources).values() for title in seen.titles)

    def seen(self, context: Context, sources: Sequence[Source]) -> dict[tuple[str, str], Seen]:
        """Key of a source -> what it says."""
        if context.prepared != self._prepared:  # a title or a folder that a sidecar gives may be in any row
            self._seen.clear()
            self._prepared = context.prepared
        return {source.key: self._read(context, source) for source in sources}

    def _read(self, context: Context, source: Source) -> Seen:
        stamp = stamp_of(source)
        remembered = self._seen.get(source.key)
        if remembered is not None and remembered[0] == stamp:
            return remembered[1]
        seen = read(self._provider, context, source)
        if stamp is not None:
            self._seen[source.key] = stamp, seen
        return seen

    def _count(self, context: Context, where: Sequence[Source], facts: Sequence[Facts]) -> int:
        """Messages of a session; one that lies in several sources is counted anew, because they may hold the same records."""
        if len(where) == 1:
            return facts[0].messages
        tally = Tally()
        for row in Stream(self._provider, context, where, facts[0].row.session_id).message_rows():
            tally.add(row)
        return tally.messages


def read(provider: Provider, context: Context, source: Source) -> Seen:
    """Parse one source for what it says of its sessions."""
    rows: dict[str, SessionRow] = {}
    tallies: dict[str, Tally] = {}
    titles: list[TitleRow] = []
    for row in rows_of(provider.parse, source, SUMMARIES, context):
        if isinstance(row, MessageRow):
            if row.session_id not in tallies:
                tallies[row.session_id] = Tally()
            tallies[row.session_id].add(row)
        elif isinstance(row, SessionRow):
            rows[row.session_id] = row
        elif isinstance(row, TitleRow):
            titles.append(row)
    found = {name: tally.row for name, tally in tallies.items() if tally.row is not None} | rows
    return Seen({name: facts_of(row, tallies.get(name) or Tally()) for name, row in found.items()}, titles)


def facts_of(row: SessionRow, tally: Tally) -> Facts:
    """What is remembered of a session."""
    return Facts(row, tally.messages, tally.records)


def stamp_of(source: Source) -> Stamp | None:
    """By what a change of a source shows; nothing where the file system does not tell, then it is read every time.

    A database changes in the ``-wal`` file beside it long before it changes itself.
    """
    if source.size is None or source.mtime_ns is None:
        return None
    return (source.size, source.mtime_ns), *map(stat_of, source.companions)
