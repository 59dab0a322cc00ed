"""Which records lie in several sources, and which of these sources is the original. Frames in, owners out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import polars as pl

from sessionframe.providers.contract import Lineage

Lineages: TypeAlias = Mapping[str, Lineage]
"""Path of a source -> the evidence in it; sources without any are not there."""
NO_EVIDENCE = Lineage()

KEY = ("agent", "dedup_key")
"""Copies have the same key. The host is no part of it: a backup of a home changes no total."""

IDENTITY = ("session_id", "root_session_id", "host")
HOLDER = "holder"
ROW = "_row"
"""Position of a row in its frame: what is learned of a few rows is written back by it, without copying the other columns."""


@dataclass(frozen=True, slots=True)
class Holder:
    """One of the sources that hold the same set of records.

    Attributes
    ----------
    source, session_id, host
        The source, the session its copies name, the home it lies in.
    first, last
        Lines of the first and last record of the set in this source.
    next_at
        When the source goes on after them (microseconds since 1970); None when it ends there.
    extent
        The last line of the source: of two copies of one session the longer is the more complete.
    """

    source: str
    session_id: str
    host: str | None
    first: int
    last: int
    next_at: int | None
    extent: int


@dataclass
class Owners:
    """Decides who owns records that several sources hold, and remembers it, so that all tables agree.

    Attributes
    ----------
    lineages
        The evidence of the sources.
    beaten
        Pairs (original, copy) decided so far.
    """

    lineages: Lineages
    beaten: set[tuple[str, str]] = field(default_factory=set)

    def owner(self, holders: Sequence[Holder]) -> str:
        """The source that the records of a set belong to."""
        rank = self.ranks(holders)
        sources = [holder.source for holder in sorted(holders, key=lambda holder: rank[holder.source])]
        # a copy of another holder owns nothing of what both hold, whatever this one set looks like
        originals = [source for source in sources if not any((other, source) in self.beaten for other in sources)]
        owner = (originals or sources)[0]
        self.beaten.update((owner, source) for source in sources if source != owner and (source, owner) not in self.beaten)
        return owner

    def ranks(self, holders: Sequence[Holder]) -> dict[str, tuple[Any, ...]]:
        """How good the claim of each source is; the smallest wins.

        Sources of one session (a backup, a folder that is reached twice) stand together: the session claims the records with
        its longest source, because a shorter one is an older state of the same file and no original.
        """
        best: dict[str, Holder] = {}
        for holder in sorted(holders, key=twin_rank):
            best.setdefault(holder.session_id, holder)
        return {holder.source: (*self.claim(best[holder.session_id]), holder.session_id, *twin_rank(holder)) for holder in holders}

    def claim(self, holder: Holder) -> tuple[bool, bool, int, int, int]:
        """Evidence that a source is a copy, weightiest first.

        Measured on seven pairs of real forks, whose copied records carry the original times: a copy says so itself, or its
        first live record comes long after its first chain record, or it has no live records between the shared ones. Failing
        all that, an original that simply ended stands before one that went on, and that before one that went on later.
        """
        known = self.lineages.get(holder.source, NO_EVIDENCE)
        marks = sum(holder.first < mark < holder.last for mark in known.marks)
        goes_on = holder.next_at if holder.next_at is not None else -(2**63)
        return known.side, known.says_copied, known.copied_at or 0, -marks, goes_on


def twin_rank(holder: Holder) -> tuple[int, str, str]:
    """Order among the sources of one session: the longest first, then by label of the home and path."""
    return -holder.extent, holder.host or "", holder.source


def shared(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows whose key occurs in more than one source.

    Rows that their provider already knows to be copies claim nothing.

    Parameters
    ----------
    rows
        Rows of one table with `agent`, `dedup_key`, `source` and `is_replay`.

    Returns
    -------
    polars.DataFrame
        A part of `rows`, usually a small one, with `ROW`, the position in `rows`, and `HOLDER`, who holds the copy; empty without
        further work when no key repeats at all.
    """
    keyed = rows.select("dedup_key", "is_replay").with_row_index(ROW).filter(pl.col("dedup_key").is_not_null() & ~pl.col("is_replay"))
    positions = keyed.filter(pl.col("dedup_key").is_duplicated())[ROW]  # the cheap question first: one column, no groups
    repeated = rows.with_row_index(ROW)[positions].with_columns(holder().alias(HOLDER))
    return repeated.filter(pl.col(HOLDER).n_unique().over(KEY) > 1) if repeated.height else repeated


def holder() -> pl.Expr:
    """Who holds a row: its source; where sessions of one source copy each other, the session in it."""
    return pl.when(pl.col("copy_rank").is_null()).then("source").otherwise(pl.concat_str("source", "session_id", separator="\0"))


def decide(rows: pl.DataFrame, copies: pl.DataFrame, owners: Owners) -> pl.DataFrame:
    """Find the owner of every record that several sources hold.

    Parameters
    ----------
    rows
        All rows of the table, for what comes after the copies in each source.
    copies
        What `shared` returned.
    owners
        Decisions so far; new ones are added.

    Returns
    -------
    polars.DataFrame
        One row per key: `agent`, `dedup_key`, `owner` (a holder).
    """
    ranked = copies.filter(pl.col("copy_rank").is_not_null())
    return pl.concat([decide_by_evidence(rows, copies.filter(pl.col("copy_rank").is_null()), owners), decide_by_rank(rows, ranked)])


def decide_by_rank(rows: pl.DataFrame, copies: pl.DataFrame) -> pl.DataFrame:
    """Find the owner of records that say themselves how good the claim of each copy is, record by record.

    Of equals, such as a home and its backup, the session that holds more is the more complete one.
    """
    involved = rows.select("source", "session_id").filter(pl.col("source").is_in(copies["source"].unique().implode()))
    extents = involved.group_by("source", "session_id").agg(pl.len().alias("extent"))
    ranked = copies.join(extents, on=("source", "session_id"), how="left").sort(
        "copy_rank", "extent", pl.col("host").fill_null(""), HOLDER, descending=[False, True, False, False]
    )
    return ranked.unique(KEY, keep="first", maintain_order=True).select(*KEY, pl.col(HOLDER).alias("owner"))


def decide_by_evidence(rows: pl.DataFrame, copies: pl.DataFrame, owners: Owners) -> pl.DataFrame:
    """Find the owner of records by what speaks for each source as a whole being a copy or an original."""
    sets = copies.group_by(KEY).agg(pl.col("source").unique().sort().alias("holders"))
    sets = sets.with_columns(pl.col("holders").list.join("\0").alias("set"))
    decided = {name: owners.owner(holders) for name, holders in holder_sets(rows, copies.join(sets, on=KEY))}
    return sets.select(*KEY, pl.col("set").replace_strict(decided, return_dtype=pl.String).alias("owner"))


def holder_sets(rows: pl.DataFrame, copies: pl.DataFrame) -> Iterator[tuple[str, list[Holder]]]:
    """Every set of sources that share records, largest sets first, then by name: the order of reading must not matter."""
    line = pl.col("line").fill_null(0)
    held = copies.group_by("set", "source").agg(
        line.min().alias("first"), line.max().alias("last"), pl.col("session_id").min(), pl.col("host").first()
    )
    involved = rows.filter(pl.col("source").is_in(held["source"].unique().implode())).select("source", line, pl.col("at").to_physical())
    held = held.join(involved.group_by("source").agg(pl.col("line").max().alias("extent")), on="source")
    held = held.join(continuations(held, involved), on=("set", "source"), how="left")
    found: dict[str, list[Holder]] = {}
    for row in held.iter_rows(named=True):
        name = row.pop("set")
        found.setdefault(name, []).append(Holder(**row))
    yield from sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))


def continuations(held: pl.DataFrame, involved: pl.DataFrame) -> pl.DataFrame:
    """When each source goes on after the records of a set: the time of its next row that has one."""
    left = held.select("set", "source", "last").sort("last")
    right = involved.drop_nulls("at").sort("line", "at").rename({"at": "next_at"})
    after = left.join_asof(
        right, left_on="last", right_on="line", by="source", strategy="forward", allow_exact_matches=False, check_sortedness=False
    )
    return after.select("set", "source", "next_at")


def inherited_rows(copies: pl.DataFrame) -> pl.DataFrame:
    """One row per copied record: the session that holds the copy, its line, and the session of the original as `owner_*`.

    Parameters
    ----------
    copies
        What `shared` returned, with `owner`.
    """
    own = copies.filter(pl.col("owner") == pl.col(HOLDER)).unique(KEY, keep="first", maintain_order=True)
    originals = own.select(*KEY, *(pl.col(name).alias(f"owner_{name}") for name in IDENTITY))
    replays = copies.filter(pl.col("owner") != pl.col(HOLDER))
    return replays.join(originals, on=KEY, how="left").select("agent", *IDENTITY, "line", *(f"owner_{name}" for name in IDENTITY))
