"""A `usage` frame and two periods go in; why the cost changed from one to the other comes out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any, TypeAlias

import narwhals as nw

from sessionframe.analysis._doors import By, Frame, closed, helper, names_of, opened
from sessionframe.analysis._prices import PARTS, PRICED, Prices, price_list, with_parts
from sessionframe.analysis._steps import instant
from sessionframe.engine.options import Moment
from sessionframe.errors import OptionError

Period: TypeAlias = tuple[Moment, Moment]

PROMPT = ("input", "cache_read", "cache_write_5m", "cache_write_1h")
KINDS = (*PROMPT, "output")
"""Kinds of tokens that have a price of their own; `<kind>_usd` is the part of the cost."""
COUNTED = {"requests": "requests", "unpriced_requests": "unpriced_requests", "tokens": "tokens", "cost_usd": "usd"}
"""Sums of each period -> their names in the result, after the period's."""
PERIODS = ("first", "second")
WHOLE = ("requests", "unpriced_requests", "tokens")
EFFECTS = ("volume_usd", "model_mix_usd", "output_share_usd", "cache_usd", "price_usd", "web_search_usd")


@helper
def compare_periods(frame: Any, *, first: Period, second: Period, by: By = (), tz: str = "local", prices: Prices = None) -> Any:
    """Compare the cost of two periods and split the change into volume, model mix, output share, cache and price.

    Parameters
    ----------
    frame
        The table `usage`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    first, second
        The two periods, each the pair of its start and its end. A period is half-open: a request at its end is not in it. A date
        is its midnight in `tz`; None is no limit.
    by
        Columns to group by, as for `tokens_by`. Each group is compared as if the frame held nothing else, so its changes of cost
        add up to that of everything, but its effects do not: what shifts between groups is a change of volume for each of them.
    tz
        Time zone of times without one, as for `tokens_by`.
    prices
        Own prices that the costs of the frame come from, as for `cost_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per group that has requests in one of the periods, sorted by the columns of `by` in ascending order, null last; a
        single row without `by`.

        The columns of `by`.
        ``first_requests``, ``second_requests``: model requests.
        ``first_unpriced_requests``, ``second_unpriced_requests``: those of them whose cost is not known. They are in no column below.
        ``first_tokens``, ``second_tokens``: input + cache read + cache write + output.
        ``first_usd``, ``second_usd`` [USD]: cost, an API-equivalent estimate; null when requests are there and none is priced.
        ``change_usd`` [USD]: the second less the first; null, with all effects, where one of them is.
        ``volume_usd`` [USD]: more or fewer tokens, the rest as in the first period.
        ``model_mix_usd`` [USD]: other shares of the models in the tokens.
        ``output_share_usd`` [USD]: another share of output in the tokens of each model.
        ``cache_usd`` [USD]: another division of each model's prompts into uncached input, cache reads and 5-minute and 1-hour writes.
        ``price_usd`` [USD]: other prices per token of each model and kind: list prices, context tiers, fast mode.
        ``web_search_usd`` [USD]: more or fewer web searches.

        The six effects add up to ``change_usd`` (to the rounding of floats).

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        A period is no pair of times or ends before it starts, `tz` is no time zone, or the costs of the frame come from other prices.

    Notes
    -----
    The method is a chain of substitutions: with V tokens, of which model m has the share m, its output the share o and its prompt the
    shares q of the kinds k at the prices r,

        cost = V * sum over m of  m * (o * r_output + (1 - o) * sum over k of  q_k * r_k)

    and V, m, o, q and r are replaced by those of the second period in this order. Each effect is thus taken at the second period's
    value of what comes before it and the first period's of what comes after; another order would give other effects with the same
    sum. What a period lacks has the value of the other one: a model that is new changes the mix, not the price.

    Examples
    --------
    Twice the tokens, of which the second half was read from the cache at a tenth of the price:

    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.pricing import price
    >>> from sessionframe.schema import SCHEMA, UsageRow
    >>> def request(day, tokens, read):
    ...     at = 1_790_812_800_000_000 + (day - 1) * 86_400_000_000  # that day of October 2026
    ...     return UsageRow(
    ...         session_id="s", root_session_id="s", source="s.jsonl", at=at, model="claude-opus-4-8",
    ...         input_tokens=tokens, cache_read_tokens=read, cache_write_tokens=0, output_tokens=0,
    ...     )
    >>> usage, _ = price(frame(SCHEMA["usage"], [request(1, 100_000, 0), request(2, 100_000, 100_000)]))
    >>> days = sf.compare_periods(usage, first=("2026-10-01", "2026-10-02"), second=("2026-10-02", "2026-10-03"), tz="UTC")
    >>> days.select("first_usd", "second_usd", "volume_usd", "cache_usd").to_dicts()
    [{'first_usd': 0.5, 'second_usd': 0.55, 'volume_usd': 0.5, 'cache_usd': -0.45}]
    """
    keys = names_of(by)
    usage = opened(frame, [*keys, *PRICED, "cost_usd"], needed_by="compare_periods")
    inside = [within(period, name, tz) for name, period in (("first", first), ("second", second))]
    counted = with_tokens(with_parts(usage.filter(inside[0] | inside[1]), price_list(frame, prices)))
    cells = joined([summed(counted.filter(which), list(dict.fromkeys([*keys, "model"])), place) for place, which in enumerate(inside, 1)])
    result = totals(with_effects(with_ratios(with_volumes(cells, keys))), keys)
    counts = [f"{name}_{what}" for what in WHOLE for name in PERIODS]
    return closed(result.select(*keys, *counts, "first_usd", "second_usd", "change_usd", *EFFECTS), counts)


def within(period: Period, name: str, tz: str) -> nw.Expr:
    """Whether a request lies in a period."""
    try:
        given_start, given_end = period
    except (TypeError, ValueError):
        raise OptionError(f"{name}={period!r} is no period. Give its start and its end, e.g. ('2026-10-01', '2026-11-01').") from None
    start, end = instant(given_start, name, tz), instant(given_end, name, tz)
    if start is not None and end is not None and start > end:
        raise OptionError(f"{name}={period!r} ends before it starts. Give its start first.")
    at = nw.col("at")
    bounds = [~at.is_null(), *([at >= start] if start is not None else []), *([at < end] if end is not None else [])]
    return nw.all_horizontal(*bounds, ignore_nulls=True)


def with_tokens(usage: Frame) -> Frame:
    """The tokens of each kind, where they have a price, as floats: they are only summed and divided."""
    priced = ~nw.col("cost_usd").is_null()
    hour = nw.col("cache_write_1h_tokens").fill_null(0)
    counts = {
        "input": nw.col("input_tokens"),
        "cache_read": nw.col("cache_read_tokens"),
        "cache_write_5m": nw.col("cache_write_tokens") - hour,
        "cache_write_1h": hour,
        "output": nw.col("output_tokens"),
    }
    tokens = {f"{kind}_n": nw.when(priced).then(count).cast(nw.Float64) for kind, count in counts.items()}
    return usage.with_columns((~priced).cast(nw.Int64).alias("unpriced_requests"), **tokens)


def summed(rows: Frame, keys: list[str], place: int) -> Frame:
    """The sums of one period per group and model; their names end with its place."""
    columns = [*(f"{kind}_n" for kind in KINDS), *PARTS, "cost_usd", "unpriced_requests"]
    found = rows.group_by(keys).agg(nw.len().alias(f"requests_{place}"), *(nw.col(name).sum().alias(f"{name}_{place}") for name in columns))
    return found.with_columns(nw.exclude(keys).cast(nw.Float64))


def joined(periods: Sequence[Frame]) -> Frame:
    """The sums of both periods beside each other, one row per group and model; a period without requests has 0."""
    names = [name for name in periods[0].columns if name in periods[1].columns]
    both = nw.concat(periods, how="diagonal")
    return both.group_by(names).agg(nw.exclude(names).sum()) if names else both


def with_volumes(cells: Frame, keys: list[str]) -> Frame:
    """Add the tokens of each prompt, of each model, and of the group."""
    for place in (1, 2):
        prompt = reduce(add, (nw.col(f"{kind}_n_{place}") for kind in PROMPT))
        cells = cells.with_columns(prompt.alias(f"prompt_{place}"), (prompt + nw.col(f"output_n_{place}")).alias(f"tokens_{place}"))
        total = nw.col(f"tokens_{place}").sum()
        cells = cells.with_columns((total.over(*keys) if keys else total).alias(f"volume_{place}"))
    return cells


def with_ratios(cells: Frame) -> Frame:
    """Add what the cost is a product of: shares `m`, `o` and `q_` and prices `r_`; of a period that has none, the other one's."""
    parts = {"m": ("tokens", "volume"), "o": ("output_n", "tokens")}
    parts |= {f"q_{kind}": (f"{kind}_n", "prompt") for kind in PROMPT}
    parts |= {f"r_{kind}": (f"{kind}_usd", f"{kind}_n") for kind in KINDS}
    return cells.with_columns(
        ratio(part, whole, place, 3 - place).alias(f"{name}_{place}") for name, (part, whole) in parts.items() for place in (1, 2)
    )


def ratio(part: str, whole: str, place: int, other: int) -> nw.Expr:
    """A share or price in one period, else in the other, else 0."""
    own, others = nw.col(f"{whole}_{place}"), nw.col(f"{whole}_{other}")
    fallback = nw.when(others != 0).then(nw.col(f"{part}_{other}") / others).otherwise(nw.lit(0.0))
    return nw.when(own != 0).then(nw.col(f"{part}_{place}") / own).otherwise(fallback)


def with_effects(cells: Frame) -> Frame:
    """Add the effects of each model, in the order that the docstring states."""
    v1, v2, m1, m2, o1, o2, out1, out2 = (nw.col(f"{name}_{place}") for name in ("volume", "m", "o", "r_output") for place in (1, 2))

    def prompt(shares: int, prices: int) -> nw.Expr:
        return reduce(add, (nw.col(f"q_{kind}_{shares}") * nw.col(f"r_{kind}_{prices}") for kind in PROMPT))

    cells = cells.with_columns(prompt(1, 1).alias("p11"), prompt(2, 1).alias("p21"), prompt(2, 2).alias("p22"))
    p11, p21, p22 = nw.col("p11"), nw.col("p21"), nw.col("p22")
    unit = o1 * out1 + (1 - o1) * p11
    return cells.with_columns(
        ((v2 - v1) * m1 * unit).alias("volume_usd"),
        (v2 * (m2 - m1) * unit).alias("model_mix_usd"),
        (v2 * m2 * (o2 - o1) * (out1 - p11)).alias("output_share_usd"),
        (v2 * m2 * (1 - o2) * (p21 - p11)).alias("cache_usd"),
        (v2 * m2 * (o2 * (out2 - out1) + (1 - o2) * (p22 - p21))).alias("price_usd"),
        (nw.col("web_search_usd_2") - nw.col("web_search_usd_1")).alias("web_search_usd"),
    )


def totals(cells: Frame, keys: list[str]) -> Frame:
    """The sums over the models of each group; what nothing is known of is null."""
    columns = {f"{name}_{place}": f"{word}_{title}" for name, title in COUNTED.items() for place, word in enumerate(PERIODS, 1)}
    sums = [*(nw.col(name).sum().alias(title) for name, title in columns.items()), *(nw.col(name).sum() for name in EFFECTS)]
    found = cells.group_by(keys).agg(*sums).sort(keys, nulls_last=True) if keys else cells.select(*sums)
    found = found.with_columns((nw.col("second_usd") - nw.col("first_usd")).alias("change_usd"))
    counts = {word: (nw.col(f"{word}_unpriced_requests"), nw.col(f"{word}_requests")) for word in PERIODS}
    known = {word: (unpriced < requests) | (requests == 0) for word, (unpriced, requests) in counts.items()}
    return found.with_columns(
        *(nw.when(known["first"] & known["second"]).then(nw.col(name)).alias(name) for name in ("change_usd", *EFFECTS)),
        *(nw.when(known[word]).then(nw.col(f"{word}_usd")).alias(f"{word}_usd") for word in PERIODS),
        *(nw.col(f"{word}_{what}").cast(nw.Int64) for word in PERIODS for what in WHOLE),
    )
