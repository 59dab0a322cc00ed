"""The records of one source that state what a request used go in, case by case; what became of each comes out."""

from __future__ import annotations

from collections.abc import Iterable

from sessionframe.schema import TOTAL_TOKEN_COLUMNS, Fate, StatementRow, UsageRow


class Statements:
    """What became of the records of one source that state what a request used.

    Parameters
    ----------
    source
        Path of the file, as the `source` column shows it.

    Attributes
    ----------
    wanted
        Somebody asked for them; nothing is noted otherwise, because every record is one.
    """

    def __init__(self, source: str, *, wanted: bool) -> None:
        self.wanted = wanted
        self._source = source
        self._rows: list[StatementRow] = []
        self._waiting: dict[object, list[StatementRow]] = {}

    def add(self, fate: Fate, line: int | None, *, source: str | None = None, request: str | None = None, **told: int | str | None) -> None:
        """Note a record whose fate is known; `told` are the other columns of `StatementRow`."""
        if self.wanted:
            self._rows.append(StatementRow(source=source or self._source, line=line, fate=fate, request=request, **told))  # type: ignore[arg-type]

    def wait(self, group: object, line: int | None, **told: int | str | None) -> None:
        """Note a record of a group of which one will be counted; `counted` tells which."""
        if self.wanted:
            row = StatementRow(source=self._source, line=line, fate="same-request", **told)  # type: ignore[arg-type]
            self._waiting.setdefault(group, []).append(row)

    def counted(self, row: UsageRow, group: object = None, *, stated: int | None = None, counter: int | None = None) -> None:
        """Note the request that a record, or one record of a group, became."""
        if not self.wanted:
            return
        rows = self._waiting.pop(group, None)
        if rows is None:
            self._rows.append(
                StatementRow(
                    source=row.source,
                    line=row.line,
                    at=row.at,
                    model=row.model,
                    tokens=all_tokens(row),
                    stated_tokens=stated,
                    counter_tokens=counter,
                    fate="counted",
                    request=row.dedup_key,
                )
            )
            return
        for each in rows:
            each.request = row.dedup_key
        next(each for each in reversed(rows) if each.line == row.line).fate = "counted"
        self._rows += rows

    def rows(self) -> list[StatementRow]:
        """What was noted, in the order in which it was decided."""
        return self._rows


def all_tokens(row: UsageRow) -> int | None:
    """All tokens of a request, as far as they are known; null when none is."""
    return sum_of_known(getattr(row, name) for name in TOTAL_TOKEN_COLUMNS)


def sum_of_known(counts: Iterable[int | None]) -> int | None:
    """The sum of what is known; null when nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
