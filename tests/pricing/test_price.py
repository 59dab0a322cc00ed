"""What requests cost: the ledger of a real run, a plain calculation row by row, and the rows that have no cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import genai_prices
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sessionframe.pricing import apply, cost_parts, price, quotes
from tests.pricing.usage import COLUMNS, day, usage

LEDGER = {"input_tokens": 368, "output_tokens": 516, "cache_read_tokens": 106_786, "cache_write_tokens": 9_149}


def cost(**row: Any) -> float | None:
    value: float | None = price(usage(row))[0]["cost_usd"].item()
    return value


def test_a_recorded_ledger_is_met_to_the_last_digit() -> None:
    assert cost(**LEDGER, cache_write_1h_tokens=9_149) == 0.0319246  # totalCostUSD that Claude Code 2.1.270 wrote for this usage


def test_the_same_with_short_cache_writes() -> None:
    assert cost(**LEDGER, cache_write_1h_tokens=0) == cost(**LEDGER) == 0.02506285


def test_an_hour_part_leaves_the_rest_at_the_short_rate() -> None:
    assert cost(cache_write_tokens=3_000_000, cache_write_1h_tokens=1_000_000) == 2 * 1.25 + 2


def test_the_whole_prompt_decides_the_tier_and_all_tokens_pay_it() -> None:
    tokens = {"model": "claude-haiku-5-5", "input_tokens": 40_000, "cache_read_tokens": 30_000, "output_tokens": 1_000_000}
    assert cost(**tokens, cache_write_tokens=30_000) == 0.004 + 0.0003 + 0.00375 + 0.5
    assert cost(**tokens, cache_write_tokens=30_001) == (40_000 * 500_000 + 30_000 * 50_000 + 30_001 * 625_000 + 10**6 * 2_500_000) / 10**12


def test_web_searches_are_charged() -> None:
    assert cost(web_searches=3) == 0.03


def test_each_row_has_the_price_of_its_own_day() -> None:
    row = {"model": "claude-sonnet-5-5", "cache_read_tokens": 1_000_000}
    frame, _ = price(
        usage(row | {"at": day("2026-10-06T23:59:59")}, row | {"at": day("2026-10-07T00:00:00")}, row | {"at": day("2026-10-06")})
    )
    assert frame["cost_usd"].to_list() == [0.2, 0.1, 0.2]
    assert frame["price_key"].to_list() == ["supplement:claude-sonnet-5-5", "anthropic:claude-sonnet-5-5", "supplement:claude-sonnet-5-5"]


def test_each_row_has_the_price_of_its_own_hour() -> None:
    """DeepSeek charges more from 01:00 to 04:00 and from 06:00 to 10:00 UTC; an end is not part of its span."""
    hours = ["00:59:59.999999", "01:00:00", "03:59:59", "04:00:00", "05:00:00", "06:00:00", "09:59:59", "10:00:00", "23:00:00"]
    rows: list[dict[str, Any]] = [
        {"model": "deepseek-v4-pro", "output_tokens": 1_000_000, "at": day(f"2026-11-0{date}T{hour}")} for date in (1, 2) for hour in hours
    ]
    frame, _ = price(usage(*rows))
    calculated = [
        genai_prices.calc_price(genai_prices.Usage(output_tokens=10**6), row["model"], genai_request_timestamp=row["at"]) for row in rows
    ]
    assert frame["cost_usd"].to_list() == [float(one.total_price) for one in calculated]
    assert frame["cost_usd"].n_unique() == 2


def test_vendor_is_filled_and_never_replaced() -> None:
    frame, _ = price(usage({}, {"vendor": "my-gateway"}, {"model": "gpt-5.1"}, {"model": "fake-model"}, {"model": "qwen3-coder-plus"}))
    assert frame["vendor"].to_list() == ["anthropic", "my-gateway", "openai", None, None]


def test_everything_else_is_as_it_was() -> None:
    before = usage(
        {"line": 3, "input_tokens": 5}, {"line": 1, "model": "fake-model"}, {"line": 2, "recorded_cost_usd": 1.5, "is_final": True}
    )
    after, _ = price(before)
    assert after.schema == before.schema
    untouched = [name for name in COLUMNS if name not in {"vendor", "cost_usd", "price_key"}]
    assert_frame_equal(after.select(untouched), before.select(untouched))


def test_empty_frame_keeps_its_columns_and_dtypes() -> None:
    after, issues = price(usage())
    assert after.schema == COLUMNS
    assert (after.height, issues) == (0, [])
    assert cost_parts(usage()).height == 0


WITHOUT_COST: dict[str, tuple[dict[str, Any], str]] = {
    "unknown model": ({"model": "claude-opus-9", "input_tokens": 1}, "the price list does not have it"),
    "unknown model, no tokens": ({"model": "fake-model"}, "the price list does not have it"),
    "no model": ({"model": None}, "does not name the model"),
    "unknown speed": ({"speed": "turbo"}, "speed 'turbo'"),
    "unknown tier": ({"service_tier": "priority"}, "service_tier 'priority'"),
    "unknown place": ({"inference_geo": "eu"}, "inference_geo 'eu'"),
    "fast without a price": ({"speed": "fast"}, "speed 'fast'"),
    "fast mode that has ended": ({"model": "claude-opus-4-7", "speed": "fast", "at": day("2026-08-01")}, "at that time"),
    "no input": ({"input_tokens": None}, "not tell all its token counts"),
    "no output": ({"output_tokens": None}, "not tell all its token counts"),
    "no cache reads": ({"cache_read_tokens": None}, "not tell all its token counts"),
    "no cache writes": ({"cache_write_tokens": None}, "not tell all its token counts"),
    "negative": ({"input_tokens": -1}, "contradict"),
    "hour part above the whole": ({"cache_write_tokens": 1, "cache_write_1h_tokens": 2}, "contradict"),
    "rate missing": ({"model": "gpt-5-pro", "cache_read_tokens": 1}, "no rate is known for its cache reads"),
    "hour rate missing": ({"model": "gpt-5.1", "cache_write_tokens": 1, "cache_write_1h_tokens": 1}, "its 1-hour cache writes"),
    "no time, changing price": ({"model": "claude-sonnet-5-5", "at": None}, "changed over time"),
}


@pytest.mark.parametrize("row,why", WITHOUT_COST.values(), ids=list(WITHOUT_COST))
def test_unknown_is_null_and_reported(row: dict[str, Any], why: str) -> None:
    frame, issues = price(usage({"input_tokens": 7}, row, {"input_tokens": 7}))
    assert frame["cost_usd"].to_list() == [7e-6, None, 7e-6]
    assert frame["price_key"].to_list() == ["anthropic:claude-haiku-4-5", None, "anthropic:claude-haiku-4-5"]
    assert [(issue.kind, issue.agent, issue.host, issue.count, issue.source) for issue in issues] == [
        ("unpriced-model", "claude-code", None, 1, None)
    ]
    assert why in str(issues[0].detail)
    assert str(row.get("model", "claude-haiku-4-5-20251001") or "(none)") in str(issues[0].detail)


def test_parts_of_a_row_without_cost_are_null_too() -> None:
    parts = cost_parts(usage({"input_tokens": 1, "output_tokens": None}, {"model": "fake-model"}, {"web_searches": 1}))
    assert parts.rows() == [(None,) * 6, (None,) * 6, (0.0, 0.0, 0.0, 0.0, 0.0, 0.01)]


def test_parts_are_named_by_what_they_are_for() -> None:
    """`cache_write` is the whole in the usage table, and here only what is kept for five minutes."""
    row = usage({"cache_write_tokens": 3_000_000, "cache_write_1h_tokens": 1_000_000, "input_tokens": 5})
    (parts,) = cost_parts(row, rates=True).to_dicts()
    assert parts == {
        "input_usd": 5e-6,
        "cache_read_usd": 0.0,
        "cache_write_5m_usd": 2.5,
        "cache_write_1h_usd": 2.0,
        "output_usd": 0.0,
        "web_search_usd": 0.0,
        "input_rate": 1e-6,
        "cache_read_rate": 1e-7,
    }
    assert [name for name in cost_parts(row).columns if name.endswith("_rate")] == []


def test_a_missing_rate_does_not_matter_when_nothing_is_charged_at_it() -> None:
    assert cost(model="gpt-5-pro", output_tokens=1_000_000) == 120.0


def test_no_time_is_fine_when_the_price_never_changed() -> None:
    assert cost(at=None, input_tokens=1_000_000) == 1.0
    assert cost(at=None, input_tokens=1_000_000, service_tier="batch") == 0.5


def test_issues_are_counted_per_agent_host_model_and_reason() -> None:
    rows: list[dict[str, Any]] = [
        {"model": "fake-model"},
        {"model": "fake-model", "agent": "codex"},
        {"model": "fake-model", "host": "pi"},
        {"model": "fake-model"},
        {"model": "fake-model-2"},
        {"input_tokens": None},
    ]
    _, issues = price(usage(*rows))
    _, again = price(usage(*reversed(rows)))
    assert [(issue.agent, issue.host, issue.count) for issue in issues] == [
        ("claude-code", None, 1),
        ("claude-code", None, 2),
        ("claude-code", None, 1),
        ("claude-code", "pi", 1),
        ("codex", None, 1),
    ]
    assert issues == again


def test_advice_is_given_where_a_price_file_helps() -> None:
    _, issues = price(usage({"model": "fake-model"}, {"input_tokens": None}))
    assert ["own prices" in str(issue.detail) for issue in issues] == [False, True]


def test_absurd_counts_do_not_overflow() -> None:
    frame, issues = price(
        usage({"model": "claude-opus-4-6", **dict.fromkeys(("input_tokens", "cache_read_tokens", "output_tokens"), 2**62)})
    )
    assert frame["cost_usd"].item() == pytest.approx(2**62 * 30.5e-6)
    assert issues == []


def test_times_beyond_the_calendar_do_no_harm() -> None:
    far = usage({"input_tokens": 1}, {"input_tokens": 1}).with_columns(at=pl.Series([2**62, -(2**62)]).cast(pl.Datetime("us", "UTC")))
    assert price(far)[0]["cost_usd"].to_list() == [1e-6, 1e-6]


# --- against a plain calculation, row by row --------------------------------------------------------------------------------------------

MODELS = [
    "claude-haiku-4-5",
    "claude-haiku-5-5",
    "claude-opus-4-6",
    "claude-sonnet-4-5-20250929",
    "claude-opus-5-5",
    "claude-opus-4-8",
    "gpt-5.4",
]
FAST_FACTORS = {"claude-opus-4-6": 6, "claude-opus-5-5": 2, "claude-opus-4-8": 2}
counts = st.one_of(st.integers(0, 3_000), st.integers(0, 400_000))
instants = st.datetimes(datetime(2026, 3, 1), datetime(2026, 6, 28)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - set below


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    model = draw(st.sampled_from(MODELS))
    claude = model.startswith("claude-")
    write = draw(counts) if claude else 0
    return {
        "at": draw(instants),
        "model": model,
        "input_tokens": draw(counts),
        "cache_read_tokens": draw(counts),
        "cache_write_tokens": write,
        "cache_write_1h_tokens": draw(st.none() | st.integers(0, write)),
        "output_tokens": draw(counts),
        "web_searches": draw(st.none() | st.integers(0, 5)),
        "speed": draw(st.sampled_from([None, "standard", *(["fast"] if model in FAST_FACTORS else [])])),
        "inference_geo": draw(st.sampled_from([None, "", "not_available", *(["us"] if claude else [])])),
    }


def plain_cost(row: dict[str, Any]) -> float:
    """The list's own calculator for the tokens and the searches, then the factors on the tokens."""
    tokens = {name: row[name] or 0 for name in ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens")}
    prompt = row["input_tokens"] + tokens["cache_read_tokens"] + tokens["cache_write_tokens"]
    total = calculated(row, input_tokens=prompt, **tokens)
    if row["speed"] == "fast":
        total *= FAST_FACTORS[row["model"]]
    if row["inference_geo"] == "us":
        total *= Decimal("1.1")
    return float(total + calculated(row, web_searches=row["web_searches"] or 0))


def calculated(row: dict[str, Any], **counted: int) -> Decimal:
    maker = "anthropic" if row["model"].startswith("claude-") else "openai"
    used = genai_prices.Usage(**{name: count for name, count in counted.items() if count})
    return genai_prices.calc_price(used, row["model"], provider_id=maker, genai_request_timestamp=row["at"]).total_price


@given(st.lists(requests(), min_size=1, max_size=12))
def test_costs_equal_a_plain_calculation_row_by_row(rows: list[dict[str, Any]]) -> None:
    frame, issues = price(usage(*rows))
    assert issues == []
    assert frame["cost_usd"].to_list() == [plain_cost(row) for row in rows]


@given(st.lists(requests(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[dict[str, Any]], random: Any) -> None:
    frame = usage(*(row | {"line": line} for line, row in enumerate(rows)))
    order = list(range(len(rows)))
    random.shuffle(order)
    assert_frame_equal(price(frame[order])[0].sort("line"), price(frame)[0])


@given(st.lists(requests(), min_size=1, max_size=8))
def test_a_row_costs_the_same_alone_as_among_others(rows: list[dict[str, Any]]) -> None:
    assert price(usage(*rows))[0]["cost_usd"].to_list() == [cost(**row) for row in rows]


@given(requests())
def test_parts_add_up_to_the_whole(row: dict[str, Any]) -> None:
    frame = usage(row)
    parts = cost_parts(frame)
    picodollars = [round(value * 10**12) for value in parts.row(0)]  # each part is a whole number of them, so rounding restores it exactly
    assert sum(picodollars) / 10**12 == price(frame)[0]["cost_usd"].item()
    alone = {"input_usd": "input_tokens", "output_usd": "output_tokens", "cache_read_usd": "cache_read_tokens"}
    assert all((parts[part].item() > 0) == (row[column] > 0) for part, column in alone.items())


@given(st.lists(instants, min_size=1, max_size=20))
def test_days_are_utc_days(times: list[datetime]) -> None:
    """Opus 4.6 lost its long-context price on 2026-03-13 UTC; which side a row is on does not depend on its neighbours."""
    row = {"model": "claude-opus-4-6", "input_tokens": 200_001}
    near = [day("2026-03-13") + timedelta(seconds=at.second - 30, microseconds=at.microsecond) for at in times]
    frame, _ = price(usage(*(row | {"at": at} for at in near)))
    assert frame["cost_usd"].to_list() == [2.00001 if at < day("2026-03-13") else 1.000005 for at in near]


def test_rows_are_priced_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    models = ["claude-opus-4-5", "no-such-model"] * 4
    rows = usage(*({"model": model, "input_tokens": number, "output_tokens": 7} for number, model in enumerate(models)))
    whole, told = price(rows)
    parts, reasons = cost_parts(rows, rates=True), quotes(rows)
    monkeypatch.setattr(apply, "SLICE_ROWS", 3)
    again, told_again = price(rows)
    assert again.equals(whole)
    assert told_again == told
    assert cost_parts(rows, rates=True).equals(parts)
    assert quotes(rows).equals(reasons)
