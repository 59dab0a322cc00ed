"""A scan goes in; what was looked for, found and not understood comes out, per agent, with what to do about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sessionframe.machine import FOLDER_VARIABLES, Machine
from sessionframe.providers.contract import Provider, Root, Source
from sessionframe.report.reasons import Left, Reason, Seen, verdict
from sessionframe.schema import ISSUE_KINDS

if TYPE_CHECKING:
    from sessionframe.engine import Logs


@dataclass(frozen=True, slots=True)
class RootFinding:
    """One place that was looked at: whether it exists, how many files with sessions it holds and how large they are.

    `variable` is the environment variable that names the place, where one does.
    """

    path: str
    why: str
    host: str | None
    exists: bool
    files: int
    bytes: int
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """All issues of one kind: how many cases, the first example, what to do."""

    kind: str
    count: int
    source: str | None
    line: int | None
    detail: str | None
    advice: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is known of one agent's logs; times are in UTC. `verdict` says why there is data or not, `reason` the same in a word."""

    agent: str
    title: str
    roots: tuple[RootFinding, ...]
    files: int
    bytes: int
    sessions: int
    oldest: dt.datetime | None
    newest: dt.datetime | None
    retention: tuple[str, ...]
    problems: tuple[Problem, ...]
    reason: Reason
    verdict: str


def diagnose(logs: Logs, providers: Iterable[Provider], *, roots: Mapping[str, Sequence[str]] | None = None) -> list[Diagnosis]:
    """Look at every agent that was asked for.

    Parameters
    ----------
    logs
        The scan; its `sessions` and `issues` are read.
    providers
        The agents to look at.
    roots
        Folders that the caller gave instead of the agents' own.

    Returns
    -------
    list of Diagnosis
        In the order of the providers.
    """
    evidence = Evidence(logs, roots or {})
    return [evidence.diagnosis(provider) for provider in providers]


class Evidence:
    """What a scan found, looked at agent by agent."""

    def __init__(self, logs: Logs, roots: Mapping[str, Sequence[str]]) -> None:
        self._machines = logs.machines
        self._given = roots
        self._sources = logs.sources
        self._sessions = logs.sessions.to_frame("polars")
        self._issues = logs.issues.to_frame("polars")
        self._asked = logs.limits_in_words
        self._without_limits = logs.without_limits
        self._whole: pl.DataFrame | None = None

    def diagnosis(self, provider: Provider) -> Diagnosis:
        """What is known of one agent's logs."""
        sources = [source for agent, source in self._sources if agent == provider.agent_type]
        sessions = self._sessions.filter(pl.col("agent") == provider.agent_type)
        looked_at = [found for machine in self._machines for found in self.roots(provider, machine, sources)]
        kept = tuple(dict.fromkeys(said for machine in self._machines if (said := asked(provider.retention, machine))))
        problems = tuple(problems_of(self._issues.filter(pl.col("agent") == provider.agent_type)))
        seen = Seen(
            places=tuple(root.path for root in looked_at if root.exists),
            files=len(sources),
            sessions=sessions.height,
            problems=tuple((problem.kind, problem.detail) for problem in problems),
            asked=self._asked,
            retention=kept,
            variables=tuple((root.variable, root.path) for root in looked_at if root.variable and not root.exists),
        )
        reason, said = verdict(seen if seen.sessions else self.closer(provider, looked_at, seen))
        return Diagnosis(
            agent=provider.agent_type,
            title=provider.info.title,
            roots=tuple(looked_at),
            files=len(sources),
            bytes=sum(source.size or 0 for source in sources),
            sessions=sessions.height,
            oldest=sessions["started_at"].min(),  # type: ignore[arg-type]  # the column is a datetime
            newest=sessions["ended_at"].max(),  # type: ignore[arg-type]
            retention=kept,
            problems=problems,
            reason=reason,
            verdict=said,
        )

    def closer(self, provider: Provider, roots: Sequence[RootFinding], seen: Seen) -> Seen:
        """What else must be looked at where there is no session: what limits leave out, what remains of deleted sessions."""
        left = self.left(provider.agent_type) if seen.files and seen.asked else None
        remains = (asked(provider.remains, Root(Path(root.path), root.why)) for root in roots if root.exists)
        return replace(seen, left=left, remains=tuple(said for said in remains if said))

    def left(self, agent: str) -> Left:
        """What the limits leave out of an agent's sessions."""
        if self._whole is None:
            self._whole = self._without_limits().sessions.to_frame("polars")
        sessions = self._whole.filter(pl.col("agent") == agent)
        first, last = sessions["started_at"].min(), sessions["ended_at"].max()
        projects = sessions["repo_root"].drop_nulls().unique(maintain_order=True).to_list()
        return Left(sessions.height, first, last, tuple(projects))  # type: ignore[arg-type]  # the columns are datetimes

    def roots(self, provider: Provider, machine: Machine, sources: Sequence[Source]) -> Iterable[RootFinding]:
        """What is at each place of an agent on one machine."""
        given = self._given.get(provider.agent_type)
        roots = (
            asked(provider.roots, machine) or [] if given is None else [Root(machine.expand(path), "given with --root") for path in given]
        )
        usual = (
            {root.path: exists(root.path) for root in asked(provider.roots, replace(machine, environ={})) or []} if given is None else {}
        )
        for root in roots:
            mine = [source for source in sources if source.root == str(root.path)]
            size = sum(source.size or 0 for source in mine)
            # what an object from outside reads need not be a folder
            there = exists(root.path) or bool(mine)
            name = None if root.path in usual else variable(root, machine, is_elsewhere=any(usual.values()))
            yield RootFinding(str(root.path), root.why, machine.label, there, len(mine), size, name)


def variable(root: Root, machine: Machine, *, is_elsewhere: bool) -> str | None:
    """The environment variable that leads to a place: one of the agent's own, or one that moves the folders of all programs.

    The latter counts only where the usual place exists: most people who set it do so for other programs.
    """
    if machine.environ.get(root.why, "").strip():
        return root.why
    moving = (name for name in FOLDER_VARIABLES if (folder := machine.path(name)) is not None and root.path.is_relative_to(folder))
    return next(moving, None) if is_elsewhere else None


def asked(function: Callable[[Any], Any], about: object) -> Any:
    """What a function of a provider says; nothing where it fails, which is among the issues or does not matter."""
    try:
        return function(about)
    except Exception:  # noqa: BLE001 - a fault of one provider must not end the others' diagnosis
        return None


def exists(path: Path) -> bool:
    """Whether there is a folder, or something that may not be looked at: that is reported where it is listed."""
    try:
        return path.is_dir()
    except PermissionError:
        return True
    except OSError:
        return False


def problems_of(issues: pl.DataFrame) -> Iterable[Problem]:
    """Issues grouped by kind, the most frequent first, each with its first example."""
    by_place = issues.sort("source", "line", nulls_last=True).with_columns(pl.col("kind").cast(pl.String))
    grouped = by_place.group_by("kind", maintain_order=True).agg(
        pl.col("count").sum(), pl.col("source").first(), pl.col("line").first(), pl.col("detail").first()
    )
    for row in grouped.sort("count", "kind", descending=[True, False]).iter_rows(named=True):
        about = ISSUE_KINDS[row["kind"]]
        yield Problem(**row, advice=f"{about.meaning} {about.advice}")
