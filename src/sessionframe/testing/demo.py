"""The demo home: five weeks of one invented person, with everything in it that a log can hold."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sessionframe.errors import SessionFrameError
from sessionframe.testing.chance import Chance
from sessionframe.testing.demo_plans import PLANS, stories
from sessionframe.testing.home import empty_folder, moment, some_project
from sessionframe.testing.story import Author, Quirk, Style
from sessionframe.testing.truth import Truth
from sessionframe.testing.world import PROJECTS, Project
from sessionframe.testing.writer import writer_for

MAIN = "claude-code"
SEED = 20261132
"""One of many tries: sizes, projects and models come out in believable shares."""
DAYS = 36
"""From Friday, 2026-10-16, to Friday, 2026-11-20."""
SMALL = Style(
    turns=(1, 1, 1, 2, 2, 3, 4, 7, 13),
    steps=(1, 2, 3, 4, 5, 7, 18),
    growth=(120, 400, 900, 2200, 7000),
    characters=(12, 30, 60, 120, 220, 700),
    lines=400,
)
"""Short texts, so that the whole home stays small."""
PER_DAY: Sequence[int] = (1, 1, 2, 2, 2, 3)
"""Sessions of a working day."""
DAYS_OFF = frozenset({10})
"""Days before the last one that are holidays: Tuesday, 2026-11-10."""
SATURDAYS_WORKED = frozenset({20})
"""2026-10-31: a deadline."""

SCRIPT: Mapping[int, tuple[Quirk, ...]] = {
    1: ("agents",),
    3: ("errand-queued",),
    5: ("copied", "desktop"),
    6: ("fork",),
    8: ("agents", "interrupted"),
    10: ("workflow",),
    12: ("compacted",),
    14: ("worktree", "agents"),
    16: ("api-errors",),
    17: ("named",),
    19: ("fast",),
    21: ("copied",),
    22: ("resume",),
    24: ("returned", "named"),
    26: ("advisor",),
    28: ("server-search",),
    30: ("unpriced",),
    32: ("compacted", "compaction-file", "agents"),
    34: ("agents", "worktree"),
    36: ("interrupted", "errand-queued"),
    38: ("workflow", "named"),
    40: ("api-errors", "returned"),
    42: ("agents",),
    44: ("compacted", "agents"),
}
"""Number of the session -> the rare things that happen in it."""
MIDNIGHT = 33
"""Number of the session that begins late in the evening and goes on until after midnight."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A session that is to happen."""

    project: Project
    started_ms: int
    quirks: frozenset[Quirk]


def make_demo(path: str | os.PathLike[str], *, agents: Collection[str] | None = None) -> Truth:
    """Write the demo home, the same bytes every time.

    Parameters
    ----------
    path
        The new home folder; it must not exist or be empty.
    agents
        Agent types whose part is written. Without: all.

    Returns
    -------
    Truth
        What a right reader must find. ``data-samples/demo-truth.json`` is its `to_json`.

    Raises
    ------
    OptionError
        The folder is not empty.
    """
    home, truth = empty_folder(path), Truth()
    if agents is None or MAIN in agents:
        write_main(home, truth)
    for agent, plan in PLANS.items():
        if agents is None or agent in agents:
            writer = writer_for(agent, home, truth, Chance(plan.seed).child())
            for story in stories(plan):
                writer.write(story)
    return truth


def write_main(home: Path, truth: Truth) -> None:
    """The agent that the invented user works with most."""
    chance = Chance(SEED)
    plan, author = chance.child(), Author(chance.child(), SMALL)
    writer = writer_for(MAIN, home, truth, chance.child())
    for slot in calendar(plan):
        writer.write(author.story(slot.project, slot.started_ms, slot.quirks))


def calendar(plan: Chance) -> Iterator[Slot]:
    """The sessions of five weeks, in the order in which they begin."""
    number, copied = 0, PROJECTS[0]
    for days_ago in reversed(range(DAYS)):
        for started_ms in sorted(moment(plan, days_ago) for _ in range(sessions_of(plan, days_ago))):
            quirks = frozenset(SCRIPT.get(number, ()))
            project = some_project(plan)
            if quirks & {"copied", "worktree"}:
                project = PROJECTS[0]
            if quirks & {"fork", "resume"}:
                project = copied
            if "copied" in quirks:
                copied = project
            late_ms = moment(plan, days_ago) // 86_400_000 * 86_400_000 + 85_800_000  # 23:50
            yield Slot(project, late_ms if number == MIDNIGHT else started_ms, quirks)
            number += 1


def sessions_of(plan: Chance, days_ago: int) -> int:
    """How many sessions begin on a day; the last day is a Friday."""
    weekend = days_ago % 7 in {5, 6}
    if days_ago in DAYS_OFF or (weekend and days_ago not in SATURDAYS_WORKED):
        return 0
    return plan.pick(PER_DAY)


def demo_home() -> Path:
    """The demo home that comes with the package.

    Returns
    -------
    Path
        A home folder, to be given to `scan` as ``home=``.

    Raises
    ------
    SessionFrameError
        The package was installed without its samples.
    """
    package = Path(__file__).parents[1]
    places = (package / "demo", package.parents[1] / "data-samples" / "demo")  # as installed; in a checkout
    for place in places:
        if (place / ".claude").is_dir():
            return place
    raise SessionFrameError(
        f"the demo home is missing; looked for {places[0]} and {places[1]}. "
        "Install sessionframe again, or write one: python -m sessionframe.testing demo FOLDER, then scan(home=FOLDER)."
    )
