"""Gemini CLI, one test per rule: each fails without it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import sessionframe as sf
from sessionframe.engine.session_api import SessionApi
from sessionframe.machine import Machine, Platform
from sessionframe.providers.contract import Want
from sessionframe.providers.gemini import PROVIDER
from sessionframe.providers.gemini.locations import discover, identity, retention, roots
from tests.providers.gemini.recordings import (
    CONTENT,
    FULL,
    LIGHT,
    SESSION,
    Read,
    at,
    call,
    chats,
    document,
    log,
    prompt,
    reply,
    tokens,
    uid,
)


@pytest.fixture(params=[LIGHT, FULL], ids=["usage alone", "all tables"])
def want(request: pytest.FixtureRequest) -> Want:
    return request.param


# requests


def test_a_message_that_is_written_again_is_one_request(tmp_path: Path, want: Want) -> None:
    log(tmp_path, prompt(1), reply(2), reply(2, toolCalls=[call("c")]), {"$set": {"messages": [prompt(1), reply(2)]}})
    (row,) = Read(tmp_path, want).usage
    assert (row.line, row.message_id, row.dedup_key, row.is_final) == (3, uid(2), uid(2), True)


@pytest.mark.parametrize("first", [[prompt(1), reply(2)], [{"$set": {"messages": [prompt(1), reply(2)]}}]], ids=["alone", "in a change"])
def test_a_recording_whose_first_line_is_lost_belongs_where_a_later_one_says(tmp_path: Path, want: Want, first: list[Any]) -> None:
    """A resumed session states its head again."""
    path = log(tmp_path, *first, {"sessionId": SESSION, "projectHash": "x", "startTime": at(1)})
    path.write_text(path.read_text("utf-8").partition("\n")[2], "utf-8")
    read = Read(tmp_path, want)
    assert {row.session_id for rows in (read.usage, read.messages, read.sessions) for row in rows} == {SESSION}


def test_the_context_behind_the_first_reply_names_no_project(tmp_path: Path, want: Want) -> None:
    """By then rows were given out, and usage alone must not say otherwise."""
    context = "<session_context>\n- **Workspace Directories:**\n  - /home/demo/code/shop\n</session_context>"
    log(tmp_path, {"sessionId": SESSION, "projectHash": "x"}, reply(2), prompt(1, context))
    assert [row.project for row in Read(tmp_path, want).usage] == [None]


@pytest.mark.parametrize("count", [[], {}, "", "12", True, 1.5, -1, 10**30])
def test_a_count_that_is_none_is_null_and_reported(tmp_path: Path, want: Want, count: object) -> None:
    log(tmp_path, prompt(1), reply(2, counts={**tokens(), "output": count}))
    read = Read(tmp_path, want)
    assert [row.output_tokens for row in read.usage] == [None]
    assert "bad-value" in {row.kind for row in read.issues}


@pytest.mark.parametrize(
    "line, sessions",
    [
        (reply(1, "", counts=None), 0),
        (reply(1, "", counts=None, toolCalls=[call("c")]), 1),
        (reply(1, "", counts=None, thoughts=[{"subject": "hm"}]), 1),
        (reply(1, "", counts=tokens()), 1),
        (reply(1, "said", counts=None), 1),
        (reply(1, "", counts=None, type="info", toolCalls=[call("c")]), 0),
        (prompt(1), 1),
    ],
)
def test_what_makes_a_file_a_session(tmp_path: Path, line: dict[str, Any], sessions: int) -> None:
    log(tmp_path, line)
    assert len(Read(tmp_path).sessions) == sessions


def test_tokens_may_come_later_and_the_last_state_counts(tmp_path: Path, want: Want) -> None:
    log(
        tmp_path,
        prompt(1),
        reply(2, counts=None),
        reply(2, counts=tokens(output=7)),
        reply(2, counts=tokens(output=9)),
        reply(2, counts=None),
    )
    (row,) = Read(tmp_path, want).usage
    assert (row.output_tokens, row.line) == (14, 5)


def test_cached_tokens_are_inside_the_input_and_thoughts_beside_the_output(tmp_path: Path, want: Want) -> None:
    log(tmp_path, prompt(1), reply(2, counts=tokens(100, 10, 60, 5, 30)))
    (row,) = Read(tmp_path, want).usage
    assert (row.input_tokens, row.cache_read_tokens, row.cache_write_tokens, row.output_tokens, row.reasoning_tokens) == (70, 60, 0, 15, 5)


def test_what_is_taken_back_was_paid_for(tmp_path: Path, want: Want) -> None:
    replaced = {"$set": {"messages": [prompt(9, "<state_snapshot>x")]}}
    log(tmp_path, prompt(1), reply(2), {"$rewindTo": uid(1)}, prompt(3), reply(4), replaced, {"$rewindTo": "nowhere"}, reply(5))
    assert [row.message_id for row in Read(tmp_path, want).usage] == [uid(2), uid(4), uid(5)]


def test_messages_that_only_a_change_or_a_head_holds_count(tmp_path: Path, want: Want) -> None:
    log(tmp_path, {"$set": {"messages": [prompt(1), reply(2)]}}, {"sessionId": SESSION, "projectHash": "x", "messages": [reply(3)]})
    assert [row.line for row in Read(tmp_path, want).usage] == [2, 3]


def test_messages_without_tokens_are_no_requests(tmp_path: Path, want: Want) -> None:
    log(tmp_path, prompt(1), reply(2, counts=None), {**reply(3), "type": "info"}, {**reply(4), "type": "hologram"})
    found = Read(tmp_path, want)
    assert found.usage == []
    assert [(issue.kind, issue.line) for issue in found.issues] == [("unknown-record", 5)]


def test_copies_in_other_files_share_the_key_and_invented_ids_do_not(tmp_path: Path, want: Want) -> None:
    document(tmp_path, [prompt(1), reply(2), reply(3, id="made-up")])
    log(tmp_path, prompt(1), reply(2))
    other = json.loads(document(tmp_path, [prompt(1), reply(3, id="made-up")], name="session-b.json").read_text("utf-8"))
    (chats(tmp_path) / "session-b.json").write_text(json.dumps({**other, "sessionId": "other"}), "utf-8")
    keys = [row.dedup_key for row in Read(tmp_path, want).usage]
    assert len(keys) == 4
    assert sorted(keys.count(key) for key in set(keys)) == [1, 1, 2]


def test_a_lost_reply_is_reported_where_the_ids_of_calls_tell(tmp_path: Path, want: Want) -> None:
    recorded = 1791194402000  # 10:00:02
    ids = [f"glob-{recorded - 500}-aa", f"glob-{recorded - 499}-bb", f"glob-{recorded + 700}-cc", f"glob-{recorded + 700}-dd"]
    document(tmp_path, [prompt(1), reply(2, toolCalls=[call(each) for each in ids]), reply(3, toolCalls=[call("glob__1")])])
    assert [(issue.kind, issue.line, issue.count) for issue in Read(tmp_path, want).issues] == [("estimate", 2, 1)]


def test_only_google_sells_its_models(tmp_path: Path) -> None:
    log(tmp_path, prompt(1), reply(2), reply(3, model="auto"), reply(4, model=None))
    assert [row.vendor for row in Read(tmp_path).usage] == ["google", None, None]


def test_long_prompts_cost_the_higher_price_as_a_whole(tmp_path: Path) -> None:
    """2.5 Pro: 1.25/0.125/10 USD up to 200,000 tokens of prompt, 2.50/0.25/15 above; thoughts at the price of output."""
    log(tmp_path, prompt(1), reply(2, counts=tokens(200_000, 1000, 150_000, 500)), reply(3, counts=tokens(199_999, 1000, 150_000, 0, 2)))
    usage = sf.scan("gemini", home=tmp_path, n_jobs=1).usage.to_frame("polars").sort("at")
    base = (50_000 * 1.25 + 150_000 * 0.125 + 1500 * 10) / 1e6
    long = (50_001 * 2.5 + 150_000 * 0.25 + 1000 * 15) / 1e6
    assert usage["cost_usd"].to_list() == pytest.approx([base, long], abs=1e-12)
    assert usage["price_key"].to_list() == ["google:gemini-2.5-pro"] * 2


# messages, calls, sessions


def test_a_part_is_one_row_however_often_its_message_is_written(tmp_path: Path) -> None:
    thoughts = [{"subject": "Look", "description": "around", "timestamp": at(2)}]
    said = reply(2, "Here.", thoughts=thoughts)
    again = reply(
        2, [{"text": "Look", "thought": True}, {"text": "Here."}, {"functionCall": {"name": "glob", "args": {}}}], thoughts=thoughts
    )
    answer = prompt(3, [{"functionResponse": {"id": "c", "name": "glob", "response": {"output": "ok"}}}])
    log(tmp_path, prompt(1), said, {**said, "toolCalls": [call("c")]}, answer, {**answer, "id": uid(2) + "_response"}, again)
    found = Read(tmp_path, CONTENT)
    assert [(row.role, row.type, row.content, row.line) for row in found.messages] == [
        ("user", "chat", "fix the test", 2),
        ("assistant", "thinking", "Look\naround", 3),
        ("assistant", "chat", "Here.", 3),
        ("assistant", "tool-use", '{"pattern": "*"}', 4),
        ("tool", "tool-result", "ok", 4),
    ]
    assert [row.seq for row in found.messages] == [0, 1, 2, 3, 4]
    assert json.loads(found.messages[1].raw or "") == said


def test_the_record_of_a_document_is_there_on_request(tmp_path: Path) -> None:
    document(tmp_path, [prompt(1), reply(2)])
    assert [json.loads(row.raw or "") for row in Read(tmp_path, CONTENT).messages] == [prompt(1), reply(2)]
    assert [row.raw for row in Read(tmp_path, FULL).messages] == [None, None]


@pytest.mark.parametrize(
    "content, human",
    [
        ("fix it", True),
        ("  /stats", False),
        ("?", False),
        ("<session_context>x", False),
        ("<hook_context>x", False),
        ([{"inlineData": {"data": "x"}}], True),
        ([{"functionResponse": {"id": "c", "response": {}}}], False),
        ([], False),
        ("", False),
    ],
)
def test_who_gave_a_prompt(tmp_path: Path, content: object, human: bool) -> None:
    log(tmp_path, reply(1), prompt(2, content))
    assert any(row.is_human for row in Read(tmp_path).messages) is human


def test_a_sub_agents_order_is_no_prompt(tmp_path: Path) -> None:
    log(tmp_path, prompt(1), reply(2), name=f"{SESSION}/side.jsonl")
    assert [row.is_human for row in Read(tmp_path).messages] == [False, False]


def test_a_summary_is_a_compaction_once(tmp_path: Path) -> None:
    summaries = [{"$set": {"messages": [prompt(number, "<state_snapshot>x", id=f"{number:032x}")]}} for number in (3, 4)]
    log(tmp_path, prompt(1), reply(2), *summaries)
    assert [(row.role, row.type) for row in Read(tmp_path).messages if row.type == "summary"] == [("system", "summary")]


def test_a_masked_result_does_not_replace_the_first_one(tmp_path: Path) -> None:
    log(tmp_path, prompt(1), reply(2, toolCalls=[call("c", "long result", timestamp=at(5))]), reply(2, toolCalls=[call("c", "[masked]")]))
    (row,) = Read(tmp_path, CONTENT).calls
    assert (row.result, row.duration_s, row.duration_from, row.message_id) == ("long result", 3.0, "timestamps", uid(2))


def test_a_clock_that_went_back_gives_no_duration(tmp_path: Path) -> None:
    log(tmp_path, prompt(1), reply(9, toolCalls=[call("c", timestamp=at(5))]))
    assert Read(tmp_path).calls[0].duration_s is None


def test_a_start_up_context_alone_is_no_session(tmp_path: Path) -> None:
    log(tmp_path, {"$set": {"messages": [prompt(1, "<session_context>x")]}}, prompt(2, "/quit"), {**prompt(3), "type": "info"})
    assert Read(tmp_path).rows == []


def test_titles_and_times(tmp_path: Path) -> None:
    log(tmp_path, prompt(5, "x" * 300), reply(9), {"$set": {"summary": "Old"}}, {"$set": {"summary": "New"}})
    (row,) = Read(tmp_path, CONTENT).sessions
    assert (row.title, row.first_prompt, row.kind) == ("New", "x" * 200, "main")
    assert (row.started_at, row.ended_at) == (1791194400000000, 1791194409000000)
    assert Read(tmp_path).sessions[0].first_prompt is None


def test_a_session_is_read_through_the_session_api(tmp_path: Path) -> None:
    """Each request's tokens are on one message of its own, whichever line states them."""
    empty = reply(2, "")
    held = {"$set": {"messages": [prompt(3), reply(4), prompt(5), reply(6)]}}
    log(tmp_path, prompt(1), empty, {**empty, "toolCalls": [call("c")]}, held)
    api = SessionApi(PROVIDER, Machine.at(tmp_path))
    session = api.read_session(SESSION)
    spent = [(message.type.value, message.usage.output_tokens) for message in session.messages if message.usage is not None]
    assert spent == [("tool-use", 15), ("chat", 15), ("chat", 15)]
    assert session.usage is not None
    assert session.usage.output_tokens == 45


# places


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_folder_is_the_same_everywhere(tmp_path: Path, platform: Platform) -> None:
    assert [root.path for root in roots(Machine(tmp_path, {}, platform))] == [tmp_path / ".gemini"]
    assert [root.path for root in roots(Machine(tmp_path, {"GEMINI_CLI_HOME": "~/x"}, platform))] == [tmp_path / "x" / ".gemini"]


def test_discovery_takes_recordings_only(tmp_path: Path) -> None:
    for name in (
        "session-a.json",
        "session-b.jsonl",
        "session-c.jsonl.unreadable-17",
        "other.jsonl",
        "session-d.jsonl.tmp-3",
        f"{SESSION}/x.jsonl",
    ):
        log(tmp_path, name=name)
    (chats(tmp_path) / "session-e.json").mkdir()
    (chats(tmp_path).parent / "logs.json").write_text("[]")
    found = discover(roots(Machine(tmp_path))[0])
    assert [Path(source.path).name for source in found.sources] == [
        "x.jsonl",
        "session-a.json",
        "session-b.jsonl",
        "session-c.jsonl.unreadable-17",
    ]
    assert [issue.kind for issue in found.issues] == []  # a folder may hold sub-agents, whatever it is called


@pytest.mark.parametrize(
    "parent, side, expected",
    [(None, False, ("s", "s")), ("p", True, ("p/s", "p")), (None, True, ("s/session-x", "s"))],
)
def test_what_a_place_tells(parent: str | None, side: bool, expected: tuple[str, str]) -> None:
    assert identity("/a/session-x.jsonl", "s", parent, is_side=side) == expected


def test_a_file_without_a_head_is_named_by_its_name(tmp_path: Path) -> None:
    (chats(tmp_path) / "session-x.jsonl").write_text(json.dumps(prompt(1)) + "\n", "utf-8")
    assert [row.session_id for row in Read(tmp_path).sessions] == ["session-x"]


def test_projects_by_note_registry_hash_and_context(tmp_path: Path) -> None:
    path = "/home/demo/ærø"
    context = prompt(1, "<session_context>\n- **Workspace Directories:**\n  - /from/context\n")
    log(tmp_path, context, prompt(2), reply(3))
    assert {row.project for row in Read(tmp_path).usage} == {"/from/context"} == {row.project for row in Read(tmp_path, LIGHT).usage}
    document(tmp_path, [prompt(2), reply(3)], projectHash=hashlib.sha256(path.encode()).hexdigest(), name="session-b.json")
    (tmp_path / ".gemini" / "trustedFolders.json").write_text(json.dumps({path: "TRUST"}), "utf-8")
    assert {row.project for row in Read(tmp_path).usage} == {"/from/context", path}
    (tmp_path / ".gemini" / "projects.json").write_text('{"projects": {"/from/registry": "shop", "/odd": 7}}')
    assert {row.project for row in Read(tmp_path).usage} == {"/from/registry"}
    (chats(tmp_path).parent / ".project_root").write_text("/from/note\n")
    assert {row.project for row in Read(tmp_path).usage} == {"/from/note"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"projects": []}', '{"projects": null}'])
def test_damaged_notes_are_no_notes(tmp_path: Path, text: str) -> None:
    log(tmp_path, prompt(1), reply(2))
    for name in ("projects.json", "trustedFolders.json", "settings.json"):
        (tmp_path / ".gemini" / name).write_text(text)
    (chats(tmp_path).parent / ".project_root").write_text("  ")
    assert [row.project for row in Read(tmp_path).usage] == [None]
    assert "30 days" in (retention(Machine.at(tmp_path)) or "")


def test_retention(tmp_path: Path) -> None:
    chats(tmp_path)
    for kept, said in (({"maxAge": "7d"}, "7d"), ({"enabled": False}, "for ever")):
        (tmp_path / ".gemini" / "settings.json").write_text(json.dumps({"general": {"sessionRetention": kept}}))
        assert (retention(Machine.at(tmp_path)) or "").startswith(said)
