"""The messages of one session, as the session API has them, in; rows of the tables out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import get_args

from sessionframe.formats.clock import EPOCH, MICROSECOND
from sessionframe.formats.problems import Problems
from sessionframe.formats.text import clean
from sessionframe.model import Message, TokenUsage
from sessionframe.providers.contract import Context, ParsedRow, Source, Want
from sessionframe.schema import MessageKind, MessageRow, Role, SessionRow, ToolCallRow, UsageRow

FIRST_PROMPT_CHARS = 200
"""Of the first prompt, as the column `first_prompt` says."""
ROLES: dict[str, Role] = {role: role for role in get_args(Role)}
KINDS: dict[str, MessageKind] = {kind: kind for kind in get_args(MessageKind)}


class Reading:
    """Makes the rows of one session.

    Parameters
    ----------
    source
        The session; its facts hold what the summary said.
    want, context
        As `parse` has them.
    """

    def __init__(self, source: Source, want: Want, context: Context) -> None:
        self._source = source
        self._want = want
        self._facts = source.facts
        self._repo_root = context.machine.repositories.root(self._facts["project"])
        self._problems = Problems(source.path)
        self._requests: dict[str, UsageRow] = {}
        self._calls = Calls(self._problems)
        self._position = 0
        self._prompt: str | None = self._facts["first_prompt"]
        self._first: int | None = self._facts["created"]
        self._last: int | None = self._facts["modified"]

    def rows(self, message: Message) -> Iterator[ParsedRow]:
        """The rows that one message completes."""
        row = self._message_row(message)
        self._position += 1
        self._see(row.at)
        if row.is_human and self._prompt is None:
            self._prompt = message.content
        if message.usage is not None and "usage" in self._want.tables:
            self._keep(message, message.usage, row)
        if "messages" in self._want.tables:
            yield row
        if "tool_calls" in self._want.tables:
            yield from self._call_rows(message, row)

    def end(self) -> Iterator[ParsedRow]:
        """The rows that only the end of the session completes."""
        if "tool_calls" in self._want.tables:
            yield from self._calls.unanswered()
        if "usage" in self._want.tables:
            yield from self._requests.values()
        if "sessions" in self._want.tables:
            yield self._session_row()
        yield from self._problems.rows()

    def _message_row(self, message: Message) -> MessageRow:
        role, kind = ROLES[message.role], KINDS[message.type]
        text = None if message.content is None else clean(message.content)
        said_by_user = role == "user" and kind == "chat"
        return MessageRow(
            session_id=self._source.session_id,
            root_session_id=self._source.root_session_id,
            message_id=message.id,
            parent_id=message.parent_id,
            seq=self._position,
            at=instant_of(message.timestamp),
            role=role,
            type=kind,
            is_human=said_by_user if message.is_human is None else message.is_human,
            model=message.model,
            call_id=message.call_id,
            project=self._facts["project"],
            repo_root=self._repo_root,
            git_branch=self._facts["git_branch"],
            content_chars=None if text is None else len(text),
            content=text if self._want.content else None,
            source=self._source.path,
            line=self._position + 1,
            record_id=message.id,
            dedup_key=f"{self._source.path}:{self._position}",
            raw=message.raw_json if self._want.raw else None,
        )

    def _keep(self, message: Message, usage: TokenUsage, row: MessageRow) -> None:
        """Note a model request. Parts of one message that repeat its tokens are one request: the one with most output tells."""
        known = self._requests.get(message.id)
        if known is not None and (known.output_tokens or 0) > (usage.output_tokens or 0):
            return
        if usage.cache_write:
            self._problems.add("estimate", "cache writes are priced as kept for 5 minutes: messages do not say for how long", row.line)
        self._requests[message.id] = UsageRow(
            session_id=row.session_id,
            root_session_id=row.root_session_id,
            message_id=message.id,
            at=row.at,
            model=row.model,
            project=row.project,
            repo_root=row.repo_root,
            git_branch=row.git_branch,
            input_tokens=usage.input_tokens,
            cache_read_tokens=usage.cache_read,
            cache_write_tokens=usage.cache_write,
            output_tokens=usage.output_tokens,
            evidence="message",
            source=row.source,
            line=row.line,
            dedup_key=f"{self._source.path}:{message.id}",
        )

    def _call_rows(self, message: Message, row: MessageRow) -> Iterator[ToolCallRow]:
        if row.type == "tool-use":
            self._calls.call(message, row, content=self._want.content)
        elif row.type == "tool-result":
            yield from self._calls.result(message, row, content=self._want.content)

    def _see(self, at: int | None) -> None:
        if at is not None:
            self._first = at if self._first is None else min(self._first, at)
            self._last = at if self._last is None else max(self._last, at)

    def _session_row(self) -> SessionRow:
        name, root = self._source.session_id, self._source.root_session_id
        prompt = clean(self._prompt)[:FIRST_PROMPT_CHARS] if self._prompt and self._want.content else None
        return SessionRow(
            session_id=name,
            root_session_id=root,
            parent_session_id=None if name == root else root,
            kind="main" if name == root else "subagent",
            title=self._facts["title"],
            first_prompt=prompt,
            project=self._facts["project"],
            repo_root=self._repo_root,
            git_branch=self._facts["git_branch"],
            started_at=self._first,
            ended_at=self._last,
            source=self._source.path,
        )


class Calls:
    """Pairs tool calls with their results: by `call_id`, else by the result's `parent_id`.

    Parameters
    ----------
    problems
        Where calls and results go that cannot be paired.
    """

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._open: dict[tuple[str, str], ToolCallRow] = {}

    def call(self, message: Message, row: MessageRow, *, content: bool) -> None:
        """Note a call."""
        key = ("call", message.call_id) if message.call_id is not None else ("message", message.id)
        if key in self._open:
            self._leave_out(self._open[key])
        self._open[key] = ToolCallRow(
            session_id=row.session_id,
            root_session_id=row.root_session_id,
            call_id=message.call_id,
            message_id=message.id,
            at=row.at,
            input_chars=row.content_chars,
            model=row.model,
            project=row.project,
            repo_root=row.repo_root,
            git_branch=row.git_branch,
            arguments=row.content if content else None,
            source=row.source,
            line=row.line,
            dedup_key=f"{row.dedup_key}:call",
        )

    def result(self, message: Message, row: MessageRow, *, content: bool) -> Iterator[ToolCallRow]:
        """The call that a result answers. Whether it failed is not said, so it counts as ``ok``, and an issue tells."""
        key = ("call", message.call_id) if message.call_id is not None else ("message", message.parent_id or "")
        call = self._open.pop(key, None)
        if call is None:
            self._problems.add("orphan-result", "a tool result without its call", row.line)
            return
        call.ended_at, call.status = row.at, "ok"
        if call.at is not None and row.at is not None and row.at >= call.at:
            call.duration_s, call.duration_from = (row.at - call.at) / 1e6, "timestamps"
        call.output_chars = row.content_chars
        call.result = row.content if content else None
        self._problems.add("estimate", "answered tool calls count as ok: messages do not say whether a call failed", row.line)
        yield call

    def unanswered(self) -> Iterator[ToolCallRow]:
        """The calls without a result. One without a `call_id` may have been answered by a message that does not say so."""
        for (kind, _), call in self._open.items():
            if kind == "call":
                yield call
            else:
                self._leave_out(call)

    def _leave_out(self, call: ToolCallRow) -> None:
        self._problems.add("missing-column", "a tool call whose result cannot be told for want of ids is left out", call.line)


def instant_of(time: datetime | None) -> int | None:
    """A time as microseconds since 1970 UTC."""
    return None if time is None else (time - EPOCH) // MICROSECOND
