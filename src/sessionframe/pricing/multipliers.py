"""Price multipliers that the price list lacks, dated, each with its evidence. The list's own data always goes first."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec

NEUTRAL = frozenset({"", "standard", "not_available", "global", "default"})
"""Values of speed, service tier and place (and null) that leave the price as it is."""


class Multiplier(msgspec.Struct, frozen=True):
    """One factor on the token rates.

    Attributes
    ----------
    option, value
        Column of the usage table and the value that triggers the factor.
    factor
        What the token rates are multiplied by.
    models
        Ids in the price list; empty for all Claude models.
    start, until
        From which instant (included) to which (excluded); None for no bound.
    """

    option: str
    value: str
    factor: Decimal
    models: frozenset[str] = frozenset()
    start: datetime | None = None
    until: datetime | None = None

    def covers(self, model: str) -> bool:
        """Whether the factor is one of that model at some time."""
        return model in self.models if self.models else model.startswith("claude-")

    def active(self, at: datetime) -> bool:
        """Whether the factor holds at an instant."""
        return (self.start is None or at >= self.start) and (self.until is None or at < self.until)


# Claude Code's fast-mode page at the launch of fast mode: "50% discount for all plans until 11:59pm PT on February 16".
OPUS_4_6_FULL_PRICE = datetime(2026, 2, 17, 8, tzinfo=UTC)
# Anthropic's pricing page: fast requests to Opus 4.6 "run at standard speed and are billed at standard rates". The API then answers
# `standard`, so a row that still says `fast` contradicts it and its price is unknown. The day is the one that zed-industries/zed#61341
# and NousResearch/hermes-agent#82348 met it on.
OPUS_4_6_FAST_ENDS = datetime(2026, 6, 29, tzinfo=UTC)
# Claude Code's fast-mode page and its changelog 2.1.219: "deprecated on June 25, 2026, and removed on July 24, 2026"; an error since.
OPUS_4_7_FAST_ENDS = datetime(2026, 7, 24, tzinfo=UTC)
# The list has OpenAI's flex and priority tiers from this day on and does not model what was before.
OPENAI_TIERS_LISTED = datetime(2026, 10, 12, tzinfo=UTC)

MULTIPLIERS = (
    # Anthropic's fast-mode page of February 2026: 30/150 USD up to 200k tokens of prompt and 60/225 above it, caching on top: six
    # times every rate of that day.
    Multiplier("speed", "fast", Decimal(3), frozenset({"claude-opus-4-6"}), until=OPUS_4_6_FULL_PRICE),
    Multiplier("speed", "fast", Decimal(6), frozenset({"claude-opus-4-6"}), OPUS_4_6_FULL_PRICE, OPUS_4_6_FAST_ENDS),
    Multiplier("speed", "fast", Decimal(6), frozenset({"claude-opus-4-7"}), until=OPUS_4_7_FAST_ENDS),
    # The list prices these itself; the factor serves own prices of the same models.
    Multiplier(
        "speed",
        "fast",
        Decimal(2),
        frozenset({"claude-opus-4-8", "claude-opus-5", "claude-opus-5-5", "claude-fable-5-2", "claude-mythos-5-2"}),
    ),
    # Anthropic's batch page: half of every token rate, caching included. The list has it only from 2026-10-14 ("earlier batch history
    # is not modelled").
    Multiplier("service_tier", "batch", Decimal("0.5")),
    # Anthropic's pricing page, data residency: 1.1 times input, output and cache rates. Only Opus 4.6 and later accept the setting and
    # older models never answer `us`, so no list of models is needed. Claude Code itself counts it since 2.1.239.
    Multiplier("inference_geo", "us", Decimal("1.1")),
    # OpenAI's page on priority processing: twice every token rate (GPT-5.4: 5.00, 0.50 and 30.00 USD), 1.8 times for GPT-5 mini
    # (0.45, 0.045, 3.60), 2.5 times for GPT-5.5 (12.50, 1.25, 75.00). The same factors as in the list since then.
    Multiplier(
        "service_tier",
        "priority",
        Decimal(2),
        frozenset({"gpt-5", "gpt-5.1", "gpt-5.2", "gpt-5.3-codex", "gpt-5.4", "gpt-5.4-mini"}),
        until=OPENAI_TIERS_LISTED,
    ),
    Multiplier("service_tier", "priority", Decimal("1.8"), frozenset({"gpt-5-mini"}), until=OPENAI_TIERS_LISTED),
    Multiplier("service_tier", "priority", Decimal("2.5"), frozenset({"gpt-5.5"}), until=OPENAI_TIERS_LISTED),
    # OpenAI's guide to flex processing: the rates of the batch API, half of every token rate.
    Multiplier(
        "service_tier",
        "flex",
        Decimal("0.5"),
        frozenset({"gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5.1", "gpt-5.2", "gpt-5.4", "gpt-5.4-mini", "gpt-5.5", "o3", "o4-mini"}),
        until=OPENAI_TIERS_LISTED,
    ),
)


def factor(model: str, option: str, value: str, at: datetime) -> Decimal | None:
    """The factor of a model for a non-standard value at an instant; None when none is known."""
    for row in MULTIPLIERS:
        if row.option == option and row.value == value and row.covers(model) and row.active(at):
            return row.factor
    return None


def instants(model: str) -> tuple[datetime, ...]:
    """The instants at which a factor of that model starts or ends."""
    return tuple(bound for row in MULTIPLIERS if row.covers(model) for bound in (row.start, row.until) if bound is not None)
