"""A JSON-lines file goes in; (line number, decoded record) pairs come out, and issues for what could not be read as it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, BinaryIO, Final, Generic, NamedTuple, TypeAlias, TypeVar

import msgspec

from sessionframe.formats.lenient import plan_for
from sessionframe.formats.problems import Problems
from sessionframe.formats.salvage import REFUSED, salvage

T = TypeVar("T", bound=msgspec.Struct)
Decode: TypeAlias = Callable[[bytes | memoryview], Any]

BLOCK_BYTES: Final = 1 << 20


class Lines(NamedTuple):
    """Whole lines: the part of a block from `start` to `end`. Only the last one of a file may lack its line feed."""

    block: bytes
    start: int
    end: int


class Reading(NamedTuple, Generic[T]):
    """How the lines of one file are read: the type, its decoder, whether it keeps undecoded JSON text, and where issues go."""

    record_type: type[T]
    decode: Decode
    holds_raw: bool
    problems: Problems

    def decoder_for(self, lines: Lines) -> Decode:
        """The decoder for some lines. It passes over text that it does not decode; that must be made sure to be UTF-8 elsewhere."""
        if self.holds_raw and not is_utf8(memoryview(lines.block)[lines.start : lines.end]):
            return self.decode_checked
        return self.decode

    def decode_checked(self, line: bytes | memoryview) -> Any:
        """Decode a line, or raise when any of it is not UTF-8."""
        str(line, "utf-8")
        return self.decode(line)

    def salvage(self, line: bytes, number: int, *, ended: bool) -> Iterator[T]:
        """What is left of a line that the decoder refuses."""
        return salvage(line, number, self.record_type, self.problems, ended=ended)


def records(
    path: str | os.PathLike[str],
    record_type: type[T],
    problems: Problems,
    containing: bytes | None = None,
    *,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[tuple[int, T]]:
    """Stream the records of a JSON-lines file, in its order, in memory of a block and a small multiple of the longest line.

    Parameters
    ----------
    path
        The file. One that cannot be read is an `unreadable` issue.
    record_type
        A `msgspec.Struct` of the fields that are used, every one with a default, at every depth. Whole numbers need limits
        (`msgspec.Meta`) where more than 64 bits would do harm.
    problems
        Where issues go.
    containing
        Lines without these bytes cannot matter and are skipped unread, broken ones included. Choose what every writer of such a line
        writes the same way: a key in its quotes, without the colon, which may have blanks around it.
    block_bytes
        How much to read at a time.

    Yields
    ------
    tuple[int, T]
        Line number, counted from 1, and the record. Every text in it can be encoded as UTF-8. Records that were glued together share a
        number.

    Raises
    ------
    TypeError
        `record_type` is one that cannot be filled leniently. Nothing that the file holds raises.
    ValueError
        `containing` is empty or spans lines.
    """
    reading = Reading(record_type, decoder(record_type), plan_for(record_type).holds_raw, problems)
    blocks = whole_lines(path, problems, block_bytes)
    if containing is None:
        return every_line(blocks, reading)
    if not containing or b"\n" in containing:
        raise ValueError(f"containing={containing!r} must be bytes within a line")
    return lines_with(containing, blocks, reading)


@cache
def decoder(record_type: type[msgspec.Struct]) -> Decode:
    """The decoder of a record type, made once."""
    return msgspec.json.Decoder(record_type).decode


def every_line(blocks: Iterator[Lines], reading: Reading[T]) -> Iterator[tuple[int, T]]:
    """The records of all lines."""
    number = 0
    for lines in blocks:
        decode = reading.decoder_for(lines)
        block, start, end = lines
        view, find = memoryview(block), block.find
        while start < end:
            number += 1
            feed = find(b"\n", start, end)
            stop = end if feed < 0 else feed
            try:
                record = decode(view[start:stop])
            except REFUSED:
                for record in reading.salvage(block[start:stop], number, ended=feed >= 0):
                    yield number, record
            else:
                yield number, record
            start = stop + 1


def lines_with(needle: bytes, blocks: Iterator[Lines], reading: Reading[T]) -> Iterator[tuple[int, T]]:
    """The records of the lines that hold some bytes.

    The bytes are searched in the whole block, and the ends of the line around them: most of a log is never split into lines.
    """
    passed = 0  # line feeds before `start`
    for lines in blocks:
        decode = reading.decoder_for(lines)
        block, start, end = lines
        view, find, rfind, count = memoryview(block), block.find, block.rfind, block.count
        while (hit := find(needle, start, end)) >= 0:
            first = rfind(b"\n", start, hit) + 1 or start
            feed = find(b"\n", hit, end)
            stop = end if feed < 0 else feed
            passed += count(b"\n", start, first)
            try:
                record = decode(view[first:stop])
            except REFUSED:
                for record in reading.salvage(block[first:stop], passed + 1, ended=feed >= 0):
                    yield passed + 1, record
            else:
                yield passed + 1, record
            start = stop
        passed += count(b"\n", start, end)


def whole_lines(path: str | os.PathLike[str], problems: Problems, block_bytes: int) -> Iterator[Lines]:
    """Read a file in blocks and pass on whole lines, without copying more than the one line that lies across a border."""
    pieces: list[bytes] = []  # the line that the blocks so far have begun
    try:
        with open_bytes(path) as file:
            while block := file.read(block_bytes):
                end = block.rfind(b"\n") + 1
                start = 0
                if pieces and end:
                    start = block.find(b"\n") + 1
                    line = b"".join([*pieces, block[:start]])
                    pieces.clear()
                    yield Lines(line, 0, len(line))
                if start < end:
                    yield Lines(block, start, end)
                if end < len(block):
                    pieces.append(block[end:])
    except OSError as error:
        problems.add("unreadable", error.strerror or str(error))
    if pieces:
        line = b"".join(pieces)
        pieces.clear()
        yield Lines(line, 0, len(line))


def open_bytes(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading. Raises `OSError` for what is no regular file: reading a pipe would wait for ever."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(0, "not a regular file", os.fspath(path))
    return open(path, "rb", buffering=0)  # type: ignore[return-value]  # a raw file has all of BinaryIO that is used


def is_utf8(data: memoryview) -> bool:
    """Whether bytes are UTF-8."""
    try:
        str(data, "utf-8")
    except UnicodeDecodeError:
        return False
    return True
