"""Deeds of a story as Claude Code's tools: deed -> name and arguments of the call, text and `toolUseResult` of the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sessionframe.testing.story import Deed, Kind

Call: TypeAlias = tuple[str, dict[str, Any]]
Content: TypeAlias = str | list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """What the record of a result says.

    Attributes
    ----------
    content
        What the model reads.
    noted
        What the program itself notes, as `toolUseResult`.
    failed
        The result is marked as an error.
    tail
        Further fields of the record.
    """

    content: Content
    noted: Any
    failed: bool = False
    tail: Mapping[str, Any] = field(default_factory=dict)


CALLS: Mapping[Kind, Callable[[Deed, str], Call]] = {
    "read": lambda deed, folder: ("Read", {"file_path": f"{folder}/{deed.subject}"}),
    "run": lambda deed, folder: ("Bash", {"command": deed.subject, "description": "Run a command"}),
    "edit": lambda deed, folder: (
        "Edit",
        {"file_path": f"{folder}/{deed.subject}", "old_string": deed.before, "new_string": deed.after, "replace_all": False},
    ),
    "write": lambda deed, folder: ("Write", {"file_path": f"{folder}/{deed.subject}", "content": deed.after}),
    "search": lambda deed, folder: ("Grep", {"pattern": deed.subject, "path": folder, "output_mode": "content"}),
    "find": lambda deed, folder: ("Glob", {"pattern": deed.subject}),
    "fetch": lambda deed, folder: ("WebFetch", {"url": deed.subject, "prompt": "What does it say about the edge cases?"}),
    "web": lambda deed, folder: ("WebSearch", {"query": deed.subject}),
    "plan": lambda deed, folder: ("TodoWrite", {"todos": todos(deed)}),
    "mcp": lambda deed, folder: (f"mcp__{deed.subject}", {"owner": "demo", "repo": folder.rsplit("/", 1)[-1], "issue_number": 42}),
    "agent": lambda deed, folder: (
        "Agent",
        {"description": deed.child[0].description, "prompt": deed.child[0].prompt, "subagent_type": deed.child[0].kind},
    ),
    "workflow": lambda deed, folder: ("Workflow", {"name": deed.subject}),
}
"""Arguments of a call."""


def todos(deed: Deed) -> list[dict[str, str]]:
    """The list of a plan."""
    return [
        {"content": f"Read {deed.subject}", "status": "completed", "activeForm": f"Reading {deed.subject}"},
        {"content": "Change it", "status": "in_progress", "activeForm": "Changing it"},
        {"content": "Run the tests", "status": "pending", "activeForm": "Running the tests"},
    ]


def read(deed: Deed, folder: str) -> Result:
    """The lines of a file, numbered for the model."""
    lines = deed.output.count("\n")
    shown = "".join(f"{number:6d}\t{line}\n" for number, line in enumerate(deed.output.split("\n")[:-1], 1))
    told = {"filePath": f"{folder}/{deed.subject}", "content": deed.output, "numLines": lines, "startLine": 1, "totalLines": lines}
    return Result(shown, {"type": "text", "file": told})


def run(deed: Deed, folder: str) -> Result:
    """The output of a command that succeeded: there is no exit code."""
    del folder
    noted = {"stdout": deed.output, "stderr": "", "interrupted": False, "isImage": False, "noOutputExpected": False}
    return Result(deed.output, noted)


def edit(deed: Deed, folder: str) -> Result:
    """An edit with its patch."""
    path = f"{folder}/{deed.subject}"
    noted: dict[str, Any] = {
        "filePath": path,
        "oldString": deed.before,
        "newString": deed.after,
        "originalFile": None,
        "structuredPatch": [patch(deed)],
        "userModified": False,
        "replaceAll": False,
    }
    return Result(f"The file {path} has been updated successfully.", noted)


def patch(deed: Deed) -> dict[str, Any]:
    """One hunk: the old lines go, the new ones come."""
    old, new = deed.before.split("\n")[:-1], deed.after.split("\n")[:-1]
    lines = [*(f"-{line}" for line in old), *(f"+{line}" for line in new)]
    return {"oldStart": 1, "oldLines": len(old), "newStart": 1, "newLines": len(new), "lines": lines}


def write(deed: Deed, folder: str) -> Result:
    """A new file."""
    path = f"{folder}/{deed.subject}"
    noted: dict[str, Any] = {"type": "create", "filePath": path, "content": deed.after, "structuredPatch": [], "originalFile": None}
    return Result(f"File created successfully at: {path}", noted)


def search(deed: Deed, folder: str) -> Result:
    """Lines found in files."""
    del folder
    noted = {"mode": "content", "numFiles": 0, "filenames": [], "content": deed.output, "numLines": deed.output.count("\n")}
    return Result(deed.output, noted)


def find(deed: Deed, folder: str) -> Result:
    """Names of files."""
    name = f"{folder}/{deed.subject}"
    return Result(name, {"filenames": [name], "durationMs": int(deed.seconds * 1000), "numFiles": 1, "truncated": False})


def fetch(deed: Deed, folder: str) -> Result:
    """A page, read by a small model."""
    del folder
    ms = int(deed.seconds * 1000)
    noted = {"bytes": 20480, "code": 200, "codeText": "OK", "result": deed.output, "durationMs": ms, "url": deed.subject}
    return Result(deed.output, noted)


def web(deed: Deed, folder: str) -> Result:
    """A search that runs as a request of its own, outside the transcript."""
    del folder
    text = f'Web search results for query: "{deed.subject}"\n\n{deed.output}'
    return Result(text, {"query": deed.subject, "results": [deed.output], "durationSeconds": round(deed.seconds, 2), "searchCount": 1})


def plan(deed: Deed, folder: str) -> Result:
    """A list of things to do."""
    del folder
    return Result("Todos have been modified successfully.", {"oldTodos": [], "newTodos": todos(deed)})


def mcp(deed: Deed, folder: str) -> Result:
    """What an MCP server sends: content blocks."""
    del folder
    blocks = [{"type": "text", "text": deed.output}]
    return Result(blocks, blocks)


RESULTS: Mapping[Kind, Callable[[Deed, str], Result]] = {
    "read": read,
    "run": run,
    "edit": edit,
    "write": write,
    "search": search,
    "find": find,
    "fetch": fetch,
    "web": web,
    "plan": plan,
    "mcp": mcp,
}
"""Results of calls that succeeded; those of sub-agents and workflows need to know their threads."""

REFUSED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, "
    "the new_string was NOT written to the file). STOP what you are doing and wait for the user to tell you how to proceed."
)


def result(deed: Deed, folder: str) -> Result:
    """The result of a deed, however it ended."""
    if deed.outcome == "ok":
        return RESULTS[deed.kind](deed, folder)
    if deed.outcome == "denied":
        return Result(REFUSED, "User rejected tool use", failed=True, tail={"toolDenialKind": "user-rejected"})
    if deed.outcome == "interrupted":
        return Result(REFUSED, "User rejected tool use", failed=True, tail={"toolDenialKind": "interrupted"})
    text = f"Exit code 1\n{deed.output}" if deed.kind == "run" else f"<tool_use_error>{deed.output}</tool_use_error>"
    return Result(text, f"Error: {text}", failed=True)
