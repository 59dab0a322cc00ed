"""Messages and session facts of Claude Code: who speaks, what is a prompt, titles, places, the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionframe.schema import SessionRow
from tests.providers.claude_code.transcripts import CONTENT, SESSION, Read, answer, call, line, prompt, reply, write


@pytest.mark.parametrize(
    "text",
    [
        "[Request interrupted by user]",
        "<task-notification><status>completed</status></task-notification>",
        "<command-name>/compact</command-name>",
        "<local-command-stdout>x</local-command-stdout>",
        "<bash-input>ls</bash-input>",
        "<system-reminder>x</system-reminder>",
        '<teammate-message teammate_id="x">hi</teammate-message>',
        "<ide_opened_file>x</ide_opened_file>",
        "[SYSTEM NOTIFICATION - x]",
        "Stop hook feedback:\nx",
        "Base directory for this skill: /x",
        "\n  <system-reminder>x</system-reminder>",
    ],
)
def test_injected_text_is_no_prompt(tmp_path: Path, text: str) -> None:
    """The user is not always the user."""
    write(tmp_path, [prompt(1, text), prompt(2, [{"type": "text", "text": text}])])
    assert [row.is_human for row in Read(tmp_path).messages] == [False, False]


def test_an_interruption_is_no_prompt_whoever_is_said_to_have_typed_it(tmp_path: Path) -> None:
    """The program writes it in the user's name."""
    write(tmp_path, [prompt(1, "[Request interrupted by user]", promptSource="typed", origin={"kind": "human"})])
    assert [row.is_human for row in Read(tmp_path).messages] == [False]


@pytest.mark.parametrize(
    "fields, human",
    [
        ({}, True),
        ({"isMeta": True}, False),
        ({"isCompactSummary": True}, False),
        ({"origin": {"kind": "human"}}, True),
        ({"origin": {"kind": "coordinator"}}, False),
        ({"origin": {"kind": "unclassified"}}, True),
        ({"origin": "odd"}, True),
        ({"turnOrigin": "scheduled"}, False),
        ({"turnOrigin": "sdk"}, True),
        ({"promptSource": "typed"}, True),
        ({"promptSource": "system"}, False),
        ({"isSidechain": True}, False),
    ],
)
def test_who_gave_a_prompt(tmp_path: Path, fields: dict[str, Any], human: bool) -> None:
    """New fields say so, older ones hint at it; a side chain's order comes from the parent."""
    write(tmp_path, [prompt(1, "fix the test", **fields)])
    (row,) = Read(tmp_path).messages
    assert row.is_human is human


def test_a_prompt_typed_while_the_model_worked_is_often_only_an_attachment(tmp_path: Path) -> None:
    """It counts unless its user line exists too."""
    queued = {"type": "queued_command", "prompt": "also lint", "commandMode": "prompt"}
    lines = [
        prompt(1, uuid="p1"),
        line("attachment", 2, attachment=queued),
        line("attachment", 3, attachment={**queued, "source_uuid": "p1"}),
        line("attachment", 4, attachment={**queued, "commandMode": "task-notification"}),
        line("attachment", 5, attachment={"type": "hook_success", "stdout": "x"}),
    ]
    write(tmp_path, lines)
    rows = Read(tmp_path, CONTENT).messages
    assert [row.is_human for row in rows] == [True, True, False, False, False]
    assert rows[1].content == "also lint"


def test_the_parts_of_a_conversation(tmp_path: Path) -> None:
    """One row per content part, in the order of the file, with role, type and length."""
    lines = [
        {"type": "file-history-snapshot", "messageId": "x", "snapshot": {}, "isSnapshotUpdate": False},
        prompt(1),
        reply(2, {"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "I look"}, call(command="ls")),
        answer(3, content="a.py"),
        line("system", 4, subtype="compact_boundary", content="Conversation compacted"),
        prompt(5, "Summary: …", isCompactSummary=True),
        line("system", 6, subtype="microcompact_boundary", content="cleared"),
        line("progress", 7, data={"type": "bash_progress"}),
    ]
    write(tmp_path, lines)
    rows = Read(tmp_path).messages
    assert [(row.seq, row.role, row.type, row.content_chars) for row in rows] == [
        (0, "system", "snapshot", None),
        (1, "user", "chat", 12),
        (2, "assistant", "thinking", 2),
        (3, "assistant", "chat", 6),
        (4, "assistant", "tool-use", 17),
        (5, "tool", "tool-result", 4),
        (6, "system", "summary", 22),
        (7, "user", "summary", 10),
        (8, "system", "chat", 7),
        (9, "system", "progress", None),
    ]
    assert {row.message_id for row in rows[2:5]} == {"msg_01A"}
    assert all(row.content is None for row in rows)
    assert rows[4].call_id == rows[5].call_id == "toolu_1"


def test_a_part_keeps_its_key_when_a_fork_rewrites_the_record_ids(tmp_path: Path) -> None:
    """The SDK's fork remaps every uuid; responses and results keep their own ids."""

    def conversation(suffix: str) -> list[dict[str, Any]]:
        return [
            prompt(1, uuid=f"a{suffix}"),
            reply(2, {"type": "text", "text": "x"}, call(), uuid=f"b{suffix}"),
            answer(3, uuid=f"c{suffix}"),
        ]

    write(tmp_path, conversation("1"))
    write(tmp_path, conversation("2"), "22222222-2222-4222-8222-222222222222.jsonl")
    rows = Read(tmp_path).messages
    assert [row.dedup_key for row in rows[1:4]] == [row.dedup_key for row in rows[5:8]]
    assert rows[0].dedup_key != rows[4].dedup_key


def session(home: Path, *lines: dict[str, Any]) -> SessionRow:
    """The single session of a transcript, with text."""
    write(home, lines)
    (row,) = Read(home, CONTENT).sessions
    return row


def test_titles_by_precedence(tmp_path: Path) -> None:
    """Custom beats generated beats last prompt beats first prompt; of one kind the last line wins."""
    first = prompt(1, "fix the flaky test")
    last = {"type": "last-prompt", "lastPrompt": "and lint", "leafUuid": "x", "sessionId": SESSION}
    made = {"type": "ai-title", "aiTitle": "Flaky test", "sessionId": SESSION}
    given = {"type": "custom-title", "customTitle": "flaky", "sessionId": SESSION}
    assert session(tmp_path, first).title == "fix the flaky test"
    assert session(tmp_path, last, first).title == "and lint"
    assert session(tmp_path, {**made, "aiTitle": "old"}, made, last, first).title == "Flaky test"
    assert session(tmp_path, given, made, first).title == "flaky"
    assert session(tmp_path, {**given, "customTitle": "old"}, given).title == "flaky"


def test_titles_that_quote_a_prompt_need_content(tmp_path: Path) -> None:
    """No text of a conversation by default."""
    write(tmp_path, [prompt(1), {"type": "last-prompt", "lastPrompt": "and lint"}])
    (row,) = Read(tmp_path).sessions
    assert (row.title, row.first_prompt) == (None, None)


def test_the_first_prompt_has_at_most_200_characters(tmp_path: Path) -> None:
    """And skips injected text."""
    row = session(tmp_path, prompt(1, "<command-name>/init</command-name>"), prompt(2, "x" * 300))
    assert row.first_prompt == "x" * 200


def test_the_ledger_is_read_run_by_run(tmp_path: Path) -> None:
    """Totals grow within a run; a run whose total is lower started at zero and adds to the one before."""

    def state(start: int, cost: float) -> dict[str, Any]:
        return {"type": "cost-state", "sessionId": SESSION, "startTime": start, "totalCostUSD": cost}

    assert session(tmp_path, prompt(1), state(1, 0.1), state(1, 0.5)).recorded_cost_usd == 0.5
    assert session(tmp_path, prompt(1), state(1, 0.5), state(2, 0.75)).recorded_cost_usd == 0.75
    assert session(tmp_path, prompt(1), state(1, 0.5), state(2, 0.25)).recorded_cost_usd == 0.75
    assert session(tmp_path, prompt(1), state(1, 0.0)).recorded_cost_usd == 0.0
    assert session(tmp_path, prompt(1), state(1, -0.1)).recorded_cost_usd is None
    assert session(tmp_path, prompt(1)).recorded_cost_usd is None


def test_session_facts(tmp_path: Path) -> None:
    """Times are the smallest and largest, project and branch the first, version the last."""
    lines = [
        prompt(30, version="2.1.270", entrypoint="cli"),
        reply(10, cwd="/home/demo/code/shop/.claude/worktrees/fix", gitBranch="fix"),
        prompt(40, uuid="z", version="2.1.271"),
    ]
    row = session(tmp_path, *lines)
    assert row.started_at is not None
    assert row.ended_at == row.started_at + 30_000_000
    assert (row.project, row.git_branch, row.agent_version, row.entrypoint) == ("/home/demo/code/shop", "main", "2.1.271", "cli")
    assert (row.kind, row.session_id, row.root_session_id) == ("main", SESSION, SESSION)
    assert [message.repo_root for message in Read(tmp_path).messages] == ["/home/demo/code/shop"] * 3


def test_side_chains_inside_a_file_are_threads_of_their_own(tmp_path: Path) -> None:
    """1.0.x wrote them inline, without an agent."""
    write(tmp_path, [prompt(1), prompt(2, "explore", isSidechain=True, uuid="s"), reply(3, isSidechain=True)])
    read = Read(tmp_path)
    assert [(row.session_id, row.kind) for row in read.sessions] == [(SESSION, "main"), (f"{SESSION}/sidechain", "subagent")]
    assert read.usage[0].session_id == f"{SESSION}/sidechain"


def test_unknown_records_are_counted_and_change_nothing(tmp_path: Path) -> None:
    """One issue per type, with the first line and the number."""
    write(tmp_path, [prompt(1), {"type": "brand-new", "x": 1}, {"type": "brand-new"}, {"type": "mode", "mode": "normal"}])
    read = Read(tmp_path)
    assert [(issue.kind, issue.detail, issue.line, issue.count) for issue in read.issues] == [
        ("unknown-record", "record type 'brand-new'", 2, 2)
    ]
    assert len(read.messages) == 1
