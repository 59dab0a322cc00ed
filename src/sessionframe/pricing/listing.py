"""A time and the size of a prompt in, the rates out that a price list states for them: plain values, whatever library they come from."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import TypeAlias

import msgspec

from sessionframe.pricing.entry import Rates

Grid: TypeAlias = tuple[tuple[tuple[Rates | None, ...], ...], ...]
"""Rates by span of days, span of hours and span of sizes; None where the list has no price of tokens."""


class Variant(msgspec.Struct, frozen=True, array_like=True):
    """What a model costs under some options.

    Attributes
    ----------
    when
        The options, in the words of the list.
    rates
        None also where the list does not know the options yet.
    """

    when: Mapping[str, str]
    rates: Grid


class Listing(msgspec.Struct, frozen=True, array_like=True):
    """All that a price list says of one model.

    Attributes
    ----------
    model
        Its id.
    aliases
        Other names that the list spells out for it.
    days, clocks, sizes
        Where other rates may begin: days and times of day [UTC], and sizes of the whole prompt [tokens], itself still below it. Sorted.
    standard, variants
        Rates of the spans between them, without options and with.
    """

    model: str
    aliases: tuple[str, ...]
    days: tuple[date, ...]
    clocks: tuple[time, ...]
    sizes: tuple[int, ...]
    standard: Grid
    variants: tuple[Variant, ...]

    @classmethod
    def without_prices(cls, model: str) -> Listing:
        """Of a model that the list does not have."""
        return cls(model, (), (), (), (), (((None,),),), ())

    def rates(self, at: datetime, prompt: int, when: Mapping[str, str] | None = None) -> Rates | None:
        """The rates at an instant for a prompt of that size; None when the list has none, or does not price those options."""
        grid = self.standard if when is None else next((variant.rates for variant in self.variants if variant.when == when), None)
        if grid is None:
            return None
        utc = at.astimezone(UTC)
        hours = grid[bisect_right(self.days, utc.date())]
        return hours[bisect_right(self.clocks, utc.time())][bisect_left(self.sizes, prompt)]
