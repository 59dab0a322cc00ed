"""The price list of `genai-prices` in, entries by exact name out. That library is imported on first use only (150 ms)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sessionframe.pricing import multipliers, supplement
from sessionframe.pricing.entry import Rates
from sessionframe.pricing.names import SELLERS, ModelName, canonical

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider

MAKERS = (
    "anthropic",
    "openai",
    "google",
    "x-ai",
    "deepseek",
    "mistral",
    "moonshotai",
    "zai",
    "zhipuai",
    "minimax",
    "meta",
    "cohere",
    "cursor",
    "perplexity",
    "arcee",
    "typesafe",
)
"""Sellers that made the models they sell, in order of precedence. Everybody else resells: asked only for models no maker lists."""

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

CONTEXTS = {("service_tier", "batch"): {"processing": "batch"}}
"""How the list writes an option where it has another word for it than the logs."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class ListedModel:
    """One model of the list, with the dated additions of this package; keeps the promise of `entry.Entry`."""

    seller: str
    model: str
    info: ModelInfo | None
    vendor: str | None

    @cached_property
    def instants(self) -> tuple[datetime, ...]:
        """See `entry.Entry`."""
        bounds = {row.until for row in self._additions if row.until is not None}
        bounds.update(multipliers.instants(self.model))
        days = (getattr(constraint, "start_date", None) for constraint in self._constraints())
        bounds.update(datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days if day is not None)
        return tuple(sorted(bounds))

    @cached_property
    def clocks(self) -> tuple[time, ...]:
        """See `entry.Entry`."""
        hours = (getattr(constraint, name, None) for constraint in self._constraints() for name in ("start_time", "end_time"))
        return tuple(sorted({_utc(hour) for hour in hours if hour is not None}))

    @cached_property
    def thresholds(self) -> tuple[int, ...]:
        """See `entry.Entry`."""
        values = (getattr(price, key) for price in self._prices() for keys in RATE_KEYS.values() for key in keys)
        starts = {tier.start for value in values for tier in getattr(value, "tiers", ())}
        return tuple(sorted(starts | {row.above for row in self._additions if row.above >= 0}))

    def standard(self, at: datetime, prompt: int) -> Rates | None:
        """See `entry.Entry`."""
        return self._added(at, prompt) or self._rates(at, prompt, {})

    def variant(self, at: datetime, prompt: int, option: str, value: str) -> Rates | None:
        """See `entry.Entry`."""
        if self.info is None or self._added(at, prompt) is not None:
            return None
        context = CONTEXTS.get((option, value), {option: value})
        active = (row for row in self.info.price_variants or () if row.constraint is None or row.constraint.active(at))
        return self._rates(at, prompt, context) if any(row.when == context for row in active) else None

    def _added(self, at: datetime, prompt: int) -> Rates | None:
        return supplement.rates_of(self._additions, at, prompt)

    def _rates(self, at: datetime, prompt: int, context: dict[str, str]) -> Rates | None:
        if self.info is None:
            return None
        price = self.info.get_prices(at, context)
        if any(getattr(price, key) for key in UNCOUNTED):
            return None
        return Rates(f"{self.seller}:{self.model}", **{name: _at_size(price, keys, prompt) for name, keys in RATE_KEYS.items()})

    @cached_property
    def _additions(self) -> tuple[supplement.Addition, ...]:
        return supplement.additions(self.model) if self.seller == "anthropic" else ()

    def _prices(self) -> Iterator[ModelPrice]:
        """Every set of prices that can apply at some time or under some option."""
        if self.info is not None:
            standard = self.info.prices
            yield from (row.prices for row in standard) if isinstance(standard, list) else (standard,)
            yield from (row.prices for row in self.info.price_variants or ())

    def _constraints(self) -> Iterator[Any]:
        if self.info is not None:
            dated = self.info.prices if isinstance(self.info.prices, list) else ()
            yield from (row.constraint for row in (*dated, *(self.info.price_variants or ())))


def _at_size(price: ModelPrice, keys: tuple[str, ...], prompt: int) -> Decimal | None:
    """The rate under the first key that the list fills, for a whole prompt of that size; exactly the threshold is still below it."""
    value = next((value for key in keys if (value := getattr(price, key)) is not None), None)
    if value is None or isinstance(value, Decimal):
        return value
    rate: Decimal = next((tier.price for tier in reversed(value.tiers) if prompt > tier.start), value.base)
    return rate


def _utc(hour: time) -> time:
    return datetime.combine(BEGINNING, hour, hour.tzinfo or UTC).astimezone(UTC).time()


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, and whether the name that led to it says fast mode."""

    entry: ListedModel
    fast: bool


class Catalog:
    """The price list by exact name. One per snapshot of the list; a seller is indexed when first asked for."""

    def __init__(self, snapshot: DataSnapshot) -> None:
        self.snapshot = snapshot
        self._sellers: dict[str, Provider] = {provider.id: provider for provider in snapshot.providers}
        self._indexes: dict[str, dict[str, ListedModel]] = {}

    def find(self, name: ModelName, vendor: str | None = None) -> Found | str:
        """The entry of a model, or why there is none.

        The order is: the seller that the row names, then the makers, then the seller that the model's path names, then any other
        reseller, unless several of them have it: who was paid is unknown then, and so is the price.
        """
        asked = (SELLERS.get(vendor, vendor) if vendor else None, *MAKERS, name.seller)
        named = [seller for seller in asked if seller in self._sellers]
        for seller in named:
            if (found := self._lookup(seller, name)) is not None:
                return found
        others = [seller for seller in self._sellers if seller not in named]
        hits = [found for seller in others if (found := self._lookup(seller, name)) is not None]
        if len(hits) == 1:
            only = hits[0].entry
            return Found(ListedModel(only.seller, only.model, only.info, None), hits[0].fast)
        if hits:
            return f"only resellers list it, each at a price of its own ({', '.join(sorted(hit.entry.seller for hit in hits))})"
        return "the price list does not have it"

    def _lookup(self, seller: str, name: ModelName) -> Found | None:
        index = self._indexes.get(seller)
        if index is None:
            index = self._indexes[seller] = dict(_names(self._sellers[seller]))
        return next((Found(index[spelling.text], spelling.fast) for spelling in name.spellings if spelling.text in index), None)


def _names(provider: Provider) -> Iterator[tuple[str, ListedModel]]:
    """Names and entries of a seller. The last one of a name counts: a model's own id beats an alias, an alias beats an id's last part."""
    models = [ListedModel(provider.id, info.id, info, provider.id) for info in provider.models]
    if provider.id == "anthropic":
        missing = {row.model for row in supplement.ADDITIONS} - {model.model for model in models}
        models.extend(ListedModel(provider.id, model, None, provider.id) for model in sorted(missing))
    last_parts = Counter(canonical(model.model.rpartition("/")[2]) for model in models)
    for model in models:
        part = canonical(model.model.rpartition("/")[2])
        if last_parts[part] == 1:  # the same name under two authors is two models
            yield part, model
    for model in reversed(models):  # of two models with one alias the list itself takes the first
        yield from ((canonical(alias), model) for alias in _aliases(model.info and model.info.match))
    for model in reversed(models):
        yield canonical(model.model), model


def _aliases(clause: Any) -> Iterator[str]:
    """Names that a matching rule of the list spells out. A beginning or a part counts as a name of its own, never as a beginning."""
    for word in ("equals", "starts_with", "contains", "ends_with"):
        if hasattr(clause, word):
            yield getattr(clause, word)
    for part in getattr(clause, "or_", None) or getattr(clause, "and_", None) or ():
        yield from _aliases(part)


_catalogs: dict[int, Catalog] = {}
"""The catalog of the snapshot in use, by its identity; the catalog keeps the snapshot alive, so the identity stays its own."""


def catalog() -> Catalog:
    """The price list in use: the bundled one, or the one that `update_prices` fetched."""
    from genai_prices.data_snapshot import get_snapshot  # here: it costs 150 ms, and whoever reads tokens alone never needs it

    snapshot = get_snapshot()
    current = _catalogs.get(id(snapshot))
    if current is None:
        current = Catalog(snapshot)
        _catalogs.clear()
        _catalogs[id(snapshot)] = current
    return current


def preload() -> None:
    """Load the price list now (150 ms, nearly all of it imports), e.g. in a thread while worker processes read files."""
    catalog()
