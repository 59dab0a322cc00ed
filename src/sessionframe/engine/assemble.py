"""Frames of single tasks -> the tables: joined, each record counted once, cut to the scope, priced, summed, sorted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import polars as pl

from sessionframe.engine.load import Kept, Options, Tables
from sessionframe.engine.needs import PRICED
from sessionframe.engine.question import Question
from sessionframe.engine.task import PARSED, Part
from sessionframe.frames.build import frame
from sessionframe.frames.dedup import Deduplicated, deduplicate
from sessionframe.frames.dtypes import polars_schema
from sessionframe.frames.scope import Scope
from sessionframe.frames.sessions import Tables as Rows
from sessionframe.frames.sessions import summed
from sessionframe.frames.threads import SESSION, session_rows, with_children
from sessionframe.pricing import PriceList, price
from sessionframe.providers.contract import Lineage
from sessionframe.schema import SCHEMA, IssueRow, TableName

Gaps: TypeAlias = Mapping[str, frozenset[str]]
PLACE = (*SESSION, "source")
NO = pl.Series([False])
ISSUE_ORDER = ("agent", "host", "source", "line", "kind", "detail")
SESSION_ORDER = ("started_at", "agent", "host", "session_id")


def assemble(parts: Sequence[Part], issues: list[IssueRow], options: Options, gaps: Gaps) -> Tables:
    """Make the five tables of what all tasks returned.

    Parameters
    ----------
    parts
        Rows of different sources, in any order. Emptied on the way, so that rows are not held twice.
    issues
        What was noted outside of parsing.
    options
        As in `load`.
    gaps
        Agent -> columns of `sessions` that its logs cannot fill.

    Returns
    -------
    dict of str to Kept
        `usage` and `tool_calls` are sorted by time, `sessions` by their beginning, `messages` by session in
        the order of the sessions' first messages and then as the log has them, `issues` by source and line; missing values
        come last. The order of files and the number of processes change nothing.
    """
    lineages = lineages_of(parts)
    found = deduplicate(joined(parts, "usage"), joined(parts, "messages"), joined(parts, "tool_calls"), lineages)
    issues += found.issues
    scope = Scope(options.since, options.until, options.projects)
    usage, unpriced = priced(kept("usage", scope.cut(found.usage)), options.prices)
    sessions = session_rows(joined(parts, "sessions"), joined(parts, "titles"), found)
    tables: Tables = {"usage": usage, **conversations(sessions, found, usage, scope, gaps)}
    return {**tables, "issues": noted(parts, [*issues, *unpriced])}


def assembled(parts: Sequence[Part], issues: list[IssueRow], asked: Question, options: Options) -> Tables:
    """The table of a plain question, with the columns that `needs.columns_for` told to load; beside requests with prices, the issues."""
    lineages = lineages_of(parts)
    messages = joined(parts, "messages") if asked.table == "messages" else empty("messages")
    found = deduplicate(joined(parts, "usage"), messages, empty("tool_calls"), lineages)
    scope = Scope(options.since, options.until, options.projects)
    if asked.table == "messages":
        return {"messages": kept("messages", scope.cut(found.messages))}
    requests = scope.cut(found.usage)
    del found  # so that nothing else holds the columns that are used up
    usage = kept("usage", requests, use_up=True)
    if asked.columns is not None and not asked.columns & PRICED:
        return {"usage": usage}
    usage, unpriced = priced(usage, options.prices)
    return {"usage": usage, "issues": noted(parts, [*issues, *unpriced])}


def conversations(sessions: pl.DataFrame, found: Deduplicated, usage: Kept, scope: Scope, gaps: Gaps) -> Tables:
    """The tables beside usage and issues; `usage` is what the scope left of it, with costs."""
    whole = Rows(found.usage, found.messages, with_children(found.tool_calls, sessions))
    inside = Rows(pl.concat(usage), scope.cut(whole.messages), scope.cut(whole.tool_calls))
    return {
        "sessions": alone("sessions", summed(sessions, whole, inside, scope, gaps).sort(SESSION_ORDER, nulls_last=True)),
        "messages": kept("messages", inside.messages, use_up=True),
        "tool_calls": kept("tool_calls", inside.tool_calls, use_up=True),
    }


def noted(parts: Sequence[Part], issues: Sequence[IssueRow]) -> Kept:
    """The table `issues`: of the sources, and others."""
    rows = pl.concat([joined(parts, "issues"), frame(SCHEMA["issues"], issues)])
    return alone("issues", rows.sort(ISSUE_ORDER, nulls_last=True))


def lineages_of(parts: Sequence[Part]) -> dict[str, Lineage]:
    """The evidence in all sources."""
    return {path: lineage for part in parts for path, lineage in part.lineages.items()}


def joined(parts: Sequence[Part], name: str) -> pl.DataFrame:
    """The rows of one table from all tasks; an empty frame with the same dtypes when there are none.

    Each column in one chunk: where columns differ in their chunks, polars joins those of all columns again and again. Column by column,
    so that rows are not held twice. Measured on all tables of 1 GB: 0.1 s, and a quarter of a second less afterwards.
    """
    frames = [part.tables.pop(name) for part in parts if name in part.tables]
    if not frames:
        return empty(name)
    columns = pl.concat(frames, rechunk=False).get_columns()[::-1]
    frames.clear()
    return pl.DataFrame([columns.pop().rechunk() for _ in range(len(columns))])


def empty(name: str) -> pl.DataFrame:
    """A table without rows."""
    return pl.DataFrame(schema=polars_schema(PARSED[name], public=False))


def priced(usage: Kept, prices: PriceList | None) -> tuple[Kept, list[IssueRow]]:
    """Requests with their costs; a copy gets a price too, and no issue."""
    own, issues = price(usage.own, prices)
    copies, _ = price(usage.copies, prices)
    return Kept(own, copies), issues


def kept(table: TableName, rows: pl.DataFrame, *, use_up: bool = False) -> Kept:
    """The sorted rows of a table without its internal columns, copies apart.

    With `use_up` the frame that was given ends without columns: each is let go once it is sorted, so that rows are not held twice.
    """
    order = ORDER[table](rows)
    is_replay = rows["is_replay"].gather(order)
    own, copies = order.filter(~is_replay), order.filter(is_replay)
    public = [name for name in polars_schema(SCHEMA[table]) if name in rows.columns]
    if use_up:
        for name in set(rows.columns) - set(public):
            rows.drop_in_place(name)
    take = rows.drop_in_place if use_up else rows.get_column
    # column by column: taking rows from a frame of many chunks first joins the chunks, which should not hold all columns twice
    parts = [(column.gather(own), column.gather(copies)) for column in (take(name).rechunk() for name in public)]
    return Kept(pl.DataFrame([part for part, _ in parts]), pl.DataFrame([part for _, part in parts]))


def alone(table: TableName, rows: pl.DataFrame) -> Kept:
    """A table without copies."""
    public = rows.select(list(polars_schema(SCHEMA[table])))
    return Kept(public, public.clear())


def with_copies(table: TableName, rows: Kept) -> pl.DataFrame:
    """The rows of a table, copies included, in its order."""
    if rows.copies.is_empty():
        return rows.own
    every = pl.concat(rows, rechunk=False)
    return every[ORDER[table](every)]


def by_time(rows: pl.DataFrame) -> pl.Series:
    """Positions of the rows by `at`, then agent, host, session, source and line; rows of one line as their provider gave them."""
    order = rows["at"].arg_sort(nulls_last=True)
    if rows.is_empty():
        return order
    times = rows["at"].gather(order)
    as_before = times.slice(1).eq_missing(times.slice(0, len(times) - 1))
    tied = pl.concat([as_before, NO]) | pl.concat([NO, as_before])
    # places are texts and slow to sort by, so only rows that share their time with another are looked at
    among = order.filter(tied).sort()
    places = rows.select(*PLACE, "at", "line")[among].with_columns(row=among)
    numbers = places.select(PLACE).unique().sort(PLACE, nulls_last=True).with_row_index("place")
    placed = places.join(numbers, on=PLACE, how="left", nulls_equal=True, maintain_order="left").select("at", "place", "line", "row")
    return order.scatter(tied.arg_true(), placed.sort("at", "place", "line", nulls_last=True, maintain_order=True)["row"])


def by_session(rows: pl.DataFrame) -> pl.Series:
    """Positions of the messages by session in the order of their first messages, then as the log has them."""
    # rows of a place mostly follow each other, so texts are compared within runs, and only the first of each run with others
    small = rows.select("at", "seq", *PLACE, run=pl.struct(PLACE).rle_id())
    runs = small.group_by("run", maintain_order=True).agg(pl.col(PLACE).first(), pl.col("at").min())
    places = runs.group_by(PLACE).agg(pl.col("at").min()).with_columns(first=pl.col("at").min().over(SESSION))
    places = places.sort("first", *SESSION, "at", "source", nulls_last=True).select(PLACE).with_row_index("place")
    number = runs.join(places, on=PLACE, how="left", nulls_equal=True, maintain_order="left")["place"]
    placed = small.select("seq", place=number[small["run"]])
    return placed.select(pl.arg_sort_by("place", "seq", maintain_order=True)).to_series()


ORDER: dict[TableName, Callable[[pl.DataFrame], pl.Series]] = {"usage": by_time, "tool_calls": by_time, "messages": by_session}
"""How tables with copies are sorted."""
