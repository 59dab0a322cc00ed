"""What is fuzzed: by name, where to begin, how to go on, and what must hold of any bytes. Used by the tests, the finds and the fuzzer."""

from __future__ import annotations

import atexit
import json
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random

import msgspec

from sessionframe.formats.cells import cells
from sessionframe.formats.clock import END, instant
from sessionframe.formats.document import Elements, RawElements, document
from sessionframe.formats.jsonl import records, unfinished
from sessionframe.formats.position import Position, position_again
from sessionframe.formats.problems import Problems
from sessionframe.formats.rawlines import RawLines
from sessionframe.formats.smalljson import read_json
from sessionframe.formats.sqlite import Database
from sessionframe.formats.zstd import Unpacked
from tests.contract.samples import builtin, files, samples
from tests.formats.lines import RawRecord, Record
from tests.fuzz.checks import rows_are_sound, sessions_can_be_read, tables_are_sound
from tests.fuzz.mutations import mutated, zstd

MEMORY = Path("/dev/shm")  # noqa: S108 - where there is one, files in memory
SQL = b"-- sql"
SELDOM = 32
"""One of so many inputs is also made into tables and sessions, which takes twenty times as long as reading it."""


@dataclass(frozen=True)
class Target:
    """One thing that is fuzzed.

    Attributes
    ----------
    check
        Bytes -> nothing, unless something raises.
    seeds
        Bytes to begin with.
    mutate
        Bytes -> other ones.
    """

    check: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]
    mutate: Callable[[bytes, Random], bytes]


@cache
def scratch() -> Path:
    """A folder for as long as the process runs."""
    folder = tempfile.mkdtemp(prefix="sessionframe-fuzz-", dir=MEMORY if MEMORY.is_dir() else None)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def written(name: str, data: bytes) -> Path:
    """A file with some content."""
    path = scratch() / name
    path.write_bytes(data)
    return path


# An agent


def place_of(data: bytes) -> tuple[str, bytes]:
    """The first line of an input for an agent says which file of which sample it takes the place of; the rest is its content.

    A small database may be given as the SQL text that makes it.
    """
    place, _, content = data.partition(b"\n")
    return place.decode("utf-8", "replace"), built(content) if content.startswith(SQL) else content


def built(script: bytes) -> bytes:
    """A database from its SQL text; nothing from what is none."""
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.executescript(script.decode("utf-8", "replace"))
        except sqlite3.Error:
            return b""
        return bytes(database.serialize())


@cache
def homes(agent: str) -> dict[str, tuple[Path, Path]]:
    """Place -> the home that it lies in, a copy of a sample, and the file."""
    found: dict[str, tuple[Path, Path]] = {}
    for sample in samples():
        if sample.agent == agent:
            home = scratch() / agent / sample.case
            shutil.copytree(sample.home, home, symlinks=True)
            found |= {f"{sample.case}/{path.relative_to(home).as_posix()}": (home, path) for path in files(home)}
    return found


@contextmanager
def laid(agent: str, place: str, content: bytes) -> Iterator[Path]:
    """A home with other content in one of its files, for a moment."""
    home, path = homes(agent)[place]
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield home
    finally:
        path.write_bytes(before)


def check_agent(agent: str, data: bytes, *, tables: bool | None = None) -> None:
    """Whatever a file holds, an agent's home is read to the end, in every way."""
    place, content = place_of(data)
    if place not in homes(agent):
        return
    provider = builtin()[agent]
    with laid(agent, place, content) as home:
        rows_are_sound(home, provider)
        if zlib.crc32(data) % SELDOM == 0 if tables is None else tables:
            tables_are_sound(home, agent)
            sessions_can_be_read(home, provider)


def seeds_of_agent(agent: str) -> Iterator[bytes]:
    """Every file of its samples."""
    for place, (_, path) in homes(agent).items():
        yield f"{place}\n".encode() + path.read_bytes()


def mutate_of_agent(agent: str, data: bytes, random: Random) -> bytes:
    """Mostly the content; now and then the same content in another place."""
    place, content = place_of(data)
    if place not in homes(agent) or random.randrange(64) == 0:
        ending = Path(place).suffix
        place = random.choice([other for other in homes(agent) if other.endswith(ending)] or list(homes(agent)))
    return f"{place}\n".encode() + mutated(place, content, random)


def of_agent(agent: str) -> Target:
    """An agent's files."""
    return Target(partial(check_agent, agent), partial(seeds_of_agent, agent), partial(mutate_of_agent, agent))


# The readers

LIST = "messages"


class Listing(msgspec.Struct, gc=False):
    """A document with a list of records."""

    type: str | None = None
    messages: list[Record] | None = None


def seeds_by_ending(ending: str) -> Iterator[bytes]:
    """The small files of all samples whose names end so."""
    for sample in samples():
        for path in files(sample.home):
            if path.name.endswith(ending) and path.stat().st_size < 1 << 15:
                yield path.read_bytes()


def check_lines(data: bytes) -> None:
    """The border of a block lies anywhere, and reading may stop at any line feed and go on; what is JSON by the letter is all there."""
    path = written("lines.jsonl", data)
    whole, issues = read_lines(path)
    for block_bytes in (7, 64):
        if len(data) < 1 << 14:
            assert (whole, issues) == read_lines(path, block_bytes), f"blocks of {block_bytes} bytes bring other records"
    numbers = [number for number, _ in whole]
    assert numbers == sorted(numbers), "line numbers fall"
    assert {number for number, line in enumerate(data.split(b"\n"), start=1) if is_plain_object(line)} <= set(numbers), "a record is lost"
    gone_on_is_the_same(path, data, whole)
    list(records(path, RawRecord, Problems("lines")))
    raw = RawLines(path)
    assert all(raw.at(number) is not None for number in numbers)
    raw.close()


def read_lines(path: Path, block_bytes: int = 1 << 18) -> tuple[list[tuple[int, Record]], list[object]]:
    """All records and all issues."""
    problems = Problems("lines")
    found = list(records(path, Record, problems, block_bytes=block_bytes))
    return found, [(issue.line, issue.kind, issue.detail, issue.count) for issue in problems.rows()]


def is_plain_object(line: bytes) -> bool:
    """A line that another parser takes for one object."""
    try:
        return isinstance(json.loads(line.decode("utf-8"), parse_constant=float), dict)
    except (ValueError, RecursionError):
        return False


def gone_on_is_the_same(path: Path, data: bytes, whole: list[tuple[int, Record]]) -> None:
    """What an earlier reading left, once the file has grown."""
    middle = data.rfind(b"\n", 0, len(data) // 2 + 1) + 1
    path.write_bytes(data[:middle])
    position, problems = Position(), Problems("lines")
    first = list(records(path, Record, problems, position=position))
    path.write_bytes(data)
    again = position_again(path, position.offset, position.lines, position.fingerprint)
    assert again is not None
    rest = [*records(path, Record, problems, position=again), *unfinished(path, Record, problems, again)]
    assert [*first, *rest] == whole, "reading on brings other records"


def check_document(data: bytes) -> None:
    """A document that is read at once and one that is read piece by piece hold the same."""
    path = written("document.json", data)
    at_once, streamed = (elements(path, whole_bytes) for whole_bytes in (1 << 30, 0))
    if is_plain_object(data) and data.count(b'"messages"') <= 1:
        assert at_once == streamed, "piece by piece is not at once"
    raw = RawElements(path, LIST)
    for number, _ in streamed:
        assert raw.at(number) is not None
    document(path, Record, Problems("document"))
    read_json(path)


def elements(path: Path, whole_bytes: int) -> list[tuple[int, Record]]:
    """The elements of a list of a document."""
    return list(Elements(path, Listing, LIST, Record, Problems("document"), whole_bytes=whole_bytes))


def check_cell(data: bytes) -> None:
    """A cell may hold anything."""
    read = cells(Record, Problems("cell"))
    for cell in (data, data.decode("utf-8", "surrogateescape"), None, len(data), float(len(data))):
        read(cell, 1)


def check_packed(data: bytes) -> None:
    """A packed file is a stream of what is in it, up to where it is damaged."""
    path = written("packed.jsonl.zst", data)
    try:
        plain = zstd.decompress(data) if data else b""
    except zstd.ZstdError:
        plain = None
    with Unpacked(path.open("rb", buffering=0)) as file:
        try:
            streamed = file.readall()
        except OSError:
            streamed = None
    assert (plain is None) == (streamed is None) or streamed == b"" or plain is None, "one reading fails, the other does not"
    assert plain is None or streamed == plain
    read_lines(path)


def check_database(data: bytes) -> None:
    """A file that may be a database: every cell of every table."""
    path = written("database.db", data)
    problems = Problems("database")
    with Database(str(path), problems) as database:
        database.begin()
        for table in ("session", "message", "part", "project", "sqlite_master", "no such table"):
            database.columns(table)
            for row in database.select(f'SELECT * FROM "{table}" LIMIT 1000'):  # noqa: S608
                assert row
        database.end()
    assert problems.rows() or database is not None


def check_clock(data: bytes) -> None:
    """Any text and any number is a time between 1970 and 2200, or none."""
    text = data.decode("utf-8", "surrogateescape")
    values: list[str | float] = [text]
    for read in (int, float):
        try:
            values.append(read(text[:400]))
        except (ValueError, OverflowError):
            continue
    for value in values:
        at = instant(value)
        assert at is None or 0 <= at < END


CLOCK_SEEDS = (b"2026-10-05T10:00:00.000Z", b"2026-10-05 10:00:00+02:00", b"1791194400000", b"1791194400.5", b"20261005T100000Z")


def readers() -> dict[str, Target]:
    """Every format that is read."""
    return {
        "lines": Target(check_lines, partial(seeds_by_ending, ".jsonl"), partial(mutated, ".jsonl")),
        "document": Target(check_document, partial(seeds_by_ending, ".json"), partial(mutated, ".json")),
        "cell": Target(check_cell, partial(seeds_by_ending, ".json"), partial(mutated, ".json")),
        "packed": Target(check_packed, partial(seeds_by_ending, ".zst"), partial(mutated, ".zst")),
        "database": Target(check_database, partial(seeds_by_ending, ".db"), partial(mutated, ".db")),
        "clock": Target(check_clock, lambda: iter(CLOCK_SEEDS), partial(mutated, "")),
    }


@cache
def targets() -> dict[str, Target]:
    """Everything that is fuzzed, by name."""
    return readers() | {agent: of_agent(agent) for agent in builtin()}
