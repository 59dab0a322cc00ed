"""What the caller asked for -> the kept sources that can have a part in it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from sessionframe.engine.cache.manifest import Entry
from sessionframe.engine.cache.related import LINKS, USAGE_LINKS, Asked, OnShelf, needed
from sessionframe.engine.load import Options
from sessionframe.engine.portion import Portion
from sessionframe.engine.question import Question
from sessionframe.frames.scope import Scope
from sessionframe.providers.contract import Want

COLUMNS = frozenset({"at", "host", "project", "repo_root"})
"""What a scope looks at."""


def narrow(portions: Sequence[Portion], want: Want, options: Options, question: Question | None) -> list[tuple[Portion, list[Entry]]]:
    """The portions, each with the entries that must be loaded. Raises `DamagedError`."""
    asked = asked_for(Scope(options.since, options.until, options.projects), want, question)
    found: list[tuple[Portion, list[Entry]]] = []
    for agent in dict.fromkeys(portion.group.provider.agent_type for portion in portions):
        among = [portion for portion in portions if portion.group.provider.agent_type == agent]
        shelves = [OnShelf(portion.shelf.name if portion.shelf else "", portion.entries, frozenset(portion.went_on)) for portion in among]
        found += zip(among, needed(shelves, just_read(among), asked), strict=True)
    return found


def asked_for(scope: Scope, want: Want, question: Question | None) -> Asked:
    """The rows that a scope and a query ask for. Without a range of time, sessions without any rows are among them."""
    links = USAGE_LINKS if want.only_usage else LINKS
    if question is not None and question.test is not None:
        passing = question.test
        return Asked({question.table: lambda rows: scope.cut(rows).filter(passing)}, {*COLUMNS, *question.tested}, links)
    tests = dict.fromkeys(("usage",) if want.only_usage else ("usage", "messages", "tool_calls"), scope.cut)
    return Asked({**tests, "sessions": scope.only_projects} if scope.timeless and not want.only_usage else tests, COLUMNS, links)


def just_read(portions: Sequence[Portion]) -> dict[str, pl.DataFrame]:
    """The rows that were read just now, by table."""
    found: dict[str, list[pl.DataFrame]] = {}
    for portion in portions:
        for parsed in portion.parsed:
            for table, rows in parsed.tables.items():
                found.setdefault(table, []).append(rows)
    return {table: pl.concat(rows, rechunk=False) for table, rows in found.items()}
