"""A point in time is exact to the microsecond, or null."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionframe.formats.clock import EPOCH, MICROSECOND, instant

AT = 1_790_858_096_789_000  # 2026-10-01T12:34:56.789Z


@pytest.mark.parametrize(
    "value",
    [
        "2026-10-01T12:34:56.789Z",
        "2026-10-01T12:34:56.789z",
        "2026-10-01t12:34:56.789z",
        "2026-10-01 12:34:56.789Z",
        "2026-10-01T12:34:56.789",
        "2026-10-01 12:34:56.789000",
        "2026-10-01T12:34:56.789000000Z",
        "2026-10-01T12:34:56.7890009Z",  # what is finer than a microsecond is dropped
        "2026-10-01T14:34:56.789+02:00",
        "2026-10-01T14:34:56.789+0200",
        "2026-10-01T05:04:56.789-07:30",
        " 2026-10-01T12:34:56.789Z\n",
        1_790_858_096.789,
        1_790_858_096_789,
        1_790_858_096_789.0,
        1_790_858_096_789_000,
        "1790858096.789",
        "1790858096789",
        "1790858096789000",
    ],
)
def test_every_way_to_write_it_is_the_same_instant(value: str | float) -> None:
    assert instant(value) == AT


def test_seconds_and_days_alone() -> None:
    assert instant(1_790_858_096) == instant("2026-10-01T12:34:56Z") == AT - 789_000
    assert instant("2026-10-01") == instant("20261001") == AT - ((12 * 60 + 34) * 60 + 56) * 1_000_000 - 789_000


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "yesterday",
        "2026-13-01T00:00:00Z",
        "2026-10-01T12:34:56+99:00",
        "1969-12-31T23:59:59.999999Z",
        "2200-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "\ud83d",
        "12:34",
        0,
        -1,
        42,
        978_307_199,
        5_000_000_000,
        10**18,
        10**400,
        float("nan"),
        float("inf"),
        "1" * 5000,
    ],
)
def test_anything_else_is_null(value: str | float | None) -> None:
    assert instant(value) is None


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=zones))  # noqa: DTZ001 - Hypothesis asks for naive bounds
def test_text_is_exact(time: datetime) -> None:
    assert instant(time.isoformat()) == (time - EPOCH) // MICROSECOND


@given(st.datetimes(datetime(2001, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_numbers_are_exact_in_every_unit(time: datetime) -> None:
    at = (time - EPOCH) // MICROSECOND
    assert instant(at) == at
    assert instant(at // 1000) == at // 1000 * 1000
    assert instant(at // 1_000_000) == at // 1_000_000 * 1_000_000
    assert instant(at / 1_000_000) == at
    assert instant(f"{at // 1_000_000}.{at % 1_000_000:06}") == at
