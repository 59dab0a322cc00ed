"""A length of time as a caller gives it goes in, seconds come out."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import TypeAlias

from sessionframe.errors import OptionError, listed

Duration: TypeAlias = str | float | timedelta

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
TEXT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*")


def seconds_of(value: Duration, name: str) -> float:
    """A length of time in seconds: ``"10m"``, ``timedelta(minutes=10)`` and ``600`` are the same.

    Parameters
    ----------
    value
        The length: a number with a unit (``s``, ``m`` or ``min``, ``h``, ``d``), a `timedelta`, or a number of seconds.
    name
        The option that it was given for, for the message.

    Raises
    ------
    OptionError
        It is no length of time, or not a positive one.
    """
    seconds = value.total_seconds() if isinstance(value, timedelta) else of_text(value) if isinstance(value, str) else float(value)
    if seconds is None or not (0 < seconds < math.inf):
        raise OptionError(f"{name}={value!r} is no length of time. Give e.g. '10m', a timedelta or seconds. Units: {listed(UNITS)}.")
    return seconds


def of_text(text: str) -> float | None:
    """Seconds of a number with a unit; nothing if it is none."""
    match = TEXT.fullmatch(text)
    return float(match[1]) * UNITS[match[2]] if match and match[2] in UNITS else None
