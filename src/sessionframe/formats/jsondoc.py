"""A file that is one JSON document goes in; a record comes out, and issues for what could not be read as it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar

import msgspec

from sessionframe.formats.jsonl import open_bytes
from sessionframe.formats.lenient import build, plan_for
from sessionframe.formats.problems import Problems
from sessionframe.formats.salvage import BLANK, BYTE_ORDER_MARK, REFUSED, cleaned, whole

T = TypeVar("T", bound=msgspec.Struct)
PARSER: Final = json.JSONDecoder(strict=False, parse_int=whole)


def document(path: str | os.PathLike[str], record_type: type[T], problems: Problems) -> T | None:
    """Read one document.

    Parameters
    ----------
    path
        The file. One that cannot be read is an `unreadable` issue.
    record_type
        A `msgspec.Struct` of the fields that are used, every one with a default, at every depth.
    problems
        Where issues go.

    Returns
    -------
    T or None
        The record; nothing when there is none in the file. Every text in it can be encoded as UTF-8.
    """
    try:
        with open_bytes(path) as file:
            content = file.read()
    except OSError as error:
        problems.add("unreadable", error.strerror or str(error))
        return None
    return decoded(content, record_type, problems)


def decoded(content: bytes, record_type: type[T], problems: Problems, line: int | None = None) -> T | None:
    """Decode the text of one document, from a file or from a cell of a database.

    Parameters
    ----------
    content
        The text.
    record_type, problems
        As in `document`.
    line
        Number of the row, for the issues.
    """
    try:
        record: T = decoder_for(record_type)(content)
    except REFUSED:
        return mended(content, record_type, problems, line)
    return record


def cells(record_type: type[T], problems: Problems) -> Callable[[Any, int | None], T | None]:
    """`decoded` for the cells of a database, one after the other: (cell, number of its row) -> record. A cell may hold anything."""
    decode = decoder_for(record_type)

    def read(cell: Any, line: int | None) -> T | None:
        try:
            record: T = decode(cell)
        except (*REFUSED, TypeError):
            return decoded(cell if isinstance(cell, bytes) else str(cell or "").encode(errors="replace"), record_type, problems, line)
        return record

    return read


@cache
def decoder_for(record_type: type[T]) -> Callable[[bytes], T]:
    """The fast decoder of a record type, made once; one that keeps undecoded text looks through it first."""
    decode = msgspec.json.Decoder(record_type).decode

    def decode_checked(content: bytes) -> T:
        if not content.isascii():
            str(content, "utf-8")
        return decode(content)

    return decode_checked if plan_for(record_type).holds_raw else decode


def mended(content: bytes, record_type: type[T], problems: Problems, line: int | None) -> T | None:
    """The record of a document that the fast decoder refused; a document that was torn off is lost as a whole."""
    if not content.strip(BLANK + b"\x00" + BYTE_ORDER_MARK):
        problems.add("broken-line", "empty, or NUL bytes and nothing else: a write that a crash lost", line)
        return None
    text, repairs = cleaned(content)
    try:
        value: Any = PARSER.decode(text)
    except (ValueError, RecursionError) as error:
        problems.add("broken-line", f"not JSON: {getattr(error, 'msg', 'nested too deeply')}; it is left out", line)
        return None
    if not isinstance(value, dict):
        problems.add("not-a-record", "no object where a record should be", line)
        return None
    if repairs:
        problems.add("repaired", "; ".join(repairs), line)
    try:
        return build(record_type, value, problems, line)
    except RecursionError:
        problems.add("broken-line", "nested too deeply", line)
        return None
