"""Intervals go in, how many of them ran at the same time per step of time comes out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

import narwhals as nw

from sessionframe.analysis._doors import Frame, closed, helper, opened
from sessionframe.analysis._steps import known_step, next_start, step_start, steps_between
from sessionframe.engine.options import EPOCH
from sessionframe.zones import zone

if TYPE_CHECKING:
    import numpy as np

Numbers: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

MEASURES = ("max_running", "mean_running", "busy_s", "running_s")
ENDED, STEP, STARTED, PASSED = range(4)
"""What happens at an instant, in this order: intervals end before others start, and one without length is there for that instant."""


@helper
def concurrency(frame: Any, *, every: str = "1d", tz: str = "local") -> Any:
    """Count how many conversations were at work at the same time.

    Parameters
    ----------
    frame
        What `active_intervals` returns, or any frame with the times `start` and `end`, in any engine that narwhals knows. Intervals
        are half-open: one that ends when another starts does not overlap it. Rows without both times are left out.
    every
        Step of time: ``1h``, ``1d``, ``1w`` (from Monday) or ``1mo``. An interval counts in every step that it reaches into.
    tz
        Time zone in which days begin, e.g. ``Europe/Berlin``; ``local`` is this computer's.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step from the first to the last interval, steps in which nothing happened included; sorted by `start`.

        ``start``: when the step starts, in `tz`.
        ``max_running``: the most intervals that ran at the same time.
        ``mean_running``: how many ran on average over the whole step, weighted by time; nights count.
        ``busy_s`` [s]: time in which at least one ran.
        ``running_s`` [s]: sum of the lengths inside the step. Over all steps it is the sum of all lengths.

    Raises
    ------
    ColumnError
        The frame lacks `start` or `end`.
    OptionError
        `every` is no step of time, or `tz` no time zone.

    Examples
    --------
    >>> import datetime as dt
    >>> import polars as pl
    >>> from sessionframe.analysis import concurrency
    >>> hour = lambda number: dt.datetime(2026, 10, 1, number, tzinfo=dt.UTC)
    >>> intervals = pl.DataFrame({"start": [hour(0), hour(6)], "end": [hour(12), hour(18)]})
    >>> concurrency(intervals, tz="UTC").select("max_running", "mean_running", "busy_s", "running_s").rows()
    [(2, 1.0, 64800.0, 86400.0)]
    """
    where = zone(tz)
    rows = opened(frame, ["start", "end"], needed_by="concurrency").drop_nulls()
    first, last = (rows[name].dt.timestamp("us").to_numpy().astype("int64") for name in ("start", "end"))
    steps = bounds(first, last, known_step(every), where)
    measures = measured(first, last, micros(steps)) if steps else {}
    return closed(as_frame(rows, steps[:-1], measures, where), ["max_running"])


def bounds(first: Numbers, last: Numbers, every: str, where: ZoneInfo) -> list[datetime]:
    """The starts of all steps and the end of the last one; nothing without intervals."""
    import numpy as np  # loads on first use

    if not len(first):
        return []
    from_, to = (EPOCH + timedelta(microseconds=int(instant)) for instant in (first.min(), np.maximum(first, last - 1).max()))
    steps = steps_between(step_start(from_, every, where), to + timedelta(microseconds=1), every, where)
    return [*steps, next_start(steps[-1], every, where)]


def micros(instants: list[datetime]) -> Numbers:
    """Microseconds since 1970."""
    import numpy as np  # loads on first use

    return np.array([(instant - EPOCH) // timedelta(microseconds=1) for instant in instants], dtype="int64")


def measured(first: Numbers, last: Numbers, steps: Numbers) -> dict[str, Numbers]:
    """Go through all starts, ends and steps in the order of time, with the number of running intervals at hand."""
    import numpy as np  # loads on first use

    times = np.concatenate([last, steps, first])
    order = np.concatenate([np.where(last > first, ENDED, PASSED), np.full(len(steps), STEP), np.full(len(first), STARTED)])
    change = np.concatenate([np.full(len(last), -1), np.zeros(len(steps), dtype="int64"), np.ones(len(first), dtype="int64")])
    sequence = np.lexsort((order, times))
    running = np.cumsum(change[sequence])
    lengths = np.diff(times[sequence], append=steps[-1])
    # the last bound only ends the last step; nothing but ends of intervals follows it
    begins = np.flatnonzero(order[sequence] == STEP)
    parts, end = begins[:-1], begins[-1]
    running, lengths = running[:end], lengths[:end]
    running_us = np.add.reduceat(running * lengths, parts)
    return {
        "max_running": np.maximum.reduceat(running, parts),
        "mean_running": running_us / np.diff(steps),
        "busy_s": np.add.reduceat((running > 0) * lengths, parts) / 1e6,
        "running_s": running_us / 1e6,
    }


def as_frame(rows: Frame, steps: list[datetime], measures: dict[str, Any], where: ZoneInfo) -> Frame:
    """A frame of the engine of `rows`."""
    schema = {"start": nw.Datetime("us", "UTC"), **dict.fromkeys(MEASURES, nw.Float64()), "max_running": nw.Int64()}
    data = {"start": steps, **{name: list(measures.get(name, ())) for name in MEASURES}}
    made = nw.from_dict(data, schema=schema, backend=rows.implementation)
    return made.with_columns(nw.col("start").dt.convert_time_zone(where.key))
