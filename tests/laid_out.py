"""Homes whose databases are kept as SQL text -> homes that a program could have left: files copied, databases built."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

SQL = ".sql"
RECORDINGS = Path(__file__).parents[2] / "shared" / "recordings"
"""Logs of real programs with known totals, beside the checkout; not everywhere."""


def lay_out(home: Path, target: Path) -> Path:
    """Copy a home; each ``*.sql`` becomes the database it is a dump of, with the header that OpenCode's have (written through a log)."""
    for path in sorted(home.rglob("*")):
        out = target / path.relative_to(home)
        if path.is_dir():
            out.mkdir(parents=True, exist_ok=True)
        elif path.suffix == SQL:
            build_database(path.read_text("utf-8", errors="surrogatepass"), out.with_suffix(""))
        else:
            out.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, out, follow_symlinks=False)
    return target


def build_database(script: str, path: Path) -> Path:
    """A database from its dump; nothing is left beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path)
    try:
        database.executescript(script)
        database.execute("PRAGMA journal_mode=wal")
    finally:
        database.close()
    return path


def needs_laying_out(home: Path) -> bool:
    """Whether a home keeps databases as text."""
    return any(home.rglob(f"*{SQL}"))
