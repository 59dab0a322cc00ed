"""The table `issues`."""

from typing import Annotated, Literal

from sessionframe.schema import _shared as shared
from sessionframe.schema._column import About

IssueKind = Literal[
    "broken-line",
    "cut-off",
    "repaired",
    "bad-value",
    "not-a-record",
    "unknown-record",
    "missing-column",
    "missing-time",
    "unreadable",
    "orphan-result",
    "unpriced-model",
    "provider-failed",
    "estimate",
]


class IssueRow(shared.Row, kw_only=True, gc=False):
    """One thing not read, not priced or counted only partly."""

    agent: shared.Agent = None
    host: shared.Host = None
    source: Annotated[str | None, About("file it was found in; null when it concerns all of them")] = None
    line: Annotated[int | None, About("line number of the first case, counted from 1")] = None
    kind: Annotated[IssueKind, About("what is wrong")]
    detail: Annotated[str | None, About("what was found and what was done about it")] = None
    count: Annotated[int, About("how many cases this row stands for", "cases")] = 1
