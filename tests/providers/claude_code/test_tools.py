"""Tool calls of Claude Code: pairing, status, durations, exit codes, line counts, sub-agents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionframe.schema import ToolCallRow
from tests.providers.claude_code.transcripts import CONTENT, SESSION, Read, answer, call, prompt, reply, write


def only(home: Path, *lines: dict[str, Any]) -> ToolCallRow:
    """The single call of a transcript."""
    write(home, lines)
    (row,) = Read(home).calls
    return row


def test_a_call_is_paired_with_its_result_across_other_lines(tmp_path: Path) -> None:
    """Parallel calls: other lines lie between, and results come in any order."""
    lines = [
        reply(1, call("t1", "Read", file_path="/a.py"), uuid="a"),
        reply(2, call("t2", "Bash", command="FOO=1 /usr/bin/pytest -q"), uuid="b"),
        answer(4, "t2", "passed", uuid="c"),
        answer(9, "t1", [{"type": "text", "text": "one"}, {"type": "image"}, {"type": "text", "text": "two"}], uuid="d"),
    ]
    write(tmp_path, lines)
    calls = {row.call_id: row for row in Read(tmp_path, CONTENT).calls}
    read, run = calls["t1"], calls["t2"]
    assert (read.category, read.path, read.status, read.duration_s, read.duration_from) == ("read", "/a.py", "ok", 8.0, "timestamps")
    assert (read.result, read.output_chars) == ("one\ntwo", 7)
    assert (run.category, run.command, run.line, run.message_id, run.model) == ("run", "pytest", 2, "msg_01A", "claude-opus-5")
    assert run.arguments == '{"command": "FOO=1 /usr/bin/pytest -q"}'
    assert run.input_chars == len(run.arguments)


def test_without_content_no_text_is_kept(tmp_path: Path) -> None:
    """Lengths, not texts."""
    row = only(tmp_path, reply(1, call(command="ls")), answer(2))
    assert (row.arguments, row.result, row.output_chars) == (None, None, 2)


def test_only_commands_have_an_exit_code(tmp_path: Path) -> None:
    """What another tool shows may begin like one."""
    row = only(tmp_path, reply(1, call(name="Read", file_path="/log")), answer(2, content="Exit code 2\n", error=False))
    assert (row.category, row.exit_code) == ("read", None)


@pytest.mark.parametrize(
    "text, more, status, code",
    [
        ("Exit code 2\nno such file", {}, "error", 2),
        ("Error: Exit code 1\n", {}, "error", 1),
        ("InputValidationError: bad", {}, "error", None),
        ("The user doesn't want to proceed with this tool use.", {}, "denied", None),
        ("no", {"toolUseResult": "User rejected tool use"}, "denied", None),
        ("Permission to use Bash with command rm has been denied.", {}, "denied", None),
        ("no", {"toolDenialKind": "permission-rule"}, "denied", None),
        ("no", {"toolDenialKind": "interrupted"}, "interrupted", None),
        ("[Request interrupted by user for tool use]", {}, "interrupted", None),
    ],
)
def test_how_a_failed_call_ended(tmp_path: Path, text: str, more: dict[str, Any], status: str, code: int | None) -> None:
    """Errors, denials (new field and old sentences) and interruptions are told apart."""
    row = only(tmp_path, reply(1, call(command="x")), answer(2, content=text, error=True, **more))
    assert (row.status, row.exit_code) == (status, code)


def test_a_saved_oversize_result_is_a_success(tmp_path: Path) -> None:
    """It begins like an error, but `is_error` is absent."""
    row = only(
        tmp_path,
        reply(1, call(name="mcp__github__list_issues")),
        answer(2, content="Error: result (60,000 characters) … Output has been saved to x"),
    )
    assert (row.status, row.category, row.mcp_server) == ("ok", "mcp", "github")


def test_a_call_without_result_is_pending_and_a_result_without_call_waits(tmp_path: Path) -> None:
    """The other half may be in another file."""
    write(tmp_path, [reply(1, call("t1")), answer(2, "t9")])
    calls = {row.call_id: row for row in Read(tmp_path).calls}
    assert (calls["t1"].status, calls["t1"].ended_at) == ("pending", None)
    assert (calls["t9"].tool, calls["t9"].status) == (None, "ok")


def test_a_call_repeated_by_the_stream_counts_once(tmp_path: Path) -> None:
    """Also when the repetition comes after the result."""
    write(tmp_path, [reply(1, call()), reply(2, call()), answer(3), reply(4, call()), answer(5)])
    assert len(Read(tmp_path).calls) == 1


@pytest.mark.parametrize(
    "noted, seconds",
    [({"durationMs": 1500}, 1.5), ({"durationSeconds": 2.25}, 2.25), ({"totalDurationMs": 60000}, 60.0)],
)
def test_a_reported_duration_beats_the_timestamps(tmp_path: Path, noted: dict[str, float], seconds: float) -> None:
    """Timestamps include waiting for permission."""
    row = only(tmp_path, reply(1, call(name="WebFetch")), answer(9, toolUseResult=noted))
    assert (row.duration_s, row.duration_from) == (seconds, "reported")


@pytest.mark.parametrize(
    "noted, added, removed",
    [
        ({"structuredPatch": [{"lines": [" a", "-b", "+c", "+d"]}, {"lines": ["-e"]}]}, 2, 2),
        ({"type": "create", "content": "one\ntwo\n", "structuredPatch": []}, 2, 0),
        ({"type": "create", "content": "one\ntwo", "structuredPatch": []}, 2, 0),
        ({"type": "create", "content": "", "structuredPatch": []}, 0, 0),
        ({"type": "update", "content": "x", "structuredPatch": [{"lines": ["+x"]}]}, 1, 0),
        ({"stdout": "x"}, None, None),
        ("text", None, None),
        ([{"type": "text"}], None, None),
    ],
)
def test_lines_come_from_the_recorded_patch(tmp_path: Path, noted: Any, added: int | None, removed: int | None) -> None:
    """Unknown is null, never 0."""
    row = only(tmp_path, reply(1, call(name="Edit", file_path="/a")), answer(2, toolUseResult=noted))
    assert (row.lines_added, row.lines_removed) == (added, removed)


def test_a_finished_sub_agent_is_linked(tmp_path: Path) -> None:
    """The result names the agent whose file holds the thread."""
    row = only(tmp_path, reply(1, call(name="Task")), answer(2, toolUseResult={"status": "completed", "agentId": "ab12"}))
    assert (row.category, row.child_session_id) == ("agent", f"{SESSION}/ab12")


def test_a_sub_agent_names_the_call_that_started_it(tmp_path: Path) -> None:
    """The sidecar of its file does; a nested one also names its parent."""
    path = write(tmp_path, [prompt(1, agentId="a2", isSidechain=True)], f"{SESSION}/subagents/agent-a2.jsonl")
    path.with_name("agent-a2.meta.json").write_text(
        '{"agentType": "Explore", "toolUseId": "toolu_7", "parentAgentId": "a1", "spawnDepth": 2}'
    )
    (row,) = Read(tmp_path).sessions
    assert (row.session_id, row.root_session_id, row.parent_session_id) == (f"{SESSION}/a2", SESSION, f"{SESSION}/a1")
    assert (row.kind, row.subagent_type, row.spawn_call_id) == ("subagent", "Explore", "toolu_7")


@pytest.mark.parametrize(
    "content, status", [([{"type": "web_search_result", "title": "x"}], "ok"), ({"error_code": "max_uses_exceeded"}, "error")]
)
def test_a_tool_of_the_vendor_answers_in_the_same_response(tmp_path: Path, content: Any, status: str) -> None:
    """Call and result are blocks of the assistant's lines."""
    use = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": content}
    row = only(tmp_path, reply(1, use), reply(3, found, uuid="b"))
    assert (row.tool, row.category, row.status, row.duration_s) == ("web_search", "web", status, 2.0)
