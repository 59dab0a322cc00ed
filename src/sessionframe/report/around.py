"""Diagnoses without sessions go in; where else logs may be comes out as hints: other agents, the Windows side, outside of a container."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sessionframe.engine.plan import make_plan
from sessionframe.errors import listed
from sessionframe.machine import Machine
from sessionframe.providers.contract import Provider
from sessionframe.report.doctor import Diagnosis, asked, exists
from sessionframe.report.terminal import cases

SYSTEM = Path("/")
NOBODY = frozenset({"Public", "Default", "Default User", "All Users"})
"""Folders beside those of users in ``C:\\Users``."""


def hints(diagnoses: Sequence[Diagnosis], machines: Sequence[Machine], known: Sequence[Provider], *, system: Path = SYSTEM) -> list[str]:
    """Where logs may be that were not looked at. Nothing is read; folders are only looked for.

    Parameters
    ----------
    diagnoses
        What was found.
    machines
        Where was looked.
    known
        All agents, also those that were not asked for.
    system
        The root of the file system.

    Returns
    -------
    list of str
        Sentences; none where every agent that was asked for has sessions.
    """
    if all(found.sessions for found in diagnoses):
        return []
    found = [] if any(found.sessions for found in diagnoses) else list(other_agents(diagnoses, machines, known))
    for machine in machines:
        if machine.is_local:
            found += windows_side(machine, known, system)
            if is_container(machine, system) and not any(diagnosis.sessions for diagnosis in diagnoses):
                found.append(
                    "This is a container, which sees no logs of the computer around it: mount that home folder and give it with --home."
                )
    return found


def other_agents(diagnoses: Sequence[Diagnosis], machines: Sequence[Machine], known: Sequence[Provider]) -> Iterator[str]:
    """Agents that were not asked for and have logs."""
    named = {found.agent for found in diagnoses}
    for group in make_plan([provider for provider in known if provider.agent_type not in named], machines, {}).groups:
        agent, title = group.provider.agent_type, group.provider.info.title
        yield f"{title} has {cases(len(group.sources), 'file')} here and was not asked for: --agent {agent}."


def windows_side(machine: Machine, known: Sequence[Provider], system: Path) -> Iterator[str]:
    """Homes of Windows that this Linux can see and that have folders of agents: in WSL the two have each its own home."""
    if not is_wsl(machine, system):
        return
    for home in listing(system / "mnt", "?/Users/*"):
        there = Machine(home, {}, "win32")
        titles = [each.info.title for each in known if any(exists(root.path) for root in asked(each.roots, there) or [])]
        if titles and home.name not in NOBODY:
            yield f"On the Windows side are folders of {listed(titles)}: --home {home} reads them."


def is_wsl(machine: Machine, system: Path) -> bool:
    """Whether this is Linux within Windows."""
    if "WSL_DISTRO_NAME" in machine.environ:
        return True
    try:
        return "microsoft" in (system / "proc" / "sys" / "kernel" / "osrelease").read_text("utf-8", errors="replace").lower()
    except OSError:
        return False


def is_container(machine: Machine, system: Path) -> bool:
    """Whether this is a container, as Docker, Podman and systemd mark theirs."""
    return bool(machine.environ.get("container")) or any((system / mark).exists() for mark in (".dockerenv", "run/.containerenv"))


def listing(folder: Path, pattern: str) -> list[Path]:
    """Folders that match; none where that may not be asked."""
    try:
        return sorted(path for path in folder.glob(pattern) if path.is_dir())
    except OSError:
        return []
