"""The objects of `genai-prices` in, plain listings out. The only module that knows how that library states a price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sessionframe.pricing.entry import Rates
from sessionframe.pricing.listing import Grid, Listing, Variant

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

RATE_KEYS = {
    "input": ("input_mtok",),
    "cache_read": ("cache_read_mtok",),
    "cache_write": ("cache_write_5m_mtok", "cache_write_mtok"),
    "cache_write_1h": ("cache_write_1h_mtok",),
    "output": ("output_mtok",),
    "web_search": ("web_searches_kcount",),
}
UNCOUNTED = ("requests_kcount", "output_reasoning_mtok", "output_citation_mtok")
"""Charges for things that the usage table does not count apart: a model that has one cannot be priced from its tokens."""

LONG_AGO = date(1970, 1, 1)


def listings(provider: Provider) -> list[Listing]:
    """What a seller asks for its models, in the order of the list."""
    return [listing(provider.id, info) for info in provider.models]


def listing(seller: str, info: ModelInfo) -> Listing:
    """What one model costs, read out with the library's own rules at every place where it can change."""
    days = sorted({day for row in _constraints(info) if (day := getattr(row, "start_date", None)) is not None})
    ends = (getattr(row, name, None) for row in _constraints(info) for name in ("start_time", "end_time"))
    clocks = sorted({_utc(hour) for hour in ends if hour is not None})
    sizes = sorted({tier.start for price in _prices(info) for value in _values(price) for tier in getattr(value, "tiers", ())})
    spans = [(days[0] - timedelta(1) if days else LONG_AGO), *days]
    moments = [[datetime.combine(day, hour, UTC) for hour in (time(0), *clocks)] for day in spans]

    def grid(when: Mapping[str, str] | None) -> Grid:
        return tuple(tuple(_rates(f"{seller}:{info.id}", _price(info, at, when), sizes) for at in day) for day in moments)

    whens = [row.when for row in info.price_variants or ()]
    options = [when for place, when in enumerate(whens) if when not in whens[:place]]
    return Listing(
        model=info.id,
        aliases=tuple(_aliases(info.match)),
        days=tuple(days),
        clocks=tuple(clocks),
        sizes=tuple(sizes),
        standard=grid(None),
        variants=tuple(Variant(when, grid(when)) for when in options),
    )


def _price(info: ModelInfo, at: datetime, when: Mapping[str, str] | None) -> ModelPrice | None:
    """The prices of a time, under some options only where the list has just these at that time."""
    if when is None:
        return info.get_prices(at)
    active = (row for row in info.price_variants or () if row.constraint is None or row.constraint.active(at))
    return info.get_prices(at, when) if any(row.when == when for row in active) else None


def _rates(key: str, price: ModelPrice | None, sizes: list[int]) -> tuple[Rates | None, ...]:
    """The rates up to the first size of a prompt, and above each."""
    stated = {} if price is None else vars(price)  # asking for what is not stated is slow
    if price is None or any(stated.get(name) for name in UNCOUNTED):
        return (None,) * (len(sizes) + 1)
    values = {name: next((value for key in keys if (value := stated.get(key)) is not None), None) for name, keys in RATE_KEYS.items()}
    prompts = (0, *(size + 1 for size in sizes))
    return tuple(Rates(key, **{name: _at_size(value, prompt) for name, value in values.items()}) for prompt in prompts)


def _at_size(value: Any, prompt: int) -> Decimal | None:
    """The rate for a whole prompt of that size; exactly the threshold is still below it."""
    if value is None or isinstance(value, Decimal):
        return value
    rate: Decimal = next((tier.price for tier in reversed(value.tiers) if prompt > tier.start), value.base)
    return rate


def _prices(info: ModelInfo) -> Iterator[ModelPrice]:
    """Every set of prices that can apply at some time or under some option."""
    standard = info.prices
    yield from (row.prices for row in standard) if isinstance(standard, list) else (standard,)
    yield from (row.prices for row in info.price_variants or ())


def _values(price: ModelPrice) -> Iterator[Any]:
    stated = vars(price)
    return (stated[key] for keys in RATE_KEYS.values() for key in keys if key in stated)


def _constraints(info: ModelInfo) -> Iterator[Any]:
    dated = info.prices if isinstance(info.prices, list) else ()
    return (row.constraint for row in (*dated, *(info.price_variants or ())))


def _utc(hour: time) -> time:
    return datetime.combine(LONG_AGO, hour, hour.tzinfo or UTC).astimezone(UTC).time()


def _aliases(clause: Any) -> Iterator[str]:
    """Names that a matching rule of the list spells out. A beginning or a part counts as a name of its own, never as a beginning."""
    for word in ("equals", "starts_with", "contains", "ends_with"):
        if hasattr(clause, word):
            yield getattr(clause, word)
    for part in getattr(clause, "or_", None) or getattr(clause, "and_", None) or ():
        yield from _aliases(part)
