"""The network is asked only by `update_prices`, and its failure leaves the prices as they are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import genai_prices
import pytest
from genai_prices.data_snapshot import DataSnapshot, get_snapshot, set_custom_snapshot
from genai_prices.types import ClauseEquals, ModelInfo, ModelPrice, Provider

from sessionframe.errors import SessionFrameError
from sessionframe.pricing import preload, rates, update_prices
from tests.pricing.usage import day


@pytest.fixture(autouse=True)
def bundled_list_afterwards() -> Iterator[None]:
    yield
    set_custom_snapshot(None)


def test_no_network_is_a_clear_error_and_changes_nothing() -> None:
    before = get_snapshot()
    with pytest.raises(SessionFrameError, match=r"could not be fetched .* The prices in use stay"):
        update_prices()
    assert get_snapshot() is before
    assert rates("claude-opus-5", day("2026-11-01")) is not None


def test_fetched_list_is_used_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rates("claude-opus-9", day("2026-11-01")) is None
    price: Any = ModelPrice(input_mtok=json.loads("3", parse_int=__import__("decimal").Decimal))
    model = ModelInfo(id="claude-opus-9", match=ClauseEquals("claude-opus-9"), prices=price)
    newer = DataSnapshot([Provider("anthropic", "Anthropic", "", models=[model])], from_auto_update=True)
    monkeypatch.setattr(genai_prices.UpdatePrices, "fetch", lambda self: newer)
    assert update_prices() == 1
    found = rates("claude-opus-9", day("2026-11-01"))
    assert found is not None
    assert found.input == 3


def test_empty_list_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genai_prices.UpdatePrices, "fetch", lambda self: None)
    with pytest.raises(SessionFrameError, match="is empty"):
        update_prices()


def test_the_price_list_loads_on_first_use_only() -> None:
    code = """
import sys
import sessionframe.pricing
assert not {"genai_prices", "pydantic", "pandas", "matplotlib"} & set(sys.modules)
sessionframe.pricing.preload()
assert "genai_prices" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_preloading_twice_keeps_the_list() -> None:
    preload()
    first = rates("claude-opus-5", day("2026-11-01"))
    preload()
    assert rates("claude-opus-5", day("2026-11-01")) == first
