"""Frames of single tasks -> the tables: joined, each record counted once, cut to the scope, priced, summed, sorted."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from sessionframe.engine.load import Evidence, Options, Tables
from sessionframe.engine.task import PARSED, Parsed
from sessionframe.frames.build import frame
from sessionframe.frames.dedup import Deduplicated, deduplicate
from sessionframe.frames.dtypes import polars_schema
from sessionframe.frames.scope import Scope
from sessionframe.frames.sessions import Tables as Rows
from sessionframe.frames.sessions import summed
from sessionframe.frames.threads import session_rows, with_children
from sessionframe.pricing import PriceList, price
from sessionframe.providers.contract import Want
from sessionframe.schema import SCHEMA, IssueRow

PLACE = ("agent", "host", "session_id", "source")
ISSUE_ORDER = ("agent", "host", "source", "line", "kind", "detail")
SESSION_ORDER = ("started_at", "agent", "host", "session_id")


def assemble(parsed: Sequence[Parsed], issues: list[IssueRow], want: Want, options: Options, evidence: Evidence) -> Tables:
    """Make the tables of what all tasks returned.

    Parameters
    ----------
    parsed
        One entry per task, in any order.
    issues
        What was noted outside of parsing; asking for `evidence` may add to it.
    want, options
        As in `load`.
    evidence
        What providers say of sources that share records, and of columns they cannot fill.

    Returns
    -------
    dict of str to polars.DataFrame
        The wanted tables. `usage` and `tool_calls` are sorted by time, `sessions` by their beginning, `messages` by session in
        the order of the sessions' first messages and then as the log has them, `issues` by source and line; missing values
        come last. The order of files and the number of processes change nothing.
    """
    found = deduplicate(joined(parsed, "usage"), joined(parsed, "messages"), joined(parsed, "tool_calls"), evidence)
    scope = Scope(options.since, options.until, options.projects)
    usage, unpriced = priced(scope.cut(found.usage), options.prices)
    tables: Tables = {"usage": by_time(usage)}
    if not want.only_usage:
        sessions = session_rows(joined(parsed, "sessions"), joined(parsed, "titles"), found)
        tables |= conversations(sessions, found, usage, scope, evidence)
    noted = frame(SCHEMA["issues"], [*issues, *found.issues, *unpriced])
    tables["issues"] = pl.concat([joined(parsed, "issues"), noted]).sort(ISSUE_ORDER, nulls_last=True)
    return tables


def conversations(sessions: pl.DataFrame, found: Deduplicated, usage: pl.DataFrame, scope: Scope, evidence: Evidence) -> Tables:
    """The tables beside usage and issues; `usage` is what the scope left of it, with costs."""
    whole = Rows(found.usage, found.messages, with_children(found.tool_calls, sessions))
    kept = Rows(usage, scope.cut(whole.messages), scope.cut(whole.tool_calls))
    return {
        "sessions": summed(sessions, whole, kept, scope, evidence.gaps).sort(SESSION_ORDER, nulls_last=True),
        "messages": by_session(kept.messages),
        "tool_calls": by_time(kept.tool_calls),
    }


def joined(parsed: Sequence[Parsed], name: str) -> pl.DataFrame:
    """The rows of one table from all tasks; an empty frame with the same dtypes when there are none."""
    parts = [tables[name] for tables in parsed if name in tables]
    return pl.concat(parts, rechunk=False) if parts else pl.DataFrame(schema=polars_schema(PARSED[name], public=False))


def priced(usage: pl.DataFrame, prices: PriceList | None) -> tuple[pl.DataFrame, list[IssueRow]]:
    """Requests with their costs; a copy gets a price too, and no issue."""
    own, issues = price(usage.filter(~pl.col("is_replay")), prices)
    copies, _ = price(usage.filter("is_replay"), prices)
    return pl.concat([own, copies], rechunk=False), issues


def by_time(rows: pl.DataFrame) -> pl.DataFrame:
    """Sorted by `at`, then agent, host, session, source and line; rows of one line as its provider gave them."""
    places = rows.select(PLACE).unique().sort(PLACE, nulls_last=True).with_row_index("_place")
    # sorting by whole numbers takes a fifth of the time of sorting by five texts
    numbered = rows.join(places, on=PLACE, how="left", nulls_equal=True, maintain_order="left")
    return numbered.sort("at", "_place", "line", nulls_last=True, maintain_order=True).drop("_place")


def by_session(messages: pl.DataFrame) -> pl.DataFrame:
    """Sorted by session in the order of their first messages, then as the log has them."""
    places = messages.group_by(PLACE).agg(pl.col("at").min()).with_columns(pl.col("at").min().over(PLACE[:3]))
    places = places.sort("at", *PLACE, nulls_last=True).drop("at").with_row_index("_place")
    numbered = messages.join(places, on=PLACE, how="left", nulls_equal=True)
    return numbered.sort("_place", "seq").drop("_place")
