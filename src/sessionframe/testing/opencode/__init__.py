"""The writers of OpenCode's and Kilo's databases: stories go in, ``.local/share/opencode`` or ``.local/share/kilo`` comes out."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from sessionframe.testing.chance import Chance
from sessionframe.testing.opencode.session import Director, Scene
from sessionframe.testing.opencode.store import Store
from sessionframe.testing.story import Story
from sessionframe.testing.truth import Truth

HOUR_MS = 3_600_000


class OpenCodeWriter:
    """Writes sessions of OpenCode into one database.

    Parameters
    ----------
    home, truth, chance
        Where to, who counts, what decides.
    """

    agent: ClassVar[str] = "opencode"
    version: ClassVar[str] = "1.18.33"
    mode: ClassVar[str] = "build"
    counts_children: ClassVar[bool] = False

    def __init__(self, home: Path, truth: Truth, chance: Chance) -> None:
        self._truth = truth
        self._chance = chance
        self._store = Store(home / ".local" / "share" / self.agent / f"{self.agent}.db", chance.child())
        self._director = Director(
            self._store, truth, chance, agent=self.agent, version=self.version, mode=self.mode, counts_children=self.counts_children
        )
        self._kept: Scene | None = None
        self._forks = 0
        truth.files += 1

    def write(self, story: Story) -> None:
        """Write one session with those of its sub-agents. A resumed session is an ordinary one here: it goes on in its own rows."""
        original = self._kept if "fork" in story.quirks else None
        started_ms = max(story.started_ms, original.now_ms + HOUR_MS) if original else story.started_ms
        scene = self._director.begin(story, started_ms)
        title = f"{story.project.name}: {story.title.lower()}" if "named" in story.quirks else story.title
        if original is not None:
            self._forks += 1
            title = f"{original.thread.title} (fork #{self._forks})"
            scene.cost, scene.context = original.cost, original.context
            self._director.copy(scene, original, max(1, len(original.log) - 2))
        self._director.play(scene, story)
        self._director.end(scene, title, copied=original is not None)
        if "copied" in story.quirks:
            self._kept = scene
        self._truth.lines += self._store.rows
        self._truth.bytes += self._store.size
        self._store.write()


class KiloWriter(OpenCodeWriter):
    """Writes sessions of Kilo: OpenCode's tables, with the cost of sub-agents in the messages that called them."""

    agent: ClassVar[str] = "kilo"
    version: ClassVar[str] = "7.7.9"
    mode: ClassVar[str] = "code"
    counts_children: ClassVar[bool] = True
