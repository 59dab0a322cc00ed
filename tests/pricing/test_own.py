"""Own prices from a file: what they win over, and what a broken file is told."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sessionframe.errors import PriceFileError, SessionFrameError
from sessionframe.pricing import PriceList, price, rates
from tests.pricing.usage import day, usage

TOML = """
[models.my-model]
input = 1.5
output = 6
cache_read = 0.15

[models."claude-haiku-4.5"]
input = 0.9
output = 4.5
cache_read = 0.09
cache_write = 1.125
cache_write_1h = 1.8
web_search = 9

[models.claude-haiku-4-5-20251001]
input = 0.5
output = 1

[[models.claude-sonnet-5-5]]
from = 2026-11-01
input = 1
output = 4
tiers = [{ above = 300000, output = 9 }, { above = 100000, output = 6 }]

[[models.claude-sonnet-5-5]]
from = 2026-10-20
input = 1.8
output = 8

[models.claude-opus-5]
input = 4
output = 16

[models.claude-opus-5-fast]
input = 7
output = 30
"""


@pytest.fixture
def prices(tmp_path: Path) -> PriceList:
    return PriceList.read(written(tmp_path, TOML))


def written(folder: Path, text: str, name: str = "prices.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def found(prices: PriceList, model: str, at: str = "2026-11-10", **case: Any) -> tuple[Any, ...]:
    quoted = rates(model, day(at), prices=prices, **case)
    return (quoted.key, quoted.input, quoted.output) if quoted else ()


def test_model_that_only_the_file_has(prices: PriceList) -> None:
    frame, issues = price(usage({"model": "my-model", "input_tokens": 1_000_000, "cache_read_tokens": 1_000_000}), prices)
    assert frame.select("cost_usd", "price_key", "vendor").row(0) == (1.65, "own:my-model", None)
    assert issues == []


def test_own_price_wins_over_the_list_under_every_spelling(prices: PriceList) -> None:
    for name in ("claude-haiku-4-5", "claude-haiku-4.5", "anthropic/claude-haiku-4.5", "us.anthropic.claude-haiku-4-5-v1:0"):
        frame, _ = price(usage({"model": name, "input_tokens": 1_000_000, "web_searches": 1000}), prices)
        assert frame.select("cost_usd", "price_key", "vendor").row(0) == (9.9, "own:claude-haiku-4.5", "anthropic")


def test_the_most_specific_name_wins(prices: PriceList) -> None:
    assert found(prices, "claude-haiku-4-5-20251001")[0] == "own:claude-haiku-4-5-20251001"
    assert found(prices, "claude-haiku-4-5-20261001")[0] == "own:claude-haiku-4.5"


def test_other_models_keep_the_list_price(prices: PriceList) -> None:
    assert found(prices, "claude-haiku-5-5")[0] == "anthropic:claude-haiku-5-5"
    assert found(prices, "my-model-2") == ()


def test_dated_entries_apply_from_their_day_and_the_list_before(prices: PriceList) -> None:
    assert found(prices, "claude-sonnet-5-5", "2026-10-19T23:59:59") == ("anthropic:claude-sonnet-5-5", 2, 10)
    assert found(prices, "claude-sonnet-5-5", "2026-10-20")[1:] == (Decimal("1.8"), 8)
    assert found(prices, "claude-sonnet-5-5", "2026-10-31T23:59:59")[2] == 8
    assert found(prices, "claude-sonnet-5-5", "2026-11-01") == ("own:claude-sonnet-5-5", 1, 4)


def test_before_the_first_entry_options_are_priced_by_the_list_too(prices: PriceList) -> None:
    """Its batch price, not a factor on a price of the file that does not hold yet."""
    before = {"at": "2026-10-19", "service_tier": "batch"}
    assert found(prices, "claude-sonnet-5-5", **before) == ("anthropic:claude-sonnet-5-5", 1, 5)
    assert found(prices, "claude-sonnet-5-5", "2026-10-20", service_tier="batch") == ("own:claude-sonnet-5-5", Decimal("0.9"), 4)


def test_tiers_replace_the_rates_they_name_for_the_whole_request(prices: PriceList) -> None:
    row = {"model": "claude-sonnet-5-5", "at": day("2026-11-02"), "output_tokens": 1_000_000}
    frame, _ = price(usage(*(row | {"input_tokens": size} for size in (100_000, 100_001, 300_000, 300_001))), prices)
    assert frame["cost_usd"].to_list() == [4.1, 6.100001, 6.3, 9.300001]
    assert set(frame["price_key"]) == {"own:claude-sonnet-5-5"}


def test_rate_that_the_file_leaves_out_is_unknown(prices: PriceList) -> None:
    frame, issues = price(usage({"model": "my-model", "cache_write_tokens": 1}), prices)
    assert frame["cost_usd"].item() is None
    assert "no rate is known for its 5-minute cache writes" in str(issues[0].detail)


def test_fast_entry_prices_fast_mode(prices: PriceList) -> None:
    assert found(prices, "claude-opus-5", speed="fast") == ("own:claude-opus-5-fast", 7, 30)
    assert found(prices, "claude-opus-5-fast") == ("own:claude-opus-5-fast", 7, 30)
    assert found(prices, "claude-opus-5") == ("own:claude-opus-5", 4, 16)


def test_factors_apply_to_own_prices_and_variants_of_the_list_do_not(tmp_path: Path) -> None:
    own = PriceList.read(written(tmp_path, '[models."claude-opus-5-5"]\ninput = 3\noutput = 12\n'))
    assert found(own, "claude-opus-5-5", speed="fast") == ("own:claude-opus-5-5", 6, 24)
    assert found(own, "claude-opus-5-5", service_tier="batch")[2] == 6
    assert found(own, "claude-opus-5-5", inference_geo="us")[2] == Decimal("13.2")
    assert found(own, "claude-opus-5-5", service_tier="priority") == ()


def test_fast_entry_alone_leaves_the_standard_price_to_the_list(tmp_path: Path) -> None:
    own = PriceList.read(written(tmp_path, "[models.claude-opus-5-fast]\ninput = 7\noutput = 30\n"))
    assert found(own, "claude-opus-5") == ("anthropic:claude-opus-5", 5, 25)
    assert found(own, "claude-opus-5", speed="fast") == ("own:claude-opus-5-fast", 7, 30)


def test_json_says_the_same(tmp_path: Path) -> None:
    text = '{"models": {"m": [{"input": 1, "output": 2.5}, {"from": "2026-11-01", "input": 2, "output": 5}]}}'
    own = PriceList.read(str(written(tmp_path, text, "prices.json")))
    assert found(own, "m", "2026-10-31") == ("own:m", 1, 2.5)
    assert found(own, "m", "2026-11-01") == ("own:m", 2, 5)


def test_numbers_are_read_exactly(tmp_path: Path) -> None:
    own = PriceList.read(written(tmp_path, "[models.m]\ninput = 0.1\noutput = 0.3\n"))
    frame, _ = price(usage({"model": "m", "input_tokens": 1, "output_tokens": 1}), own)
    assert frame["cost_usd"].item() == 4e-07  # 0.1 + 0.3 in floats would miss it


BROKEN = {
    "unknown key": ("[models.m]\ninput = 1\noutputs = 2\n", "models.m.outputs"),
    "negative": ("[models.m]\ninput = -1\n", "models.m.input"),
    "not a number": ('[models.m]\ninput = "1"\n', "models.m.input"),
    "infinite": ("[models.m]\ninput = inf\n", "models.m.input"),
    "true": ("[models.m]\ninput = true\n", "models.m.input"),
    "not a date": ('[models.m]\nfrom = "soon"\n', "models.m.from"),
    "a time": ("[models.m]\nfrom = 2026-11-01T00:00:00Z\n", "models.m.from"),
    "tier without size": ("[models.m]\ntiers = [{ input = 1 }]\n", "models.m.tiers.0.above"),
    "tier at nothing": ("[models.m]\ntiers = [{ above = 0 }]\n", "models.m.tiers.0.above"),
    "second entry": ("[[models.m]]\ninput = 1\n[[models.m]]\ninputs = 2\n", "models.m.1.inputs"),
    "no models": ("[model.m]\ninput = 1\n", "models: Field required"),
    "no entries": ("[models]\nm = []\n", "models.m"),
    "twice": ('[models."a.b"]\ninput = 1\n[models.a-b]\ninput = 2\n', "models.a-b: the same model"),
    "same day": ("[[models.m]]\ninput = 1\n[[models.m]]\ninput = 2\n", "models.m: two entries start on the same day"),
    "same tier": ("[models.m]\ntiers = [{ above = 5, input = 1 }, { above = 5, input = 2 }]\n", "models.m.tiers: Value error, two tiers"),
    "no toml": ("models = {", "is not valid TOML"),
}


@pytest.mark.parametrize("text,told", BROKEN.values(), ids=list(BROKEN))
def test_broken_file_is_told_where(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(PriceFileError) as caught:
        PriceList.read(path)
    assert str(caught.value).startswith(str(path))
    assert told in str(caught.value)


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PriceFileError, match="cannot be read"):
        PriceList.read(tmp_path / "none.toml")
    with pytest.raises(PriceFileError, match="is not valid JSON"):
        PriceList.read(written(tmp_path, "{", "prices.json"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PriceFileError, match="is not valid TOML"):
        PriceList.read(tmp_path / "bytes.toml")
    with pytest.raises(SessionFrameError, match=r"ends in \.json or \.toml"):
        PriceList.read(written(tmp_path, "", "prices.csv"))
