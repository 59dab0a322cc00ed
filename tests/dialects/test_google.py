"""Content parts and counts of Google's shape."""

from __future__ import annotations

import msgspec
import pytest

from sessionframe.dialects.google import (
    Arguments,
    FunctionResponse,
    Part,
    answered,
    arguments,
    call_kind,
    call_status,
    changed_lines,
    exit_code,
    json_text,
    part_text,
    parts,
    patch_lines,
    responses,
)
from sessionframe.dialects.google_usage import MOST, Counts, Reported, check_total, counted, thoughts_inside, uncached_input, whole_output
from sessionframe.formats.problems import Problems
from sessionframe.formats.text import ABSENT


def raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def test_a_message_is_text_a_part_or_a_list_of_both() -> None:
    assert parts(None) == []
    assert [part.text for part in parts("a")] == ["a"]
    assert [part.text for part in parts(Part(text="a"))] == ["a"]
    assert [part.text for part in parts(["a", Part(text="b")])] == ["a", "b"]
    assert part_text(Part()) is None


@pytest.mark.parametrize(
    "response, text, failed",
    [
        ('{"output": "fine"}', "fine", False),
        ('{"error": "bad"}', "bad", True),
        ('{"output": ["x"]}', '["x"]', False),
        ('{"content": 1}', '{"content": 1}', False),
        ('"text"', "text", False),
        ("[1]", "[1]", False),
        ("null", None, False),
        ('{"output": null}', '{"output": null}', False),
    ],
)
def test_what_a_tool_answered(response: str, text: str | None, failed: bool) -> None:
    assert answered(FunctionResponse(response=raw(response))) == (text, failed)


def test_results_of_other_shapes_are_none() -> None:
    assert responses(ABSENT) == responses(raw("7")) == responses(raw('[{"text": "x"}]')) == []


@pytest.mark.parametrize(
    "word, text, status",
    [
        ("success", None, "ok"),
        ("error", None, "error"),
        ("cancelled", "[Operation Cancelled] Reason: User denied execution.", "denied"),
        ("cancelled", "[Operation Cancelled] Reason: User did not allow tool call", "denied"),
        ("cancelled", "[Operation Cancelled] Reason: User cancelled", "interrupted"),
        ("cancelled", None, "interrupted"),
        (None, None, "pending"),
        ("executing", None, "pending"),
    ],
)
def test_how_a_call_ended(word: str | None, text: str | None, status: str) -> None:
    assert call_status(word, text) == status


def test_exit_codes_are_the_last_ones_stated() -> None:
    assert exit_code("Output: Exit Code: 5\nExit Code: 3\nError: x\nExit Code: 12\n") == 12
    assert exit_code("Exit Code: none") is exit_code(None) is None


def test_servers_are_named_by_the_display_name() -> None:
    assert call_kind("get_issue", "get_issue (my hub MCP Server)") == ("mcp", "my hub")
    assert call_kind("mcp__hub__get", None) == ("mcp", "hub")
    assert call_kind("replace", "Edit") == ("edit", None)


def test_changed_lines() -> None:
    assert patch_lines("--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n+z\n") == (2, 1)
    assert patch_lines("@@ -1 +1 @@\n+y\n") == (1, 0)
    assert changed_lines(raw('{"fileDiff": "@@ @@\\n-a\\n"}')) == (0, 1)
    assert changed_lines(raw('{"fileDiff": "@@ @@\\n-a\\n", "truncatedForSession": true, "diffStat": {"model_added_lines": 9}}')) == (
        9,
        None,
    )
    for count in (-1, 2**63, 1e400):
        assert changed_lines(raw(f'{{"diffStat": {{"model_added_lines": {count}}}}}')) == (None, None)
    assert changed_lines(raw('{"fileDiff": 5}')) == changed_lines(raw('"text"')) == changed_lines(ABSENT) == (None, None)
    assert changed_lines(raw('{"summary": "x"}')) == (None, None)


def test_arguments_of_other_types_name_nothing() -> None:
    assert arguments(raw('{"absolute_path": "/a"}')).subject == "/a"
    assert arguments(raw("[1]")) == arguments(ABSENT) == Arguments()
    assert json_text(raw('{\n "a":  1\n}')) == '{"a":1}'


def reported(**values: int | None) -> Reported:
    known: dict[str, int | None] = {"prompt": 100, "cached": 60, "candidates": 20, "thoughts": 5, "tool": 0, "total": 125}
    return Reported(**{**known, **values})


def test_cached_tokens_are_taken_out_and_tool_tokens_added() -> None:
    assert uncached_input(reported(tool=30)) == 70
    assert uncached_input(reported(cached=101)) is None
    assert all(uncached_input(reported(**{name: None})) is None for name in ("prompt", "cached", "tool"))


def test_thoughts_are_where_the_total_says() -> None:
    assert thoughts_inside(reported()) is False
    assert thoughts_inside(reported(total=120)) is True
    assert thoughts_inside(reported(total=150, tool=30)) is True
    assert thoughts_inside(reported(total=7)) is thoughts_inside(reported(total=None)) is thoughts_inside(reported(thoughts=0)) is None


def test_output_holds_the_thoughts() -> None:
    assert whole_output(reported(), inside=False) == 25
    assert whole_output(reported(), inside=True) == whole_output(reported(thoughts=None), inside=True) == 20
    assert whole_output(reported(thoughts=None), inside=False) is None
    assert counted(reported(), inside=False) == (40, 60, 25, 5)


@pytest.mark.parametrize("value", ["5", -1, 1.5, True, 10**13, [1], {}])
def test_what_is_no_count_is_null_and_reported(value: object) -> None:
    problems = Problems("x")
    assert Counts(problems, 3).take(value, "tokens.input", absent=0) is None
    assert [(row.kind, row.line) for row in problems.rows()] == [("bad-value", 3)]
    assert Counts(problems, 3).take(None, "x", absent=0) == 0


def test_the_largest_count_and_none_at_all_are_counts() -> None:
    problems = Problems("x")
    assert [Counts(problems, 3).take(value, "x") for value in (0, MOST, None)] == [0, MOST, None]
    assert problems.rows() == []


def test_an_output_that_is_not_stated_is_not_the_thoughts_alone() -> None:
    assert whole_output(reported(candidates=None), inside=False) is whole_output(reported(candidates=None), inside=True) is None


@pytest.mark.parametrize(
    "values, kinds",
    [
        ({}, []),
        ({"total": 126}, ["estimate"]),
        ({"total": 124}, ["estimate"]),
        ({"total": None}, []),
        ({"tool": 7, "total": 132}, []),
        ({"tool": 7}, ["estimate"]),
        ({"cached": 100}, []),
        ({"cached": 101}, ["estimate"]),
        ({"cached": 101, "total": None}, ["estimate"]),
        ({"cached": 101, "candidates": None}, ["estimate"]),
        ({"candidates": None, "total": 7}, []),
        ({"prompt": None, "total": 7}, []),
        ({"cached": None, "total": 7}, []),
    ],
)
def test_a_total_is_the_sum_of_the_columns(values: dict[str, int | None], kinds: list[str]) -> None:
    """Where all of them are known; more cached tokens than the prompt has contradict each other whatever the total."""
    stated, problems = reported(**values), Problems("x")
    check_total(stated, counted(stated, inside=False), problems, 3)
    assert [(row.kind, row.line) for row in problems.rows()] == [(kind, 3) for kind in kinds]
