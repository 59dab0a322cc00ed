"""Items of a rollout -> `messages` rows. The transcript is taken from the items alone: events repeat them, other ones in every version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sessionframe.dialects.openai import KIND_OF_ITEM, OUTPUTS, content_parts, joined_text, plain_text, reasoning_text
from sessionframe.formats.rawlines import RawLines
from sessionframe.formats.text import is_present, raw_text
from sessionframe.providers.codex.prompts import Said, is_echoed, is_personal, looks_injected, marked, provenance
from sessionframe.providers.codex.records import Payload, Record
from sessionframe.providers.codex.thread import Thread
from sessionframe.providers.codex.usage import At
from sessionframe.schema import MessageKind, MessageRow, Role

ECHO_LINES = 3
"""How many lines after a prompt its event stands at most; seen are one and two."""
ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant"}
"""Everybody else, `developer` and `system`, is the program."""


class Part(NamedTuple):
    """One content part: who speaks, what it is, its text."""

    role: Role
    kind: MessageKind
    text: str | None


class Waiting(NamedTuple):
    """A user message of which the next lines tell whether a person gave it. Its rows are the first that are held back."""

    line: int
    parts: list[Said]
    whole: bytes | None


class Messages:
    """Makes the message rows of one rollout."""

    def __init__(self, thread: Thread, *, content: bool, raw: RawLines | None) -> None:
        self._thread = thread
        self._content = content
        self._raw = raw
        self._seq = 0
        self._repeats: dict[str, int] = {}
        self._held: list[MessageRow] = []
        self._waiting: Waiting | None = None

    def close(self) -> None:
        """Let go of the file that raw records are read from."""
        if self._raw is not None:
            self._raw.close()

    def item(self, payload: Payload, record: Record, line: At) -> Iterator[MessageRow]:
        """The rows of an item, in their order; a user message is to be held back while `keep` says so."""
        rows = [(self._row(payload, part, number, line), part.text) for number, part in enumerate(parts(payload, record))]
        if payload.type == "message" and payload.role == "user":
            self._judge(payload, rows, record, line)
        yield from (row for row, _ in rows)

    def note(self, payload: Payload, kind: MessageKind, text: str | None, line: At) -> MessageRow:
        """A row for something that happened: a compaction, an interruption, a rollback."""
        return self._row(payload, Part("system", kind, text), 0, line)

    def keep(self, row: MessageRow) -> Iterator[MessageRow]:
        """Give a row out, behind those that are held back."""
        if self._waiting is None:
            yield row
        else:
            self._held.append(row)

    def settled(self, number: int) -> Iterator[MessageRow]:
        """What is no longer held back when another line is read: no event came, so nobody typed it."""
        if self._waiting is not None and number > self._waiting.line + ECHO_LINES:
            yield from self._release()

    def echo(self, text: str | None) -> Iterator[MessageRow]:
        """A `user_message` event: what is held back is a prompt."""
        waiting = self._waiting
        if waiting is None:
            return
        mark = marked(text)
        for row, said in zip(self._held, waiting.parts, strict=False):
            row.is_human = is_echoed(said, mark) or waiting.whole == mark
        yield from self._release()

    def end(self) -> Iterator[MessageRow]:
        """What is held back at the end of the file."""
        if self._waiting is not None:
            yield from self._release()

    def _release(self) -> Iterator[MessageRow]:
        held, self._held, self._waiting = self._held, [], None
        yield from held

    def _judge(self, payload: Payload, rows: list[tuple[MessageRow, str | None]], record: Record, line: At) -> None:
        """Whether a user message is a prompt: newer versions say so, others by the event that follows, the oldest by its beginning."""
        noted = payload.internal_chat_message_metadata_passthrough
        said = [provenance(noted, number) for number in range(len(rows))]
        if not is_personal(self._thread.parentage):
            return
        if any(each is not None for each in said):
            for (row, _), human in zip(rows, said, strict=True):
                row.is_human = bool(human)
        elif record.payload is None:
            for row, text in rows:
                row.is_human = not looks_injected(text)
        elif self._waiting is None:
            texts = [text for _, text in rows]
            whole = "\n".join(text for text in texts if text is not None)
            self._waiting = Waiting(line.number, [Said.of(text) for text in texts], marked(whole))

    def _row(self, payload: Payload, part: Part, number: int, line: At) -> MessageRow:
        place, thread = self._thread.place(), self._thread
        row = MessageRow(
            session_id=place.session_id,
            root_session_id=place.root_session_id,
            message_id=payload.id or None,
            seq=self._seq,
            at=line.at,
            role=part.role,
            type=part.kind,
            is_replay=not thread.own,
            model=thread.model if part.role == "assistant" else None,
            call_id=payload.call_id or (payload.id if part.kind == "tool-use" else None),
            project=place.project,
            repo_root=place.repo_root,
            git_branch=place.git_branch,
            content_chars=len(part.text) if part.text is not None else None,
            content=part.text if self._content else None,
            source=place.source,
            line=line.number,
            record_id=payload.id or None,
            dedup_key=self._key(payload, number, line),
            raw=self._raw.at(line.number) if self._raw else None,
        )
        self._seq += 1
        return row

    def _key(self, payload: Payload, number: int, line: At) -> str:
        """Equal for copies of a part in other files of the thread: its time, type and place; where lines have no time, its line."""
        key = f"{self._thread.session_id}:{line.stamp if line.stamp is not None else line.number}:{payload.type}:{number}"
        repeats = self._repeats
        if key not in repeats:
            if len(repeats) > 64:  # only lines that share a time can repeat, and those stand together
                repeats.clear()
            repeats[key] = 0
            return key
        repeats[key] += 1
        return f"{key}:{repeats[key]}"


def parts(payload: Payload, record: Record) -> list[Part]:
    """The parts of an item; a message has as many as its content, anything else one."""
    kind = KIND_OF_ITEM.get(payload.type or "", "chat")
    if payload.type == "message":
        role = ROLES.get(payload.role or "", "system")
        if record.metadata is not None and record.metadata.compaction_output and role == "assistant":
            kind = "summary"  # since 0.145 the summary of a compaction is also written as the answer that it was
        return [Part(role, kind, part.text) for part in content_parts(payload.content)]
    if payload.type == "reasoning":
        return [Part("assistant", kind, reasoning_text(payload.summary, payload.content))]
    if payload.type in OUTPUTS:
        return [Part("tool", kind, joined_text(payload.output) or plain_text(payload.output))]
    if payload.type == "agent_message":
        return [Part("system", kind, joined_text(payload.content))]
    if payload.type == "ghost_snapshot":
        return [Part("system", "snapshot", None)]
    return [Part("assistant", kind, call_text(payload))]


def call_text(payload: Payload) -> str | None:
    """What a call asks for: its arguments, the raw text of a custom tool, or its action."""
    if is_present(payload.arguments):
        return plain_text(payload.arguments)
    if is_present(payload.input):
        return plain_text(payload.input)
    if payload.action is not None:
        return payload.action.query or payload.action.url or " ".join(payload.action.command or ()) or None
    return raw_text(payload.content) if is_present(payload.content) else None
