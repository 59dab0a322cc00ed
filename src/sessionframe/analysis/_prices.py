"""A usage frame goes in, what its requests are charged for comes out beside it: the helpers' only way to the price list."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from sessionframe.analysis._doors import Frame, TableLike, from_polars
from sessionframe.errors import OptionError

if TYPE_CHECKING:
    import polars as pl

    from sessionframe.pricing import PriceList

Prices: TypeAlias = "str | os.PathLike[str] | PriceList | None"

COUNTED = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens", "web_searches")
CIRCUMSTANCES = ("at", "model", "vendor", "speed", "service_tier", "inference_geo")
PRICED = (*CIRCUMSTANCES, *COUNTED)
"""The columns of `usage` that decide what a request costs."""

PARTS = ("input_usd", "cache_read_usd", "cache_write_5m_usd", "cache_write_1h_usd", "output_usd", "web_search_usd")
"""What a request is charged for."""
CLOSE = 1e-9
"""How far apart two sums of the same charges may be [USD, and as a share]: far above the rounding of floats, far below any price."""


def price_list(frame: object, prices: Prices) -> PriceList | None:
    """Own prices as the caller gives them; without them those of the scan that a table belongs to."""
    from sessionframe.pricing import PriceList  # loads polars and the price list, which few helpers need

    if prices is None:
        return getattr(frame, "prices", None) if isinstance(frame, TableLike) else None
    return prices if isinstance(prices, PriceList) else PriceList.read(prices)


def to_polars(frame: Frame, names: Sequence[str]) -> pl.DataFrame:
    """Columns as the price list takes them: times in UTC, whatever zone the caller shows them in."""
    import polars as pl

    return frame.select(names).to_polars().with_columns(pl.col("at").dt.cast_time_unit("us").dt.convert_time_zone("UTC"))


def beside(frame: Frame, found: pl.DataFrame) -> Frame:
    """A frame with the columns of a polars frame of the same rows, in its own engine."""
    columns = from_polars(found, frame)
    return frame.with_columns(*(columns[name] for name in columns.columns))


def with_parts(frame: Frame, prices: PriceList | None, *, rates: bool = False) -> Frame:
    """Add what was charged for (`PARTS`) to requests with their `cost_usd`; with `rates` also `input_rate` and `cache_read_rate`.

    Raises
    ------
    OptionError
        The parts do not add up to the costs of the frame: those come from other prices.
    """
    from sessionframe.pricing import cost_parts

    requests = to_polars(frame, [*PRICED, "cost_usd"])
    parts = cost_parts(requests, prices, rates=rates)
    refuse_other_prices(requests, parts.select(PARTS))
    return beside(frame, parts)


def refuse_other_prices(requests: pl.DataFrame, parts: pl.DataFrame) -> None:
    """Raise where costs and their parts differ, naming one case."""
    import polars as pl

    cost = pl.col("cost_usd").cast(pl.Float64)
    apart = (cost - pl.col("at_prices")).abs() > CLOSE * (1 + cost.abs())
    one_unknown = cost.is_null() != pl.col("at_prices").is_null()
    compared = requests.with_columns(at_prices=parts.select(pl.sum_horizontal(pl.all(), ignore_nulls=False)).to_series())
    wrong = compared.filter(apart.fill_null(value=False) | one_unknown)
    if wrong.is_empty():
        return
    model, cost_usd, at_prices = wrong.select("model", "cost_usd", "at_prices").row(0)
    raise OptionError(
        f"the costs of {wrong.height:,} of {requests.height:,} requests come from other prices than those in use, e.g. {model}: "
        f"cost_usd is {cost_usd}, at the prices in use its tokens cost {at_prices}. A frame of a scan with own prices needs the same "
        "prices=; a table brings them along. After update_prices() scan again."
    )
