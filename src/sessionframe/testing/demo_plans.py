"""The demo home beside its main agent: a seed and a few sessions per agent go in, their stories come out.

Each agent has a seed of its own and files of its own, so adding one changes nothing that is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sessionframe.testing.chance import Chance
from sessionframe.testing.home import moment, some_project
from sessionframe.testing.story import Author, Quirk, Story, Style

QUIET: tuple[Quirk, ...] = ()
SHORT = Style(
    turns=(1, 1, 2, 3, 5),
    steps=(1, 2, 3, 5, 9),
    growth=(120, 400, 900, 2200, 7000),
    characters=(12, 30, 60, 120, 220, 700),
    lines=400,
)
"""Short sessions with short texts."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an agent does in the five weeks of the demo.

    Attributes
    ----------
    seed
        Decides everything in it.
    sessions
        Days before the last one -> the rare things that happen in the session of that day, in the order of time.
    """

    seed: int
    sessions: Mapping[int, tuple[Quirk, ...]]


PLANS: Mapping[str, Plan] = {
    "codex": Plan(
        431,
        {
            35: QUIET,
            31: ("copied",),
            29: ("agents", "named"),
            26: ("fork",),
            22: ("interrupted", "worktree"),
            19: ("compacted", "server-search"),
            14: ("returned", "fast"),
            9: ("agents",),
            5: ("compacted", "unpriced"),
            1: ("interrupted",),
        },
    ),
    "gemini": Plan(
        411, {34: QUIET, 30: ("copied",), 27: ("agents",), 22: ("resume",), 16: ("compacted",), 9: ("unpriced",), 3: ("agents",)}
    ),
    "qwen": Plan(
        412, {33: QUIET, 28: ("agents",), 23: ("copied", "named"), 20: ("fork",), 13: ("compacted",), 6: ("interrupted",), 2: QUIET}
    ),
    "opencode": Plan(
        421, {32: QUIET, 29: ("copied",), 26: ("agents",), 21: ("fork",), 15: ("compacted",), 8: ("api-errors",), 1: ("unpriced",)}
    ),
    "kilo": Plan(422, {31: QUIET, 25: ("agents", "copied"), 20: ("fork",), 12: ("compacted",), 5: ("interrupted", "agents")}),
}
"""Agent type -> its part of the demo. A new agent is a line here."""


def stories(plan: Plan) -> Iterator[Story]:
    """The sessions of an agent, in the order in which they begin; a copy is made in the project of its original."""
    chance = Chance(plan.seed)
    days, author = chance.child(), Author(chance.child(), SHORT)
    copied = None
    for days_ago, quirks in plan.sessions.items():
        project = some_project(days)
        project = copied if copied is not None and {"fork", "resume"} & set(quirks) else project
        copied = project if "copied" in quirks else copied
        yield author.story(project, moment(days, days_ago), frozenset(quirks))
