"""The trees of JSON files of versions up to 1.1 -> one session with its messages. They stay in place when a database takes over."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from sessionframe.formats.document import content, document
from sessionframe.formats.problems import Problems
from sessionframe.providers.contract import Source, Want
from sessionframe.providers.opencode.entries import Entry, Numbered
from sessionframe.providers.opencode.forks import Candidate, fingerprint, original
from sessionframe.providers.opencode.locations import OLD_TREE, listed
from sessionframe.providers.opencode.records import LightMessage, Message, Part, Step
from sessionframe.providers.opencode.sessions import G1, G2
from sessionframe.schema import IssueRow


class Tree:
    """Reads one session of a tree.

    Parameters
    ----------
    source, want
        The session, and how much of it.

    Attributes
    ----------
    problems
        What could not be read, file by file.
    """

    def __init__(self, source: Source, want: Want) -> None:
        self._messages = Path(source.facts["messages"])
        self._parts = Path(source.facts["parts"])
        self._layout = G1 if source.kind == OLD_TREE else G2
        self._want = want
        self.problems: list[Problems] = []

    def entries(self) -> Iterator[Entry]:
        """The messages, in the order of their ids, which is that of time."""
        record_type = LightMessage if self._want.only_usage else Message
        for name in self._names(self._messages):
            if not name.endswith(".json"):
                continue
            path = self._messages / name
            record = document(path, record_type, self._problems_of(path))
            if record is not None:
                message_id = name.removesuffix(".json")
                counted_as, copied = original(message_id, record, record.role, self._near)
                parts = list(self._parts_of(message_id, record))
                raw = self._raw(path)
                yield Entry(message_id, counted_as, copied, self._layout, str(path), None, record, parts, raw)

    def _parts_of(self, message_id: str, message: LightMessage) -> Iterator[Numbered]:
        if self._want.only_usage and message.role != "assistant":
            return
        folder = self._parts / message_id
        for name in self._names(folder):
            if name.endswith(".json"):
                path = folder / name
                part = document(path, Step if self._want.only_usage else Part, self._problems_of(path))
                if part is not None:
                    yield Numbered(name.removesuffix(".json"), part)

    def _names(self, folder: Path) -> list[str]:
        """The names in a folder; one that may not be listed is reported, because what is missing then is tokens."""
        issues: list[IssueRow] = []
        names = listed(folder, issues)
        for issue in issues:
            self._problems_of(folder).add(issue.kind, issue.detail or "")
        return names

    def _raw(self, path: Path) -> str | None:
        """The text of a file, where it is asked for and still there."""
        data = content(path, self._problems_of(path)) if self._want.raw else None
        return None if data is None else str(data, "utf-8", "replace")

    def _problems_of(self, path: Path) -> Problems:
        """Where issues of a file go; kept only for as long as there are none."""
        if not self.problems or self.problems[-1].rows():
            self.problems.append(Problems(str(path)))
        self.problems[-1].source = str(path)
        return self.problems[-1]

    def _near(self, first: str, last: str) -> Iterator[Candidate]:
        """Messages of any session of the tree by their ids, which are names of files."""
        for message_id, path in self._all_messages.items():
            if first <= message_id < last:
                record = document(path, LightMessage, Problems(str(path)))
                if record is not None:
                    yield Candidate(message_id, fingerprint(record, record.role))

    @cached_property
    def _all_messages(self) -> dict[str, Path]:
        """Id -> file of every message of the tree; listed only when a fork is met."""
        sessions = (self._messages.parent / session for session in listed(self._messages.parent))
        return {name.removesuffix(".json"): session / name for session in sessions for name in listed(session)}
