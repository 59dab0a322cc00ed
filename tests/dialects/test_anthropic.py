"""Content blocks of Anthropic's shape: what each is, and the text of it."""

from __future__ import annotations

import msgspec
import pytest

from sessionframe.dialects.anthropic import Block, block_kind, block_text, blocks, result_text
from sessionframe.formats.text import ABSENT


def raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def test_plain_text_is_one_block() -> None:
    assert blocks(None) == []
    assert [(block.type, block.text) for block in blocks("a")] == [("text", "a")]
    assert [block.id for block in blocks([Block(id="1"), Block(id="2")])] == ["1", "2"]


@pytest.mark.parametrize(
    "name, kind",
    [("text", "chat"), ("image", "chat"), (None, "chat"), ("redacted_thinking", "thinking"), ("server_tool_use", "tool-use")],
)
def test_what_a_block_is(name: str | None, kind: str) -> None:
    assert block_kind(Block(type=name)) == kind


def test_the_text_of_a_block() -> None:
    """What was said goes before what was thought, that before what was asked of a tool, that before its answer."""
    whole = {"text": "said", "thinking": "thought", "input": raw('{"a": 1}'), "content": raw('"answered"')}
    order = ["said", "thought", '{"a": 1}', "answered", None]
    for left_out, expected in enumerate(order):
        assert block_text(Block(**dict(list(whole.items())[left_out:]))) == expected  # type: ignore[arg-type]
    assert block_text(Block(text="", thinking="thought")) == ""


@pytest.mark.parametrize(
    "content, text",
    [
        ('"plain"', "plain"),
        ("null", None),
        ("[]", None),
        ('[{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]', "a\nb"),
        ('[{"type": "image"}]', None),
        ('[{"type": "tool_reference", "tool_name": "Read"}, {"type": "text", "text": ""}]', "Read\n"),
        ('{"odd": 1}', '{"odd": 1}'),
        ("7", "7"),
    ],
)
def test_the_text_of_a_result(content: str, text: str | None) -> None:
    assert result_text(raw(content)) == text
    assert result_text(ABSENT) is None
