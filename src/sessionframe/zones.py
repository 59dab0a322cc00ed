"""The name of a time zone as a caller gives it goes in, a `ZoneInfo` comes out. ``local`` is the zone of this computer."""

from __future__ import annotations

import functools
import os
import time
import zoneinfo
from zoneinfo import ZoneInfo

from sessionframe.errors import OptionError, nearest


def zone(tz: str) -> ZoneInfo:
    """Find a time zone.

    Parameters
    ----------
    tz
        A name such as ``Europe/Berlin`` or ``UTC``; ``local`` is the zone of this computer.

    Returns
    -------
    zoneinfo.ZoneInfo
        The zone; its `key` is a name that pandas and polars know too.

    Raises
    ------
    OptionError
        No zone has that name, or the computer does not tell the name of its zone.

    Examples
    --------
    >>> from sessionframe.zones import zone
    >>> zone("Europe/Berlin").key
    'Europe/Berlin'
    """
    name = local_name() if tz == "local" else tz
    try:
        return ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if not names():
            raise OptionError(
                f"tz={tz!r}: this computer has no time zone database, so no zone can be found. Install one: python -m pip install tzdata."
            ) from None
        hint = nearest(name, names())
        raise OptionError(
            f"tz={tz!r} is no time zone that is known here.{hint} Give a name such as 'Europe/Berlin', 'UTC' or 'local'."
        ) from None


def local_name() -> str:
    """The name of this computer's time zone."""
    # asked first, because tzlocal remembers its first answer and a program may change TZ
    given = os.environ.get("TZ", "").removeprefix(":")
    if given and given in names():
        return given
    name = found_by_tzlocal()
    if name is not None:
        return name
    if time.timezone == 0 and not time.daylight:
        return "UTC"  # a bare container: no setting at all means UTC
    raise OptionError("the name of this computer's time zone cannot be found. Give it, e.g. tz='Europe/Berlin'.")


@functools.cache
def names() -> frozenset[str]:
    """The names of all zones. Opens six hundred files, so only who has a name to compare asks."""
    return frozenset(zoneinfo.available_timezones())


def found_by_tzlocal() -> str | None:
    """What the settings of the operating system say; nothing where they contradict each other."""
    import tzlocal  # only `local` needs it

    try:
        return tzlocal.get_localzone_name()
    except (zoneinfo.ZoneInfoNotFoundError, OSError):
        return None
