"""Where Claude Code keeps its sessions: machine -> roots -> sources, from names alone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from sessionframe.formats.files import leads_to_folder, stat_of
from sessionframe.formats.smalljson import read_json
from sessionframe.formats.text import clean
from sessionframe.machine import Machine, is_folder
from sessionframe.providers.contract import Found, Root, Source, unique_roots
from sessionframe.schema import IssueRow

LEGACY_AGENT = re.compile(r"^agent-(?P<agent>[0-9a-f]{6,})$")
AGENT = re.compile(r"^agent-(?P<agent>.+)$")
ENDING = ".jsonl"
SKIPPED_STEMS = frozenset({"journal", "audit", "history"})
"""`journal.jsonl` of workflows and `audit.jsonl` of Cowork are other record families; `history.jsonl` lists prompts only."""
SET_ASIDE = re.compile(r"\.(?:orphaned|superseded|save)")
"""Parts of names of files that the CLI itself has set aside."""
DESKTOP_SIDECARS = "claude-code-sessions"
DESKTOP_SIDECAR = re.compile(r"^local_.*\.json$")
COWORK = "local-agent-mode-sessions"
SIDECARS = frozenset({"sessions-index.json", "custom-title.json"})


def roots(machine: Machine) -> list[Root]:
    """Every place where a version of Claude Code, its desktop program or Cowork may have written sessions."""
    found = [Root(path, why) for path, why in config_roots(machine)]
    for support in machine.application_support("Claude"):
        found.append(Root(support / DESKTOP_SIDECARS, "titles given in the desktop program"))
        found.append(Root(support / COWORK, "Cowork sessions of the desktop program"))
    return unique_roots(found)


def config_roots(machine: Machine) -> list[tuple[Path, str]]:
    """`CLAUDE_CONFIG_DIR` replaces the default folder, as in the CLI; several folders may be separated by commas.

    The CLI takes the value as one folder; the comma is a convention of ccusage that users rely on. A value that exists as a
    folder is therefore never split.
    """
    value = machine.environ.get("CLAUDE_CONFIG_DIR", "").strip()
    if not value:
        return [
            (machine.home / ".claude", "default folder"),
            (machine.config / "claude", "historic folder"),
        ]
    whole = machine.expand(value)
    parts = [whole] if is_folder(whole) else [machine.expand(part.strip()) for part in value.split(",") if part.strip()]
    return [(part.parent if part.name == "projects" else part, "CLAUDE_CONFIG_DIR") for part in parts]


def discover(root: Root) -> Found:
    """The transcripts under a root, each with what its path tells."""
    sources: list[Source] = []
    issues: list[IssueRow] = []
    if root.path.name == DESKTOP_SIDECARS:
        beside = [Path(folder, name) for folder, _, names in below(root.path, issues) for name in names if DESKTOP_SIDECAR.match(name)]
        return Found([sidecar(root, path) for path in sorted(beside)], issues)
    for folder in projects_folders(root.path, issues):
        for directory, names in walk(folder, issues):
            listed, inside = set(names), below_project(directory, folder)
            for name in names:
                if name.endswith(ENDING) and is_transcript(name[:-6]):
                    sources.append(source(str(root.path), directory, inside, name, listed))
                elif name in SIDECARS:
                    sources.append(sidecar(root, Path(directory, name)))
    return Found(sorted(sources, key=lambda each: each.path), issues)


def projects_folders(root: Path, issues: list[IssueRow]) -> list[Path]:
    """The `projects` folders of a root: one, or in Cowork one per session."""
    if root.name == COWORK:
        return sorted(
            Path(folder, "projects") for folder, names, _ in below(root, issues) if Path(folder).name == ".claude" and "projects" in names
        )
    return [root / "projects"]


def below(folder: Path, issues: list[IssueRow]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Every folder below one, with the names of the folders and of the files in it."""
    return os.walk(folder, onerror=noting(issues))


def noting(issues: list[IssueRow]) -> Callable[[OSError], None]:
    """A function that notes that a folder cannot be listed."""

    def note(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            issues.append(
                IssueRow(source=clean(str(error.filename)), kind="unreadable", detail=f"folder cannot be listed: {error.strerror}")
            )

    return note


def walk(folder: Path, issues: list[IssueRow]) -> Iterator[tuple[str, list[str]]]:
    """Every folder below `projects` with its file names.

    A project folder may be a link to another disk and is followed; links deeper inside are not, so a loop is no danger.
    """
    note = noting(issues)
    waiting = [str(folder), *linked_folders(folder)]
    while waiting:  # `os.walk` takes twice the time, and a home has thousands of folders
        directory = waiting.pop()
        try:
            names, folders = listing(directory)
        except OSError as error:
            note(error)
            continue
        yield directory, names
        issues.extend(not_a_file(entry.path) for entry in folders if entry.name.endswith(ENDING))
        waiting.extend(entry.path for entry in folders if not entry.is_symlink())


def listing(directory: str) -> tuple[list[str], list[os.DirEntry[str]]]:
    """The names of the files in a folder, and the folders in it."""
    names: list[str] = []
    folders: list[os.DirEntry[str]] = []
    with os.scandir(directory) as entries:
        for entry in entries:
            if leads_to_folder(entry):
                folders.append(entry)
            else:
                names.append(entry.name)
    return names, folders


def below_project(directory: str, folder: Path) -> tuple[str, ...]:
    """The folders between a project's folder and a file in `directory`."""
    return tuple(directory[len(str(folder)) + 1 :].split(os.sep)[1:])  # noqa: PTH206 - as for `source`


def linked_folders(folder: Path) -> list[str]:
    """Project folders that are links to places outside `projects`, each place once."""
    try:
        entries = sorted(entry.path for entry in os.scandir(folder) if entry.is_symlink() and leads_to_folder(entry))
    except OSError:
        return []
    here = os.path.realpath(folder) + os.sep
    places = {os.path.realpath(path) + os.sep: path for path in entries}
    return [path for place, path in places.items() if not (place.startswith(here) or here.startswith(place))]


def not_a_file(path: str) -> IssueRow:
    """An issue for a folder that is named like a transcript."""
    return IssueRow(source=clean(path), kind="unreadable", detail="a folder, not a transcript")


def is_transcript(stem: str) -> bool:
    """Whether a JSON-lines file holds a conversation."""
    return stem not in SKIPPED_STEMS and SET_ASIDE.search(stem) is None


def source(root: str, directory: str, inside: tuple[str, ...], name: str, listed: set[str]) -> Source:
    """A transcript with the session that its path names; `inside` are the folders between the project's and the file."""
    path = os.path.join(directory, name)  # noqa: PTH118 - a hot loop over tens of thousands of files
    stem = name[:-6]
    size, mtime_ns = stat_of(path) or (None, None)
    meta = (os.path.join(directory, f"{stem}.meta.json"),) if f"{stem}.meta.json" in listed else ()  # noqa: PTH118
    kind, session_id, root_session_id = identity(stem, inside)
    return Source(path, kind, size, mtime_ns, session_id, root_session_id, meta, root)


def identity(stem: str, inside: tuple[str, ...]) -> tuple[str, str, str]:
    """Kind of source, session id and root session id from the place of a file in its project folder.

    `<id>.jsonl` is a conversation; `agent-<id>.jsonl` beside it a sub-agent of versions up to 2.1.1, whose parent only its
    lines name; anything below `<id>/` belongs to that session, workflow agents one level deeper.
    """
    agent = AGENT.match(stem)
    if not inside:
        legacy = LEGACY_AGENT.match(stem)
        return ("legacy-agent", "", "") if legacy else ("main", stem, stem)
    parent = inside[0]
    if agent is None:
        return ("main", stem, stem) if stem == parent else ("subagent", f"{parent}/{stem}", parent)
    kind = "workflow-agent" if "workflows" in inside else "subagent"
    return kind, f"{parent}/{agent['agent']}", parent


def sidecar(root: Root, path: Path) -> Source:
    """A small JSON file beside the transcripts: titles and folders, no conversation."""
    size, mtime_ns = stat_of(str(path)) or (None, None)
    return Source(str(path), "sidecar", size, mtime_ns, root=str(root.path))


DEFAULT_RETENTION = "30 days (the default of cleanupPeriodDays)"


def retention(machine: Machine) -> str | None:
    """How long Claude Code keeps transcripts: `cleanupPeriodDays` of settings.json, 30 days by default."""
    for path, _ in config_roots(machine):
        settings = read_json(path / "settings.json")
        if isinstance(settings, dict) and "cleanupPeriodDays" in settings:
            return f"{settings['cleanupPeriodDays']} days (cleanupPeriodDays in {path / 'settings.json'})"
    return DEFAULT_RETENTION


def remains(root: Root) -> str | None:
    """The list of typed prompts, which cleaning up spares, and the folders of projects, which it empties."""
    if (stat_of(str(root.path / "history.jsonl")) or (0, 0))[0]:
        return f"{root.path / 'history.jsonl'} lists prompts that were typed"
    try:
        _, folders = listing(str(root.path / "projects"))
    except OSError:
        return None
    return f"{root.path / 'projects'} holds the folders of {len(folders):,} projects and no transcript" if folders else None
