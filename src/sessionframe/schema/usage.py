"""The table `usage`."""

from typing import Annotated, Literal

from sessionframe.schema import _shared as shared
from sessionframe.schema._column import About, Time

RequestKind = Literal["reply", "compaction", "advisor", "title", "suggestion", "side-question", "review", "other"]


class UsageRow(shared.Row, kw_only=True, gc=False):
    """One model request, counted once however often the logs repeat it."""

    agent: shared.Agent = None
    session_id: shared.SessionId
    root_session_id: shared.RootSessionId
    host: shared.Host = None
    request_id: shared.RequestId = None
    message_id: Annotated[str | None, About("id of the response message")] = None
    at: Annotated[Time | None, About("when the record that states the numbers was written", "UTC")] = None
    model: shared.Model = None
    vendor: Annotated[str | None, About("company that sells the model, e.g. `anthropic`; null when unknown")] = None
    kind: Annotated[RequestKind, About("what the request was for")] = "reply"
    project: shared.Project = None
    repo_root: shared.RepoRoot = None
    git_branch: shared.GitBranch = None
    input_tokens: shared.InputTokens = None
    cache_read_tokens: shared.CacheReadTokens = None
    cache_write_tokens: shared.CacheWriteTokens = None
    cache_write_1h_tokens: shared.CacheWrite1hTokens = None
    output_tokens: shared.OutputTokens = None
    reasoning_tokens: shared.ReasoningTokens = None
    web_searches: shared.WebSearches = None
    speed: Annotated[str | None, About("speed the request was billed at, e.g. `standard`, `fast`")] = None
    service_tier: Annotated[str | None, About("service tier of the vendor, e.g. `standard`, `priority`, `batch`")] = None
    inference_geo: Annotated[str | None, About("where the vendor promised to run the model, e.g. `us`")] = None
    is_final: Annotated[
        bool | None, About("the numbers are the response's final ones; false: a lower bound; null: the log cannot tell")
    ] = None
    is_replay: shared.IsReplay = False
    evidence: Annotated[str | None, About("the kind of record that told the numbers")] = None
    recorded_cost_usd: shared.RecordedCost = None
    cost_usd: shared.Cost = None
    price_key: Annotated[str | None, About("the entry of the price list that was used; null when none fits")] = None
    source: shared.SourcePath
    line: shared.Line = None
    dedup_key: shared.DedupKey = None
    copy_rank: shared.CopyRank = None
    is_echo: Annotated[
        bool, About("a report of a record that another source should hold: counts only when it is nowhere else", internal=True)
    ] = False
