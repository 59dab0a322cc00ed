"""A folder with one folder of recordings per project -> the recordings, by names and first bytes alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sessionframe.formats.files import leads_to_folder, open_bytes
from sessionframe.formats.text import clean
from sessionframe.schema import IssueRow

CHATS = "chats"
MAIN = re.compile(r"^session-.+\.jsonl?$", re.DOTALL)
ANY = re.compile(r"^.+\.jsonl?$", re.DOTALL)
RESCUED = re.compile(r"^session-.+\.jsonl\.unreadable-\d+$")
"""A copy that the program set aside because it could not read it all; its messages keep their ids, so nothing counts twice."""
FIRST_BYTES = 4096
SESSION = re.compile(rb'"sessionId"\s*:\s*"([^"\\]{1,200})"')
SIDE = re.compile(rb'"kind"\s*:\s*"subagent"')


class Recording(NamedTuple):
    """A file, what it names as its session, whether it is a sub-agent's, and the session whose folder it lies in, if any."""

    path: str
    session_id: str
    is_side: bool
    parent: str | None
    size: int | None
    mtime_ns: int | None


def discovered(folder: Path, issues: list[IssueRow]) -> Iterator[Recording]:
    """The recordings below ``<folder>/<project>/chats``: sessions, and one folder deeper the sub-agents of a session."""
    for project in listed(folder, issues):
        if leads_to_folder(project) and not leads_back(project, folder):
            chats = Path(project.path, CHATS)
            for entry in listed(chats, issues):
                if not leads_to_folder(entry):
                    yield from found([entry], MAIN, None, issues)
                elif not leads_back(entry, chats):
                    yield from found(listed(Path(entry.path), issues), ANY, entry.name, issues)


def leads_back(entry: os.DirEntry[str], folder: Path) -> bool:
    """Whether an entry of a folder is a link to the folder or into it, where everything is found anyway."""
    return entry.is_symlink() and Path(os.path.realpath(entry.path)).is_relative_to(os.path.realpath(folder))


def found(entries: list[os.DirEntry[str]], names: re.Pattern[str], parent: str | None, issues: list[IssueRow]) -> Iterator[Recording]:
    """The recordings among the entries of a folder."""
    for entry in entries:
        if not (names.match(entry.name) or RESCUED.match(entry.name)):
            continue
        if leads_to_folder(entry):
            issues.append(IssueRow(source=clean(entry.path), kind="unreadable", detail="a folder, not a recording"))
            continue
        session_id, is_side = first_words(entry.path)
        size, mtime_ns = stat(entry)
        yield Recording(entry.path, session_id, is_side or parent is not None, parent, size, mtime_ns)


def first_bytes(path: str) -> bytes:
    """The beginning of a file; nothing when it cannot be read, which parsing will report."""
    try:
        with open_bytes(path) as file:
            return file.read(FIRST_BYTES)
    except OSError:
        return b""


def first_words(path: str) -> tuple[str, bool]:
    """The session that a file names in its first bytes, and whether it calls itself a sub-agent's."""
    beginning = first_bytes(path)
    own = beginning.partition(b'"messages"')[0] if path.endswith(".json") else beginning.partition(b"\n")[0]
    match = SESSION.search(own)
    return (match[1].decode("utf-8", "replace") if match else ""), SIDE.search(own) is not None


def listed(folder: Path, issues: list[IssueRow]) -> list[os.DirEntry[str]]:
    """What is in a folder, by name; nothing where there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        issues.append(IssueRow(source=clean(str(folder)), kind="unreadable", detail=f"folder cannot be listed: {error.strerror}"))
        return []


def stat(entry: os.DirEntry[str]) -> tuple[int | None, int | None]:
    """Size and time of a file; nothing when the file system does not answer."""
    try:
        status = entry.stat()
    except OSError:
        return None, None
    return status.st_size, status.st_mtime_ns
