"""What sources say of their sessions -> one row per session: who it is, its title, its parent. Numbers come later, in `sessions`."""

from __future__ import annotations

import polars as pl

from sessionframe.frames.dedup import Deduplicated
from sessionframe.frames.dtypes import polars_schema
from sessionframe.schema import SCHEMA

SESSION = ("agent", "host", "session_id")
"""What tells sessions apart."""
CONTEXT = ("root_session_id", "project", "repo_root", "git_branch", "source")


def session_rows(facts: pl.DataFrame, titles: pl.DataFrame, found: Deduplicated) -> pl.DataFrame:
    """One row per session with everything but its sums.

    Parameters
    ----------
    facts
        `sessions` rows of all sources; several may speak of one session.
    titles
        Titles that one source gives to a session of another.
    found
        The other tables, copies marked.

    Returns
    -------
    polars.DataFrame
        All columns of `sessions`, in no particular order. A session that only copies another is there; one that is read
        twice, here and in a backup, is there once.
    """
    sessions = merged(facts, found)
    sessions = pl.concat([sessions, unmentioned(sessions, found)])
    sessions = titled(sessions, titles, found.messages)
    sessions = forked(sessions, found.inherited)
    sessions = spawned(sessions, found.tool_calls)
    return once(sessions, found)


def merged(facts: pl.DataFrame, found: Deduplicated) -> pl.DataFrame:
    """Bring together what several sources say of one session.

    The source that holds most of its records speaks first, then the one that begins earlier; what it leaves open the next
    one fills. The session begins with the earliest and ends with the latest of them, the best title and the largest
    recorded cost count: a backup states less, never more.
    """
    several = facts.select(SESSION).is_duplicated()
    if not several.any():
        return facts
    own = own_rows(found, "agent", "source", "session_id").rename({"rows": "_own"})
    first = (
        facts.filter(several)
        .join(own, on=("agent", "source", "session_id"), how="left")
        .sort(pl.col("_own").fill_null(0), "started_at", "source", descending=[True, False, False], nulls_last=True)
    )
    special = {
        "started_at": pl.col("started_at").min(),
        "ended_at": pl.col("ended_at").max(),
        "recorded_cost_usd": pl.col("recorded_cost_usd").max(),
        "agent_version": pl.col("agent_version").sort_by("ended_at", nulls_last=False).drop_nulls().last(),
        "title": pl.col("title").sort_by("title_rank", descending=True, maintain_order=True).first(),
        "title_rank": pl.col("title_rank").max(),
    }
    rest = [name for name in facts.columns if name not in SESSION]
    grouped = first.group_by(SESSION, maintain_order=True)
    joined = grouped.agg(special.get(name, pl.col(name).drop_nulls().first()) for name in rest).select(facts.columns)
    return pl.concat([facts.filter(~several), joined])


def own_rows(found: Deduplicated, *by: str) -> pl.DataFrame:
    """Number of rows that are no copies: `by`, `rows`."""
    counts = [
        table.select("is_replay", *by).filter(~pl.col("is_replay")).group_by(by).agg(pl.len().alias("rows"))
        for table in (found.usage, found.messages, found.tool_calls)
    ]
    return pl.concat(counts).group_by(by).agg(pl.col("rows").sum())


def unmentioned(sessions: pl.DataFrame, found: Deduplicated) -> pl.DataFrame:
    """Sessions that rows name and no source describes, e.g. a sub-agent whose file is gone and whose parent repeats its requests."""
    named = pl.concat(
        table.group_by(SESSION).agg(pl.col(name).drop_nulls().first() for name in CONTEXT)
        for table in (found.usage, found.messages, found.tool_calls)
    )
    new = named.join(sessions, on=SESSION, how="anti", nulls_equal=True).group_by(SESSION).agg(pl.col(CONTEXT).drop_nulls().min())
    schema = polars_schema(SCHEMA["sessions"], public=False)
    is_root = pl.col("session_id") == pl.col("root_session_id")
    kind = pl.when(is_root).then(pl.lit("main")).otherwise(pl.lit("subagent")).cast(schema["kind"])
    parent = pl.when(~is_root).then("root_session_id").alias("parent_session_id")
    described = new.with_columns(kind.alias("kind"), parent, pl.lit(0, dtype=pl.Int64).alias("title_rank"))
    return pl.concat([pl.DataFrame(schema=schema), described], how="diagonal")


def titled(sessions: pl.DataFrame, titles: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """Give each title to the session that owns the record it names, where it beats the session's own.

    Legacy `summary` records were written into whichever session started next, so the record they name is the only link.
    """
    facts = messages.select(*SESSION, "is_replay", "record_id")
    named = facts.filter(~pl.col("is_replay") & pl.col("record_id").is_in(titles["record_id"].unique().implode()))
    holders = named.group_by("agent", "host", "record_id").agg(pl.col("session_id").min())
    given = holders.join(titles, on=("agent", "host", "record_id"), nulls_equal=True)
    best = given.sort("title_rank", "source", "line", descending=True).unique(SESSION, keep="first", maintain_order=True)
    new = best.select(*SESSION, pl.col("title").alias("_title"), pl.col("title_rank").alias("_rank"))
    beats = (pl.col("_rank") > pl.col("title_rank")).fill_null(value=False)
    return (
        sessions.join(new, on=SESSION, how="left", nulls_equal=True)
        .with_columns(
            pl.when(beats).then("_title").otherwise("title").alias("title"),
            pl.when(beats).then("_rank").otherwise("title_rank").alias("title_rank"),
        )
        .drop("_title", "_rank")
    )


def forked(sessions: pl.DataFrame, inherited: pl.DataFrame) -> pl.DataFrame:
    """Call a main session that begins with another one's records a fork of it: of the session that owns the last of them."""
    other = inherited.filter(
        (pl.col("owner_session_id") != pl.col("session_id")) & (pl.col("owner_root_session_id") != pl.col("root_session_id"))
    )
    origin = (
        other.sort("line", "owner_session_id", nulls_last=False).group_by(SESSION).agg(pl.col("owner_session_id").last().alias("_origin"))
    )
    is_fork = pl.col("kind").is_in(["main", "fork"]) & pl.col("_origin").is_not_null()
    return (
        sessions.join(origin, on=SESSION, how="left", nulls_equal=True)
        .with_columns(
            pl.when(is_fork).then(pl.lit("fork", dtype=sessions.schema["kind"])).otherwise("kind").alias("kind"),
            pl.when(is_fork).then(pl.coalesce("parent_session_id", "_origin")).otherwise("parent_session_id").alias("parent_session_id"),
        )
        .drop("_origin")
    )


def spawned(sessions: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """Make the session of the call that started a thread its parent.

    The call decides where it lies in the same conversation: in 57 of 531 cases the parent that the thread's own sidecar named
    did not hold it. A call elsewhere only fills a gap.
    """
    called = sessions.filter(pl.col("spawn_call_id").is_not_null()).select(*SESSION, "root_session_id", "spawn_call_id")
    callers = calls.select("agent", "host", "is_replay", spawn_call_id="call_id", _parent="session_id", _root="root_session_id").filter(
        pl.col("spawn_call_id").is_in(called["spawn_call_id"].unique().implode())
    )
    pairs = called.join(callers, on=("agent", "host", "spawn_call_id"), nulls_equal=True).filter(pl.col("_parent") != pl.col("session_id"))
    near = pairs.with_columns(_near=pl.col("_root") == pl.col("root_session_id")).sort(
        "_near", "is_replay", "_parent", descending=[True, False, False]
    )
    parents = near.unique(SESSION, keep="first", maintain_order=True).select(*SESSION, "_parent", "_near")
    found = pl.when("_near").then(pl.coalesce("_parent", "parent_session_id")).otherwise(pl.coalesce("parent_session_id", "_parent"))
    return (
        sessions.join(parents, on=SESSION, how="left", nulls_equal=True)
        .with_columns(found.alias("parent_session_id"))
        .drop("_parent", "_near")
    )


def with_children(calls: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Name the thread that a call started, where only the thread says so."""
    place = ("agent", "host", "root_session_id", "call_id")
    started = sessions.filter(pl.col("spawn_call_id").is_not_null()).sort("session_id").rename({"spawn_call_id": "call_id"})
    children = started.unique(place, keep="first", maintain_order=True).select(*place, pl.col("session_id").alias("_child"))
    if children.is_empty():
        return calls
    joined = calls.join(children, on=place, how="left", nulls_equal=True, maintain_order="left")
    child = pl.when(pl.col("_child") != pl.col("session_id")).then("_child")
    return joined.with_columns(pl.coalesce("child_session_id", child).alias("child_session_id")).drop("_child")


def once(sessions: pl.DataFrame, found: Deduplicated) -> pl.DataFrame:
    """Leave out a session that is read a second time in another home and has nothing of its own there."""
    if sessions["host"].n_unique() <= 1:
        return sessions
    is_twin = (pl.col("owner_session_id") == pl.col("session_id")) & pl.col("owner_host").ne_missing(pl.col("host"))
    twins = found.inherited.filter(is_twin).select(SESSION).unique()
    alive = twins.join(own_rows(found, *SESSION), on=SESSION, how="anti", nulls_equal=True)
    sessions = sessions.join(alive, on=SESSION, how="anti", nulls_equal=True)
    tables = (found.usage, found.messages, found.tool_calls)
    with_rows = pl.concat([table.select(SESSION).unique() for table in tables]).unique()
    full = sessions.join(with_rows, on=SESSION, how="semi", nulls_equal=True)
    empty = sessions.join(with_rows, on=SESSION, how="anti", nulls_equal=True).sort("host", nulls_last=False)
    known = empty.unique(("agent", "session_id"), keep="first", maintain_order=True)
    return pl.concat([full, known.join(full, on=("agent", "session_id"), how="anti")])
