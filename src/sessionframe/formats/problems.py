"""What was wrong with one source goes in, case by case; rows of the `issues` table come out, never more than a bounded number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sessionframe.schema import IssueKind, IssueRow

PER_LINE: Final[frozenset[IssueKind]] = frozenset({"broken-line", "cut-off", "not-a-record", "repaired", "bad-value"})
"""Kinds that concern one line of a file: each line has its own row, so that it can be looked up."""

MOST_LINES: Final = 1000
"""Rows of one kind in `PER_LINE` that one source may have, before the rest is only counted."""

MOST_DETAILS: Final = 100
"""Distinct details of any other kind that one source may have, before the rest is only counted."""

MOST_CHARS: Final = 300
"""Of a detail: it can quote the name of a type or a model, which a file may have of any length."""

FURTHER: Final = "further cases of this kind, not listed one by one"


class Problems:
    """Issues of one source.

    Lines that could not be read as they are keep a row each; everything else is one row per kind and detail, with the first line and
    the number of cases. Beyond `MOST_LINES` and `MOST_DETAILS` rows of a kind, the rest of that kind is counted in one row more: a
    file of nothing but garbage takes no more memory than any other.

    Parameters
    ----------
    source
        Path of the file, as the `source` column shows it.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._rows: dict[tuple[IssueKind, str, int | None], IssueRow] = {}
        self._listed: dict[IssueKind, int] = {}

    def add(self, kind: IssueKind, detail: str, line: int | None = None, count: int = 1) -> None:
        """Note that something was wrong.

        Parameters
        ----------
        kind
            What is wrong.
        detail
            What was found and what was done about it, without text of the conversation.
        line
            Line number, counted from 1; null when it concerns the whole source.
        count
            How many cases this stands for.
        """
        detail = detail if len(detail) <= MOST_CHARS else f"{detail[:MOST_CHARS]}..."
        key = (kind, detail, line if kind in PER_LINE else None)
        if key not in self._rows and not self._has_room(kind):
            key = (kind, FURTHER, None)
        row = self._rows.get(key)
        if row is None:
            self._rows[key] = IssueRow(source=self.source, line=line, kind=kind, detail=key[1], count=count)
            self._listed[kind] = self._listed.get(kind, 0) + 1
            return
        row.count += count
        if line is not None and (row.line is None or line < row.line):
            row.line = line

    @property
    def state(self) -> list[IssueRow]:
        """What must be known to go on."""
        return list(self._rows.values())

    def go_on(self, state: Iterable[IssueRow]) -> None:
        """Be as it was when it gave this state."""
        for row in state:
            detail = row.detail or ""
            self._rows[row.kind, detail, row.line if row.kind in PER_LINE and detail != FURTHER else None] = row
            self._listed[row.kind] = self._listed.get(row.kind, 0) + 1

    def rows(self) -> list[IssueRow]:
        """The issues, by first line (those of the whole source first), then in the order they were noted."""
        return sorted(self._rows.values(), key=lambda row: row.line or 0)

    def _has_room(self, kind: IssueKind) -> bool:
        return self._listed.get(kind, 0) < (MOST_LINES if kind in PER_LINE else MOST_DETAILS)
