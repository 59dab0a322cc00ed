"""What a row needs a home for goes in, a home folder that a command may have to itself comes out: made on first use, or given."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from sessionframe.testing import make_home

DEMO = Path(__file__).parents[1] / "data-samples" / "demo"
AGENTS: dict[str, str] = {"claude": "claude-code", "large": "claude-code", "codex": "codex", "opencode": "opencode"}
"""Homes that can be made, and whose logs are in them."""


class Homes:
    """Homes by name, each made once.

    Parameters
    ----------
    scratch
        An empty folder for all that is made.
    given
        Homes that are there already. They are read through links and never written to.
    sizes
        Megabytes of the homes that are made.
    """

    def __init__(self, scratch: Path, given: Mapping[str, Path], sizes: Mapping[str, int]) -> None:
        self._scratch = scratch
        self._found: dict[str, Path] = {"demo": DEMO, **given}
        self._sizes = sizes
        self._copies = 0

    def original(self, name: str) -> Path:
        """The home itself."""
        if name not in self._found:
            self._found[name] = self._scratch / name
            make_home(self._found[name], mb=self._sizes[name], agents=[AGENTS[name]])
        return self._found[name]

    def copy(self, name: str) -> Path:
        """A new home with the same files, by hard links where the file system has them: whatever a program keeps there is not there."""
        self._copies += 1
        target = self._scratch / f"{name}-{self._copies}"
        shutil.copytree(self.original(name), target, copy_function=linked)
        return target

    def megabytes(self, name: str) -> float:
        """Size of the home [MB, 10**6 bytes]."""
        return sum(path.stat().st_size for path in self.original(name).rglob("*") if path.is_file()) / 1e6


def linked(source: str, target: str) -> None:
    """The same file under another name, or a copy of it where that cannot be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


class Growing:
    """A log of a copied home that gets one more line each time: the last one again, as agents repeat lines that stream."""

    def __init__(self, home: Path) -> None:
        logs = sorted(home.rglob("*.jsonl"), key=lambda path: path.stat().st_size)
        log = logs[len(logs) // 2]
        content = log.read_bytes()
        log.unlink()  # a link would let the original grow
        log.write_bytes(content)
        self._log, self._line = log, content.splitlines(keepends=True)[-1]

    def grow(self) -> None:
        """Append the line."""
        with self._log.open("ab") as file:
            file.write(self._line)
