"""A plan goes in, everything it lists is read anew, and how the records became the requests comes out beside the tables."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from sessionframe import cachefiles
from sessionframe.engine.load import LIGHT, Beginning, Options, Tables, load, read, session_gaps
from sessionframe.engine.plan import Plan
from sessionframe.formats.originals import lines_of
from sessionframe.formats.zstd import ENDING
from sessionframe.providers.contract import Want
from sessionframe.schema import TABLES

if TYPE_CHECKING:
    import polars as pl

AUDIT = Want(frozenset(TABLES), statements=True)
"""Nothing that was kept is used: what is checked is what the files themselves say."""
LINES = (".jsonl", f".jsonl{ENDING}")
"""Endings of files that have a record in each line."""


class Audit(NamedTuple):
    """How records became requests.

    Attributes
    ----------
    statements
        One row per record that states what a request used, with its fate; agents from outside may give none.
    found
        The requests of all sources with all their columns, before copies are marked.
    without_echoes
        Those of them that no other source reports better.
    tables
        The five tables, within the limits of the scan.
    sources, lines
        Agent -> number of its sources, and of the lines in its files of lines; agents without such files are not in the second.
    kept
        The rows of usage as any other reading gives them, from what is kept where there is something; None where nothing is kept.
    is_limited
        The scan leaves out rows by time or project.
    """

    statements: pl.DataFrame
    found: pl.DataFrame
    without_echoes: pl.DataFrame
    tables: Tables
    sources: Counter[str]
    lines: Counter[str]
    kept: pl.DataFrame | None
    is_limited: bool


def audit(plan: Plan, options: Options) -> Audit:
    """Read everything and keep what is usually thrown away."""
    begun = Beginning.of(plan, AUDIT)
    parts = read(begun.portions, AUDIT, options, None)
    from sessionframe.engine.assemble import assemble, joined  # loads polars, for which the workers should not have to wait
    from sessionframe.frames.dedup import without_echoes

    statements = joined(parts, "statements")
    found = joined([part.only({"usage": None}) for part in parts], "usage")
    tables = assemble(parts, begun.issues, options, session_gaps(plan))
    kept = load(Beginning.of(plan, LIGHT), options)["usage"].own if cachefiles.folder() is not None else None
    sources = Counter(group.provider.agent_type for group in plan.groups for _ in group.sources)
    return Audit(statements, found, without_echoes(found), tables, sources, counted_lines(plan), kept, options.are_limits)


def counted_lines(plan: Plan) -> Counter[str]:
    """Agent -> lines in its files of lines, empty ones left out: counted without decoding any."""
    found: Counter[str] = Counter()
    for group in plan.groups:
        for path in {source.path for source in group.sources if source.path.endswith(LINES)}:
            found[group.provider.agent_type] += count_lines(path)
    return found


def count_lines(path: str) -> int:
    """Lines of a file that are not empty; none where it cannot be read."""
    return sum(bool(line.strip()) for line in lines_of(path))
