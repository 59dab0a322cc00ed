"""The counting rule of Codex, one test per step: each fails without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionframe.providers.codex import usage
from sessionframe.providers.contract import Want
from tests.providers.codex.rollouts import (
    FULL,
    LIGHT,
    THREAD,
    TURN,
    Read,
    count,
    event,
    item,
    line,
    meta,
    plus,
    record,
    tokens,
    turn,
    uuid7,
    write,
)

A, B, C = tokens(1000, 400, 50, 20), tokens(1300, 1000, 60), tokens(1500, 1200, 70)


@pytest.fixture(params=[LIGHT, FULL], ids=["usage alone", "all tables"])
def want(request: pytest.FixtureRequest) -> Want:
    """Both ways to read a rollout."""
    return request.param


def outputs(tmp_path: Path, want: Want, *lines: dict[str, Any]) -> list[int | None]:
    write(tmp_path, [meta(), turn(), *lines])
    return [row.output_tokens for row in Read(tmp_path, want).usage if not row.is_replay]


def test_token_columns_are_disjoint(tmp_path: Path, want: Want) -> None:
    """Cached and written tokens are part of the log's input, reasoning is part of its output."""
    used = tokens(1000, 400, 50, 20, cache_write_input_tokens=100)
    write(tmp_path, [meta(), turn(), count(2, used, used)])
    (row,) = Read(tmp_path, want).usage
    assert (row.input_tokens, row.cache_read_tokens, row.cache_write_tokens, row.output_tokens, row.reasoning_tokens) == (
        500,
        400,
        100,
        50,
        20,
    )


def test_versions_without_a_count_of_cache_writes_write_none(tmp_path: Path, want: Want) -> None:
    """Their models charge nothing for it: 0, and unknown only where the input is unknown too."""
    nothing = {"output_tokens": 9}
    write(tmp_path, [meta(), turn(), count(2, A, A), count(3, plus(A, B), B), count(4, None, None), count(5, nothing, nothing)])
    assert [(row.input_tokens, row.cache_write_tokens) for row in Read(tmp_path, want).usage] == [(600, 0), (300, 0), (None, None)]


def test_an_event_that_repeats_the_counters_is_no_response(tmp_path: Path, want: Want) -> None:
    """0.42 to 0.125 repeat them with the headers of the next request."""
    assert outputs(tmp_path, want, count(2, A, A), count(3, A, A), count(4, plus(A, B), B), count(5, plus(A, B), B)) == [50, 60]


def test_two_equal_responses_are_two(tmp_path: Path, want: Want) -> None:
    """The counter moves although the last response looks the same."""
    assert outputs(tmp_path, want, count(2, A, A), count(3, plus(A, A), A)) == [50, 50]


def test_a_resumed_session_begins_a_new_counter(tmp_path: Path, want: Want) -> None:
    """Versions to 0.63 start at zero: the total falls, or is the very same after an event without counters."""
    assert outputs(tmp_path, want, count(2, A, A), count(3, plus(A, B), B), count(4, A, A)) == [50, 60, 50]
    assert outputs(tmp_path, want, count(2, A, A), count(3, None, None), count(4, A, A)) == [50, 50]


def test_estimates_of_the_context_are_no_usage(tmp_path: Path, want: Want) -> None:
    """After a compaction, a rollback and an overflow only `total_tokens` says something, and it is no count of tokens used."""
    guess = tokens(0, 0, 0) | {"total_tokens": 5000}
    full = tokens(0, 0, 0) | {"total_tokens": 258_400}
    lines = [count(2, A, A), count(3, A, guess), count(4, full, guess), count(5, C | {"total_tokens": 260_000}, C)]
    assert outputs(tmp_path, want, *lines) == [50, 70]


def test_a_response_told_twice_counts_once(tmp_path: Path, want: Want) -> None:
    """0.153 and later tell every response in a record of its own too."""
    assert outputs(tmp_path, want, record(2, A, "r1"), count(3, A, A), record(4, B, "r2", plus(A, B)), count(5, plus(A, B), B)) == [50, 60]


def test_a_usage_record_repeated_counts_once(tmp_path: Path, want: Want) -> None:
    """By thread, turn, response and running total; two responses with one id are two."""
    assert outputs(tmp_path, want, record(2, A, "r1"), record(2, A, "r1"), record(3, A, "r1", plus(A, A))) == [50, 50]


def test_usage_records_of_another_thread_are_not_its_own(tmp_path: Path, want: Want) -> None:
    """A file tells of its own thread."""
    assert outputs(tmp_path, want, record(2, A, "r1", thread_id=uuid7(9, 9)), record(3, B, "r2")) == [60]


def test_a_usage_record_that_names_no_thread_is_its_file_s(tmp_path: Path, want: Want) -> None:
    """Only another name says that it is somebody else's."""
    assert outputs(tmp_path, want, record(2, A, "r1", thread_id=None)) == [50]


def test_of_very_many_usage_records_the_latest_are_remembered(tmp_path: Path, want: Want, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repetition follows soon; memory stays bounded."""
    monkeypatch.setattr(usage, "REPEATS_WITHIN", 2)
    lines = [record(2, A, "r1"), record(3, B, "r2"), record(4, C, "r3"), record(5, C, "r3"), record(6, B, "r2"), record(7, A, "r1")]
    assert outputs(tmp_path, want, *lines) == [50, 60, 70, 50]


def test_each_usage_record_stands_for_one_event(tmp_path: Path, want: Want) -> None:
    """Equal responses: two have a record and an event, the third has only the event."""
    lines = [record(2, A, "r1"), record(3, A, "r2", plus(A, A)), count(4, A, A), count(5, plus(A, A), A), count(6, plus(A, A, A), A)]
    assert outputs(tmp_path, want, *lines) == [50, 50, 50]


def test_an_event_without_a_last_response_tells_by_how_much_the_counter_grew(tmp_path: Path, want: Want) -> None:
    """All of it where there was none before, or where it began anew."""
    write(tmp_path, [meta(), turn(), count(2, A, None), count(3, plus(A, B), None), count(4, C, None)])
    assert [(row.input_tokens, row.cache_read_tokens, row.output_tokens, row.reasoning_tokens) for row in Read(tmp_path, want).usage] == [
        (600, 400, 50, 20),
        (300, 1000, 60, 0),
        (300, 1200, 70, 0),
    ]


def test_a_file_resumed_by_a_newer_version_holds_both_kinds(tmp_path: Path, want: Want) -> None:
    """The records begin at zero where the counter goes on."""
    assert outputs(tmp_path, want, count(2, A, A), record(9, B, "r1"), count(9, plus(A, B), B)) == [50, 60]


def test_an_interrupted_response_is_what_the_counter_grew_by_beyond_the_last(tmp_path: Path, want: Want) -> None:
    """Numbers of a session of 2026-06: 88,404 tokens that no event reports."""
    first = tokens(50_000, 40_000, 500)
    lost, last = tokens(88_335, 87_936, 69), tokens(88_550, 88_000, 185)
    write(
        tmp_path, [meta(), turn(), count(2, first, first), event(5, "turn_aborted", turn_id=TURN), count(9, plus(first, lost, last), last)]
    )
    rows = Read(tmp_path, want).usage
    assert [(row.evidence, row.input_tokens, row.cache_read_tokens, row.output_tokens, row.line) for row in rows] == [
        ("token_count", 10_000, 40_000, 500, 3),
        ("counter_residual", 399, 87_936, 69, 4),
        ("token_count", 550, 88_000, 185, 5),
    ]
    assert [row.is_final for row in rows] == [True, None, True]


def test_an_interruption_is_only_the_next_residual_s(tmp_path: Path, want: Want) -> None:
    """The line of what was interrupted; later growth has the line of its own event."""
    lines = [event(3, "turn_aborted", turn_id=TURN), count(4, plus(A, B), B), count(5, plus(A, B, C, C), C)]
    write(tmp_path, [meta(), turn(), count(2, A, A), *lines])
    assert [(row.evidence, row.line, row.output_tokens) for row in Read(tmp_path, want).usage] == [
        ("token_count", 3, 50),
        ("token_count", 5, 60),
        ("counter_residual", 6, 70),
        ("token_count", 6, 70),
    ]


def test_what_an_event_itself_does_not_tell_is_no_residual(tmp_path: Path, want: Want) -> None:
    """Its own response would be counted as another one."""
    last = {"input_tokens": B["input_tokens"], "cached_input_tokens": B["cached_input_tokens"]}
    assert outputs(tmp_path, want, count(2, A, A), count(3, plus(A, B), last)) == [50, None]


def test_a_counter_that_grew_by_less_than_the_response_has_no_residual(tmp_path: Path, want: Want) -> None:
    """In any of its counts."""
    less = plus(A, B) | {"cached_input_tokens": A["cached_input_tokens"] + B["cached_input_tokens"] - 1, "output_tokens": 5000}
    assert outputs(tmp_path, want, count(2, A, A), count(3, less, B)) == [50, 60]


def test_no_residual_is_taken_where_records_tell_every_response(tmp_path: Path, want: Want) -> None:
    """0.153 and later tell interrupted responses themselves."""
    lines = [
        record(2, A, "r1"),
        count(3, A, A),
        record(4, B, "r2", plus(A, B)),
        record(5, C, "r3", plus(A, B, C)),
        count(6, plus(A, B, C), C),
    ]
    assert outputs(tmp_path, want, *lines) == [50, 60, 70]


def test_no_residual_is_taken_across_a_new_counter(tmp_path: Path, want: Want) -> None:
    """An event without counters separates two counters, however much larger the second one is; so does an overflow."""
    assert outputs(tmp_path, want, count(2, A, A), count(4, None, None), count(9, plus(A, B, C), C)) == [50, 70]
    overflow = count(4, tokens(0, 0, 0) | {"total_tokens": 258_400}, tokens(0, 0, 0))
    assert outputs(tmp_path, want, count(2, A, A), overflow, count(9, B, B)) == [50, 60]


def test_a_counter_that_does_not_begin_at_zero_is_reported(tmp_path: Path, want: Want) -> None:
    """`codex migrate-rollouts` deletes rolled-back turns with their usage: 18,700 of 20,356 tokens in one case."""
    assert outputs(tmp_path, want, count(2, plus(A, B), B)) == [60]
    assert any("did not begin at zero" in detail for detail in Read(tmp_path, want).details)


def test_the_model_is_that_of_the_latest_turn(tmp_path: Path, want: Want) -> None:
    """Before the first turn it is unknown, never a default."""
    lines = [meta(), count(1, A, A), turn(2, "gpt-5-codex"), count(3, plus(A, B), B), turn(4, "gpt-5.5"), count(5, plus(A, B, C), C)]
    write(tmp_path, lines)
    assert [row.model for row in Read(tmp_path, want).usage] == [None, "gpt-5-codex", "gpt-5.5"]


@pytest.mark.parametrize("provider, tier", [("openai", "priority"), (None, "priority"), ("azure", None)])
def test_a_tier_counts_where_it_is_sent(tmp_path: Path, want: Want, provider: str | None, tier: str | None) -> None:
    """A custom provider is not asked for it."""
    settings = {"model": "gpt-5.5", "model_provider_id": provider, "service_tier": "priority"}
    write(tmp_path, [meta(), event(1, "thread_settings_applied", thread_settings=settings), count(2, A, A)])
    (row,) = Read(tmp_path, want).usage
    assert (row.service_tier, row.model) == (tier, "gpt-5.5")


@pytest.mark.parametrize("provider, vendor", [("openai", "openai"), ("azure", None), (None, None)])
def test_only_the_built_in_provider_tells_a_vendor(tmp_path: Path, want: Want, provider: str | None, vendor: str | None) -> None:
    """Behind a custom one may be anybody. The price list fills in what is unknown, so no sample can show it."""
    write(tmp_path, [meta(model_provider=provider), turn(), count(2, A, A)])
    assert [row.vendor for row in Read(tmp_path, want).usage] == [vendor]


def test_what_made_the_summary_of_a_compaction(tmp_path: Path, want: Want) -> None:
    """The program's own request has a text, the server's a response id or nothing."""
    compacted = {"replacement_history": [{"type": "message", "usage": A}]}
    lines = [
        *(meta(), turn(), count(2, A, A), line(3, "compacted", {"message": "Summary", **compacted})),
        *(count(4, plus(A, B), B), line(5, "compacted", {"message": "", **compacted})),
        *(record(6, C, "r9"), line(7, "compacted", {"message": "", "compaction_response_id": "r9", "latest_token_usage_record": C})),
    ]
    write(tmp_path, lines)
    read = Read(tmp_path, want)
    assert [(row.kind, row.output_tokens) for row in read.usage] == [("compaction", 50), ("reply", 60), ("compaction", 70)]
    assert [(row.kind, row.line) for row in read.issues] == [("estimate", 6)]


def test_a_turn_without_usage_is_reported(tmp_path: Path, want: Want) -> None:
    """Its request failed; a turn with usage, one that only compacts and one that starts a review are no floor."""
    start = lambda second, name: event(second, "task_started", turn_id=name)  # noqa: E731
    end = lambda second, name: event(second, "task_complete", turn_id=name)  # noqa: E731
    lines = [start(1, "a"), count(2, A, A), end(3, "a"), start(4, "b"), end(5, "b"), start(6, "c"), end(7, "other")]
    assert outputs(tmp_path, want, *lines) == [50]
    (issue,) = Read(tmp_path, want).issues
    assert (issue.kind, issue.line, issue.count) == ("estimate", 7, 1)


def test_searches_belong_to_the_response_they_were_made_in(tmp_path: Path, want: Want) -> None:
    """Opening a page is no search. Versions to 0.63 write the usage of a response before its items."""
    search = item(2, "web_search_call", action={"type": "search", "query": "x"})
    lines = [search, item(2, "web_search_call", action={"type": "open_page", "url": "x"}), count(3, A, A), count(4, plus(A, B), B)]
    write(tmp_path, [meta(), turn(), *lines])
    assert [row.web_searches for row in Read(tmp_path, want).usage] == [1, 0]
    write(tmp_path, [meta(version="0.63.0"), turn(), count(2, A, A), search, count(4, plus(A, B), B)])
    assert [row.web_searches for row in Read(tmp_path, want).usage] == [1, 0]


@pytest.mark.parametrize("version", ["0.²", "0." + "9" * 5000, "0", ""])
def test_a_version_of_any_shape(tmp_path: Path, want: Want, version: str) -> None:
    write(tmp_path, [meta(version=version), turn(), item(2, "web_search_call", action={"type": "search"}), count(3, A, A)])
    assert [row.web_searches for row in Read(tmp_path, want).usage] == [1]


@pytest.mark.parametrize(
    "version, first",
    [
        ("0.63.0", True),
        ("0.97.9", True),
        ("0.98.0", False),
        ("0.135.0", False),
        ("1.2.0", False),
        ("0", False),
        ("0.x.1", False),
        (None, False),
    ],
)
def test_which_versions_tell_usage_before_the_items(version: str | None, first: bool) -> None:
    assert usage.tells_usage_first(version) is first


@pytest.mark.parametrize("action, searches", [({"type": "search"}, 1), ({}, 1), (None, 1), ({"type": "find_in_page"}, 0)])
def test_what_is_a_search(tmp_path: Path, want: Want, action: dict[str, Any] | None, searches: int) -> None:
    """An item that does not say what it did is one."""
    lines = [item(2, "web_search_call", action=action), item(2, "web_search_call", action=action), count(3, A, A)]
    write(tmp_path, [meta(), turn(), *lines])
    assert [row.web_searches for row in Read(tmp_path, want).usage] == [2 * searches]


def test_searches_of_old_versions_add_up(tmp_path: Path, want: Want) -> None:
    """Before any response they belong to the first."""
    search = item(2, "web_search_call", action={"type": "search"})
    write(tmp_path, [meta(version="0.63.0"), turn(), search, count(3, A, A), search, search])
    assert [row.web_searches for row in Read(tmp_path, want).usage] == [3]


def test_more_cached_than_input_is_reported_and_all_of_it_is_not(tmp_path: Path, want: Want) -> None:
    """Uncached input is never negative."""
    all_cached = tokens(1000, 400, 50, cache_write_input_tokens=600)
    too_much = tokens(1000, 401, 50, cache_write_input_tokens=600)
    write(tmp_path, [meta(), turn(), count(2, all_cached, all_cached), count(3, plus(all_cached, too_much), too_much)])
    read = Read(tmp_path, want)
    assert [row.input_tokens for row in read.usage] == [0, 0]
    assert [(row.kind, row.line) for row in read.issues] == [("bad-value", 4)]


def test_bare_lines_are_requests_of_unknown_size(tmp_path: Path, want: Want) -> None:
    """Unknown is null, not 0."""
    lines: list[dict[str, Any]] = [
        {"id": THREAD, "timestamp": "2025-08-01T10:00:00Z", "git": {"branch": "main"}},
        {"record_type": "state"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "<environment_context><cwd>/w</cwd>"}]},
        {"type": "message", "role": "assistant", "content": []},
        {"type": "function_call", "name": "shell", "arguments": "{}", "call_id": "c"},
        {"type": "function_call_output", "call_id": "c", "output": "x"},
        {"type": "reasoning", "summary": []},
    ]
    write(tmp_path, lines)
    rows = Read(tmp_path, want).usage
    assert [(row.input_tokens, row.output_tokens, row.model, row.project, row.git_branch) for row in rows] == [
        (None, None, None, "/w", "main")
    ] * 2
    assert [(row.cache_read_tokens, row.cache_write_tokens, row.reasoning_tokens, row.is_final) for row in rows] == [(None,) * 4] * 2
    assert {(row.kind, row.line) for row in Read(tmp_path, want).issues} == {("missing-column", 4)}


def test_copies_of_a_thread_share_their_keys(tmp_path: Path, want: Want) -> None:
    """Whatever the file is called and however many lines stand before."""
    lines = [meta(), turn(), record(2, A, "r1"), count(3, A, A), count(4, plus(A, B), B)]
    write(tmp_path, lines)
    write(tmp_path, [lines[0], event(1, "agent_message", message="more"), *lines[1:]], folder="archived_sessions")
    keys = [row.dedup_key for row in Read(tmp_path, want).usage]
    assert keys[:2] == keys[2:]
    assert len(set(keys)) == 2
