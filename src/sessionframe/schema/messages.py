"""The table `messages`."""

from typing import Annotated, Literal

from sessionframe.schema import _shared as shared
from sessionframe.schema._column import About, Time

Role = Literal["user", "assistant", "system", "tool"]
MessageKind = Literal["chat", "tool-use", "tool-result", "progress", "snapshot", "thinking", "summary"]


class MessageRow(shared.Row, kw_only=True, gc=False):
    """One content part of one message, in the order of the log."""

    agent: shared.Agent = None
    session_id: shared.SessionId
    root_session_id: shared.RootSessionId
    host: shared.Host = None
    message_id: Annotated[str | None, About("id of the message; the parts of one message share it")] = None
    parent_id: Annotated[str | None, About("id of the record before this one in the conversation tree")] = None
    seq: Annotated[int, About("position of the part in its file, counted from 0")]
    at: Annotated[Time | None, About("when the record was written", "UTC")] = None
    role: Annotated[Role, About("who speaks; `tool` is a tool result, `system` the agent program")]
    type: Annotated[MessageKind, About("what the part is")]
    is_human: Annotated[bool, About("a prompt that a person gave, not text that the agent program injected")] = False
    is_replay: shared.IsReplay = False
    model: shared.Model = None
    request_id: shared.RequestId = None
    call_id: Annotated[str | None, About("tool call that the part makes or answers")] = None
    project: shared.Project = None
    repo_root: shared.RepoRoot = None
    git_branch: shared.GitBranch = None
    content_chars: Annotated[int | None, About("length of the text", "characters")] = None
    content: Annotated[str | None, About("the text; null unless `content=True`")] = None
    source: shared.SourcePath
    line: shared.Line = None
    record_id: Annotated[str | None, About("id of the record in its file", internal=True)] = None
    dedup_key: shared.DedupKey = None
    copy_rank: shared.CopyRank = None
    raw: Annotated[str | None, About("the record as JSON text, when asked for", internal=True)] = None
