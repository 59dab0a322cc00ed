"""A point in time as logs write it goes in (ISO 8601 text, or a number of seconds, milliseconds or microseconds); microseconds come out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
END: Final = (datetime(2200, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND

# Seconds of the years 2001 to 2100. The same span in milliseconds and in microseconds does not overlap it, so the size of a number
# tells its unit.
FIRST: Final = 978_307_200
LAST: Final = 4_133_980_800
UNITS: Final = ((FIRST, LAST, 1_000_000), (FIRST * 1_000, LAST * 1_000, 1_000), (FIRST * 1_000_000, LAST * 1_000_000, 1))

NUMBER: Final = re.compile(r"[0-9]{9,16}(\.[0-9]{1,9})?", re.ASCII)


def instant(value: str | float | None) -> int | None:
    """Read a point in time.

    Parameters
    ----------
    value
        ISO 8601 text with ``Z``, an offset, or neither (then UTC, as every agent seen so far means it); digits of the second beyond
        the sixth are dropped. Or a number, also as text: seconds, milliseconds or microseconds since 1970, told apart by their size
        (years 2001 to 2100).

    Returns
    -------
    int | None
        Microseconds since 1970 in UTC; null for anything else and for years before 1970 or from 2200 on.
    """
    if isinstance(value, str):
        return from_text(value)
    return None if value is None else from_number(value)


def from_text(text: str) -> int | None:
    """Read ISO 8601 text, or a number written as text."""
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            return from_unusual(text)
        since = time - EPOCH
        at = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds  # twice as fast as dividing by a timedelta
    except (ValueError, OverflowError):
        return from_unusual(text)
    return at if 0 <= at < END else None


def from_unusual(text: str) -> int | None:
    """Read what the fast way refuses: blanks around it, lower-case letters, no offset, a number."""
    text = text.strip().upper()
    if NUMBER.fullmatch(text):
        return from_number(float(text) if "." in text else int(text))
    try:
        time = datetime.fromisoformat(text)
        at = ((time if time.tzinfo else time.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND
    except (ValueError, OverflowError):
        return None
    return at if 0 <= at < END else None


def from_number(number: float) -> int | None:
    """Read seconds, milliseconds or microseconds."""
    for first, last, microseconds in UNITS:
        if first <= number < last:
            return round(number * microseconds)
    return None
