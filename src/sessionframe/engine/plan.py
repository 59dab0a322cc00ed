"""Providers and machines -> the sources there are to read. Nothing is parsed, so this stays cheap on any home."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sessionframe.engine.failures import failure
from sessionframe.formats.text import clean
from sessionframe.machine import Machine, is_folder
from sessionframe.providers.contract import Found, Provider, Root, Source, unique_roots
from sessionframe.schema import IssueRow

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Group:
    """The sources of one agent on one machine."""

    provider: Provider
    machine: Machine
    sources: tuple[Source, ...]

    @property
    def names(self) -> dict[str, str | None]:
        """The columns that are the same in all rows of the group."""
        return {"agent": self.provider.agent_type, "host": self.machine.label}

    @property
    def size(self) -> int:
        """Bytes to read."""
        return sum(source.size or 0 for source in self.sources)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything there is to read, what could not be listed, and the agents whose logs were looked for."""

    groups: tuple[Group, ...]
    issues: tuple[IssueRow, ...]
    agents: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes to read."""
        return sum(group.size for group in self.groups)


def make_plan(providers: Iterable[Provider], machines: Sequence[Machine], roots: Mapping[str, Sequence[Path]]) -> Plan:
    """List the sources of every provider on every machine.

    Parameters
    ----------
    providers
        The agents to read.
    machines
        The homes to read; a folder that two of them lead to is read once.
    roots
        Agent -> folders that are read in place of its own.

    Returns
    -------
    Plan
        In the order of the providers, machines and roots. A provider that fails is left out and reported.
    """
    groups: list[Group] = []
    issues = [no_home(machine) for machine in machines if not is_folder(machine.home)]
    chosen = tuple(providers)
    for provider in chosen:
        seen: set[Path] = set()
        for machine in machines:
            found = discovered(provider, machine, unread(provider, machine, roots.get(provider.agent_type), seen, issues), issues)
            groups.append(Group(provider, machine, found))
    return Plan(tuple(group for group in groups if group.sources), tuple(issues), tuple(provider.agent_type for provider in chosen))


def no_home(machine: Machine) -> IssueRow:
    """An issue for a home that is not there: without it, empty tables would look like a machine without logs."""
    detail = "there is no such home folder, or it may not be looked at"
    return IssueRow(host=machine.label, source=clean(str(machine.home)), kind="unreadable", detail=detail)


def unread(provider: Provider, machine: Machine, given: Sequence[Path] | None, seen: set[Path], issues: list[IssueRow]) -> list[Root]:
    """The roots of a provider on a machine that no machine before it has led to."""
    try:
        found = provider.roots(machine) if given is None else [Root(path, "given by the caller") for path in given]
    except Exception as problem:  # noqa: BLE001 - a fault of one provider must not lose the others
        issues.append(failure(problem, provider, machine, "roots"))
        return []
    new = []
    for root in unique_roots(found):
        real = resolved(root.path)
        if real not in seen:
            new.append(root)
            seen.add(real)
    return new


def resolved(path: Path) -> Path:
    """Where a path leads; the path itself where a loop of links leads nowhere."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path


def discovered(provider: Provider, machine: Machine, roots: Iterable[Root], issues: list[IssueRow]) -> tuple[Source, ...]:
    """The sources below the roots, each once."""
    sources: dict[tuple[str, str], Source] = {}
    for root in roots:
        try:
            found = provider.discover(root)
        except Exception as problem:  # noqa: BLE001 - a fault in one root must not lose the others
            issues.append(failure(problem, provider, machine, "discover", str(root.path)))
            found = Found()
        for source in found.sources:
            sources.setdefault(source.key, source)
        for issue in found.issues:
            issue.agent, issue.host = provider.agent_type, machine.label
            issues.append(issue)
    return tuple(sources.values())
