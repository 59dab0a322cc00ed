"""What the bundled price list says, against Anthropic's price table and against the list's own calculator."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseStartsWith,
    ModelInfo,
    ModelPrice,
    Provider,
)

from sessionframe.pricing import library, multipliers, rates, supplement
from sessionframe.pricing.apply import PARTS, PER_UNIT
from sessionframe.pricing.entry import Rates
from sessionframe.pricing.library import listing
from sessionframe.pricing.listed import MAKERS, Found, ListedModel, catalog, of_providers
from sessionframe.pricing.names import read_name
from tests.pricing.usage import day

NOW = day("2026-11-01")
TABLE = """
    claude-fable-5              10   12.5  20  1     50
    claude-fable-5-1            10   12.5  20  0.25  50
    claude-fable-5-2            8    10    16  0.2   40
    claude-mythos-5             10   12.5  20  1     50
    claude-mythos-5-1           10   12.5  20  0.25  50
    claude-mythos-5-2           8    10    16  0.2   40
    claude-opus-4-20250514      15   18.75 30  1.5   75
    claude-opus-4-1-20250805    15   18.75 30  1.5   75
    claude-opus-4-5-20251101    5    6.25  10  0.5   25
    claude-opus-4-6             5    6.25  10  0.5   25
    claude-opus-4-7             5    6.25  10  0.5   25
    claude-opus-4-8             5    6.25  10  0.5   25
    claude-opus-5               5    6.25  10  0.5   25
    claude-opus-5-5             4    5     8   0.2   20
    claude-3-7-sonnet-20250219  3    3.75  6   0.3   15
    claude-sonnet-4-20250514    3    3.75  6   0.3   15
    claude-sonnet-4-5-20250929  3    3.75  6   0.3   15
    claude-sonnet-4-6           3    3.75  6   0.3   15
    claude-sonnet-5             2    2.5   4   0.2   10
    claude-sonnet-5-5           2    2.5   4   0.1   10
    claude-3-5-haiku-20241022   0.8  1     1.6 0.08  4
    claude-haiku-4-5-20251001   1    1.25  2   0.1   5
    claude-haiku-5-5            0.1  0.125 0.2 0.01  0.5
"""
STEPS = """
    claude-sonnet-4-20250514    2026-01-15 200000  6   7.5   12  0.6   22.5
    claude-sonnet-4-5-20250929  2026-01-15 200000  6   7.5   12  0.6   22.5
    claude-opus-4-6             2026-03-12 200000  10  12.5  20  1     37.5
    claude-sonnet-4-6           2026-03-12 200000  6   7.5   12  0.6   22.5
    claude-haiku-5-5            2026-11-01 100000  0.5 0.625 1   0.05  2.5
"""
"""Anthropic's price table [USD per million tokens]: input, 5-minute write, 1-hour write, read, output; then the long-context prices."""


def lines(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


def in_order(found: Rates | None) -> list[Decimal | None]:
    return [found.input, found.cache_write, found.cache_write_1h, found.cache_read, found.output] if found else []


@pytest.mark.parametrize("row", lines(TABLE), ids=lambda row: row[0])
def test_price_table(row: list[str]) -> None:
    model, *usd = row
    assert in_order(rates(model, NOW)) == [Decimal(text) for text in usd]


@pytest.mark.parametrize("row", lines(STEPS), ids=lambda row: row[0])
def test_long_prompt_has_its_price_from_one_token_above_the_threshold(row: list[str]) -> None:
    model, date, size, *usd = row
    assert in_order(rates(model, day(date), prompt_tokens=int(size) + 1)) == [Decimal(text) for text in usd]
    assert rates(model, day(date), prompt_tokens=int(size)) == rates(model, day(date))
    assert rates(model, day(date)) != rates(model, day(date), prompt_tokens=int(size) + 1)


@pytest.mark.parametrize("model", ["claude-opus-4-6", "claude-sonnet-4-6"])
def test_long_prompts_cost_no_more_since_13_march_2026(model: str) -> None:
    assert rates(model, day("2026-03-13"), prompt_tokens=900_000) == rates(model, day("2026-03-13"))
    assert rates(model, day("2026-03-12T23:59:59"), prompt_tokens=900_000) != rates(model, day("2026-03-13"))


def test_cache_reads_of_sonnet_5_5_were_cut_on_7_october_2026() -> None:
    before, after = rates("claude-sonnet-5-5", day("2026-10-06T23:59:59.999999")), rates("claude-sonnet-5-5", day("2026-10-07"))
    assert before is not None
    assert after is not None
    assert (before.cache_read, before.key) == (Decimal("0.2"), "supplement:claude-sonnet-5-5")
    assert (after.cache_read, after.key) == (Decimal("0.1"), "anthropic:claude-sonnet-5-5")


@pytest.mark.parametrize("row", supplement.ADDITIONS, ids=lambda row: row.model)
def test_the_list_still_lacks_what_the_supplement_adds(row: supplement.Addition) -> None:
    """Fails when the list has caught up: the row can go then."""
    listed = {info.id: info for info in next(p for p in get_snapshot().providers if p.id == "anthropic").models}.get(row.model)
    if listed is not None:
        price = listed.get_prices(row.until.replace(year=row.until.year - 1) if row.until else NOW)
        tier = getattr(price.cache_read_mtok, "tiers", [])
        assert price.cache_read_mtok != row.rates.cache_read
        assert not tier


def test_web_searches_cost_10_usd_per_1000() -> None:
    found = rates("claude-opus-5", NOW)
    assert found is not None
    assert found.web_search == 10


@pytest.mark.parametrize("model", ["claude-opus-4-8", "claude-opus-5", "claude-opus-5-5", "claude-fable-5-2", "claude-mythos-5-2"])
def test_fast_mode_of_the_list_is_the_factor_of_our_table_and_not_applied_twice(model: str) -> None:
    standard, fast = rates(model, NOW), rates(model, NOW, speed="fast")
    assert standard is not None
    assert fast == standard.times(Decimal(2))
    assert multipliers.factor(model, "speed", "fast", NOW) == 2


FAST = [
    ("claude-opus-4-6", "2026-02-10", 3),
    ("claude-opus-4-6", "2026-02-17T07:59:59", 3),
    ("claude-opus-4-6", "2026-02-17T08:00:00", 6),
    ("claude-opus-4-6", "2026-06-28T23:59:59", 6),
    ("claude-opus-4-6", "2026-06-29", None),
    ("claude-opus-4-7", "2026-07-23T23:59:59", 6),
    ("claude-opus-4-7", "2026-07-24", None),
    ("claude-sonnet-5", "2026-11-01", None),
    ("claude-haiku-4-5", "2026-11-01", None),
]


@pytest.mark.parametrize("model,at,factor", FAST)
def test_fast_mode_that_the_list_lacks(model: str, at: str, factor: int | None) -> None:
    standard = rates(model, day(at))
    assert standard is not None
    assert rates(model, day(at), speed="fast") == (None if factor is None else standard.times(Decimal(factor)))


def test_fast_mode_of_a_long_prompt_multiplies_the_long_price() -> None:
    found = rates("claude-opus-4-6", day("2026-03-01"), prompt_tokens=200_001, speed="fast")
    assert found is not None
    assert (found.input, found.output) == (Decimal(60), Decimal(225))  # as Anthropic's page of that time has it


@pytest.mark.parametrize("at", ["2026-01-15", "2026-10-13T23:59:59", "2026-10-14", "2026-11-01"])
@pytest.mark.parametrize("model", ["claude-opus-4-5", "claude-sonnet-5", "claude-haiku-4-5", "claude-3-7-sonnet-20250219"])
def test_batch_is_half_price_before_and_after_the_list_knows_it(model: str, at: str) -> None:
    standard, batch = rates(model, day(at)), rates(model, day(at), service_tier="batch")
    assert standard is not None
    assert batch == standard.times(Decimal("0.5"))
    assert batch.web_search == standard.web_search


def test_data_residency_multiplies_tokens_not_searches() -> None:
    standard, here = rates("claude-opus-5", NOW), rates("claude-opus-5", NOW, inference_geo="us")
    assert standard is not None
    assert here is not None
    assert (here.input, here.output, here.cache_read, here.web_search) == (Decimal("5.5"), Decimal("27.5"), Decimal("0.55"), Decimal(10))


def test_data_residency_stacks_on_fast_mode_and_batch() -> None:
    standard = rates("claude-opus-5", NOW)
    assert standard is not None
    assert rates("claude-opus-5", NOW, inference_geo="us", speed="fast") == standard.times(Decimal("2.2"))
    assert rates("claude-opus-5", NOW, inference_geo="us", service_tier="batch") == standard.times(Decimal("0.55"))


@pytest.mark.parametrize("value", ["", "standard", "not_available", "global", "default", "Standard"])
def test_neutral_values_change_nothing(value: str) -> None:
    assert rates("claude-opus-5", NOW, speed=value, service_tier=value, inference_geo=value) == rates("claude-opus-5", NOW)


UNKNOWN: list[dict[str, Any]] = [
    {"speed": "turbo"},
    {"service_tier": "priority"},
    {"inference_geo": "eu"},
    {"speed": "fast", "service_tier": "batch"},
]


@pytest.mark.parametrize("options", UNKNOWN, ids=str)
def test_unknown_option_makes_the_price_unknown(options: dict[str, Any]) -> None:
    assert rates("claude-opus-5", NOW, **options) is None


def test_service_tiers_that_the_list_prices_itself() -> None:
    priority = rates("gpt-5.4", NOW, service_tier="priority")
    assert priority is not None
    assert (priority.input, priority.output) == (Decimal(5), Decimal(30))
    before = rates("gpt-5.4", day("2026-10-11"), service_tier="priority")  # the list prices it from 2026-10-12, the multipliers before
    assert before is not None
    assert (before.input, before.output) == (Decimal(5), Decimal(30))
    assert rates("gpt-5.4-pro", day("2026-10-11"), service_tier="flex") is None


def test_price_by_the_hour() -> None:
    day_price = rates("deepseek-v4-pro", day("2026-11-01T02:00:00"))
    night_price = rates("deepseek-v4-pro", day("2026-11-01T05:00:00"))
    assert day_price is not None
    assert night_price is not None
    assert day_price.input != night_price.input


def test_the_maker_goes_before_resellers() -> None:
    assert getattr(rates("gpt-oss-120b", NOW), "key", None) == "openai:gpt-oss-120b"
    assert getattr(rates("claude-opus-4-5", NOW), "key", None) == "anthropic:claude-opus-4-5"


def test_the_seller_that_a_row_names_goes_first() -> None:
    assert getattr(rates("claude-opus-5", NOW, vendor="github-copilot"), "key", None) == "github-copilot:claude-opus-5"
    assert (
        getattr(rates("us.anthropic.claude-opus-5-v1", NOW, vendor="amazon-bedrock"), "key", None) == "aws:regional.anthropic.claude-opus-5"
    )
    assert getattr(rates("claude-opus-5", NOW, vendor="my-gateway"), "key", None) == "anthropic:claude-opus-5"


def test_model_that_one_reseller_lists_has_its_price_but_no_vendor() -> None:
    found = catalog().find(read_name("qwen3-coder-plus"))
    assert not isinstance(found, str)
    assert (found.entry.seller, found.entry.vendor) == ("openrouter", None)


def test_model_that_several_resellers_list_has_no_price() -> None:
    assert "only resellers list it" in str(catalog().find(read_name("qwen3-coder-480b-a35b-instruct")))


def test_one_name_under_two_authors_is_no_name() -> None:
    models = [ModelInfo(name, ClauseEquals(name), prices=ModelPrice(input_mtok=Decimal(1))) for name in ("a/one", "b/one", "b/two")]
    reseller = of_providers([Provider("r", "R", "", models=models)])
    assert isinstance(reseller.find(read_name("one")), str)
    assert isinstance(reseller.find(read_name("two")), Found)
    assert isinstance(reseller.find(read_name("a/one")), Found)


def test_of_two_models_with_one_alias_the_first_counts_and_an_id_beats_both() -> None:
    models = [
        ModelInfo(
            "one", ClauseOr([ClauseEquals("one"), ClauseEquals("x"), ClauseEquals("three")]), prices=ModelPrice(input_mtok=Decimal(1))
        ),
        ModelInfo("two", ClauseOr([ClauseEquals("two"), ClauseEquals("x")]), prices=ModelPrice(input_mtok=Decimal(2))),
        ModelInfo("three", ClauseEquals("three"), prices=ModelPrice(input_mtok=Decimal(3))),
    ]
    seller = of_providers([Provider("openai", "O", "", models=models)])
    found = [seller.find(read_name(name)) for name in ("x", "three")]
    assert [one.entry.model for one in found if not isinstance(one, str)] == ["one", "three"]


def test_every_name_in_a_rule_of_the_list_is_a_name() -> None:
    """Also where it is only a part: as a whole name, so that no other model is caught by it."""
    rule = ClauseOr([ClauseStartsWith("begins"), ClauseContains("holds"), ClauseAnd([ClauseEndsWith("ends"), ClauseEquals("same")])])
    seller = of_providers([Provider("r", "R", "", models=[ModelInfo("one", rule, prices=ModelPrice(input_mtok=Decimal(1)))])])
    assert all(isinstance(seller.find(read_name(name)), Found) for name in ("one", "begins", "holds", "ends", "same"))
    assert all(isinstance(seller.find(read_name(name)), str) for name in ("begins-2", "it-holds-2", "it-ends"))


def test_additions_are_those_of_one_seller() -> None:
    """Another one may sell a model of the same name at a price of its own."""
    models = [ModelInfo("claude-mythos-5", ClauseEquals("claude-mythos-5"), prices=ModelPrice(input_mtok=Decimal(1)))]
    entry = getattr(of_providers([Provider("r", "R", "", models=models)]).find(read_name("claude-mythos-5")), "entry", None)
    assert isinstance(entry, ListedModel)
    assert getattr(entry.standard(NOW, 0), "input", None) == 1
    assert rates("claude-mythos-5", NOW, prompt_tokens=1) != entry.standard(NOW, 1)


@pytest.mark.parametrize(
    "hour, utc",
    [(time(6), time(6)), (time(6, tzinfo=UTC), time(6)), (time(6, tzinfo=timezone(timedelta(hours=8))), time(22))],
)
def test_times_of_day_are_those_of_utc(hour: time, utc: time) -> None:
    """Whatever zone the list states them in; one without a zone is meant to be UTC already."""
    assert library._utc(hour) == utc


def test_variants_of_the_list_do_not_fit_on_added_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    added = supplement.Addition("claude-opus-4-5", Rates("supplement:x", input=Decimal(9)), until=day("2026-11-01"))
    monkeypatch.setattr(supplement, "ADDITIONS", (added,))
    entry = getattr(of_providers(get_snapshot().providers).find(read_name("claude-opus-4-5")), "entry", None)
    assert isinstance(entry, ListedModel)
    assert entry.variant(day("2026-10-31"), 0, "service_tier", "batch") is None
    assert entry.variant(day("2026-11-01"), 0, "service_tier", "batch") is not None


def test_model_that_is_charged_for_more_than_tokens_has_no_price() -> None:
    assert rates("sonar-pro", NOW) is None


@pytest.mark.parametrize("maker", MAKERS)
def test_every_model_of_a_maker_is_found_under_its_id_as_the_list_itself_finds_it(maker: str) -> None:
    provider = next(provider for provider in get_snapshot().providers if provider.id == maker)
    for info in provider.models:
        found = catalog().find(read_name(info.id), vendor=maker)
        assert not isinstance(found, str)
        assert (found.entry.seller, found.entry.model) == (maker, info.id)
        listed = provider.find_model(info.id)
        assert listed is None or listing(maker, listed) == found.entry.listing


@pytest.mark.parametrize("maker", MAKERS)
def test_every_alias_that_the_list_spells_out_is_read_as_the_list_reads_it(maker: str) -> None:
    provider = next(provider for provider in get_snapshot().providers if provider.id == maker)
    aliases = {clause.equals for info in provider.models for clause in getattr(info.match, "or_", ()) if isinstance(clause, ClauseEquals)}
    for alias in aliases:
        found = catalog().find(read_name(alias), vendor=maker)
        assert not isinstance(found, str)
        listed = provider.find_model(alias)
        assert listed is not None
        assert found.entry.listing == listing(maker, listed)


@pytest.mark.parametrize("maker", MAKERS)
def test_prices_of_makers_are_whole_picodollars(maker: str) -> None:
    """So costs add up exactly."""
    provider = next(provider for provider in get_snapshot().providers if provider.id == maker)
    for info in provider.models:
        found = rates(info.id, NOW, vendor=maker) or Rates("charged for more than tokens")
        usd = {part: getattr(found, part) for part in PARTS}
        assert all(rate is None or rate * PER_UNIT[part] % 1 == 0 for part, rate in usd.items())


def test_unknown_time_has_a_price_when_it_never_changed() -> None:
    assert rates("claude-haiku-4-5") == rates("claude-haiku-4-5", NOW)
    assert rates("claude-sonnet-5-5") is None
    assert rates("claude-opus-4-6") == rates("claude-opus-4-6", NOW)  # only its long prompts changed
    assert rates("claude-opus-4-6", prompt_tokens=200_001) is None
    assert rates("claude-opus-4-6", speed="fast") is None
    assert rates("deepseek-v4-pro") is None


def test_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        rates("claude-opus-5", datetime(2026, 11, 1))  # noqa: DTZ001 - the point
