"""Items of the Responses shape: their text, how a command ended, what a patch changes."""

from __future__ import annotations

import json

import msgspec
import pytest

from sessionframe.dialects.openai import (
    Ending,
    Patch,
    called_command,
    content_parts,
    diff_lines,
    ending,
    joined_text,
    patch_of,
    plain_text,
    reasoning_text,
    shell_script,
    text_lines,
)
from sessionframe.formats.text import ABSENT


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


@pytest.mark.parametrize(
    "value, expected",
    [
        ("text", "text"),
        ([{"type": "x", "text": "a"}, {"type": "image"}, {"text": "b"}], "a\nb"),
        ([], None),
        (None, None),
        ({"a": 1}, None),
        ([{"text": 7}], None),
    ],
)
def test_text_of_a_content(value: object, expected: str | None) -> None:
    assert joined_text(raw(value)) == expected


def test_a_content_of_another_shape_is_one_part_without_text() -> None:
    assert [part.text for part in content_parts(raw({"a": 1}))] == [None]
    assert content_parts(ABSENT) == []


def test_reasoning_is_its_summary_or_itself() -> None:
    assert reasoning_text(raw([{"text": "a"}, {"text": "b"}]), raw([{"text": "raw"}])) == "a\n\nb"
    assert reasoning_text(raw([]), raw([{"type": "reasoning_text", "text": "raw"}])) == "raw"
    assert reasoning_text(ABSENT, raw(None)) is None


def test_arguments_are_a_text_or_an_object() -> None:
    assert plain_text(raw('{"a":1}')) == '{"a":1}'
    assert plain_text(raw({"a": 1})) == '{"a": 1}'
    assert plain_text(ABSENT) is None


@pytest.mark.parametrize(
    "text, expected",
    [
        (None, Ending()),
        ("", Ending()),
        ('{"output":"x","metadata":{"exit_code":3,"duration_seconds":0.5}}', Ending(3, 0.5)),
        ('{"output":"x"}', Ending()),
        ('{"output":"x","metadata":{"exit_code":9223372036854775808}}', Ending()),
        ('{"agent_id":', Ending()),
        ("Exit code: 3\nWall time: 2 seconds\nTotal output lines: 9\nOutput:\nx", Ending(3, 2.0)),
        (
            "Command: a\nChunk ID: b\nWall time: 0.0516 seconds\nProcess exited with code 3\nOriginal token count: 1\nOutput:\nx",
            Ending(3, 0.0516),
        ),
        ("Wall time: 10.0 seconds\nProcess running with session ID 7\nOutput:\n", Ending(None, 10.0, running=True)),
        ("Wall time: 0.1 seconds\nOutput:\nExit code: 0\nWall time: 0 seconds\nOutput:\nSuccess.\n", Ending(0, 0.1)),
        ("aborted by user after 1.9s", Ending(None, 1.9, interrupted=True)),
        ("Wall time: 1.9 seconds\naborted by user", Ending(None, 1.9, interrupted=True)),
        ("Wall time: 1.0 seconds\nOutput:\nProcess exited with code 9\naborted by user\n", Ending(None, 1.0)),
        ("the user said: aborted by user", Ending()),
        ("Process exited with code -1\nOutput:\n", Ending(-1)),
    ],
)
def test_how_a_command_ended(text: str | None, expected: Ending) -> None:
    """Only the head counts, never what the command printed."""
    assert ending(text) == expected


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ('{"cmd":"ls -la"}', "ls -la"),
        ('{"command":"ls"}', "ls"),
        ('{"command":["bash","-lc","make x"]}', "make x"),
        ('{"command":["/bin/zsh","-c","make x"]}', "make x"),
        ('{"command":["powershell.exe","-Command","dir"]}', "dir"),
        ('{"command":["git","status"]}', "git status"),
        ('{"command":[1]}', None),
        ("[]", None),
        ("{not json", None),
        (None, None),
        ("[" * 100_000, None),
    ],
)
def test_the_command_among_the_arguments(arguments: str | None, expected: str | None) -> None:
    assert called_command(arguments) == expected


def test_an_empty_command() -> None:
    assert shell_script([]) == ""


PATCH = """*** Begin Patch
*** Update File: a b.py
@@ def x
-old
+new
+++ more
 kept
*** Add File: c.py
+one
*** End Patch
+not part of it"""


def test_a_patch() -> None:
    assert patch_of(f"apply_patch <<'X'\n{PATCH}\nX") == Patch("a b.py", 3, 1)
    assert patch_of("*** Begin Patch\n*** Delete File: d.py\n*** End Patch") == Patch("d.py", 0, None)
    assert patch_of("*** Begin Patch\n") == Patch(None, 0, 0)
    assert patch_of("no patch") is None
    assert patch_of(None) is None


def test_lines_of_diffs_and_files() -> None:
    assert diff_lines("--- a\n+++ b\n@@ -1,2 +1,2 @@\n-x\n y\n+z\n+w\n") == (2, 1)
    assert [text_lines(text) for text in ("", "x", "x\n", "x\ny", "\n")] == [0, 1, 1, 2, 1]


def test_an_odd_field_of_a_part_does_not_cost_its_text() -> None:
    raw = msgspec.Raw(b'[{"type":["input_text"],"text":"a"},{"type":"input_text","text":5},7,{"type":"input_text","text":"b"}]')
    assert joined_text(raw) == "a\nb"
    assert joined_text(msgspec.Raw(b'{"text":"a"}')) is None
    assert joined_text(msgspec.Raw(b"[" * 5000 + b"]" * 5000)) is None
