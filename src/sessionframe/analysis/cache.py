"""A `usage` frame goes in; how well the prompt cache worked, what it saved and what its misses cost come out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, Frame, closed, extended, helper, names_of, opened
from sessionframe.analysis._groups import grouped, known, ordered, sums, unknown_as_null
from sessionframe.analysis._prices import PRICED, Prices, price_list, with_parts
from sessionframe.analysis._threads import THREAD, context_tokens, in_threads
from sessionframe.errors import OptionError

CACHED = (*THREAD, "model")
"""Within what a request can read what the one before wrote: a prompt cache belongs to one model."""
PROMPT = ("input_tokens", "cache_read_tokens", "cache_write_tokens")
SUMMED = (
    "input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "missed_tokens",
    "prompt_usd", "cache_write_usd", "saved_usd", "missed_usd", "cost_usd",
)  # fmt: skip


@helper
def cache_by(frame: Any, *, by: By = (), every: str | None = None, tz: str = "local", prices: Prices = None) -> Any:
    """Sum up how requests used the prompt cache, per group and step of time.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    by, every, tz
        Groups, step of time and the time zone in which days begin, as for `tokens_by`.
    prices
        Own prices that the costs of the frame come from, as for `cost_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group that has requests, sorted by `start` and the columns of `by` in ascending order, null last.

        ``start`` (only with `every`): when the step starts, in `tz`; null for requests without a time.
        The columns of `by`.
        ``requests``: model requests.
        ``input_tokens``, ``cache_read_tokens``, ``cache_write_5m_tokens``, ``cache_write_1h_tokens``: the parts of the prompts, sums
        of what is known, null where nothing is.
        ``hit_ratio``: cache reads as a share of all tokens of the prompts whose reads are known; null when there are none.
        ``missed_tokens``: tokens that the request before in the same thread and model had in its prompt, and that this one did not
        read from the cache: they had expired, or the prompt was changed (a compaction counts, because logs do not tell). Null when no
        request has one before it.
        ``prompt_usd`` [USD]: what the prompts cost: uncached input, reads and writes. Like all costs it is the sum of what is known.
        ``cache_write_usd`` [USD]: the writes in it.
        ``saved_usd`` [USD]: what the same prompts would have cost more without a cache, all at the price of uncached input; negative
        where writing cost more than reading saved.
        ``missed_usd`` [USD]: what the missed tokens cost more than reading them would have.
        ``cost_usd`` [USD]: the whole cost, output included, an API-equivalent estimate.
        ``unpriced_requests``: requests whose cost is not known.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `every` is no step of time, `tz` no time zone, or the costs of the frame come from other prices.
    PriceFileError
        The file of own prices cannot be read.

    Examples
    --------
    100,000 tokens are written for 6.25 USD per million and then read for 0.50 instead of 5:

    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.pricing import price
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> def request(minute, read, write):
    ...     return UsageRow(
    ...         session_id="s", root_session_id="s", source="s.jsonl", at=1_790_812_800_000_000 + minute * 60_000_000,
    ...         model="claude-opus-4-8", input_tokens=0, cache_read_tokens=read, cache_write_tokens=write, output_tokens=0,
    ...     )
    >>> usage, _ = price(frame(SCHEMA["usage"], [request(0, 0, 100_000), request(1, 100_000, 0)]))
    >>> sf.cache_by(usage).select("hit_ratio", "missed_tokens", "prompt_usd", "saved_usd").rows()
    [(0.5, 0, 0.675, 0.325)]
    """
    keys = names_of(by)
    needed = [*keys, *THREAD, *PRICED, "cost_usd"]
    usage = with_parts(opened(frame, needed, needed_by="cache_by"), price_list(frame, prices), rates=True)
    counted = with_charges(with_gaps(usage))
    whole = [*SUMMED, "read_context"]
    found = grouped(counted, [nw.len().alias("requests"), *sums(whole)], by=keys, at="at", every=every, tz=tz)
    found = found.with_columns((nw.col("requests") - nw.col(known("cost_usd"))).alias("unpriced_requests"), pooled_ratio())
    shown = unknown_as_null(found, whole)
    measures = [*SUMMED[:4], "hit_ratio", *SUMMED[4:]]
    result = ordered(shown, keys, every, ["requests", *measures, "unpriced_requests"])
    return closed(result, ["requests", "unpriced_requests", *SUMMED[:5]])


@helper
def cache_gaps(frame: Any) -> Any:
    """Add to each request how long after the one before it came, and how much of its prompt the cache had.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.

    Returns
    -------
    frame of the same engine (pandas for a table)
        The rows of the frame in its order, with all its columns and

        ``gap_s`` [s]: time since the request before it in the same thread and on the same model, of those in the frame: a prompt
        cache belongs to one model. Times are those at which responses were logged, so the time to answer is in it. Null for the first
        one and without a time.
        ``context_tokens``: the whole prompt: uncached input, cache reads and cache writes; null where none is known.
        ``hit_ratio``: cache reads as a share of it; null where reads are not known or it is 0.
        ``missed_tokens``: tokens that the request before had in its prompt and this one did not read from the cache, at most: the
        shorter of the two prompts less the reads. Null for the first one.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.

    Examples
    --------
    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> def request(minute, read, write):
    ...     at = 1_790_812_800_000_000 + minute * 60_000_000
    ...     return UsageRow(session_id="s", root_session_id="s", source="s.jsonl", at=at, cache_read_tokens=read, cache_write_tokens=write)
    >>> usage = frame(SCHEMA["usage"], [request(0, 0, 900), request(10, 300, 700)])
    >>> sf.cache_gaps(usage).select("gap_s", "context_tokens", "hit_ratio", "missed_tokens").rows()
    [(None, 900, 0.0, None), (600.0, 1000, 0.3, 600)]
    """
    usage = opened(frame, [*CACHED, "at", *PROMPT], needed_by="cache_gaps", whole=True)
    found = with_gaps(usage.select([*CACHED, "at", *PROMPT]))
    added = usage.with_columns(*(found[name] for name in ("gap_s", "context_tokens", "hit_ratio", "missed_tokens")))
    return extended(added, ["gap_s", "hit_ratio"], ["context_tokens", "missed_tokens"])


@helper
def cache_by_gap(frame: Any, *, by: By = (), bins: Sequence[float] = (60, 300, 3600)) -> Any:
    """Sum up how requests used the prompt cache by the time since the request before.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    by
        Columns to group by, e.g. ``"model"``.
    bins
        Ends of the bins of time [s], ascending. By default the lifetimes that Anthropic's cache entries have, 5 minutes and an
        hour, and a minute, within which most requests follow each other.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per group and bin that has requests, sorted by the columns of `by` and the bins in ascending order, null last.

        The columns of `by`.
        ``gap``: the bin in words, e.g. ``1-5 min``; ``first`` for requests with none before them in their thread and model.
        ``gap_from_s``, ``gap_to_s`` [s]: its ends, half-open; null where there is none.
        ``requests``: model requests.
        ``context_tokens``, ``cache_read_tokens``: the whole prompts and what was read from the cache; null where nothing is known.
        ``hit_ratio``: reads as a share of the prompts whose reads are known; null when there are none.
        ``median_hit_ratio``: median of the requests' own ratios, in which a long prompt counts no more than a short one.
        ``missed_tokens``: as in `cache_gaps`; null for first requests.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `bins` are not ascending or not positive.

    Examples
    --------
    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> def request(minute, read, write):
    ...     at = 1_790_812_800_000_000 + minute * 60_000_000
    ...     return UsageRow(session_id="s", root_session_id="s", source="s.jsonl", at=at, cache_read_tokens=read, cache_write_tokens=write)
    >>> usage = frame(SCHEMA["usage"], [request(0, 0, 900), request(2, 900, 100), request(90, 0, 1000)])
    >>> sf.cache_by_gap(usage).select("gap", "requests", "hit_ratio", "missed_tokens").rows()
    [('1-5 min', 1, 0.9, 0), ('> 1 h', 1, 0.0, 1000), ('first', 1, 0.0, None)]
    """
    keys, edges = names_of(by), [0.0, *bins]
    if any(before >= after for before, after in pairwise(edges)):
        raise OptionError(f"bins={bins!r} are not ascending seconds. Give e.g. bins=(60, 300, 3600).")
    usage = with_gaps(opened(frame, [*keys, *CACHED, "at", *PROMPT], needed_by="cache_by_gap"))
    passed = nw.sum_horizontal(*((nw.col("gap_s") >= edge).cast(nw.Int64) for edge in edges[1:])) if bins else nw.lit(0)
    numbered = usage.with_columns(nw.when(~nw.col("gap_s").is_null()).then(passed).otherwise(nw.lit(len(edges))).alias("bin"))
    summed = ["context_tokens", "cache_read_tokens", "missed_tokens", "read_context"]
    median = nw.col("hit_ratio").median().alias("median_hit_ratio")
    found = grouped(numbered, [nw.len().alias("requests"), median, *sums(summed)], by=[*keys, "bin"], at="at", every=None, tz="UTC")
    shown = unknown_as_null(with_bins(found.with_columns(pooled_ratio()), edges), summed)
    measures = ["requests", "context_tokens", "cache_read_tokens", "hit_ratio", "median_hit_ratio", "missed_tokens"]
    return closed(shown.select(*keys, "gap", "gap_from_s", "gap_to_s", *measures), ["requests", *summed[:3]])


def with_gaps(usage: Frame) -> Frame:
    """Add what follows from the request before: `gap_s`, `context_tokens`, `hit_ratio`, `missed_tokens`.

    `read_context` is the prompt where its reads are known, what hit ratios of groups refer to.
    """
    read, context = nw.col("cache_read_tokens"), nw.col("context_tokens")
    shared = nw.min_horizontal("_before", "context_tokens") - read
    # whole numbers, because the difference of two times is rounded down by a microsecond in pandas
    at = nw.col("at").dt.timestamp("us")
    gap = nw.col("_us") - nw.col("_at")
    added = in_threads(
        usage,
        [context_tokens().alias("context_tokens"), at.alias("_us")],
        [nw.col("_us").shift(1).over(*CACHED).alias("_at"), context.shift(1).over(*CACHED).alias("_before")],
        [
            (gap / 1_000_000).alias("gap_s"),
            nw.when(context > 0).then(read / context).alias("hit_ratio"),
            nw.when(~read.is_null()).then(context).alias("read_context"),
            nw.when(~gap.is_null() & ~read.is_null() & ~nw.col("_before").is_null()).then(shared.clip(0)).alias("missed_tokens"),
        ],
    )
    return added.drop("_us", "_at", "_before")


def with_charges(usage: Frame) -> Frame:
    """Add the writes by their lifetime and what prompts, writes and misses cost."""
    hour = nw.col("cache_write_1h_tokens").fill_null(0)
    written = nw.col("cache_write_5m_usd") + nw.col("cache_write_1h_usd")
    prompt = nw.col("input_usd") + nw.col("cache_read_usd") + written
    missed, fresh = nw.col("missed_tokens"), nw.col("context_tokens") - nw.col("cache_read_tokens")
    nothing = (missed == 0) & ~nw.col("cost_usd").is_null()
    paid = nw.when(fresh > 0).then((prompt - nw.col("cache_read_usd")) / fresh)
    return usage.with_columns(
        (nw.col("cache_write_tokens") - hour).alias("cache_write_5m_tokens"),
        nw.when(~nw.col("cache_write_tokens").is_null()).then(hour).alias("cache_write_1h_tokens"),
        prompt.alias("prompt_usd"),
        written.alias("cache_write_usd"),
        (nw.col("context_tokens") * nw.col("input_rate") - prompt).alias("saved_usd"),
        nw.when(nothing).then(nw.lit(0.0)).otherwise(missed * (paid - nw.col("cache_read_rate"))).alias("missed_usd"),
    )


def pooled_ratio() -> nw.Expr:
    """The hit ratio of a group: of its tokens, not the mean of its requests' ratios."""
    whole = nw.col("read_context")
    return nw.when(whole > 0).then(nw.col("cache_read_tokens") / whole).alias("hit_ratio")


def with_bins(found: Frame, edges: list[float]) -> Frame:
    """The ends of each bin and its name in place of its number; the last number is that of first requests."""
    ends = [*zip(edges, [*edges[1:], None], strict=True), (None, None)]
    columns = {
        "gap": ([bin_name(*ends[number]) for number in found["bin"].to_list()], nw.String()),
        "gap_from_s": ([ends[number][0] for number in found["bin"].to_list()], nw.Float64()),
        "gap_to_s": ([ends[number][1] for number in found["bin"].to_list()], nw.Float64()),
    }
    series = [nw.new_series(name, values, dtype, backend=found.implementation) for name, (values, dtype) in columns.items()]
    return found.with_columns(*series)


def bin_name(start: float | None, end: float | None) -> str:
    """A bin in words."""
    if start is None:
        return "first"
    if end is None:
        return f"> {duration(start)}"
    if start == 0:
        return f"< {duration(end)}"
    (low, unit), (high, units) = duration(start).split(), duration(end).split()
    return f"{low}-{high} {unit}" if unit == units else f"{low} {unit} - {high} {units}"


def duration(seconds: float) -> str:
    """A time in its largest unit that divides it."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"
