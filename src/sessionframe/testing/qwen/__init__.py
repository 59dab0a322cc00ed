"""The writer of Qwen Code's logs: stories go in, ``.qwen/projects`` and ``.qwen/usage`` come out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sessionframe.testing.chance import Chance
from sessionframe.testing.claude_code.transcript import Clock, folder_name
from sessionframe.testing.google import Cache, encode
from sessionframe.testing.qwen.actor import Actor
from sessionframe.testing.qwen.ledger import Ledger
from sessionframe.testing.qwen.log import Log, Setting
from sessionframe.testing.qwen.session import SYSTEM_PROMPT, Kept, Session
from sessionframe.testing.story import Story, Strength
from sessionframe.testing.truth import Truth

AGENT = "qwen"
MODELS: Mapping[Strength, str] = {"strong": "qwen3-coder-plus", "everyday": "qwen3-coder-plus", "small": "qwen3-coder-flash"}
UNPRICED = "qwen-internal-preview"
VERSION = "0.24.4"
HOUR_MS = 3_600_000


class QwenWriter:
    """Writes sessions of Qwen Code.

    Parameters
    ----------
    home, truth, chance
        Where to, who counts, what decides.
    """

    def __init__(self, home: Path, truth: Truth, chance: Chance) -> None:
        self._root = home / ".qwen"
        self._truth = truth
        self._chance = chance
        self._kept: Kept | None = None

    def write(self, story: Story) -> None:
        """Write one session with everything beside it."""
        original = self._kept if story.quirks & {"fork", "resume"} else None
        cwd = original.cwd if original else story.project.root
        clock = Clock(max(story.started_ms, original.ended_ms + HOUR_MS) if original else story.started_ms)
        setting = Setting(self._chance.uuid(), cwd, original.branch if original else story.branch, VERSION)
        folder = self._root / "projects" / folder_name(cwd)
        thread = self._truth.thread(setting.session_id, agent=AGENT, project=cwd)
        path = folder / "chats" / f"{setting.session_id}.jsonl"
        log = Log(path, setting, clock, self._chance, self._truth, keep="copied" in story.quirks)
        model = UNPRICED if "unpriced" in story.quirks else MODELS[story.strength]
        ledger = Ledger(self._root / "usage", setting.session_id, clock, self._chance)
        cache = Cache(original.context if original else SYSTEM_PROMPT)
        actor = Actor(log, thread, cache, ledger, model=model, agents=folder / "subagents" / setting.session_id)
        kept = Session(story, actor).write(original)
        self._kept = kept or self._kept
        record = {"version": 1, "sessionId": setting.session_id, "timestamp": clock.ms, "startTime": story.started_ms, "project": cwd}
        with (self._root / "usage_record.jsonl").open("ab") as file:
            file.write(encode(record) + b"\n")
