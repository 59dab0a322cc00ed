"""One session of the first program, written in TypeScript: a JSON document goes in, its session line and items come out."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sessionframe.formats.files import open_bytes
from sessionframe.formats.originals import Original, Place, of_file
from sessionframe.formats.problems import Problems
from sessionframe.formats.salvage import REFUSED, salvage
from sessionframe.providers.codex.records import Document, Record

document_decoder = msgspec.json.Decoder(Document)


def originals(place: Place) -> Iterator[Original]:
    """The records of a row: lines of a rollout, or items of such a document."""
    return of_file(place, elements="items")


def document_records(path: str, problems: Problems) -> Iterator[tuple[int, Record]]:
    """The items of a document as if each were a line, numbered from 1; the session itself is line 0.

    The program wrote the whole document anew with each message, so a broken one has no part that is complete.
    """
    try:
        with open_bytes(path) as file:
            text = file.read()
    except OSError as error:
        problems.add("unreadable", error.strerror or str(error))
        return
    try:
        documents = [document_decoder.decode(text)]
        str(text, "utf-8")  # fields that are kept as JSON text must be text
    except REFUSED:
        documents = list(salvage(text.replace(b"\n", b" "), 1, Document, problems, ended=True))
    for document in documents:
        if document.session is None and not document.items:
            problems.add("unknown-record", "a document without session and items")
            continue
        if document.session is not None:
            yield 0, as_record(document.session)
        for number, item in enumerate(document.items or (), 1):
            yield number, as_record(item)


def as_record(payload: msgspec.Struct) -> Record:
    """A bare payload as a line."""
    return Record(**{name: getattr(payload, name) for name in payload.__struct_fields__})
