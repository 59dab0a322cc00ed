"""A `usage` frame goes in; running sums within each month, and where they lead to, come out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import narwhals as nw

from sessionframe.analysis._doors import By, Frame, anywhere, closed, helper, names_of, opened
from sessionframe.analysis._groups import filled, grouped, known, sums
from sessionframe.analysis._steps import instants_of, known_step, next_start, step_start, steps_between, values_frame, with_start
from sessionframe.engine.options import EPOCH
from sessionframe.errors import OptionError, listed
from sessionframe.zones import zone

INSIDE = {"1h": ("1d", "1w", "1mo"), "1d": ("1w", "1mo")}
"""Which periods a step divides without a rest; weeks lie across the ends of months."""
CALENDAR_COUNTS = ("step", "steps", "passed")


@helper
def cumulative(frame: Any, *, of: str = "cost_usd", by: By = (), every: str = "1d", within: str = "1mo", tz: str = "local") -> Any:
    """Sum up requests step by step within each month, and project the sum to the month's end.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    of
        The column that is summed, e.g. ``"cost_usd"`` or ``"output_tokens"``.
    by
        Columns to group by, as for `tokens_by`.
    every
        Step of time: ``1h`` or ``1d``.
    within
        The period in which sums run from 0: ``1d``, ``1w`` (from Monday) or ``1mo``, longer than the step.
    tz
        Time zone in which days begin, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group, sorted by `start` and the columns of `by` in ascending order, null last. Steps run from the first
        to the last one with a request of any group, those without requests included; a group is in every period in which it has
        requests. Requests without a time are left out.

        ``period``: when the month (day, week) starts, in `tz`.
        ``start``: when the step starts, in `tz`.
        The columns of `by`.
        ``step``: number of the step within the period, from 1: the day of the month.
        ``steps``: how many steps the period has: the days of the month.
        ``requests``: requests in the step; 0 where there are none.
        The column `of`: their sum; null where requests are and nothing is known of them.
        ``<of>_cumulative``: sum since the period began; null as long as nothing is known of its requests.
        ``<of>_projected``: the running sum continued in a straight line to the end of the period: divided by the steps that have
        passed, times the steps that there are. The last step counts as a whole one, so an unfinished day makes it too low; in
        a month of which the frame begins later, the steps before its first request do not count as passed. It knows nothing of
        weekends and holidays. At the end of a whole period it is the sum.
        ``unknown_requests``: requests since the period began that are missing in the running sum.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `every` does not divide `within`, or `tz` is no time zone.

    Examples
    --------
    On the third of October 3 USD are spent; at that pace the 31 days cost 31 USD:

    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> def request(day, cost):
    ...     at = 1_790_812_800_000_000 + (day - 1) * 86_400_000_000  # midnight of that day in October 2026
    ...     return UsageRow(session_id="s", root_session_id="s", source="s.jsonl", at=at, cost_usd=cost)
    >>> month = sf.cumulative(frame(SCHEMA["usage"], [request(1, 2.0), request(3, 1.0)]), tz="UTC")
    >>> month.select("step", "requests", "cost_usd", "cost_usd_cumulative", "cost_usd_projected").rows()
    [(1, 1, 2.0, 2.0, 62.0), (2, 0, 0.0, 2.0, 31.0), (3, 1, 1.0, 3.0, 31.0)]
    """
    keys, local = names_of(by), zone(tz)
    if within not in INSIDE.get(known_step(every), ()):
        raise OptionError(f"steps of every={every!r} do not divide within={within!r}. Periods: {listed(INSIDE.get(every, ())) or 'none'}.")
    timed = opened(frame, [*keys, "at", of], needed_by="cumulative").filter(~nw.col("at").is_null())
    cells = grouped(timed, [nw.len().alias("requests"), *sums([of])], by=keys, at="at", every=every, tz=tz)
    cells = with_start(cells, "start", within, local, name="period")
    calendar = calendar_of(cells, every, within, local)
    grid = cells.select("period", *keys).unique().join(calendar.select("period", "start"), on="period")
    full = filled(cells, grid, ["start", *keys, "period"]).join(calendar.drop("period"), on="start", how="left")
    result = anywhere(full.sort(["start", *keys], nulls_last=True), lambda rows: running(rows, of, keys))
    measures = ["step", "steps", "requests", of, f"{of}_cumulative", f"{of}_projected", "unknown_requests"]
    whole = [of, f"{of}_cumulative"] if timed.schema[of].is_integer() else []
    return closed(result.select("period", "start", *keys, *measures), ["step", "steps", "requests", "unknown_requests", *whole])


def calendar_of(cells: Frame, every: str, within: str, local: ZoneInfo) -> Frame:
    """All steps from the first to the last one: `period`, `start`, `step`, `steps`, and how many of the period have `passed`."""
    starts = instants_of(cells["start"])
    rows: list[tuple[datetime | int, ...]] = []
    period = step_start(min(starts), within, local) if starts else EPOCH
    while starts and period <= max(starts):
        end = next_start(period, within, local)
        steps = steps_between(period, end, every, local)
        seen = [(number, start) for number, start in enumerate(steps, 1) if min(starts) <= start <= max(starts)]
        rows += [(period, start, number, len(steps), passed) for passed, (number, start) in enumerate(seen, 1)]
        period = end
    names = ("period", "start", *CALENDAR_COUNTS)
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    made = values_frame(columns, CALENDAR_COUNTS, cells.schema["start"], cells)
    return made.with_columns(nw.col("period", "start").dt.convert_time_zone(local.key))


def running(full: Frame, of: str, keys: list[str]) -> Frame:
    """Add the running sum, its projection and what is missing in it, per period and group; rows are in the order of time."""
    over = ["period", *keys]
    summed = full.with_columns(
        nw.col(of).cum_sum().over(*over).alias("_sum"),
        nw.col("requests").cum_sum().over(*over).alias("_requests"),
        nw.col(known(of)).cum_sum().over(*over).alias("_seen"),
    )
    is_known = (nw.col("_seen") > 0) | (nw.col("_requests") == 0)
    left = nw.col("steps") - nw.col("step")
    return summed.with_columns(
        nw.when((nw.col(known(of)) > 0) | (nw.col("requests") == 0)).then(nw.col(of)).alias(of),
        nw.when(is_known).then(nw.col("_sum")).alias(f"{of}_cumulative"),
        nw.when(is_known).then(nw.col("_sum") + nw.col("_sum") / nw.col("passed") * left).alias(f"{of}_projected"),
        (nw.col("_requests") - nw.col("_seen")).alias("unknown_requests"),
    )
