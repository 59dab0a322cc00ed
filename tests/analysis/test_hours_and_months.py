"""`activity`, `cumulative` and `blocks`: hours of the week, running sums of a month, blocks of five hours."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionframe.analysis import activity, blocks, cumulative, tokens_by
from sessionframe.errors import ColumnError, OptionError
from sessionframe.frames.pandas import to_pandas
from sessionframe.schema import UsageRow
from tests.analysis.conftest import Make
from tests.rows import micros, public, request, rows_of

BERLIN = "Europe/Berlin"
FIRST = micros("2026-09-01T00:00:00Z") or 0


def approximately(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: pytest.approx(value) if isinstance(value, float) else value for name, value in row.items()} for row in rows]


# hours of the week


def test_hours_of_the_week_are_those_of_the_clock(make: Make) -> None:
    # Thursday 2026-10-01, 22:30 UTC is Friday, half past midnight in Berlin; the hour from 2 to 3 comes twice on 2026-10-25, a Sunday
    at = ["2026-10-01T22:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]
    found = rows_of(activity(make("usage", [request(time, cost_usd=1.0) for time in at]), tz=BERLIN))
    assert len(found) == 168
    assert [(row["weekday"], row["hour"]) for row in found] == [(day, hour) for day in range(1, 8) for hour in range(24)]
    assert [tuple(row.values()) for row in found if row["requests"]] == [(5, 0, 1, 1.0), (7, 2, 2, 2.0)]
    assert {row["cost_usd"] for row in found if not row["requests"]} == {None}


def test_every_group_has_its_week(make: Make) -> None:
    usage = make("usage", [request(agent="a"), request(agent=None), request(None, agent="a", output_tokens=7)])
    found = rows_of(activity(usage, of=["output_tokens"], by="agent", tz="UTC"))
    assert [row["agent"] for row in found] == ["a"] * 169 + [None] * 168
    assert found[168] == {"agent": "a", "weekday": None, "hour": None, "requests": 1, "output_tokens": 7}


def test_a_week_without_requests(make: Make) -> None:
    full, empty = (activity(make("usage", rows), tz="UTC") for rows in ([request()], []))
    assert list(full.dtypes) == list(empty.dtypes)
    assert (len(empty), sum(row["requests"] for row in rows_of(empty))) == (168, 0)


# running sums


def test_a_month_by_hand(make: Make) -> None:
    # September ends: its last day is the first of the frame, so 1 day has passed and 0 are left: projected 4
    # October, 31 days: 2 on the 1st -> 62; nothing on the 2nd -> 31; an unknown cost on the 3rd -> 2 / 3 x 31; 4 more on the 4th -> 46.5
    usage = [
        request(f"2026-{day}T12:00:00Z", cost_usd=cost) for day, cost in (("09-30", 4.0), ("10-01", 2.0), ("10-03", None), ("10-04", 4.0))
    ]
    found = rows_of(cumulative(make("usage", [*usage, request(None, cost_usd=1.0)]), tz="UTC"))
    assert [(row["period"].month, row["start"].day, row["step"], row["steps"], row["requests"]) for row in found] == [
        (9, 30, 30, 30, 1),
        (10, 1, 1, 31, 1),
        (10, 2, 2, 31, 0),
        (10, 3, 3, 31, 1),
        (10, 4, 4, 31, 1),
    ]
    assert [row["cost_usd"] for row in found] == [4.0, 2.0, 0.0, None, 4.0]
    assert [row["cost_usd_cumulative"] for row in found] == [4.0, 2.0, 2.0, 2.0, 6.0]
    assert [row["cost_usd_projected"] for row in found] == pytest.approx([4.0, 62.0, 31.0, 62 / 3, 46.5])
    assert [row["unknown_requests"] for row in found] == [0, 0, 0, 1, 1]


def test_days_before_the_first_request_do_not_slow_the_pace(make: Make) -> None:
    # logs begin on the 30th of a month of 31 days: 2 USD on one day, one day is left
    (row,) = rows_of(cumulative(make("usage", [request("2026-10-30T12:00:00Z", cost_usd=2.0)]), tz="UTC"))
    assert (row["step"], row["cost_usd_projected"]) == (30, 4.0)


def test_groups_run_for_themselves(make: Make) -> None:
    days = [("10-01", "a"), ("10-02", None), ("10-03", "a")]
    usage = make("usage", [request(f"2026-{day}T12:00:00Z", model=model, output_tokens=5) for day, model in days])
    found = rows_of(cumulative(usage, of="output_tokens", by="model", tz="UTC"))
    assert [(row["start"].day, row["model"], row["output_tokens"], row["output_tokens_cumulative"]) for row in found] == [
        (1, "a", 5, 5),
        (1, None, 0, 0),
        (2, "a", 0, 5),
        (2, None, 5, 5),
        (3, "a", 5, 10),
        (3, None, 0, 5),
    ]


def test_what_nothing_is_known_of_is_not_projected(make: Make) -> None:
    (row,) = rows_of(cumulative(make("usage", [request()]), tz="UTC"))
    assert (row["cost_usd"], row["cost_usd_cumulative"], row["cost_usd_projected"], row["unknown_requests"]) == (None, None, None, 1)


@pytest.mark.parametrize("every,within,steps", [("1h", "1d", 25), ("1h", "1w", 169), ("1d", "1w", 7), ("1h", "1mo", 745)])
def test_steps_of_a_longer_day(make: Make, every: str, within: str, steps: int) -> None:
    # 2026-10-25 has 25 hours in Berlin; 20:30 UTC is its hour from 21 to 22, the 23rd
    (row,) = rows_of(cumulative(make("usage", [request("2026-10-25T20:30:00Z")]), every=every, within=within, tz=BERLIN))
    assert row["steps"] == steps
    assert within != "1d" or row["step"] == 23


@pytest.mark.parametrize("rows", [[request()], []])
def test_dtypes_do_not_depend_on_the_rows(make: Make, rows: list[UsageRow]) -> None:
    reference = cumulative(make("usage", [request(cost_usd=1.0, model="a"), request("2026-10-05T12:00:00Z")]), by="model", tz=BERLIN)
    assert list(cumulative(make("usage", rows), by="model", tz=BERLIN).dtypes) == list(reference.dtypes)


def test_steps_that_do_not_divide_are_named(make: Make) -> None:
    with pytest.raises(OptionError, match=r"every='1w' do not divide within='1mo'\. Periods: none"):
        cumulative(make("usage", []), every="1w")
    with pytest.raises(OptionError, match="Periods: 1w, 1mo"):
        cumulative(make("usage", []), every="1d", within="1d")
    with pytest.raises(OptionError, match="every='2d' is no step"):
        cumulative(make("usage", []), every="2d")


# blocks


def spans(found: Any) -> list[tuple[Any, ...]]:
    return [
        (row["start"] and f"{row['start']:%d %H:%M}", row["end"] and f"{row['end']:%d %H:%M}", row["requests"]) for row in rows_of(found)
    ]


def test_blocks_by_hand(make: Make) -> None:
    # 12:40 starts 12-17; 16:59:59 is in it; 17:00 starts 17-22 at once; after a night 09:10 starts 09-14
    at = ["01T12:40:00", "01T16:59:59.999999", "01T17:00:00", "01T21:59:00", "02T09:10:00"]
    usage = make("usage", [request(f"2026-10-{time}Z", cost_usd=1.0, output_tokens=2) for time in at])
    found = blocks(usage, tz="UTC")
    assert spans(found) == [("01 12:00", "01 17:00", 2), ("01 17:00", "01 22:00", 2), ("02 09:00", "02 14:00", 1)]
    rows = rows_of(found)
    assert [row["is_active"] for row in rows] == [False, False, True]
    assert [(row["cost_usd"], row["total_tokens"], row["unpriced_requests"]) for row in rows] == [(2.0, 4, 0), (2.0, 4, 0), (1.0, 2, 0)]
    assert (rows[0]["first_at"].minute, rows[0]["last_at"].second) == (40, 59)


def test_agents_have_blocks_of_their_own(make: Make) -> None:
    usage = make("usage", [request("2026-10-01T12:30:00Z", agent="a"), request("2026-10-01T14:30:00Z", agent=None)])
    assert [(row["agent"], row["start"].hour) for row in rows_of(blocks(usage, tz="UTC"))] == [("a", 12), (None, 14)]
    assert spans(blocks(usage, by=(), tz="UTC")) == [("01 12:00", "01 17:00", 2)]


def test_the_active_block_at_a_given_time(make: Make) -> None:
    usage = make("usage", [request("2026-10-01T12:30:00Z"), request("2026-10-02T12:30:00Z")])
    active = {
        time: [row["is_active"] for row in rows_of(blocks(usage, as_of=time, tz="UTC"))]
        for time in ("2026-10-01T16:59", "2026-10-01T17:00")
    }
    assert active == {"2026-10-01T16:59": [True, False], "2026-10-01T17:00": [False, False]}


def test_blocks_start_at_full_hours_in_utc(make: Make) -> None:
    usage = make("usage", [request("2026-10-01T12:45:00Z")])
    assert spans(blocks(usage, tz="Asia/Kolkata")) == [("01 17:30", "01 22:30", 1)]


def test_requests_without_a_time_are_in_no_block(make: Make) -> None:
    assert spans(blocks(make("usage", [request(None), request()]), tz="UTC")) == [("01 12:00", "01 17:00", 1), (None, None, 1)]
    assert spans(blocks(make("usage", [request(None)]), tz="UTC")) == [(None, None, 1)]


def test_no_blocks(make: Make) -> None:
    full, empty = (blocks(make("usage", rows), tz="UTC") for rows in ([request()], []))
    assert list(full.dtypes) == list(empty.dtypes)
    assert len(empty) == 0
    with pytest.raises(OptionError, match="hours=0 is no length"):
        blocks(make("usage", []), hours=0)


def test_missing_columns_are_named(make: Make) -> None:
    with pytest.raises(ColumnError, match="activity needs the columns weight"):
        activity(make("usage", []), of="weight")
    with pytest.raises(ColumnError, match="cumulative needs the columns weight"):
        cumulative(make("usage", []), of="weight")
    with pytest.raises(ColumnError, match="blocks needs the columns team"):
        blocks(make("usage", []), by="team")


usages = st.lists(
    st.builds(
        lambda at, model, cost: request(at, model=model, cost_usd=None if cost is None else cost / 64),
        st.one_of(st.integers(FIRST, FIRST + 70 * 86_400_000_000)),
        st.sampled_from(["a", "b", None]),
        st.one_of(st.none(), st.integers(0, 10**6)),
    ),
    max_size=15,
)


@settings(max_examples=25)
@given(usages, st.sampled_from(["UTC", BERLIN, "America/Santiago", "Asia/Kathmandu"]))
def test_sums_are_those_of_everything_in_both_engines(rows: list[UsageRow], tz: str) -> None:
    usage = public("usage", rows)
    (total,) = rows_of(tokens_by(usage))
    for found in (activity(usage, by="model", tz=tz), blocks(usage, by="model", tz=tz), cumulative(usage, by="model", tz=tz)):
        assert (found["requests"].sum(), found["cost_usd"].sum()) == (total["requests"], total["cost_usd"] or 0)
    in_pandas = to_pandas(usage)
    assert rows_of(activity(in_pandas, by="model", tz=tz)) == activity(usage, by="model", tz=tz).to_dicts()
    assert rows_of(blocks(in_pandas, by="model", tz=tz)) == blocks(usage, by="model", tz=tz).to_dicts()
    assert rows_of(cumulative(in_pandas, by="model", tz=tz)) == approximately(cumulative(usage, by="model", tz=tz).to_dicts())


@settings(max_examples=25)
@given(usages)
def test_no_two_blocks_overlap_and_none_is_late(rows: list[UsageRow]) -> None:
    found = blocks(public("usage", rows), tz="UTC").to_dicts()
    for row in found:
        assert row["start"] <= row["first_at"] < row["start"] + dt.timedelta(hours=1)
        assert row["last_at"] < row["end"] == row["start"] + dt.timedelta(hours=5)
    assert all(row["end"] <= after["start"] for row, after in itertools.pairwise(found))
