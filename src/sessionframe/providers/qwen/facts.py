"""Lines of a log -> its `sessions` row with what only the log knows."""

from __future__ import annotations

from sessionframe.providers.contract import Source
from sessionframe.providers.qwen.records import AgentMeta, Payload
from sessionframe.providers.qwen.threads import Line
from sessionframe.schema import SessionRow

FIRST_PROMPT_CHARS = 200
TITLE_RANK = {"manual": 50, "auto": 40, "first-prompt": 10}
"""A title that the user gave stands before one that the program made. Old records do not say; the program takes them as given."""


class Session:
    """Collects the facts of one log.

    Parameters
    ----------
    source, meta
        The log, and what the small file beside a sub-agent's says.
    content
        Whether text is wanted.
    """

    def __init__(self, source: Source, meta: AgentMeta, *, content: bool) -> None:
        self._content = content
        self.row: SessionRow | None = None
        self._source = source
        self._meta = meta

    def see(self, line: Line) -> None:
        """Note a line: its time, place, version, and where it was copied from."""
        row = self.row = self.row or self._begin(line)
        record, at = line.record, line.at
        if at is not None:
            row.started_at = at if row.started_at is None else min(row.started_at, at)
            row.ended_at = at if row.ended_at is None else max(row.ended_at, at)
        row.git_branch = row.git_branch or line.place.git_branch
        row.agent_version = record.version or row.agent_version
        row.subagent_type = row.subagent_type or record.agentName
        if record.forkedFrom is not None and record.forkedFrom.sessionId is not None and row.kind == "main":
            row.kind, row.parent_session_id = "fork", record.forkedFrom.sessionId
        if record.systemPayload is not None:
            self._told(row, record.systemPayload)

    def prompt(self, text: str | None) -> None:
        """Note a prompt of a person."""
        row = self.row
        if row is not None and text and self._content and row.first_prompt is None:
            row.first_prompt = text[:FIRST_PROMPT_CHARS]
            self._title(row, "first-prompt", row.first_prompt)

    def _told(self, row: SessionRow, payload: Payload) -> None:
        if payload.customTitle:
            self._title(row, payload.titleSource or "manual", payload.customTitle)
        row.parent_session_id = row.parent_session_id or payload.parentSessionId
        row.entrypoint = row.entrypoint or payload.sourceType

    @staticmethod
    def _title(row: SessionRow, kind: str, text: str) -> None:
        """Of two titles of a kind the later wins; they are written again and again."""
        rank = TITLE_RANK.get(kind, TITLE_RANK["auto"])
        if rank >= row.title_rank:
            row.title, row.title_rank = text, rank

    def _begin(self, line: Line) -> SessionRow:
        place, meta = line.place, self._meta
        row = SessionRow(
            session_id=place.session_id,
            root_session_id=place.root_session_id,
            kind=place.kind,
            project=place.project,
            repo_root=place.repo_root,
            source=place.source,
            subagent_type=meta.agentType,
            spawn_call_id=meta.toolUseId,
        )
        if place.kind == "subagent":
            root = place.root_session_id
            row.parent_session_id = f"{root}/{meta.parentAgentId}" if meta.parentAgentId else root
        return row
