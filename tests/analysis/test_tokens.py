"""`tokens_by`: sums, unknown values, days in a time zone, both engines alike."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionframe.analysis import tokens_by
from sessionframe.errors import ColumnError, OptionError
from sessionframe.frames.pandas import to_pandas
from sessionframe.schema import TOKEN_COLUMNS, UsageRow
from tests.analysis.conftest import Make
from tests.rows import micros, public, request, rows_of

BERLIN = "Europe/Berlin"
FIRST = micros("2026-03-01T00:00:00Z") or 0


def starts(result: Any) -> list[str | None]:
    return [row["start"] and row["start"].isoformat() for row in rows_of(result)]


def test_one_row_without_groups(make: Make) -> None:
    usage = make("usage", [request(input_tokens=1, cache_read_tokens=2, cache_write_tokens=4, output_tokens=8, cost_usd=0.25), request()])
    (row,) = rows_of(tokens_by(usage))
    assert row["requests"] == 2
    assert row["total_tokens"] == 15
    assert (row["cost_usd"], row["unpriced_requests"]) == (0.25, 1)


def test_no_requests_are_one_row_without_groups(make: Make) -> None:
    (row,) = rows_of(tokens_by(make("usage", [])))
    assert (row["requests"], row["unpriced_requests"], row["total_tokens"], row["cost_usd"]) == (0, 0, None, None)


def test_columns_are_in_the_documented_order(make: Make) -> None:
    result = tokens_by(make("usage", [request()]), by=["model", "project"], every="1d", tz="UTC")
    measures = ["requests", *TOKEN_COLUMNS, "total_tokens", "web_searches", "cost_usd", "unpriced_requests"]
    assert list(result.columns) == ["start", "model", "project", *measures]


def test_unknown_is_null_not_zero(make: Make) -> None:
    usage = make("usage", [request(model="a", input_tokens=3), request(model="b")])
    a, b = rows_of(tokens_by(usage, by="model"))
    assert (a["input_tokens"], a["output_tokens"], a["total_tokens"], a["cost_usd"]) == (3, None, 3, None)
    assert (b["input_tokens"], b["total_tokens"], b["unpriced_requests"]) == (None, None, 1)


def test_groups_are_sorted_with_null_last(make: Make) -> None:
    usage = make("usage", [request(model=None), request(model="b"), request(model="a"), request(model="b")])
    assert [(row["model"], row["requests"]) for row in rows_of(tokens_by(usage, by=("model",)))] == [("a", 1), ("b", 2), (None, 1)]


def test_requests_of_a_session_over_midnight_are_booked_on_their_own_day(make: Make) -> None:
    usage = make("usage", [request("2026-10-01T21:59:59.999999Z"), request("2026-10-01T22:00:00Z")])
    result = tokens_by(usage, every="1d", tz=BERLIN)
    assert starts(result) == ["2026-10-01T00:00:00+02:00", "2026-10-02T00:00:00+02:00"]


def test_evening_in_the_west_is_not_the_next_day(make: Make) -> None:
    usage = make("usage", [request("2026-07-02T02:00:00Z")])  # 8 pm in Denver
    assert starts(tokens_by(usage, every="1d", tz="America/Denver")) == ["2026-07-01T00:00:00-06:00"]


@pytest.mark.parametrize(
    "day, hours",
    [("2026-03-29", 23), ("2026-10-25", 25)],
)
def test_days_of_23_and_25_hours(make: Make, day: str, hours: int) -> None:
    midnight = dt.datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(BERLIN)).astimezone(dt.UTC)
    inside = [request((midnight + dt.timedelta(hours=hour)).isoformat()) for hour in range(-1, hours + 1)]
    counts = [row["requests"] for row in rows_of(tokens_by(make("usage", inside), every="1d", tz=BERLIN))]
    assert counts == [1, hours, 1]


def test_the_hour_that_comes_twice_stays_two_hours(make: Make) -> None:
    usage = make("usage", [request("2026-10-25T00:30:00Z"), request("2026-10-25T01:30:00Z")])
    assert starts(tokens_by(usage, every="1h", tz=BERLIN)) == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]


def test_hours_of_a_zone_half_an_hour_off(make: Make) -> None:
    usage = make("usage", [request("2026-10-01T12:15:00Z"), request("2026-10-01T12:45:00Z")])
    assert starts(tokens_by(usage, every="1h", tz="Asia/Kolkata")) == ["2026-10-01T17:00:00+05:30", "2026-10-01T18:00:00+05:30"]


def test_a_day_without_midnight(make: Make) -> None:
    usage = make("usage", [request("2026-09-06T04:30:00Z")])  # Santiago puts the clock from 0 to 1 o'clock
    (row,) = rows_of(tokens_by(usage, every="1d", tz="America/Santiago"))
    assert row["start"].astimezone(dt.UTC) == dt.datetime(2026, 9, 6, 4, tzinfo=dt.UTC)


def test_a_month_and_a_week_with_a_day_without_midnight(make: Make) -> None:
    usage = make("usage", [request("2026-09-06T04:30:00Z")])  # Santiago, as above
    assert starts(tokens_by(usage, every="1mo", tz="America/Santiago")) == ["2026-09-01T00:00:00-04:00"]
    assert starts(tokens_by(usage, every="1w", tz="America/Santiago")) == ["2026-08-31T00:00:00-04:00"]


def test_weeks_begin_on_monday_and_months_on_the_first(make: Make) -> None:
    usage = make("usage", [request("2026-03-30T22:00:00Z"), request("2026-03-29T21:59:00Z")])
    assert starts(tokens_by(usage, every="1w", tz=BERLIN)) == ["2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00"]
    assert starts(tokens_by(usage, every="1mo", tz=BERLIN)) == ["2026-03-01T00:00:00+01:00"]


def test_requests_without_a_time_are_kept_last(make: Make) -> None:
    usage = make("usage", [request(None), request()])
    assert [row["requests"] for row in rows_of(tokens_by(usage, every="1d", tz="UTC"))] == [1, 1]
    assert starts(tokens_by(usage, every="1d", tz="UTC"))[1] is None


@pytest.mark.parametrize("every", [None, "1d"])
def test_an_empty_frame_gives_the_same_dtypes(make: Make, every: str | None) -> None:
    full = tokens_by(make("usage", [request()]), by=["model", "kind"], every=every, tz=BERLIN)
    empty = tokens_by(make("usage", []), by=["model", "kind"], every=every, tz=BERLIN)
    assert len(empty) == 0
    assert list(empty.dtypes) == list(full.dtypes)


def test_dtypes_of_pandas() -> None:
    result = tokens_by(to_pandas(public("usage", [request(input_tokens=1)])), by=["model", "kind"], every="1d", tz=BERLIN)
    assert {str(result[name].dtype) for name in ("requests", "unpriced_requests", "total_tokens", *TOKEN_COLUMNS)} == {"Int64"}
    assert str(result["start"].dtype) == f"datetime64[us, {BERLIN}]"
    assert [str(result[name].dtype) for name in ("model", "kind", "cost_usd")] == ["str", "category", "float64"]
    assert list(result.index) == [0]


def test_a_missing_column_is_named(make: Make) -> None:
    with pytest.raises(ColumnError, match="tokens_by needs the columns colour, which"):
        tokens_by(make("usage", [request()]), by="colour")


def test_a_wrong_step_or_zone_is_named(make: Make) -> None:
    usage = make("usage", [request()])
    with pytest.raises(OptionError, match=r"every='1y' is no step of time\. Steps: 1h, 1d, 1w, 1mo"):
        tokens_by(usage, every="1y")
    with pytest.raises(OptionError, match="Did you mean 'Europe/Berlin'"):
        tokens_by(usage, every="1d", tz="Europe/Berlinn")


def test_local_days(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert starts(tokens_by(make("usage", [request("2026-10-01T15:00:00Z")]), every="1d")) == ["2026-10-02T00:00:00+09:00"]


def test_a_lazy_frame_is_collected() -> None:
    lazy = public("usage", [request(model="a", input_tokens=1)]).lazy()
    result: object = tokens_by(lazy, by="model")
    assert isinstance(result, pl.DataFrame)
    assert result["total_tokens"].to_list() == [1]


def test_a_table_gives_a_pandas_frame() -> None:
    class Table:
        def to_frame(self) -> Any:
            return to_pandas(public("usage", [request(model="a", input_tokens=1)]))

    assert tokens_by(Table(), by="model")["total_tokens"].tolist() == [1]


def test_polars_frames_never_load_pandas() -> None:
    script = """
import sys
from sessionframe.analysis import sessions_by, tokens_by, tools_by
from sessionframe.frames.build import frame
from sessionframe.schema import SCHEMA
tokens_by(frame(SCHEMA["usage"], []), by="model", every="1d", tz="UTC")
sessions_by(frame(SCHEMA["sessions"], []), by="project", every="1w", tz="UTC")
tools_by(frame(SCHEMA["tool_calls"], []))
print(sorted({"pandas", "matplotlib", "pyarrow"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


tokens = st.one_of(st.none(), st.integers(0, 10**9))
usages = st.lists(
    st.builds(
        lambda at, model, numbers: request(at, model=model, **dict(zip(TOKEN_COLUMNS, numbers, strict=True))),
        st.integers(FIRST, FIRST + 270 * 86_400_000_000),
        st.sampled_from(["a", "b", None]),
        st.tuples(*[tokens] * len(TOKEN_COLUMNS)),
    ),
    max_size=20,
)


@given(usages, st.sampled_from([None, "1h", "1d", "1w", "1mo"]), st.sampled_from(["UTC", BERLIN, "America/Santiago", "Asia/Kathmandu"]))
def test_group_sums_equal_the_grand_total_in_both_engines(rows: list[UsageRow], every: str | None, tz: str) -> None:
    usage = public("usage", rows)
    groups = tokens_by(usage, by="model", every=every, tz=tz)
    (total,) = rows_of(tokens_by(usage))
    for name in ("requests", "total_tokens", *TOKEN_COLUMNS):
        assert groups[name].sum() == (total[name] or 0)
    assert rows_of(tokens_by(to_pandas(usage), by="model", every=every, tz=tz)) == groups.to_dicts()
