"""An audit goes in; what was compared, and what of it does not agree, comes out. Each check is one function."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from sessionframe.schema import TOTAL_TOKEN_COLUMNS

if TYPE_CHECKING:
    import polars as pl

    from sessionframe.engine.audit import Audit

SESSION = ("agent", "host", "session_id")
RECORD = ("agent", "host", "source", "request")
WHOLE = {"cache_write_1h_tokens": "cache_write_tokens", "reasoning_tokens": "output_tokens"}
"""Column -> the column that it is a part of."""


def checks(seen: Audit) -> pl.DataFrame:
    """One row per check and agent that has something to compare: `check`, `agent`, `compared`, `differ`, `meaning`."""
    import polars as pl

    made = []
    for name, (check, meaning) in CHECKS.items():
        compared = check(seen)
        if compared is not None:
            counted = compared.group_by("agent").agg(compared=pl.len().cast(pl.Int64), differ=(~pl.col("same")).sum().cast(pl.Int64))
            made.append(counted.sort("agent").select(pl.lit(name).alias("check"), "agent", "compared", "differ", meaning=pl.lit(meaning)))
    return pl.concat(made)


def records_and_requests(seen: Audit) -> pl.DataFrame:
    """Records that were counted, against the requests found in their source. Agents that give no statements are not compared."""
    import polars as pl

    told = seen.statements.filter(pl.col("fate") == "counted").group_by(RECORD).len("told")
    found = seen.found.filter(pl.col("agent").is_in(seen.statements["agent"].unique().implode()))
    there = found.group_by(*RECORD[:3], pl.col("dedup_key").alias("request")).len("there")
    both = told.join(there, on=RECORD, how="full", coalesce=True, nulls_equal=True)
    return both.select("agent", same=pl.col("told").eq_missing(pl.col("there")))


def requests_and_rows(seen: Audit) -> pl.DataFrame:
    """Requests without echoes, against the rows of usage: each is a row or a copy, unless the scan has limits, and no row is new.

    By what names a request, not by its place: a request that several sources hold has the place of the copy that tells most.
    """
    import polars as pl

    key = (*SESSION, "message_id", "request_id")
    rows = pl.concat([part.select(key) for part in seen.tables["usage"]]).group_by(key).len("rows")
    there = seen.without_echoes.select(key).group_by(key).len("there")
    both = there.join(rows, on=key, how="full", coalesce=True, nulls_equal=True)
    few = pl.col("rows").fill_null(0) <= pl.col("there").fill_null(0)
    return both.select("agent", same=few if seen.is_limited else pl.col("rows").eq_missing(pl.col("there")))


def sessions_and_usage(seen: Audit) -> pl.DataFrame:
    """The sums of each session, against those of its requests."""
    import polars as pl

    names = ("requests", *TOTAL_TOKEN_COLUMNS)
    usage = seen.tables["usage"].own.with_columns(requests=pl.lit(1, pl.Int64)).group_by(SESSION).agg(pl.col(names).sum())
    sessions = seen.tables["sessions"].own.select(*SESSION, *names)
    both = sessions.join(usage, on=SESSION, how="full", suffix="_there", coalesce=True, nulls_equal=True)
    same = [pl.col(name).fill_null(0) == pl.col(f"{name}_there").fill_null(0) for name in names]
    return both.select("agent", same=pl.all_horizontal(same))


def sessions_and_calls(seen: Audit) -> pl.DataFrame:
    """The number of tool calls of each session, against the rows of `tool_calls`; agents that cannot say it are not compared."""
    import polars as pl

    calls = seen.tables["tool_calls"].own.group_by(SESSION).len("there")
    sessions = seen.tables["sessions"].own.filter(pl.col("tool_calls").is_not_null()).select(*SESSION, "tool_calls")
    both = sessions.join(calls, on=SESSION, how="left", nulls_equal=True)
    return both.select("agent", same=pl.col("tool_calls") == pl.col("there").fill_null(0))


def parts_and_wholes(seen: Audit) -> pl.DataFrame:
    """The token counts of each request: none below zero, no part larger than its whole."""
    import polars as pl

    wrong = [pl.col(name) < 0 for name in (*TOTAL_TOKEN_COLUMNS, *WHOLE)]
    wrong += [pl.col(part) > pl.col(whole) for part, whole in WHOLE.items()]
    return seen.tables["usage"].own.select("agent", same=~reduce(or_, (each.fill_null(value=False) for each in wrong)))


def kept_and_read(seen: Audit) -> pl.DataFrame | None:
    """The rows of usage that were read just now, against those that any scan gives from what is kept."""
    import polars as pl

    if seen.kept is None:
        return None
    read, kept = (rows.select(pl.struct(pl.all()).hash().alias("row"), "agent") for rows in (seen.tables["usage"].own, seen.kept))
    counted = [rows.group_by("agent", "row").len(name) for rows, name in ((read, "read"), (kept, "kept"))]
    both = counted[0].join(counted[1], on=("agent", "row"), how="full", coalesce=True)
    return both.select("agent", same=pl.col("read").eq_missing(pl.col("kept")))


CHECKS: dict[str, tuple[Callable[[Audit], pl.DataFrame | None], str]] = {
    "records": (records_and_requests, "every request was counted from exactly one record, and every record that counts became one request"),
    "requests": (requests_and_rows, "every row of `usage` is a request of a source, and none is there more often than in its source"),
    "sessions": (sessions_and_usage, "requests and tokens of each session are the sums of its rows of `usage`"),
    "tool-calls": (sessions_and_calls, "tool calls of each session are its rows of `tool_calls`"),
    "parts": (parts_and_wholes, "no count of tokens is below zero, no part is larger than its whole"),
    "kept": (kept_and_read, "what is kept from earlier readings gives the rows that reading everything anew gives"),
}
"""Name -> the check, and what it says when it agrees."""
