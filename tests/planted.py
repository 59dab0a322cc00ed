"""The miniature homes of all agents with other words in them: what was said becomes a canary, names become what browsers might run."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from tests.contract.samples import Sample

CANARY = "Zqcanary4711"
"""Stands in every text that was said, and nowhere else."""
RAN = "ran-in-a-browser"
FAR = "far.example.invalid"
HOSTILE = (
    f"'\"><script>document.title='{RAN}'</script><img src=http://{FAR}/i onerror=\"document.title='{RAN}'\">"
    f"<svg onload=\"document.title='{RAN}'\"></td></table></pre></div><iframe src='javascript:parent.document.title=1'>"
    f"[x](javascript:alert(1)) ![y](http://{FAR}/m) $$\\href{{javascript:alert(1)}}{{z}}$$ \x1b]0;{RAN}\x07\x1b[31m\x9b2J\u202e"
)
"""HTML, Markdown, TeX and sequences that steer a terminal, behind every name."""
NAMES = frozenset(
    {
        "agentName", "agentType", "agent_nickname", "agent_role", "aiTitle", "branch", "cli_version", "customTitle", "cwd", "directory",
        "entrypoint", "filePath", "file_path", "gitBranch", "model", "name", "originator", "path", "projectPath", "service_tier", "slug",
        "speed", "subagent", "subagent_type", "thread_name", "title", "tool", "tool_name", "version", "worktree",
    }
)  # fmt: skip
"""Fields whose values are shown as columns, with text or without."""
SAID = frozenset(
    {
        "", "activeForm", "aggregated_output", "arguments", "codeText", "command", "content", "data", "description", "display", "error",
        "fileDiff", "firstPrompt", "fullOutput", "header", "info", "input", "instructions", "label", "lastPrompt", "last_agent_message",
        "message", "newContent", "newString", "new_source", "new_string", "note", "objective", "oldString", "old_string",
        "originalContent", "originalFile", "originalFileContents", "output", "pattern", "plan", "prompt", "query", "question",
        "rawCommand", "result", "resultDisplay", "results", "revised_prompt", "stderr", "stdout", "subject", "text", "thinking",
        "toolUseResult", "unified_diff", "url",
    }
)  # fmt: skip
"""Fields that hold what was said, in and out of tools."""


def planted(sample: Sample, target: Path) -> Path:
    """A copy of a miniature home with the canary in all that was said and hostile names."""
    shutil.copytree(sample.home, target, symlinks=True)
    for path in sorted(target.rglob("*")):
        if path.is_file() and not path.is_symlink():
            plant(path)
    return target


def plant(path: Path) -> None:
    """Change the words of one file; its time stays, which some agents' records take over."""
    if path.suffix in {".db", ".sqlite"}:
        with contextlib.suppress(sqlite3.DatabaseError, UnicodeError):
            plant_database(path)
    elif path.suffix == ".zst":
        with contextlib.suppress(zstd.ZstdError):
            path.write_bytes(zstd.compress(in_lines(zstd.decompress(path.read_bytes()))))
    elif path.suffix == ".jsonl":
        path.write_bytes(in_lines(path.read_bytes()))
    elif path.suffix == ".json":
        with contextlib.suppress(ValueError, RecursionError):
            path.write_text(json.dumps(other(json.loads(path.read_bytes()), ""), indent=2), "utf-8")


def in_lines(content: bytes) -> bytes:
    """JSON lines with other words; a line that is no JSON has the canary at its end."""
    return b"\n".join(in_line(line) for line in content.split(b"\n"))


def in_line(line: bytes) -> bytes:
    try:
        return json.dumps(other(json.loads(line), "-")).encode()
    except (ValueError, RecursionError):
        return line and line + CANARY.encode()


def other(value: Any, key: str) -> Any:
    """A value of JSON with other words, at any depth."""
    if isinstance(value, dict):
        return {name: other(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [other(each, key) for each in value]
    return words(value, key) if isinstance(value, str) else value


def words(value: str, key: str) -> str:
    """A text with other words; JSON within it stays JSON."""
    if key in NAMES:
        return value + HOSTILE if value else value
    if key not in SAID:
        return value
    if value[:1] in {"{", "["}:
        with contextlib.suppress(ValueError, RecursionError):
            return json.dumps(other(json.loads(value), ""))
    return f"{value} {CANARY} {HOSTILE}"


def plant_database(path: Path) -> None:
    """Change the words of a database, in place."""
    with closing(sqlite3.connect(path)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            plant_table(database, table)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def plant_table(database: sqlite3.Connection, table: str) -> None:
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    for number, *cells in database.execute(f"SELECT rowid, * FROM {table}").fetchall():  # noqa: S608 - our own table
        for column, cell in zip(columns, cells, strict=True):
            if isinstance(cell, str) and (new := in_cell(cell, column)) != cell:
                database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (new, number))  # noqa: S608


def in_cell(cell: str, column: str) -> str:
    if cell[:1] in {"{", "["}:
        with contextlib.suppress(ValueError, RecursionError):
            return json.dumps(other(json.loads(cell), column))
    return words(cell, column)
