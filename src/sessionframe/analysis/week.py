"""A `usage` frame goes in; at which hours of the week the work was done comes out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, closed, helper, names_of, opened
from sessionframe.analysis._groups import filled, grouped, sums, unknown_as_null
from sessionframe.analysis._steps import with_values
from sessionframe.zones import zone

CLOCK = ("weekday", "hour")


@helper
def activity(frame: Any, *, of: By = "cost_usd", by: By = (), tz: str = "local") -> Any:
    """Sum requests over the hours of the week, for a heatmap of weekday and hour.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    of
        Columns to sum beside the number of requests.
    by
        Columns to group by, e.g. ``"agent"``.
    tz
        Time zone whose clock counts, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        168 rows per group, one per hour of the week, sorted by the columns of `by`, null last, then by weekday and hour. Requests
        without a time are one more row per group, last, without weekday and hour.

        The columns of `by`.
        ``weekday``: 1 is Monday, 7 is Sunday, as ISO 8601 counts.
        ``hour``: 0 to 23, by the clock: in autumn one hour comes twice and is one row.
        ``requests``: model requests; 0 where there are none.
        The columns of `of`: sums of what is known; null where nothing is.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `tz` is no time zone.

    Examples
    --------
    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> row = UsageRow(session_id="s", root_session_id="s", source="s.jsonl", at=1_790_856_000_000_000, cost_usd=0.5)
    >>> week = sf.activity(frame(SCHEMA["usage"], [row, row]), tz="UTC")  # Thursday, 2026-10-01, 12:00
    >>> week.height, week.filter(week["requests"] > 0).rows()
    (168, [(4, 12, 2, 1.0)])
    """
    keys, columns, local = names_of(by), names_of(of), zone(tz)
    usage = opened(frame, [*keys, "at", *columns], needed_by="activity")
    clock = {"weekday": lambda slot: slot.astimezone(local).isoweekday(), "hour": lambda slot: slot.astimezone(local).hour}
    clocked = with_values(usage, "at", clock, CLOCK)
    cells = grouped(clocked, [nw.len().alias("requests"), *sums(columns)], by=[*keys, *CLOCK], at="at", every=None, tz=tz)
    hours = {"weekday": [day for day in range(1, 8) for _ in range(24)], "hour": list(range(24)) * 7}
    week = nw.from_dict(hours, schema=dict.fromkeys(CLOCK, nw.Int64()), backend=usage.implementation)
    grid = usage.select(keys).unique().join(week, how="cross") if keys else week
    result = unknown_as_null(filled(cells, grid, [*keys, *CLOCK]), columns)
    return closed(result.select([*keys, *CLOCK, "requests", *columns]), [*CLOCK, "requests"])
