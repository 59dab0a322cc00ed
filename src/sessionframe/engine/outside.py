"""An object that satisfies only `SessionProvider` in, a provider of tables out, so that it appears in `scan` and the frames.

Such an object knows nothing of homes or folders. It therefore takes part when this computer's own logs are read, and never with
``home=`` or ``roots=``, which would mix its sessions with those of a sample or a backup; one that was named gets an issue then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sessionframe.engine.failures import described
from sessionframe.engine.outside_rows import Reading, instant_of
from sessionframe.machine import Machine
from sessionframe.model import SessionProvider, SessionSummary
from sessionframe.providers.contract import Context, Found, Info, Never, ParsedRow, Provider, Root, Source, Want
from sessionframe.schema import TABLES, IssueRow, TableName

HERE = "an object registered with sessionframe.register"
ELSEWHERE = "an object without folders: it is read only with this computer's own logs, without home= and roots="
NOT_SAID = Never("the session API does not say")

UNSAID: dict[TableName, str] = {
    "sessions": "subagent_type agent_version entrypoint tool_errors cache_write_1h_tokens reasoning_tokens web_searches recorded_cost_usd",
    "messages": "request_id",
    "tool_calls": "request_id tool mcp_server path command exit_code lines_added lines_removed child_session_id",
    "usage": "request_id cache_write_1h_tokens reasoning_tokens web_searches speed service_tier inference_geo is_final recorded_cost_usd",
}
"""Columns that a `Message` and a `SessionSummary` have no field for."""
ALWAYS_NULL = {
    "host": Never("null with one home; such an object has no other"),
    "line": Never("a session is the sum of its messages"),
}


@dataclass(frozen=True)
class Outside:
    """The functions of a provider over an object.

    Attributes
    ----------
    agent_type
        The name it was registered under.
    sessions
        The object.
    named
        The caller asked for this agent by its name.
    """

    agent_type: str
    sessions: SessionProvider
    named: bool = False

    def provider(self) -> Provider:
        """The provider."""
        return Provider(info_of(self.agent_type), 1, self.roots, self.discover, self.parse)

    def roots(self, machine: Machine) -> list[Root]:
        """One root that is no folder; none on other machines, unless the caller must be told why nothing is found."""
        if machine.is_local:
            return [Root(Path(self.agent_type), HERE)]
        return [Root(Path(self.agent_type), ELSEWHERE)] if self.named else []

    def discover(self, root: Root) -> Found:
        """One source per session; what the object cannot list is an issue and the rest is kept."""
        issues: list[IssueRow] = []
        if root.why != HERE:
            return Found((), [IssueRow(source=str(root.path), kind="unreadable", detail=ELSEWHERE)])
        sources: dict[str, Source] = {}
        for project in self._projects(issues):
            for source in self._sources(project, issues):
                sources.setdefault(source.path, source)
        return Found(list(sources.values()), issues)

    def parse(self, source: Source, want: Want, context: Context) -> Iterator[ParsedRow]:
        """The rows of one session. An exception of the object is an issue; the messages before it are kept."""
        reading = Reading(source, want, context)
        try:
            for message in self.sessions.scan_messages(source.session_id):
                yield from reading.rows(message)
        except Exception as problem:  # noqa: BLE001 - whatever the object raises
            yield self._failure(problem, "scan_messages", source.path)
        yield from reading.end()

    def _projects(self, issues: list[IssueRow]) -> list[str]:
        try:
            return list(self.sessions.list_projects())
        except Exception as problem:  # noqa: BLE001 - whatever the object raises
            issues.append(self._failure(problem, "list_projects", self.agent_type))
            return []

    def _sources(self, project: str, issues: list[IssueRow]) -> list[Source]:
        try:
            return [source_of(self.agent_type, session) for session in self.sessions.list_sessions(project)]
        except Exception as problem:  # noqa: BLE001 - whatever the object raises
            issues.append(self._failure(problem, f"list_sessions({project!r})", self.agent_type))
            return []

    def _failure(self, problem: Exception, step: str, source: str) -> IssueRow:
        return IssueRow(agent=self.agent_type, source=source, kind="provider-failed", detail=described(problem, step))


def source_of(agent_type: str, session: SessionSummary) -> Source:
    """A session as something to parse. It has no size: nothing is remembered of it."""
    return Source(
        path=f"{agent_type}:{session.id}",
        kind="session",
        session_id=session.id,
        root_session_id=session.id.partition("/")[0],
        facts={
            "project": session.project_path,
            "git_branch": session.git_branch,
            "title": session.summary,
            "first_prompt": session.first_prompt,
            "created": instant_of(session.created),
            "modified": instant_of(session.modified),
        },
    )


def info_of(agent_type: str) -> Info:
    """The declaration of an object that says nothing of itself."""
    return Info(
        agent_type=agent_type,
        title=agent_type,
        layout=HERE,
        versions="not known",
        evidence="what the object itself says",
        checked="never",
        gaps={table: gaps_of(table) for table in TABLES if table != "issues"},
    )


def gaps_of(table: TableName) -> dict[str, Never]:
    """Why columns of a table stay empty."""
    unsaid = dict.fromkeys(UNSAID[table].split(), NOT_SAID)
    nulls = {name: reason for name, reason in ALWAYS_NULL.items() if name == "host" or table == "sessions"}
    return unsaid | nulls
