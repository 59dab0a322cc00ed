"""An audit goes in; how many records, and how many requests of them, there are at each step comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionframe.schema import IssueKind

if TYPE_CHECKING:
    import polars as pl

    from sessionframe.engine.audit import Audit

LOST: tuple[IssueKind, ...] = ("broken-line", "cut-off", "not-a-record")
FATES: dict[str, str] = {
    "same-request": "left out: the log states the same request in several records, and another one tells most",
    "told-before": "left out: another record of the file has told of the same request",
    "counter-stands": "left out: a counter that has not moved, so no request lies behind it",
    "no-tokens": "left out: states no tokens",
    "notice": "left out: the program itself wrote it in the model's place",
    "unanswered": "left out: failed, or ran without the model; no token was used",
    "other-thread": "left out: tells of another thread, whose own file holds it",
    "steps-tell": "left out: a message whose steps state the same tokens request by request",
    "newer-copy": "left out: a newer layout of the same database holds the message",
}
STEPS: dict[str, str] = {
    "sources": "files, databases, or parts of them, that were read",
    "lines": "lines of the agent's files of lines, empty ones left out",
    "lost_lines": "lines or parts of documents that could not be read, in whole or in part; the table `issues` lists them",
    "statements": "records that state what a request used",
    **FATES,
    "found_requests": "requests in all sources: the statements that were not left out",
    "echoes": "left out: reports of a request that another source holds itself",
    "copies": "left out: copies of another session's history (resume, fork, backup)",
    "outside": "left out: outside of the asked range of time and projects",
    "requests": "the rows of `usage`",
}
"""Step -> its meaning, in the order from records to numbers."""
ALWAYS = frozenset({"sources", "lines", "lost_lines", "statements", "found_requests", "requests"})
"""Steps that are shown also where nothing was left out."""


def steps(seen: Audit) -> pl.DataFrame:
    """One row per agent and step."""
    import polars as pl

    rows = [
        (agent, step, count, STEPS[step])
        for agent in sorted(seen.sources)
        for step, count in counts(seen, agent).items()
        if count or step in ALWAYS
    ]
    return pl.DataFrame(rows, schema={"agent": pl.String, "step": pl.String, "count": pl.Int64, "meaning": pl.String}, orient="row")


def counts(seen: Audit, agent: str) -> dict[str, int | None]:
    """The steps of one agent."""
    import polars as pl

    own = pl.col("agent") == agent
    usage, said = seen.tables["usage"], seen.statements.filter(own)
    found, alone = seen.found.filter(own).height, seen.without_echoes.filter(own).height
    requests, copies = usage.own.filter(own).height, usage.copies.filter(own).height
    issues = seen.tables["issues"].own.filter(own & pl.col("kind").is_in(LOST))
    has_statements = said.height > 0 or found == 0
    fates = dict(said.group_by("fate").len().iter_rows())
    return {
        "sources": seen.sources[agent],
        "lines": seen.lines.get(agent),
        "lost_lines": int(issues["count"].sum()),
        "statements": said.height if has_statements else None,
        **{fate: fates.get(fate, 0) for fate in FATES},
        "found_requests": found,
        "echoes": found - alone,
        "copies": copies,
        "outside": alone - copies - requests,
        "requests": requests,
    }
