"""Where Qwen Code keeps its sessions: machine -> roots -> sources, from names and first bytes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sessionframe.dialects.recording.discover import SESSION, discovered, first_bytes, listed, stat
from sessionframe.formats.files import leads_to_folder
from sessionframe.formats.smalljson import read_json
from sessionframe.formats.text import clean
from sessionframe.machine import Machine
from sessionframe.providers.contract import Found, Root, Source, unique_roots
from sessionframe.schema import IssueRow

RUNTIME, HOME = "QWEN_RUNTIME_DIR", "QWEN_HOME"
AGENT = re.compile(r"^agent-(?P<agent>.+)\.jsonl$")
FOLDER = re.compile(rb'"cwd"\s*:\s*("(?:[^"\\]|\\.)*")')
LEDGER = re.compile(r"^token-usage-\d{4}-\d{2}\.jsonl$")


def roots(machine: Machine) -> list[Root]:
    """The folder of the program, and the one that its settings or the environment move its sessions to.

    Moving the sessions leaves older ones where they were, so both places are read.
    """
    home = machine.path(HOME)
    base = Root(home, HOME) if home is not None else Root(machine.home / ".qwen", "default folder")
    found = [base]
    runtime = machine.path(RUNTIME)
    if runtime is not None:
        found.append(Root(runtime, RUNTIME))
    moved = moved_to(base.path)
    if moved is not None:
        found.append(Root(machine.expand(moved), f"advanced.runtimeOutputDir in {base.path / 'settings.json'}"))
    return unique_roots(found)


def moved_to(base: Path) -> str | None:
    """The folder for sessions that the settings name."""
    settings = read_json(base / "settings.json")
    advanced = settings.get("advanced") if isinstance(settings, dict) else None
    folder = advanced.get("runtimeOutputDir") if isinstance(advanced, dict) else None
    return folder if isinstance(folder, str) and folder.strip() and "\0" not in folder else None


def discover(root: Root) -> Found:
    """The logs under a root: sessions, sub-agents, ledgers, and the recordings of the first versions."""
    issues: list[IssueRow] = []
    sources = [*logs(root, issues), *ledgers(root, issues), *legacy(root, issues)]
    return Found(sorted(sources, key=lambda each: each.path), issues)


def logs(root: Root, issues: list[IssueRow]) -> Iterator[Source]:
    """``projects/<project>/chats/<session>.jsonl`` and ``projects/<project>/subagents/<session>/agent-<id>.jsonl``."""
    for project in listed(root.path / "projects", issues):
        for entry in listed(Path(project.path, "chats"), issues):
            if entry.name.endswith(".jsonl") and is_file(entry, issues):
                session_id, folder = first_words(entry.path)
                session_id = session_id or entry.name.removesuffix(".jsonl")
                yield replace(made(root, entry, "main", (session_id, session_id)), facts={"cwd": folder})
        for session in listed(Path(project.path, "subagents"), issues):
            beside = listed(Path(session.path), issues) if leads_to_folder(session) else []
            metas = {entry.name for entry in beside if entry.name.endswith(".meta.json")}
            for entry in beside:
                match = AGENT.match(entry.name)
                if match and is_file(entry, issues):
                    meta = f"agent-{match['agent']}.meta.json"
                    companions = (os.path.join(session.path, meta),) if meta in metas else ()  # noqa: PTH118 - a hot loop
                    yield made(root, entry, "subagent", (f"{session.name}/{match['agent']}", session.name), companions)


def first_words(path: str) -> tuple[str, str | None]:
    """The session and the folder that the first line of a log names: both stand at its beginning, before any text."""
    beginning = first_bytes(path).partition(b"\n")[0]
    session, folder = SESSION.search(beginning), FOLDER.search(beginning)
    return session[1].decode("utf-8", "replace") if session else "", text_of(folder[1]) if folder else None


def text_of(literal: bytes) -> str | None:
    """A JSON text in quotes as text; nothing when it is damaged."""
    try:
        return clean(json.loads(literal))
    except ValueError:
        return None


def ledgers(root: Root, issues: list[IssueRow]) -> Iterator[Source]:
    """``usage/token-usage-<month>.jsonl`` and ``usage_record.jsonl``."""
    for entry in listed(root.path / "usage", issues):
        if LEDGER.match(entry.name) and is_file(entry, issues):
            yield made(root, entry, "ledger")
    for entry in listed(root.path, issues):
        if entry.name == "usage_record.jsonl" and is_file(entry, issues):
            yield made(root, entry, "finished")


def legacy(root: Root, issues: list[IssueRow]) -> Iterator[Source]:
    """``tmp/<hash>/chats/session-*.json``, as the program it was forked from wrote them."""
    for found in discovered(root.path / "tmp", issues):
        yield Source(found.path, "recording", found.size, found.mtime_ns, found.session_id, found.session_id, root=str(root.path))


def made(root: Root, entry: os.DirEntry[str], kind: str, ids: tuple[str, str] = ("", ""), companions: tuple[str, ...] = ()) -> Source:
    """A source."""
    size, mtime_ns = stat(entry)
    return Source(entry.path, kind, size, mtime_ns, *ids, companions, str(root.path))


def is_file(entry: os.DirEntry[str], issues: list[IssueRow]) -> bool:
    """Whether an entry that is named like a log can be one; a folder is reported."""
    if leads_to_folder(entry):
        issues.append(IssueRow(source=clean(entry.path), kind="unreadable", detail="a folder, not a log"))
        return False
    return True


def remains(root: Root) -> str | None:
    """Folders of projects that hold no session any more."""
    left = next((root.path / "projects").glob("*/chats"), None)
    return f"{left} holds no session" if left is not None else None
