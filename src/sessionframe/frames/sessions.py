"""Sessions and the rows of the other tables -> the sums of the `sessions` table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from sessionframe.frames.activity import ACTIVE_GAP_S, counted_gap_us
from sessionframe.frames.scope import Scope
from sessionframe.frames.threads import SESSION
from sessionframe.schema import TOKEN_COLUMNS

COUNTS = ("prompts", "messages", "requests", "tool_calls", "tool_errors", "compactions")
THREAD = (*SESSION, "root_session_id")
SUMS = (*TOKEN_COLUMNS, "web_searches")
SPOKEN = ("user", "assistant", "tool")
"""Roles that take part in the conversation; `system` is the agent program."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows that sessions are summed over, copies included and marked."""

    usage: pl.DataFrame
    messages: pl.DataFrame
    tool_calls: pl.DataFrame

    def cut(self, scope: Scope) -> Tables:
        """The rows in the scope."""
        return Tables(scope.cut(self.usage), scope.cut(self.messages), scope.cut(self.tool_calls))

    def own(self) -> Tables:
        """The rows that are no copies, with the columns that are summed over."""
        mine = ~pl.col("is_replay")
        return Tables(
            self.usage.select(*THREAD, "is_replay", "at", "model", "cost_usd", *SUMS).filter(mine),
            self.messages.select(*THREAD, "is_replay", "at", "source", "line", "role", "type", "is_human", "message_id").filter(mine),
            self.tool_calls.select(*THREAD, "is_replay", "at", "ended_at", "status").filter(mine),
        )

    def counted(self) -> pl.DataFrame:
        """Rows per session: `rows`, and how many of them are copies: `copies`."""
        parts = [
            table.group_by(SESSION).agg(pl.len().alias("rows"), pl.col("is_replay").sum().alias("copies"))
            for table in (self.usage, self.messages, self.tool_calls)
        ]
        return pl.concat(parts).group_by(SESSION).agg(pl.col("rows", "copies").sum())


def summed(sessions: pl.DataFrame, whole: Tables, kept: Tables, scope: Scope, gaps: Mapping[str, Collection[str]]) -> pl.DataFrame:
    """Fill the sums of the sessions.

    Parameters
    ----------
    sessions
        One row per session, as `threads.session_rows` makes them.
    whole, kept
        All rows, and those in the scope. They are the same without a scope.
    scope
        What the caller asked for.
    gaps
        Agent -> columns that its logs cannot fill: they stay null where a sum over nothing would say 0.

    Returns
    -------
    polars.DataFrame
        The sessions with a row in the scope, copies included. A count over nothing is 0. A token column is null when no
        request of the session states it, else the sum of what is stated, so that sums over sessions equal sums over
        `usage`; `cost_usd` is null as soon as one request has no known price, because part of a cost is no cost. With a
        scope, a session that lies partly outside is described as if its log held nothing else, and its recorded cost,
        which cannot be divided, is null.
    """
    own = kept.own()
    filled = narrowed(sessions, whole, kept, scope).drop(*COUNTS, *SUMS, "cost_usd", "active_s").rename({"model": "_model"})
    for part in (spoken(own.messages), spent(own.usage), called(own.tool_calls), top_models(own.usage), timed(own)):
        filled = filled.join(part, on=SESSION, how="left", nulls_equal=True)
    nothing_asked = pl.col("requests").is_null()
    filled = filled.with_columns(
        *(pl.when(nothing_asked).then(0).otherwise(name).alias(name) for name in SUMS),
        pl.when(nothing_asked).then(0.0).otherwise("cost_usd").alias("cost_usd"),
        *(pl.col(name).fill_null(0) for name in COUNTS),
        pl.coalesce("model", "_model").alias("model"),
    )
    return with_gaps(with_times(filled, scope), gaps).select(sessions.columns).cast(sessions.schema)


def narrowed(sessions: pl.DataFrame, whole: Tables, kept: Tables, scope: Scope) -> pl.DataFrame:
    """The sessions with a row in the scope, with `_cut` (rows are missing) and `_inherits` (rows are copies)."""
    counted = kept.counted()
    before = counted if scope.everything else whole.counted()
    joined = sessions.join(counted, on=SESSION, how="left", nulls_equal=True)
    joined = joined.join(before.select(*SESSION, _before="rows"), on=SESSION, how="left", nulls_equal=True)
    joined = joined.with_columns(
        _cut=(pl.col("rows").fill_null(0) != pl.col("_before").fill_null(0)),
        _inherits=(pl.col("copies").fill_null(0) > 0),
    )
    if not scope.everything:
        silent = joined.filter(pl.col("_before").is_null() & scope.timeless)
        joined = pl.concat([joined.filter(pl.col("rows").is_not_null()), scope.only_projects(silent)])
    recorded = pl.when(~pl.col("_cut")).then("recorded_cost_usd").alias("recorded_cost_usd")
    return joined.with_columns(recorded).drop("rows", "copies", "_before")


def spoken(messages: pl.DataFrame) -> pl.DataFrame:
    """Prompts, messages and compactions of each session; the parts of one message count once."""
    return messages.group_by(SESSION).agg(
        distinct(pl.col("is_human")).alias("prompts"),
        distinct(pl.col("role").is_in(SPOKEN)).alias("messages"),
        ((pl.col("role") == "system") & (pl.col("type") == "summary")).sum().alias("compactions"),
    )


def distinct(which: pl.Expr) -> pl.Expr:
    """How many messages the parts are of; a message without an id is known by its line, and a session may lie in several files."""
    named = pl.col("message_id").filter(which).drop_nulls().n_unique()
    return named + pl.struct("source", "line").filter(which & pl.col("message_id").is_null()).n_unique()


def spent(usage: pl.DataFrame) -> pl.DataFrame:
    """Requests, tokens and cost of each session."""
    sums = (pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in SUMS)
    cost = pl.when(pl.col("cost_usd").null_count() == 0).then(pl.col("cost_usd").sum())
    return usage.group_by(SESSION).agg(pl.len().alias("requests"), *sums, cost.alias("cost_usd"))


def called(calls: pl.DataFrame) -> pl.DataFrame:
    """Tool calls of each session, and those that failed."""
    return calls.group_by(SESSION).agg(pl.len().alias("tool_calls"), (pl.col("status") == "error").sum().alias("tool_errors"))


def top_models(usage: pl.DataFrame) -> pl.DataFrame:
    """The model of each session with the most output; between equals the one with more requests, then by name."""
    named = usage.filter(pl.col("model").is_not_null())
    per_model = named.group_by(*SESSION, "model").agg(pl.col("output_tokens").sum(), pl.len().alias("requests"))
    ranked = per_model.sort("output_tokens", "requests", "model", descending=[True, True, False])
    return ranked.unique(SESSION, keep="first", maintain_order=True).select(*SESSION, "model")


def timed(own: Tables) -> pl.DataFrame:
    """First and last record of each session, and how long it was worked on: `_first`, `_last`, `active_s`.

    A main session counts the records of its sub-agents too, merged before gaps are taken: work of several threads at once
    counts once. Each session is there once, also where damaged logs disagree on its root, or make it the root of its own parent.
    """
    columns = [(own.messages, "at"), (own.usage, "at"), (own.tool_calls, "at"), (own.tool_calls, "ended_at")]
    lists = [table.group_by(THREAD).agg(pl.col(name).drop_nulls().alias("at")) for table, name in columns]
    every_time = pl.col("at").explode(empty_as_null=False, keep_nulls=False)
    threads = pl.concat(lists).group_by(THREAD).agg(every_time)
    is_root = pl.col("session_id") == pl.col("root_session_id")
    alone = threads.filter(~is_root).group_by(SESSION).agg(every_time)
    family = threads.group_by("agent", "host", session_id="root_session_id").agg(every_time)
    active = active_seconds(pl.concat([alone.join(family, on=SESSION, how="anti", nulls_equal=True), family]))
    ends = threads.group_by(SESSION).agg(_first=pl.col("at").list.min().min(), _last=pl.col("at").list.max().max())
    return ends.join(active, on=SESSION, how="left", nulls_equal=True)


def active_seconds(threads: pl.DataFrame) -> pl.DataFrame:
    """Sum of the gaps between the times in `at`, each at most `ACTIVE_GAP_S` [s]; null without a time."""
    numbered = threads.with_row_index("_thread")
    # sorting pairs of whole numbers takes a tenth of the time of sorting by the names of sessions
    times = numbered.select("_thread", pl.col("at")).explode("at").drop_nulls().sort("_thread", "at")
    gap = counted_gap_us(pl.col("at"), ACTIVE_GAP_S)
    same = pl.col("_thread") == pl.col("_thread").shift()
    summed_gaps = (
        times.select("_thread", pl.when(same).then(gap).otherwise(0).alias("gap")).group_by("_thread").agg(pl.col("gap").sum() / 1e6)
    )
    joined = numbered.join(summed_gaps, on="_thread", how="left")
    return joined.select(*SESSION, pl.col("gap").alias("active_s"))


def with_times(sessions: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """Beginning, end and length of each session.

    What its source says of the beginning and end counts beside its rows, unless it may be about others: a fork begins with
    its first own record, not with the one it copied, and part of a session may belong to another project.
    """
    whole = ~pl.col("_inherits") & ~(pl.col("_cut") & bool(scope.projects))
    said = {name: pl.when(whole & scope.in_range(pl.col(name))).then(name) for name in ("started_at", "ended_at")}
    started = pl.min_horizontal("_first", said["started_at"])
    ended = pl.max_horizontal("_last", said["ended_at"])
    wall = (ended - started).dt.total_microseconds() / 1e6
    return sessions.with_columns(started.alias("started_at"), ended.alias("ended_at"), wall.alias("wall_s"))


def with_gaps(sessions: pl.DataFrame, gaps: Mapping[str, Collection[str]]) -> pl.DataFrame:
    """Null instead of 0 where an agent's logs say nothing."""
    for agent, columns in gaps.items():
        known = [name for name in columns if name in sessions.columns]
        sessions = sessions.with_columns(pl.when(pl.col("agent") != agent).then(name).alias(name) for name in known)
    return sessions
