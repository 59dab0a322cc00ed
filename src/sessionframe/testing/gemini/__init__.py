"""The writer of Gemini CLI's logs: stories go in, ``.gemini/tmp`` comes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from sessionframe.testing.chance import Chance
from sessionframe.testing.claude_code.transcript import Clock
from sessionframe.testing.gemini.session import Kept, Session
from sessionframe.testing.story import Story, Strength
from sessionframe.testing.truth import Truth

AGENT = "gemini"
MODELS: Mapping[Strength, str] = {"strong": "gemini-3.1-pro-preview", "everyday": "gemini-2.5-pro", "small": "gemini-2.5-flash"}
UNPRICED = "auto"
"""The name of an alias that old versions wrote down in the model's place."""
HOUR_MS = 3_600_000


class GeminiWriter:
    """Writes sessions of Gemini CLI.

    A session that others are copies of is a document of an old version, in the folder that is named by the hash of the project, and
    once more in the folder of the new version; resuming it writes its messages a third time, into a log.

    Parameters
    ----------
    home, truth, chance
        Where to, who counts, what decides.
    """

    def __init__(self, home: Path, truth: Truth, chance: Chance) -> None:
        self._root = home / ".gemini"
        self._truth = truth
        self._chance = chance
        self._kept: Kept | None = None
        self._slugs: dict[str, str] = {}

    def write(self, story: Story) -> None:
        """Write one session with everything beside it."""
        original = self._kept if story.quirks & {"fork", "resume"} else None
        project = original.project if original else story.project.root
        clock = Clock(max(story.started_ms, original.ended_ms + HOUR_MS) if original else story.started_ms)
        session_id = original.session_id if original else self._chance.uuid()
        thread = self._truth.by_session.get(session_id) or self._truth.thread(session_id, agent=AGENT, project=project)
        session = Session(story, clock, self._chance, self._truth, thread=thread, session_id=session_id, project=project)
        session.model = UNPRICED if "unpriced" in story.quirks else MODELS[story.strength]
        old = self._root / "tmp" / sha256(project.encode()).hexdigest() / "chats"
        new = self._root / "tmp" / self._slug(project) / "chats"
        if "copied" in story.quirks:
            self._kept = session.write_documents(old, new)
        else:
            session.write_log(new, original)
            self._kept = None if original else self._kept  # resumed once: its messages now are in three files

    def _slug(self, project: str) -> str:
        """The folder of a project, with the notes that name it."""
        if project not in self._slugs:
            slug = self._slugs[project] = project.rsplit("/", 1)[-1]
            folder = self._root / "tmp" / slug
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".project_root").write_text(project, "utf-8", newline="\n")
            (self._root / "projects.json").write_text(json.dumps({"projects": self._slugs}), "utf-8", newline="\n")
        return self._slugs[project]
