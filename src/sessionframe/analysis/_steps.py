"""A column of instants goes in; for each, the start of its hour, day, week or month in a time zone comes out.

The rule is plain Python on the few distinct quarters of an hour, joined back to the rows: one place decides what a day is, for every
engine, and days of 23 and 25 hours or without a midnight need no care of the engines'.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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


def with_start(frame: Frame, at: str, every: str, zone: ZoneInfo, *, name: str = "start") -> Frame:
    """Add the column `start`: when the step of the instant `at` starts, in `zone`; null where `at` is null."""
    known_step(every)
    slotted = frame.with_columns(nw.col(at).dt.convert_time_zone("UTC").dt.truncate(SLOT).alias(SLOTS))
    # whole numbers, because pandas would give its own kind of datetime, whose arithmetic is that of instants
    slots = [EPOCH + timedelta(microseconds=micros) for micros in slotted[SLOTS].drop_nulls().unique().dt.timestamp("us").to_list()]
    starts = [step_start(slot, every, zone) for slot in slots]
    dtype = slotted.schema[SLOTS]
    known = nw.from_dict({SLOTS: slots, name: starts}, schema={SLOTS: dtype, name: dtype}, backend=frame.implementation)
    joined = slotted.join(known, on=SLOTS, how="left").drop(SLOTS)
    return joined.with_columns(nw.col(name).dt.convert_time_zone(zone.key))
