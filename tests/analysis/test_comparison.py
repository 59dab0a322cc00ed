"""`compare_periods`: each effect alone by hand, all of them together always add up."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionframe.analysis import compare_periods
from sessionframe.analysis.comparison import EFFECTS
from sessionframe.errors import ColumnError, OptionError
from sessionframe.frames.pandas import to_pandas
from sessionframe.pricing import price
from sessionframe.schema import UsageRow
from tests.analysis.conftest import door
from tests.rows import public, request, rows_of

OPUS = "claude-opus-4-8"  # [USD per million] input 5, read 0.50, 5-minute write 6.25, 1-hour write 10, output 25
HAIKU = "claude-haiku-4-5"  # input 1, read 0.10, 5-minute write 1.25, 1-hour write 2, output 5
FIRST, SECOND = ("2026-10-01", "2026-10-02"), ("2026-10-02", "2026-10-03")
M = 100_000


def asked(day: int, model: str = OPUS, *, given: int = 0, output: int = 0, read: int = 0, write: int = 0, **values: Any) -> UsageRow:
    tokens = {"input_tokens": given, "output_tokens": output, "cache_read_tokens": read, "cache_write_tokens": write}
    return request(f"2026-10-0{day}T12:00:00Z", model=model, **{**tokens, **values})


def usage(*rows: UsageRow) -> pl.DataFrame:
    return price(public("usage", rows))[0]


def compared(frame: Any, **options: Any) -> list[dict[str, Any]]:
    return rows_of(compare_periods(frame, first=FIRST, second=SECOND, tz="UTC", **options))


def effects(engine: str, *rows: UsageRow) -> dict[str, float]:
    """The effects that are not 0."""
    (row,) = compared(door(engine)(usage(*rows)))
    assert sum(row[name] for name in EFFECTS) == pytest.approx(row["change_usd"])
    assert row["change_usd"] == pytest.approx(row["second_usd"] - row["first_usd"])
    return {name.removesuffix("_usd"): round(row[name], 9) for name in EFFECTS if abs(row[name]) > 1e-9}


def test_volume_alone(engine: str) -> None:
    # the same twice: 0.5 + 0.25 more
    assert effects(engine, asked(1, given=M, output=M // 10), *[asked(2, given=M, output=M // 10)] * 2) == {"volume": 0.75}


def test_model_mix_alone(engine: str) -> None:
    # half of 200,000 tokens at 5 moves to the model at 1: -100,000 x 4 per million
    assert effects(engine, asked(1, given=2 * M), asked(2, given=M), asked(2, HAIKU, given=M)) == {"model_mix": -0.4}


def test_output_share_alone(engine: str) -> None:
    # of 100,000 tokens half become output: 50,000 x (25 - 5) per million
    assert effects(engine, asked(1, given=M), asked(2, given=M // 2, output=M // 2)) == {"output_share": 1.0}


def test_cache_alone(engine: str) -> None:
    # 100,000 tokens: 80,000 read instead of given, 80,000 x (0.5 - 5) = -0.36; 10,000 written, for an hour: 10,000 x (10 - 5) = 0.05
    second = asked(2, given=M // 10, read=8 * M // 10, write=M // 10, cache_write_1h_tokens=M // 10)
    assert effects(engine, asked(1, given=M), second) == {"cache": -0.31}


def test_price_alone(engine: str) -> None:
    # US-only inference costs 1.1 times: 0.5 -> 0.55
    assert effects(engine, asked(1, given=M), asked(2, given=M, inference_geo="us")) == {"price": 0.05}


def test_web_searches_alone(engine: str) -> None:
    assert effects(engine, asked(1, given=M), asked(2, given=M, web_searches=3)) == {"web_search": 0.03}


def test_the_documented_order(engine: str) -> None:
    # first 100,000 at 5, all given; second 200,000 tokens, all of the small model, half of them output
    # volume: 100,000 x 5 = 0.5; mix: 200,000 x (5 -> 1; the small model is new, so its output share and prices count from the start):
    #   its unit cost is 0.5 x 5 + 0.5 x 1 = 3: 200,000 x (3 - 5) = -0.4; the rest nothing
    assert effects(engine, asked(1, given=M), asked(2, HAIKU, given=M, output=M)) == {"volume": 0.5, "model_mix": -0.4}
    # with the same model: volume 0.5, output share 200,000 x 0.5 x (25 - 5) = 2
    assert effects(engine, asked(1, given=M), asked(2, given=M, output=M)) == {"volume": 0.5, "output_share": 2.0}


def test_a_beginning_and_an_end_are_volume(engine: str) -> None:
    assert effects(engine, asked(2, given=M), asked(2, HAIKU, output=M)) == {"volume": 1.0}
    assert effects(engine, asked(1, given=M), asked(1, HAIKU, output=M)) == {"volume": -1.0}


def test_what_is_not_priced_is_counted_and_left_out(engine: str) -> None:
    rows = [asked(1, given=M), asked(2, given=M), asked(2, "mystery", given=M)]
    (row,) = compared(door(engine)(usage(*rows)))
    assert (row["first_requests"], row["second_requests"], row["second_unpriced_requests"]) == (1, 2, 1)
    assert (row["first_tokens"], row["second_tokens"], row["change_usd"]) == (M, M, 0.0)
    mystery = compared(door(engine)(usage(*rows)), by="model")[-1]
    assert (mystery["first_usd"], mystery["second_usd"], mystery["change_usd"], mystery["volume_usd"]) == (0.0, None, None, None)


def test_each_group_for_itself(engine: str) -> None:
    rows = [asked(1, given=M, repo_root="/a"), asked(2, given=2 * M, repo_root="/a"), asked(2, HAIKU, given=M)]
    found = compared(door(engine)(usage(*rows)), by="repo_root")
    assert [(row["repo_root"], row["volume_usd"], row["model_mix_usd"]) for row in found] == [
        ("/a", pytest.approx(0.5), 0),
        (None, pytest.approx(0.1), 0),
    ]
    assert found[0] == {"repo_root": "/a"} | {
        name: pytest.approx(value) for name, value in compared(door(engine)(usage(*rows[:2])))[0].items()
    }


def test_periods_are_half_open_and_days_those_of_the_zone(engine: str) -> None:
    at = ["2026-09-30T22:00:00Z", "2026-10-01T21:59:59Z", "2026-10-01T22:00:00Z", "2026-10-02T22:00:00Z", None]
    frame = door(engine)(usage(*(request(time, model=OPUS, input_tokens=M) for time in at)))
    (row,) = rows_of(compare_periods(frame, first=FIRST, second=SECOND, tz="Europe/Berlin"))
    assert (row["first_requests"], row["second_requests"]) == (2, 1)
    (row,) = rows_of(compare_periods(frame, first=(None, "2026-10-01"), second=("2026-10-01", None), tz="Europe/Berlin"))
    assert (row["first_requests"], row["second_requests"]) == (0, 4)


def test_nothing_to_compare(engine: str) -> None:
    (row,) = compared(door(engine)(usage()))
    assert (row["first_requests"], row["change_usd"], row["volume_usd"]) == (0, 0.0, 0.0)
    full, empty = (
        compare_periods(door(engine)(usage(*rows)), first=FIRST, second=SECOND, by="model", tz="UTC") for rows in ([asked(1)], [])
    )
    assert list(full.dtypes) == list(empty.dtypes)


BACKWARDS = ("2026-10-02", "2026-10-01")


@pytest.mark.parametrize(
    "period,said", [("2026-10-01", "is no period"), (7, "is no period"), (BACKWARDS, "ends before it starts"), (("x", None), "is no ISO")]
)
def test_wrong_periods_are_named(engine: str, period: Any, said: str) -> None:
    with pytest.raises(OptionError, match=f"first=.* {said}"):
        compare_periods(door(engine)(usage()), first=period, second=SECOND, tz="UTC")


def test_missing_columns_are_named(engine: str) -> None:
    with pytest.raises(ColumnError, match="compare_periods needs the columns cost_usd"):
        compared(door(engine)(usage().drop("cost_usd")))


counts = st.integers(0, 10**5)
requests = st.builds(
    asked,
    st.integers(1, 2),
    st.sampled_from([OPUS, HAIKU, "mystery"]),
    given=counts,
    output=counts,
    read=counts,
    write=counts,
    inference_geo=st.sampled_from([None, "us"]),
)


@settings(max_examples=25)
@given(st.lists(requests, max_size=12))
def test_the_effects_always_add_up_in_both_engines(rows: list[UsageRow]) -> None:
    frame = usage(*rows)
    for by in ((), ("model",), ("inference_geo", "model")):
        found = compared(frame, by=by)
        for row in found:
            if row["change_usd"] is not None:
                assert sum(row[name] for name in EFFECTS) == pytest.approx(row["change_usd"], abs=1e-9)
        assert sum(row["first_usd"] or 0 for row in found) == pytest.approx(
            sum(row["cost_usd"] or 0 for row in frame.to_dicts() if row["at"].day == 1)
        )
        same = compared(to_pandas(frame), by=by)
        assert same == [
            {name: pytest.approx(value, abs=1e-9) if isinstance(value, float) else value for name, value in row.items()} for row in found
        ]
