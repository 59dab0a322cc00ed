"""Where Codex keeps its sessions: machine -> roots -> sources, from names alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from sessionframe.formats.files import stat_of
from sessionframe.formats.text import clean
from sessionframe.machine import Machine, is_folder
from sessionframe.providers.contract import Found, Root, Source, unique_roots
from sessionframe.schema import IssueRow

ROLLOUT = re.compile(
    r"^rollout-(?:\d{4}-\d\d-\d\d(?:T\d\d-\d\d-\d\d)?-)?(?P<thread>[0-9a-fA-F]{8}-[0-9a-fA-F-]{27})(?:_[0-9a-fA-F-]{36})?$"
)
"""`rollout-<local time>-<thread>`; a second file of a thread has the id of the rollout behind its own."""
FOLDERS = ("sessions", "archived_sessions")
PLAIN, PACKED, DOCUMENT = ".jsonl", ".jsonl.zst", ".json"
INDEX, HISTORY = "session_index.jsonl", "history.jsonl"


def roots(machine: Machine) -> list[Root]:
    """`CODEX_HOME` replaces the default folder, as in the program; several folders may be separated by commas.

    The program takes the value as one folder; the comma is a convention of ccusage. A value that exists as a folder is never split.
    """
    value = machine.environ.get("CODEX_HOME", "").strip()
    if not value:
        return [Root(machine.home / ".codex", "default folder")]
    whole = machine.expand(value)
    parts = [whole] if is_folder(whole) else [machine.expand(part.strip()) for part in value.split(",") if part.strip()]
    return unique_roots(Root(part.parent if part.name in FOLDERS else part, "CODEX_HOME") for part in parts)


def discover(root: Root) -> Found:
    """The rollouts under a root, each with the thread that its name states, and the small files beside them."""
    issues: list[IssueRow] = []
    sources = [
        source for folder in FOLDERS for directory, names in walk(root.path / folder, issues) for source in rollouts(root, directory, names)
    ]
    sources += [beside(root, name) for name in (INDEX, HISTORY) if os.path.isfile(root.path / name)]  # noqa: PTH113 - does not raise
    return Found(sorted(sources, key=lambda each: each.path), issues)


def walk(folder: Path, issues: list[IssueRow]) -> Iterator[tuple[str, list[str]]]:
    """Every folder with its file names. Folders that begin with a dot hold temporary and lock files."""

    def note(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            detail = f"folder cannot be listed: {error.strerror}"
            issues.append(IssueRow(source=clean(str(error.filename)), kind="unreadable", detail=detail))

    for directory, folders, names in os.walk(folder, onerror=note):
        for name in [name for name in folders if name.startswith(".")]:
            folders.remove(name)
        issues.extend(
            IssueRow(source=clean(os.path.join(directory, name)), kind="unreadable", detail="a folder, not a rollout")  # noqa: PTH118
            for name in folders
            if name.endswith((PLAIN, PACKED))
        )
        yield directory, names


def rollouts(root: Root, directory: str, names: list[str]) -> Iterator[Source]:
    """The rollouts among the files of a folder. Beside its plain twin a packed file is left out, as the program itself does."""
    listed = set(names)
    for name in names:
        ending = next((each for each in (PACKED, PLAIN, DOCUMENT) if name.endswith(each)), None)
        if not name.startswith("rollout-") or ending is None:
            continue
        stem = name.removesuffix(ending)
        if ending == PACKED and stem + PLAIN in listed:
            continue
        path = os.path.join(directory, name)  # noqa: PTH118 - a hot loop over tens of thousands of files
        size, mtime_ns = stat_of(path) or (None, None)
        match = ROLLOUT.match(stem)
        yield Source(
            path, "document" if ending == DOCUMENT else "rollout", size, mtime_ns, match["thread"] if match else "", root=str(root.path)
        )


def beside(root: Root, name: str) -> Source:
    """A small file in the root: names of threads, or prompts that were typed."""
    path = str(root.path / name)
    size, mtime_ns = stat_of(path) or (None, None)
    return Source(path, "index" if name == INDEX else "history", size, mtime_ns, root=str(root.path))


def rollout_of(root: str, thread_id: str) -> str | None:
    """The file of a thread, wherever it lies; found by its name, because the paths in Codex's own index are absolute."""
    for folder in FOLDERS:
        for directory, _, names in os.walk(os.path.join(root, folder)):  # noqa: PTH118
            for name in names:
                if thread_id in name and name.endswith((f"-{thread_id}{PLAIN}", f"-{thread_id}{PACKED}")):
                    return os.path.join(directory, name)  # noqa: PTH118
    return None


def remains(root: Root) -> str | None:
    """The lists of typed prompts and of threads, which outlive the rollouts."""
    left = [name for name in (HISTORY, INDEX) if (stat_of(str(root.path / name)) or (0, 0))[0]]
    return f"{root.path / left[0]} lists threads whose rollouts are not there" if left else None
