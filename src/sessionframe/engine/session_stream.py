"""The sources of one session in, its messages out one by one, each model request's tokens on exactly one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from sessionframe.engine.scrub import rows_of
from sessionframe.engine.session_facts import Tally, described, longest_first, merged, moment
from sessionframe.model import Message, MessageRole, MessageType, TokenUsage
from sessionframe.providers.contract import Context, Provider, Source, Want
from sessionframe.schema import IssueRow, MessageRow, SessionRow, TableName, UsageRow

USAGE: frozenset[TableName] = frozenset({"usage"})


class Spent(NamedTuple):
    """A model request, as small as it can be kept while the messages of a long session stream by."""

    input_tokens: int | None
    output_tokens: int | None
    cache_read: int | None
    cache_write: int | None
    message_id: str | None
    at: int | None
    model: str | None

    @property
    def usage(self) -> TokenUsage:
        """Its tokens."""
        return TokenUsage(
            input_tokens=self.input_tokens, output_tokens=self.output_tokens, cache_read=self.cache_read, cache_write=self.cache_write
        )


Record: TypeAlias = tuple[str, int | None]
"""File and line of a record."""
Requests: TypeAlias = dict[Record, list[Spent]]
"""The record that tells -> the requests it tells of."""


def spent_with(row: MessageRow, left: Requests) -> list[Spent]:
    """The requests that go with a message row; they are taken out of those that are left.

    Those of its line, unless the line holds several messages: then those of its own message. And those of an earlier line of the same
    message that had no content yet: some agents write the counts before the first part.
    """
    record = row.source, row.line
    here = left.pop(record, [])
    if len({spent.message_id for spent in here}) > 1:
        others = [spent for spent in here if spent.message_id not in {None, row.message_id}]
        here = [spent for spent in here if spent.message_id in {None, row.message_id}]
        if others:
            left[record] = others
    return [*early(row, left), *here]


def early(row: MessageRow, left: Requests) -> list[Spent]:
    """The requests of lines that the log has passed without a content part, where they belong to this row's message."""
    passed: list[Record] = []
    if row.message_id is None or row.line is None:
        return []
    for record, waiting in left.items():  # in the order of the log, so that the first line ahead ends the search
        source, line = record
        if source != row.source or line is None or line >= row.line:
            break
        if all(spent.message_id == row.message_id for spent in waiting):
            passed.append(record)
    return [spent for record in passed for spent in left.pop(record)]


class Stream:
    """The messages of one session.

    A session that lies in several sources, such as a folder and its backup, is read from the longest one first; of the others only
    what is new is added.

    Parameters
    ----------
    provider, context
        Who parses, with what is known beforehand.
    sources
        Where the session lies.
    session_id
        The session.
    tally
        Counts the messages that `messages` hands out.

    Attributes
    ----------
    issues
        What could not be read, once `messages` has been read to its end.
    """

    def __init__(
        self, provider: Provider, context: Context, sources: Sequence[Source], session_id: str, tally: Tally | None = None
    ) -> None:
        self._provider = provider
        self._context = context
        self._sources = longest_first(sources)
        self._session_id = session_id
        self._facts: list[SessionRow] = []
        self._spender: SessionRow | None = None
        self._tally = tally
        self.issues: list[IssueRow] = []

    @property
    def row(self) -> SessionRow | None:
        """What the sources, or else the messages or requests, said of the session, once `messages` has been read to its end."""
        if self._facts:
            return merged(self._facts)
        return (self._tally.row if self._tally else None) or self._spender

    def messages(self, *, raw: bool = False, tables: frozenset[TableName] = frozenset({"messages"})) -> Iterator[Message]:
        """The messages, in the order of the log.

        Memory does not grow with the text: of the whole session only the token counts are held.
        """
        want = Want(tables, content=True, raw=raw, session_id=self._session_id)
        requests, known = Copies(self._sources), Copies(self._sources)
        for source in self._sources:
            spent = self._requests(source, requests)
            for row in self.rows(source, want, known):
                if self._tally is not None:
                    self._tally.add(row)
                yield message(row, [each.usage for each in spent_with(row, spent)])
            yield from self._without_content(spent)

    def rows(self, source: Source, want: Want, known: Copies) -> Iterator[MessageRow]:
        """The message rows of one source that belong to the session and are new."""
        for row in rows_of(self._provider.parse, source, want, self._context):
            match row:
                case MessageRow() if row.session_id == self._session_id:
                    if known.is_new(row.dedup_key, source):
                        yield row
                case SessionRow() if row.session_id == self._session_id:
                    self._facts.append(row)
                case IssueRow():
                    self.issues.append(row)
                case _:
                    pass

    def message_rows(self) -> Iterator[MessageRow]:
        """The message rows of all sources without their text, each record once."""
        known = Copies(self._sources)
        for source in self._sources:
            yield from self.rows(source, Want(frozenset({"messages"}), session_id=self._session_id), known)

    def _requests(self, source: Source, known: Copies) -> Requests:
        """A first, light pass: what was spent, by the line that tells."""
        found: Requests = {}
        for row in rows_of(self._provider.parse, source, Want(USAGE, session_id=self._session_id), self._context):
            if isinstance(row, UsageRow) and row.session_id == self._session_id and known.is_new(row.dedup_key, source):
                found.setdefault((row.source, row.line), []).append(spent_on(row))
                self._spender = self._spender or described(row)
            elif isinstance(row, IssueRow):
                self.issues.append(row)
        return found

    def _without_content(self, left: Requests) -> Iterator[Message]:
        """Requests whose record has no content part: their tokens must not be lost, so each is a message without text."""
        for (_, line), requests in left.items():
            for number, spent in enumerate(requests):
                yield Message(
                    id=spent.message_id or f"{line}:{number}",
                    session_id=self._session_id,
                    role=MessageRole.ASSISTANT,
                    timestamp=moment(spent.at),
                    model=spent.model,
                    usage=spent.usage,
                )


class Copies:
    """Tells a record from its copy in another source. Remembers nothing when there is only one source."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._needed = len(sources) > 1
        self._first: dict[str, tuple[str, str]] = {}

    def is_new(self, key: str | None, source: Source) -> bool:
        """Whether no earlier source holds a record with this key; a record without one is always new."""
        return not self._needed or key is None or self._first.setdefault(key, source.key) == source.key


def spent_on(row: UsageRow) -> Spent:
    """What a request spent."""
    return Spent(row.input_tokens, row.output_tokens, row.cache_read_tokens, row.cache_write_tokens, row.message_id, row.at, row.model)


def message(row: MessageRow, usages: Sequence[TokenUsage] = ()) -> Message:
    """A row of the `messages` table as a model."""
    return Message(
        id=row.record_id or row.message_id or f"{row.line}:{row.seq}",
        parent_id=row.parent_id,
        session_id=row.session_id,
        role=MessageRole(row.role),
        type=MessageType(row.type),
        content=row.content,
        timestamp=moment(row.at),
        model=row.model,
        usage=TokenUsage.sum(usages) if usages else None,
        call_id=row.call_id,
        is_human=row.is_human,
        raw_json=row.raw,
    )
