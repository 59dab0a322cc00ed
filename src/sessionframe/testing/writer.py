"""Stories go in, files in one agent's format come out: what every writer can do, and which writers there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol

from sessionframe.errors import OptionError, listed
from sessionframe.testing.chance import Chance
from sessionframe.testing.story import Story
from sessionframe.testing.truth import Truth


class Writer(Protocol):
    """Writes the sessions of one agent into a home and counts what it writes."""

    def write(self, story: Story) -> None:
        """Write one session."""


WRITERS: Mapping[str, str] = {
    "claude-code": "sessionframe.testing.claude_code:ClaudeCodeWriter",
    "codex": "sessionframe.testing.codex:CodexWriter",
    "gemini": "sessionframe.testing.gemini:GeminiWriter",
    "qwen": "sessionframe.testing.qwen:QwenWriter",
    "opencode": "sessionframe.testing.opencode:OpenCodeWriter",
    "kilo": "sessionframe.testing.opencode:KiloWriter",
}
"""Agent type -> module and class; a class is made from (home, truth, chance)."""


def writer_for(agent: str, home: Path, truth: Truth, chance: Chance) -> Writer:
    """The writer of an agent.

    Raises
    ------
    OptionError
        No writer exists for that agent.
    """
    if agent not in WRITERS:
        raise OptionError(f"agents: no synthetic logs can be written for {agent!r}. Known: {listed(WRITERS)}.")
    module, name = WRITERS[agent].split(":")
    make: Callable[[Path, Truth, Chance], Writer] = getattr(import_module(module), name)
    return make(home, truth, chance)
