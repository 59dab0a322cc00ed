"""Homes of any size: a seed and a size go in, a home folder and the truth about it come out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sessionframe.errors import OptionError
from sessionframe.testing.chance import Chance
from sessionframe.testing.story import Author, Quirk, Story, Style
from sessionframe.testing.truth import Truth
from sessionframe.testing.world import PROJECTS, Project
from sessionframe.testing.writer import writer_for

LAST_DAY = datetime(2026, 11, 20, tzinfo=UTC)
"""Synthetic homes end here, whatever the calendar of the machine says: the same seed gives the same bytes."""
DAY_MS = 86_400_000
HOURS: Sequence[float] = (6.5, 8.5, 9.5, 11, 13, 14.5, 16, 17.5, 23.5)
"""When sessions begin: quantiles of the hour of the day."""

LARGE = Style(
    turns=(1, 2, 4, 7, 12, 30, 90),
    steps=(1, 2, 4, 8, 14, 45),
    growth=(60, 150, 350, 900, 3000),  # about 160 requests per compaction, as in 1 GB of real files
    characters=(60, 250, 900, 2200, 4800, 9500, 30000),
    lines=6000,
)
"""Sessions as long and texts as big as in real homes."""

QUIRKS: Mapping[Quirk, float] = {
    "agents": 0.2,
    "workflow": 0.02,
    "interrupted": 0.06,
    "errand-queued": 0.08,
    "api-errors": 0.04,
    "returned": 0.08,
    "worktree": 0.05,
    "named": 0.1,
    "fast": 0.02,
    "advisor": 0.02,
    "server-search": 0.02,
    "unpriced": 0.01,
    "compaction-file": 0.05,
}
"""How often a session has them."""
COPIED, COPY = 0.06, 0.05
"""Share of sessions that others are copies of, and of copies."""


def make_home(
    path: str | os.PathLike[str],
    *,
    seed: int = 7,
    mb: float | None = None,
    sessions: int | None = None,
    days: int = 60,
    agents: Sequence[str] = ("claude-code",),
) -> Truth:
    """Write a synthetic home.

    Parameters
    ----------
    path
        The new home folder; it must not exist or be empty.
    seed
        The same seed, size and agents give the same bytes, on every platform.
    mb
        Least size of the transcripts [MB, 1024 * 1024 bytes]; the last session makes it a little larger.
    sessions
        Number of conversations instead of a size. Without both: 40.
    days
        Days that the sessions are spread over; the last one is 2026-11-20.
    agents
        Agent types whose logs are written; each session belongs to one of them.

    Returns
    -------
    Truth
        What a right reader must find.

    Raises
    ------
    OptionError
        Both `mb` and `sessions` are given, the folder is not empty, or an agent has no writer.
    """
    if mb is not None and sessions is not None:
        raise OptionError("make_home: give either mb or sessions, not both.")
    home, truth, chance = empty_folder(path), Truth(), Chance(seed)
    plan, author = chance.child(), Author(chance.child(), LARGE)
    writers = [writer_for(agent, home, truth, chance.child()) for agent in agents]
    copied: list[Project | None] = [None] * len(writers)
    most_bytes = None if mb is None else int(mb * 1024 * 1024)
    most_sessions = None if most_bytes is not None else 40 if sessions is None else sessions
    while truth.sessions < most_sessions if most_sessions is not None else truth.bytes < (most_bytes or 0):
        number = plan.between(0, len(writers) - 1)
        story = next_story(plan, author, copied[number], days)
        if "copied" in story.quirks:
            copied[number] = story.project
        writers[number].write(story)
    return truth


def next_story(plan: Chance, author: Author, copied: Project | None, days: int) -> Story:
    """A session at some time in some project, with what is rare in it; a copy is made in the project of its original."""
    started_ms = moment(plan, plan.between(0, days - 1))
    if copied is not None and plan.happens(COPY):
        return author.story(copied, started_ms, frozenset({"fork" if plan.happens(0.5) else "resume"}))
    quirks = {quirk for quirk, share in QUIRKS.items() if plan.happens(share)}
    if plan.happens(COPIED):
        quirks = {"copied", "desktop"} if plan.happens(0.6) else {"copied"}
    return author.story(some_project(plan), started_ms, frozenset(quirks))


def some_project(plan: Chance) -> Project:
    """One of the projects, as often as it is worked on."""
    return plan.weighted({project: project.share for project in PROJECTS})


def moment(plan: Chance, days_ago: int) -> int:
    """A time on that day at which somebody works, in milliseconds since 1970."""
    return int(LAST_DAY.timestamp()) * 1000 - days_ago * DAY_MS + int(plan.along(HOURS) * 3_600_000)


def empty_folder(path: str | os.PathLike[str]) -> Path:
    """A new folder; one that holds something is refused, it might be somebody's home."""
    folder = Path(path)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OptionError(f"a synthetic home is written into a new or empty folder only, and {folder} is none.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
