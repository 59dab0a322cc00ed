"""A `tool_calls` frame goes in, how often tools were called, failed and how long they took per group comes out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, closed, helper, names_of, opened
from sessionframe.analysis._groups import grouped

COUNTS = {"errors": "error", "denied": "denied", "interrupted": "interrupted", "pending": "pending"}
"""Result column -> the status that it counts."""


@helper
def tools_by(frame: Any, *, by: By = ("tool",), every: str | None = None, tz: str = "local") -> Any:
    """Count tool calls, their failures and their durations per group and step of time.

    Parameters
    ----------
    frame
        The table `tool_calls`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    by
        Columns to group by, e.g. ``"category"`` or ``["tool", "model"]``.
    every, tz
        Step of time in which the call was made and the time zone in which days begin, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group, sorted by `start` and the columns of `by` in ascending order, null last.

        ``start`` (only with `every`): when the step starts, in `tz`; null for calls without a time.
        The columns of `by`.
        ``calls``: all calls.
        ``errors``, ``denied``, ``interrupted``, ``pending``: calls that ended so; the rest went well.
        ``error_rate``: errors as a share of the calls that ran to an end, well or not; null when none did.
        ``median_duration_s``, ``p90_duration_s`` [s]: of the calls whose duration is known, null when none is. Durations taken from
        timestamps include the wait for a permission, see the column `duration_from`.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `every` is no step of time, or `tz` no time zone.

    Examples
    --------
    >>> from sessionframe.analysis import tools_by
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, ToolCallRow
    >>> def call(status, seconds):
    ...     return ToolCallRow(session_id="s", root_session_id="s", source="s.jsonl", tool="Bash", status=status, duration_s=seconds)
    >>> calls = frame(SCHEMA["tool_calls"], [call("ok", 1.0), call("ok", 2.0), call("ok", 3.0), call("error", 4.0), call("denied", None)])
    >>> tools_by(calls).select("tool", "calls", "errors", "denied", "error_rate", "median_duration_s").rows()
    [('Bash', 5, 1, 1, 0.25, 2.5)]
    """
    keys = names_of(by)
    calls = opened(frame, [*keys, "status", "duration_s", *(["at"] if every else [])], needed_by="tools_by")
    marks = {name: (nw.col("status") == status).cast(nw.Int64) for name, status in COUNTS.items()}
    aggregates = [
        nw.len().alias("calls"),
        *(nw.col(name).sum() for name in COUNTS),
        nw.col("duration_s").median().alias("median_duration_s"),
        nw.col("duration_s").quantile(0.9, interpolation="linear").alias("p90_duration_s"),
    ]
    found = grouped(calls.with_columns(**marks), aggregates, by=keys, at="at", every=every, tz=tz)
    ended = nw.col("calls") - nw.col("denied") - nw.col("interrupted") - nw.col("pending")
    rate = nw.when(ended > 0).then(nw.col("errors") / ended).alias("error_rate")
    start = ["start"] if every else []
    ordered = [*start, *keys, "calls", *COUNTS, "error_rate", "median_duration_s", "p90_duration_s"]
    return closed(found.with_columns(rate).select(ordered), ["calls", *COUNTS])
