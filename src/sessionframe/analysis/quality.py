"""A `usage` frame goes in; what it lacks comes out: days without requests, prices, final numbers."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, closed, helper, names_of, opened
from sessionframe.analysis._groups import filled, grouped, ordered, sums, unknown_as_null, with_total_tokens
from sessionframe.analysis._prices import PRICED, Prices, beside, price_list, to_polars
from sessionframe.analysis._steps import instants_of, next_start, steps_between, values_frame
from sessionframe.schema import TOTAL_TOKEN_COLUMNS
from sessionframe.zones import zone

FINALITY = ("final_requests", "lower_bound_requests", "untold_requests")
OUTPUT = ("output_tokens", "lower_bound_output_tokens")


@helper
def coverage(frame: Any, *, by: By = "agent", tz: str = "local") -> Any:
    """Count requests per day, days without any included, to see from when on and how densely the logs are there.

    Logs vanish: Claude Code deletes transcripts after 30 days, and a day that still has some may have had more. A gap may also be a
    holiday; logs cannot tell.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    by
        Columns whose groups are looked at each for itself, e.g. ``["host", "agent"]``.
    tz
        Time zone in which days begin, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per day and group, from the first to the last day of each group, sorted by `start` and the columns of `by` in ascending
        order, null last. Requests without a time are one more row per group, without a day.

        ``start``: when the day starts, in `tz`.
        The columns of `by`.
        ``requests``: model requests; 0 where there are none.
        ``is_gap``: there are none, although there are before and after.

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
    >>> def request(day):
    ...     at = 1_790_812_800_000_000 + (day - 1) * 86_400_000_000  # that day of October 2026
    ...     return UsageRow(session_id="s", root_session_id="s", source="s.jsonl", at=at, agent="codex")
    >>> days = sf.coverage(frame(SCHEMA["usage"], [request(1), request(1), request(3)]), tz="UTC")
    >>> [(row["start"].day, row["requests"], row["is_gap"]) for row in days.to_dicts()]
    [(1, 2, False), (2, 0, True), (3, 1, False)]
    """
    keys, local = names_of(by), zone(tz)
    usage = opened(frame, [*keys, "at"], needed_by="coverage")
    cells = grouped(usage, [nw.len().alias("requests")], by=keys, at="at", every="1d", tz=tz)
    timed = cells.filter(~nw.col("start").is_null())
    starts = instants_of(timed["start"])
    days = steps_between(min(starts), next_start(max(starts), "1d", local), "1d", local) if starts else []
    calendar = values_frame({"start": days}, (), cells.schema["start"], cells).with_columns(nw.col("start").dt.convert_time_zone(local.key))
    ends = [nw.col("start").min().alias("first"), nw.col("start").max().alias("last")]
    spans = timed.with_columns(nw.lit(0).alias("_all")).group_by("_all", *keys).agg(*ends)
    inside = spans.join(calendar, how="cross").filter(nw.col("start") >= nw.col("first"), nw.col("start") <= nw.col("last"))
    found = filled(cells, inside, ["start", *keys]).with_columns((nw.col("requests") == 0).alias("is_gap"))
    return closed(found.select("start", *keys, "requests", "is_gap"), ["requests"])


@helper
def unpriced(frame: Any, *, by: By = ("agent", "model"), prices: Prices = None) -> Any:
    """List what has no known cost, and why.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    by
        Columns to group by.
    prices
        Own prices that the costs of the frame come from, as for `cost_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per group and reason that has requests without a cost, sorted by the number of requests in descending order, then by
        the columns of `by` and the reason, null last. No row when every request has a cost.

        The columns of `by`.
        ``reason``: why the cost is not known; null where the price list has a price now.
        ``requests``: requests without a cost.
        ``total_tokens``: input + cache read + cache write + output of those requests; null where nothing is known.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    PriceFileError
        The file of own prices cannot be read.

    Examples
    --------
    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> row = UsageRow(
    ...     session_id="s", root_session_id="s", source="s.jsonl", agent="codex", model="my-model",
    ...     input_tokens=5, cache_read_tokens=0, cache_write_tokens=0, output_tokens=2,
    ... )
    >>> sf.unpriced(frame(SCHEMA["usage"], [row, row])).rows()
    [('codex', 'my-model', 'the price list does not have it', 2, 14)]
    """
    from sessionframe.pricing import quotes

    keys = names_of(by)
    usage = opened(frame, [*keys, *PRICED, "cost_usd"], needed_by="unpriced").filter(nw.col("cost_usd").is_null())
    reasons = quotes(to_polars(usage, PRICED), price_list(frame, prices)).select("reason")
    aggregates = [nw.len().alias("requests"), *sums(TOTAL_TOKEN_COLUMNS)]
    found = grouped(beside(usage, reasons), aggregates, by=[*keys, "reason"], at="at", every=None, tz="UTC")
    shown = with_total_tokens(unknown_as_null(found, TOTAL_TOKEN_COLUMNS))
    order = ["requests", *keys, "reason"]
    shown = shown.sort(order, descending=[name == "requests" for name in order], nulls_last=True)
    return closed(shown.select(*keys, "reason", "requests", "total_tokens"), ["requests", "total_tokens"])


@helper
def finality_by(frame: Any, *, by: By = "agent", every: str | None = None, tz: str = "local") -> Any:
    """Tell how much of the output is a lower bound, because the log never got a response's final numbers.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    by, every, tz
        Groups, step of time and the time zone in which days begin, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group that has requests, sorted by `start` and the columns of `by` in ascending order, null last.

        ``start`` (only with `every`): when the step starts, in `tz`; null for requests without a time.
        The columns of `by`.
        ``requests``: model requests.
        ``final_requests``, ``lower_bound_requests``, ``untold_requests``: those with final numbers, those without, and those of which
        the log cannot tell (`is_final` is null).
        ``output_tokens``: sum of what is known; null where nothing is.
        ``lower_bound_output_tokens``: the part of it that requests without final numbers state.
        ``lower_bound_output_share``: the second as a share of the first: how much of the output is known only from below. It does not
        say how much is missing. Null when there is no output.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `every` is no step of time, or `tz` no time zone.

    Examples
    --------
    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> def request(tokens, is_final):
    ...     return UsageRow(session_id="s", root_session_id="s", source="s.jsonl", output_tokens=tokens, is_final=is_final)
    >>> found = sf.finality_by(frame(SCHEMA["usage"], [request(30, True), request(10, False)]), by=())
    >>> found.select("requests", "lower_bound_requests", "lower_bound_output_share").rows()
    [(2, 1, 0.25)]
    """
    keys = names_of(by)
    usage = opened(frame, [*keys, "is_final", "output_tokens", *(["at"] if every else [])], needed_by="finality_by")
    final, output, bound = nw.col("is_final"), *(nw.col(name) for name in OUTPUT)
    marked = usage.with_columns((~final).alias("is_bound"), nw.when(~final).then(output).alias("lower_bound_output_tokens"))
    told = [final.sum().alias("final_requests"), nw.col("is_bound").sum().alias("lower_bound_requests")]
    aggregates = [nw.len().alias("requests"), *told, *sums(["output_tokens"]), bound.sum()]
    found = grouped(marked, aggregates, by=keys, at="at", every=every, tz=tz)
    untold = nw.col("requests") - nw.col("final_requests") - nw.col("lower_bound_requests")
    shown = unknown_as_null(found.with_columns(untold.alias("untold_requests"), bound.fill_null(0)), ["output_tokens"])
    shown = shown.with_columns(nw.when(~output.is_null()).then(bound).alias("lower_bound_output_tokens"))
    shown = shown.with_columns(nw.when(output > 0).then(bound / output).alias("lower_bound_output_share"))
    counts = ["requests", *FINALITY, *OUTPUT]
    return closed(ordered(shown, keys, every, [*counts, "lower_bound_output_share"]), counts)
