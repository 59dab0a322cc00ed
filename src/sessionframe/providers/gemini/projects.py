"""Small files beside the recordings -> the projects that their folders and hashes stand for, known before any recording is read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sessionframe.formats.files import open_bytes
from sessionframe.formats.smalljson import read_json
from sessionframe.formats.text import clean
from sessionframe.providers.contract import Source

LONGEST_PATH = 32_768


class Projects(NamedTuple):
    """Name of a folder below ``tmp``, with its root -> project; hash of a project's path -> project."""

    folders: dict[tuple[str, str], str]
    hashes: dict[str, str]

    def of(self, source: Source, project_hash: str | None) -> str | None:
        """The project of a recording; nothing when no file on the machine names it.

        The folder's own note goes first, then the registry, then every path that is known: the hash is the SHA-256 of the path, before
        0.29 also the folder's name.
        """
        folder = folder_of(source.path)
        known = self.folders.get((source.root, folder))
        return known or self.hashes.get(project_hash or "") or self.hashes.get(folder)


def folder_of(path: str) -> str:
    """The folder of a recording's project: ``tmp/<folder>/chats/...``."""
    parts = Path(path).parts
    return next((parts[at - 1] for at in range(len(parts) - 1, 0, -1) if parts[at] == "chats"), "")


def prepare(sources: Sequence[Source]) -> Projects:
    """Read the notes of every project folder, the registry and the list of trusted folders of every root."""
    found = Projects({}, {})
    for root in dict.fromkeys(source.root for source in sources):
        for path, slug in registered(root):
            found.folders[root, slug] = path
        add_hashes(found, [*(path for path, _ in registered(root)), *trusted(root)])
    for root, folder in dict.fromkeys((source.root, folder_of(source.path)) for source in sources):
        project = noted(Path(root, "tmp", folder, ".project_root")) or noted(Path(root, "history", folder, ".project_root"))
        if project:
            found.folders[root, folder] = project
            add_hashes(found, [project])
    return found


def add_hashes(found: Projects, paths: Iterable[str]) -> None:
    """Make paths findable by their hash."""
    for path in paths:
        found.hashes.setdefault(hashlib.sha256(path.encode("utf-8", "replace")).hexdigest(), path)


def registered(root: str) -> Iterator[tuple[str, str]]:
    """Path and folder name of every project in `projects.json`."""
    registry = read_json(Path(root, "projects.json"))
    projects = registry.get("projects") if isinstance(registry, dict) else None
    for path, slug in projects.items() if isinstance(projects, dict) else ():
        if isinstance(slug, str):
            yield clean(path), slug


def trusted(root: str) -> Iterator[str]:
    """Every folder that the user was asked about."""
    folders = read_json(Path(root, "trustedFolders.json"))
    yield from map(clean, folders) if isinstance(folders, dict) else ()


def noted(path: Path) -> str | None:
    """The project that a `.project_root` file names."""
    try:
        with open_bytes(path) as file:
            text = file.read(LONGEST_PATH).decode("utf-8-sig", errors="replace")
    except OSError:
        return None
    return text.strip() or None
