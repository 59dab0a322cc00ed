"""Rows of `tool_calls` go in; how they ended, whether they were tried again and what is summed over them comes out."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from sessionframe.analysis._doors import Frame
from sessionframe.analysis._groups import grouped, sums, unknown_as_null
from sessionframe.analysis._order import numbered
from sessionframe.analysis._rates import interval_names, share, with_interval
from sessionframe.analysis._threads import THREAD

COUNTS = {"errors": "error", "denied": "denied", "interrupted": "interrupted", "pending": "pending"}
"""Result column -> the status that it counts."""
NEEDED = (*THREAD, "at", "tool", "path", "command", "status", "duration_s", "output_chars")
SUMMED = {"total_duration_s": "duration_s", "output_chars": "output_chars"}
RATES = ("error_rate", "denial_rate", "retry_rate")
DURATIONS = ("median_duration_s", "p90_duration_s", "p99_duration_s", "total_duration_s")
MEASURES = ("calls", "share", *COUNTS, "retries", *interval_names(*RATES), *DURATIONS, "output_chars")
COUNTED = ("calls", *COUNTS, "retries", "output_chars")


def in_sequence(calls: Frame) -> Frame:
    """Calls in the order of their threads, numbered by `_number`; among equal times as the frame has them, without a time last."""
    rows, _ = numbered(calls.with_row_index("_row"), THREAD)
    return rows.sort("_number", "at", "_row", nulls_last=True)


def marked(calls: Frame) -> Frame:
    """Mark how calls ended, and failures that were tried again at once.

    A failure counts as tried again (`retries`) when the next call of the thread is the same tool with the same target: the path, or
    else the first word of the command. `_retriable` are the failures whose target is known.
    """
    rows = in_sequence(calls).with_columns(nw.coalesce(nw.col("path").cast(nw.String), nw.col("command").cast(nw.String)).alias("_target"))
    retriable = ((nw.col("status") == "error") & ~nw.col("_target").is_null()).fill_null(value=False)
    same = [(nw.col(name) == nw.col(name).shift(-1)).fill_null(value=False) for name in ("_number", "tool", "_target")]
    marks = {name: (nw.col("status") == status).cast(nw.Int64) for name, status in COUNTS.items()}
    again = retriable & same[0] & same[1] & same[2]
    return rows.with_columns(**marks, _retriable=retriable.cast(nw.Int64), retries=again.cast(nw.Int64)).with_columns(
        nw.col("duration_s").alias("total_duration_s")
    )


def counted(calls: Frame, *more: nw.Expr, by: Sequence[str], every: str | None, tz: str) -> Frame:
    """The columns `MEASURES` of marked calls per group and step of time, and `more`."""
    duration = nw.col("duration_s")
    quantiles = {"median_duration_s": 0.5, "p90_duration_s": 0.9, "p99_duration_s": 0.99}
    aggregates = [
        nw.len().alias("calls"),
        *(nw.col(name).sum() for name in (*COUNTS, "_retriable", "retries")),
        *(duration.quantile(rank, interpolation="linear").alias(name) for name, rank in quantiles.items()),
        *sums(SUMMED),
        *more,
    ]
    found = unknown_as_null(grouped(calls, aggregates, by=by, at="at", every=every, tz=tz), SUMMED)
    whole = nw.col("calls").sum().over("start") if every else nw.col("calls").sum()
    answered = nw.col("calls") - nw.col("pending")
    ended = answered - nw.col("denied") - nw.col("interrupted")
    return found.with_columns(whole.alias("_whole")).with_columns(
        share("calls", nw.col("_whole")).alias("share"),
        *with_interval("error_rate", "errors", ended),
        *with_interval("denial_rate", "denied", answered),
        *with_interval("retry_rate", "retries", nw.col("_retriable")),
    )
