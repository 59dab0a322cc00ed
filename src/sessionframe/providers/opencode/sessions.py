"""What OpenCode says of its sessions, from databases and trees -> facts by session id, known before any message is read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sessionframe.formats.clock import instant
from sessionframe.formats.document import document
from sessionframe.formats.problems import Problems
from sessionframe.formats.sqlite import Database, Row, text, whole
from sessionframe.machine import Machine
from sessionframe.providers.contract import Source
from sessionframe.providers.opencode import records
from sessionframe.providers.opencode.locations import DATABASE, OLD_TREE
from sessionframe.schema import SessionKind, SessionRow

V2, V1, G2, G1 = range(4)
"""Where a record was read, best first: version 2 copies the rows of version 1, which freezes them, and version 1 copied the trees."""
NO_REPOSITORY = frozenset({None, "", "/"})
"""What the root of a project is outside of a repository."""
DEFAULT_TITLE = re.compile(r"^(?:New|Child) session - \d{4}-\d\d-\d\dT")
SUBAGENT_TITLE = re.compile(r"\(@(?P<agent>[^()@]+) subagent\)$")
FORK_TITLE = re.compile(r"\(fork #\d+\)$")
TITLE_RANK = 40

SESSION_COLUMNS = (
    "id",
    "project_id",
    "parent_id",
    "directory",
    "title",
    "version",
    "workspace_id",
    "cost",
    "tokens_input",
    "tokens_output",
    "time_created",
    "time_updated",
    "fork_session_id",
    "agent",
)
"""The columns that are read where a version has them; nothing is read of shares, accounts and credentials."""


class Known(NamedTuple):
    """What is known of one session."""

    session_id: str
    layout: int
    source: str
    parent: str | None = None
    fork_of: str | None = None
    directory: str | None = None
    worktree: str | None = None
    branch: str | None = None
    title: str | None = None
    version: str | None = None
    agent: str | None = None
    cost: float | None = None
    created_ms: int | None = None
    updated_ms: int | None = None

    @property
    def kind(self) -> SessionKind:
        """A session with a parent is a sub-agent's; a fork says so in version 2, and by the end of its title before."""
        if self.parent:
            return "subagent"
        return "fork" if self.fork_of or (self.title and FORK_TITLE.search(self.title)) else "main"


Sessions = Mapping[str, Known]


def prepare(sources: Sequence[Source]) -> dict[str, Known]:
    """The best that any source says of each session: whose child it is, and where it worked."""
    found: dict[str, Known] = {}
    databases = {source.path for source in sources if source.kind == DATABASE}
    projects: dict[str, str | None] = {}
    for path in sorted(databases):
        with Database(path, Problems(path)) as database:
            keep_best(found, database_sessions(database, path))
    keep_best(found, (known for source in sources if source.kind != DATABASE if (known := tree_session(source, projects))))
    return found


def keep_best(found: dict[str, Known], more: Iterable[Known]) -> None:
    """Of two that speak of one session the better layout, then the one that was changed later, then by place."""
    for known in more:
        before = found.get(known.session_id)
        if before is None or goodness(known) < goodness(before):
            found[known.session_id] = known


def goodness(known: Known) -> tuple[int, int, str]:
    """The smallest is the best."""
    return known.layout, -(known.updated_ms or 0), known.source


def database_sessions(database: Database, path: str) -> Iterator[Known]:
    """The sessions of a database: version 2 has a table of its own beside the frozen one of version 1."""
    worktrees = {text(row[0]): text(row[1]) for row in selected(database, "project", ("id", "worktree"))}
    branches = {text(row[0]): text(row[1]) for row in selected(database, "workspace", ("id", "branch"))}
    for table, layout in (("session", V1), ("session_v2", V2)):
        for row in selected(database, table, SESSION_COLUMNS):
            yield known_session(row, layout, path, worktrees, branches)


def selected(database: Database, table: str, wanted: Sequence[str]) -> Iterator[Row]:
    """Some columns of a table, null for those that this version does not have."""
    there = database.columns(table)
    if wanted[0] in there:
        names = ", ".join(name if name in there else f"NULL AS {name}" for name in wanted)
        yield from database.select(f"SELECT {names} FROM {table}")  # noqa: S608 - the names are ours


def known_session(
    row: Row, layout: int, path: str, worktrees: Mapping[str | None, str | None], branches: Mapping[str | None, str | None]
) -> Known:
    """A row of a session table."""
    session_id, project, parent, directory, title, version, workspace, cost, fresh, output, created, updated, fork_of, agent = row
    return Known(
        session_id=text(session_id) or "",
        layout=layout,
        source=path,
        parent=text(parent) or None,
        fork_of=text(fork_of) or None,
        directory=text(directory) or None,
        worktree=worktrees.get(text(project)),
        branch=branches.get(text(workspace)) or None,
        title=text(title),
        version=text(version),
        agent=text(agent),
        cost=recorded_cost(cost, fresh, output),
        created_ms=whole(created),
        updated_ms=whole(updated),
    )


def recorded_cost(cost: object, fresh: object, output: object) -> float | None:
    """The cost of a session that its row states (1.15 and later): the steps of that session alone, children left out.

    Rows of older versions and migrated ones hold 0 everywhere, which says nothing.
    """
    if not isinstance(cost, int | float) or not 0 <= cost < math.inf or not (cost or fresh or output):
        return None
    return float(cost)


def tree_project(storage: str, project: str) -> str | None:
    """The root of a project's repository, from the file of its name; a name that is none, or that would lead elsewhere, has no file."""
    if project != Path(project).name or "\0" in project:
        return None
    path = Path(storage, "project", f"{project}.json")
    found = document(path, records.Project, Problems(str(path)))
    return found.worktree if found else None


def tree_session(source: Source, projects: dict[str, str | None], problems: Problems | None = None) -> Known | None:
    """The session that a file of a tree describes; its project's file tells the root of the repository."""
    if not source.facts["info"]:
        return None
    info = document(source.facts["info"], records.Session, problems or Problems(source.path)) or records.Session()
    project = source.facts["project"] or info.projectID
    if project and project not in projects:
        projects[project] = tree_project(source.facts["storage"], project)
    time = info.time or records.Span()
    return Known(
        session_id=source.session_id,
        layout=G1 if source.kind == OLD_TREE else G2,
        source=source.facts["info"],
        parent=info.parentID,
        directory=info.directory,
        worktree=projects.get(project) if project else None,
        title=info.title,
        version=info.version,
        created_ms=whole(time.created),
        updated_ms=whole(time.updated),
    )


def root_of(session_id: str, sessions: Sessions) -> str:
    """The conversation that a session belongs to: the last parent that is known; itself where the parents lead in a circle."""
    top, seen = session_id, {session_id}
    while (known := sessions.get(top)) is not None and known.parent:
        top = known.parent
        if top in seen:
            return session_id
        seen.add(top)
    return top


class Place(NamedTuple):
    """Where the messages of a session belong."""

    session_id: str
    root_session_id: str
    project: str | None
    repo_root: str | None
    git_branch: str | None


class Places:
    """Places the messages of one session.

    Parameters
    ----------
    session_id
        The session.
    sessions
        What is known of all sessions.
    machine
        Folds worktrees into their repositories.
    """

    def __init__(self, session_id: str, sessions: Sessions, machine: Machine) -> None:
        self.known = sessions.get(session_id)
        self._session_id = session_id
        self._root = root_of(session_id, sessions)
        self._machine = machine
        self._places: dict[tuple[str | None, str | None], Place] = {}

    def place(self, folder: records.Folder | None = None) -> Place:
        """The place of a message; most say where they were written."""
        key = (folder.cwd, folder.root) if folder is not None else (None, None)
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = self._make(*key)
        return found

    def _make(self, cwd: str | None, root: str | None) -> Place:
        known = self.known
        project = cwd or (known.directory if known else None)
        stated = next((each for each in (known.worktree if known else None, root) if each not in NO_REPOSITORY), project)
        return Place(self._session_id, self._root, project, self._machine.repositories.root(stated), known.branch if known else None)


def session_row(places: Places, source: str, own: Known | None) -> SessionRow:
    """The row of a session as one source describes it, before its messages are read.

    A fork begins with the cost of its original (1.14.41: 0.0552 USD before its first request), so its own is not stated.
    """
    place = places.place()
    known = own or places.known or Known(place.session_id, V1, source)
    title = known.title if known.title and not DEFAULT_TITLE.match(known.title) else None
    agent = SUBAGENT_TITLE.search(known.title or "")
    is_child = known.kind == "subagent"
    return SessionRow(
        session_id=place.session_id,
        root_session_id=place.root_session_id,
        parent_session_id=known.parent or known.fork_of,
        kind=known.kind,
        subagent_type=(agent["agent"] if agent else known.agent) if is_child else None,
        title=title,
        title_rank=TITLE_RANK if title else 0,
        project=place.project,
        repo_root=place.repo_root,
        git_branch=place.git_branch,
        agent_version=known.version,
        started_at=instant(known.created_ms),
        recorded_cost_usd=known.cost if known.kind != "fork" else None,
        source=source,
    )
