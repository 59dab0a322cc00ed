"""The names of periods and groups as a caller gives them go in; steps of time and columns come out. Loads no library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sessionframe.errors import OptionError, listed, nearest
from sessionframe.schema import TOKEN_COLUMNS

PERIODS: dict[str, str | None] = {"daily": "1d", "weekly": "1w", "monthly": "1mo", "total": None}
"""Name of a period -> step of `tokens_by`."""
GROUPS: dict[str, str] = {
    "agent": "agent",
    "project": "repo_root",  # worktrees belong to their repository
    "branch": "git_branch",
    "session": "root_session_id",  # sub-agents belong to their conversation
    "model": "model",
    "host": "host",
}
"""Name of a group -> column of `usage`."""
SHOWN = frozenset({"at", "model", *TOKEN_COLUMNS, "web_searches", "cost_usd"})
"""Columns of `usage` that every report is made of."""
OF_SESSIONS = frozenset({"root_session_id", "repo_root"})
"""What a report by session needs beside them."""


def columns_of(period: str, by: Sequence[str]) -> dict[str, str]:
    """The columns that the names of groups stand for.

    Raises
    ------
    OptionError
        A name is not known, the one of the period included.
    """
    if period not in PERIODS:
        raise OptionError(f"{period!r} is no period.{nearest(period, PERIODS)} Periods: {listed(PERIODS)}.")
    for name in by:
        if name not in GROUPS:
            raise OptionError(f"{name!r} is nothing to group by.{nearest(name, GROUPS)} Groups: {listed(GROUPS)}.")
    return {name: GROUPS[name] for name in by}


def needed_for(groups: Mapping[str, str]) -> frozenset[str]:
    """The columns of `usage` that a report with these groups is made of."""
    return SHOWN | {*groups.values()} | (OF_SESSIONS if "session" in groups else frozenset())


def names_of(texts: Sequence[str], *, titles: bool) -> list[str]:
    """Groups as they are written on the command line, repeated or with commas; titles are those of sessions."""
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    return list(dict.fromkeys([*names, "session"] if titles else names))
