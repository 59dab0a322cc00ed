"""Where Gemini CLI keeps its sessions: machine -> root -> sources, from names and first bytes."""

from __future__ import annotations

from pathlib import Path

from sessionframe.dialects.recording.discover import Recording, discovered
from sessionframe.formats.smalljson import read_json
from sessionframe.machine import Machine
from sessionframe.providers.contract import Found, Root, Source
from sessionframe.schema import IssueRow

HOME = "GEMINI_CLI_HOME"
"""Names the folder that takes the place of the home folder, since 0.25; not the `.gemini` folder itself."""
DEFAULT_RETENTION = "30 days (the default since 0.33)"


def roots(machine: Machine) -> list[Root]:
    """One folder, the same on all operating systems."""
    given = machine.path(HOME)
    if given is not None:
        return [Root(given / ".gemini", HOME)]
    return [Root(machine.home / ".gemini", "default folder")]


def discover(root: Root) -> Found:
    """The recordings under a root. Everything else in it is other data: inputs, checkpoints, spilled tool output, Antigravity."""
    issues: list[IssueRow] = []
    sources = [source(root, found) for found in discovered(root.path / "tmp", issues)]
    return Found(sorted(sources, key=lambda each: each.path), issues)


def source(root: Root, found: Recording) -> Source:
    """A recording with the thread that it is."""
    session_id, root_session_id = identity(found.path, found.session_id, found.parent, is_side=found.is_side)
    kind = "subagent" if found.is_side else "main"
    return Source(found.path, kind, found.size, found.mtime_ns, session_id, root_session_id, root=str(root.path))


def identity(path: str, session_id: str, parent: str | None, *, is_side: bool) -> tuple[str, str]:
    """Session and root session of a recording.

    A sub-agent's file lies in a folder named after its parent's session (since 0.37); from 0.31 to 0.36 it lay beside the sessions and
    carried the session id of its parent, so only its own file name tells two of them apart.
    """
    if not is_side:
        return session_id, session_id
    stem = Path(path).name.partition(".json")[0]
    return (f"{parent}/{session_id or stem}", parent) if parent is not None else (f"{session_id}/{stem}", session_id)


def retention(machine: Machine) -> str | None:
    """How long Gemini CLI keeps sessions: `general.sessionRetention.maxAge` of settings.json, 30 days by default."""
    for root in roots(machine):
        settings = read_json(root.path / "settings.json")
        general = settings.get("general") if isinstance(settings, dict) else None
        kept = general.get("sessionRetention") if isinstance(general, dict) else None
        if isinstance(kept, dict) and kept.get("enabled") is False:
            return f"for ever (sessionRetention in {root.path / 'settings.json'})"
        if isinstance(kept, dict) and kept.get("maxAge"):
            return f"{kept['maxAge']} (sessionRetention.maxAge in {root.path / 'settings.json'})"
    return DEFAULT_RETENTION


def remains(root: Root) -> str | None:
    """The lists of typed prompts, which cleaning up spares."""
    left = next((root.path / "tmp").glob("*/logs.json"), None)
    return f"{left} lists prompts that were typed" if left is not None else None
