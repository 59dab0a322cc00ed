"""Frames of all sources together -> the same frames with copies of records marked, each record counted for one session.

Resuming and forking copy history into new files. In one project with 48 real sessions counting every file for itself gave a
third too many requests and output tokens. The rules, each a function: a record belongs to the original source (`copies`);
its numbers come from the copy that tells most; what precedes a copied message was copied too; a call and its result may lie
in different files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from sessionframe.frames.copies import HOLDER, KEY, ROW, Lineages, Owners, decide, inherited_rows, shared
from sessionframe.frames.results import pair_results
from sessionframe.schema import IssueRow

MEASUREMENT = (
    "at",
    "model",
    "vendor",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "web_searches",
    "speed",
    "service_tier",
    "inference_geo",
    "is_final",
    "evidence",
    "recorded_cost_usd",
    "source",
    "line",
)
"""What is taken whole from the copy of a request that tells most. Never field by field: lines around a fallback in
mid-stream carry another model and another split of the cache."""


@dataclass
class Deduplicated:
    """The frames with `is_replay` set, and what was learned on the way.

    Attributes
    ----------
    usage, messages, tool_calls
        The frames given, in their order. Echoes and results without a call are gone from them.
    inherited
        One row per copied record whose original is known: the session that holds the copy, its `line`, and the session of
        the original (`owner_session_id`, `owner_root_session_id`, `owner_host`).
    issues
        What could not be paired.
    """

    usage: pl.DataFrame
    messages: pl.DataFrame
    tool_calls: pl.DataFrame
    inherited: pl.DataFrame
    issues: list[IssueRow] = field(default_factory=list)


def deduplicate(usage: pl.DataFrame, messages: pl.DataFrame, tool_calls: pl.DataFrame, lineages: Lineages) -> Deduplicated:
    """Mark copies of records across sources.

    Parameters
    ----------
    usage, messages, tool_calls
        Rows of all sources with all their columns. Rows of one source are already unique by `dedup_key`. Messages and tool
        calls may be empty: the rows of usage come out the same.
    lineages
        Path of a source -> evidence of its being a copy or an original.

    Returns
    -------
    Deduplicated
        Independent of the order of the rows' sources.
    """
    owners = Owners(lineages)
    requests = mark(without_echoes(usage), owners)
    parts = mark(messages, owners)
    paired, issues = pair_results(tool_calls)
    calls = mark(paired, owners)
    copied = copied_prefixes(parts.rows)
    return Deduplicated(
        best_measurement(requests),
        mark_prefix(parts.rows, copied),
        mark_prefix(calls.rows, copied),
        pl.concat([inherited_rows(marked.copies) for marked in (requests, parts, calls)]),
        issues,
    )


def without_echoes(usage: pl.DataFrame) -> pl.DataFrame:
    """Drop reports of a request that the source it happened in holds itself.

    Evidence: 45 requests that `agent_progress` records repeated were in the sub-agents' own files with equal numbers.
    """
    if not usage["is_echo"].any():
        return usage
    held = usage.filter(~pl.col("is_echo")).select(KEY)
    alone = usage.filter(pl.col("is_echo")).join(held, on=KEY, how="anti")
    return usage.filter(~pl.col("is_echo")).vstack(alone)


class Marked(NamedTuple):
    """Rows with `is_replay` set, and those of them that several sources hold, with their `owner` and position."""

    rows: pl.DataFrame
    copies: pl.DataFrame


def mark(rows: pl.DataFrame, owners: Owners) -> Marked:
    """Set `is_replay` for the rows that another source owns."""
    copies = shared(rows)
    if copies.is_empty():
        return Marked(rows, copies.with_columns(owner=pl.col(HOLDER)))
    owned = copies.join(decide(rows, copies, owners), on=KEY, how="left", maintain_order="left")
    replays = owned.filter(pl.col("owner") != pl.col(HOLDER))[ROW]
    return Marked(rows.with_columns(rows["is_replay"].clone().scatter(replays, values=True)), owned)


def best_measurement(requests: Marked) -> pl.DataFrame:
    """Give each copied request the numbers of the copy that tells most; it stays with the session that owns it.

    The largest output wins, then a final one; equal copies change nothing. Evidence: in all groups of 899 real files the line
    with the largest output was the last and final one.
    """
    usage, copies = requests
    is_owner = pl.col("owner") == pl.col(HOLDER)
    finality = pl.when("is_final").then(2).when(pl.col("is_final").is_null()).then(1).otherwise(0)
    told = [name for name in MEASUREMENT if name in usage.columns]
    ranked = copies.sort(
        pl.col("output_tokens").fill_null(-1), finality, is_owner, "source", "line", descending=[True, True, True, False, False]
    )
    best = ranked.unique(KEY, keep="first", maintain_order=True).select(
        *KEY, *(pl.col(name).alias(f"best_{name}") for name in (*told, HOLDER))
    )
    owner = copies.filter(is_owner).select(ROW, *KEY, HOLDER)
    better = owner.join(best, on=KEY).filter(pl.col(f"best_{HOLDER}") != pl.col(HOLDER))
    places = better[ROW]
    values = {name: better[f"best_{name}"] for name in told}
    # most copies differ in few columns; only those are copied
    return usage.with_columns(
        usage[name].clone().scatter(places, best) for name, best in values.items() if not usage[name].gather(places).eq_missing(best).all()
    )


def copied_prefixes(messages: pl.DataFrame) -> pl.DataFrame:
    """How far each source that holds copied messages was copied: `source`, `copied_to` (a line).

    Only for sources that are written from their beginning to their end; in a database lines of many sessions mingle, and each
    copied record has a key.
    """
    copied = messages.select("source", "line", "is_replay", "copy_rank").filter(pl.col("is_replay") & pl.col("copy_rank").is_null())
    return copied.group_by("source").agg(pl.col("line").max().alias("copied_to"))


def mark_prefix(rows: pl.DataFrame, copied: pl.DataFrame) -> pl.DataFrame:
    """Mark what lies before the last copied message of a source: copies are always a beginning of the original.

    Needed where a copy shares no key with its original: the SDK's fork gives every user line a new id.
    """
    if copied.is_empty():
        return rows
    placed = rows.select("source", "line", "is_replay").join(copied, on="source", how="left", maintain_order="left")
    before = (pl.col("line") <= pl.col("copied_to")).fill_null(value=False)
    return rows.with_columns(placed.select(pl.col("is_replay") | before)["is_replay"])
