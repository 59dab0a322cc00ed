"""The table `sessions`."""

from typing import Annotated, Literal

from sessionframe.schema import _shared as shared
from sessionframe.schema._column import About, Time

SessionKind = Literal["main", "fork", "subagent", "workflow", "compaction", "side-question", "suggestion", "warmup", "review"]


class SessionRow(shared.Row, kw_only=True, gc=False):
    """One conversation or sub-agent thread."""

    agent: shared.Agent = None
    session_id: shared.SessionId
    root_session_id: shared.RootSessionId
    host: shared.Host = None
    parent_session_id: Annotated[str | None, About("the session that started this sub-agent, or that this fork was copied from")] = None
    kind: Annotated[SessionKind, About("what the thread is; every kind but main, fork and review is started by the agent itself")] = "main"
    subagent_type: Annotated[str | None, About("the kind of sub-agent as the agent names it, e.g. `Explore`")] = None
    title: Annotated[str | None, About("title given by the user or the agent")] = None
    first_prompt: Annotated[str | None, About("first 200 characters of the first human prompt; null unless `content=True`")] = None
    project: Annotated[str | None, About("working directory at the first record")] = None
    repo_root: shared.RepoRoot = None
    git_branch: Annotated[str | None, About("git branch at the first record that names one")] = None
    agent_version: Annotated[str | None, About("version of the agent at the last record")] = None
    entrypoint: Annotated[str | None, About("how the agent was started, e.g. `cli`, `claude-vscode`")] = None
    model: Annotated[str | None, About("the model with the most output tokens")] = None
    started_at: Annotated[Time | None, About("first record", "UTC")] = None
    ended_at: Annotated[Time | None, About("last record", "UTC")] = None
    wall_s: Annotated[float | None, About("`ended_at` - `started_at`", "s")] = None
    active_s: Annotated[
        float | None,
        About("sum of the gaps between records, each counted as at most 5 minutes; a main session includes its sub-agents", "s"),
    ] = None
    prompts: Annotated[int | None, About("human prompts", "prompts")] = None
    messages: Annotated[int | None, About("messages of user, assistant and tools, replays left out", "messages")] = None
    requests: Annotated[int | None, About("model requests: rows of `usage`", "requests")] = None
    tool_calls: Annotated[int | None, About("tool calls: rows of `tool_calls`", "calls")] = None
    tool_errors: Annotated[int | None, About("tool calls with status `error`", "calls")] = None
    compactions: Annotated[int | None, About("times the history was replaced by a summary", "compactions")] = None
    input_tokens: shared.InputTokens = None
    cache_read_tokens: shared.CacheReadTokens = None
    cache_write_tokens: shared.CacheWriteTokens = None
    cache_write_1h_tokens: shared.CacheWrite1hTokens = None
    output_tokens: shared.OutputTokens = None
    reasoning_tokens: shared.ReasoningTokens = None
    web_searches: shared.WebSearches = None
    recorded_cost_usd: Annotated[
        float | None, About("cost of the session that the log itself states, sub-agents included where the agent includes them", "USD")
    ] = None
    cost_usd: shared.Cost = None
    source: shared.SourcePath
    line: Annotated[int | None, About("null: a session is the sum of its file")] = None
    title_rank: Annotated[int, About("how good the title is: the highest wins", internal=True)] = 0
    spawn_call_id: Annotated[str | None, About("tool call that started this sub-agent", internal=True)] = None
