"""What a price is: exact rates of one list entry, and the promise that every kind of entry keeps."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import Protocol

import msgspec

TOKEN_RATES = ("input", "cache_read", "cache_write", "cache_write_1h", "output")
"""The rates that are charged per token, and that multipliers apply to."""


class Rates(msgspec.Struct, frozen=True, array_like=True):
    """The rates of one request. A rate that is None is unknown, never free.

    Attributes
    ----------
    key
        The entry they come from, e.g. ``anthropic:claude-opus-4-5``; ``own:`` for a file of own prices, ``supplement:`` for the
        dated additions of this package.
    input, cache_read, cache_write, cache_write_1h, output
        [USD per million tokens]. ``cache_write`` is the rate of the short lifetime (5 minutes).
    web_search
        [USD per 1000 searches].
    """

    key: str
    input: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    output: Decimal | None = None
    web_search: Decimal | None = None

    def times(self, factor: Decimal) -> Rates:
        """The same with every token rate multiplied; searches keep their price (no published multiplier covers them)."""
        rates = {name: getattr(self, name) for name in TOKEN_RATES}
        return msgspec.structs.replace(self, **{name: rate * factor for name, rate in rates.items() if rate is not None})


class Entry(Protocol):
    """One model of a price list: its rates at any instant, and the places where they may change."""

    @property
    def model(self) -> str:
        """The model's id in the price list; multipliers are looked up by it."""

    @property
    def vendor(self) -> str | None:
        """The company that sells the model under this entry; None when the entry cannot tell."""

    @property
    def instants(self) -> tuple[datetime, ...]:
        """Instants from which other rates may apply (UTC)."""

    @property
    def clocks(self) -> tuple[time, ...]:
        """Times of day from which other rates may apply (UTC)."""

    @property
    def thresholds(self) -> tuple[int, ...]:
        """Prompt sizes above which other rates apply to the whole request [tokens]."""

    def standard(self, at: datetime, prompt: int) -> Rates | None:
        """The rates at an instant for a whole prompt of that size; None when the entry has none for that time."""

    def variant(self, at: datetime, prompt: int, option: str, value: str) -> Rates | None:
        """The same for a speed or a service tier that the list itself prices; None when it does not."""
