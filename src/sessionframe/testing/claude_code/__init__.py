"""The writer of Claude Code's logs: stories go in, ``.claude/projects`` comes out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sessionframe.testing.chance import Chance
from sessionframe.testing.claude_code.actor import Actor, Meter
from sessionframe.testing.claude_code.copies import Kept, fork, resume
from sessionframe.testing.claude_code.ledger import HAIKU, OPUS, OPUS_BEFORE, SONNET, UNPRICED, Ledger
from sessionframe.testing.claude_code.session import Session
from sessionframe.testing.claude_code.threads import Threads
from sessionframe.testing.claude_code.transcript import Clock, Setting, Transcript, folder_name
from sessionframe.testing.story import Story, Strength
from sessionframe.testing.truth import Truth

AGENT = "claude-code"
MODELS: Mapping[Strength, str] = {"strong": OPUS, "everyday": SONNET, "small": HAIKU}
SYSTEM_PROMPT = 16_500
"""Tokens of the system prompt and the tools."""
BEFORE_OPUS_5_5_MS = 1_792_454_400_000
"""2026-10-20: until then the invented user works with the Opus before."""
FIRST_VERSION_MS = 1_790_812_800_000
"""2026-10-01: version 2.1.264; from then on two new versions every three days."""
HOUR_MS = 3_600_000
FORK_NAMES = ("try-index", "second-idea", "other-way")


class ClaudeCodeWriter:
    """Writes sessions of Claude Code.

    Parameters
    ----------
    home, truth, chance
        Where to, who counts, what decides.
    """

    def __init__(self, home: Path, truth: Truth, chance: Chance) -> None:
        self._root = home / ".claude"
        self._truth = truth
        self._chance = chance
        self._kept: Kept | None = None
        self._root.mkdir(parents=True, exist_ok=True)
        (self._root / "settings.json").write_text('{"cleanupPeriodDays": 365}\n', "utf-8", newline="\n")

    def write(self, story: Story) -> None:
        """Write one session with everything beside it."""
        original = self._kept if story.quirks & {"fork", "resume"} else None
        clock = Clock(max(story.started_ms, original.ended_ms + HOUR_MS) if original else story.started_ms)
        session = self._session(story, clock, original)
        if original is None:
            session.head()
        elif "fork" in story.quirks:
            self._begin_fork(session, original)
        else:
            self._replayed(session, resume(original, session.log))
        session.run()
        self._kept = session.kept() or self._kept

    def _session(self, story: Story, clock: Clock, original: Kept | None) -> Session:
        chance = self._chance
        setting = Setting(chance.uuid(), story.project.root, story.branch, version(clock.ms), entrypoint(story))
        if original is not None:
            setting.cwd, setting.branch = original.cwd, original.branch
        if original is not None and "fork" in story.quirks:
            name = chance.pick(FORK_NAMES)
            setting.cwd, setting.branch = story.project.worktree(name), f"claude/{name}"
        folder = self._root / "projects" / folder_name(setting.cwd)
        path = folder / f"{setting.session_id}.jsonl"
        log = Transcript(path, setting, clock, chance=chance, truth=self._truth, keep="copied" in story.quirks)
        thread = self._truth.thread(setting.session_id, agent=AGENT, project=setting.cwd)
        threads = Threads(folder / setting.session_id)
        meter = Meter(original.context if original else SYSTEM_PROMPT, hour=True)
        return Session(
            story,
            Actor(
                log,
                thread,
                meter,
                model=original.model if original else model(story),
                ledger=Ledger(clock.ms),
                truth=self._truth,
                chance=chance,
                delegate=threads.delegate,
            ),
            threads,
        )

    def _begin_fork(self, session: Session, original: Kept) -> None:
        """The head of a fork: its metadata in one block, its own clock, then the copied conversation."""
        session.title = f"{original.title} (fork)"
        log = session.log
        log.note("ai-title", aiTitle=session.title)
        log.note("last-prompt", lastPrompt="What is left?", leafUuid=original.leaf)
        log.queue("enqueue", session.story.turns[0].prompt)
        session.clock.wait(0.02)
        log.queue("dequeue")
        self._replayed(session, fork(original, log))
        session.clock.wait(1)

    def _replayed(self, session: Session, requests: int) -> None:
        self._truth.count(session.actor.thread, replayed_requests=requests)


def model(story: Story) -> str:
    """The model that the user chose."""
    if "unpriced" in story.quirks:
        return UNPRICED
    if "fast" in story.quirks:
        return OPUS
    name = MODELS[story.strength]
    return OPUS_BEFORE if name == OPUS and story.started_ms < BEFORE_OPUS_5_5_MS else name


def entrypoint(story: Story) -> str:
    """How the session was started."""
    return "claude-desktop" if story.quirks & {"desktop", "fork"} else "cli"


def version(at_ms: int) -> str:
    """The version of the program at that time."""
    return f"2.1.{264 + (at_ms - FIRST_VERSION_MS) * 2 // (3 * 24 * HOUR_MS)}"
