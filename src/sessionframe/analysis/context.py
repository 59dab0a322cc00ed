"""A `usage` frame goes in; how the context grows from request to request comes out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, Frame, closed, extended, helper, names_of, opened
from sessionframe.analysis._groups import grouped
from sessionframe.analysis._threads import THREAD, context_tokens, in_threads

NEEDED = (*THREAD, "kind", "at", "input_tokens", "cache_read_tokens", "cache_write_tokens")
ADDED = ("request_number", "context_tokens")


@helper
def context_growth(frame: Any) -> Any:
    """Number the requests of each thread and add how large their context is.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.

    Returns
    -------
    frame of the same engine (pandas for a table)
        The rows of the frame in its order, with all its columns and

        ``request_number``: 1 for the first reply of its thread in the frame, by time. Null without a time, and for requests of another
        kind than reply (compactions, titles, advisors, ...): they are asked beside the conversation, with a context of their own.
        A thread is a conversation or one of its sub-agents.
        ``context_tokens``: the whole prompt: uncached input, cache reads and cache writes; null where none is known.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.

    Examples
    --------
    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> def request(minute, tokens):
    ...     at = 1_790_812_800_000_000 + minute * 60_000_000
    ...     return UsageRow(session_id="s", root_session_id="s", source="s.jsonl", at=at, input_tokens=tokens)
    >>> usage = frame(SCHEMA["usage"], [request(5, 900), request(0, 500)])
    >>> sf.context_growth(usage).select("request_number", "context_tokens").rows()
    [(2, 900), (1, 500)]
    """
    usage = opened(frame, NEEDED, needed_by="context_growth", whole=True)
    found = numbered(usage.select(NEEDED))
    return extended(usage.with_columns(*(found[name] for name in ADDED)), [], ADDED)


@helper
def context_growth_by(frame: Any, *, by: By = ()) -> Any:
    """Sum up how large the context is at the first, second, third ... request of a thread.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    by
        Columns to group by, e.g. ``"model"``.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per group and request number, sorted by the columns of `by` in ascending order, null last, and the number. Requests
        that have no number or whose context is not known are left out.

        The columns of `by`.
        ``request_number``: as in `context_growth`.
        ``threads``: how many threads have such a request. It falls from number to number, and what is left are the long threads: a
        median over few of them says little, and a step in it can be one long thread ending.
        ``p10_context_tokens``, ``median_context_tokens``, ``p90_context_tokens`` [tokens]: quantiles over the threads, interpolated
        linearly.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.

    Examples
    --------
    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> def request(thread, minute, tokens):
    ...     at = 1_790_812_800_000_000 + minute * 60_000_000
    ...     return UsageRow(session_id=thread, root_session_id=thread, source="s.jsonl", at=at, input_tokens=tokens)
    >>> usage = frame(SCHEMA["usage"], [request("s", 0, 500), request("t", 0, 700), request("s", 5, 900)])
    >>> sf.context_growth_by(usage).select("request_number", "threads", "median_context_tokens").rows()
    [(1, 2, 600.0), (2, 1, 900.0)]
    """
    keys = names_of(by)
    usage = numbered(opened(frame, [*keys, *NEEDED], needed_by="context_growth_by"))
    known = usage.filter(~nw.col("request_number").is_null() & ~nw.col("context_tokens").is_null())
    context = nw.col("context_tokens")
    quantiles = {"p10": 0.1, "median": 0.5, "p90": 0.9}
    aggregates = [context.quantile(share, interpolation="linear").alias(f"{name}_context_tokens") for name, share in quantiles.items()]
    found = grouped(known, [nw.len().alias("threads"), *aggregates], by=[*keys, "request_number"], at="at", every=None, tz="UTC")
    return closed(
        found.select(*keys, "request_number", "threads", *(f"{name}_context_tokens" for name in quantiles)), ["request_number", "threads"]
    )


def numbered(usage: Frame) -> Frame:
    """Add the number of each reply in its thread, and its context."""
    is_reply = (nw.col("kind").cast(nw.String) == "reply").fill_null(value=False) & ~nw.col("at").is_null()
    count = nw.col("_reply").cum_sum().over(*THREAD)
    return in_threads(
        usage,
        [is_reply.cast(nw.Int64).alias("_reply"), context_tokens().alias("context_tokens")],
        [nw.when(nw.col("_reply") == 1).then(count).alias("request_number")],
    ).drop("_reply")
