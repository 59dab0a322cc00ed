"""Messages and their parts -> `messages` rows in the order of the log, and `tool_calls` rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sessionframe.formats.clock import instant
from sessionframe.formats.problems import Problems
from sessionframe.formats.text import is_present, raw_text
from sessionframe.providers.contract import Want
from sessionframe.providers.opencode.entries import Entry, Numbered
from sessionframe.providers.opencode.records import Failure, Message, Part, Span, ToolState
from sessionframe.providers.opencode.sessions import Places
from sessionframe.providers.opencode.tools import result_text, tool_call
from sessionframe.providers.opencode.usage import COMPACTION, copy_rank, kind
from sessionframe.schema import MessageKind, MessageRow, Role, ToolCallRow

ROLES: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "synthetic": "user",
    "shell": "user",
}
"""Who speaks; `synthetic` is text that the program puts in the user's mouth, `shell` a command that the user ran."""
SILENT = frozenset({"step-start", "step-finish"})
"""Parts that only frame a request."""
NOTES = frozenset({"switch"})
DATA_URL = "data:"


class Said(NamedTuple):
    """What a part comes to."""

    role: Role
    kind: MessageKind
    text: str | None
    human: bool = False


class Messages:
    """Makes the rows of one session.

    Parameters
    ----------
    places, want, problems
        The session, what is asked for, where issues go.

    Attributes
    ----------
    first_prompt
        Text of the first prompt of a person.
    """

    def __init__(self, places: Places, want: Want, problems: Problems) -> None:
        self._places = places
        self._want = want
        self._problems = problems
        self._announced = False
        self.first_prompt: str | None = None

    def rows(self, entry: Entry, parts: Sequence[Numbered], seq: Iterator[int]) -> Iterator[MessageRow | ToolCallRow]:
        """The rows of one message; `seq` numbers those of its file."""
        message = entry.message
        if not isinstance(message, Message) or message.role in NOTES:
            return
        if message.role not in ROLES:
            self._problems.add("unknown-record", f"message of role {message.role!r}", entry.line)
            return
        seen: Counter[str] = Counter()
        for said, part in self._said(entry, message, parts):
            row = self._row(entry, message, said, part, next(seq))
            name = f"{said.kind}:{part.type if part else 'error'}"
            row.dedup_key = f"{entry.counted_as}:{name}{seen[name]}"
            if part is not None and part.type == "tool" and said.kind == "tool-use" and "tool_calls" in self._want.tables:
                call = tool_call(entry, part, self._places.place(message.path), content=self._want.content)
                call.at = call.at if call.at is not None else row.at
                call.dedup_key, call.copy_rank = row.dedup_key, row.copy_rank
                yield call
            seen[name] += 1
            yield row

    def _said(self, entry: Entry, message: Message, parts: Sequence[Numbered]) -> Iterator[tuple[Said, Part | None]]:
        role, is_summary = ROLES[message.role or ""], kind(message) == COMPACTION
        if is_summary and not self._announced:
            yield Said("system", "summary", None), Part(type=COMPACTION)  # older versions do not announce a compaction
        if is_summary:
            self._announced = False
        for _, part in parts:
            if not isinstance(part, Part) or part.type in SILENT:
                continue
            if part.type == "tool":
                yield Said("assistant", "tool-use", call_text(part)), part
                if result_text(part.state or ToolState()) is not None:
                    yield Said("tool", "tool-result", result_text(part.state or ToolState())), part
                continue
            said = self._part(part, message, role, is_summary=is_summary)
            if said is None:
                self._problems.add("unknown-record", f"part of type {part.type!r}", entry.line)
            else:
                yield said, part
        if message.error is not None:
            yield Said("system", "progress", failure_text(message.error)), None

    def _part(self, part: Part, message: Message, role: Role, *, is_summary: bool) -> Said | None:
        """What any part but a tool's comes to; nothing for a type that is not known."""
        match part.type:
            case "text":
                return Said(role, "summary" if is_summary else "chat", part.text, self._is_prompt(part, message))
            case "reasoning":
                return Said(role, "thinking", part.text)
            case "file":
                return Said(role, "chat", part.filename or (None if (part.url or "").startswith(DATA_URL) else part.url))
            case "agent" | "subtask":
                return Said(role, "chat", part.prompt or part.name, part.type == "subtask" and self._is_prompt(part, message))
            case "patch" | "snapshot":
                return Said("system", "snapshot", None)
            case "retry":
                return Said("system", "progress", failure_text(part.error))
            case "compaction":
                self._announced = True
                return Said("system", "summary", None)
            case _:
                return None

    def _is_prompt(self, part: Part, message: Message) -> bool:
        """Whether a text is a person's: what a parent tells its sub-agent and what the program adds (`synthetic`, `ignored`) is none."""
        is_child = self._places.known is not None and self._places.known.kind == "subagent"
        return message.role == "user" and not (part.synthetic or part.ignored or is_child)

    def _row(self, entry: Entry, message: Message, said: Said, part: Part | None, seq: int) -> MessageRow:
        place = self._places.place(message.path)
        if said.human and self.first_prompt is None:
            self.first_prompt = said.text
        row = MessageRow(
            session_id=place.session_id,
            root_session_id=place.root_session_id,
            message_id=entry.id,
            parent_id=message.parentID,
            seq=seq,
            at=moment(message, said, part),
            role=said.role,
            type=said.kind,
            is_human=said.human,
            model=message.modelID if said.role == "assistant" else None,
            call_id=part.callID if part is not None else None,
            project=place.project,
            repo_root=place.repo_root,
            git_branch=place.git_branch,
            content_chars=len(said.text) if said.text is not None else None,
            content=said.text if self._want.content else None,
            source=entry.source,
            line=entry.line,
            record_id=entry.id,
            copy_rank=copy_rank(entry, self._places),
            raw=entry.raw,
        )
        if said.role == "tool":
            row.message_id = f"{entry.id}:{part.callID if part else seq}"
        return row


def moment(message: Message, said: Said, part: Part | None) -> int | None:
    """When a part was written: its own time, else that of its message."""
    whole = message.time or Span()
    own = (part.state.time if part.state is not None else part.time) if part is not None else None
    if own is not None:
        stamp = own.end if said.kind == "tool-result" else own.created if own.created is not None else own.start
        if stamp is not None:
            return instant(stamp)
    return instant(whole.created)


def call_text(part: Part) -> str | None:
    """The arguments of a call as JSON text."""
    return raw_text(part.state.input) if part.state is not None and is_present(part.state.input) else None


def failure_text(failure: Failure | None) -> str | None:
    """What an error says; its name where it says nothing."""
    if failure is None:
        return None
    return (failure.data.message if failure.data is not None else None) or failure.message or failure.name
