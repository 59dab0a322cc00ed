"""A home whose files may hold anything goes in; nothing comes out unless something that must always hold does not: `AssertionError`."""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import hypothesis
import msgspec
import polars as pl

from sessionframe.engine.load import LIGHT
from sessionframe.engine.logs import scan
from sessionframe.engine.plan import Group, make_plan
from sessionframe.engine.session_api import SessionApi
from sessionframe.formats.clock import END
from sessionframe.formats.problems import Problems
from sessionframe.formats.sqlite import Database
from sessionframe.frames.build import fitting
from sessionframe.frames.dtypes import polars_schema
from sessionframe.machine import Machine
from sessionframe.providers.contract import Context, Provider, TableRow, Want
from sessionframe.providers.opencode.databases import LONGEST_STEP
from sessionframe.schema import SCHEMA, TABLES, TITLES, IssueRow, TableName, UsageRow
from sessionframe.schema._shared import TOTAL_TOKEN_COLUMNS

DECLARED = {schema.row: schema for schema in (*SCHEMA.values(), TITLES)}
EVERYTHING = Want(frozenset(TABLES), content=True, raw=True)
MOST_TOKENS = 10**13
"""No true request has more, and millions of them can be added up in 64 bits."""
LONG_STEP = "SELECT 1 FROM part WHERE length(CAST(data AS BLOB)) > ? AND instr(data, 'step-finish')"
QUICK = 100
"""Examples of the profiles that the suite is run with."""
LONGEST_DETAIL = 500
"""Characters of an issue: it says what is wrong, and quotes no log."""


def group_of(provider: Provider, home: Path) -> Group | None:
    """The sources of an agent in a home; nothing where there are none. What is found must be found without fault."""
    plan = make_plan([provider], [Machine.at(home)], {})
    no_faults(plan.issues)
    return plan.groups[0] if plan.groups else None


def no_faults(issues: Iterable[IssueRow]) -> None:
    """Nothing raised."""
    for issue in issues:
        assert issue.kind != "provider-failed", issue.detail


def parsed(group: Group, want: Want) -> dict[tuple[str, str], list[Any]]:
    """What every source of a group brings: with the provider's own functions, so that whatever it raises is seen."""
    context = Context(group.machine, group.provider.prepare(group.sources))
    return {source.key: list(group.provider.parse(source, want, context)) for source in group.sources}


def rows_are_sound(home: Path, provider: Provider) -> None:
    """Parse every source of a home in every way; no row may hold what its column cannot, and usage must not depend on the rest."""
    group = group_of(provider, home)
    if group is None:
        return
    everything, light = parsed(group, EVERYTHING), parsed(group, LIGHT)
    for rows in (*everything.values(), *light.values()):
        for row in rows:
            if type(row) in DECLARED:
                is_sound(row)
    for key, rows in everything.items():
        assert may_differ(key[0]) or usage_of(rows) == usage_of(light[key]), f"{key}: usage alone is not usage with everything"


def may_differ(path: str) -> bool:
    """Whether usage alone may see other requests than everything does: the two known ways, both in databases.

    A finished step that is longer than usage alone looks into; and an index that does not agree with its table any more, because then
    it depends on the way to a row whether it is there.
    """
    if not path.endswith(".db"):
        return False
    with Database(path, Problems(path)) as database:
        long = any(True for _ in database.select(LONG_STEP, LONGEST_STEP))
        return long or list(database.select("PRAGMA integrity_check")) != [(b"ok",)]


def usage_of(rows: Iterable[Any]) -> Counter[bytes]:
    """The usage rows among others, whatever their order."""
    return Counter(msgspec.json.encode(row) for row in rows if isinstance(row, UsageRow))


def is_sound(row: TableRow) -> None:
    """Every value fits its column, is text that can be written down, a time that there is, a number that can be added up."""
    for column in DECLARED[type(row)].columns:
        value = getattr(row, column.name)
        where = f"{type(row).__name__}.{column.name} = {value!r:.80}"
        assert fitting(column, value) is value or (column.dtype == "float64" and type(value) is int), f"{where} is no {column.dtype}"
        if value is None:
            continue
        if column.dtype == "datetime":
            assert 0 <= value < END, where
        if column.dtype == "float64":
            assert math.isfinite(value), where
        if column.unit in {"tokens", "searches", "cases", "characters", "lines"}:
            assert 0 <= value <= MOST_TOKENS, where
    if isinstance(row, UsageRow):
        assert (row.cache_write_1h_tokens or 0) <= (row.cache_write_tokens or 0) or row.cache_write_tokens is None, "1 h of cache writes"
        assert (row.reasoning_tokens or 0) <= (row.output_tokens or 0) or row.output_tokens is None, "more reasoning than output"
    if isinstance(row, IssueRow):
        assert len(row.detail or "") <= LONGEST_DETAIL, f"{len(row.detail or '')} characters: {row.detail!r:.80}"


def tables_are_sound(home: Path, agent: str) -> dict[TableName, pl.DataFrame]:
    """Make every table, in both ways, and write it down; sums must be the same wherever they are taken."""
    alone = scan(agent, home=home, n_jobs=1).usage.to_frame("polars", replays=True)
    full = scan(agent, home=home, n_jobs=1)
    full.sessions.to_frame("polars")  # reads everything, and what follows needs no other reading
    frames = {name: getattr(full, name).to_frame("polars", replays=True) for name in TABLES}
    for issue in frames["issues"].iter_rows(named=True):
        assert issue["kind"] != "provider-failed", issue["detail"]
    for name, frame in frames.items():
        assert dict(frame.schema) == polars_schema(SCHEMA[name]), name
        frame.write_parquet(io.BytesIO())
        frame.write_ndjson(io.BytesIO())
        assert len(getattr(full, name).to_frame(replays=True)) == frame.height, f"{name} for pandas"
    assert frames["usage"].equals(alone) or any(map(may_differ, frames["issues"]["source"].drop_nulls().append(alone["source"]).unique()))
    frames_agree(frames)
    return frames


def frames_agree(frames: dict[TableName, pl.DataFrame]) -> None:
    """The tables tell the same story: sessions are listed once, add up, and are those that the rows name."""
    usage, sessions = frames["usage"].filter(~pl.col("is_replay")), frames["sessions"]
    assert sessions["session_id"].is_unique().all(), "a session is listed twice"
    for name in TOTAL_TOKEN_COLUMNS:
        assert (sessions[name].sum() or 0) == (usage[name].sum() or 0) >= 0, name
    assert (sessions["requests"].sum() or 0) == usage.height, "requests"
    known = set(sessions["session_id"])
    for table in (frames["messages"], frames["tool_calls"], frames["usage"]):
        assert set(table["session_id"]) <= known, "rows of sessions that are not listed"


def sessions_can_be_read(home: Path, provider: Provider) -> None:
    """Every session that is listed can be read, as a whole and message by message, and both bring the same."""
    sessions = SessionApi(provider, Machine.at(home))
    for listed in sessions.every_session():
        read = sessions.read_session(listed.id, raw=True)
        assert read.messages == tuple(sessions.scan_messages(listed.id, raw=True))
        read.model_dump_json()
    for project in sessions.list_projects():
        assert sessions.list_sessions(project)


def examples(usual: int) -> hypothesis.settings:
    """So many examples of a test, fewer in a quick run, as many as it says in the profile `deep`."""
    most = hypothesis.settings().max_examples
    return hypothesis.settings(max_examples=most if most > QUICK else min(usual, most))
