"""Content blocks of the Anthropic message shape -> their text and their kind."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from sessionframe.formats.text import ABSENT, is_present, raw_text
from sessionframe.schema import MessageKind


class ResultPart(msgspec.Struct, gc=False):
    """One part of a tool result: text, an image, or the name of a tool that became available."""

    type: str | None = None
    text: str | None = None
    tool_name: str | None = None


class Block(msgspec.Struct, gc=False):
    """One content block of a message; which fields it has depends on `type`."""

    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = ABSENT
    tool_use_id: str | None = None
    content: msgspec.Raw = ABSENT
    is_error: bool | None = None


Content: TypeAlias = str | list[Block] | None

KIND_OF_BLOCK: dict[str, MessageKind] = {
    "thinking": "thinking",
    "redacted_thinking": "thinking",
    "tool_use": "tool-use",
    "server_tool_use": "tool-use",
    "mcp_tool_use": "tool-use",
    "tool_result": "tool-result",
    "mcp_tool_result": "tool-result",
    "web_search_tool_result": "tool-result",
    "web_fetch_tool_result": "tool-result",
    "code_execution_tool_result": "tool-result",
    "compaction": "summary",
}

result_decoder = msgspec.json.Decoder(str | list[ResultPart] | None)


def blocks(content: Content) -> list[Block]:
    """The blocks of a message; plain text counts as one text block."""
    if content is None:
        return []
    return [Block(type="text", text=content)] if isinstance(content, str) else content


def block_kind(block: Block) -> MessageKind:
    """What a block is; text, images and unknown kinds are ``chat``."""
    return KIND_OF_BLOCK.get(block.type or "", "chat")


def block_text(block: Block) -> str | None:
    """The text of a block: what was said, thought, asked of a tool or answered by it; null for images."""
    if block.text is not None:
        return block.text
    if block.thinking is not None:
        return block.thinking
    if is_present(block.input):
        return raw_text(block.input)
    return result_text(block.content)


def result_text(raw: msgspec.Raw) -> str | None:
    """The text of a tool result that the model saw: a text, or the texts of its parts one below the other.

    Images have no text. Shapes seen on real files: text, lists of text, of images, of both, and of tool references.
    """
    if not is_present(raw):
        return None
    try:
        content = result_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return raw_text(raw)
    if content is None or isinstance(content, str):
        return content
    texts = [part.text if part.text is not None else part.tool_name for part in content]
    known = [text for text in texts if text is not None]
    return "\n".join(known) if known else None
