"""What a caller writes as arguments of `scan` -> machines, a scope, a number of processes. Mistakes are named here, early."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from sessionframe.errors import OptionError
from sessionframe.machine import NATIVE, Machine, flavoured, is_folder
from sessionframe.zones import zone

PathLike: TypeAlias = str | os.PathLike[str]
Home: TypeAlias = PathLike | Mapping[str, PathLike] | None
Roots: TypeAlias = Mapping[str, PathLike | Sequence[PathLike]] | None
Moment: TypeAlias = str | date | datetime | None
Project: TypeAlias = PathLike | Sequence[PathLike] | None

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JOBS_VARIABLE = "SESSIONFRAME_JOBS"


def machines(home: Home) -> list[Machine]:
    """The machines whose logs are read. A home that is not there has no logs, which the plan reports: one of several may be unplugged.

    Raises
    ------
    OptionError
        A home is no path, or a mapping names none.
    """
    if home is None:
        return [Machine.this()]
    if not isinstance(home, Mapping):
        return [Machine.at(expanded(home, "home"))]
    if not home:
        raise OptionError("home={} names no home. Give a folder, a mapping of labels to folders, or leave it out for this machine.")
    return [Machine.at(expanded(folder, f"home[{label!r}]"), label) for label, folder in home.items()]


def expanded(path: PathLike, argument: str) -> Path:
    """A path as the system knows it, whether or not anything is there."""
    try:
        folder = Path(path).expanduser()
        folder.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return folder
    except (OSError, RuntimeError, TypeError, ValueError) as problem:  # what can be no path at all, such as a text with a NUL
        raise OptionError(f"{argument}={path!r} cannot be read as a folder: {problem}. Give the path of a folder.") from problem
    return folder


def existing(path: PathLike, argument: str) -> Path:
    """A folder that is there."""
    folder = expanded(path, argument)
    if is_folder(folder):
        return folder
    raise OptionError(
        f"{argument}={os.fspath(path)!r}: there is no such folder, or none that may be looked at. Looked at {folder.absolute()}. "
        "Give one that is there, or leave it out."
    )


def root_folders(roots: Roots, among: Sequence[Machine]) -> dict[str, list[Path]]:
    """Agent -> the folders that replace its own roots.

    Raises
    ------
    OptionError
        A folder does not exist, or there are several homes, so that it is not clear whose folders these are.
    """
    if roots is None:
        return {}
    if len(among) > 1:
        raise OptionError("roots= names folders of one machine, home= names several. Give one of the two.")
    return {
        agent: [existing(among[0].expand(os.fspath(path)), f"roots[{agent!r}]") for path in several(paths)]
        for agent, paths in roots.items()
    }


def several(value: PathLike | Sequence[PathLike]) -> Iterable[PathLike]:
    """One path, or each of several."""
    return [value] if isinstance(value, str | os.PathLike) else value


def moment(value: Moment, argument: str, tz: str) -> int | None:
    """A point in time in microseconds since 1970 UTC; a date is its midnight in the zone.

    Raises
    ------
    OptionError
        The text is no ISO date or time, or the value is of another type.
    """
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise OptionError(f"{argument}={value!r} is no ISO date or time, e.g. '2026-10-01' or '2026-10-01T14:30'.") from None
    if not isinstance(value, datetime):
        if not isinstance(value, date):
            raise OptionError(f"{argument}={value!r} is neither a date nor a time. Give a date, a datetime or ISO text.")
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - it gets its zone on the next line
    if str(value) == "NaT":  # pandas' missing time claims to be a datetime
        raise OptionError(f"{argument}={value!r} is no point in time. Leave it out for no limit.")
    aware = value if value.tzinfo is not None else value.replace(tzinfo=zone(tz))
    return (aware - EPOCH) // timedelta(microseconds=1)


def time_range(since: Moment, until: Moment, tz: str) -> tuple[int | None, int | None]:
    """The half-open range of time that is asked for, in microseconds since 1970 UTC."""
    start, end = moment(since, "since", tz), moment(until, "until", tz)
    if start is not None and end is not None and start > end:
        raise OptionError(f"since={since!r} lies after until={until!r}. Exchange them, or leave one out.")
    return start, end


def project_folders(project: Project, among: Sequence[Machine]) -> dict[str | None, tuple[str, ...]]:
    """Host -> the project folders asked for, as its logs may spell them."""
    if project is None:
        return {}
    return {
        machine.label: tuple(spelling for path in several(project) for spelling in spellings(os.fspath(path), machine)) for machine in among
    }


def spellings(path: str, machine: Machine) -> list[str]:
    """How logs may spell a folder: `~` is the home, a relative path starts at the current folder, links are followed.

    In a backup or a sample the home has another path than the logs say; there `~` itself stays and stands for any home. A path of
    Windows that is read on Linux, and one of Linux on Windows, is not looked up.

    Raises
    ------
    OptionError
        The text is no path, or a relative one where the current folder does not exist any more.
    """
    if path == "~" or path.startswith(("~/", "~\\")):
        return [str(machine.expand(path)), path]
    if not machine.is_local or (flavoured(path).is_absolute() and not isinstance(flavoured(path), NATIVE)):
        return [path]
    try:
        return [path, str(Path(path).absolute()), os.path.realpath(path)]
    except (OSError, ValueError) as problem:
        raise OptionError(f"project={path!r} cannot be followed: {problem}. Give the folder as the logs name it.") from None


def process_count(n_jobs: int | None) -> int | None:
    """How many processes may parse, this one included; None leaves it to the number of processors.

    Raises
    ------
    OptionError
        Not a whole number of at least 1.
    """
    if n_jobs is not None:
        return at_least_one("n_jobs", n_jobs)
    text = os.environ.get(JOBS_VARIABLE, "").strip()
    return at_least_one(JOBS_VARIABLE, text) if text else None


def at_least_one(name: str, value: int | str) -> int:
    """A number of processes as it is written."""
    text = str(value)
    if not text.isdecimal() or int(text) < 1:
        raise OptionError(f"{name}={value!r} is not a whole number of at least 1.")
    return int(text)
