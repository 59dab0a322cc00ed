"""Rows of one session in, what the session API says of it out: who it is, when it was, how many messages it has."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from sessionframe.formats.clock import EPOCH
from sessionframe.model import SessionSummary
from sessionframe.providers.contract import Source
from sessionframe.schema import MessageRow, SessionKind, SessionRow, TitleRow, UsageRow

LISTED: frozenset[SessionKind] = frozenset({"main", "fork", "review"})
"""Kinds of sessions that a person started; the agent itself starts every other kind."""
SPOKEN = frozenset({"user", "assistant", "tool"})
"""Roles that take part in the conversation, as the column `messages` of the table `sessions` counts them."""


class Tally:
    """What the messages themselves tell of their session.

    Attributes
    ----------
    row
        A description, for sessions that their sources do not describe; nothing before the first message.
    records
        Hashes of the ids of its records. 8 bytes each: those of a whole home are held, in case a title names one.
    """

    def __init__(self) -> None:
        self.row: SessionRow | None = None
        self.records: array[int] = array("q")
        self._names: set[str | tuple[str, int | None]] = set()

    @property
    def messages(self) -> int:
        """Messages of user, assistant and tools; the parts of one message count once, by its line where it has no id."""
        return len(self._names)

    def add(self, row: MessageRow) -> None:
        """Count a part of a message."""
        if row.role in SPOKEN:
            self._names.add(row.message_id if row.message_id is not None else (row.source, row.line))
        if row.record_id is not None:
            self.records.append(hash(row.record_id))
        if self.row is None:
            self.row = described(row)
        elif row.at is not None:
            self.row.started_at = min(row.at, self.row.started_at or row.at)
            self.row.ended_at = max(row.at, self.row.ended_at or row.at)


def described(row: MessageRow | UsageRow) -> SessionRow:
    """What a message or a request tells of its session."""
    return SessionRow(
        session_id=row.session_id,
        root_session_id=row.root_session_id,
        kind="main" if row.session_id == row.root_session_id else "subagent",
        project=row.project,
        repo_root=row.repo_root,
        git_branch=row.git_branch,
        started_at=row.at,
        ended_at=row.at,
        source=row.source,
    )


def longest_first(sources: Iterable[Source]) -> list[Source]:
    """Sources of one session, the longest first: of two copies it is the more complete."""
    return sorted(sources, key=lambda source: (-(source.size or 0), source.key))


def merged(rows: Sequence[SessionRow]) -> SessionRow:
    """What several sources say of one session: the first one speaks, what it leaves open the next one fills, the best title counts."""
    row = msgspec.structs.replace(rows[0])
    for other in rows[1:]:
        if other.title_rank > row.title_rank:
            row.title, row.title_rank = other.title, other.title_rank
        row.started_at = min(known(row.started_at, other.started_at), default=None)
        row.ended_at = max(known(row.ended_at, other.ended_at), default=None)
        row.first_prompt = row.first_prompt or other.first_prompt
        row.project = row.project or other.project
        row.git_branch = row.git_branch or other.git_branch
    return row


def known(*times: int | None) -> list[int]:
    """The times that are known."""
    return [time for time in times if time is not None]


def best_titles(titles: Iterable[TitleRow]) -> dict[int, TitleRow]:
    """Hash of a record's id -> the best title given to it; of two equally good ones that of the later source and line."""
    return {hash(title.record_id): title for title in sorted(titles, key=title_order)}


def better_title(row: SessionRow, given: Mapping[int, TitleRow], records: Iterable[int]) -> str | None:
    """The session's own title, or the best one given to a record of it where that is better."""
    best = max((given[record] for record in records if record in given), key=title_order, default=None)
    return best.title if best is not None and best.title_rank > row.title_rank else row.title


def title_order(title: TitleRow) -> tuple[int, str, int]:
    """The greatest wins."""
    return title.title_rank, title.source, title.line or 0


def summary(agent_type: str, row: SessionRow, messages: int, title: str | None) -> SessionSummary:
    """A session as a model."""
    return SessionSummary(
        id=row.session_id,
        agent_type=agent_type,
        project_path=row.project,
        git_branch=row.git_branch,
        first_prompt=row.first_prompt,
        summary=title,
        message_count=messages,
        created=moment(row.started_at),
        modified=moment(row.ended_at),
    )


def newest_first(session: SessionSummary) -> tuple[bool, float, str]:
    """Order of a list of sessions: the last modified first, those without a time last, equals by id."""
    return session.modified is None, -session.modified.timestamp() if session.modified else 0.0, session.id


def moment(at: int | None) -> datetime | None:
    """Microseconds since 1970 as a time in UTC."""
    return None if at is None else EPOCH + timedelta(microseconds=at)
