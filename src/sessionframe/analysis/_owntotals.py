"""An audit goes in; the totals that agents state themselves beside what was counted come out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionframe.analysis.reconciliation import recorded_costs
from sessionframe.schema import TOTAL_TOKEN_COLUMNS

if TYPE_CHECKING:
    import polars as pl

    from sessionframe.engine.audit import Audit

CENT = 0.01
"""Costs that differ by less than a hundredth of the larger one, or by less than this part of a cent [USD], agree."""
RECORD = ("agent", "host", "source", "request")
MEANINGS = {
    "response": "the total that a record states of its own counts",
    "thread": "the growth of a thread's running total since its first record, against the requests behind that record",
    "request-cost": "the cost that the log states of a request, against its list price",
    "session-cost": "the cost that the log states of a session, against the list prices of its requests",
}


def own_totals(seen: Audit) -> pl.DataFrame:
    """One row per agent and kind of total: `agent`, `total`, `unit`, `compared`, `equal`, `stated`, `counted`, `meaning`."""
    import polars as pl

    tokens = {"response": responses(seen), "thread": threads(seen)}
    costs = {"request-cost": request_costs(seen), "session-cost": session_costs(seen)}
    made = [summed(pairs, name, "tokens", pl.col("stated") == pl.col("counted")) for name, pairs in tokens.items()]
    made += [summed(pairs, name, "USD", alike()) for name, pairs in costs.items()]
    return pl.concat(made)


def summed(pairs: pl.DataFrame, name: str, unit: str, equal: pl.Expr) -> pl.DataFrame:
    """Pairs of what is stated and what was counted, by agent."""
    import polars as pl

    known = pairs.drop_nulls(("stated", "counted"))
    sums = known.group_by("agent").agg(
        compared=pl.len().cast(pl.Int64),
        equal=equal.sum().cast(pl.Int64),
        stated=pl.col("stated").sum().cast(pl.Float64),
        counted=pl.col("counted").sum().cast(pl.Float64),
    )
    named = {"total": pl.lit(name), "unit": pl.lit(unit), "meaning": pl.lit(MEANINGS[name])}
    return sums.sort("agent").with_columns(**named).select("agent", "total", "unit", "compared", "equal", "stated", "counted", "meaning")


def alike() -> pl.Expr:
    """Whether two costs agree: agents round them."""
    import polars as pl

    apart = (pl.col("stated") - pl.col("counted")).abs()
    return apart <= pl.max_horizontal(pl.lit(CENT * CENT), CENT * pl.max_horizontal("stated", "counted"))


def total() -> pl.Expr:
    """All tokens of a request; null where one count is not known."""
    import polars as pl

    return pl.sum_horizontal(TOTAL_TOKEN_COLUMNS, ignore_nulls=False)


def responses(seen: Audit) -> pl.DataFrame:
    """Records that state a total beside its parts."""
    import polars as pl

    told = seen.statements.filter((pl.col("fate") == "counted") & pl.col("stated_tokens").is_not_null())
    found = seen.found.select(*RECORD[:3], pl.col("dedup_key").alias("request"), total().alias("counted")).unique(RECORD)
    return told.join(found, on=RECORD, nulls_equal=True).select("agent", pl.col("stated_tokens").alias("stated"), "counted")


def threads(seen: Audit) -> pl.DataFrame:
    """Counters: how far each has grown since its first record, a fall being a new beginning, against the requests behind that record.

    What a counter begins with may be those of another file: a fork, or deleted turns. Compactions that the server made are in no counter
    (openai/codex#47003, and the recordings).
    """
    import polars as pl

    source = ("agent", "host", "source")
    told = seen.statements.filter(pl.col("counter_tokens").is_not_null())
    before = pl.col("counter_tokens").shift(1).over(source)
    grown = pl.when(pl.col("counter_tokens") >= before).then(pl.col("counter_tokens") - before).otherwise("counter_tokens")
    begun = told.with_columns(stated=pl.when(before.is_null()).then(0).otherwise(grown))
    counters = begun.group_by(source).agg(pl.col("stated").sum(), first=pl.col("line").min())
    by_server = (pl.col("kind") == "compaction") & (pl.col("evidence") == "token_usage_record")
    behind = seen.found.filter(~by_server).join(counters, on=source, nulls_equal=True).filter(pl.col("line") > pl.col("first"))
    requests = behind.group_by(source).agg(counted=total().sum())
    return counters.join(requests, on=source, how="left", nulls_equal=True).select("agent", "stated", pl.col("counted").fill_null(0))


def request_costs(seen: Audit) -> pl.DataFrame:
    """Requests whose cost the log states."""
    import polars as pl

    return seen.tables["usage"].own.select("agent", pl.col("recorded_cost_usd").alias("stated"), pl.col("cost_usd").alias("counted"))


def session_costs(seen: Audit) -> pl.DataFrame:
    """Sessions whose cost the log states."""
    import polars as pl

    found: pl.DataFrame = recorded_costs(seen.tables["sessions"].own)
    return found.select("agent", pl.col("recorded_cost_usd").alias("stated"), pl.col("cost_usd").alias("counted"))
