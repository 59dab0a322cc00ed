"""One source -> rows: the sessions of a database one after the other, or the one session of a tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from sessionframe.formats.problems import Problems
from sessionframe.formats.sqlite import Database
from sessionframe.formats.statements import Statements
from sessionframe.providers.contract import Context, ParsedRow, Source, Want
from sessionframe.providers.opencode.databases import Store
from sessionframe.providers.opencode.entries import Entry
from sessionframe.providers.opencode.locations import DATABASE
from sessionframe.providers.opencode.messages import Messages
from sessionframe.providers.opencode.sessions import Known, Places, Sessions, database_sessions, keep_best, session_row, tree_session
from sessionframe.providers.opencode.trees import Tree
from sessionframe.providers.opencode.usage import Requests
from sessionframe.schema import MessageRow, SessionRow, ToolCallRow, UsageRow

FIRST_PROMPT_CHARS = 200
FIRST_PROMPT_RANK = 10


def parse(source: Source, want: Want, context: Context) -> Iterator[ParsedRow]:
    """The rows of one source. Nothing in it raises; what cannot be read becomes `issues` rows."""
    known: Sessions = context.prepared or {}
    problems, statements = Problems(source.path), Statements(source.path, wanted=want.statements)
    reader = Reader(source, want, context, problems, statements)
    if source.kind != DATABASE:
        tree = Tree(source, want)
        own = tree_session(source, {}, problems)
        yield from reader.session(source.session_id, own, tree.entries(), known)
        for each in tree.problems:
            yield from each.rows()
    else:
        with Database(source.path, problems) as database:
            yield from read_database(database, reader, Store(database, source, want, problems, statements), known)
    yield from statements.rows()
    yield from problems.rows()


def read_database(database: Database, reader: Reader, store: Store, prepared: Sessions) -> Iterator[ParsedRow]:
    """The sessions of a share of a database."""
    described: dict[str, Known] = {}
    keep_best(described, database_sessions(database, database.path))
    for session_id in store.sessions(described):
        own = described.get(session_id)
        if own is not None or store.has_messages(session_id):
            yield from reader.session(session_id, own, store.entries(session_id), prepared or described)


class Reader:
    """Makes the rows of sessions, one after the other."""

    def __init__(self, source: Source, want: Want, context: Context, problems: Problems, statements: Statements) -> None:
        self._source = source
        self._statements = statements
        self._want = want
        self._machine = context.machine
        self._problems = problems
        self._seq: dict[str, Iterator[int]] = {}

    def session(self, session_id: str, own: Known | None, entries: Iterable[Entry], known: Sessions) -> Iterator[ParsedRow]:
        """The rows of one session; `own` is what this source says of it, `known` what is known of all."""
        places = Places(session_id, known, self._machine)
        requests = Requests(places, self._problems, self._statements)
        if self._want.only_usage:
            for entry in entries:
                yield from requests.rows(entry, entry.parts)
            return
        row = session_row(places, own.source if own else self._source.path, own)
        messages = Messages(places, self._want, self._problems)
        tables = self._want.tables
        for entry in entries:
            for made in messages.rows(entry, entry.parts, self._positions(entry.source)):
                if isinstance(made, MessageRow):
                    seen(row, made)
                if isinstance(made, ToolCallRow) or "messages" in tables:
                    yield made
            if "usage" in tables:
                yield from requests.rows(entry, entry.parts)
        if "sessions" in tables:
            yield named(row, messages.first_prompt, content=self._want.content)

    def _positions(self, path: str) -> Iterator[int]:
        """Positions in a file: those of several shares of one database interlock."""
        facts = self._source.facts
        return self._seq.setdefault(path, count(facts.get("share", 0), facts.get("shares", 1)))


def seen(row: SessionRow, made: MessageRow | UsageRow) -> None:
    """Note the time of a part of the session."""
    if made.at is not None:
        row.started_at = made.at if row.started_at is None else min(row.started_at, made.at)
        row.ended_at = made.at if row.ended_at is None else max(row.ended_at, made.at)


def named(row: SessionRow, first_prompt: str | None, *, content: bool) -> SessionRow:
    """Give a session its first prompt, which is also its title where it has no other; it is text and needs `content`."""
    if content and first_prompt:
        row.first_prompt = first_prompt[:FIRST_PROMPT_CHARS]
        if row.title is None:
            row.title, row.title_rank = row.first_prompt, FIRST_PROMPT_RANK
    return row
