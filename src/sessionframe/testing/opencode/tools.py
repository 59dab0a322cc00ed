"""Deeds of a story as OpenCode's tools: deed -> name and arguments of the call, and the state in which it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sessionframe.testing.story import Deed, Kind

Call: TypeAlias = tuple[str, dict[str, Any]]

CALLS: Mapping[Kind, Callable[[Deed, str], Call]] = {
    "read": lambda deed, folder: ("read", {"filePath": f"{folder}/{deed.subject}"}),
    "run": lambda deed, folder: ("bash", {"command": deed.subject, "description": "Run a command"}),
    "edit": lambda deed, folder: (
        "edit",
        {"filePath": f"{folder}/{deed.subject}", "oldString": deed.before, "newString": deed.after},
    ),
    "write": lambda deed, folder: ("write", {"filePath": f"{folder}/{deed.subject}", "content": deed.after}),
    "search": lambda deed, folder: ("grep", {"pattern": deed.subject, "path": folder}),
    "find": lambda deed, folder: ("glob", {"pattern": deed.subject}),
    "fetch": lambda deed, folder: ("webfetch", {"url": deed.subject, "format": "markdown"}),
    "web": lambda deed, folder: ("websearch", {"query": deed.subject}),
    "plan": lambda deed, folder: ("todowrite", {"todos": [{"content": "Round once", "status": "pending", "id": "1"}]}),
    "mcp": lambda deed, folder: (deed.subject.replace("__", "_"), {"owner": "demo", "issue_number": 42}),
    "agent": lambda deed, folder: (
        "task",
        {"description": deed.subject, "prompt": deed.child[0].prompt, "subagent_type": deed.child[0].kind},
    ),
    "workflow": lambda deed, folder: ("task", {"description": deed.subject, "prompt": deed.child[0].prompt, "subagent_type": "general"}),
}

ERRORS = {
    "error": "Error: {output}",
    "denied": "The user rejected permission to use this specific tool call.",
    "interrupted": "Tool execution aborted",
}
"""Text of the error by outcome."""


def part(deed: Deed, folder: str, call_id: str, times: tuple[int, int], metadata: dict[str, Any]) -> dict[str, Any]:
    """The part of a call that has ended."""
    name, arguments = CALLS[deed.kind](deed, folder)
    state: dict[str, Any] = {"status": "completed" if deed.outcome == "ok" else "error", "input": arguments}
    if deed.outcome == "ok":
        state |= {"output": deed.output or "ok", "title": deed.subject, "metadata": noted(deed) | metadata}
    else:
        state["error"] = ERRORS[deed.outcome].format(output=deed.output)
        if deed.outcome == "interrupted":
            state["metadata"] = {"interrupted": True}
    state["time"] = {"start": times[0], "end": times[1]}
    return {"type": "tool", "callID": call_id, "tool": name, "state": state}


def noted(deed: Deed) -> dict[str, Any]:
    """What a tool notes beside its output."""
    if deed.kind == "run":
        return {"exit": 0, "output": deed.output[:2000], "description": "Run a command", "truncated": False}
    if deed.kind == "edit":
        added, removed = (text.count("\n") + 1 for text in (deed.after, deed.before))
        return {"filediff": {"file": deed.subject, "additions": added, "deletions": removed}, "diagnostics": {}}
    if deed.kind == "write":
        return {"filepath": deed.subject, "exists": False, "diagnostics": {}}
    return {"truncated": False}
