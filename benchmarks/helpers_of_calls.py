"""Synthetic messages and tool calls, and for each helper of them the same question written natively in polars: rows for `helpers.py`.

Every comparison is a line of `COMPARISONS`: a helper on polars frames, and the shortest native query that gives its main numbers; where
the helper answers more, the native query answers less.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import polars as pl
from timing import Comparison

import sessionframe as sf
from sessionframe.frames.dtypes import polars_schema
from sessionframe.schema import SCHEMA, TOKEN_COLUMNS, TableName

Tables: TypeAlias = Mapping[str, pl.DataFrame]

TOOLS = ["Bash", "Read", "Edit", "Write", "Grep", "Glob", "Task"]
CATEGORIES = ["run", "read", "edit", "write", "search", "search", "agent"]
STATUSES = ["ok", "error", "denied", "pending"]
KEYS = ("agent", "host", "root_session_id")
THREAD = ("agent", "host", "session_id")


def make(rows: int) -> dict[str, pl.DataFrame]:
    """Tables of so many rows: a session per 300 of them, a fifth in sub-agents, over a year."""
    chance = np.random.default_rng(7)
    number = np.sort(chance.integers(0, max(1, rows // 300), rows))
    start = chance.integers(0, 365 * 86_400, number.max() + 1)
    seconds = start[number] + chance.exponential(40, rows).cumsum() % 20_000
    root = pl.Series(number).cast(pl.String) + "-5e55-4000-8000-000000000000"
    shared = {
        "agent": pl.repeat("claude-code", rows, eager=True),
        "root_session_id": root,
        "session_id": pl.select(pl.when(pl.Series(chance.random(rows) < 0.2)).then(root + "/a1").otherwise(root)).to_series(),
        "at": pl.Series((seconds * 1e6).astype("int64") + 1_760_000_000_000_000).cast(pl.Datetime("us", "UTC")),
        "source": root,
        "line": pl.Series(np.arange(rows)),
        "project": pl.Series(chance.integers(0, 20, rows)).cast(pl.String),
    }
    return {name: filled(name, {**shared, **own(name, rows, chance)}) for name in ("usage", "messages", "tool_calls")}


def own(table: str, rows: int, chance: np.random.Generator) -> dict[str, pl.Series]:
    """The columns that only one table has."""
    pick = chance.integers(0, len(TOOLS), rows)
    if table == "usage":
        tokens = {name: pl.Series(chance.integers(0, 5000, rows)) for name in TOKEN_COLUMNS}
        model = pl.Series(["claude-opus-4-5", "claude-haiku-4-5"]).gather(chance.integers(0, 2, rows))
        return {**tokens, "cache_write_1h_tokens": tokens["cache_write_tokens"], "cost_usd": pl.Series(chance.random(rows)), "model": model}
    if table == "messages":
        roles = pl.Series(["assistant", "tool", "user", "system"]).gather(chance.choice(4, rows, p=(0.5, 0.3, 0.05, 0.15)))
        ids = pl.Series(np.arange(rows)).cast(pl.String)
        return {"role": roles, "is_human": roles == "user", "message_id": ids, "call_id": ids, "content_chars": pl.Series(pick)}
    return {
        "tool": pl.Series(TOOLS).gather(pick),
        "category": pl.Series(CATEGORIES).gather(pick),
        "status": pl.Series(STATUSES).gather(chance.choice(4, rows, p=(0.85, 0.1, 0.03, 0.02))),
        "path": pl.Series(chance.integers(0, 500, rows)).cast(pl.String),
        "call_id": pl.Series(np.arange(rows)).cast(pl.String),
        "duration_s": pl.Series(chance.exponential(3, rows)),
        "output_chars": pl.Series(chance.integers(0, 10_000, rows)),
    }


def filled(table: TableName, columns: dict[str, pl.Series]) -> pl.DataFrame:
    """A frame with all declared columns."""
    schema = polars_schema(SCHEMA[table])
    rows = len(columns["at"])
    return pl.DataFrame({name: columns.get(name, pl.repeat(None, rows, eager=True)).cast(dtype) for name, dtype in schema.items()})


def native_intervals(tables: Tables) -> pl.DataFrame:
    """Stretches of activity."""
    gap = pl.col("at").diff().over(KEYS) > pl.duration(minutes=5)
    ordered = tables["messages"].select(*KEYS, "at").sort(*KEYS, "at")
    stretch = ordered.with_columns(gap.fill_null(value=False).cast(pl.Int64).cum_sum().over(KEYS).alias("stretch"))
    return (
        stretch.group_by(*KEYS, "stretch")
        .agg(pl.col("at").min().alias("start"), pl.col("at").max().alias("end"), pl.len())
        .sort(*KEYS, "start")
    )


def native_lengths(tables: Tables) -> pl.DataFrame:
    """Active time."""
    ordered = tables["messages"].select(*KEYS, "at").sort(*KEYS, "at")
    gap = pl.col("at").diff().over(KEYS).dt.total_microseconds().clip(upper_bound=300_000_000).alias("gap")
    ends = (pl.col("at").min().alias("start"), pl.col("at").max().alias("end"))
    return ordered.with_columns(gap).group_by(KEYS).agg(pl.col("gap").sum() / 1e6, *ends, pl.len()).sort(KEYS)


def native_tools(tables: Tables) -> pl.DataFrame:
    """Counts, durations and retries of tools."""
    again = [pl.col(name) == pl.col(name).shift(-1).over(THREAD) for name in ("tool", "path")]
    calls = tables["tool_calls"].select(*THREAD, "at", "tool", "path", "status", "duration_s", "output_chars").sort(*THREAD, "at")
    marked = calls.with_columns(retries=(pl.col("status") == "error") & again[0] & again[1])
    counts = [(pl.col("status") == status).sum().alias(status) for status in STATUSES]
    ranks = [pl.col("duration_s").quantile(rank, "linear").alias(str(rank)) for rank in (0.5, 0.9, 0.99)]
    sums = pl.col("duration_s", "output_chars", "retries").sum().name.prefix("sum_")
    return marked.group_by("tool").agg(pl.len(), *counts, *ranks, sums).sort("tool")


def native_files(tables: Tables) -> pl.DataFrame:
    """Reads, reads again and edits of files."""
    calls = tables["tool_calls"].filter(pl.col("category").is_in(["read", "edit", "write"]))
    kinds = [(pl.col("category") == kind).sum().alias(kind) for kind in ("read", "edit", "write")]
    files = calls.group_by("path", *KEYS).agg(*kinds, pl.col("output_chars").sum())
    again = (pl.col("read") - 1).clip(lower_bound=0).sum().alias("again")
    return files.group_by("path").agg(pl.len(), again, pl.col("read", "edit", "write", "output_chars").sum()).sort("path")


def native_transitions(tables: Tables) -> pl.DataFrame:
    """Which tool follows which."""
    calls = tables["tool_calls"].select(*THREAD, "at", "tool").sort(*THREAD, "at")
    pairs = calls.with_columns(pl.col("tool").shift(-1).over(THREAD).alias("to")).drop_nulls("to").group_by("tool", "to").len()
    return pairs.with_columns(pl.col("len") / pl.col("len").sum().over("tool")).sort("tool", "to")


def native_ratios(tables: Tables) -> pl.DataFrame:
    """Edits without a read before."""
    calls = tables["tool_calls"].select(*KEYS, "at", "path", "category").sort(*KEYS, "path", "at")
    seen = pl.col("category").is_in(["read", "write"]).cum_sum().over(*KEYS, "path")
    kinds = [(pl.col("category") == kind).sum().alias(kind) for kind in ("read", "edit", "write", "search")]
    return calls.with_columns(seen.alias("seen")).select(
        *kinds, ((pl.col("category") == "edit") & (pl.col("seen") == 0)).sum().alias("unread")
    )


def native_prompts(tables: Tables) -> pl.DataFrame:
    """Sums per prompt, by the last prompt before."""
    asked = tables["messages"].filter(pl.col("is_human")).select("agent", "root_session_id", "at", "message_id").sort("at")
    by = {"on": "at", "by": ["agent", "root_session_id"], "strategy": "backward"}
    spent = tables["usage"].sort("at").join_asof(asked, **by).group_by("root_session_id", "message_id")
    used = tables["tool_calls"].sort("at").join_asof(asked, **by).group_by("root_session_id", "message_id")
    sums = spent.agg(pl.len().alias("requests"), pl.col(*TOKEN_COLUMNS, "cost_usd").sum())
    calls = used.agg(pl.len().alias("calls"), (pl.col("status") == "error").sum(), pl.col("at").max())
    return sums.join(calls, on=["root_session_id", "message_id"], how="full", nulls_equal=True).sort("root_session_id", "message_id")


def native_split(tables: Tables) -> pl.DataFrame:
    """Time by who was waited for."""
    calls = tables["tool_calls"].select("call_id", "status", "duration_s")
    said = tables["messages"].select(*KEYS, "at", "role", "is_human", "call_id").join(calls, on="call_id", how="left").sort(*KEYS, "at")
    gap = pl.col("at").diff().over(KEYS).dt.total_microseconds().clip(upper_bound=300_000_000).alias("gap")
    who = pl.when(pl.col("role") != "system").then(pl.col("role").cast(pl.String)).backward_fill().over(KEYS).alias("who")
    return said.with_columns(gap, who).group_by(*KEYS, "who").agg(pl.col("gap").sum()).sort(KEYS)


def native_compare(tables: Tables) -> pl.DataFrame:
    """Medians of groups, without intervals."""
    ranks = [pl.col("output_tokens").quantile(rank, "linear").alias(str(rank)) for rank in (0.25, 0.5, 0.75)]
    return tables["usage"].group_by("model").agg(pl.len(), *ranks).sort("model")


COMPARISONS: dict[str, Comparison] = {
    "active_intervals": Comparison(lambda t: sf.active_intervals(t["messages"]), native_intervals),
    "session_lengths": Comparison(lambda t: sf.session_lengths(t["messages"]), native_lengths),
    "time_split": Comparison(lambda t: sf.time_split(t["messages"], t["tool_calls"]), native_split),
    "tools_by": Comparison(lambda t: sf.tools_by(t["tool_calls"]), native_tools),
    "files_by": Comparison(lambda t: sf.files_by(t["tool_calls"]), native_files),
    "tool_ratios": Comparison(lambda t: sf.tool_ratios(t["tool_calls"]), native_ratios),
    "transitions": Comparison(lambda t: sf.transitions(t["tool_calls"]), native_transitions),
    "prompts": Comparison(lambda t: sf.prompts(t["messages"], t["usage"], t["tool_calls"]), native_prompts),
    "compare": Comparison(lambda t: sf.compare(t["usage"], by="model", metric="output_tokens"), native_compare),
}
