"""One rollout -> its `sessions` row, with what only the rollout knows."""

from __future__ import annotations

from collections.abc import Mapping

from sessionframe.providers.codex.names import TITLE_RANK
from sessionframe.providers.codex.records import LightPayload, Payload
from sessionframe.providers.codex.thread import Thread
from sessionframe.schema import SessionRow

FIRST_PROMPT_CHARS = 200


class SessionFacts:
    """Collects the facts of one thread."""

    def __init__(self, thread: Thread, titles: Mapping[str, str]) -> None:
        self._thread = thread
        self._titles = titles
        self._entrypoint: str | None = None
        self._project: str | None = None
        self._repo_root: str | None = None
        self._first_prompt: str | None = None
        self._started_at: int | None = None
        self._ended_at: int | None = None
        self._seen = False

    def begin(self, meta: Payload) -> None:
        """Take the first line: how the session was started, and when."""
        self._entrypoint = self._entrypoint or meta.originator or word(meta)
        self._started_at = self._thread.created_at
        self._seen = True

    def see(self, at: int | None) -> None:
        """Note the time of a line of the thread's own part."""
        self._seen = True
        if self._project is None and self._thread.project is not None:
            place = self._thread.place()
            self._project, self._repo_root = place.project, place.repo_root
        if at is not None:
            self._started_at = at if self._started_at is None else min(self._started_at, at)
            self._ended_at = at if self._ended_at is None else max(self._ended_at, at)

    def prompt(self, text: str | None) -> None:
        """Note a prompt of a person."""
        if text and self._first_prompt is None:
            self._first_prompt = text[:FIRST_PROMPT_CHARS]

    def row(self) -> SessionRow | None:
        """The row; nothing for a file without a single line."""
        if not self._seen:
            return None
        thread, place = self._thread, self._thread.place()
        kind, parent, root, subagent_type, _ = thread.parentage
        name = self._titles.get(thread.session_id)
        rank = TITLE_RANK["named"] if name else TITLE_RANK["first-prompt"] if self._first_prompt else 0
        return SessionRow(
            session_id=thread.session_id,
            root_session_id=root,
            parent_session_id=parent,
            kind=kind,
            subagent_type=subagent_type,
            title=name or self._first_prompt,
            title_rank=rank,
            first_prompt=self._first_prompt,
            project=self._project or place.project,
            repo_root=self._repo_root or place.repo_root,
            git_branch=place.git_branch,
            agent_version=thread.version,
            entrypoint=self._entrypoint,
            started_at=self._started_at,
            ended_at=self._ended_at,
            source=thread.source.path,
        )


def word(meta: LightPayload) -> str | None:
    """Where a session comes from, when a plain word says so."""
    return meta.source if isinstance(meta.source, str) else None
