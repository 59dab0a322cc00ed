"""Lines of a log -> `messages` rows, one per content part, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator

from sessionframe.dialects.google import Part, part_kind, part_text, parts
from sessionframe.formats.rawlines import RawLines
from sessionframe.providers.qwen.records import Record
from sessionframe.providers.qwen.threads import Line
from sessionframe.schema import MessageKind, MessageRow, Role

ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "tool_result": "tool"}
NOTICES: dict[str, MessageKind] = {"chat_compression": "summary", "file_history_snapshot": "snapshot"}
"""Lines of the program that are part of the conversation's history; the others are its own affairs."""
TYPED_SUBTYPES = frozenset({None, "mid_turn_user_message"})
INJECTED = ("<hook_context>", "<system-reminder>", "<session_context>", "<task-notification>", "<state_snapshot>", "<output-file>")
"""How parts begin that the program adds to a prompt."""


class Messages:
    """Makes the message rows of one log.

    Parameters
    ----------
    content, raw
        Whether text is wanted, and what gives the text of a line.
    """

    def __init__(self, *, content: bool, raw: RawLines | None) -> None:
        self._content = content
        self._raw = raw
        self._seq = 0

    def close(self) -> None:
        """Let go of the file that raw records are read from."""
        if self._raw is not None:
            self._raw.close()

    def rows(self, line: Line, request_id: str | None) -> Iterator[tuple[MessageRow, Part]]:
        """The parts of a line of the conversation."""
        record = line.record
        role = ROLES.get(record.type or "", "user")
        for number, part in enumerate(parts(record.message.parts if record.message else None)):
            if part.text == "":
                continue
            kind, text = part_kind(part), part_text(part)
            row = self._row(line, role, kind, text, number)
            row.request_id = request_id
            if part.functionCall is not None:
                row.call_id = part.functionCall.id
            elif part.functionResponse is not None:
                row.role, row.call_id = "tool", part.functionResponse.id
            elif record.type == "user":
                row.is_human = is_prompt(record, text, is_side=line.place.kind != "main")
            yield row, part

    def notice(self, line: Line) -> MessageRow | None:
        """A line of the program that belongs to the conversation."""
        kind = NOTICES.get(line.record.subtype or "")
        return self._row(line, "system", kind, None, 0) if kind is not None else None

    def _row(self, line: Line, role: Role, kind: MessageKind, text: str | None, number: int) -> MessageRow:
        record, place = line.record, line.place
        row = MessageRow(
            session_id=place.session_id,
            root_session_id=place.root_session_id,
            message_id=record.uuid,
            parent_id=record.parentUuid,
            seq=self._seq,
            at=line.at,
            role=role,
            type=kind,
            model=record.model,
            project=place.project,
            repo_root=place.repo_root,
            git_branch=place.git_branch,
            content_chars=len(text) if text is not None else None,
            content=text if self._content else None,
            source=place.source,
            line=line.number,
            record_id=record.uuid,
            dedup_key=f"{record.uuid or f'{place.source}:{line.number}'}:{number}",
            raw=self._raw.at(line.number) if self._raw else None,
        )
        self._seq += 1
        return row


def is_prompt(record: Record, text: str | None, *, is_side: bool) -> bool:
    """Whether a user line is a prompt of a person.

    Newer versions say who spoke; older ones only mark by a subtype what is none. The first line of a sub-agent is its parent's order.
    """
    if is_side or (text or "").lstrip().startswith(INJECTED):
        return False
    if record.provenance is not None:
        return record.provenance == "real_user"
    return record.subtype in TYPED_SUBTYPES
