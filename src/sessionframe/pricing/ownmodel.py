"""Own prices of one model in, rates out; where they say nothing, the price list's entry of the same name speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

from sessionframe.pricing.entry import Entry, Rates


@dataclass(frozen=True, slots=True)
class OwnTier:
    """Rates for prompts above a size [tokens]; -1 for any size."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class OwnPeriod:
    """Rates from an instant on (None: always), one per size of prompt, the smallest size first."""

    start: datetime | None
    tiers: tuple[OwnTier, ...]

    def rates(self, prompt: int) -> Rates:
        """The rates of the highest size that the prompt exceeds."""
        return next(tier.rates for tier in reversed(self.tiers) if prompt > tier.above)


@dataclass(frozen=True, slots=True)
class OwnModel:
    """What a file says of one model: its prices, and those of its fast mode when the file has a `<name>-fast`. Sorted by start."""

    standard: list[OwnPeriod] = field(default_factory=list)
    fast: list[OwnPeriod] = field(default_factory=list)


def _current(periods: Sequence[OwnPeriod], at: datetime) -> OwnPeriod | None:
    return next((row for row in reversed(periods) if row.start is None or row.start <= at), None)


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """Own prices before those of the list; keeps the promise of `entry.Entry`."""

    name: str
    own: OwnModel
    listed: Entry | None = None

    @property
    def model(self) -> str:
        """See `entry.Entry`; multipliers are those of the listed model."""
        return self.listed.model if self.listed else self.name

    @property
    def vendor(self) -> str | None:
        """See `entry.Entry`."""
        return self.listed.vendor if self.listed else None

    @property
    def instants(self) -> tuple[datetime, ...]:
        """See `entry.Entry`."""
        starts = {row.start for row in (*self.own.standard, *self.own.fast) if row.start is not None}
        return tuple(sorted(starts.union(self.listed.instants if self.listed else ())))

    @property
    def clocks(self) -> tuple[time, ...]:
        """See `entry.Entry`."""
        return self.listed.clocks if self.listed else ()

    @property
    def thresholds(self) -> tuple[int, ...]:
        """See `entry.Entry`."""
        sizes = {tier.above for row in (*self.own.standard, *self.own.fast) for tier in row.tiers if tier.above >= 0}
        return tuple(sorted(sizes.union(self.listed.thresholds if self.listed else ())))

    def standard(self, at: datetime, prompt: int) -> Rates | None:
        """See `entry.Entry`."""
        if (period := _current(self.own.standard, at)) is not None:
            return period.rates(prompt)
        return self.listed.standard(at, prompt) if self.listed else None

    def variant(self, at: datetime, prompt: int, option: str, value: str) -> Rates | None:
        """See `entry.Entry`; the list's own variants do not fit on own standard prices, multipliers do."""
        if (option, value) == ("speed", "fast") and (period := _current(self.own.fast, at)) is not None:
            return period.rates(prompt)
        if self.listed is None or _current(self.own.standard, at) is not None:
            return None
        return self.listed.variant(at, prompt, option, value)
