"""Messages of a recording -> `messages` rows, one per content part, each part once however often its message is written again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sessionframe.dialects.google import FunctionResponse, answered, json_text, opening_text, part_kind, part_text, parts, responses
from sessionframe.dialects.recording.place import Place, global_key
from sessionframe.dialects.recording.prompts import is_prompt, is_summary, typed_parts
from sessionframe.dialects.recording.records import Message, Thought
from sessionframe.formats.clock import instant
from sessionframe.schema import MessageKind, MessageRow, Role

ROLES: dict[str, Role] = {"user": "user", "gemini": "assistant", "info": "system", "warning": "system", "error": "system"}
"""Type of message -> who speaks; other types are reported."""


class Piece(NamedTuple):
    """One content part: who speaks, what it is, its text, what tells it from the other parts, its call, whether a person gave it."""

    role: Role
    kind: MessageKind
    text: str | None
    mark: str
    call_id: str | None = None
    is_human: bool = False


class Messages:
    """Makes the message rows of one recording.

    Parameters
    ----------
    content
        Whether text is wanted.
    """

    def __init__(self, *, content: bool) -> None:
        self._content = content
        self._seq = 0
        self._seen: set[str] = set()
        self._callers: dict[str, str] = {}

    def rows(self, message: Message, line: int, place: Place, raw: str | None) -> Iterator[tuple[MessageRow, str | None]]:
        """The parts that this state of the message adds, each with its text."""
        base = global_key(message.id, opening_text(message.content), place)
        for piece in pieces(message, is_side=place.kind != "main"):
            key = self._key(base, piece, place)
            if key in self._seen:
                continue
            self._seen.add(key)
            yield self._row(piece, key, message, place=place, line=line, raw=raw), piece.text

    def _key(self, base: str, piece: Piece, place: Place) -> str:
        """Equal for the states and copies of a part.

        Results stand in the message of their call, from 0.44 on also in a user message of their own, after a resume even in two: the
        call tells.
        """
        if piece.call_id is None:
            return f"{base}:{piece.mark}"
        if piece.kind == "tool-use":
            self._callers[piece.call_id] = base
        return f"{self._callers.get(piece.call_id, place.session_id)}:{piece.kind}:{piece.call_id}"

    def _row(self, piece: Piece, key: str, message: Message, *, place: Place, line: int, raw: str | None) -> MessageRow:
        row = MessageRow(
            session_id=place.session_id,
            root_session_id=place.root_session_id,
            message_id=message.id,
            seq=self._seq,
            at=instant(message.timestamp),
            role=piece.role,
            type=piece.kind,
            is_human=piece.is_human,
            model=message.model,
            call_id=piece.call_id,
            project=place.project,
            repo_root=place.repo_root,
            content_chars=len(piece.text) if piece.text is not None else None,
            content=piece.text if self._content else None,
            source=place.source,
            line=line,
            record_id=message.id,
            dedup_key=key,
            raw=raw,
        )
        self._seq += 1
        return row


def pieces(message: Message, *, is_side: bool) -> Iterator[Piece]:
    """The parts of a message in order. Side threads hold no prompt of a person: their first one is the parent's order."""
    role = ROLES[message.type or ""]
    if role == "assistant":
        yield from spoken(message)
        yield from called(message)
        return
    if role == "user" and is_summary(message.content):
        yield Piece("system", "summary", opening_text(message.content), "summary")
        return
    listed = parts(message.content)
    typed = typed_parts(listed) if role == "user" and not is_side and is_prompt(message.content) else 0
    for number, part in enumerate(listed):
        if part.functionResponse is not None:
            yield result(part.functionResponse)
        elif part.text != "":
            yield Piece(role, "chat", part_text(part), f"chat:{number}", is_human=number < typed)


def spoken(message: Message) -> Iterator[Piece]:
    """What the model thought and said. Resumed sessions repeat thoughts and calls among the parts; they have lists of their own."""
    thoughts = [thought_text(thought) for thought in message.thoughts or ()]
    said = [part for part in parts(message.content) if part_kind(part) in {"chat", "thinking"} and part.text != ""]
    thoughts = thoughts or [part.text or "" for part in said if part.thought]
    for number, text in enumerate(thoughts):
        yield Piece("assistant", "thinking", text, f"thinking:{number}")
    for number, part in enumerate(part for part in said if not part.thought):
        yield Piece("assistant", "chat", part.text, f"chat:{number}")


def called(message: Message) -> Iterator[Piece]:
    """The calls that the model made, and their results as far as they are there."""
    for number, call in enumerate(message.toolCalls or ()):
        call_id = call.id if call.id is not None else str(number)
        yield Piece("assistant", "tool-use", json_text(call.args), "", call_id)
        for response in responses(call.result):
            yield Piece("tool", "tool-result", answered(response)[0], "", call_id)


def result(response: FunctionResponse) -> Piece:
    """A result in a message of its own."""
    return Piece("tool", "tool-result", answered(response)[0], "result", response.id)


def thought_text(thought: Thought) -> str:
    """The subject of a thought, and below it what it says."""
    return "\n".join(text for text in (thought.subject, thought.description) if text)
