"""What the writers of Gemini CLI and of its fork share: deeds of a story as their tools, files that grow, and the cache of a thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from sessionframe.testing.story import Deed, Kind, Outcome
from sessionframe.testing.truth import Thread, Tokens, Truth

Record: TypeAlias = dict[str, Any]
PIECE = 1 << 20
"""Bytes held in memory before they are written."""
encode = msgspec.json.Encoder().encode

OUTCOMES: dict[Outcome, str] = {"error": "tool_errors", "denied": "denials", "interrupted": "interruptions"}
"""Where an outcome is counted."""
WORDS: dict[Outcome, str] = {"ok": "success", "error": "error", "denied": "cancelled", "interrupted": "cancelled"}
"""How the programs call an outcome."""
CANCELLED: dict[Outcome, str] = {
    "denied": "[Operation Cancelled] Reason: User denied execution.",
    "interrupted": "[Operation Cancelled] Reason: User cancelled operation.",
}

CALLS: Mapping[Kind, Callable[[Deed, str], tuple[str, Record]]] = {
    "read": lambda deed, folder: ("read_file", {"file_path": f"{folder}/{deed.subject}"}),
    "run": lambda deed, folder: ("run_shell_command", {"command": deed.subject, "description": "Run a command"}),
    "edit": lambda deed, folder: (
        "replace",
        {"file_path": f"{folder}/{deed.subject}", "old_string": deed.before, "new_string": deed.after, "instruction": "Change it"},
    ),
    "write": lambda deed, folder: ("write_file", {"file_path": f"{folder}/{deed.subject}", "content": deed.after}),
    "search": lambda deed, folder: ("grep_search", {"pattern": deed.subject, "dir_path": folder}),
    "find": lambda deed, folder: ("glob", {"pattern": deed.subject}),
    "fetch": lambda deed, folder: ("web_fetch", {"prompt": f"What does {deed.subject} say about edge cases?"}),
    "web": lambda deed, folder: ("google_web_search", {"query": deed.subject}),
    "plan": lambda deed, folder: (
        "write_todos",
        {"todos": [{"description": f"Read {deed.subject}", "status": "completed"}, {"description": "Change it", "status": "pending"}]},
    ),
    "mcp": lambda deed, folder: (deed.subject.partition("__")[2], {"repo": folder.rsplit("/", 1)[-1], "issue_number": 42}),
    "agent": lambda deed, folder: ("codebase_investigator", {"objective": deed.subject}),
    "workflow": lambda deed, folder: ("codebase_investigator", {"objective": deed.subject}),
}
"""Name and arguments of a call."""


def told(deed: Deed) -> str:
    """The text that the model gets to read."""
    if deed.outcome in CANCELLED:
        return CANCELLED[deed.outcome]
    if deed.kind == "run":
        return f"Output: {deed.output}\nExit Code: 1\n" if deed.outcome == "error" else f"Output: {deed.output}"
    done = {"edit": "Successfully modified file.", "write": "Successfully created and wrote to new file."}
    return done.get(deed.kind, deed.output) if deed.outcome == "ok" else deed.output


def response(deed: Deed, call_id: str, name: str) -> Record:
    """The part with the result of a call."""
    key = "output" if deed.outcome == "ok" else "error"
    return {"functionResponse": {"id": call_id, "name": name, "response": {key: told(deed)}}}


def shown(deed: Deed) -> str | Record:
    """What the program shows of a result: of a change, the difference."""
    if deed.outcome != "ok" or deed.kind not in {"edit", "write"}:
        return ""
    old, new = deed.before.split("\n")[:-1], deed.after.split("\n")[:-1]
    lines = "".join([f"@@ -1,{len(old)} +1,{len(new)} @@\n", *(f"-{line}\n" for line in old), *(f"+{line}\n" for line in new)])
    name = deed.subject.rsplit("/", 1)[-1]
    return {
        "fileDiff": f"--- {name}\tCurrent\n+++ {name}\tProposed\n{lines}",
        "fileName": name,
        "originalContent": deed.before,
        "newContent": deed.after,
        "diffStat": {"model_added_lines": len(new), "model_removed_lines": len(old)},
    }


class LogFile:
    """A file of JSON lines that grows.

    Parameters
    ----------
    path, truth
        Where it is, and who counts its lines and bytes.
    """

    def __init__(self, path: Path, truth: Truth) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")
        self._truth = truth
        self._lines: list[bytes] = []
        self._waiting = self._count = self._size = 0

    def add(self, record: Record) -> None:
        """A line."""
        line = encode(record)
        self._lines += (line, b"\n")
        self._waiting += len(line) + 1
        self._count += 1
        if self._waiting > PIECE:
            self._flush()

    def close(self) -> None:
        """Write what is left and count the file."""
        self._flush()
        self._file.close()
        self._truth.file(self._count, self._size)

    def _flush(self) -> None:
        self._size += self._file.write(b"".join(self._lines))
        self._lines.clear()
        self._waiting = 0


@dataclass(slots=True)
class Cache:
    """The prompt cache of a thread, which fills by itself and forgets after an hour.

    Attributes
    ----------
    context
        Tokens of the conversation so far; at first those of the system prompt and the tools.
    used_ms
        Time of the last request.
    """

    context: int
    used_ms: int | None = None

    def request(self, now_ms: int, growth: int) -> Tokens:
        """Input of the next request: whole blocks of what was there before are cached."""
        warm = self.used_ms is not None and now_ms - self.used_ms <= 3_600_000
        read = self.context // 1024 * 1024 if warm else 0
        self.context += growth
        self.used_ms = now_ms
        return Tokens(1, self.context - read, read)


def count_deed(truth: Truth, thread: Thread, deed: Deed) -> None:
    """A call, and how it ended."""
    truth.count(thread, tool_calls=1)
    if deed.outcome in OUTCOMES:
        truth.count(thread, **{OUTCOMES[deed.outcome]: 1})
