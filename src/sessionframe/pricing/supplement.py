"""Prices that the bundled list lacks, dated, each with its evidence. A cost that uses one says so: its key starts with `supplement:`."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from sessionframe.pricing.entry import Rates


class Addition(msgspec.Struct, frozen=True):
    """Rates of one model for a time and a prompt size that the bundled list does not know.

    Attributes
    ----------
    model
        Id of the model in Anthropic's part of the list.
    rates
        The rates; USD per million tokens and per 1000 searches.
    above
        Size of the prompt above which they apply [tokens].
    until
        First instant at which the list is right again; None for never.
    """

    model: str
    rates: Rates
    above: int = -1
    until: datetime | None = None

    def active(self, at: datetime, prompt: int) -> bool:
        """Whether the addition speaks for a request."""
        return prompt > self.above and (self.until is None or at < self.until)


def _rates(model: str, *usd: str) -> Rates:
    """Rates in the order of Anthropic's price table: input, 5-minute write, 1-hour write, read, output."""
    given, write, write_1h, read, output = map(Decimal, usd)
    return Rates(f"supplement:{model}", given, read, write, write_1h, output, web_search=Decimal(10))


ADDITIONS = (
    # Cache reads cost 0.20 at the launch (2026-09-28) and 0.10 since 2026-10-07 (Claude Code 2.1.296; kurofune/claudit v1.9.2 read both
    # on Anthropic's pricing page). The list has only today's 0.10, without a date.
    Addition(
        "claude-sonnet-5-5",
        _rates("claude-sonnet-5-5", "2", "2.5", "4", "0.2", "10"),
        until=datetime(2026, 10, 7, tzinfo=UTC),
    ),
    # The 1M context of Sonnet 4 (beta from 2025-08-12, retired 2026-04-30): 6/22.50 above 200k tokens of prompt, caching on top. The
    # list has the step for Sonnet 4.5 only. Outside of the beta no such prompt was possible, so no dates are needed.
    Addition("claude-sonnet-4-0", _rates("claude-sonnet-4-0", "6", "7.5", "12", "0.6", "22.5"), above=200_000),
    # Anthropic's price table has both with the note "limited availability"; the list's importer skips such rows, except Mythos 5.2.
    Addition("claude-mythos-5", _rates("claude-mythos-5", "10", "12.5", "20", "1", "50")),
    Addition("claude-mythos-5-1", _rates("claude-mythos-5-1", "10", "12.5", "20", "0.25", "50")),
)


def additions(model: str) -> tuple[Addition, ...]:
    """All additions of one model."""
    return tuple(row for row in ADDITIONS if row.model == model)


def rates_of(rows: tuple[Addition, ...], at: datetime, prompt: int) -> Rates | None:
    """The rates that stand in for the list's; None where the list speaks for itself."""
    return next((row.rates for row in rows if row.active(at, prompt)), None)
