"""A `sessions` frame goes in, how many sessions there were, how long and how much they did per group comes out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, Frame, closed, helper, names_of, opened
from sessionframe.analysis._groups import aggregated, grouped, sums, unknown_as_null, with_total_tokens
from sessionframe.analysis._order import CONVERSATION, numbered
from sessionframe.schema import TOKEN_COLUMNS

COUNTED = ("prompts", "requests", "tool_calls", "tool_errors", "compactions")
SUMMED = (*COUNTED, "active_s", *TOKEN_COLUMNS, "cost_usd")
IDS = ("session_id", "root_session_id")
QUANTILES = {"p25": 0.25, "p50": 0.5, "p90": 0.9, "p99": 0.99}
SIZES = ("prompts", "requests", "tool_calls", "tool_errors", "compactions", "active_s", "total_tokens", "cost_usd")
"""What is told of each conversation by `per_session`, in this order."""


@helper
def sessions_by(frame: Any, *, by: By = (), every: str | None = None, tz: str = "local") -> Any:
    """Count sessions and sum what they did per group and step of time.

    Parameters
    ----------
    frame
        The table `sessions`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    by
        Columns to group by, e.g. ``"repo_root"`` or ``["agent", "kind"]``.
    every
        Step of time in which a session started: ``1h``, ``1d``, ``1w`` (from Monday) or ``1mo``. A session that runs over midnight
        counts wholly on the day it started: for tokens and cost per day take `tokens_by`, which goes by the requests.
    tz
        Time zone in which days begin, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group, sorted by `start` and the columns of `by` in ascending order, null last.

        ``start`` (only with `every`): when the step starts, in `tz`; null for sessions without a time.
        The columns of `by`.
        ``sessions``: conversations, sub-agent threads left out.
        ``threads``: conversations and sub-agent threads.
        ``prompts``, ``requests``, ``tool_calls``, ``tool_errors``, ``compactions``, the token columns: sums over all threads of
        what is known, null where nothing is.
        ``total_tokens``: input + cache read + cache write + output.
        ``active_s`` [s]: sum over the conversations, in whose active time that of their sub-agents is included.
        ``median_active_s`` [s]: median over the conversations; the mean of so skewed a quantity says little.
        ``cost_usd`` [USD]: sum of the known costs, an API-equivalent estimate; null when none is known.
        ``unpriced_sessions``: threads whose cost is not known although they have requests.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `every` is no step of time, or `tz` no time zone.

    Examples
    --------
    >>> from sessionframe.analysis import sessions_by
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, SessionRow
    >>> rows = [
    ...     SessionRow(session_id="s", root_session_id="s", source="s.jsonl", prompts=2, active_s=60.0),
    ...     SessionRow(session_id="s/a", root_session_id="s", source="a.jsonl", kind="subagent", prompts=0, active_s=20.0),
    ... ]
    >>> sessions_by(frame(SCHEMA["sessions"], rows)).select("sessions", "threads", "prompts", "active_s").rows()
    [(1, 2, 2, 60.0)]
    """
    keys = names_of(by)
    needed = [*keys, *IDS, *SUMMED, *(["started_at"] if every else [])]
    threads = with_conversations(opened(frame, needed, needed_by="sessions_by"))
    aggregates = [
        nw.col("is_conversation").sum().alias("sessions"),
        nw.len().alias("threads"),
        nw.col("active_s").median().alias("median_active_s"),
        nw.col("is_unpriced").sum().alias("unpriced_sessions"),
        *sums(SUMMED),
    ]
    found = grouped(threads, aggregates, by=keys, at="started_at", every=every, tz=tz)
    result = with_total_tokens(unknown_as_null(found, SUMMED))
    start = ["start"] if every else []
    measures = [*COUNTED, *TOKEN_COLUMNS, "total_tokens", "active_s", "median_active_s", "cost_usd", "unpriced_sessions"]
    return closed(result.select([*start, *keys, "sessions", "threads", *measures]), ["sessions", "threads", "unpriced_sessions"])


def with_conversations(threads: Frame) -> Frame:
    """Mark conversations, and let only them have active time: theirs includes their sub-agents'."""
    is_conversation = nw.col("session_id") == nw.col("root_session_id")
    is_unpriced = nw.col("cost_usd").is_null() & (nw.col("requests") > 0).fill_null(value=False)
    return threads.with_columns(
        is_conversation.cast(nw.Int64).alias("is_conversation"),
        is_unpriced.cast(nw.Int64).alias("is_unpriced"),
        nw.when(is_conversation).then(nw.col("active_s")).alias("active_s"),
    )


@helper
def per_session(frame: Any, *, by: By = (), every: str | None = None, tz: str = "local") -> Any:
    """Describe how much happens in a conversation: mean and quantiles of prompts, requests, tool calls, compactions, tokens and cost.

    Sessions are heavy-tailed: a few are a hundred times as large as the rest. The median (`p50`) describes the usual one, the mean only
    helps to add up.

    Parameters
    ----------
    frame
        The table `sessions`, or a frame of it in any engine that narwhals knows. A lazy frame is collected. Sub-agent threads are added to
        their conversation; what is grouped by is the conversation's own.
    by
        Columns to group by, e.g. ``"repo_root"`` or ``["agent", "kind"]``.
    every
        Step of time in which a conversation started, as for `sessions_by`.
    tz
        Time zone in which days begin, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step, group and measure, sorted by `start` and the columns of `by` in ascending order, null last, then by measure in
        the order below.

        ``start`` (only with `every`), the columns of `by`.
        ``measure``: ``prompts``, ``requests``, ``tool_calls``, ``tool_errors``, ``compactions``, ``active_s`` [s], ``total_tokens``,
        ``cost_usd`` [USD].
        ``n``: conversations for which it is known. A cost is known if it is for all threads.
        ``mean``, ``p25``, ``p50``, ``p90``, ``p99``, ``max``: over them, quantiles interpolated linearly; null when `n` is 0. With a
        small `n` the outer quantiles are hardly more than the largest value.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `every` is no step of time, or `tz` no time zone.

    Examples
    --------
    >>> import sessionframe as sf
    >>> logs = sf.scan("claude-code", home=sf.testing.demo_home())
    >>> sizes = sf.per_session(logs.sessions.to_frame("polars"))
    >>> sizes.select("measure", "n", "p50", "p90", "max").head(2).rows()
    [('prompts', 52, 2.0, 7.0, 10.0), ('requests', 52, 10.5, 28.0, 47.0)]
    """
    keys = names_of(by)
    needed = [*keys, *CONVERSATION, *IDS, *SUMMED, *(["started_at"] if every else [])]
    whole = conversations(opened(frame, needed, needed_by="per_session"))
    described = []
    for place, name in enumerate(SIZES):
        value = nw.col(name)
        quantiles = [value.quantile(rank, interpolation="linear").alias(column) for column, rank in QUANTILES.items()]
        sized = whole.with_columns(value.cast(nw.Float64))
        aggregates = [value.count().alias("n"), value.mean().alias("mean"), *quantiles, value.max().alias("max")]
        found = grouped(sized, aggregates, by=keys, at="started_at", every=every, tz=tz)
        described.append(found.with_columns(nw.lit(name).alias("measure"), nw.lit(place).alias("_place")))
    order = [*(["start"] if every else []), *keys]
    result = nw.concat(described).sort(*order, "_place", nulls_last=True)
    return closed(result.select([*order, "measure", "n", "mean", *QUANTILES, "max"]), ["n"])


def conversations(threads: Frame) -> Frame:
    """One row per conversation: its own columns, with the sums over its threads; its cost is null as soon as one of theirs is.

    A conversation whose own row was filtered out is told by one of its threads.
    """
    rows, _ = numbered(with_conversations(threads), CONVERSATION)
    own = rows.sort("_number", "is_conversation", descending=[False, True]).unique("_number", keep="first", maintain_order=True)
    found = aggregated(rows, ["_number"], [*sums(SUMMED), nw.col("is_unpriced").sum()])
    known = with_total_tokens(unknown_as_null(found, SUMMED))
    whole = known.with_columns(nw.when(nw.col("is_unpriced") == 0).then(nw.col("cost_usd")).alias("cost_usd"))
    return own.drop(*SUMMED, "is_unpriced").join(whole, on="_number", how="inner")
