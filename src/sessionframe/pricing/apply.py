"""A usage frame in, its costs out. Rates are looked up once per distinct case and joined, never per row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from operator import add
from typing import TypeAlias

import polars as pl

from sessionframe.pricing.entry import Entry, Rates
from sessionframe.pricing.pricelist import Match, PriceList, Request, quote
from sessionframe.schema import IssueRow

PARTS = ("input", "cache_read", "cache_write", "cache_write_1h", "output", "web_search")
"""What a request is charged for, by the names of its rates; `cache_write` is the part with the short lifetime."""

PICODOLLARS = 10**12
"""Costs are added as whole picodollars (1e-12 USD): every price of a model's maker is a whole number of them per token, so sums up to
9,000 USD per request are exact and the one division at the end gives the nearest float. Beyond that, floats round, they do not overflow."""

PER_UNIT = dict.fromkeys(PARTS, Decimal(10**6)) | {"web_search": Decimal(10**9)}
"""USD per million tokens, or per 1000 searches, -> picodollars per token, or per search."""

NAMES = {
    "input": "input",
    "cache_read": "cache reads",
    "cache_write": "5-minute cache writes",
    "cache_write_1h": "1-hour cache writes",
    "output": "output",
    "web_search": "web searches",
}
NEXT_RATES = {"cache_read": ("input",), "cache_write": ("input",), "cache_write_1h": ("cache_write", "input")}
"""Which rates a vendor charges who has none of its own for a part: without a tier for it, cached input is input."""
SLICE_ROWS = 1 << 17
OPTIONS = ("speed", "service_tier", "inference_geo")
CASE = ("model", "vendor", *OPTIONS, "moment", "clock", "size")
PYTHON_TIMES = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))
"""A broken clock in a log can lie beyond what Python's dates can hold; no price changes out there."""

UNTOLD = "the log does not tell all its token counts"
CONTRADICTORY = "its token counts contradict each other"
ADVICE = "A file of own prices can supply what is missing."

ModelKey: TypeAlias = tuple[str | None, str | None]


def price(usage: pl.DataFrame, prices: PriceList | None = None) -> tuple[pl.DataFrame, list[IssueRow]]:
    """Fill in what requests cost at the list prices of their day.

    Parameters
    ----------
    usage
        One row per model request, with the columns of the usage table.
    prices
        Own prices; without them the bundled list alone.

    Returns
    -------
    frame
        The same rows and columns in the same order, with ``cost_usd`` [USD] and ``price_key`` (the entry that was used) filled, and
        ``vendor`` where it was null and the list knows it. A cost is an API-equivalent estimate, not a bill. ``cost_usd`` and
        ``price_key`` are null together: when the model or its price at that time is unknown, when a rate that the request needs is
        unknown, and when one of its token counts is.
    issues
        One row of kind ``unpriced-model`` per agent, host, model and reason, sorted; ``count`` is the number of requests.
    """
    filled, unpriced = [], []
    for rows, costs in _costs(usage, prices or PriceList()):
        filled.append(costs.select(_cost(), _key(), pl.coalesce(rows["vendor"].cast(pl.String), "seller").alias("vendor")))
        without = rows.select("agent", "host", "model").hstack(costs).filter(pl.col("total").is_null())
        unpriced.append(without.select(pl.col("agent", "host", "model").cast(pl.String), _reason()))
    return usage.with_columns(pl.concat(filled).get_columns()), _issues(pl.concat(unpriced))


def cost_parts(usage: pl.DataFrame, prices: PriceList | None = None, *, rates: bool = False) -> pl.DataFrame:
    """Split the costs of requests into what was charged for.

    Parameters
    ----------
    usage, prices
        As for `price`.
    rates
        Tell the rates of uncached input and cache reads too, whether or not a request has such tokens.

    Returns
    -------
    frame
        One row per row of ``usage``, in its order, with ``input_usd``, ``cache_read_usd``, ``cache_write_5m_usd``,
        ``cache_write_1h_usd``, ``output_usd`` and ``web_search_usd`` [USD]. They add up to ``cost_usd`` (to the rounding of floats)
        and are null where it is. With `rates` also ``input_rate`` and ``cache_read_rate`` [USD per token], null where unknown.
    """
    names = {part: f"{'cache_write_5m' if part == 'cache_write' else part}_usd" for part in PARTS}
    priced = pl.col("total").is_not_null()
    parts = [_usd(pl.when(priced).then(pl.col(f"pd_{part}"))).alias(names[part]) for part in PARTS]
    wanted = [*parts, *(_usd(pl.col(part)).alias(f"{part}_rate") for part in ("input", "cache_read") if rates)]
    return pl.concat([costs.select(wanted) for _, costs in _costs(usage, prices or PriceList())])


def quotes(usage: pl.DataFrame, prices: PriceList | None = None, *, fallback: bool = False) -> pl.DataFrame:
    """What requests cost, or why that is not known.

    Parameters
    ----------
    usage, prices
        As for `price`.
    fallback
        Charge cache reads and writes for which the model has no rate of their own at the next rate that it has: 1-hour writes as
        writes, writes and reads as uncached input.

    Returns
    -------
    frame
        One row per row of ``usage``, in its order, with ``cost_usd`` [USD], ``price_key`` and ``reason``: null where there is a cost.
    """
    wanted = [_cost(), _key(), pl.when(pl.col("total").is_null()).then(_reason()).alias("reason")]
    return pl.concat([costs.select(wanted) for _, costs in _costs(usage, prices or PriceList(), fallback=fallback)])


def _cost() -> pl.Expr:
    return _usd(pl.col("total")).alias("cost_usd")


def _key() -> pl.Expr:
    return pl.when(pl.col("total").is_not_null()).then("key").alias("price_key")


def _usd(picodollars: pl.Expr) -> pl.Expr:
    """Picodollars in USD, the nearest float.

    The divisor is made a column, because polars divides by a constant by multiplying with its reciprocal, which misses the nearest
    float in one of eight cases (pola-rs/polars#23741): 0.2 would come out as 0.19999999999999998.
    """
    return picodollars / (picodollars * 0 + PICODOLLARS)


def _costs(usage: pl.DataFrame, prices: PriceList, *, fallback: bool = False) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Some rows at a time, with what they cost: a million rows with all of it would take 200 MB.

    Yields
    ------
    rows
        A slice of `usage`; the slices are in order, and there is at least one.
    costs
        Per row: counts (`n_`), rates and charges (`pd_`, picodollars) of each part, their total, key and seller, the case's reason.
    """
    matches = _matches(usage, prices)
    case = _case([match.entry for match in matches.values() if isinstance(match, Match)])
    slices = [usage.slice(start, SLICE_ROWS) for start in range(0, max(usage.height, 1), SLICE_ROWS)]
    cases = _distinct(pl.concat([_distinct(rows.select(case)) for rows in slices])).with_row_index("number")
    rates = _rates_frame(cases, matches)
    if fallback:
        rates = rates.with_columns(pl.coalesce(part, *others).alias(part) for part, others in NEXT_RATES.items())
    for rows in slices:
        own = rows.select(case).join(cases.select(*CASE, "number"), on=CASE, how="left", nulls_equal=True, maintain_order="left")
        yield rows, _charged(rows, rates[own["number"]])


def _charged(usage: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """The costs of rows with their rates."""
    counts = [pl.col(f"n_{part}") for part in PARTS]
    charges = [pl.when(count == 0).then(0.0).otherwise(count * pl.col(part)) for part, count in zip(PARTS, counts, strict=True)]
    sound = pl.col("reason").is_null() & pl.all_horizontal(count >= 0 for count in counts)
    return (
        usage.select(_counts())
        .hstack(rates)
        .with_columns(
            *(charge.alias(f"pd_{part}") for part, charge in zip(PARTS, charges, strict=True)),
            pl.when(sound).then(reduce(add, charges)).alias("total"),
        )
    )


def _matches(usage: pl.DataFrame, prices: PriceList) -> dict[ModelKey, Match | str]:
    models = usage.select(pl.col("model", "vendor").cast(pl.String)).unique()
    return {(model, vendor): prices.find(model, vendor) for model, vendor in models.iter_rows()}


def _case(entries: Sequence[Entry]) -> list[pl.Expr]:
    """Of each row, what it can differ in price by, its time and prompt size.

    Rows of one case have the same model and options and lie on the same side of every instant, time of day and prompt size at which
    any of the models changes its price.
    """
    at = pl.col("at")
    prompt = _float("input_tokens") + _float("cache_read_tokens") + _float("cache_write_tokens")
    return [
        *(pl.col(name).cast(pl.String) for name in ("model", "vendor", *OPTIONS)),
        _passed([at >= instant for instant in sorted({instant for entry in entries for instant in entry.instants})]).alias("moment"),
        _passed([at.dt.time() >= hour for hour in sorted({hour for entry in entries for hour in entry.clocks})]).alias("clock"),
        _passed([prompt > size for size in sorted({size for entry in entries for size in entry.thresholds})]).alias("size"),
        at,
        prompt.alias("prompt"),
    ]


def _distinct(rows: pl.DataFrame) -> pl.DataFrame:
    """The distinct cases; the earliest instant and the smallest prompt of a case stand for all of it."""
    return rows.group_by(CASE).agg(pl.col("at").min().clip(*PYTHON_TIMES), pl.col("prompt").min())


def _passed(bounds: list[pl.Expr]) -> pl.Expr:
    """How many bounds a value has passed; null for null, as soon as there is a bound."""
    return pl.sum_horizontal(pl.lit(0, pl.UInt16), *(bound.cast(pl.UInt16) for bound in bounds), ignore_nulls=False)


def _rates_frame(cases: pl.DataFrame, matches: Mapping[ModelKey, Match | str]) -> pl.DataFrame:
    """One row per case, in order: its rates in picodollars, key and seller, or the reason why it has none."""
    rows = []
    for case in cases.iter_rows(named=True):
        match = matches[case["model"], case["vendor"]]
        request = Request(case["at"], int(case["prompt"] or 0), *(case[option] for option in OPTIONS))
        quoted = match if isinstance(match, str) else quote(match, request)
        seller = None if isinstance(match, str) else match.entry.vendor
        rows.append(_picodollars(quoted) | {"seller": seller})
    return pl.DataFrame(rows, schema=dict.fromkeys(PARTS, pl.Float64) | dict.fromkeys(("key", "seller", "reason"), pl.String))


def _picodollars(quoted: Rates | str) -> dict[str, float | str | None]:
    if isinstance(quoted, str):
        return {"reason": quoted}
    usd = {part: getattr(quoted, part) for part in PARTS}
    return {"key": quoted.key} | {part: None if rate is None else float(rate * PER_UNIT[part]) for part, rate in usd.items()}


def _counts() -> list[pl.Expr]:
    """What is charged, per part. An unknown hour part or number of searches is none; any other unknown count stays unknown."""
    hour = _float("cache_write_1h_tokens").fill_null(0)
    counts = {
        "input": _float("input_tokens"),
        "cache_read": _float("cache_read_tokens"),
        "cache_write": _float("cache_write_tokens") - hour,
        "cache_write_1h": hour,
        "output": _float("output_tokens"),
        "web_search": _float("web_searches").fill_null(0),
    }
    return [count.alias(f"n_{part}") for part, count in counts.items()]


def _float(column: str) -> pl.Expr:
    """A count as a float, exact up to 2**53: absurd counts must not wrap around."""
    return pl.col(column).cast(pl.Float64)


def _reason() -> pl.Expr:
    """Why a row has no cost: the first of the case's own reason, unknown counts, impossible counts, a rate that is missing."""
    counts = [pl.col(f"n_{part}") for part in PARTS]
    rates = [
        pl.when((count > 0) & pl.col(part).is_null()).then(pl.lit(f"no rate is known for its {NAMES[part]}"))
        for part, count in zip(PARTS, counts, strict=True)
    ]
    return pl.coalesce(
        "reason",
        pl.when(pl.any_horizontal(count.is_null() for count in counts)).then(pl.lit(UNTOLD)),
        pl.when(pl.any_horizontal(count < 0 for count in counts)).then(pl.lit(CONTRADICTORY)),
        *rates,
    ).alias("reason")


def _issues(unpriced: pl.DataFrame) -> list[IssueRow]:
    keys = ["agent", "host", "model", "reason"]
    groups = unpriced.group_by(keys).len().sort(keys)
    return [
        IssueRow(agent=agent, host=host, kind="unpriced-model", detail=_detail(model, why), count=count)
        for agent, host, model, why, count in groups.iter_rows()
    ]


def _detail(model: str | None, why: str) -> str:
    advice = ADVICE if model and why not in {UNTOLD, CONTRADICTORY} else ""
    return f"model {model or '(none)'}: {why}, so its cost is null. {advice}".strip()
