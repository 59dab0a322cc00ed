"""Tool calls and results that lie in different sources -> calls with their results. Frame in, frame and issues out."""

from __future__ import annotations

import polars as pl

from sessionframe.frames.copies import KEY
from sessionframe.schema import IssueRow

RESULT = (
    "ended_at",
    "duration_s",
    "duration_from",
    "status",
    "exit_code",
    "output_chars",
    "lines_added",
    "lines_removed",
    "child_session_id",
    "result",
)
"""What a result tells of its call."""

ORPHAN = pl.all_horizontal(pl.col("tool", "message_id", "at").is_null())
"""A result whose call its own source does not hold: a resumed session answers a call of the file before. Only its call is known to
it by name, message or time; some agents log calls without naming the tool."""


def pair_results(calls: pl.DataFrame) -> tuple[pl.DataFrame, list[IssueRow]]:
    """Give calls without a result the one that another source holds, and drop results that stand alone.

    Parameters
    ----------
    calls
        Rows of all sources; a row without tool, message and time is a result whose call its source does not hold.

    Returns
    -------
    calls : polars.DataFrame
        Only calls.
    issues : list of IssueRow
        One per source with results that belong to no call anywhere.
    """
    # all is decided on a few columns: the others, texts among them, are copied only where a row leaves or is filled in
    small = calls.select(*KEY, "host", "source", "line", "status", ORPHAN.alias("orphan")).with_row_index("row")
    whole = small.filter(~pl.col("orphan"))
    lost = small.filter("orphan").join(whole.select(KEY), on=KEY, how="anti")
    pending = whole.filter(pl.col("status") == "pending").select(KEY).unique()
    answers = small.filter(pl.col("status") != "pending").join(pending, on=KEY, how="semi")
    kept = calls if whole.height == calls.height else calls.filter(~ORPHAN)
    return (answered(kept, calls[answers["row"]]) if answers.height else kept), lost_issues(lost)


def answered(whole: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Fill pending calls from the earliest result of the same call."""
    first = answers.sort("ended_at", "source", "line", nulls_last=True).unique(KEY, keep="first", maintain_order=True)
    found = first.select(*KEY, *(pl.col(name).alias(f"found_{name}") for name in RESULT))
    joined = whole.join(found, on=KEY, how="left", maintain_order="left")
    is_open = (pl.col("status") == "pending") & pl.col("found_status").is_not_null()
    waited = (pl.col("found_ended_at") - pl.col("at")).dt.total_microseconds() / 1e6
    measured = pl.col("found_duration_s").is_null() & (waited >= 0)
    answer = {name: pl.col(f"found_{name}") for name in RESULT}
    answer["duration_s"] = pl.when(measured).then(waited).otherwise(answer["duration_s"])
    clock = pl.lit("timestamps", dtype=whole.schema["duration_from"])
    answer["duration_from"] = pl.when(measured).then(clock).otherwise(answer["duration_from"])
    filled = (pl.when(is_open).then(value).otherwise(pl.col(name)).alias(name) for name, value in answer.items())
    return joined.with_columns(filled).select(whole.columns)


def lost_issues(lost: pl.DataFrame) -> list[IssueRow]:
    """One issue per source with results that answer no known call."""
    counted = lost.group_by("agent", "host", "source").agg(pl.col("line").min(), pl.len().alias("count")).sort("agent", "host", "source")
    return [
        IssueRow(kind="orphan-result", detail="tool result without a call in any file; left out", **row)
        for row in counted.iter_rows(named=True)
    ]
