"""Deeds of a story as Codex does them: a deed goes in, the call and its output as items come out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sessionframe.testing.codex.rollout import Payload, Version
from sessionframe.testing.story import Deed

REFUSED = {"custom_tool_call": "patch rejected by user", "function_call": "exec command rejected by user"}
INTERRUPTED = "aborted by user after {:.1f}s"


@dataclass(frozen=True, slots=True)
class Act:
    """One call.

    Attributes
    ----------
    call, output
        The item that makes it, and the one that answers it.
    told
        What `item_completed` or an older event says of it, by generation; nothing where it says nothing.
    """

    call: Payload
    output: Payload
    told: Payload | None = None


def act(deed: Deed, call_id: str, folder: str, version: Version) -> Act:
    """A deed as this version does it."""
    if deed.kind in {"edit", "write"}:
        return patch(deed, call_id, folder)
    if deed.kind == "mcp":
        return mcp(deed, call_id, version)
    if deed.kind == "plan":
        steps = [{"step": f"Read {deed.subject}", "status": "completed"}, {"step": "Change it", "status": "in_progress"}]
        return called("update_plan", {"plan": steps}, call_id, said(deed, "Plan updated"))
    return command(deed, call_id, version)


def called(name: str, arguments: dict[str, Any], call_id: str, output: Any, **other: Any) -> Act:
    """A call of a function."""
    call = {"type": "function_call", "name": name, **other, "arguments": json.dumps(arguments), "call_id": call_id}
    return Act(call, {"type": "function_call_output", "call_id": call_id, "output": output})


def said(deed: Deed, usual: str) -> str:
    """What the model reads, however the call ended."""
    endings = {
        "denied": REFUSED["function_call"],
        "interrupted": INTERRUPTED.format(deed.seconds),
        "error": f"unsupported call: {deed.subject}",
    }
    return endings.get(deed.outcome, usual)


COMMANDS = {"read": "sed -n 1,200p {}", "search": "rg -n '{}' src", "find": "rg --files -g '{}'", "fetch": "curl -s {}", "run": "{}"}


def command(deed: Deed, call_id: str, version: Version) -> Act:
    """Reading, searching and fetching are shell commands too."""
    line = COMMANDS.get(deed.kind, "{}").format(deed.subject)
    code = 1 if deed.outcome == "error" else 0
    if version.has_turns:
        head = f"Chunk ID: {call_id[-6:]}\nWall time: {deed.seconds:.4f} seconds\nProcess exited with code {code}\nOutput:\n"
        told = {"type": "CommandExecution", "id": call_id, "status": "failed" if code else "completed", "exit_code": code} | {
            "command": ["/bin/bash", "-lc", line],
            "aggregated_output": deed.output,
            "duration": duration(deed.seconds),
        }
        made = called("exec_command", {"cmd": line}, call_id, said_by_shell(deed, head))
        return Act(made.call, made.output, told if deed.outcome in {"ok", "error"} else None)
    head = f"Exit code: {code}\nWall time: {deed.seconds:.1f} seconds\nOutput:\n"
    return called("shell_command", {"command": line}, call_id, said_by_shell(deed, head))


def said_by_shell(deed: Deed, head: str) -> str:
    """A head and what the command printed, unless it was not run to its end."""
    return said(deed, head + deed.output) if deed.outcome in {"denied", "interrupted"} else head + deed.output


def patch(deed: Deed, call_id: str, folder: str) -> Act:
    """An edit as the patch that the model writes."""
    del folder
    lines = [f"*** {'Add' if deed.kind == 'write' else 'Update'} File: {deed.subject}", *(["@@"] if deed.kind == "edit" else [])]
    lines += [f"-{line}" for line in deed.before.split("\n")[:-1]] + [f"+{line}" for line in deed.after.split("\n")[:-1]]
    text = "\n".join(["*** Begin Patch", *lines, "*** End Patch"])
    call = {"type": "custom_tool_call", "status": "completed", "call_id": call_id, "name": "apply_patch", "input": text}
    done = json.dumps(
        {"output": f"Success. Updated the following files:\nM {deed.subject}\n", "metadata": {"exit_code": 0, "duration_seconds": 0.1}}
    )
    endings = {"denied": REFUSED["custom_tool_call"], "error": "apply_patch verification failed: no such lines"}
    return Act(call, {"type": "custom_tool_call_output", "call_id": call_id, "output": endings.get(deed.outcome, done)})


def mcp(deed: Deed, call_id: str, version: Version) -> Act:
    """The tool of a server: one name in older versions, two fields in newer ones."""
    server, _, tool = deed.subject.partition("__")
    failed = deed.outcome == "error"
    told = {"type": "McpToolCall", "id": call_id, "server": server, "tool": tool, "status": "failed" if failed else "completed"} | {
        "result": {"content": [{"type": "text", "text": deed.output}], "isError": failed},
        "duration": duration(deed.seconds),
    }
    if not version.writes:
        failure = f"execution error: {deed.output}"
        return called(
            f"mcp__{server}__{tool}", {"number": 7}, call_id, failure if failed else json.dumps([{"type": "text", "text": deed.output}])
        )
    output = [
        {"type": "input_text", "text": f"Wall time: {deed.seconds:.4f} seconds\nOutput:"},
        {"type": "input_text", "text": deed.output},
    ]
    made = called(tool, {"number": 7}, call_id, output, namespace=f"mcp__{server}")
    return Act(made.call, made.output, told)


def duration(seconds: float) -> dict[str, int]:
    """A duration as the program writes it."""
    return {"secs": int(seconds), "nanos": int(seconds % 1 * 1_000_000_000)}
