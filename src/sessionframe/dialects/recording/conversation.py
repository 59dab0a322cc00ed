"""Heads and messages of one recording in, all rows of it out: the state that a log of changes needs, without any text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from sessionframe.dialects.google import opening_text, parts
from sessionframe.dialects.recording.messages import ROLES, Messages
from sessionframe.dialects.recording.place import Place, Wanted
from sessionframe.dialects.recording.prompts import begins_like, is_prompt
from sessionframe.dialects.recording.records import Head, Message
from sessionframe.dialects.recording.tools import ToolCalls
from sessionframe.dialects.recording.usage import Requests
from sessionframe.formats.clock import instant
from sessionframe.formats.problems import Problems
from sessionframe.schema import MessageRow, SessionRow, ToolCallRow

Row: TypeAlias = MessageRow | ToolCallRow | SessionRow
Locate: TypeAlias = Callable[[Head, str | None], Place]
"""(what the recording says of itself, the folder that its opening context names) -> where it belongs."""

WORKSPACE = re.compile(
    r"Workspace Directories:\*{0,2}\s+- (?P<folder>[^\n]+)|working in the (?:following )?director(?:y|ies):\s+(?:- )?(?P<old>[^\n]+)"
)
FIRST_PROMPT_CHARS = 200
TITLE_RANK = {"summary": 40, "first-prompt": 10}


class Conversation:
    """Makes the rows of one recording while its messages go by.

    Parameters
    ----------
    want, locate
        What is asked for, and where recordings belong.
    requests
        Collects the usage.
    problems
        Where issues go.
    """

    def __init__(self, want: Wanted, locate: Locate, requests: Requests, problems: Problems) -> None:
        self._want = want
        self._locate = locate
        self._requests = requests
        self._problems = problems
        self._head = Head()
        self._place: Place | None = None
        self._folder: str | None = None
        self._waiting: list[tuple[int, Message, str | None]] = []
        self._messages = Messages(content=want.content)
        self._tools = ToolCalls(content=want.content)
        self._first_prompt: str | None = None
        self._times: list[int] = []

    def note(self, head: Head) -> None:
        """What the recording says of itself; the session is the one named first, the summary the one written last."""
        known = self._head
        self._head = Head(
            sessionId=known.sessionId or head.sessionId,
            projectHash=known.projectHash or head.projectHash,
            startTime=known.startTime if known.startTime is not None else head.startTime,
            kind=known.kind or head.kind,
            summary=head.summary or known.summary,
            directories=known.directories or head.directories,
        )

    @property
    def is_named(self) -> bool:
        """Whether the recording has said which session it is."""
        return self._head.sessionId is not None

    @property
    def place(self) -> Place:
        """Where the recording belongs, as far as is known now."""
        return self._place or self._locate(self._head, self._folder)

    def message(self, line: int, message: Message, raw: str | None = None) -> Iterator[Row]:
        """Take a message, or a later state of one.

        Nothing comes out before the first thing that a person or the model said: files with a start-up context alone are no sessions,
        and a resumed session leaves such a file behind (recorded with 0.61).
        """
        self._requests.add(message, line)
        if message.type not in ROLES:
            return
        if self._place is not None:
            yield from self._rows(line, message, raw)
            return
        self._waiting.append((line, message, raw))
        self.look(message)
        if is_real(message):
            self._place = self._locate(self._head, self._folder)
            for waiting in self._waiting:
                yield from self._rows(*waiting)
            self._waiting.clear()

    def look(self, message: Message) -> None:
        """Take the project from a message that names it, where none did before."""
        self._folder = self._folder or context_folder(message)

    def end(self) -> Iterator[Row]:
        """Calls without a result, and what the session is."""
        if self._place is None:
            return
        if "tool_calls" in self._want.tables:
            yield from self._tools.unanswered()
        if "sessions" in self._want.tables:
            yield self._session(self._place)

    def _rows(self, line: int, message: Message, raw: str | None) -> Iterator[Row]:
        place, tables = self._place, self._want.tables
        if place is None:
            return
        at = instant(message.timestamp)
        if at is not None:
            self._times = [min([at, *self._times]), max([at, *self._times])]
        for row, text in self._messages.rows(message, line, place, raw):
            if row.is_human and text is not None and self._first_prompt is None:
                self._first_prompt = text[:FIRST_PROMPT_CHARS]
            if "messages" in tables:
                yield row
        if "tool_calls" in tables:
            yield from self._calls(line, message, place, at)

    def _calls(self, line: int, message: Message, place: Place, at: int | None) -> Iterator[ToolCallRow]:
        found = [self._tools.take(call, message, line, place) for call in message.toolCalls or ()]
        if message.type == "user":
            answers = (part.functionResponse for part in parts(message.content))
            found += [self._tools.answer(answer, line, place, at) for answer in answers if answer is not None]
        yield from (row for row in found if row is not None)

    def _session(self, place: Place) -> SessionRow:
        began = instant(self._head.startTime)
        first_prompt = self._first_prompt if self._want.content else None
        title = self._head.summary or first_prompt
        return SessionRow(
            session_id=place.session_id,
            root_session_id=place.root_session_id,
            parent_session_id=place.root_session_id if place.session_id != place.root_session_id else None,
            kind=place.kind,
            title=title,
            title_rank=(TITLE_RANK["summary"] if self._head.summary else TITLE_RANK["first-prompt"]) if title else 0,
            first_prompt=first_prompt,
            project=place.project,
            repo_root=place.repo_root,
            started_at=min([*self._times, *([began] if began is not None else [])], default=None),
            ended_at=max(self._times, default=began),
            source=place.source,
        )


def is_real(message: Message) -> bool:
    """Whether a message makes a file a session: a prompt, or anything that the model said, thought or called."""
    if message.type == "user":
        return is_prompt(message.content)
    if message.type != "gemini":
        return False
    said = any(part.text for part in parts(message.content))
    return said or bool(message.thoughts) or bool(message.toolCalls) or message.tokens is not None


def context_folder(message: Message) -> str | None:
    """The project that the start-up context names: the first of its workspace folders."""
    text = opening_text(message.content) if message.type == "user" else None
    if not begins_like(text, ("<session_context>",)):
        return None
    match = WORKSPACE.search(text or "")
    return (match["folder"] or match["old"]).strip() if match else None
