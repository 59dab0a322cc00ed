"""A scan goes in; what was looked for, found and not understood comes out, per agent, with what to do about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from sessionframe.machine import Machine
from sessionframe.providers.contract import Provider, Root, Source
from sessionframe.schema import ISSUE_KINDS

if TYPE_CHECKING:
    from sessionframe.engine import Logs


@dataclass(frozen=True, slots=True)
class RootFinding:
    """One place that was looked at: whether it exists, how many files with sessions it holds and how large they are."""

    path: str
    why: str
    host: str | None
    exists: bool
    files: int
    bytes: int


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
    """What is known of one agent's logs; times are in UTC."""

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

    def diagnosis(self, provider: Provider) -> Diagnosis:
        """What is known of one agent's logs."""
        sources = [source for agent, source in self._sources if agent == provider.agent_type]
        sessions = self._sessions.filter(pl.col("agent") == provider.agent_type)
        looked_at = [found for machine in self._machines for found in self.roots(provider, machine, sources)]
        kept = [said for machine in self._machines if (said := provider.retention(machine))]
        return Diagnosis(
            agent=provider.agent_type,
            title=provider.info.title,
            roots=tuple(looked_at),
            files=len(sources),
            bytes=sum(source.size or 0 for source in sources),
            sessions=sessions.height,
            oldest=sessions["started_at"].min(),  # type: ignore[arg-type]  # the column is a datetime
            newest=sessions["ended_at"].max(),  # type: ignore[arg-type]
            retention=tuple(dict.fromkeys(kept)),
            problems=tuple(problems_of(self._issues.filter(pl.col("agent") == provider.agent_type))),
            verdict=verdict(looked_at, len(sources), sessions.height),
        )

    def roots(self, provider: Provider, machine: Machine, sources: Sequence[Source]) -> Iterable[RootFinding]:
        """What is at each place of an agent on one machine."""
        given = self._given.get(provider.agent_type)
        roots = provider.roots(machine) if given is None else [Root(machine.expand(path), "given with --root") for path in given]
        for root in roots:
            mine = [source for source in sources if source.root == str(root.path)]
            size = sum(source.size or 0 for source in mine)
            # what an object from outside reads need not be a folder
            yield RootFinding(str(root.path), root.why, machine.label, exists(root.path) or bool(mine), len(mine), size)


def exists(path: Path) -> bool:
    """Whether there is a folder; one that may not be looked at does not count."""
    try:
        return path.is_dir()
    except OSError:
        return False


def verdict(roots: Sequence[RootFinding], files: int, sessions: int) -> str:
    """Why there is data or not, in a sentence."""
    if sessions:
        return "ok"
    if files:
        return "There are files but no session in the range and project asked for, or none could be read: see the problems."
    if any(root.exists for root in roots):
        return "The folder is there but holds no sessions: they were deleted, or are elsewhere (give it with --root AGENT=PATH)."
    return "Not used on this machine: none of the folders exists. If its logs are elsewhere, give the folder with --root AGENT=PATH."


def problems_of(issues: pl.DataFrame) -> Iterable[Problem]:
    """Issues grouped by kind, the most frequent first, each with its first example."""
    by_place = issues.sort("source", "line", nulls_last=True).with_columns(pl.col("kind").cast(pl.String))
    grouped = by_place.group_by("kind", maintain_order=True).agg(
        pl.col("count").sum(), pl.col("source").first(), pl.col("line").first(), pl.col("detail").first()
    )
    for row in grouped.sort("count", "kind", descending=[True, False]).iter_rows(named=True):
        about = ISSUE_KINDS[row["kind"]]
        yield Problem(**row, advice=f"{about.meaning} {about.advice}")
