"""A provider and a machine in, the session API out: projects, summaries, whole sessions, messages one by one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from sessionframe.engine.options import spellings
from sessionframe.engine.scrub import rows_of
from sessionframe.engine.session_facts import LISTED, Tally, better_title, summary
from sessionframe.engine.session_list import Listing
from sessionframe.engine.session_stream import Stream
from sessionframe.errors import ProjectNotFoundError, SessionNotFoundError
from sessionframe.frames.scope import among
from sessionframe.machine import Machine
from sessionframe.model import Message, Session, SessionSummary, TokenUsage
from sessionframe.providers.contract import Context, ParsedRow, Provider, Root, Source, Want, unique_roots
from sessionframe.schema import IssueRow, MessageRow, SessionRow, TableName, UsageRow

ONE_SESSION: frozenset[TableName] = frozenset({"sessions", "messages"})


class SessionApi:
    """The sessions of one agent on one machine; a `SessionProvider`.

    What the agent itself copied into a resumed or forked session is shown here, because a session is read as it stands in its
    log. The tables of `sessionframe.scan` mark such copies and leave them out.

    Parameters
    ----------
    provider
        The agent.
    machine
        Whose sessions; this computer by default.

    Notes
    -----
    An object remembers the summaries of files that did not change, so keep it for several calls. What could not be read is in
    `Session.problems` and in the table `issues` of `sessionframe.scan`.
    """

    def __init__(self, provider: Provider, machine: Machine | None = None) -> None:
        self._provider = provider
        self._machine = machine or Machine.this()
        self._listing = Listing(provider)

    def __repr__(self) -> str:
        return f"SessionApi({self.agent_type!r}, home={str(self._machine.home)!r})"

    @property
    def agent_type(self) -> str:
        """The lower-case name of the agent."""
        return self._provider.agent_type

    def list_projects(self) -> list[str]:
        """Paths of all projects with a session, sorted."""
        return projects(self.every_session())

    def list_sessions(self, project_path: str | os.PathLike[str]) -> list[SessionSummary]:
        """The sessions of a project that a person started, the last modified first.

        Sub-agents are not listed; `read_session` takes their ids too.

        Parameters
        ----------
        project_path
            One that `list_projects` returns; ``~`` is the machine's home. One of Windows in any case and with either slash.

        Raises
        ------
        ProjectNotFoundError
            No session has that project.
        """
        every = self.every_session()
        wanted = os.fspath(project_path)
        ways = spellings(wanted, self._machine)
        found = [session for session in every if session.project_path is not None and among(session.project_path, ways)]
        if not found:
            raise ProjectNotFoundError(wanted, self.agent_type, projects(every))
        return found

    def every_session(self) -> list[SessionSummary]:
        """The sessions of all projects, and those of none, that a person started, the last modified first."""
        sources = self._sources()
        return self._listing.summaries(self._context(sources), sources)

    def read_session(self, session_id: str, *, raw: bool = False) -> Session:
        """A session or sub-agent thread with all its messages, copied history included.

        Parameters
        ----------
        session_id
            The session; a sub-agent's is ``<session>/<agent id>``.
        raw
            Fill `Message.raw_json`.

        Raises
        ------
        SessionNotFoundError
            There is none with that id; the message says where it looked.
        """
        sources = self._sources()
        context = self._context(sources)
        tally = Tally()
        stream = Stream(self._provider, context, self._sources_of(session_id, sources, context), session_id, tally)
        messages = tuple(stream.messages(raw=raw, tables=ONE_SESSION))
        row = stream.row
        if row is None and not stream.issues:
            raise self._not_found(session_id)
        header = (
            SessionSummary(id=session_id, agent_type=self.agent_type)
            if row is None
            else summary(self.agent_type, row, tally.messages, self._title(row, tally, sources, context))
        )
        used = [message.usage for message in messages if message.usage is not None]
        return Session(
            **header.model_dump(),
            messages=messages,
            usage=TokenUsage.sum(used) if used else None,
            problems=tuple(dict.fromkeys(in_words(issue) for issue in stream.issues)),
        )

    def scan_messages(self, session_id: str, *, raw: bool = False) -> Iterator[Message]:
        """The messages of a session one by one, copied history included, in memory that does not grow with the length of the text.

        Parameters
        ----------
        session_id
            The session; a sub-agent's is ``<session>/<agent id>``.
        raw
            Fill `Message.raw_json`.

        Raises
        ------
        SessionNotFoundError
            There is none with that id. Raised here, not when the first message is asked for.
        """
        sources = self._sources()
        context = self._context(sources)
        return Stream(self._provider, context, self._sources_of(session_id, sources, context), session_id).messages(raw=raw)

    def _roots(self) -> list[Root]:
        return unique_roots(self._provider.roots(self._machine))

    def _sources(self) -> list[Source]:
        """Everything the agent has on the machine, each path once."""
        found: dict[tuple[str, str], Source] = {}
        for root in self._roots():
            for source in self._provider.discover(root).sources:
                found.setdefault(source.key, source)
        return list(found.values())

    def _context(self, sources: list[Source]) -> Context:
        return Context(self._machine, self._provider.prepare(sources))

    def _sources_of(self, session_id: str, sources: list[Source], context: Context) -> list[Source]:
        """The sources of a session: by their paths and by a look into databases, else into all whose path leaves it open."""
        named = [source for source in sources if source.session_id == session_id]
        named += [source for source in sources if source.holds_many and self._holds(source, session_id, context)]
        if named:
            return named
        root = session_id.partition("/")[0]
        open_ones = [s for s in sources if not s.holds_many and (not s.session_id or s.root_session_id == root)]
        found = [source for source in open_ones if self._holds(source, session_id, context)]
        found = found or self._misnamed(session_id, sources, context)
        if not found:
            raise self._not_found(session_id)
        return found

    def _misnamed(self, session_id: str, sources: list[Source], context: Context) -> list[Source]:
        """The sources whose paths state another session: a log that was given another name, or whose own id is damaged.

        Such a session is listed by what the log says. What was listed before need not be read again.
        """
        said = self._listing.seen(context, sources)
        return [source for source in sources if session_id in said[source.key].sessions]

    def _holds(self, source: Source, session_id: str, context: Context) -> bool:
        """Whether a source speaks of a session; reading stops at the first row that does.

        Requests count too: a parent repeats those of a sub-agent whose own file is gone.
        """
        rows: Iterable[ParsedRow] = rows_of(self._provider.parse, source, Want(ONE_SESSION | {"usage"}, session_id=session_id), context)
        return any(isinstance(row, MessageRow | SessionRow | UsageRow) and row.session_id == session_id for row in rows)

    def _title(self, row: SessionRow, tally: Tally, sources: list[Source], context: Context) -> str | None:
        """The session's title; where it has none but its own first words, other sources are asked, as old logs name each other."""
        if row.kind not in LISTED or row.title not in (None, row.first_prompt):
            return row.title
        return better_title(row, self._listing.titles(context, sources), tally.records)

    def _not_found(self, session_id: str) -> SessionNotFoundError:
        return SessionNotFoundError(session_id, self.agent_type, (str(root.path) for root in self._roots() if os.path.exists(root.path)))  # noqa: PTH110 - does not raise


def projects(sessions: Iterable[SessionSummary]) -> list[str]:
    """The distinct projects of some sessions, sorted."""
    return sorted({session.project_path for session in sessions if session.project_path is not None})


def in_words(issue: IssueRow) -> str:
    """An issue as a sentence."""
    place = f"{issue.source}, line {issue.line}" if issue.line is not None else issue.source or "all files"
    times = f" ({issue.count} cases)" if issue.count > 1 else ""
    return f"{place}: {issue.kind}: {issue.detail}{times}"
