"""A `usage` frame goes in; the blocks of five hours in which Anthropic's subscriptions count usage come out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, Frame, closed, helper, names_of, opened
from sessionframe.analysis._groups import grouped, known, sums, unknown_as_null, with_total_tokens
from sessionframe.analysis._steps import instant, instants_of
from sessionframe.engine.options import Moment
from sessionframe.errors import OptionError
from sessionframe.schema import TOTAL_TOKEN_COLUMNS
from sessionframe.zones import zone

SUMMED = (*TOTAL_TOKEN_COLUMNS, "cost_usd")


@helper
def blocks(frame: Any, *, hours: int = 5, by: By = "agent", as_of: Moment = None, tz: str = "local") -> Any:
    """Divide requests into the blocks of hours in which a subscription's usage is counted.

    A block starts at the full hour (UTC) of the first request after the last block ended, and lasts `hours`. This is how Anthropic
    counts its five-hour windows as far as logs can tell: requests on claude.ai and on other machines start blocks too and are not
    in them. How much a plan allows within a block is published nowhere as a number, so no limit is invented here.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    hours
        Length of a block [h].
    by
        Columns whose groups are counted each for itself; agents are by default, and so should accounts be.
    as_of
        The time to tell the active block from, as in `reprice`; by default that of the last request of the frame.
    tz
        Time zone of the results, and of `as_of` when it has none, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per block that has requests, sorted by `start` and the columns of `by` in ascending order, null last. Requests
        without a time are one more row per group, without times.

        ``start``, ``end``: when the block starts and ends (half-open), in `tz`.
        The columns of `by`.
        ``first_at``, ``last_at``: its first and its last request, in `tz`.
        ``is_active``: the block holds the time `as_of`.
        ``requests``: model requests.
        ``input_tokens``, ``cache_read_tokens``, ``cache_write_tokens``, ``output_tokens``: sums of what is known, null where nothing is.
        ``total_tokens``: their sum.
        ``cost_usd`` [USD]: sum of the known costs, an API-equivalent estimate; null when none is known.
        ``unpriced_requests``: requests whose cost is not known and missing in ``cost_usd``.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `hours` is not positive, `as_of` no time or `tz` no time zone.

    Examples
    --------
    A request at 12:00 starts a block that ends at 17:00; one at 17:30 starts the next, at 17:00:

    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> def request(hour):
    ...     at = 1_790_812_800_000_000 + int(hour * 3_600_000_000)  # that hour of 2026-10-01
    ...     return UsageRow(session_id="s", root_session_id="s", source="s.jsonl", at=at)
    >>> found = sf.blocks(frame(SCHEMA["usage"], [request(12), request(16.9), request(17.5)]), tz="UTC")
    >>> [(row["start"].hour, row["end"].hour, row["requests"], row["is_active"]) for row in found.to_dicts()]
    [(12, 17, 2, False), (17, 22, 1, True)]
    """
    if hours < 1:
        raise OptionError(f"hours={hours!r} is no length of a block. Give a whole number of at least 1.")
    keys, local = names_of(by), zone(tz)
    usage = opened(frame, [*keys, "at", *SUMMED], needed_by="blocks")
    ends = [nw.col("at").min().alias("first_at"), nw.col("at").max().alias("last_at")]
    hourly = usage.with_columns(nw.col("at").dt.convert_time_zone("UTC").dt.truncate("1h").alias("start"))
    per_hour = grouped(hourly, [nw.len().alias("requests"), *ends, *sums(SUMMED)], by=["start", *keys], at="at", every=None, tz="UTC")
    cells = with_block(per_hour, keys, hours)
    counted = ["requests", *SUMMED, *map(known, SUMMED)]
    again = [nw.col("first_at").min(), nw.col("last_at").max(), *(nw.col(name).sum() for name in counted)]
    found = cells.group_by(["start", *keys]).agg(*again).sort(["start", *keys], nulls_last=True)
    found = found.with_columns((nw.col("requests") - nw.col(known("cost_usd"))).alias("unpriced_requests"))
    shown = with_times(
        with_total_tokens(unknown_as_null(found, SUMMED)), instant(as_of, "as_of", tz) or usage["at"].max(), hours, local.key
    )
    measures = ["requests", *TOTAL_TOKEN_COLUMNS, "total_tokens", "cost_usd", "unpriced_requests"]
    return closed(shown.select("start", "end", *keys, "first_at", "last_at", "is_active", *measures), ["requests", "unpriced_requests"])


def with_block(per_hour: Frame, keys: list[str], hours: int) -> Frame:
    """Replace the hour of each row, `start`, by the start of its block; a block starts and ends on full hours, so hours are enough."""
    ordered = per_hour.sort([*keys, "start"], nulls_last=True)
    timed, timeless = ordered.filter(~nw.col("start").is_null()), ordered.filter(nw.col("start").is_null())
    starts: list[datetime] = []
    for is_first, hour in zip(group_begins(timed, keys), instants_of(timed["start"]), strict=True):
        running = not is_first and hour < starts[-1] + timedelta(hours=hours)
        starts.append(starts[-1] if running else hour)
    column = nw.new_series("start", starts, timed.schema["start"], backend=per_hour.implementation)
    return nw.concat([timed.with_columns(column), timeless])


def group_begins(ordered: Frame, keys: list[str]) -> list[bool]:
    """For rows in the order of their groups, whether each is the first of one."""
    numbered = ordered.with_row_index("_row")
    if not keys:
        return [row == 0 for row in numbered["_row"].to_list()]
    firsts = set(numbered.group_by(keys).agg(nw.col("_row").min())["_row"].to_list())
    return [row in firsts for row in numbered["_row"].to_list()]


def with_times(found: Frame, as_of: Any, hours: int, zone_name: str) -> Frame:
    """Add the end of each block and whether it is active; show times in a zone."""
    end = nw.col("start") + timedelta(hours=hours)
    holds = (nw.col("start") <= as_of) & (end > as_of) if as_of is not None else nw.lit(value=False)
    shown = found.with_columns(end.alias("end"), holds.fill_null(value=False).alias("is_active"))
    return shown.with_columns(nw.col("start", "end", "first_at", "last_at").dt.convert_time_zone(zone_name))
