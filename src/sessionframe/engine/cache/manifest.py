"""What is kept of the sources of one agent: which rows of which files belong to which source, and what they were made of."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from sessionframe.providers.contract import Lineage


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Neighbouring rows of one table of a segment.

    Attributes
    ----------
    segment
        Name of the segment.
    start, length
        The rows.
    """

    segment: str
    start: int
    length: int


Spans: TypeAlias = dict[str, list[Span]]
"""Table -> where rows of it lie, in their order."""
STATES = "states"
"""A table of its own beside those of rows: what providers need to go on."""


class Checked(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A checkpoint whose state lies in the table `STATES`."""

    offset: int
    lines: int
    fingerprint: bytes


class Entry(msgspec.Struct, array_like=True):
    """What is kept of one source.

    Attributes
    ----------
    path, part
        The source.
    file, beside, is_sure
        What it looked like from outside: see `identity.Stamp`.
    basis
        Digest of what was prepared for it.
    folds
        Working directory -> repository.
    settled, rest
        Its rows: those before the checkpoint, and the others. The rest has its state, too.
    lineage
        Evidence of its being a copy or an original.
    checkpoint
        Where reading can go on when it grows.
    """

    path: str
    part: str
    file: bytes
    beside: bytes
    is_sure: bool
    basis: bytes
    folds: dict[str, str]
    settled: Spans
    rest: Spans
    lineage: Lineage | None = None
    checkpoint: Checked | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells sources apart."""
        return self.path, self.part

    @property
    def spans(self) -> Spans:
        """Everything that is kept of it."""
        return sum_of(self.settled, self.rest)

    @property
    def spans_of_rows(self) -> Spans:
        """All its rows."""
        return {table: spans for table, spans in self.spans.items() if table != STATES}


class Manifest(msgspec.Struct, array_like=True):
    """Everything that is kept of one agent on one machine, at one depth of reading.

    Attributes
    ----------
    segments
        Segment -> table -> number of rows. Each table of a segment is a file.
    entries
        What is kept of each source.
    """

    segments: dict[str, dict[str, int]] = {}
    entries: list[Entry] = []


encoder = msgspec.msgpack.Encoder()
decoder = msgspec.msgpack.Decoder(Manifest)


def encoded(manifest: Manifest) -> bytes:
    """A manifest as bytes."""
    return encoder.encode(manifest)


def decoded(content: bytes) -> Manifest:
    """A manifest of bytes; an empty one when they are none."""
    try:
        return decoder.decode(content)
    except msgspec.MsgspecError:
        return Manifest()


def sum_of(*parts: Spans) -> Spans:
    """Spans after each other."""
    total: Spans = {}
    for spans in parts:
        for table, each in spans.items():
            total.setdefault(table, []).extend(each)
    return total
