"""Logs that real programs wrote against a scripted model server, with their true totals; found beside the project, or not at all."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from pathlib import Path

RECORDINGS = Path(__file__).parents[2] / "shared" / "recordings"


def truths(provider: str) -> list[dict[str, str]]:
    """One entry per case of a provider, as its `truth.tsv` has it; none where the recordings are not at hand."""
    path = RECORDINGS / provider / "truth.tsv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def laid_out(provider: str, case: str, target: Path) -> Path:
    """A copy of the home folder of a case, with every dump of a database turned back into the database."""
    source = RECORDINGS / provider / case / "home"
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        out = target / path.relative_to(source)
        out.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix != ".sql":
            shutil.copy2(path, out)
            continue
        database = sqlite3.connect(out.with_suffix(""))
        database.executescript(path.read_text("utf-8", errors="surrogatepass"))
        database.close()
    return target
