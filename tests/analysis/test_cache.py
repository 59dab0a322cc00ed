"""The prompt cache: hit ratios, gaps, misses and what they cost, by hand and in both engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionframe as sf
from sessionframe.analysis import cache_by, cache_by_gap, cache_gaps, tokens_by
from sessionframe.errors import ColumnError, OptionError
from sessionframe.frames.pandas import to_pandas
from sessionframe.pricing import price
from sessionframe.schema import UsageRow
from tests.analysis.conftest import door
from tests.rows import public, request, rows_of

DEMO = Path(__file__).parents[2] / "data-samples" / "demo"
OPUS = "claude-opus-4-8"  # [USD per million] input 5, read 0.50, 5-minute write 6.25, 1-hour write 10, output 25
M = 100_000


def asked(time: str | None, given: int | None = 0, read: int | None = 0, write: int | None = 0, **values: Any) -> UsageRow:
    tokens = {"input_tokens": given, "cache_read_tokens": read, "cache_write_tokens": write, "output_tokens": 0}
    return request(time and f"2026-10-01T{time}Z", **{"model": OPUS, **tokens, **values})


def usage(*rows: UsageRow) -> pl.DataFrame:
    return price(public("usage", rows))[0]


def gaps(frame: Any) -> list[tuple[Any, ...]]:
    return [(row["gap_s"], row["context_tokens"], row["hit_ratio"], row["missed_tokens"]) for row in rows_of(cache_gaps(frame))]


# the requests one by one


def test_gaps_by_hand(engine: str) -> None:
    # 1,000 written; after 30 s all of it read and 200 more; after 10 minutes only 300 of the 1,200 read; a compaction to 500, nothing read
    rows = [
        asked("12:00:00", write=1000),
        asked("12:00:30", read=1000, write=200),
        asked("12:10:30", given=100, read=300, write=1100),
        asked("12:11:00", write=500),
    ]
    assert gaps(door(engine)(usage(*rows))) == [
        (None, 1000, 0.0, None),
        (30.0, 1200, pytest.approx(1000 / 1200), 0),
        (600.0, 1500, 0.2, 900),
        (30.0, 500, 0.0, 500),
    ]


def test_threads_and_models_have_caches_of_their_own(engine: str) -> None:
    rows = [
        asked("12:00:00", write=10),
        asked("12:00:01", write=10, session_id="s1/a"),
        asked("12:00:02", write=10, model="claude-haiku-4-5"),
        asked("12:00:03", read=10, host="laptop"),
        asked("12:00:04", read=10, agent=None),
        asked("12:00:05", read=10),
    ]
    assert [gap for gap, *_ in gaps(door(engine)(usage(*rows)))] == [None, None, None, None, None, 5.0]


def test_rows_come_out_as_they_went_in(engine: str) -> None:
    frame = door(engine)(usage(asked("12:02:00", read=5), asked(None, read=5), asked("12:01:00", read=5), asked("12:01:00", read=5)))
    found = cache_gaps(frame[::1])
    assert rows_of(found[list(frame.columns)]) == rows_of(frame)
    assert [row["gap_s"] for row in rows_of(found)] == [60.0, None, None, 0.0]
    part = cache_gaps(frame[1:])
    assert engine == "polars" or list(part.index) == [1, 2, 3]
    assert "gap_s" not in frame.columns


def test_unknown_reads_are_no_misses(engine: str) -> None:
    rows = [
        asked("12:00:00", given=100),
        asked("12:01:00", given=100, read=None),
        asked("12:02:00", None, None, None),
        asked("12:03:00", 0, 0, 0),
    ]
    assert gaps(door(engine)(usage(*rows))) == [
        (None, 100, 0.0, None),
        (60.0, 100, None, None),
        (60.0, None, None, None),
        (60.0, 0, None, None),
    ]


def test_gaps_of_nothing(engine: str) -> None:
    full, empty = (cache_gaps(door(engine)(usage(*rows))) for rows in ([asked("12:00:00")], []))
    assert list(full.dtypes) == list(empty.dtypes)
    with pytest.raises(ColumnError, match="cache_gaps needs the columns host"):
        cache_gaps(door(engine)(usage().drop("host")))


# by the gap


def test_bins_by_hand(engine: str) -> None:
    at = {"12:00:00": 0, "12:00:59": 1000, "12:01:59": 500, "12:06:59": 0, "13:06:59": 0}  # gaps 59 s, 60 s, 5 min, 1 h
    found = rows_of(cache_by_gap(door(engine)(usage(*(asked(time, given=1000 - read, read=read) for time, read in at.items())))))
    assert [(row["gap"], row["gap_from_s"], row["gap_to_s"], row["requests"], row["hit_ratio"], row["missed_tokens"]) for row in found] == [
        ("< 1 min", 0.0, 60.0, 1, 1.0, 0),
        ("1-5 min", 60.0, 300.0, 1, 0.5, 500),
        ("5 min - 1 h", 300.0, 3600.0, 1, 0.0, 1000),
        ("> 1 h", 3600.0, None, 1, 0.0, 1000),
        ("first", None, None, 1, 0.0, None),
    ]


def test_the_ratio_of_a_group_is_that_of_its_tokens(engine: str) -> None:
    rows = [asked("12:00:00"), asked("12:00:01", given=900, read=0), asked("12:00:02", read=100), asked("12:00:03", given=7, read=None)]
    row = rows_of(cache_by_gap(door(engine)(usage(*rows)), bins=(3600,)))[0]
    assert (row["gap"], row["context_tokens"], row["cache_read_tokens"], row["hit_ratio"], row["median_hit_ratio"]) == (
        "< 1 h",
        1007,
        100,
        0.1,
        0.5,
    )


def test_bins_of_ones_own_and_groups(engine: str) -> None:
    rows = [asked("12:00:00", write=1, kind=kind) for kind in ("title", "reply")] + [asked("12:00:02", read=1)]
    found = rows_of(cache_by_gap(door(engine)(usage(*rows)), by="kind", bins=(1.5, 86_400)))
    assert [(row["kind"], row["gap"]) for row in found] == [("reply", "< 1.5 s"), ("reply", "1.5 s - 1 d"), ("title", "first")]
    for bins in ((60, 60), (0, 1), (-1,)):
        with pytest.raises(OptionError, match="are not ascending seconds"):
            cache_by_gap(door(engine)(usage()), bins=bins)
    assert len(cache_by_gap(door(engine)(usage()))) == 0
    assert rows_of(cache_by_gap(door(engine)(usage(*rows)), bins=()))[0]["gap"] == "> 0 s"


# sums and money


def test_money_by_hand(engine: str) -> None:
    # 1. 100,000 written for 5 minutes: 0.625, at the price of input 0.5
    # 2. 100,000 read: 0.05 (0.5) and 100,000 written for an hour: 1.0 (0.5)
    # 3. nothing read, 100,000 given: 0.5 (0.5) and 50,000 written for 5 minutes: 0.3125 (0.25); 150,000 of the 200,000 before were
    #    missed: they cost 0.8125 and 0.075 if read -> 0.7375
    # together: prompts 2.4875, without a cache 2.25: writing cost more than reading saved
    rows = [
        asked("12:00:00", write=M),
        asked("12:01:00", read=M, write=M, cache_write_1h_tokens=M),
        asked("12:20:00", given=M, write=M // 2, output_tokens=M),
    ]
    (row,) = rows_of(cache_by(door(engine)(usage(*rows))))
    tokens = ("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "missed_tokens")
    assert [row[name] for name in tokens] == [M, M, 150_000, M, 150_000]
    assert row["hit_ratio"] == pytest.approx(100 / 450)
    money = ("prompt_usd", "cache_write_usd", "saved_usd", "missed_usd", "cost_usd")
    assert [row[name] for name in money] == pytest.approx([2.4875, 1.9375, -0.2375, 0.7375, 4.9875])


def test_without_prices_the_tokens_stay(engine: str) -> None:
    rows = [asked("12:00:00", write=10, model="mystery"), asked("12:00:01", given=5, model="mystery")]
    (row,) = rows_of(cache_by(door(engine)(usage(*rows)), by="model"))
    assert (row["missed_tokens"], row["unpriced_requests"], row["prompt_usd"], row["saved_usd"], row["missed_usd"]) == (
        5,
        2,
        None,
        None,
        None,
    )


def test_the_first_request_of_a_day_follows_the_last_of_the_day_before(engine: str) -> None:
    rows = [
        asked("12:00:00", write=M),
        request("2026-10-02T12:00:00Z", model=OPUS, input_tokens=M, cache_read_tokens=0, cache_write_tokens=0),
    ]
    found = rows_of(cache_by(door(engine)(usage(*rows)), every="1d", tz="UTC"))
    assert [(row["start"].day, row["missed_tokens"]) for row in found] == [(1, None), (2, M)]


@pytest.mark.parametrize("by", [(), ("model",), ("kind", "host")])
def test_sums_of_the_demo(engine: str, by: tuple[str, ...]) -> None:
    frame = sf.scan(home=DEMO).usage.to_frame("polars")
    found, tokens = rows_of(cache_by(door(engine)(frame), by=by)), rows_of(tokens_by(frame, by=by))
    for row, same in zip(found, tokens, strict=True):
        assert [row[name] for name in ("requests", "input_tokens", "cache_read_tokens", "unpriced_requests")] == [
            same[name] for name in ("requests", "input_tokens", "cache_read_tokens", "unpriced_requests")
        ]
        assert row["cache_write_5m_tokens"] + row["cache_write_1h_tokens"] == same["cache_write_tokens"]
        assert row["cost_usd"] == (None if same["cost_usd"] is None else pytest.approx(same["cost_usd"]))


def test_a_table_and_nothing(engine: str) -> None:
    assert len(cache_by(sf.scan(home=DEMO).usage, every="1w", tz="UTC")) == 6
    full, empty = (cache_by(door(engine)(usage(*rows)), by="model", every="1d", tz="UTC") for rows in ([asked("12:00:00")], []))
    assert list(full.dtypes) == list(empty.dtypes)
    with pytest.raises(ColumnError, match="cache_by needs the columns session_id"):
        cache_by(door(engine)(usage().drop("session_id")))


counts = st.one_of(st.none(), st.integers(0, 1000))
requests = st.builds(
    lambda minute, given, read, write, thread: asked(minute and f"12:{minute:02}:00", given, read, write, session_id=thread),
    st.one_of(st.none(), st.integers(0, 59)),
    counts,
    counts,
    counts,
    st.sampled_from("ab"),
)


@settings(max_examples=25)
@given(st.lists(requests, max_size=12))
def test_misses_are_never_more_than_was_there_in_both_engines(rows: list[UsageRow]) -> None:
    frame = usage(*rows)
    found = cache_gaps(frame).to_dicts()
    for row in found:
        if row["missed_tokens"] is not None:
            assert 0 <= row["missed_tokens"] <= max(row["context_tokens"] - row["cache_read_tokens"], 0)
    total = rows_of(cache_by_gap(frame, bins=(60, 600)))
    assert sum(row["requests"] for row in total) == len(rows)
    assert sum(row["missed_tokens"] or 0 for row in total) == sum(row["missed_tokens"] or 0 for row in found)
    assert rows_of(cache_gaps(to_pandas(frame))) == found
    for in_pandas, in_polars in zip(
        rows_of(cache_by(to_pandas(frame), by="session_id")), rows_of(cache_by(frame, by="session_id")), strict=True
    ):
        assert in_pandas == {name: pytest.approx(value) if isinstance(value, float) else value for name, value in in_polars.items()}
