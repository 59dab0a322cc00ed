"""The table `tool_calls`."""

from typing import Annotated, Literal

from sessionframe.schema import _shared as shared
from sessionframe.schema._column import About, Time

Category = Literal["read", "search", "edit", "write", "run", "web", "plan", "agent", "mcp", "other"]
Status = Literal["ok", "error", "denied", "interrupted", "pending"]
DurationFrom = Literal["reported", "timestamps"]


class ToolCallRow(shared.Row, kw_only=True, gc=False):
    """One tool call with its result."""

    agent: shared.Agent = None
    session_id: shared.SessionId
    root_session_id: shared.RootSessionId
    host: shared.Host = None
    call_id: Annotated[str | None, About("id of the call")] = None
    message_id: Annotated[str | None, About("the message that made the call")] = None
    request_id: shared.RequestId = None
    at: Annotated[Time | None, About("when the call was made", "UTC")] = None
    ended_at: Annotated[Time | None, About("when the result was written", "UTC")] = None
    duration_s: Annotated[float | None, About("how long the call took; from timestamps it includes waiting for permission", "s")] = None
    duration_from: Annotated[DurationFrom | None, About("where `duration_s` comes from: reported by the tool, or the two timestamps")] = (
        None
    )
    tool: Annotated[str | None, About("name of the tool as the log has it")] = None
    category: Annotated[Category, About("what the tool does")] = "other"
    mcp_server: Annotated[str | None, About("MCP server of the tool; null for built-in tools")] = None
    path: Annotated[str | None, About("file or folder the call is about")] = None
    command: Annotated[str | None, About("first word of a shell command")] = None
    status: Annotated[Status, About("how the call ended; `pending` has no result in the log")] = "pending"
    exit_code: Annotated[int | None, About("exit code of a command where the log states it")] = None
    input_chars: Annotated[int | None, About("length of the arguments as JSON text", "characters")] = None
    output_chars: Annotated[int | None, About("length of the result text that the model saw", "characters")] = None
    lines_added: Annotated[int | None, About("lines added to files, from the recorded patch", "lines")] = None
    lines_removed: Annotated[int | None, About("lines removed from files, from the recorded patch", "lines")] = None
    child_session_id: Annotated[str | None, About("the sub-agent thread that the call started")] = None
    model: Annotated[str | None, About("model that made the call")] = None
    project: shared.Project = None
    repo_root: shared.RepoRoot = None
    git_branch: shared.GitBranch = None
    is_replay: shared.IsReplay = False
    arguments: Annotated[str | None, About("the arguments as JSON text; null unless `content=True`")] = None
    result: Annotated[str | None, About("the result text; null unless `content=True`")] = None
    source: shared.SourcePath
    line: shared.Line = None
    dedup_key: shared.DedupKey = None
    copy_rank: shared.CopyRank = None
