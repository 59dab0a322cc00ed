"""Bytes of a log go in, bytes of a damaged one come out. Every choice is drawn from a `Random`: Hypothesis has one, and so has a fuzzer.

By the name of a file: lines of JSON, one document of it, a database, or a packed file.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from random import Random
from typing import Any, TypeAlias

from tests.fuzz.trees import ODD_NUMBERS, changed, odd, tree_of, written

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["mutated", "zstd"]

Change: TypeAlias = Callable[[bytes, Random], bytes]
LARGEST = 1 << 22
"""Bytes that a file may grow to: repetitions of repetitions have no end."""
GARBAGE = (
    *(b"", b"\n", b"\r\n", b"\0", b"\0" * 300, b"{", b"}", b"[", b"]", b'{"', b'"', b",", b":", b"\\", b"\xff", b"\xef\xbb\xbf", b"\xc3"),
    *(b"null", b"[]", b"{}", b"1", b'"a"', b"not json", b"\xed\xa0\x80", b"\xf0\x9f", b"\\ud800", b"\x1a", b"\xe2\x80\xa8", b'{"type":'),
    *(b"{" * 400, b"[" * 10_000, b'{"a":' * 10_000, b"9" * 5000, b'{"a":"' + b"x" * 1000),
)


def mutated(name: str, data: bytes, random: Random) -> bytes:
    """A damaged copy of a file, by its name; one to three things in it are changed."""
    change = kind_of(name)
    for _ in range(random.choice((1, 1, 2, 3))):
        data = change(data, random)
    return data[:LARGEST]


def kind_of(name: str) -> Change:
    """How files of this name are damaged."""
    return next((change for ending, change in KINDS.items() if name.endswith(ending)), bytewise)


def bytewise(data: bytes, random: Random) -> bytes:
    """Some bytes, whatever they mean."""
    start, end = sorted((random.randrange(len(data) + 1), random.randrange(len(data) + 1)))
    end = min(end, start + random.choice((1, 4, 64, 4096)))
    return random.choice(BYTEWISE)(data, start, end, random)


def flipped(data: bytes, start: int, end: int, random: Random) -> bytes:
    """One bit."""
    del end
    return data if start == len(data) else data[:start] + bytes([data[start] ^ 1 << random.randrange(8)]) + data[start + 1 :]


BYTEWISE: tuple[Callable[[bytes, int, int, Random], bytes], ...] = (
    flipped,
    lambda data, start, end, random: data[:start] + data[end:],
    lambda data, start, end, random: data[:start],
    lambda data, start, end, random: data[start:],
    lambda data, start, end, random: data[:end] + data[start:],
    lambda data, start, end, random: data[:start] + random.choice(GARBAGE) + data[end:],
    lambda data, start, end, random: data[:start] + random.choice(GARBAGE) + data[start:],
    lambda data, start, end, random: data[:start] + bytes(end - start) + data[end:],
    lambda data, start, end, random: data[:start] + data[start:end] * random.choice((2, 3, 100)) + data[end:],
)


def of_lines(data: bytes, random: Random) -> bytes:
    """Lines of JSON: mostly one record, or what stands where among the lines."""
    lines = data.split(b"\n")
    if random.randrange(3) == 0:
        return random.choice(LINEWISE)(lines, random)
    if random.randrange(6) == 0:
        return bytewise(data, random)
    at = random.randrange(len(lines))
    lines[at] = of_json(lines[at], random)
    return b"\n".join(lines)


def of_json(data: bytes, random: Random) -> bytes:
    """One JSON text: a value in it, or some bytes of what is none."""
    tree = tree_of(data.decode("utf-8", "replace"))
    if tree is None:
        return bytewise(data, random)
    try:
        text = written(changed(tree, random), ascii_only=bool(random.randrange(2)))
    except RecursionError:  # what was wrapped and wrapped again
        return bytewise(data, random)
    return text.encode("utf-8", random.choice(("replace", "surrogatepass")))


def moved(lines: list[bytes], random: Random) -> list[bytes]:
    """A line elsewhere."""
    line = lines.pop(random.randrange(len(lines)))
    lines.insert(random.randrange(len(lines) + 1), line)
    return lines


def spliced(lines: list[bytes], random: Random) -> list[bytes]:
    """The beginning of one line with the end of another behind it."""
    one, at = random.choice(lines), random.randrange(len(lines))
    lines[at] = one[: random.randrange(len(one) + 1)] + lines[at][random.randrange(len(lines[at]) + 1) :]
    return lines


def inserted(lines: list[bytes], new: bytes, random: Random) -> list[bytes]:
    """A line more."""
    lines.insert(random.randrange(len(lines) + 1), new)
    return lines


def without(lines: list[bytes], random: Random) -> list[bytes]:
    """A line less."""
    del lines[random.randrange(len(lines))]
    return lines


def ended(lines: list[bytes], end: bytes) -> bytes:
    """Lines with another end."""
    return end.join(lines)


def long_line(random: Random) -> bytes:
    """A line that is longer than what is read at a time."""
    return b'{"type":"' + b"x" * random.choice((1000, 1 << 18, 1 << 20)) + random.choice((b'"}', b'"', b""))


LINEWISE: tuple[Callable[[list[bytes], Random], bytes], ...] = (
    lambda lines, random: ended(without(lines, random), b"\n"),
    lambda lines, random: ended(inserted(lines, random.choice(lines), random), b"\n"),
    lambda lines, random: ended(moved(lines, random), b"\n"),
    lambda lines, random: ended(lines[::-1], b"\n"),
    lambda lines, random: ended(spliced(lines, random), b"\n"),
    lambda lines, random: ended(inserted(lines, random.choice(GARBAGE), random), b"\n"),
    lambda lines, random: ended(inserted(lines, written(odd(random)).encode("utf-8", "replace"), random), b"\n"),
    lambda lines, random: ended(lines, b"\r\n"),
    lambda lines, random: ended(lines, b""),
    lambda lines, random: ended(lines, b"\n\n"),
    lambda lines, random: ended(lines, b"\r"),
    lambda lines, random: ended(lines * 2, b"\n"),
    lambda lines, random: ended(lines, b"\n").rstrip(b"\n"),
    lambda lines, random: b"\xef\xbb\xbf" + ended(lines, b"\n"),
    lambda lines, random: ended(lines, b"\n").decode("utf-8", "replace").encode("utf-16"),
    lambda lines, random: ended(inserted(lines, long_line(random), random) if random.randrange(8) == 0 else lines, b"\n"),
    lambda lines, random: ended(lines, b"\n")[: random.randrange(len(ended(lines, b"\n")) + 1)],
)


def of_document(data: bytes, random: Random) -> bytes:
    """One document: mostly a value in it."""
    return bytewise(data, random) if random.randrange(4) == 0 else of_json(data, random)


def of_packed(data: bytes, random: Random) -> bytes:
    """A packed file: what is packed in it, or its own bytes."""
    if random.randrange(3) == 0:
        return bytewise(data, random)
    try:
        plain = zstd.decompress(data)
    except zstd.ZstdError:
        return bytewise(data, random)
    return zstd.compress(of_lines(plain, random)) + (zstd.compress(b"{}\n") if random.randrange(8) == 0 else b"")


WAL = 18
"""Where the header of a database says how it is written; in memory there is no log."""


def of_database(data: bytes, random: Random) -> bytes:
    """A database: mostly some cells of a row, or a row, or a table."""
    if random.randrange(6) == 0:
        return bytewise(data, random)
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(data[:WAL] + b"\x01\x01" + data[WAL + 2 :])
            database.text_factory = bytes
            tables = [name.decode("utf-8", "replace") for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")]
            random.choice(ROWWISE)(database, random.choice(tables), random)
            database.commit()
            return with_log(bytes(database.serialize()), data)
    except (sqlite3.Error, OverflowError, ValueError, IndexError):  # a constraint, a table without rows, a damaged page
        return bytewise(data, random)


def with_log(data: bytes, like: bytes) -> bytes:
    """A database that says of its log what another one says."""
    return data[:WAL] + like[WAL : WAL + 2] + data[WAL + 2 :]


def quoted(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def columns(database: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table."""
    return [row[1].decode("utf-8", "replace") for row in database.execute(f"PRAGMA table_info({quoted(table)})")]


def changed_cell(database: sqlite3.Connection, table: str, random: Random) -> None:
    """One cell, by its meaning where it holds JSON."""
    rows = [row for (row,) in database.execute(f"SELECT rowid FROM {quoted(table)}")]  # noqa: S608 - a name of our own file
    row, column = random.choice(rows), quoted(random.choice(columns(database, table)))
    found = database.execute(f"SELECT {column} FROM {quoted(table)} WHERE rowid=?", (row,)).fetchone()  # noqa: S608
    if found is None:  # an index of a damaged file names rows that are not there
        return
    (value,) = found
    if isinstance(value, bytes) and value[:1] in {b"{", b"["} and random.randrange(8):
        new = of_json(value, random)
        fresh: Any = new.decode("utf-8", "replace") if random.randrange(4) else new
    else:
        fresh = odd_cell(value, random)
    database.execute(f"UPDATE OR IGNORE {quoted(table)} SET {column}=? WHERE rowid=?", (fresh, row))  # noqa: S608


def odd_cell(value: Any, random: Random) -> Any:
    """Something else for a cell."""
    if isinstance(value, int) and random.randrange(2):
        return random.choice((value * 1000, value // 1000, -value, value + 86_400_000, float(value), str(value)))
    return random.choice(ODD_CELLS)


ODD_CELLS: Sequence[Any] = (
    *(None, 0, -1, 2**63 - 1, -(2**63), 1.5, float("inf"), 1e300, "", "x", "\0", b"", b"\xff\xfe", "null", "[]", "{}", '{"a":', "\u2028"),
    *(number.strip('"') for number in ODD_NUMBERS),
    *("[" * 10_000, "global", "ses_none", b"{}", '{"type":"text"}', '{"role":"assistant"}', '{"type":"tool","state":null}'),
)


def changed_everywhere(database: sqlite3.Connection, table: str, random: Random) -> None:
    """One column of all rows: all times, all parents."""
    column = quoted(random.choice(columns(database, table)))
    database.execute(f"UPDATE OR IGNORE {quoted(table)} SET {column}=?", (odd_cell(1_791_194_400_000, random),))  # noqa: S608


def own_parent(database: sqlite3.Connection, table: str, random: Random) -> None:
    """A reference that leads back to its own row, or to the next."""
    names = columns(database, table)
    column = quoted(random.choice([name for name in names if name.endswith("_id")] or names))
    database.execute(f"UPDATE OR IGNORE {quoted(table)} SET {column}=id")  # noqa: S608


ROWWISE: tuple[Callable[[sqlite3.Connection, str, Random], object], ...] = (
    *([changed_cell] * 8),
    changed_everywhere,
    own_parent,
    lambda database, table, random: database.execute(
        f"DELETE FROM {quoted(table)} WHERE rowid % ? = 0",  # noqa: S608
        (random.choice((1, 2, 3)),),
    ),
    lambda database, table, random: database.execute(f"DROP TABLE {quoted(table)}"),
    lambda database, table, random: database.execute(
        f"ALTER TABLE {quoted(table)} RENAME COLUMN {quoted(random.choice(columns(database, table)))} TO no_such_column"
    ),
    lambda database, table, random: database.executescript(  # without keys and constraints, so that every row may be there twice
        f"ALTER TABLE {quoted(table)} RENAME TO held; CREATE TABLE {quoted(table)} AS SELECT * FROM held;"  # noqa: S608
        f"DROP TABLE held; INSERT INTO {quoted(table)} SELECT * FROM {quoted(table)} LIMIT {random.randrange(4)}"
    ),
)

KINDS: dict[str, Change] = {
    ".jsonl": of_lines,
    ".json": of_document,
    ".zst": of_packed,
    ".db": of_database,
}
"""End of a name -> how such a file is damaged. Anything else is bytes."""
