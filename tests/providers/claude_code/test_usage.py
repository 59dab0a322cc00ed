"""The billed rule of Claude Code, one test per step: each fails without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionframe.providers.contract import Want
from tests.providers.claude_code.transcripts import FULL, LIGHT, SESSION, Read, line, prompt, reply, usage, write


@pytest.fixture(params=[LIGHT, FULL], ids=["usage alone", "all tables"])
def want(request: pytest.FixtureRequest) -> Want:
    """Both ways to read a transcript."""
    return request.param


def outputs(home: Path, want: Want) -> list[int | None]:
    """The output tokens of every request."""
    return [row.output_tokens for row in Read(home, want).usage]


def test_the_lines_of_one_response_count_once(tmp_path: Path, want: Want) -> None:
    """Each content block is a line of its own that repeats the usage; the last line has the final output."""
    lines = [
        reply(1, usage=usage(1), stop_reason=None, uuid="a"),
        prompt(2, [{"type": "tool_result", "tool_use_id": "t", "content": "x"}], uuid="r"),
        reply(3, usage=usage(90), stop_reason="tool_use", uuid="b"),
    ]
    write(tmp_path, lines)
    (row,) = Read(tmp_path, want).usage
    assert (row.output_tokens, row.line, row.is_final, row.dedup_key) == (90, 3, True, "msg_01A")


def test_the_line_with_most_output_is_taken_whole_whatever_the_order(tmp_path: Path, want: Want) -> None:
    """Never field by field: lines around a fallback carry another model and cache split."""
    big = reply(1, usage=usage(90, cache_read_input_tokens=5), model="claude-opus-4-8", uuid="a")
    small = reply(2, usage=usage(1, cache_read_input_tokens=9000), model="claude-fable-5", stop_reason=None, uuid="b")
    write(tmp_path, [big, small])
    (row,) = Read(tmp_path, want).usage
    assert (row.model, row.output_tokens, row.cache_read_tokens) == ("claude-opus-4-8", 90, 5)


def test_a_stop_reason_decides_between_equal_outputs(tmp_path: Path, want: Want) -> None:
    """The finality flag is that of the kept line."""
    write(tmp_path, [reply(1, stop_reason="end_turn", uuid="a"), reply(2, stop_reason=None, uuid="b")])
    (row,) = Read(tmp_path, want).usage
    assert (row.line, row.is_final) == (1, True)


def test_a_request_id_may_be_missing_on_part_of_a_response(tmp_path: Path, want: Want) -> None:
    """`msg_` ids alone are unique."""
    write(tmp_path, [reply(1, request=None, uuid="a"), reply(2, uuid="b"), reply(3, message_id="msg_01B", request=None, uuid="c")])
    assert len(outputs(tmp_path, want)) == 2


def test_a_vendor_id_with_two_request_ids_is_one_request(tmp_path: Path, want: Want) -> None:
    """Replays of /btw carry another request id."""
    write(tmp_path, [reply(1, uuid="a"), reply(2, request="req_2", uuid="b")])
    assert len(outputs(tmp_path, want)) == 1


def test_a_gateway_that_reuses_one_id_does_not_swallow_requests(tmp_path: Path, want: Want) -> None:
    """A relay answered every call with the same id: 1.21 billion tokens had collapsed to 750 thousand."""
    lines = [
        reply(1, message_id="ocgo", request=None, usage=usage(5, input_tokens=10), uuid="a"),
        reply(2, message_id="ocgo", request=None, usage=usage(50, input_tokens=10), uuid="b"),
        reply(3, message_id="ocgo", request=None, usage=usage(7, input_tokens=99), uuid="c"),
    ]
    write(tmp_path, lines)
    assert outputs(tmp_path, want) == [50, 7]


def test_gateway_ids_are_told_apart_by_their_request_id(tmp_path: Path, want: Want) -> None:
    """The same id with two request ids is two requests when the vendor did not give the id."""
    write(tmp_path, [reply(1, message_id="chatcmpl-1", uuid="a"), reply(2, message_id="chatcmpl-1", request="req_2", uuid="b")])
    assert len(outputs(tmp_path, want)) == 2


def test_without_a_message_id_the_record_id_counts(tmp_path: Path, want: Want) -> None:
    """Two records are two requests, one record copied twice is one."""
    write(tmp_path, [reply(1, message_id=None, uuid="a"), reply(2, message_id=None, uuid="b"), reply(2, message_id=None, uuid="b")])
    assert len(outputs(tmp_path, want)) == 2


def test_notices_of_the_program_are_not_requests(tmp_path: Path, want: Want) -> None:
    """`<synthetic>` lines and errors without tokens were never billed; an error that used tokens was."""
    nothing = {"input_tokens": 0, "output_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    lines = [
        reply(1, message_id="5e1", model="<synthetic>", usage=nothing, uuid="a"),
        reply(2, message_id="msg_01E", usage=nothing, isApiErrorMessage=True, uuid="b"),
        reply(3, message_id="msg_01F", usage=usage(4), isApiErrorMessage=True, uuid="c"),
    ]
    write(tmp_path, lines)
    assert outputs(tmp_path, want) == [4]


@pytest.mark.parametrize("name", ["input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"])
def test_an_error_that_used_any_token_was_billed(tmp_path: Path, want: Want, name: str) -> None:
    """One count that is not zero is enough, whichever it is."""
    used = dict.fromkeys(("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"), 0) | {name: 1}
    write(tmp_path, [reply(1, usage=used, isApiErrorMessage=True)])
    assert len(outputs(tmp_path, want)) == 1


@pytest.mark.parametrize(
    "first, later, kept",
    [
        ((1, None), (90, "end_turn"), 3),
        ((90, "end_turn"), (1, None), 1),
        ((90, None), (90, "end_turn"), 3),
        ((90, "end_turn"), (90, None), 1),
        ((90, "end_turn"), (90, "end_turn"), 3),
        ((90, None), (90, None), 3),
    ],
)
def test_lines_of_two_responses_may_alternate(
    tmp_path: Path, want: Want, first: tuple[int, str | None], later: tuple[int, str | None], kept: int
) -> None:
    """The same line is kept as when the lines of a response follow each other; two requests stay two."""
    lines = [
        reply(1, usage=usage(first[0]), stop_reason=first[1], uuid="a"),
        reply(2, message_id="msg_01B", usage=usage(7), uuid="b"),
        reply(3, usage=usage(later[0]), stop_reason=later[1], uuid="c"),
        reply(4, message_id="msg_01B", usage=usage(8), uuid="d"),
    ]
    write(tmp_path, lines)
    assert [(row.line, row.output_tokens) for row in Read(tmp_path, want).usage] == [(kept, 90), (4, 8)]


def test_the_key_is_that_of_the_first_line(tmp_path: Path, want: Want) -> None:
    """A copy may hold only the beginning of a response: without a unique id the first line's time is all that both share."""
    gateway = {"message_id": "ocgo", "request": None}
    lines = [
        reply(1, **gateway, usage=usage(1), stop_reason=None, uuid="a"),
        reply(2, message_id="msg_01B", uuid="b"),
        reply(3, **gateway, usage=usage(90), uuid="c"),
    ]
    write(tmp_path, lines, name="whole.jsonl")
    write(tmp_path, lines[:1], name="beginning.jsonl")
    keys = {(row.output_tokens, row.dedup_key) for row in Read(tmp_path, want).usage if row.message_id == "ocgo"}
    assert len(keys) == 2
    assert len({key for _, key in keys}) == 1


def test_calls_inside_a_line_that_is_not_kept_do_not_count(tmp_path: Path, want: Want) -> None:
    """Lines are taken whole: what ran inside the response is what the kept line says."""
    inside = [{"type": "compaction", "input_tokens": 50_000, "output_tokens": 900}]
    lines = [
        reply(1, usage=usage(1, iterations=inside), stop_reason=None, uuid="a"),
        reply(2, message_id="msg_01B", uuid="b"),
        reply(3, usage=usage(90), uuid="c"),
    ]
    write(tmp_path, lines)
    assert outputs(tmp_path, want) == [90, 10]


def test_requests_without_any_id_are_told_apart_by_their_place(tmp_path: Path, want: Want) -> None:
    """Nothing tells whether two of them are copies, so they are none."""
    nameless = reply(1, message_id=None, request=None, uuid=None)
    untimed = reply(1, message_id="ocgo", request=None, uuid=None, timestamp=None)
    write(tmp_path, [nameless, nameless, untimed], name="one.jsonl")
    write(tmp_path, [nameless, untimed], name="two.jsonl")
    keys = [row.dedup_key for row in Read(tmp_path, want).usage]
    assert len(keys) == len(set(keys)) == 5


def progress(message_id: str, agent: str = "a1", second: int = 5) -> dict[str, Any]:
    """A progress record that repeats a sub-agent's response."""
    inner = reply(second, message_id=message_id, uuid=f"p-{message_id}")
    return line("progress", second, data={"type": "agent_progress", "agentId": agent, "message": inner})


def test_a_repeated_sub_agent_response_is_an_echo(tmp_path: Path, want: Want) -> None:
    """It counts only when the agent's own record is nowhere; another source decides that, so it is marked."""
    write(
        tmp_path,
        [progress("msg_01P"), progress("msg_01P", second=6), reply(7, message_id="msg_01Q", uuid="x"), progress("msg_01Q", second=8)],
    )
    rows = {row.message_id: row for row in Read(tmp_path, want).usage}
    assert rows["msg_01P"].is_echo
    assert rows["msg_01P"].session_id.endswith("/a1")
    assert not rows["msg_01Q"].is_echo


def test_what_a_progress_record_repeats_and_was_no_request(tmp_path: Path, want: Want) -> None:
    """Notices of the program, and records of another kind that hold a message."""
    notice, other, prompted = progress("msg_01A"), progress("msg_01B"), progress("msg_01C")
    notice["data"]["message"]["message"]["model"] = "<synthetic>"
    other["data"]["type"] = "hook_progress"
    prompted["data"]["message"]["type"] = "user"
    write(tmp_path, [notice, other, prompted])
    assert outputs(tmp_path, want) == []


@pytest.mark.parametrize(
    "flat, split, total, hour",
    [
        (500, {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 500}, 500, 500),
        (0, {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 500}, 500, 500),
        (None, {"ephemeral_5m_input_tokens": 7}, 7, None),
        (500, {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200}, 500, 200),
        (500, None, 500, None),
        (None, None, None, None),
    ],
)
def test_cache_writes_are_the_larger_of_flat_and_split(
    tmp_path: Path, want: Want, *, flat: int | None, split: dict[str, int] | None, total: int | None, hour: int | None
) -> None:
    """2.1.152 fixed a flat 0 beside a true split; a missing number is unknown, not 0."""
    write(tmp_path, [reply(1, usage=usage(cache_creation_input_tokens=flat, cache_creation=split))])
    (row,) = Read(tmp_path, want).usage
    assert (row.cache_write_tokens, row.cache_write_1h_tokens) == (total, hour)


def test_inner_calls_become_rows_of_their_own(tmp_path: Path, want: Want) -> None:
    """The top-level usage leaves out advisor and compaction, contains `message`, and a refused fallback is credited."""
    entries = [
        {"type": "message", "input_tokens": 3, "output_tokens": 10},
        {"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 159000, "output_tokens": 700},
        {"type": "compaction", "input_tokens": 50000, "output_tokens": 900},
        {"type": "fallback_message", "model": "claude-fable-5", "input_tokens": 77, "output_tokens": 1},
    ]
    write(tmp_path, [reply(1, usage=usage(10, iterations=entries), model="claude-sonnet-5")])
    rows = Read(tmp_path, want).usage
    assert [(row.kind, row.model, row.input_tokens, row.output_tokens) for row in rows] == [
        ("reply", "claude-sonnet-5", 3, 10),
        ("advisor", "claude-opus-5", 159000, 700),
        ("compaction", "claude-sonnet-5", 50000, 900),
    ]
    assert len({row.dedup_key for row in rows}) == 3


def test_an_inner_call_has_the_circumstances_of_its_request(tmp_path: Path, want: Want) -> None:
    """Same place, time and options; the cost that the log states is that of the whole, and stays there."""
    entry = {"type": "advisor_message", "model": "claude-opus-5", "cache_read_input_tokens": 4, "output_tokens": 700}
    writes = {"cache_creation_input_tokens": 9, "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 7}}
    told = usage(10, service_tier="priority", speed="fast", inference_geo="us", iterations=[{**entry, **writes}])
    write(tmp_path, [reply(1, usage=told, costUSD=0.25)])
    outer, inner = Read(tmp_path, want).usage
    same = ["session_id", "root_session_id", "request_id", "message_id", "at", "vendor", "project", "repo_root", "git_branch"]
    same += ["speed", "service_tier", "inference_geo", "is_final", "source", "line", "is_echo"]
    assert [getattr(inner, name) for name in same] == [getattr(outer, name) for name in same]
    assert (inner.cache_read_tokens, inner.cache_write_tokens, inner.cache_write_1h_tokens) == (4, 9, 7)
    assert (inner.recorded_cost_usd, inner.evidence, inner.git_branch) == (None, "iterations", "main")


def test_an_inner_call_of_a_repeated_response_is_an_echo_too(tmp_path: Path, want: Want) -> None:
    """The sub-agent's own file holds both, or neither."""
    echo = progress("msg_01P")
    echo["data"]["message"]["message"]["usage"]["iterations"] = [{"type": "compaction", "output_tokens": 9}]
    write(tmp_path, [echo])
    assert [(row.output_tokens, row.is_echo, row.model) for row in Read(tmp_path, want).usage] == [
        (10, True, "claude-opus-5"),
        (9, True, "claude-opus-5"),
    ]


@pytest.mark.parametrize(
    "stop, version, final",
    [
        ("end_turn", "2.0.1", True),
        (None, "2.1.97", False),
        (None, "2.2.0", False),
        (None, "2.1.96", None),
        (None, "odd", None),
        (None, "9" * 5000 + ".1.1", None),
    ],
)
def test_finality(tmp_path: Path, want: Want, stop: str | None, version: str, final: bool | None) -> None:
    """A stop reason is proof; its absence says something only from 2.1.97 on."""
    write(tmp_path, [reply(1, stop_reason=stop, version=version)])
    (row,) = Read(tmp_path, want).usage
    assert row.is_final is final


def test_what_a_row_carries(tmp_path: Path, want: Want) -> None:
    """Tier, speed, place, searches and thinking come from the usage object, project and branch from the line."""
    told = usage(
        70,
        service_tier="standard",
        speed="fast",
        inference_geo="us",
        server_tool_use={"web_search_requests": 2},
        output_tokens_details={"thinking_tokens": 30},
    )
    write(tmp_path, [reply(61, usage=told, gitBranch="HEAD", costUSD=0.25)])
    (row,) = Read(tmp_path, want).usage
    assert (row.service_tier, row.speed, row.inference_geo, row.web_searches, row.reasoning_tokens) == ("standard", "fast", "us", 2, 30)
    assert (row.project, row.git_branch, row.recorded_cost_usd, row.at) == ("/home/demo/code/shop", None, 0.25, 1791194461000000)


@pytest.mark.parametrize(
    "model, vendor", [("claude-opus-5", "anthropic"), ("us.anthropic.claude-opus-5-v1:0", "anthropic"), ("glm-4.6", None), (None, None)]
)
def test_only_the_names_of_claude_tell_a_vendor(tmp_path: Path, want: Want, model: str | None, vendor: str | None) -> None:
    """The program also runs behind gateways. The price list fills in what is unknown, so no sample can show it."""
    inside = [{"type": "compaction", "output_tokens": 9}]
    write(tmp_path, [reply(1, model=model, usage=usage(iterations=inside))])
    assert [row.vendor for row in Read(tmp_path, want).usage] == [vendor, vendor]


def test_results_of_tools_never_count(tmp_path: Path, want: Want) -> None:
    """`toolUseResult.usage` and `totalTokens` repeat the sub-agent's last request."""
    write(tmp_path, [prompt(1, "x", toolUseResult={"status": "completed", "totalTokens": 70000, "usage": usage(500)}), reply(2)])
    assert outputs(tmp_path, want) == [10]


def test_bad_counts_are_null_and_reported(tmp_path: Path, want: Want) -> None:
    """Texts that are numbers are kept; negative or absurd ones are unknown, and the rest of the line stays."""
    write(tmp_path, [reply(1, usage=usage("12", input_tokens=-5, cache_read_input_tokens=1e30))])
    read = Read(tmp_path, want)
    (row,) = read.usage
    assert (row.output_tokens, row.input_tokens, row.cache_read_tokens, row.cache_write_tokens) == (12, None, None, 100)
    assert {issue.kind for issue in read.issues} == {"repaired", "bad-value"}
    assert {issue.line for issue in read.issues} == {1}


def test_a_request_without_a_time_is_kept_and_reported(tmp_path: Path, want: Want) -> None:
    """Its tokens are true, its day is unknown."""
    write(tmp_path, [reply(1, timestamp=None), reply(2, message_id="msg_01N", uuid="n", timestamp=1791194400)])
    read = Read(tmp_path, want)
    assert [row.at for row in read.usage] == [None, 1791194400000000]
    assert [(issue.kind, issue.line) for issue in read.issues] == [("missing-time", 1)]


def test_a_cost_without_tokens_is_reported(tmp_path: Path) -> None:
    """Some lines of mid-2025 state only a cost; reading usage alone skips them, so they are never half counted."""
    write(
        tmp_path,
        [{**reply(1), "message": {"id": "msg_01C", "role": "assistant", "model": "claude-opus-4", "content": []}, "costUSD": 0.03}],
    )
    read = Read(tmp_path)
    assert (read.usage, [issue.kind for issue in read.issues]) == ([], ["missing-column"])


def test_an_old_sub_agent_whose_request_does_not_name_the_session(tmp_path: Path, want: Want) -> None:
    """Another line of the file does."""
    write(tmp_path, [prompt(0, "Go", isSidechain=True), reply(1, isSidechain=True, sessionId=None)], name="agent-0a1b2c3d.jsonl")
    (row,) = Read(tmp_path, want).usage
    assert (row.session_id, row.root_session_id) == (f"{SESSION}/0a1b2c3d", SESSION)
