"""Qwen Code, one test per rule: each fails without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sessionframe as sf
from sessionframe.machine import Machine, Platform
from sessionframe.providers.contract import Lineage, Want
from sessionframe.providers.qwen.ledger import Known, Listed
from sessionframe.providers.qwen.locations import discover, roots
from tests.providers.qwen.logs import (
    CONTENT,
    FOLDER,
    FULL,
    LIGHT,
    SESSION,
    Read,
    call,
    entry,
    ledger,
    line,
    prompt,
    reply,
    result,
    told,
    usage,
    write,
)


@pytest.fixture(params=[LIGHT, FULL], ids=["usage alone", "all tables"])
def want(request: pytest.FixtureRequest) -> Want:
    return request.param


def counted(home: Path) -> pl.DataFrame:
    return sf.scan("qwen", home=home, n_jobs=1).usage.to_frame("polars")


# requests


def test_cached_tokens_are_inside_the_prompt_and_thoughts_inside_the_output(tmp_path: Path, want: Want) -> None:
    write(tmp_path, [prompt(1), reply(2)])
    (row,) = Read(tmp_path, want).usage
    assert (row.input_tokens, row.cache_read_tokens, row.cache_write_tokens, row.output_tokens, row.reasoning_tokens) == (40, 60, 0, 20, 5)
    assert (row.vendor, row.is_final, row.git_branch, row.line) == (None, True, "main", 2)


def test_thoughts_stand_where_the_total_says(tmp_path: Path, want: Want) -> None:
    counts = [usage(totalTokenCount=125), usage(totalTokenCount=None), usage(totalTokenCount=155, toolUsePromptTokenCount=30)]
    write(tmp_path, [reply(number, counts=each) for number, each in enumerate(counts)])
    found = Read(tmp_path, want)
    assert [(row.input_tokens, row.output_tokens) for row in found.usage] == [(40, 25), (40, 20), (70, 25)]
    assert [(issue.kind, issue.line) for issue in found.issues] == [("estimate", 2)]


def test_what_google_leaves_out_is_zero(tmp_path: Path, want: Want) -> None:
    write(tmp_path, [reply(1, counts={"promptTokenCount": 9, "totalTokenCount": 9}), reply(2, counts={"candidatesTokenCount": 9})])
    rows = Read(tmp_path, want).usage
    assert [(row.input_tokens, row.output_tokens) for row in rows] == [(9, 0), (None, 9)]


@pytest.mark.parametrize("name", [*usage(), "toolUsePromptTokenCount"])
def test_what_is_no_count_is_reported_by_its_name(tmp_path: Path, want: Want, name: str) -> None:
    write(tmp_path, [reply(1, counts=usage(**{"toolUsePromptTokenCount": 0} | {name: -1}))])
    (issue, *_) = Read(tmp_path, want).issues
    assert (issue.kind, issue.line) == ("bad-value", 1)
    assert f"`{name}`" in str(issue.detail)


@pytest.mark.parametrize("name", ["inputTokens", "outputTokens", "cachedTokens", "thoughtsTokens", "totalTokens"])
def test_what_is_no_count_in_the_ledger_is_reported_by_its_name(tmp_path: Path, name: str) -> None:
    ledger(tmp_path, entry(1, 2, "main", **{name: -1}))
    (issue, *_) = Read(tmp_path).issues
    assert (issue.kind, issue.line) == ("bad-value", 1)
    assert f"`{name}`" in str(issue.detail)


def test_what_an_entry_holds(tmp_path: Path) -> None:
    ledger(tmp_path, entry(1, 2, ""), entry(2, 3, "title"), entry(3, 4, None))  # type: ignore[arg-type]
    rows = Read(tmp_path).usage
    assert [row.session_id for row in rows] == [SESSION, f"{SESSION}/title", SESSION]
    assert {row.root_session_id for row in rows} == {SESSION}
    row = rows[0]
    assert (row.input_tokens, row.cache_read_tokens, row.cache_write_tokens, row.output_tokens, row.reasoning_tokens) == (40, 60, 0, 20, 5)
    assert (row.is_final, row.is_echo, row.evidence, row.kind) == (True, True, "token-usage", "other")


def test_a_request_without_a_time_is_kept_and_reported(tmp_path: Path, want: Want) -> None:
    write(tmp_path, [reply(1), reply(2, timestamp="when")])
    read = Read(tmp_path, want)
    assert [row.at is None for row in read.usage] == [False, True]
    assert [(issue.kind, issue.line) for issue in read.issues] == [("missing-time", 2)]


def test_the_ledger_repeats_what_the_logs_hold(tmp_path: Path) -> None:
    write(tmp_path, [prompt(1), reply(10), reply(40)])
    ledger(tmp_path, entry(1, 9), entry(2, 39), entry(3, 300))
    usage_rows = counted(tmp_path).sort("at")
    assert usage_rows["evidence"].to_list() == ["assistant", "assistant", "token-usage"]
    assert usage_rows["kind"].to_list() == ["reply", "reply", "other"]
    assert usage_rows["project"].to_list() == ["/home/demo/code/shop"] * 3


def test_an_entry_is_found_by_its_counts_and_its_time() -> None:
    known = Known({(1, 2, 3): [Listed(0, "a"), Listed(50_000_000, "b"), Listed(52_000_000, "c")]}, {}, {})
    names = {
        at: getattr(known.entry_of((1, 2, 3), at), "id", None) for at in (0, 29_000_000, 31_000_000, 50_900_000, 51_100_000, 90_000_000)
    }
    assert names == {0: "a", 29_000_000: "b", 31_000_000: "b", 50_900_000: "b", 51_100_000: "c", 90_000_000: None}
    assert known.entry_of((1, 2, 3), 50_900_000, taken={"b"}) == (52_000_000, "c", "", "")
    known.entries[1, 2, 3][2] = Listed(52_000_000, "c", "", "s")
    assert known.entry_of((1, 2, 3), 50_900_000, "s") == (52_000_000, "c", "", "s")
    assert known.entry_of((1, 2, 4), 0) is known.entry_of((1, 2, 3), None) is None


def test_twins_of_one_moment_keep_the_sum(tmp_path: Path) -> None:
    """Each takes an entry of its own, in one log and in two."""
    write(tmp_path, [reply(10), reply(10, uuid="twin")])
    ledger(tmp_path, entry(1, 10), entry(2, 10))
    assert len({row.dedup_key for row in Read(tmp_path).usage}) == counted(tmp_path).height == 2
    write(tmp_path, [reply(10, uuid="other", sessionId="other")], f"{FOLDER}/chats/other.jsonl")
    ledger(tmp_path, entry(1, 10), entry(2, 10), entry(3, 10, sessionId="other"))
    assert counted(tmp_path).height == 3


def test_a_line_of_the_ledger_that_is_there_twice_is_one_request(tmp_path: Path) -> None:
    ledger(tmp_path, entry(1, 1), entry(2, 1), entry(1, 1))
    assert [row.dedup_key for row in Read(tmp_path).usage] == ["ledger:e1", "ledger:e2"]
    fates = sf.scan("qwen", home=tmp_path).audit().statements["fate"]
    assert sorted(fates.cast(pl.String)) == ["counted", "counted", "told-before"]


def test_a_sub_agents_log_lacks_models_and_rounds_that_the_ledger_has(tmp_path: Path) -> None:
    side = f"{FOLDER}/subagents/{SESSION}/agent-x-1"
    write(tmp_path, [prompt(1), reply(2)])
    write(tmp_path, [prompt(3), reply(9, agentId="x-1", agentName="X", model=None, counts=usage(500, 9, 0, 0))], f"{side}.jsonl")
    (tmp_path / f"{side}.meta.json").write_text(json.dumps({"agentType": "X", "toolUseId": "c", "model": "from-meta"}))
    fields = {"inputTokens": 500, "outputTokens": 9, "cachedTokens": 0, "thoughtsTokens": 0, "totalTokens": 509}
    ledger(tmp_path, entry(1, 2), entry(2, 9, "X", **fields), entry(3, 12, "X"))
    found = counted(tmp_path).filter(pl.col("session_id") != SESSION).sort("at")
    assert found["session_id"].to_list() == [f"{SESSION}/x-1"] * 2
    assert found["model"].to_list() == ["qwen3-coder-plus"] * 2
    (tmp_path / ".qwen/usage/token-usage-2026-10.jsonl").unlink()
    assert counted(tmp_path).filter(pl.col("session_id") != SESSION)["model"].to_list() == ["from-meta"]


def test_several_sub_agents_of_a_kind_share_a_thread_of_the_ledger(tmp_path: Path) -> None:
    for name in ("x-1", "x-2"):
        side = f"{FOLDER}/subagents/{SESSION}/agent-{name}"
        write(tmp_path, [prompt(3)], f"{side}.jsonl")
        (tmp_path / f"{side}.meta.json").write_text('{"agentType": "X"}')
    ledger(tmp_path, entry(1, 2, "X"))
    assert [row.session_id for row in Read(tmp_path).usage] == [f"{SESSION}/X"]


def test_a_branch_belongs_to_the_session_it_was_copied_from(tmp_path: Path) -> None:
    write(tmp_path, [prompt(1), reply(2), reply(5)])
    origin = {"sessionId": SESSION, "messageUuid": "u2"}
    path = write(
        tmp_path, [prompt(1), reply(2, sessionId="0-branch", forkedFrom=origin), reply(9, sessionId="0-branch")], f"{FOLDER}/chats/0.jsonl"
    )
    text = path.read_text("utf-8").replace(f'"sessionId": "{SESSION}", "timestamp"', '"sessionId": "0-branch", "timestamp"')
    path.write_text(text, "utf-8")
    assert dict(counted(tmp_path).group_by("session_id").len().iter_rows()) == {SESSION: 2, "0-branch": 1}
    assert [row.says_copied for row in Read(tmp_path).rows if isinstance(row, Lineage)] == [True, False]
    sessions = sf.scan("qwen", home=tmp_path, n_jobs=1).sessions.to_frame("polars").sort("session_id")
    assert sessions.select("kind", "parent_session_id").rows() == [("fork", SESSION), ("main", None)]


def test_the_vendors_id_is_that_of_the_event_before(tmp_path: Path, want: Want) -> None:
    event = {"event.name": "qwen-code.api_response", "input_token_count": 100, "output_token_count": 20}
    other = told(5, **{**event, "output_token_count": 7}, response_id="b")
    write(tmp_path, [told(1, **event, response_id="a"), reply(2), reply(3), other, reply(6)])
    assert [row.request_id for row in Read(tmp_path, want).usage] == ["a", None, None]


@pytest.mark.parametrize("bad", [{"inputTokens": None}, {"sessionId": None}])
def test_lines_of_the_ledger_that_are_no_requests(tmp_path: Path, bad: dict[str, Any]) -> None:
    ledger(tmp_path, entry(1, 2, **bad), entry(2, 3, timestamp="when"))
    found = Read(tmp_path)
    assert [row.line for row in found.usage] == [2]
    assert [issue.kind for issue in found.issues] == ["unknown-record", "missing-time"]


# messages, calls, sessions


@pytest.mark.parametrize(
    "fields, human",
    [
        ({"provenance": "real_user"}, True),
        ({"provenance": "system", "subtype": "notification"}, False),
        ({"provenance": "goal_control"}, False),
        ({}, True),
        ({"subtype": "mid_turn_user_message"}, True),
        ({"subtype": "cron"}, False),
        ({"text": " <system-reminder>x", "provenance": "real_user"}, False),
    ],
)
def test_who_gave_a_prompt(tmp_path: Path, fields: dict[str, Any], human: bool) -> None:
    write(tmp_path, [prompt(1, **fields)])
    assert [row.is_human for row in Read(tmp_path).messages] == [human]


def test_parts_of_a_response(tmp_path: Path) -> None:
    parts: list[dict[str, Any]] = [
        {"text": "hm", "thought": True},
        {"text": ""},
        {"text": "Look."},
        call(file_path="a"),
        {"inlineData": {}},
    ]
    write(tmp_path, [reply(1, *parts), result(2)])
    rows = Read(tmp_path, CONTENT).messages
    assert [(row.role, row.type, row.content, row.call_id) for row in rows] == [
        ("assistant", "thinking", "hm", None),
        ("assistant", "chat", "Look.", None),
        ("assistant", "tool-use", '{"file_path": "a"}', "c"),
        ("assistant", "chat", None, None),
        ("tool", "tool-result", "ok", "c"),
    ]
    assert json.loads(rows[0].raw or "") == reply(1, *parts)


@pytest.mark.parametrize(
    "event, noted, response, expected",
    [
        ({"duration_ms": 56, "decision": "auto_accept"}, {"status": "success"}, {}, ("ok", 0.056, "reported")),
        ({"duration_ms": 0, "decision": "reject"}, {"status": "cancelled"}, {"error": "x"}, ("denied", 0.0, "reported")),
        (None, {"status": "error", "durationMs": 120}, {"error": "x"}, ("error", 0.12, "reported")),
        (None, None, {"error": "x"}, ("error", 3.0, "timestamps")),
        (None, None, {"error": "[Operation Cancelled] Reason: User denied execution."}, ("denied", 3.0, "timestamps")),
        (None, {"callId": "c"}, {}, ("ok", 3.0, "timestamps")),
    ],
)
def test_how_a_call_ended(
    tmp_path: Path, event: dict[str, Any] | None, noted: Any, response: dict[str, Any], expected: tuple[str, float, str]
) -> None:
    events = [told(2, **{"event.name": "qwen-code.tool_call", "call_id": "c"}, **event)] if event is not None else []
    write(tmp_path, [reply(1, call()), *events, result(4, "c", noted, **response)])
    (row,) = Read(tmp_path).calls
    assert (row.status, row.duration_s, row.duration_from) == expected


def test_titles_given_by_the_user_stay(tmp_path: Path) -> None:
    def title(second: int, text: str, source: str | None) -> dict[str, Any]:
        return line("system", second, subtype="custom_title", systemPayload={"customTitle": text, "titleSource": source})

    write(
        tmp_path,
        [prompt(1), title(2, "Made", "auto"), title(3, "Given", None), title(4, "Again", "manual"), title(5, "Made again", "auto")],
    )
    (row,) = Read(tmp_path, CONTENT).sessions
    assert (row.title, row.first_prompt, row.agent_version) == ("Again", "fix the test", "0.24.4")


# places


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_environment_and_the_settings_move_the_folder(tmp_path: Path, platform: Platform) -> None:
    def places(environ: dict[str, str]) -> list[str]:
        return [root.path.relative_to(tmp_path).as_posix() for root in roots(Machine(tmp_path, environ, platform))]

    assert places({}) == [".qwen"]
    assert places({"QWEN_HOME": "~/q"}) == ["q"]
    assert places({"QWEN_RUNTIME_DIR": "~/run"}) == [".qwen", "run"]
    (tmp_path / ".qwen").mkdir()
    (tmp_path / ".qwen" / "settings.json").write_text('{"advanced": {"runtimeOutputDir": "~/moved"}}')
    assert places({}) == [".qwen", "moved"]
    for text in ("", "[]", '{"advanced": 3}', '{"advanced": {"runtimeOutputDir": 3}}', '{"advanced": {"runtimeOutputDir": "a\\u0000"}}'):
        (tmp_path / ".qwen" / "settings.json").write_text(text)
        assert places({}) == [".qwen"]


def test_discovery_takes_logs_only(tmp_path: Path) -> None:
    names = (
        f"chats/{SESSION}.jsonl",
        "chats/x.json",
        f"subagents/{SESSION}/agent-a.jsonl",
        f"subagents/{SESSION}/agent-a.jsonl.stream",
        "notes.jsonl",
    )
    for name in names:
        write(tmp_path, [prompt(1)], f"{FOLDER}/{name}")
    (tmp_path / FOLDER / "chats" / "folder.jsonl").mkdir()
    ledger(tmp_path)
    write(tmp_path, [], ".qwen/usage/other.jsonl")
    found = discover(roots(Machine(tmp_path))[0])
    assert [(source.kind, source.session_id) for source in found.sources] == [
        ("main", SESSION),
        ("subagent", f"{SESSION}/a"),
        ("ledger", ""),
    ]
    assert [issue.detail for issue in found.issues] == ["a folder, not a log"]


def test_a_log_is_the_session_that_its_first_line_names(tmp_path: Path) -> None:
    path = write(tmp_path, [prompt(1)], f"{FOLDER}/chats/copy.jsonl")
    assert [row.session_id for row in Read(tmp_path).sessions] == [SESSION]
    path.write_text(json.dumps({"type": "user", "cwd": "C:\\demo\\æ"}) + "\n", "utf-8")
    (source,) = Read(tmp_path).sources
    assert (source.session_id, source.facts["cwd"]) == ("copy", "C:\\demo\\æ")
    path.write_text('{"cwd": "\\u12"', "utf-8")
    assert Read(tmp_path).sources[0].facts["cwd"] is None
