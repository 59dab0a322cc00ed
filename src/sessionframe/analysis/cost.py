"""A `usage` frame goes in, what its requests cost comes out: by what was charged for, on another model, at the prices of another day."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, closed, helper, names_of, opened
from sessionframe.analysis._groups import grouped, known, ordered, sums, unknown_as_null
from sessionframe.analysis._prices import PARTS, PRICED, Prices, beside, price_list, to_polars, with_parts
from sessionframe.analysis._steps import instant
from sessionframe.engine.options import Moment


@helper
def cost_by(frame: Any, *, by: By = (), every: str | None = None, tz: str = "local", prices: Prices = None) -> Any:
    """Sum the cost of model requests by what was charged for, per group and step of time.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    by, every, tz
        Groups, step of time and the time zone in which days begin, as for `tokens_by`.
    prices
        Own prices that the costs of the frame come from: a file or a `PriceList`, as for `scan`. A table brings those of its scan.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group that has requests, sorted by `start` and the columns of `by` in ascending order, null last.

        ``start`` (only with `every`): when the step starts, in `tz`; null for requests without a time.
        The columns of `by`.
        ``requests``: model requests.
        ``input_usd``, ``cache_read_usd``, ``cache_write_5m_usd``, ``cache_write_1h_usd``, ``output_usd``, ``web_search_usd`` [USD]:
        what was charged for uncached input, cache reads, cache writes by their lifetime, output and web searches. They add up to
        ``cost_usd`` (to the rounding of floats).
        ``cost_usd`` [USD]: sum of the known costs, an API-equivalent estimate; null, like its parts, when none is known.
        ``unpriced_requests``: requests whose cost is not known and missing in every sum.

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
    A million tokens of output of Opus 4.8 cost 25 USD, a million of uncached input 5 USD:

    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.pricing import price
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> row = UsageRow(
    ...     session_id="s", root_session_id="s", source="s.jsonl", at=1_790_000_000_000_000, model="claude-opus-4-8",
    ...     input_tokens=100_000, cache_read_tokens=0, cache_write_tokens=0, output_tokens=10_000,
    ... )
    >>> usage, _ = price(frame(SCHEMA["usage"], [row]))
    >>> sf.cost_by(usage, by="model").select("model", "input_usd", "output_usd", "cost_usd").rows()
    [('claude-opus-4-8', 0.5, 0.25, 0.75)]
    """
    keys = names_of(by)
    needed = [*keys, *PRICED, "cost_usd"]
    usage = with_parts(opened(frame, needed, needed_by="cost_by"), price_list(frame, prices))
    summed = (*PARTS, "cost_usd")
    found = grouped(usage, [nw.len().alias("requests"), *sums(summed)], by=keys, at="at", every=every, tz=tz)
    counted = found.with_columns((nw.col("requests") - nw.col(known("cost_usd"))).alias("unpriced_requests"))
    result = ordered(unknown_as_null(counted, summed), keys, every, ["requests", *summed, "unpriced_requests"])
    return closed(result, ["requests", "unpriced_requests"])


@helper
def reprice(
    frame: Any, *, model: str | None = None, as_of: Moment = None, tz: str = "local", prices: Prices = None, fallback: bool = False
) -> Any:
    """Price the same tokens again: on another model, at the prices of another day, or at own prices.

    It says what the logged tokens would cost, not what another model would have needed: models count text in different tokens, and
    think and answer at different length.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    model
        The model to price all requests on, by its name in the price list or in the logs; without it each keeps its own.
    as_of
        The time whose prices apply to all requests: a date (its midnight in `tz`), a datetime or ISO text; without it each is
        priced at its own time.
    tz
        Time zone of `as_of` when it has none.
    prices
        Own prices to use, a file or a `PriceList`; a table brings those of its scan.
    fallback
        Charge cache reads and writes for which a model has no rate of their own at the next rate that it has: 1-hour writes as
        writes, writes and reads as uncached input. Without it such requests have no price: few vendors sell 1-hour writes.

    Returns
    -------
    frame of the same engine (pandas for a table)
        The rows of the frame in its order, with all its columns and

        ``repriced_usd`` [USD]: the cost; null when it is not known.
        ``repriced_key``: the entry of the price list that was used; null without a cost.
        ``unpriced_reason``: why there is no cost; null where there is one. Speed, service tier and place of a request are kept: on
        a model that is not sold so, it has no price.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `as_of` is no time or `tz` no time zone.
    PriceFileError
        The file of own prices cannot be read.

    Examples
    --------
    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> row = UsageRow(
    ...     session_id="s", root_session_id="s", source="s.jsonl", at=1_790_000_000_000_000, model="claude-opus-4-8",
    ...     input_tokens=100_000, cache_read_tokens=0, cache_write_tokens=0, output_tokens=10_000,
    ... )
    >>> usage = frame(SCHEMA["usage"], [row])
    >>> sf.reprice(usage, model="claude-haiku-4-5").select("model", "repriced_usd", "unpriced_reason").rows()
    [('claude-opus-4-8', 0.15, None)]
    >>> sf.reprice(usage, model="my-model")["unpriced_reason"].to_list()
    ['the price list does not have it']
    """
    import polars as pl

    from sessionframe.pricing import quotes

    usage = opened(frame, PRICED, needed_by="reprice", whole=True)
    requests = to_polars(usage, PRICED)
    if model is not None:  # who sold the old model says nothing of the new one
        requests = requests.with_columns(pl.lit(model).alias("model"), pl.lit(None, pl.String).alias("vendor"))
    if as_of is not None:
        requests = requests.with_columns(pl.lit(instant(as_of, "as_of", tz)).alias("at"))
    found = quotes(requests, price_list(frame, prices), fallback=fallback)
    return beside(usage, found.rename({"cost_usd": "repriced_usd", "price_key": "repriced_key", "reason": "unpriced_reason"})).to_native()
