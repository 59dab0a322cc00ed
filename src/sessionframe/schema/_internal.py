"""Rows that never reach a user as they are: facts of one source about a session of another, and how records became numbers."""

from typing import Annotated, Literal

from sessionframe.schema import _shared as shared
from sessionframe.schema._column import About, Time

Fate = Literal[
    "counted",
    "same-request",
    "told-before",
    "counter-stands",
    "no-tokens",
    "notice",
    "unanswered",
    "other-thread",
    "steps-tell",
    "newer-copy",
]
"""What becomes of a record that states what a request used."""


class TitleRow(shared.Row, kw_only=True, gc=False):
    """A title for the session that holds a certain record, wherever that record is."""

    agent: shared.Agent = None
    host: shared.Host = None
    record_id: Annotated[str, About("id of a record of the session the title belongs to")]
    title: Annotated[str, About("the title")]
    title_rank: Annotated[int, About("how good the title is: the highest wins")]
    source: shared.SourcePath
    line: shared.Line = None


class StatementRow(shared.Row, kw_only=True, gc=False):
    """One record that states what a model request used, and what became of it."""

    agent: shared.Agent = None
    host: shared.Host = None
    source: shared.SourcePath
    line: shared.Line = None
    at: Annotated[Time | None, About("when the record was written", "UTC")] = None
    model: shared.Model = None
    tokens: Annotated[int | None, About("all tokens that it states of the request, each counted once", "tokens")] = None
    stated_tokens: Annotated[int | None, About("their sum as the record itself states it; null where it states none", "tokens")] = None
    counter_tokens: Annotated[int | None, About("the running total of the thread behind it; null where it states none", "tokens")] = None
    fate: Annotated[Fate, About("what became of it")]
    request: Annotated[str | None, About("`dedup_key` of the request that it belongs to; null where it belongs to none")] = None
