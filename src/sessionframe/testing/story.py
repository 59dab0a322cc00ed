"""What happens in a session, before any agent's format: projects and chance go in, turns with steps and tool calls come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from sessionframe.testing.chance import Chance
from sessionframe.testing.world import (
    ANSWERS,
    FOLLOW_UPS,
    QUEUED,
    SERVERS,
    SUB_ERRANDS,
    Project,
    Prose,
)

Kind: TypeAlias = Literal["read", "search", "find", "edit", "write", "run", "fetch", "web", "plan", "mcp", "agent", "workflow"]
Outcome: TypeAlias = Literal["ok", "error", "denied", "interrupted"]
Strength: TypeAlias = Literal["strong", "everyday", "small"]
Quirk: TypeAlias = Literal[
    "advisor",  # a second, stronger model is asked inside a request
    "agents",  # hands work to sub-agents
    "api-errors",  # the service is overloaded for a while
    "compacted",  # the history is replaced by a summary
    "compaction-file",  # ... and the request that made the summary is in a file of its own
    "copied",  # is kept, so that a later session can be a copy of its beginning
    "desktop",  # runs in the desktop program
    "errand-queued",  # the user types while the agent works
    "fast",  # the fast mode is on for a while
    "fork",  # begins as a fork of the last copied session
    "interrupted",  # the user stops the agent once
    "named",  # the user gives the session a name
    "resume",  # begins as a resumed copy of the last copied session
    "returned",  # is taken up again after hours, by a new process
    "server-search",  # the vendor's own web search
    "unpriced",  # a model without a public price
    "workflow",  # runs a workflow of several agents
    "worktree",  # moves to a git worktree
]

KINDS: Mapping[Kind, float] = {
    "read": 27,
    "run": 24,
    "edit": 18,
    "search": 11,
    "find": 5,
    "plan": 5,
    "write": 4,
    "mcp": 3,
    "fetch": 1.5,
    "web": 1.5,
}
"""How often a tool is used."""

ERRORS: Mapping[Kind, float] = {"run": 0.12, "edit": 0.04, "fetch": 0.08, "mcp": 0.06, "read": 0.02}
"""How often a tool fails."""

DENIED: Mapping[Kind, float] = {"run": 0.02, "edit": 0.015, "write": 0.02}
"""How often the user says no."""

SECONDS: Mapping[Kind, Sequence[float]] = {
    "run": (0.1, 0.4, 1, 3, 12, 90),
    "fetch": (0.5, 1.5, 6),
    "web": (1.5, 4, 9),
    "mcp": (0.2, 0.8, 3),
    "agent": (10, 60, 240),
}
"""How long a tool runs: quantiles [s]."""

QUICK: Sequence[float] = (0.02, 0.05, 0.3)


@dataclass(frozen=True, slots=True)
class Style:
    """How much is said and done: all are quantiles, from the least to the greatest.

    Attributes
    ----------
    turns, steps
        Prompts per session, model requests per prompt.
    growth
        Tokens that come into the context between two requests.
    characters
        Length of what a tool returns.
    lines
        Length of the text that everything is cut from.
    """

    turns: Sequence[float]
    steps: Sequence[float]
    growth: Sequence[float]
    characters: Sequence[float]
    lines: int


@dataclass(frozen=True, slots=True)
class Deed:
    """One tool call.

    Attributes
    ----------
    kind, subject
        What is done, and to what: a path, a command, a pattern, an address, a description.
    outcome, output
        How it ended, and the text that the model sees.
    seconds
        How long it ran.
    before, after
        The changed text of an edit; `after` alone for a new file.
    child
        The errand of a sub-agent; several for a workflow.
    """

    kind: Kind
    subject: str
    outcome: Outcome = "ok"
    output: str = ""
    seconds: float = 0.1
    before: str = ""
    after: str = ""
    child: tuple[Errand, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One model request: it thinks or not, says something or nothing, does things or none.

    Attributes
    ----------
    thinks, words, deeds
        The parts of the response.
    seconds
        How long the model takes.
    growth
        Tokens that came into the context since the last request.
    output
        Tokens of the response.
    """

    thinks: bool
    words: str
    deeds: tuple[Deed, ...]
    seconds: float
    growth: int
    output: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A prompt and what follows from it.

    Attributes
    ----------
    prompt, pause
        What the user says, after so many seconds.
    steps
        The model requests.
    queued
        A prompt typed while the agent works on this one.
    """

    prompt: str
    pause: float
    steps: tuple[Step, ...]
    queued: str | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """The work of a sub-agent."""

    kind: str
    description: str
    prompt: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """One session from the first prompt to the end.

    Attributes
    ----------
    project, branch
        Where.
    worktree
        A git worktree that the session moves to after the first turn.
    started_ms
        When, in milliseconds since 1970.
    strength
        How capable a model the user chose.
    title, turns
        What it is about and what happens.
    quirks
        Rare things that happen in it; a writer ignores those that its agent does not know.
    """

    project: Project
    branch: str
    worktree: str | None
    started_ms: int
    strength: Strength
    title: str
    turns: tuple[Turn, ...]
    quirks: frozenset[Quirk] = field(default_factory=frozenset)


class Author:
    """Invents sessions.

    Parameters
    ----------
    chance
        What decides.
    style
        How much is said and done.
    """

    def __init__(self, chance: Chance, style: Style) -> None:
        self.chance = chance
        self.style = style
        self.prose = Prose(chance.child(), style.lines)
        self._told: dict[str, int] = {}

    def story(self, project: Project, started_ms: int, quirks: frozenset[Quirk] = frozenset()) -> Story:
        """A session in a project."""
        chance = self.chance
        prompt, title = self._next_errand(project)
        branch = project.branches[0] if chance.happens(0.5) else chance.pick(project.branches)
        turns = [self._turn(project, prompt if n == 0 else chance.pick(FOLLOW_UPS), n) for n in range(self._turns(quirks))]
        story = Story(
            project=project,
            branch=branch,
            worktree=project.worktree("fix-cart") if "worktree" in quirks else None,
            started_ms=started_ms,
            strength=chance.weighted({"strong": 0.45, "everyday": 0.45, "small": 0.1}),
            title=title,
            turns=tuple(turns),
            quirks=quirks,
        )
        return self._with_quirks(story)

    def _next_errand(self, project: Project) -> tuple[str, str]:
        """One errand after the other, so that few titles repeat."""
        told = self._told[project.name] = self._told.get(project.name, -1) + 1
        return project.errands[told % len(project.errands)]

    def _turns(self, quirks: frozenset[Quirk]) -> int:
        least = 3 if quirks & {"copied", "compacted", "errand-queued", "interrupted", "returned", "worktree"} else 1
        return max(least, int(self.chance.along(self.style.turns)))

    def _turn(self, project: Project, prompt: str, number: int) -> Turn:
        pause = self.chance.along((8, 30, 60, 150, 400, 4500)) if number else 0
        return Turn(prompt, pause, self._steps(project))

    def _steps(self, project: Project) -> tuple[Step, ...]:
        """Requests with tool calls until one only answers, or the user says no."""
        steps: list[Step] = []
        for _ in range(max(0, int(self.chance.along(self.style.steps)) - 1)):
            steps.append(self._step(tuple(self._deed(project) for _ in range(1 if self.chance.happens(0.85) else 2))))
            if any(deed.outcome == "denied" for deed in steps[-1].deeds):
                return tuple(steps)
        return (*steps, self._step(()))

    def _step(self, deeds: tuple[Deed, ...]) -> Step:
        chance = self.chance
        words = chance.pick(ANSWERS) if not deeds or chance.happens(0.55) else ""
        growth = int(chance.along(self.style.growth))
        output = int(chance.along((25, 90, 160, 320, 900, 3200)))
        return Step(chance.happens(0.4), words, deeds, chance.along((1.2, 3, 6, 14, 40)), growth, output)

    def _deed(self, project: Project) -> Deed:
        chance = self.chance
        kind = chance.weighted(KINDS)
        subject = self._subject(project, kind)
        deed = Deed(kind, subject, seconds=chance.along(SECONDS.get(kind, QUICK)))
        if chance.happens(DENIED.get(kind, 0)):
            return replace(deed, outcome="denied", seconds=chance.along((3, 20)))
        if chance.happens(ERRORS.get(kind, 0)):
            return replace(deed, outcome="error", output=self.prose.code(int(chance.along(self.style.characters[:4]))))
        return self._succeeded(deed)

    def _succeeded(self, deed: Deed) -> Deed:
        prose, characters = self.prose, int(self.chance.along(self.style.characters))
        if deed.kind == "edit":
            return replace(deed, before=prose.code(min(characters, 400)), after=prose.code(min(characters, 600)))
        if deed.kind == "write":
            return replace(deed, after=prose.code(characters))
        return replace(deed, output=prose.code(characters))

    def _subject(self, project: Project, kind: Kind) -> str:
        chance = self.chance
        if kind == "run":
            return chance.pick(project.commands)
        if kind in {"search", "find"}:
            return chance.pick(("total", "TODO", "cache", "def round", "größe") if kind == "search" else ("**/*.py", "src/**/*", "*.md"))
        if kind == "fetch":
            return f"https://docs.example.invalid/{chance.pick(('rounding', 'tiles', 'merge'))}"
        if kind == "mcp":
            return "__".join(chance.pick(SERVERS))
        return chance.pick(("rounding rules", "tile cache", "note merge")) if kind == "web" else chance.pick(project.files)

    def errand(self, project: Project) -> Errand:
        """Work that is handed to a sub-agent."""
        kind, description, prompt = self.chance.pick(SUB_ERRANDS)
        return Errand(kind, description, prompt, self._steps(project))

    def _with_quirks(self, story: Story) -> Story:
        """Work in the rare things that change what is said and done."""
        quirks = story.quirks
        if "agents" in quirks:
            story = self._insert(story, 0, *(self._handed_over(story.project, 1) for _ in range(self.chance.between(1, 3))))
        if "workflow" in quirks:
            story = self._insert(story, 0, replace(self._handed_over(story.project, 3), kind="workflow", subject="review"))
        if "interrupted" in quirks:
            story = self._insert(story, 1, Deed("run", story.project.commands[0], "interrupted", seconds=24.0), last=True)
        if "errand-queued" in quirks:
            story = self._change(story, 1, replace(story.turns[1], queued=self.chance.pick(QUEUED)))
        return story

    def _handed_over(self, project: Project, number: int) -> Deed:
        errands = tuple(self.errand(project) for _ in range(number))
        return Deed("agent", errands[0].description, output=self.chance.pick(ANSWERS), child=errands)

    def _insert(self, story: Story, turn: int, *deeds: Deed, last: bool = False) -> Story:
        """Begin a turn with a step that does these things; the turn ends there when it is the last step."""
        old = story.turns[turn]
        return self._change(story, turn, replace(old, steps=(self._step(deeds), *(() if last else old.steps))))

    @staticmethod
    def _change(story: Story, number: int, turn: Turn) -> Story:
        return replace(story, turns=(*story.turns[:number], turn, *story.turns[number + 1 :]))
