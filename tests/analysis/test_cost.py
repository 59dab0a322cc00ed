"""`cost_by` and `reprice`: parts add up, own prices arrive, unknown prices stay unknown and have a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sessionframe as sf
from sessionframe.analysis import cost_by, reprice, tokens_by
from sessionframe.analysis._prices import PARTS
from sessionframe.errors import ColumnError, OptionError
from sessionframe.pricing import PriceList, price
from sessionframe.schema import UsageRow
from tests.analysis.conftest import door
from tests.rows import public, request, rows_of

DEMO = Path(__file__).parents[2] / "data-samples" / "demo"
OPUS = "claude-opus-4-8"  # [USD per million] input 5, read 0.50, 5-minute write 6.25, 1-hour write 10, output 25; search 10 per 1000

# by hand: input 1,000 x 5 = 0.005; read 100,000 x 0.5 = 0.05; 5-minute write 4,000 x 6.25 = 0.025; 1-hour write 6,000 x 10 = 0.06;
# output 2,000 x 25 = 0.05; 2 searches x 0.01 = 0.02; together 0.21
TOKENS = {"input_tokens": 1_000, "cache_read_tokens": 100_000, "cache_write_tokens": 10_000, "cache_write_1h_tokens": 6_000}
FULL = {**TOKENS, "output_tokens": 2_000, "web_searches": 2}
PLAIN = {"input_tokens": 1_000, "cache_read_tokens": 0, "cache_write_tokens": 0, "output_tokens": 100}


def priced(*rows: UsageRow, prices: PriceList | None = None) -> pl.DataFrame:
    return price(public("usage", rows), prices)[0]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text("[models.claude-haiku-5-5]\ninput = 7\noutput = 70\ncache_read = 0.7\ncache_write = 9\ncache_write_1h = 14\n", "utf-8")
    return path


def test_every_part_by_hand(engine: str) -> None:
    (row,) = rows_of(cost_by(door(engine)(priced(request(model=OPUS, **FULL)))))
    assert [round(row[part], 12) for part in PARTS] == [0.005, 0.05, 0.025, 0.06, 0.05, 0.02]
    assert (row["requests"], row["unpriced_requests"]) == (1, 0)
    assert row["cost_usd"] == pytest.approx(0.21)


def test_what_is_not_priced_is_null_and_counted(engine: str) -> None:
    usage = priced(request(model=OPUS, **FULL), request(model="mystery", **FULL), request(model=OPUS, input_tokens=1))
    mystery, opus = rows_of(cost_by(door(engine)(usage), by="model"))[::-1]
    assert (opus["requests"], opus["unpriced_requests"]) == (2, 1)
    assert [mystery[name] for name in (*PARTS, "cost_usd")] == [None] * 7
    assert mystery["unpriced_requests"] == 1


@pytest.mark.parametrize("every", [None, "1h", "1d", "1mo"])
def test_parts_add_up_and_sums_are_those_of_tokens_by(engine: str, every: str | None) -> None:
    usage = sf.scan(home=DEMO).usage.to_frame("polars")
    rows = rows_of(cost_by(door(engine)(usage), by=["model", "kind"], every=every, tz="Asia/Kathmandu"))
    tokens = rows_of(tokens_by(usage, by=["model", "kind"], every=every, tz="Asia/Kathmandu"))
    names = [name for name in ("start", "model", "kind", "requests", "unpriced_requests") if name in rows[0]]
    assert [[row[name] for name in names] for row in rows] == [[row[name] for name in names] for row in tokens]
    for row, same in zip(rows, tokens, strict=True):
        assert row["cost_usd"] == (None if same["cost_usd"] is None else pytest.approx(same["cost_usd"]))
        if row["cost_usd"] is not None:
            assert sum(row[part] for part in PARTS) == pytest.approx(row["cost_usd"])


def test_own_prices_of_a_scan_come_with_its_table(own: Path) -> None:
    logs, listed = sf.scan("claude-code", home=DEMO, prices=own), sf.scan("claude-code", home=DEMO)
    rows = rows_of(cost_by(logs.usage, by="model"))
    assert rows == rows_of(cost_by(logs.usage.to_frame(), by="model", prices=own))
    assert rows[0]["model"] == "claude-haiku-5-5"
    assert rows[0]["cost_usd"] > 2 * rows_of(cost_by(listed.usage, by="model"))[0]["cost_usd"]
    assert sum(row[part] or 0 for row in rows for part in PARTS) == pytest.approx(logs.usage.to_frame("polars")["cost_usd"].sum())


def test_a_frame_at_own_prices_is_refused_without_them(engine: str, own: Path) -> None:
    usage = sf.scan("claude-code", home=DEMO, prices=own).usage.to_frame("polars")
    with pytest.raises(OptionError, match=r"the costs of 151 of 738 requests come from other prices .* claude-haiku-5-5"):
        cost_by(door(engine)(usage))
    assert len(cost_by(door(engine)(usage), prices=str(own))) == 1


def test_a_frame_of_ones_own(engine: str) -> None:
    usage = priced(*(request(model=OPUS, **FULL) for _ in range(4))).with_columns(team=pl.Series(["b", None, "a", "b"]))
    part = door(engine)(usage)[1:]
    rows = rows_of(cost_by(part, by="team"))
    assert [(row["team"], row["requests"]) for row in rows] == [("a", 1), ("b", 1), (None, 1)]


def test_times_may_be_shown_in_another_zone(engine: str) -> None:
    # DeepSeek's prices depend on the time of day in UTC; a zone that the caller shows times in changes none
    usage = priced(*(request(f"2026-10-01T{hour:02}:30:00Z", model="deepseek-chat", **PLAIN) for hour in range(24)))
    frame = door(engine)(usage)
    shown = (
        usage.with_columns(pl.col("at").dt.convert_time_zone("Asia/Tokyo"))
        if engine == "polars"
        else frame.assign(at=frame["at"].dt.tz_convert("Asia/Tokyo"))
    )
    assert rows_of(cost_by(shown)) == rows_of(cost_by(frame))


def test_nothing_gives_the_same_dtypes(engine: str) -> None:
    full, empty = (cost_by(door(engine)(priced(*rows)), by="model", every="1d", tz="UTC") for rows in ([request(model=OPUS, **FULL)], []))
    assert list(empty.dtypes) == list(full.dtypes)
    assert len(empty) == 0


def test_missing_columns_are_named(engine: str) -> None:
    with pytest.raises(ColumnError, match="cost_by needs the columns speed"):
        cost_by(door(engine)(priced().drop("speed")))
    with pytest.raises(ColumnError, match="reprice needs the columns at"):
        reprice(door(engine)(priced().drop("at")))


# the same tokens at other prices


def test_another_model_by_hand(engine: str) -> None:
    # Haiku 4.5: input 1, output 5 USD per million -> 0.001 + 0.0005
    frame = door(engine)(priced(request(model=OPUS, **PLAIN)))
    (row,) = rows_of(reprice(frame, model="claude-haiku-4-5"))
    assert row["repriced_usd"] == pytest.approx(0.0015)
    assert (row["repriced_key"], row["unpriced_reason"], row["model"]) == ("anthropic:claude-haiku-4-5", None, OPUS)


def test_rows_and_columns_stay_as_they_are(engine: str) -> None:
    usage = priced(*(request(model=OPUS, **PLAIN) for _ in range(5))).with_columns(mine=pl.lit(7, pl.Int64))
    frame = door(engine)(usage)
    part = frame[::2]
    found = reprice(part)
    assert list(found.columns) == [*frame.columns, "repriced_usd", "repriced_key", "unpriced_reason"]
    assert rows_of(found[list(frame.columns)]) == rows_of(part)
    assert list(frame.columns) == usage.columns  # the caller's frame is not changed
    if engine == "pandas":
        assert list(found.index) == [0, 2, 4]


def test_without_options_the_price_is_the_cost(engine: str) -> None:
    usage = sf.scan(home=DEMO).usage.to_frame("polars")
    rows = rows_of(reprice(door(engine)(usage)))
    assert [(row["repriced_usd"], row["repriced_key"]) for row in rows] == [(row["cost_usd"], row["price_key"]) for row in rows]
    assert {row["unpriced_reason"] for row in rows if row["cost_usd"] is None} == {"the price list does not have it"}


def test_prices_of_another_day(engine: str) -> None:
    # Sonnet 5.5 read from its cache for 0.20 USD per million until 2026-10-07, for 0.10 since
    reads = {**PLAIN, "input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 1_000_000}
    frame = door(engine)(priced(request("2026-10-20T00:00:00Z", model="claude-sonnet-5-5", **reads)))
    assert [rows_of(reprice(frame, as_of=day, tz="UTC"))[0]["repriced_usd"] for day in (None, "2026-10-06", "2026-10-07")] == [
        0.1,
        0.2,
        0.1,
    ]


def test_an_unknown_price_has_a_reason(engine: str) -> None:
    frame = door(engine)(priced(request(model=OPUS, **FULL), request(model=OPUS)))
    assert [row["unpriced_reason"] for row in rows_of(reprice(frame, model="mystery"))] == ["the price list does not have it"] * 2
    reasons = [row["unpriced_reason"] for row in rows_of(reprice(frame, model="gpt-5"))]
    assert reasons == ["no rate is known for its 5-minute cache writes", "the log does not tell all its token counts"]


def test_fallback_charges_what_has_no_rate_of_its_own_at_the_next(engine: str) -> None:
    # GPT-5: input 1.25, cached 0.125, output 10 USD per million, searches 10 per 1000; writes are input
    # (1,000 + 10,000) x 1.25 = 0.01375; 100,000 x 0.125 = 0.0125; 2,000 x 10 = 0.02; 2 x 0.01 = 0.02
    frame = door(engine)(priced(request(model=OPUS, **FULL)))
    assert rows_of(reprice(frame, model="gpt-5", fallback=True))[0]["repriced_usd"] == pytest.approx(0.06625)


def test_own_prices_for_what_if(engine: str, own: Path) -> None:
    frame = door(engine)(priced(request(model="claude-haiku-5-5", **PLAIN)))
    assert rows_of(reprice(frame, prices=own))[0]["repriced_usd"] == pytest.approx(0.014)  # 1,000 x 7 + 100 x 70 per million


def test_nothing_and_wrong_options(engine: str) -> None:
    empty: Any = reprice(door(engine)(priced()))
    assert len(empty) == 0
    assert list(empty.columns)[-3:] == ["repriced_usd", "repriced_key", "unpriced_reason"]
    with pytest.raises(OptionError, match="as_of='yesterday' is no ISO date"):
        reprice(door(engine)(priced()), as_of="yesterday")
