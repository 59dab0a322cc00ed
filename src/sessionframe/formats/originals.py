"""The place of a row goes in; the records that it was made of come out, as they stand in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from sessionframe.formats.document import RawElements
from sessionframe.formats.jsonl import BLOCK_BYTES, whole_lines
from sessionframe.formats.problems import Problems
from sessionframe.formats.rawlines import RawLines


class Place(NamedTuple):
    """Where a row says that it comes from.

    Attributes
    ----------
    source, line
        File, and line number, position in the list of a document, or row id.
    ids
        What the vendor or the agent calls the request and its message: other records of the same file with one of them tell of it too.
    """

    source: str
    line: int | None
    ids: tuple[str, ...] = ()


class Original(NamedTuple):
    """A record as it stands in its file.

    Attributes
    ----------
    source, line
        As in `Place`.
    text
        The record.
    is_told
        The row names this very record; the others tell of the same request.
    """

    source: str
    line: int | None
    text: str
    is_told: bool


def of_file(place: Place, *, elements: str = "messages") -> Iterator[Original]:
    """The records of a file of lines, or of a JSON document.

    Parameters
    ----------
    place
        The row.
    elements
        The list of a document that holds its records.
    """
    if place.source.endswith(".json"):
        text = RawElements(place.source, elements).at(place.line) if place.line else None
        if text is not None:
            yield Original(place.source, place.line, text, is_told=True)
        return
    numbers = set(lines_with(place.source, place.ids)) | ({place.line} if place.line else set())
    with closing(RawLines(place.source)) as lines:
        for number in sorted(numbers):
            text = lines.at(number)
            if text is not None:
                yield Original(place.source, number, text, is_told=number == place.line)


def lines_with(path: str, ids: tuple[str, ...]) -> Iterator[int]:
    """Numbers of the lines that hold one of these texts, as JSON writes a text with its quotes."""
    if not ids:
        return
    wanted = [json.dumps(each, ensure_ascii=escaped).encode("utf-8", "surrogatepass") for each in ids for escaped in (True, False)]
    for number, line in enumerate(lines_of(path), 1):
        if any(each in line for each in wanted):
            yield number


def lines_of(path: str) -> Iterator[bytes]:
    """The lines of a file, undecoded; none where it cannot be read."""
    for block, start, end in whole_lines(path, Problems(path), BLOCK_BYTES):
        yield from bytes(memoryview(block)[start:end]).removesuffix(b"\n").split(b"\n")
