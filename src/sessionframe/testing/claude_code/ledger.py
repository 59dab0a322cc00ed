"""The CLI's own account of a session, written as a `cost-state` record: requests go in, list prices come out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessionframe.testing.truth import Tokens

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
OPUS_BEFORE = "claude-opus-4-8"
UNPRICED = "internal-preview-1"

PRICES: Mapping[str, tuple[float, float, float, float, float]] = {
    OPUS: (4, 5, 8, 0.2, 20),
    OPUS_BEFORE: (5, 6.25, 10, 0.5, 25),
    SONNET: (2, 2.5, 4, 0.1, 10),
    HAIKU: (0.1, 0.125, 0.2, 0.01, 0.5),
}
"""List prices of autumn 2026 [USD per million tokens]: input, cache write for 5 minutes, for 1 hour, cache read, output."""
FAST = 2
"""Fast mode of these models costs twice the list price."""
LONG_HAIKU = 100_000
"""Prompts above this length cost five times as much on Haiku 5.5, the whole request."""
SEARCH = 0.01
"""A web search of the vendor [USD]."""


def list_price(model: str, tokens: Tokens, *, fast: bool = False) -> float | None:
    """Cost of a request [USD]; nothing for a model without a public price."""
    if model not in PRICES:
        return None
    fresh, short, hour, read, out = PRICES[model]
    factor = FAST if fast else 5 if model == HAIKU and tokens.context > LONG_HAIKU else 1
    short_tokens = tokens.cache_write_tokens - tokens.cache_write_1h_tokens
    written = short_tokens * short + tokens.cache_write_1h_tokens * hour
    cost = tokens.input_tokens * fresh + written + tokens.cache_read_tokens * read + tokens.output_tokens * out
    return factor * cost / 1e6 + tokens.web_searches * SEARCH


class Ledger:
    """Totals of a session since its process began, sub-agents and helper requests included.

    Parameters
    ----------
    started_ms
        When the process began.
    """

    def __init__(self, started_ms: int) -> None:
        self.started_ms = started_ms
        self.cost_usd = 0.0
        self.api_seconds = 0.0
        self.tool_seconds = 0.0
        self._unknown = False
        self._models: dict[str, Tokens] = {}
        self._costs: dict[str, float] = {}

    def request(self, model: str, tokens: Tokens, *, fast: bool = False) -> None:
        """A request, with the output that was really billed even where the transcript never got it."""
        cost = list_price(model, tokens, fast=fast)
        self._unknown |= cost is None
        self._models.setdefault(model, Tokens()).add(tokens)
        self._costs[model] = self._costs.get(model, 0.0) + (cost or 0.0)
        self.cost_usd += cost or 0.0

    def record(self, now_ms: int) -> dict[str, Any]:
        """The body of the record."""
        return {
            "totalCostUSD": round(self.cost_usd, 9),
            "totalAPIDuration": int(self.api_seconds * 1000),
            "totalAPIDurationWithoutRetries": int(self.api_seconds * 1000),
            "totalToolDuration": int(self.tool_seconds * 1000),
            "totalDuration": now_ms - self.started_ms,
            "totalLinesAdded": 0,
            "totalLinesRemoved": 0,
            "startTime": self.started_ms,
            "hasUnknownModelCost": self._unknown,
            "modelUsage": {model: self._entry(model) for model in self._models},
        }

    def _entry(self, model: str) -> dict[str, Any]:
        tokens = self._models[model]
        return {
            "inputTokens": tokens.input_tokens,
            "outputTokens": tokens.output_tokens,
            "cacheReadInputTokens": tokens.cache_read_tokens,
            "cacheCreationInputTokens": tokens.cache_write_tokens,
            "webSearchRequests": tokens.web_searches,
            "costUSD": round(self._costs[model], 9),
        }
