"""Cells of a database that hold JSON go in; records come out, and issues for what could not be read as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from sessionframe.formats.jsonl import decoder_for
from sessionframe.formats.problems import Problems
from sessionframe.formats.salvage import BLANK, REFUSED, salvage

T = TypeVar("T", bound=msgspec.Struct)


def cells(record_type: type[T], problems: Problems) -> Callable[[Any, int | None], T | None]:
    """A reader of cells: (cell, number of its row) -> record, or nothing where there is none. A cell may hold anything.

    Parameters
    ----------
    record_type
        A `msgspec.Struct` of the fields that are used, every one with a default, at every depth.
    problems
        Where issues go.
    """
    decode = decoder_for(record_type).line

    def read(cell: Any, row: int | None) -> T | None:
        try:
            record: T = decode(cell)
        except (*REFUSED, TypeError, AttributeError, UnicodeEncodeError):  # no bytes, and no text that could be some
            return saved(cell, row, record_type, problems)
        return record

    return read


def saved(cell: Any, row: int | None, record_type: type[T], problems: Problems) -> T | None:
    """The record of a cell that the fast decoder refused."""
    content = cell if isinstance(cell, bytes) else str("" if cell is None else cell).encode(errors="replace")
    if not content.strip(BLANK):
        problems.add("broken-line", "empty where a record should be", row)
        return None
    return next(salvage(content, row, record_type, problems, ended=True), None)
