"""A column of instants goes in; for each, the start of its hour, day, week or month in a time zone comes out.

The rule is plain Python on the few distinct quarters of an hour, joined back to the rows: one place decides what a day is, for every
engine, and days of 23 and 25 hours or without a midnight need no care of the engines'.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import narwhals as nw

from sessionframe.analysis._doors import Frame
from sessionframe.engine.options import EPOCH, Moment, moment
from sessionframe.errors import OptionError, listed

SLOT = "15m"
"""Every zone in use is a multiple of a quarter of an hour away from UTC, so no step starts inside one."""
SLOTS = "_slot"


def hour_of(local: datetime) -> datetime:
    """The hour. It keeps `fold`: the hour that comes twice in autumn stays two hours."""
    return local.replace(minute=0, second=0, microsecond=0)


def day_of(local: datetime) -> datetime:
    """The midnight before."""
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def week_of(local: datetime) -> datetime:
    """Monday's midnight before."""
    return day_of(local) - timedelta(days=local.weekday())


def month_of(local: datetime) -> datetime:
    """The midnight that began the month."""
    return day_of(local).replace(day=1)


STEPS: dict[str, Callable[[datetime], datetime]] = {"1h": hour_of, "1d": day_of, "1w": week_of, "1mo": month_of}

INTO_THE_NEXT = {"1h": timedelta(hours=1), "1d": timedelta(hours=36), "1w": timedelta(days=10), "1mo": timedelta(days=45)}
"""What leads from the start of a step into the next one and never beyond, however long the two are; into the same one where that is longer
than an hour."""


def step_start(at: datetime, every: str, zone: ZoneInfo) -> datetime:
    """The instant at which the hour, day, week (from Monday) or month of `at` starts in a zone, as an instant in UTC."""
    # arithmetic on a local time with `zoneinfo` is on the clock's face, so "Monday" stays midnight when the clock is put forward
    return STEPS[every](at.astimezone(zone)).astimezone(UTC)


def instant(value: Moment, argument: str, tz: str) -> datetime | None:
    """A point in time as a caller gives it, in UTC; a date is its midnight in the zone."""
    micros = moment(value, argument, tz)
    return None if micros is None else EPOCH + timedelta(microseconds=micros)


def known_step(every: str, argument: str = "every") -> str:
    """A step of time, or an error that names those there are."""
    if every not in STEPS:
        raise OptionError(f"{argument}={every!r} is no step of time. Steps: {listed(STEPS)}.")
    return every


def next_start(start: datetime, every: str, zone: ZoneInfo) -> datetime:
    """The instant at which the step after the one that starts at `start` starts."""
    later = start + INTO_THE_NEXT[every]
    while (following := step_start(later, every, zone)) <= start:  # on Lord Howe Island an hour has 90 minutes once a year
        later += timedelta(minutes=15)
    return following


def steps_between(first: datetime, end: datetime, every: str, zone: ZoneInfo) -> list[datetime]:
    """The starts of all steps from the one that starts at `first` up to `end`, which is not among them."""
    starts = []
    while first < end:
        starts.append(first)
        first = next_start(first, every, zone)
    return starts


def with_start(frame: Frame, at: str, every: str, zone: ZoneInfo, *, name: str = "start") -> Frame:
    """Add the column `start`: when the step of the instant `at` starts, in `zone`; null where `at` is null."""
    known_step(every)
    started = with_values(frame, at, {name: lambda slot: step_start(slot, every, zone)})
    return started.with_columns(nw.col(name).dt.convert_time_zone(zone.key))


def instants_of(column: nw.Series[Any]) -> list[datetime]:
    """The values of a column of instants without nulls, in UTC."""
    # whole numbers, because pandas would give its own kind of datetime, whose arithmetic is that of instants
    return [EPOCH + timedelta(microseconds=micros) for micros in column.dt.timestamp("us").to_list()]


def with_values(frame: Frame, at: str, rules: Mapping[str, Callable[[datetime], datetime | int]], counts: Collection[str] = ()) -> Frame:
    """Add columns that follow from the quarter of an hour (UTC) in which `at` lies: instants and counts; null where `at` is null."""
    slotted = frame.with_columns(nw.col(at).dt.convert_time_zone("UTC").dt.truncate(SLOT).alias(SLOTS))
    slots = instants_of(slotted[SLOTS].drop_nulls().unique())
    known: dict[str, list[datetime | int]] = {SLOTS: [*slots], **{name: [rule(slot) for slot in slots] for name, rule in rules.items()}}
    table = values_frame(known, counts, slotted.schema[SLOTS], frame)
    return slotted.join(table, on=SLOTS, how="left").drop(SLOTS)


def values_frame(columns: Mapping[str, Sequence[datetime | int]], counts: Collection[str], instants: nw.dtypes.DType, like: Frame) -> Frame:
    """A frame of instants and counts in the engine of another frame."""
    dtypes = {name: nw.Int64() if name in counts else instants for name in columns}
    return nw.from_dict(dict(columns), schema=dtypes, backend=like.implementation)
