"""What was seen of one agent goes in; why there is data or not comes out, as a word that stays and a sentence for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sessionframe.errors import listed

Reason: TypeAlias = Literal["ok", "filtered", "fault", "unreadable", "unknown-format", "deleted", "empty", "variable", "not-used"]
"""Why there is data (`ok`) or none; the page docs/problems.md explains each."""

GIVE: Final = "give it with --root AGENT=PATH"
NOT_A_FORMAT: Final = frozenset({"unreadable", "provider-failed", "unpriced-model", "estimate"})
"""Kinds of issues that do not say that a file is in another format than the expected."""


@dataclass(frozen=True, slots=True)
class Left:
    """What the limits of a scan leave out: how many sessions there are without them, when, and in which projects."""

    sessions: int
    oldest: dt.datetime | None
    newest: dt.datetime | None
    projects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one agent.

    Attributes
    ----------
    places
        The places that exist.
    files, sessions
        How many there are to read, and how many sessions were read.
    problems
        Kind of issue -> the detail of its first example, the most frequent kind first.
    asked
        The limits of the scan in words.
    left
        What those leave out; nothing without limits.
    remains
        What shows that there were sessions that are gone.
    retention
        How long the agent keeps its logs.
    variables
        Environment variables that name a place that is not there, each with the place.
    """

    places: Sequence[str] = ()
    files: int = 0
    sessions: int = 0
    problems: tuple[tuple[str, str | None], ...] = ()
    asked: tuple[str, ...] = ()
    left: Left | None = None
    remains: tuple[str, ...] = ()
    retention: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()


def verdict(seen: Seen) -> tuple[Reason, str]:
    """Why there is data or not: the first reason that holds."""
    for reason, sentence in REASONS.items():
        if said := sentence(seen):
            return reason, said
    return "not-used", f"Not used on this machine: none of the folders exists. If its logs are elsewhere, {GIVE}."


def ok(seen: Seen) -> str | None:
    """There are sessions."""
    return "ok" if seen.sessions else None


def filtered(seen: Seen) -> str | None:
    """There would be sessions without the limits of the scan."""
    left = seen.left
    if left is None or not left.sessions:
        return None
    days = f"{left.oldest:%Y-%m-%d} to {left.newest:%Y-%m-%d}, " if left.oldest and left.newest else ""
    projects = f"in {listed(left.projects, most=3)}" if left.projects else "in no project"
    many = f"{left.sessions:,} session{'s' * (left.sessions > 1)}"
    return f"It has {many} ({days}{projects}), none of them {' and '.join(seen.asked)}. Widen or leave out these options."


def fault(seen: Seen) -> str | None:
    """The code that reads the agent failed, and nothing else did."""
    details = dict(seen.problems)
    if "provider-failed" not in details:
        return None
    return f"Its provider failed: {details['provider-failed']}. This is not a fault of the logs: please report it."


def unreadable(seen: Seen) -> str | None:
    """All that there is cannot be read."""
    details = dict(seen.problems)
    if not details or details.keys() - {"unreadable"}:
        return None
    return f"What is there cannot be read: {details['unreadable']}. Look at permissions, links and whether the copy is whole."


def unknown_format(seen: Seen) -> str | None:
    """Files were read and nothing in them was understood."""
    wrong = [(kind, detail) for kind, detail in seen.problems if kind not in NOT_A_FORMAT]
    if not seen.files or not wrong:
        return None
    kind, detail = wrong[0]
    return (
        f"The files are in a format that is not known ({kind}: {detail}): a newer version of the agent, or another program's. "
        "Update sessionframe, or report it with the agent's version."
    )


def deleted(seen: Seen) -> str | None:
    """Something is left of sessions that are gone."""
    if not seen.remains:
        return None
    kept = f" It keeps logs: {listed(seen.retention)}." if seen.retention else ""
    return f"Its sessions are gone: {listed(seen.remains)}.{kept} A backup can be read with --home."


def empty(seen: Seen) -> str | None:
    """The places are there, with no session in them."""
    if not seen.places:
        return None
    what = f"what was read there ({seen.files:,} file{'s' * (seen.files > 1)}) is no session" if seen.files else "no session is there"
    return f"{listed(seen.places, most=3)} exists, but {what}: not used yet, deleted, or elsewhere ({GIVE})."


def variable(seen: Seen) -> str | None:
    """The environment leads to a place that is not there."""
    if not seen.variables:
        return None
    return f"{' and '.join(map(leads_nowhere, seen.variables))}. Correct or unset the variable, or {GIVE}."


def leads_nowhere(given: tuple[str, str]) -> str:
    """A variable and the place that it names, in words."""
    return f"{given[0]} names {given[1]}, which does not exist"


REASONS: dict[Reason, Callable[[Seen], str | None]] = {
    "ok": ok,
    "filtered": filtered,
    "fault": fault,
    "unreadable": unreadable,
    "unknown-format": unknown_format,
    "deleted": deleted,
    "variable": variable,
    "empty": empty,
}
"""Reason -> a sentence where it holds; in this order."""
