"""A `usage` frame goes in, tokens and cost per step of time and group come out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, closed, helper, names_of, opened
from sessionframe.analysis._groups import grouped, sums, unknown_as_null, with_total_tokens
from sessionframe.schema import TOKEN_COLUMNS

SUMMED = (*TOKEN_COLUMNS, "web_searches", "cost_usd")


@helper
def tokens_by(frame: Any, *, by: By = (), every: str | None = None, tz: str = "local") -> Any:
    """Sum tokens and cost of model requests per group and step of time.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    by
        Columns to group by, e.g. ``"model"`` or ``["project", "model"]``.
    every
        Step of time: ``1h``, ``1d``, ``1w`` (from Monday) or ``1mo``; without it time does not count. A request belongs to the
        step in which it happened, whatever the session it is part of; steps are half-open, so no request is in two of them.
    tz
        Time zone in which days begin, e.g. ``Europe/Berlin``; ``local`` is this computer's.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group that has requests, sorted by `start` and the columns of `by` in ascending order, null last.

        ``start`` (only with `every`): when the step starts, in `tz`; null for requests without a time.
        The columns of `by`.
        ``requests``: model requests.
        ``input_tokens``, ``cache_read_tokens``, ``cache_write_tokens``, ``cache_write_1h_tokens``, ``output_tokens``,
        ``reasoning_tokens``, ``web_searches``: sums of what is known, null where nothing is.
        ``total_tokens``: input + cache read + cache write + output.
        ``cost_usd`` [USD]: sum of the known costs, an API-equivalent estimate; null when none is known.
        ``unpriced_requests``: requests whose cost is not known and missing in ``cost_usd``.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `every` is no step of time, or `tz` no time zone.

    Examples
    --------
    >>> from sessionframe.analysis import tokens_by
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> def request(tokens, cost):
    ...     return UsageRow(session_id="s", root_session_id="s", source="s.jsonl", model="opus", input_tokens=tokens, cost_usd=cost)
    >>> usage = frame(SCHEMA["usage"], [request(10, 0.5), request(20, None)])
    >>> tokens_by(usage, by="model").select("model", "requests", "total_tokens", "cost_usd", "unpriced_requests").rows()
    [('opus', 2, 30, 0.5, 1)]
    """
    keys = names_of(by)
    needed = [*keys, *SUMMED, *(["at"] if every else [])]
    usage = opened(frame, needed, needed_by="tokens_by")
    found = grouped(usage, [nw.len().alias("requests"), *sums(SUMMED)], by=keys, at="at", every=every, tz=tz)
    priced = found.with_columns((nw.col("requests") - nw.col("_known_cost_usd")).alias("unpriced_requests"))
    result = with_total_tokens(unknown_as_null(priced, SUMMED))
    start = ["start"] if every else []
    ordered = [*start, *keys, "requests", *TOKEN_COLUMNS, "total_tokens", "web_searches", "cost_usd", "unpriced_requests"]
    return closed(result.select(ordered), ["requests", "unpriced_requests"])
