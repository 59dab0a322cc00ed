"""An agent on the disk for tests of the engine: a JSON line is a row, and some lines misbehave.

Everything is a plain function of this module, so that worker processes can be given it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sessionframe.machine import Machine
from sessionframe.providers.contract import Context, Found, Info, Lineage, Never, ParsedRow, Provider, Root, Source, Want
from sessionframe.schema import SCHEMA, TITLES, IssueRow

FOLDER = ".paper"
ROWS: dict[str, Any] = {name: schema.row for name, schema in (*SCHEMA.items(), ("titles", TITLES))}
PARENT = "PAPER_PARENT"
"""Process that must not die of a `die` line."""
TEXTS = {"messages": "content", "tool_calls": "result", "sessions": "first_prompt"}


class BrokenError(Exception):
    """What the provider raises on demand."""


def roots(machine: Machine) -> list[Root]:
    return [Root(machine.path("PAPER_HOME") or machine.home / FOLDER, "default folder")]


def discover(root: Root) -> Found:
    if (root.path / "refuse").exists():
        raise BrokenError("no listing")
    noted = [IssueRow(source=str(path), kind="unreadable", detail="not today") for path in sorted(root.path.glob("*.locked"))]
    return Found([source(path) for path in sorted(root.path.glob("*.rows"))], noted)


def source(path: Path) -> Source:
    return Source(str(path), "paper", path.stat().st_size, session_id=path.stem)


def prepare(sources: Sequence[Source]) -> str:
    if any(Path(found.path).with_suffix(".unprepared").exists() for found in sources):
        raise BrokenError("not prepared")
    return f"prepared for {len(sources)}"


def parse(source: Source, want: Want, context: Context) -> Iterator[ParsedRow]:
    with Path(source.path).open("rb") as file:
        for number, line in enumerate(file, 1):
            content = json.loads(line)
            table = content.pop("table")
            if table in {"raise", "die", "sleep"}:
                misbehave(table, content)
            elif table in want.tables or (table == "titles" and "sessions" in want.tables):
                yield row(table, {"source": source.path, "line": number, **content}, want)
            elif table == "prepared":
                yield IssueRow(source=source.path, kind="estimate", detail=str(context.prepared))
    evidence = Path(source.path).with_suffix(".lineage")
    if evidence.exists():
        yield Lineage(**json.loads(evidence.read_text("utf-8")))


def row(table: str, content: dict[str, Any], want: Want) -> ParsedRow:
    text = TEXTS.get(table)
    if text is not None and not want.content:
        content.pop(text, None)
    if table in {"sessions", "issues"}:
        content.pop("line")
    made: ParsedRow = msgspec.convert(content, ROWS[table])
    return made


def misbehave(how: str, content: dict[str, Any]) -> None:
    if how == "die" and os.environ.get(PARENT) != str(os.getpid()):
        os._exit(3)
    if how == "sleep":
        time.sleep(0.1)
    if how == "raise":
        raise BrokenError(content["message"])


PROVIDER = Provider(
    Info("paper", "Paper", "rows in files", "1", "made up", "2026-10-01", gaps={"sessions": {"compactions": Never("paper has none")}}),
    1,
    roots,
    discover,
    parse,
    prepare=prepare,
)


def write(home: Path, name: str, *rows: dict[str, Any], folder: str = FOLDER) -> Path:
    """A source; rows without a session belong to the one that is called like the file."""
    path = home / folder / f"{name}.rows"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for given in rows:
        session_id = given.get("session_id", name)
        root = session_id.partition("/")[0]
        known = {"session_id": session_id, "root_session_id": root} if given["table"] not in {"titles", "issues"} else {}
        lines.append(json.dumps({**known, **given}) + "\n")
    path.write_text("".join(lines), "utf-8")
    return path


def usage(key: str, at: int | None = 0, output: int | None = 1, **more: Any) -> dict[str, Any]:
    return {"table": "usage", "dedup_key": key, "at": at, "output_tokens": output, **more}


def message(seq: int, at: int | None = 0, **more: Any) -> dict[str, Any]:
    return {"table": "messages", "seq": seq, "at": at, "role": "user", "type": "chat", "message_id": f"m{seq}", "content": "text", **more}


def call(key: str, at: int | None = 0, **more: Any) -> dict[str, Any]:
    return {"table": "tool_calls", "dedup_key": key, "call_id": key, "at": at, "tool": "Bash", "status": "ok", "result": "text", **more}


def session(**more: Any) -> dict[str, Any]:
    return {"table": "sessions", "first_prompt": "text", **more}
