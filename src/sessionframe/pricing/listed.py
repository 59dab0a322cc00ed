"""The price list of `genai-prices` in, entries by exact name out. That library is imported only where nothing of it is kept (150 ms)."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from sessionframe.pricing import kept, multipliers, supplement
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

ADDED_TO = "anthropic"
"""The seller whose models `supplement` adds to."""
CONTEXTS = {("service_tier", "batch"): {"processing": "batch"}}
"""How the list writes an option where it has another word for it than the logs."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class ListedModel(msgspec.Struct, frozen=True, eq=False):
    """One model of the list, with the dated additions of this package; keeps the promise of `entry.Entry`.

    Attributes
    ----------
    seller
        Its id in the list.
    listing
        What the list says of the model.
    vendor
        See `entry.Entry`.
    """

    seller: str
    listing: Listing
    vendor: str | None

    @property
    def model(self) -> str:
        """See `entry.Entry`."""
        return self.listing.model

    @property
    def instants(self) -> tuple[datetime, ...]:
        """See `entry.Entry`."""
        bounds = {row.until for row in self._additions() if row.until is not None}
        bounds.update(multipliers.instants(self.model))
        bounds.update(datetime(day.year, day.month, day.day, tzinfo=UTC) for day in self.listing.days)
        return tuple(sorted(bounds))

    @property
    def clocks(self) -> tuple[time, ...]:
        """See `entry.Entry`."""
        return self.listing.clocks

    @property
    def thresholds(self) -> tuple[int, ...]:
        """See `entry.Entry`."""
        return tuple(sorted({*self.listing.sizes, *(row.above for row in self._additions() if row.above >= 0)}))

    def standard(self, at: datetime, prompt: int) -> Rates | None:
        """See `entry.Entry`."""
        return supplement.rates_of(self._additions(), at, prompt) or self.listing.rates(at, prompt)

    def variant(self, at: datetime, prompt: int, option: str, value: str) -> Rates | None:
        """See `entry.Entry`; the list's own variants do not fit on added prices."""
        if supplement.rates_of(self._additions(), at, prompt) is not None:
            return None
        return self.listing.rates(at, prompt, CONTEXTS.get((option, value), {option: value}))

    def _additions(self) -> tuple[supplement.Addition, ...]:
        return supplement.additions(self.model) if self.seller == ADDED_TO else ()


class Found(msgspec.Struct, frozen=True):
    """An entry, and whether the name that led to it says fast mode."""

    entry: ListedModel
    fast: bool


class Catalog:
    """The price list by exact name.

    Parameters
    ----------
    sellers
        Ids of the sellers, in the order of the list.
    shelf
        The listings of a seller by their names; asked when a model is first looked for there.
    """

    def __init__(self, sellers: Iterable[str], shelf: Callable[[str], Mapping[str, Listing]]) -> None:
        self._sellers = dict.fromkeys(sellers)
        self._shelf = cache(shelf)

    def shelves(self) -> dict[str, Mapping[str, Listing]]:
        """The listings of all sellers."""
        return {seller: self._shelf(seller) for seller in self._sellers}

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
            return Found(ListedModel(only.seller, only.listing, None), hits[0].fast)
        if hits:
            return f"only resellers list it, each at a price of its own ({', '.join(sorted(hit.entry.seller for hit in hits))})"
        return "the price list does not have it"

    def _lookup(self, seller: str, name: ModelName) -> Found | None:
        shelf = self._shelf(seller)
        spelling = next((spelling for spelling in name.spellings if spelling.text in shelf), None)
        return None if spelling is None else Found(ListedModel(seller, shelf[spelling.text], seller), spelling.fast)


def by_name(seller: str, listings: Iterable[Listing]) -> dict[str, Listing]:
    """The listings of a seller by every name they have, with those that only the additions of this package know."""
    known = list(listings)
    if seller == ADDED_TO:
        missing = {row.model for row in supplement.ADDITIONS} - {listing.model for listing in known}
        known.extend(Listing.without_prices(model) for model in sorted(missing))
    return dict(_names(known))


def _names(listings: Sequence[Listing]) -> Iterator[tuple[str, Listing]]:
    """Names and listings. The last one of a name counts: a model's own id beats an alias, an alias beats an id's last part."""
    last_parts = Counter(canonical(listing.model.rpartition("/")[2]) for listing in listings)
    for listing in listings:
        part = canonical(listing.model.rpartition("/")[2])
        if last_parts[part] == 1:  # the same name under two authors is two models
            yield part, listing
    for listing in reversed(listings):  # of two models with one alias the list itself takes the first
        yield from ((canonical(alias), listing) for alias in listing.aliases)
    for listing in reversed(listings):
        yield canonical(listing.model), listing


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
    shelves = kept.read()
    if shelves is not None:
        return Catalog(shelves, shelves.__getitem__)
    from genai_prices.data import providers

    found = of_providers(providers)
    kept.write(found.shelves)
    return found


def of_providers(providers: Iterable[Provider]) -> Catalog:
    """A price list in the library's own form by exact name."""
    from sessionframe.pricing import library

    sellers = {provider.id: provider for provider in providers}
    return Catalog(sellers, lambda seller: by_name(seller, library.listings(sellers[seller])))


def preload() -> None:
    """Load the price list now, e.g. while worker processes read files."""
    catalog()
