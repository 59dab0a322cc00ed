"""Calls of a rollout with their outputs and the events that tell more of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionframe.schema import ToolCallRow
from tests.providers.codex.rollouts import Read, event, item, meta, turn, uuid7, write


def calls(tmp_path: Path, *lines: dict[str, Any], version: str = "0.135.0") -> list[ToolCallRow]:
    write(tmp_path, [meta(version=version), turn(), *lines])
    return Read(tmp_path).calls


def call(second: float, name: str, arguments: str = "{}", call_id: str = "c1", **other: Any) -> dict[str, Any]:
    return item(second, "function_call", name=name, arguments=arguments, call_id=call_id, **other)


def output(second: float, value: Any, call_id: str = "c1") -> dict[str, Any]:
    return item(second, "function_call_output", call_id=call_id, output=value)


def completed(second: float, **fields: Any) -> dict[str, Any]:
    return event(second, "item_completed", item={"id": "c1", **fields})


@pytest.mark.parametrize(
    "said, status, code",
    [
        ("Process exited with code 0\nOutput:\n", "ok", 0),
        ("Exit code: 3\nOutput:\n", "error", 3),
        ("aborted by user after 1.9s", "interrupted", None),
        ("exec command rejected by user", "denied", None),
        ("unsupported call: x", "error", None),
        ("Plan updated", "ok", None),
        (None, "ok", None),
    ],
)
def test_how_a_call_ended(tmp_path: Path, said: str | None, status: str, code: int | None) -> None:
    (row,) = calls(tmp_path, call(2, "exec_command"), output(3, said))
    assert (row.status, row.exit_code) == (status, code)


def test_an_unanswered_call_is_pending_and_a_lone_answer_is_marked(tmp_path: Path) -> None:
    pending, lone = sorted(calls(tmp_path, call(2, "exec_command"), output(3, "x", "other")), key=lambda row: row.status != "pending")
    assert (pending.call_id, pending.status) == ("c1", "pending")
    assert (lone.call_id, lone.tool, lone.at, lone.message_id) == ("other", None, None, None)


@pytest.mark.parametrize("late", [False, True], ids=["before the output", "after it"])
def test_an_event_tells_more_whenever_it_comes(tmp_path: Path, *, late: bool) -> None:
    """`CommandExecution` can follow the next turn's first line."""
    done = completed(3, type="CommandExecution", status="failed", exit_code=4, duration={"secs": 0, "nanos": 9})
    lines = [output(3, "Wall time: 2.5 seconds\nProcess running with session ID 1\nOutput:\n"), done]
    (row,) = calls(tmp_path, call(2, "exec_command"), *(lines if late else reversed(lines)))
    assert (row.status, row.exit_code) == ("error", 4)


def test_a_killed_command_has_no_exit_code(tmp_path: Path) -> None:
    (row,) = calls(tmp_path, call(2, "exec_command"), completed(3, type="CommandExecution", status="failed", exit_code=-1), output(4, "x"))
    assert (row.status, row.exit_code) == ("error", None)


@pytest.mark.parametrize(
    "version, said, event_seconds, expected",
    [
        ("0.135.0", "Wall time: 2.5 seconds\nOutput:\n", None, (2.5, "reported")),
        ("0.135.0", "x", {"secs": 1, "nanos": 500_000_000}, (1.5, "reported")),
        ("0.135.0", "x", None, (1.0, "timestamps")),
        ("0.63.0", "x", None, (None, None)),
        ("0.50.0", '{"output":"","metadata":{"exit_code":0,"duration_seconds":0.4}}', None, (0.4, "reported")),
    ],
)
def test_how_long_a_call_took(
    tmp_path: Path, version: str, said: str, event_seconds: Any, expected: tuple[float | None, str | None]
) -> None:
    """Versions to 0.63 write a call and its output at once, so their times say nothing."""
    told = [event(3, "exec_command_end", call_id="c1", exit_code=0, duration=event_seconds)] if event_seconds else []
    (row,) = calls(tmp_path, call(2, "exec_command"), *told, output(3, said), version=version)
    assert (row.duration_s, row.duration_from) == expected


@pytest.mark.parametrize(
    "name, namespace, tool, category, server",
    [
        ("mcp__github__get_issue", None, "mcp__github__get_issue", "mcp", "github"),
        ("get_issue", "mcp__github", "mcp__github__get_issue", "mcp", "github"),
        ("spawn_agent", "multi_agent_v1", "spawn_agent", "agent", None),
        ("shell_command", None, "shell_command", "run", None),
        ("update_plan", None, "update_plan", "plan", None),
        ("something_new", None, "something_new", "other", None),
    ],
)
def test_names_of_tools(tmp_path: Path, *, name: str, namespace: str | None, tool: str, category: str, server: str | None) -> None:
    (row,) = calls(tmp_path, call(2, name, namespace=namespace))
    assert (row.tool, row.category, row.mcp_server) == (tool, category, server)


@pytest.mark.parametrize(
    "result, status",
    [
        ({"Ok": {"isError": False}}, "ok"),
        ({"Ok": {"isError": True}}, "error"),
        ({"Err": "timed out"}, "error"),
        ({"isError": True}, "error"),
    ],
)
def test_how_a_call_of_an_mcp_server_ended(tmp_path: Path, result: dict[str, Any], status: str) -> None:
    told = event(3, "mcp_tool_call_end", call_id="c1", invocation={"server": "github", "tool": "x"}, result=result)
    (row,) = calls(tmp_path, call(2, "x", namespace="mcp__github"), told, output(4, [{"type": "input_text", "text": "answer"}]))
    assert (row.status, row.mcp_server, row.result) == (status, "github", "answer")


PATCH = "*** Begin Patch\n*** Update File: a.py\n@@\n-old\n+new\n+more\n*** End Patch"


def test_a_patch_tells_its_file_and_lines(tmp_path: Path) -> None:
    lines = [
        item(2, "custom_tool_call", name="apply_patch", input=PATCH, call_id="c1"),
        item(3, "custom_tool_call_output", call_id="c1", output="Done"),
    ]
    (row,) = calls(tmp_path, *lines)
    assert (row.category, row.path, row.lines_added, row.lines_removed, row.input_chars) == ("edit", "a.py", 2, 1, len(PATCH))


def test_a_patch_within_a_command_is_an_edit_too(tmp_path: Path) -> None:
    """Codex catches such commands; what it noted itself is exact."""
    changes = {
        "/w/b.py": {"type": "delete", "content": "x\ny\n"},
        "/w/a.py": {"type": "update", "unified_diff": "--- a\n+++ b\n-o\n+n\n+m\n"},
    }
    told = event(3, "patch_apply_end", call_id="c1", success=True, changes=changes)
    (row,) = calls(
        tmp_path,
        call(2, "exec_command", '{"cmd":"apply_patch <<X\\n*** Begin Patch\\n*** End Patch\\nX"}'),
        told,
        output(4, "Exit code: 0\nOutput:\n"),
    )
    assert (row.category, row.command, row.path, row.lines_added, row.lines_removed) == ("edit", "apply_patch", "/w/b.py", 2, 3)


@pytest.mark.parametrize("ended", [{"success": False}, {"success": None, "status": "declined"}])
def test_a_patch_that_failed_changed_nothing(tmp_path: Path, ended: dict[str, Any]) -> None:
    told = event(3, "patch_apply_end", call_id="c1", changes={"a.py": {"type": "add", "content": "x\n"}}, **ended)
    lines = [item(2, "custom_tool_call", name="apply_patch", input=PATCH, call_id="c1"), told, output(4, "failed")]
    (row,) = calls(tmp_path, *lines)
    assert (row.status in {"error", "denied"}, row.lines_added, row.lines_removed) == (True, None, None)


def test_the_thread_that_a_call_started(tmp_path: Path) -> None:
    """From the output, or in newer versions from an event only."""
    child = uuid7(9, 9)
    (row,) = calls(tmp_path, call(2, "spawn_agent"), output(3, f'{{"agent_id":"{child}","nickname":"Hopper"}}'))
    assert row.child_session_id == child
    told = completed(3, type="CollabAgentToolCall", tool="spawn_agent", status="completed", receiver_thread_ids=[child])
    (row,) = calls(tmp_path, call(2, "spawn_agent"), told, output(3, '{"task_name":"/root/x"}'))
    assert row.child_session_id == child
    (row,) = calls(tmp_path, call(2, "spawn_agent"), completed(3, type="SubAgentActivity", agent_thread_id=child), output(3, "x"))
    assert row.child_session_id == child


def test_one_id_twice_is_two_calls(tmp_path: Path) -> None:
    """Servers that number their calls begin again when a session is resumed."""
    rows = calls(tmp_path, call(2, "a"), output(3, "x"), output(3, "again"), call(4, "b"), output(5, "y"))
    assert [(row.tool, row.result) for row in rows] == [("a", "x"), ("b", "y")]
    assert len({row.dedup_key for row in rows}) == 2


def test_many_calls_are_given_out_as_they_end(tmp_path: Path) -> None:
    """Only some wait for a late event."""
    lines = [each for n in range(200) for each in (call(n, "a", call_id=f"c{n}"), output(n + 0.5, "x", f"c{n}"))]
    assert [row.call_id for row in calls(tmp_path, *lines)] == [f"c{n}" for n in range(200)]


def test_what_the_vendor_runs_has_no_output(tmp_path: Path) -> None:
    lines = [
        item(2, "web_search_call", id="ws_1", status="completed", action={"type": "search", "query": "x"}),
        item(3, "web_search_call", status="failed"),
        item(4, "image_generation_call", id="ig_1", status="completed", result="iVBOR"),
        item(5, "web_search_call", id="ws_2"),
    ]
    assert [(row.tool, row.status, row.call_id, row.arguments) for row in calls(tmp_path, *lines)] == [
        ("web_search", "ok", "ws_1", "x"),
        ("web_search", "error", None, None),
        ("image_generation", "ok", "ig_1", None),
        ("web_search", "pending", "ws_2", None),
    ]
    assert [row.ended_at is None for row in calls(tmp_path, *lines)] == [False, False, False, True]


@pytest.mark.parametrize("odd", [{"changes": [1]}, {"changes": {"a": 1}}, {"result": {"Ok": 7}}, {"duration": {}}, {"exit_code": "x"}])
def test_events_of_another_shape_change_nothing(tmp_path: Path, odd: dict[str, Any]) -> None:
    (row,) = calls(tmp_path, call(2, "exec_command"), event(3, "exec_command_end", call_id="c1", **odd), output(4, "x"))
    assert row.status == "ok"
