"""Logs that real programs wrote against a scripted model, with their true totals, where they lie beside the project."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

RECORDINGS = Path(__file__).parents[2] / "shared" / "recordings"


class Recording(NamedTuple):
    """One recorded home and what a right reader gets from it."""

    agent: str
    case: str
    truth: dict[str, str]

    @property
    def home(self) -> Path:
        """The home folder. It is only read."""
        return RECORDINGS / self.agent / self.case / "home"

    def __str__(self) -> str:
        return f"{self.agent}-{self.case}"


def recordings(agent: str) -> Iterator[Recording]:
    """The recordings of an agent; none where they are not at hand."""
    table = RECORDINGS / agent / "truth.tsv"
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                yield Recording(agent, row["case"], row)
