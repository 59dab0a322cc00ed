"""Days, weeks, months and hours of the clock in zones that are hard: every way to cut time says the same as the calendar on the wall."""

from __future__ import annotations

import bisect
import datetime as dt
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sessionframe import plot
from sessionframe.analysis import activity, blocks, coverage, cumulative, tokens_by
from sessionframe.analysis._steps import steps_between
from sessionframe.engine.options import EPOCH, time_range
from sessionframe.report.usage import usage_report
from tests.report.logs import logs
from tests.rows import public, request

SLOT = dt.timedelta(minutes=30)
ZONES = {
    "UTC": "none",
    "Europe/Berlin": "days of 23 and 25 hours",
    "America/New_York": "days of 23 and 25 hours",
    "America/Santiago": "no midnight on the day that the clock is put forward",
    "America/Havana": "two midnights on the day that the clock is put back",
    "Africa/Casablanca": "the clock is put back before Ramadan and forward after it",
    "Antarctica/Troll": "two hours at once",
    "Asia/Kathmandu": "5:45 hours ahead, no summer time",
    "Australia/Lord_Howe": "half an hour of summer time",
    "Pacific/Chatham": "12:45 hours ahead, and summer time",
    "Pacific/Apia": "2011-12-30 does not exist",
}
"""Zone -> what is hard about it."""
FROM_TO = {"Pacific/Apia": ("2011-12-20", "2012-01-05")}
LABELS: dict[str, Callable[[dt.datetime], object]] = {
    "1h": lambda local: (local.date(), local.hour),
    "1d": lambda local: local.date(),
    "1w": lambda local: local.isocalendar()[:2],
    "1mo": lambda local: (local.year, local.month),
}
every_zone = pytest.mark.parametrize("name", ZONES)
every_step = pytest.mark.parametrize(
    "name, every",
    # on the Chatham Islands a quarter of an hour comes twice: it belongs to its hour, which is then no stretch of time any more
    [(name, every) for name in ZONES for every in LABELS if (name, every) != ("Pacific/Chatham", "1h")],
)


@cache
def moments(name: str) -> tuple[dt.datetime, ...]:
    """Every half hour around the year's end and each time that the clock is changed, and of one day without."""
    first, last = (dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC) for day in FROM_TO.get(name, ("2026-01-01", "2027-01-03")))
    year = [first + SLOT * number for number in range((last - first) // SLOT)]
    zone = ZoneInfo(name)
    offsets = [at.astimezone(zone).utcoffset() for at in year]
    changes = [number for number in range(1, len(year)) if offsets[number] != offsets[number - 1]]
    near = {number + more for number in [*changes, len(year) - 96] for more in range(-60, 60)}
    return tuple(at for number, at in enumerate(year) if number in near or number < 48)


@cache
def usage(name: str) -> pl.DataFrame:
    """One request at each moment, and one without a time."""
    rows = [request((at - EPOCH) // dt.timedelta(microseconds=1), output_tokens=1, cost_usd=0.5, model="m") for at in moments(name)]
    return public("usage", [*rows, request(None, output_tokens=1, cost_usd=0.5, model="m")])


@cache
def starts(name: str) -> dict[str, list[dt.datetime]]:
    """Step -> every start of one, found by walking through the year with the clock on the wall in view.

    An hour starts where its number appears or the minute hand comes to 12: the hour from 2 to 3 that comes twice is two hours.
    """
    zone = ZoneInfo(name)
    found: dict[str, list[dt.datetime]] = {every: [] for every in LABELS}
    before: dict[str, object] = {}
    at, last = min(moments(name)) - dt.timedelta(days=40), max(moments(name))
    while at <= last:
        local = at.astimezone(zone)
        if local.minute == 0 or not before or local.hour != before["hour"]:  # nothing else can start here
            now = {every: label(local) for every, label in LABELS.items()}
            for every in LABELS:
                if now[every] != before.get(every) or (every == "1h" and local.minute == 0):
                    found[every].append(at)
            before = {**now, "hour": local.hour}
        at += dt.timedelta(minutes=15)
    return found


def on_the_wall(name: str, every: str) -> dict[dt.datetime, int]:
    """Start of a step -> how many of the moments are in it."""
    every_start = starts(name)[every]
    return dict(Counter(every_start[bisect.bisect_right(every_start, at) - 1] for at in moments(name)))


def total(frame: pl.DataFrame, column: str = "requests") -> int:
    return int(frame[column].sum())


@every_step
def test_steps_are_those_of_the_clock_on_the_wall(name: str, every: str) -> None:
    """Hours, days, weeks and months; what has no time is a row of its own, and nothing is lost."""
    found = tokens_by(usage(name), every=every, tz=name)
    timed = found.filter(pl.col("start").is_not_null())
    counts = {start.astimezone(dt.UTC): number for start, number in zip(timed["start"].to_list(), timed["requests"], strict=True)}
    assert counts == on_the_wall(name, every)
    assert total(found) == total(found, "output_tokens") == len(moments(name)) + 1


@every_step
def test_no_step_is_left_out_or_comes_twice(name: str, every: str) -> None:
    """What fills the gaps of running sums and charts."""
    expected = [start for start in starts(name)[every][1:] if every != "1h" or start >= max(moments(name)) - dt.timedelta(days=300)]
    assert steps_between(expected[0], expected[-1] + SLOT / 2, every, ZoneInfo(name)) == expected


@every_zone
def test_hours_of_the_week_are_those_of_the_clock(name: str) -> None:
    found = activity(usage(name), of="cost_usd", tz=name)
    locals_ = [at.astimezone(ZoneInfo(name)) for at in moments(name)]
    expected = Counter((local.isoweekday(), local.hour) for local in locals_)
    counted = found.filter((pl.col("requests") > 0) & pl.col("weekday").is_not_null())
    assert dict(zip(zip(counted["weekday"], counted["hour"], strict=True), counted["requests"], strict=True)) == expected
    assert total(found) == len(locals_) + 1


@every_zone
@pytest.mark.parametrize("every, within", [("1h", "1d"), ("1d", "1mo"), ("1d", "1w")])
def test_running_sums_end_in_the_sum(name: str, every: str, within: str) -> None:
    """Each period's last running sum is its sum, and a period has as many steps as the clock shows."""
    few = usage(name).head(48 * 3)
    found = cumulative(few, of="output_tokens", every=every, within=within, tz=name)
    ends = found.group_by("period", maintain_order=True).agg(pl.col("output_tokens_cumulative").last(), pl.col("output_tokens").sum())
    assert ends["output_tokens_cumulative"].to_list() == ends["output_tokens"].to_list()
    assert total(found) == few["at"].count()
    assert found.filter(pl.col("step") > pl.col("steps")).is_empty()


@every_zone
def test_blocks_and_coverage_lose_nothing(name: str) -> None:
    """Blocks of five hours do not depend on the zone; days do."""
    found = blocks(usage(name), tz=name)
    assert total(found) == len(moments(name)) + 1
    there = blocks(usage(name), tz="UTC")
    assert found.select(pl.col("start").dt.convert_time_zone("UTC"), "requests").equals(there.select("start", "requests"))
    assert total(coverage(usage(name), tz=name).filter(pl.col("start").is_not_null())) == len(moments(name))


@every_zone
@pytest.mark.parametrize("period", ["daily", "weekly"])
def test_reports_add_up_and_name_the_day_on_the_wall(name: str, period: str) -> None:
    scan = logs(usage=[])
    scan.usage._frame = usage(name)
    made = usage_report(scan, period=period, by=["model"], tz=name)
    assert sum(row["requests"] for row in made.rows) == made.totals["requests"] == len(moments(name)) + 1
    assert sum(row["cost_usd"] for row in made.rows) == made.totals["cost_usd"]
    if period == "daily":
        days = Counter(f"{at.astimezone(ZoneInfo(name)):%Y-%m-%d}" for at in moments(name))
        assert {row["period"]: row["requests"] for row in made.rows if row["period"]} == days


@every_zone
def test_a_day_that_is_asked_for_is_the_day_on_the_wall(name: str) -> None:
    """`since` a date and `until` the next: every moment is in one day, and in the one that the report books it on."""
    zone, times = ZoneInfo(name), moments(name)
    days = Counter(at.astimezone(zone).date() for at in times)
    seen = 0
    for day in sorted({*days, *(day + dt.timedelta(days=1) for day in days)}):
        after = day + dt.timedelta(days=1)
        start, end = time_range(day.isoformat(), after.isoformat(), name)
        assert start is not None
        assert end is not None
        inside = sum(start <= (at - EPOCH) // dt.timedelta(microseconds=1) < end for at in times)
        assert inside == days.get(day, 0), day
        seen += inside
    assert seen == len(times)


@pytest.mark.parametrize(
    "name, day, hours",
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Antarctica/Troll", "2026-03-29", 22),
        ("America/Santiago", "2026-09-06", 23),
        ("America/Havana", "2026-11-01", 25),
        ("Asia/Kathmandu", "2026-10-25", 24),
        ("Pacific/Apia", "2011-12-30", 0),
        ("Pacific/Apia", "2011-12-29", 24),
    ],
)
def test_days_of_other_lengths(name: str, day: str, hours: float) -> None:
    """Every moment of such a day is one day's, the hour that comes twice both times."""
    after = (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()
    start, end = time_range(day, after, name)
    assert start is not None
    assert end is not None
    assert (end - start) / 3_600_000_000 == hours
    on = [row["requests"] for row in tokens_by(usage(name), every="1d", tz=name).to_dicts() if f"{row['start']}".startswith(day)]
    assert on == ([hours * 2] if hours and name != "Asia/Kathmandu" else on)


@pytest.mark.parametrize("name", ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_charts_have_a_bar_for_every_day(name: str) -> None:
    """Each at its own midnight, and together as high as the sum."""
    few = usage(name).filter(pl.col("at").is_not_null())
    days = sorted({at.astimezone(ZoneInfo(name)).date() for at in moments(name)})
    axes = plot.cost(few, tz=name)
    patches: list[Any] = list(axes.patches)
    bars = [bar for bar in patches if bar.get_height()]
    assert len(bars) == len(days)
    assert sum(bar.get_height() for bar in bars) == pytest.approx(0.5 * few.height)
    shown = plot.coverage(few, tz=name)
    assert shown.get_xlim()[1] > shown.get_xlim()[0]
