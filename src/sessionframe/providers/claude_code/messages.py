"""Lines of a transcript -> `messages` rows, one per content part, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sessionframe.dialects.anthropic import Block, block_kind, block_text, blocks
from sessionframe.formats.rawlines import RawLines
from sessionframe.formats.text import is_present, raw_text, stand_in
from sessionframe.providers.claude_code.prompts import is_human_prompt, is_queued_prompt
from sessionframe.providers.claude_code.records import Attachment, Record
from sessionframe.providers.claude_code.threads import Line
from sessionframe.providers.claude_code.usage import VENDOR_ID
from sessionframe.schema import MessageKind, MessageRow, Role

COMPACTIONS = frozenset({"compact_boundary"})
"""`microcompact_boundary` only clears old tool outputs, so it is not counted as a compaction."""

OTHER_KINDS: dict[str, MessageKind] = {
    "progress": "progress",
    "file-history-snapshot": "snapshot",
    "file-history-delta": "snapshot",
}

attachment_decoder = msgspec.json.Decoder(Attachment)
text_decoder = msgspec.json.Decoder(str)


class Messages:
    """Makes the message rows of one source."""

    def __init__(self, *, content: bool, raw: RawLines | None) -> None:
        self._content = content
        self._raw = raw
        self._seq = 0
        self._prompts: set[str] = set()

    @property
    def state(self) -> tuple[int, list[str]]:
        """What must be known to go on: how many parts there were, and the records of prompts."""
        return self._seq, sorted(self._prompts)

    def go_on(self, state: tuple[int, list[str]]) -> None:
        """Be as it was when it gave this state."""
        self._seq, prompts = state
        self._prompts.update(prompts)

    def close(self) -> None:
        """Let go of the file that raw records are read from."""
        if self._raw is not None:
            self._raw.close()

    def user(self, line: Line) -> Iterator[tuple[MessageRow, Block, str | None]]:
        """The parts of a user line: a prompt, injected text, or tool results. Each as row, block and text."""
        record = line.record
        in_side_thread = line.place.kind != "main"
        for number, block in enumerate(blocks(record.message.content if record.message else None)):
            kind = block_kind(block)
            text = block_text(block)
            row = self._row(line, "user", kind, text, f"{record.uuid}:{number}")
            if kind == "tool-result":
                row.role, row.call_id, row.dedup_key = "tool", block.tool_use_id, f"result:{block.tool_use_id}"
            elif record.isCompactSummary:
                row.type = "summary"
            else:
                row.is_human = is_human_prompt(record, text, in_side_thread=in_side_thread)
                self._remember(record, human=row.is_human)
            yield row, block, text

    def assistant(self, line: Line) -> Iterator[tuple[MessageRow, Block, str | None]]:
        """The parts of an assistant line, each as row, block and text."""
        record, message = line.record, line.record.message
        for number, block in enumerate(blocks(message.content if message else None)):
            kind, text = block_kind(block), block_text(block)
            vendor_id = message.id if message and message.id and message.id.startswith(VENDOR_ID) else None
            # The SDK's fork rewrites every uuid, so a part of a response is known by the response and what it says.
            key = f"{vendor_id}:{kind}:{block.id or stand_in(text or '')}" if vendor_id else f"{record.uuid}:{number}"
            row = self._row(line, "tool" if kind == "tool-result" else "assistant", kind, text, key)
            row.message_id = (message.id if message else None) or record.uuid
            row.model = message.model if message else None
            row.request_id = record.requestId
            row.call_id = block.id if kind == "tool-use" else block.tool_use_id
            yield row, block, text

    def system(self, line: Line) -> MessageRow:
        """A notice of the program; the boundary that a compaction leaves is a summary."""
        record = line.record
        kind: MessageKind = "summary" if record.subtype in COMPACTIONS else "chat"
        return self._row(line, "system", kind, plain(record.content), f"{record.uuid}:0")

    def attachment(self, line: Line) -> MessageRow:
        """Context that the program attached, or a prompt that was typed while the model worked."""
        record = line.record
        head = attachment_head(record.attachment)
        if head.type == "queued_command" and is_queued_prompt(head) and line.place.kind == "main":
            row = self._row(line, "user", "chat", plain(head.prompt), f"{record.uuid}:0")
            row.is_human = head.source_uuid not in self._prompts
            return row
        row = self._row(line, "system", "chat", None, f"{record.uuid}:0")
        row.content = raw_text(record.attachment) if self._content and is_present(record.attachment) else None
        return row

    def other(self, line: Line) -> MessageRow:
        """A report of progress, or a snapshot of files for undo."""
        return self._row(line, "system", OTHER_KINDS[line.record.type or ""], None, f"{line.record.uuid}:0")

    def _row(self, line: Line, role: Role, kind: MessageKind, text: str | None, key: str) -> MessageRow:
        """The row of one content part; `key` is shared by its copies."""
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
            project=place.project,
            repo_root=place.repo_root,
            git_branch=place.git_branch,
            content_chars=len(text) if text is not None else None,
            content=text if self._content else None,
            source=place.source,
            line=line.number,
            record_id=record.uuid,
            dedup_key=key if record.uuid else f"{place.source}:{self._seq}",
            raw=self._raw.at(line.number) if self._raw else None,
        )
        self._seq += 1
        return row

    def _remember(self, record: Record, *, human: bool) -> None:
        if human and record.uuid is not None:
            self._prompts.add(record.uuid)


def attachment_head(raw: msgspec.Raw) -> Attachment:
    """The head of an attachment; one of an unknown shape has none."""
    if not is_present(raw):
        return Attachment()
    try:
        return attachment_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Attachment()


def plain(raw: msgspec.Raw) -> str | None:
    """A value that is a text, else its JSON text."""
    if not is_present(raw):
        return None
    try:
        return text_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return raw_text(raw)
