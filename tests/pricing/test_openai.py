"""What requests to OpenAI cost: cached input is not input, and tiers have their price before and since the list knows them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sessionframe.pricing.pricelist import rates

BEFORE, SINCE = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("at", [BEFORE, SINCE], ids=["before the list", "since the list"])
@pytest.mark.parametrize(
    "model, tier, expected",
    [
        ("gpt-5-codex", None, (1.25, 0.125, 10)),
        ("gpt-5-codex", "priority", (2.5, 0.25, 20)),
        ("gpt-5-codex", "flex", (0.625, 0.0625, 5)),
        ("gpt-5.1-codex-max", "priority", (2.5, 0.25, 20)),
        ("gpt-5.2-codex", "priority", (3.5, 0.35, 28)),
        ("gpt-5-mini", "priority", (0.45, 0.045, 3.6)),
        ("gpt-5.5", None, (5, 0.5, 30)),
        ("gpt-5.5", "priority", (12.5, 1.25, 75)),
        ("gpt-5.5", "flex", (2.5, 0.25, 15)),
    ],
)
def test_rates_of_a_tier(at: datetime, model: str, tier: str | None, expected: tuple[float, float, float]) -> None:
    """The published prices [USD per million tokens]."""
    found = rates(model, at, service_tier=tier, vendor="openai")
    assert found is not None
    assert (float(found.input or 0), float(found.cache_read or 0), float(found.output or 0)) == expected


def test_the_whole_prompt_decides_the_tier_of_a_long_context() -> None:
    """GPT-5.5 doubles its input above 272,000 tokens."""
    short, long = (rates("gpt-5.5", SINCE, prompt_tokens=size, vendor="openai") for size in (272_000, 272_001))
    assert short is not None
    assert long is not None
    assert [short.input, long.input] == [5, 10]


@pytest.mark.parametrize("model", ["codex-auto-review", "gpt-oss:20b", "gpt-5-codex-next"])
def test_an_unknown_model_has_no_price(model: str) -> None:
    """`codex-auto-review` is an internal name without a public price."""
    assert rates(model, SINCE, vendor="openai") is None
