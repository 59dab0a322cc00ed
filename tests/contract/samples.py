"""The miniature homes of every agent, and what each agent's files look like from outside: all that the contract suite knows of agents."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

import sessionframe as sf
from sessionframe.engine import registry
from sessionframe.providers.contract import Provider
from sessionframe.schema import TABLES, TableName
from tests.laid_out import lay_out, needs_laying_out

SAMPLES = Path(__file__).parents[2] / "data-samples"
PRICED = ("cost_usd", "price_key", "vendor")
"""Columns that follow the price list, which changes without us; they have tests of their own."""


def builtin() -> dict[str, Provider]:
    """Every provider that comes with the project."""
    return {provider.agent_type: provider for provider in registry.selected(registry.builtin())}


@dataclass(frozen=True)
class Sample:
    """One miniature home."""

    agent: str
    case: str
    folder: Path

    @property
    def home(self) -> Path:
        """The home folder; one with databases is laid out once."""
        kept = self.folder / "home"
        return laid_out(kept) if needs_laying_out(kept) else kept

    @property
    def truth(self) -> dict[str, Any]:
        """Totals derived by hand from the format's rules."""
        return dict(json.loads((self.folder / "truth.json").read_text("utf-8")))

    def __str__(self) -> str:
        return f"{self.agent}-{self.case}"


@cache
def laid_out(home: Path) -> Path:
    """A home whose databases have been built, for as long as the tests run; tests that change it take a copy."""
    folder = tempfile.mkdtemp(prefix="sessionframe-sample-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return lay_out(home, Path(folder, "home"))


def samples() -> list[Sample]:
    """Every miniature of every registered agent; an agent without any fails the suite."""
    return [Sample(agent, folder.parent.name, folder.parent) for agent in builtin() for folder in sorted((SAMPLES / agent).glob("*/home"))]


@dataclass(frozen=True)
class Shape:
    """What an agent's files look like, as far as a test must write some.

    Attributes
    ----------
    basic
        Name of a plain miniature with at least one request.
    unknown
        A record of a type that does not exist, as the agent would write it.
    clone
        Source path -> path of a second copy of it under another name that the agent might use.
    add
        (content of a file, record) -> the content with the record where the agent would write its next one.
    whole
        The beginning of a file that was cut off -> a file with the complete records in it. None where a cut leaves no such records:
        then nothing is raised and nothing invented.
    also
        The agent's other layouts.
    """

    basic: str
    unknown: bytes
    clone: Callable[[Path], Path]
    add: Callable[[bytes, bytes], bytes] = lambda content, record: content + record
    whole: Callable[[bytes], bytes] | None = lambda cut: cut[: cut.rfind(b"\n") + 1]
    also: tuple[Shape, ...] = ()


LIST_END = b"\n  ]"
"""How a list that is a member of an indented document ends."""
ELEMENT_END = b"\n    }"


def into_list(content: bytes, record: bytes) -> bytes:
    """An indented document with one more element at the end of its list."""
    at = content.rindex(LIST_END)
    return content[:at] + b",\n" + record + content[at:]


def whole_elements(cut: bytes) -> bytes:
    """The complete elements of a document that was cut off, as a document; nothing where there is none."""
    at = cut.rfind(ELEMENT_END)
    return cut[: at + len(ELEMENT_END)] + LIST_END + b"\n}" if at >= 0 else b""


def into_parts(content: bytes, record: bytes) -> bytes:
    """A database of OpenCode's with one more part of its last message."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content[:18] + b"\x01\x01" + content[20:])  # in memory there is no log
        database.execute(
            "INSERT INTO part SELECT 'prt_no_such', id, session_id, time_created, time_updated, ? FROM message ORDER BY id DESC LIMIT 1",
            (record.decode(),),
        )
        database.commit()
        return bytes(database.serialize())


def of_opencode(name: str) -> Shape:
    """The shape of a program that keeps OpenCode's databases under its own name."""
    return Shape(
        basic="basic",
        unknown=b'{"type":"no-such-part","tokens":{"output":5}}',
        clone=lambda path: path.with_name(f"{name}-clone.db"),
        add=into_parts,
        whole=None,
    )


SHAPES: dict[str, Shape] = {
    "claude-code": Shape(
        basic="basic",
        unknown=b'{"type":"no-such-record","uuid":"none","payload":{"usage":{"output_tokens":5}}}\n',
        clone=lambda path: path.with_name("c10ne000-0000-4000-8000-000000000000.jsonl"),
    ),
    "codex": Shape(
        basic="basic",
        unknown=b'{"timestamp":"2026-10-05T10:00:00.000Z","ordinal":99,"type":"no_such_record","payload":{"usage":{"output_tokens":5}}}\n',
        clone=lambda path: path.with_name("rollout-2026-10-05T10-00-00-c10ae000-0000-7000-8000-000000000000.jsonl"),
    ),
    "gemini": Shape(
        basic="basic",
        unknown=b'{"$noSuchChange":{"tokens":{"output":5}}}\n',
        clone=lambda path: path.with_name("session-2026-10-05T11-00-c10ne000.jsonl"),
        also=(
            Shape(
                basic="document",
                unknown=b'{"id":"none","type":"no-such-message","tokens":{"output":5}}',
                clone=lambda path: path.with_name("session-2026-10-05T11-00-c10ne000.json"),
                add=into_list,
                whole=whole_elements,
            ),
        ),
    ),
    "qwen": Shape(
        basic="basic",
        unknown=b'{"type":"no-such-record","uuid":"none","usageMetadata":{"promptTokenCount":5}}\n',
        clone=lambda path: path.with_name("c10ne000-0000-4000-8000-000000000000.jsonl"),
        also=(
            Shape(
                basic="legacy",
                unknown=b'{"id":"none","type":"no-such-message","tokens":{"output":5}}',
                clone=lambda path: path.with_name("session-2026-10-05T11-00-c10ne000.json"),
                add=into_list,
                whole=whole_elements,
            ),
        ),
    ),
    "opencode": of_opencode("opencode"),
    "kilo": of_opencode("kilo"),
}


def shapes() -> list[tuple[str, Shape]]:
    """Every layout of every agent."""
    return [(agent, shape) for agent in builtin() for shape in (SHAPES[agent], *SHAPES[agent].also)]


def files(home: Path) -> list[Path]:
    """Every file of a home."""
    return sorted(path for path in home.rglob("*") if path.is_file() and not path.is_symlink())


def copied(sample: Sample, target: Path) -> Path:
    """A copy of a home that a test may change."""
    shutil.copytree(sample.home, target, symlinks=True)
    return target


def tables(home: Path, agent: str, *, text: bool = True) -> dict[TableName, pl.DataFrame]:
    """All tables of a home with everything in them, replays and text included."""
    logs = sf.scan(agent, home=home, n_jobs=1)
    return {name: getattr(logs, name).to_frame("polars", content=text, replays=True) for name in TABLES}


def plain(frame: pl.DataFrame, home: Path) -> list[dict[str, Any]]:
    """Rows as they are kept beside a sample: paths below the home, no nulls, no prices, a fixed order."""
    kept = frame.drop([name for name in PRICED if name in frame.columns])
    rows = [{name: shown(value, home) for name, value in row.items() if value is not None} for row in kept.iter_rows(named=True)]
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def shown(value: Any, home: Path) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, str):
        return value.replace(str(home) + os.sep, "")
    return value.isoformat() if hasattr(value, "isoformat") else value


def everything(home: Path, agent: str) -> dict[TableName, list[dict[str, Any]]]:
    """All five tables of a home as plain rows."""
    return {name: plain(frame, home) for name, frame in tables(home, agent).items()}


def totals(home: Path, agent: str) -> dict[str, int]:
    """Requests and tokens of a home, each counted once."""
    usage = sf.scan(agent, home=home, n_jobs=1).usage.to_frame("polars")
    sums = {name: int(usage[name].sum() or 0) for name in usage.columns if name.endswith("_tokens")}
    return {"requests": usage.height, **sums}


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of expected rows."""
    return (json.loads(line) for line in path.read_text("utf-8").splitlines() if line)
