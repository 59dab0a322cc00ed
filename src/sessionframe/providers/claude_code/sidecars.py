"""Small JSON files beside the transcripts -> titles and folders per session, known before any transcript is parsed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sessionframe.formats.smalljson import read_json
from sessionframe.formats.text import clean
from sessionframe.providers.contract import Source

TITLE_RANK = {"custom": 50, "desktop": 45, "ai": 40, "last-prompt": 30, "summary": 20, "first-prompt": 10}
"""Precedence of titles in Anthropic's own SDK; a title given in the desktop program stands beside the custom one."""


class Sidecars(NamedTuple):
    """What sidecars say of sessions: titles with their rank, and the real folders of Cowork sessions."""

    titles: dict[str, tuple[int, str]]
    projects: dict[str, str]


def prepare(sources: Sequence[Source]) -> Sidecars:
    """Read every sidecar once."""
    found = Sidecars({}, {})
    for source in sources:
        if source.kind == "sidecar":
            read_sidecar(Path(source.path), found)
        elif "local-agent-mode-sessions" in source.root:
            read_cowork(source, found)
    return found


def basis(source: Source, known: Sidecars | None) -> object:
    """What of it a transcript can depend on: the title and folder of its conversation."""
    return (known.titles.get(source.root_session_id), known.projects.get(source.root_session_id)) if known else None


def read_sidecar(path: Path, found: Sidecars) -> None:
    """A title file of one session, the legacy index of a project, or a session of the desktop program."""
    content = read_json(path)
    if not isinstance(content, dict):
        return
    if path.name == "custom-title.json":
        add_title(found, path.parent.name, "custom", content.get("customTitle"))
    elif path.name == "sessions-index.json":
        for entry in dicts(content.get("entries")):
            add_title(found, entry.get("sessionId"), "custom", entry.get("customTitle"))
            add_title(found, entry.get("sessionId"), "summary", entry.get("summary"))
    else:
        add_title(found, content.get("cliSessionId"), "desktop", content.get("title"))


def read_cowork(source: Source, found: Sidecars) -> None:
    """The sidecar `local_<uuid>.json` beside a Cowork session's folder: its title, and the folder the user chose.

    The transcript's own `cwd` is a path inside a sandbox (`/sessions/<name>`).
    """
    folder = next((parent for parent in Path(source.path).parents if parent.name.startswith("local_")), None)
    content = read_json(folder.with_name(f"{folder.name}.json")) if folder else None
    if not isinstance(content, dict) or not isinstance(content.get("cliSessionId"), str):
        return
    add_title(found, content["cliSessionId"], "desktop", content.get("title"))
    chosen = content.get("userSelectedFolders")
    if isinstance(chosen, list) and chosen and isinstance(chosen[0], str):
        found.projects[content["cliSessionId"]] = clean(chosen[0])


def add_title(found: Sidecars, session_id: Any, kind: str, title: Any) -> None:
    """Keep the better of two titles of a session."""
    if isinstance(session_id, str) and isinstance(title, str) and title.strip():
        found.titles[session_id] = max(found.titles.get(session_id, (0, "")), (TITLE_RANK[kind], clean(title)))


def dicts(value: Any) -> Iterable[dict[str, Any]]:
    """The objects of a list, whatever else is in it."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
