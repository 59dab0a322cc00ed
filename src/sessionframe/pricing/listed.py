"""The price list of `genai-prices` in, entries by exact name out. That library is imported only where nothing of it is kept (150 ms)."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cache, cached_property
from typing import TYPE_CHECKING

from sessionframe.pricing import kept, library, multipliers, supplement
from sessionframe.pricing.entry import Rates
from sessionframe.pricing.listing import Listing
from sessionframe.pricing.names import SELLERS, ModelName, canonical

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import Provider

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

CONTEXTS = {("service_tier", "batch"): {"processing": "batch"}}
"""How the list writes an option where it has another word for it than the logs."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class ListedModel:
    """One model of the list, with the dated additions of this package; keeps the promise of `entry.Entry`.

    Attributes
    ----------
    seller, model
        Ids of the seller and the model in the list.
    listing
        What the list says; None where only an addition knows the model.
    vendor
        See `entry.Entry`.
    """

    seller: str
    model: str
    listing: Listing | None
    vendor: str | None

    @cached_property
    def instants(self) -> tuple[datetime, ...]:
        """See `entry.Entry`."""
        bounds = {row.until for row in self._additions if row.until is not None}
        bounds.update(multipliers.instants(self.model))
        days = self.listing.days if self.listing else ()
        bounds.update(datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days)
        return tuple(sorted(bounds))

    @property
    def clocks(self) -> tuple[time, ...]:
        """See `entry.Entry`."""
        return self.listing.clocks if self.listing else ()

    @cached_property
    def thresholds(self) -> tuple[int, ...]:
        """See `entry.Entry`."""
        sizes = self.listing.sizes if self.listing else ()
        return tuple(sorted({*sizes, *(row.above for row in self._additions if row.above >= 0)}))

    def standard(self, at: datetime, prompt: int) -> Rates | None:
        """See `entry.Entry`."""
        return self._added(at, prompt) or (self.listing.rates(at, prompt) if self.listing else None)

    def variant(self, at: datetime, prompt: int, option: str, value: str) -> Rates | None:
        """See `entry.Entry`."""
        if self.listing is None or self._added(at, prompt) is not None:
            return None
        return self.listing.rates(at, prompt, CONTEXTS.get((option, value), {option: value}))

    def _added(self, at: datetime, prompt: int) -> Rates | None:
        return supplement.rates_of(self._additions, at, prompt)

    @cached_property
    def _additions(self) -> tuple[supplement.Addition, ...]:
        return supplement.additions(self.model) if self.seller == "anthropic" else ()


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, and whether the name that led to it says fast mode."""

    entry: ListedModel
    fast: bool


class Catalog:
    """The price list by exact name.

    Parameters
    ----------
    sellers
        Ids of the sellers, in the order of the list.
    listings
        A seller's listings; asked when a model is first looked for there.
    """

    def __init__(self, sellers: Iterable[str], listings: Callable[[str], Iterable[Listing]]) -> None:
        self._sellers = dict.fromkeys(sellers)
        self._listings = listings
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
            return Found(ListedModel(only.seller, only.model, only.listing, None), hits[0].fast)
        if hits:
            return f"only resellers list it, each at a price of its own ({', '.join(sorted(hit.entry.seller for hit in hits))})"
        return "the price list does not have it"

    def _lookup(self, seller: str, name: ModelName) -> Found | None:
        index = self._indexes.get(seller)
        if index is None:
            index = self._indexes[seller] = dict(_names(seller, self._listings(seller)))
        return next((Found(index[spelling.text], spelling.fast) for spelling in name.spellings if spelling.text in index), None)


def _names(seller: str, listings: Iterable[Listing]) -> Iterator[tuple[str, ListedModel]]:
    """Names and entries of a seller. The last one of a name counts: a model's own id beats an alias, an alias beats an id's last part."""
    models = [ListedModel(seller, listing.model, listing, seller) for listing in listings]
    if seller == "anthropic":
        missing = {row.model for row in supplement.ADDITIONS} - {model.model for model in models}
        models.extend(ListedModel(seller, model, None, seller) for model in sorted(missing))
    last_parts = Counter(canonical(model.model.rpartition("/")[2]) for model in models)
    for model in models:
        part = canonical(model.model.rpartition("/")[2])
        if last_parts[part] == 1:  # the same name under two authors is two models
            yield part, model
    for model in reversed(models):  # of two models with one alias the list itself takes the first
        yield from ((canonical(alias), model) for alias in (model.listing.aliases if model.listing else ()))
    for model in reversed(models):
        yield canonical(model.model), model


_fetched: dict[int, tuple[DataSnapshot, Catalog]] = {}
"""The catalog of the snapshot that replaces the bundled one, by its identity; the snapshot is kept alive, so the identity stays its own."""


def catalog() -> Catalog:
    """The price list in use: the bundled one, or the one that `update_prices` fetched."""
    if f"{kept.LIBRARY}.data_snapshot" not in sys.modules:  # so nobody has put another list in the place of the bundled one
        return bundled()
    from genai_prices.data import providers
    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    if snapshot.providers is providers:
        return bundled()
    if id(snapshot) not in _fetched:
        _fetched.clear()
        _fetched[id(snapshot)] = (snapshot, of_providers(snapshot.providers))
    return _fetched[id(snapshot)][1]


@cache
def bundled() -> Catalog:
    """The list that comes with `genai-prices`: as it was kept, else from the library itself (150 ms), and kept for the next time."""
    packed = kept.read()
    if packed is not None:
        return Catalog(packed, lambda seller: kept.unpacked(packed[seller]))
    from genai_prices.data import providers

    kept.write(lambda: {provider.id: library.listings(provider) for provider in providers})
    return of_providers(providers)


def of_providers(providers: Iterable[Provider]) -> Catalog:
    """A price list in the library's own form by exact name."""
    sellers = {provider.id: provider for provider in providers}
    return Catalog(sellers, lambda seller: library.listings(sellers[seller]))


def preload() -> None:
    """Load the price list now, e.g. while worker processes read files."""
    catalog()
