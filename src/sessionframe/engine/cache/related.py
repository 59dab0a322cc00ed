"""What is kept of many sources, and which rows are asked for -> the sources that can change these rows; all others need not be loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import polars as pl

from sessionframe.engine.cache.manifest import Entry
from sessionframe.engine.cache.segment import by_file, cut, read
from sessionframe.engine.task import PARSED
from sessionframe.frames.dedup import MEASUREMENT
from sessionframe.frames.dtypes import polars_schema

Test: TypeAlias = Callable[[pl.DataFrame], pl.DataFrame]
"""Rows -> those of them that are asked for."""

LINKS: dict[str, dict[str, str]] = {
    "usage": {"dedup_key": "usage", "session_id": "session", "root_session_id": "session"},
    "messages": {"dedup_key": "message", "session_id": "session", "root_session_id": "session", "record_id": "record"},
    "tool_calls": {"dedup_key": "call", "call_id": "call", "session_id": "session", "root_session_id": "session"},
    "sessions": {"session_id": "session", "root_session_id": "session", "spawn_call_id": "call"},
    "titles": {"record_id": "record"},
}
"""Table -> column -> what it names: sources that name the same thing can change each other's rows."""
USAGE_LINKS = {"usage": {"dedup_key": "usage"}}
"""Of usage alone, only copies of one request do."""
OUTSIDE = 0
"""The number of what was read just now; it is loaded in any case."""


class Asked(NamedTuple):
    """The rows that are asked for.

    Attributes
    ----------
    tests
        Table -> whether its rows are among them, judged by some of their columns.
    columns
        Those columns.
    links
        What relates sources: `LINKS` or `USAGE_LINKS`.
    """

    tests: Mapping[str, Test]
    columns: Collection[str]
    links: Mapping[str, Mapping[str, str]]


class OnShelf(NamedTuple):
    """What is kept of some sources on one shelf.

    Attributes
    ----------
    shelf
        Its name.
    entries
        The sources.
    certain
        Keys of those that are loaded in any case: they have grown, so their new rows are among those that were read just now.
    """

    shelf: str
    entries: Sequence[Entry]
    certain: frozenset[tuple[str, str]] = frozenset()


def needed(kept: Sequence[OnShelf], fresh: Mapping[str, pl.DataFrame], asked: Asked) -> list[list[Entry]]:
    """The entries whose rows are asked for, and those that are related to them or to what was read just now, however far.

    Parameters
    ----------
    kept
        Shelves of one agent: a record and its copy may lie in different homes.
    fresh
        What was read just now.
    asked
        The rows that are asked for.

    Returns
    -------
    list of list of Entry
        For each shelf. Raises `DamagedError`.
    """
    numbers = numbers_of(kept)
    tables = {table: numbered(Several(kept, numbers, fresh), table, asked) for table in asked.links}
    wanted = {OUTSIDE, *certain(kept, numbers)}
    for table, test in asked.tests.items():
        wanted.update(test(tables[table])["entry"])
    wanted.update(disagreeing(tables["usage"])["entry"])
    named = pl.concat([things(tables[table], columns) for table, columns in asked.links.items()])
    chosen = reached(wanted, [*shared(named), *same_file(kept, numbers)])
    return [
        [entry for number, entry in zip(of, each.entries, strict=True) if number in chosen] for of, each in zip(numbers, kept, strict=True)
    ]


def disagreeing(usage: pl.DataFrame) -> pl.DataFrame:
    """Copies of one request that differ in what is tested: its row takes the better numbers, so no copy alone tells whether it passes."""
    copies = usage.filter(pl.col("dedup_key").is_duplicated() & pl.col("dedup_key").is_not_null())
    tested = [name for name in copies.columns if name in MEASUREMENT]
    return copies.filter(pl.struct(tested).n_unique().over("dedup_key") > 1) if tested else copies.clear()


def numbers_of(kept: Sequence[OnShelf]) -> list[range]:
    """A number for each entry of each shelf."""
    numbers, first = [], OUTSIDE + 1
    for each in kept:
        numbers.append(range(first, first + len(each.entries)))
        first += len(each.entries)
    return numbers


def certain(kept: Sequence[OnShelf], numbers: Sequence[range]) -> list[int]:
    """The numbers of the entries that are loaded in any case."""
    both = zip(numbers, kept, strict=True)
    return [number for of, each in both for number, entry in zip(of, each.entries, strict=True) if entry.key in each.certain]


class Several(NamedTuple):
    """Numbered entries of several shelves, and what was read just now."""

    kept: Sequence[OnShelf]
    numbers: Sequence[range]
    fresh: Mapping[str, pl.DataFrame]


def numbered(several: Several, table: str, asked: Asked) -> pl.DataFrame:
    """The rows of a table, only the columns that decide, with the number of their `entry`."""
    schema = polars_schema(PARSED[table], public=False)
    columns = [name for name in schema if name in asked.links[table] or (table in asked.tests and name in asked.columns)]
    parts = [pl.DataFrame(schema={**{name: schema[name] for name in columns}, "entry": pl.UInt32})]
    if table in several.fresh:
        parts.append(several.fresh[table].select(*columns, entry=pl.lit(OUTSIDE, dtype=pl.UInt32)))
    for of, each in zip(several.numbers, several.kept, strict=True):
        places = [{table: entry.spans.get(table, [])} for entry in each.entries]
        owners = {(span.segment, span.start): number for number, place in zip(of, places, strict=True) for span in place[table]}
        for (segment, _), spans in by_file(places).items():
            rows = cut(read(each.shelf, segment, table, columns), spans)
            parts.append(rows.with_columns(repeated([(owners[segment, span.start], span.length) for span in spans])))
    return pl.concat(parts)


def repeated(counts: Sequence[tuple[int, int]]) -> pl.Series:
    """Numbers, each as often as it is said, in a column `entry`."""
    frame = pl.DataFrame(counts, schema={"entry": pl.UInt32, "count": pl.UInt32}, orient="row")
    return frame.select(pl.col("entry").repeat_by("count").explode(empty_as_null=False, keep_nulls=False))["entry"]


def things(rows: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    """Everything that the rows of each entry name, once: `entry`, `kind`, `name`."""
    parts = [rows.select("entry", kind=pl.lit(kind), name=column).drop_nulls() for column, kind in columns.items()]
    return pl.concat(parts).unique()


def shared(named: pl.DataFrame) -> list[list[int]]:
    """The entries that name one thing, for every thing that several name."""
    thing = ("kind", "name")
    found: list[list[int]] = named.filter(pl.struct(thing).is_duplicated()).group_by(thing).agg("entry")["entry"].to_list()
    return found


def same_file(kept: Sequence[OnShelf], numbers: Sequence[range]) -> Iterable[list[int]]:
    """The entries that are parts of one file: they are told apart by nothing that rows show."""
    for of, each in zip(numbers, kept, strict=True):
        files: dict[str, list[int]] = {}
        for number, entry in zip(of, each.entries, strict=True):
            if entry.part:
                files.setdefault(entry.path, []).append(number)
        yield from files.values()


def reached(start: set[int], groups: Iterable[list[int]]) -> set[int]:
    """The numbers that share a group with one of these, or with one that was reached so. The groups are used up."""
    neighbours: dict[int, list[list[int]]] = {}
    for group in groups:
        for number in group:
            neighbours.setdefault(number, []).append(group)
    found, waiting = set(start), list(start)
    while waiting:
        for group in neighbours.pop(waiting.pop(), ()):
            new = set(group) - found
            found |= new
            waiting.extend(new)
            group.clear()  # all its numbers are found
    return found
