"""Columns that several tables share, each declared once."""

from typing import Annotated, TypeAlias

import msgspec

from sessionframe.schema._column import About

Agent: TypeAlias = Annotated[str | None, About("agent type, e.g. `claude-code`")]
Host: TypeAlias = Annotated[str | None, About("label of the home folder the row comes from; null when only one home is read")]
SessionId: TypeAlias = Annotated[str, About("conversation or sub-agent thread; a sub-agent's is `<session>/<agent id>`")]
RootSessionId: TypeAlias = Annotated[str, About("the conversation a sub-agent belongs to; a main session or a fork is its own root")]
Project: TypeAlias = Annotated[str | None, About("working directory of the agent when the record was written")]
RepoRoot: TypeAlias = Annotated[
    str | None, About("the project with git worktrees folded into the repository they belong to; on Windows in one spelling: `C:\\code`")
]
GitBranch: TypeAlias = Annotated[str | None, About("git branch at that time; null outside a branch")]
Model: TypeAlias = Annotated[str | None, About("model as the log names it")]
RequestId: TypeAlias = Annotated[str | None, About("the vendor's id of the model request")]
IsReplay: TypeAlias = Annotated[
    bool, About("the record is a copy of another session's history (resume, fork); left out unless `replays=True`")
]
SourcePath: TypeAlias = Annotated[str, About("file the row was read from")]
Line: TypeAlias = Annotated[
    int | None,
    About(
        "line number in the file, position in the list of a JSON document (both counted from 1), or row id in a database; "
        "the record that states the numbers"
    ),
]
DedupKey: TypeAlias = Annotated[str | None, About("equal for records that are copies of each other", internal=True)]
CopyRank: TypeAlias = Annotated[
    int | None,
    About(
        "how good the claim of this copy to the record is, the smallest wins, in a source where sessions copy each other; "
        "null where the source as a whole is a copy or an original",
        internal=True,
    ),
]

Tokens: TypeAlias = int | None
InputTokens: TypeAlias = Annotated[Tokens, About("uncached input", "tokens")]
CacheReadTokens: TypeAlias = Annotated[Tokens, About("input read from the prompt cache", "tokens")]
CacheWriteTokens: TypeAlias = Annotated[Tokens, About("input written to the prompt cache, all lifetimes", "tokens")]
CacheWrite1hTokens: TypeAlias = Annotated[Tokens, About("part of `cache_write_tokens` that is kept for one hour", "tokens")]
OutputTokens: TypeAlias = Annotated[Tokens, About("output, thinking included", "tokens")]
ReasoningTokens: TypeAlias = Annotated[
    Tokens, About("part of `output_tokens` spent on thinking; null where the log does not say", "tokens")
]
WebSearches: TypeAlias = Annotated[int | None, About("web searches run by the vendor", "searches")]
RecordedCost: TypeAlias = Annotated[float | None, About("cost that the log itself states; null where it states none", "USD")]
Cost: TypeAlias = Annotated[
    float | None,
    About("API-equivalent estimate: the tokens at the list price of their day, not a bill; null when the model has no known price", "USD"),
]

TOKEN_COLUMNS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens", "reasoning_tokens")
"""The token columns of `usage` and `sessions`, in order. The total is input + cache_read + cache_write + output."""

TOTAL_TOKEN_COLUMNS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
"""The disjoint token columns: they add up to all tokens of a request."""


class Row(msgspec.Struct, kw_only=True, gc=False):
    """Base of the row classes."""
