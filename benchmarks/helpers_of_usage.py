"""Synthetic requests, and for each helper of the table `usage` the same question written natively in polars: rows for `helpers.py`.

Every comparison is a line of `COMPARISONS`: a helper on a polars frame, and the shortest native query that gives its main numbers; where
the helper answers more, the native query answers less. What requests are charged for comes from the price list in both.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from timing import Comparison

import sessionframe as sf
from sessionframe.frames.dtypes import polars_schema
from sessionframe.pricing import cost_parts, price, quotes
from sessionframe.schema import SCHEMA, TOTAL_TOKEN_COLUMNS

MODELS = ["claude-opus-4-8", "claude-sonnet-4-5", "claude-haiku-4-5", "gpt-5"]
BERLIN = "Europe/Berlin"
THREAD = ("agent", "host", "session_id")
FIRST, SECOND = ("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01")


def make(rows: int) -> pl.DataFrame:
    """So many priced requests: a session per 300 of them, a fifth in sub-agents, over a year, in the order of time."""
    chance = np.random.default_rng(7)
    number = np.sort(chance.integers(0, max(1, rows // 300), rows))
    start = chance.integers(0, 365 * 86_400, number.max() + 1)
    seconds = np.sort(start[number] + chance.exponential(40, rows).cumsum() % 20_000)
    root = pl.Series(number).cast(pl.String) + "-5e55-4000-8000-000000000000"
    model = pl.Series(MODELS).gather(chance.integers(0, 4, rows))
    sizes = dict(zip(TOTAL_TOKEN_COLUMNS, (20, 60_000, 2_000, 500), strict=True))
    columns = {
        "agent": pl.repeat("claude-code", rows, eager=True),
        "root_session_id": root,
        "session_id": pl.select(pl.when(pl.Series(chance.random(rows) < 0.2)).then(root + "/a1").otherwise(root)).to_series(),
        "at": pl.Series((seconds * 1e6).astype("int64") + 1_760_000_000_000_000).cast(pl.Datetime("us", "UTC")),
        "kind": pl.repeat("reply", rows, eager=True),
        "is_final": pl.Series(chance.random(rows) < 0.98),
        "model": model,
        "project": pl.Series(chance.integers(0, 20, rows)).cast(pl.String),
        **{name: pl.Series(chance.integers(0, size, rows)) for name, size in sizes.items()},
    }
    columns["cache_write_1h_tokens"] = columns["cache_write_tokens"]
    columns["cache_write_1h_tokens"] = pl.select(pl.when(model != "gpt-5").then(columns["cache_write_tokens"])).to_series()
    schema = polars_schema(SCHEMA["usage"])
    frame = pl.DataFrame({name: columns.get(name, pl.repeat(None, rows, eager=True)).cast(dtype) for name, dtype in schema.items()})
    return price(frame)[0]


def day() -> pl.Expr:
    """The day in Berlin."""
    return pl.col("at").dt.convert_time_zone(BERLIN).dt.truncate("1d").alias("start")


def native_cost(usage: pl.DataFrame) -> pl.DataFrame:
    """Parts of the cost per day and model."""
    parts = cost_parts(usage)
    return usage.hstack(parts).group_by(day(), "model").agg(pl.len(), pl.col(*parts.columns, "cost_usd").sum()).sort("start", "model")


def native_cache(usage: pl.DataFrame) -> pl.DataFrame:
    """Hits, misses and money per day and model."""
    whole = usage.hstack(cost_parts(usage, rates=True)).sort("at")
    context = pl.col("input_tokens") + pl.col("cache_read_tokens") + pl.col("cache_write_tokens")
    whole = whole.with_columns(context=context).with_columns(before=pl.col("context").shift().over(*THREAD, "model"))
    missed = (pl.min_horizontal("before", "context") - pl.col("cache_read_tokens")).clip(lower_bound=0).alias("missed")
    prompt = (pl.col("input_usd") + pl.col("cache_read_usd") + pl.col("cache_write_5m_usd") + pl.col("cache_write_1h_usd")).alias("prompt")
    saved = (pl.col("context") * pl.col("input_rate")).alias("uncached")
    names = ("missed", "prompt", "uncached", "context", "cache_read_tokens", "cache_write_tokens", "cost_usd")
    return whole.with_columns(missed, prompt, saved).group_by(day(), "model").agg(pl.len(), pl.col(names).sum()).sort("start", "model")


def native_gaps(usage: pl.DataFrame) -> pl.DataFrame:
    """Hit ratio and time since the request before."""
    context = pl.col("input_tokens") + pl.col("cache_read_tokens") + pl.col("cache_write_tokens")
    whole = usage.with_row_index("row").sort("at").with_columns(context=context)
    before = whole.with_columns(
        (pl.col("at") - pl.col("at").shift().over(*THREAD, "model")).dt.total_microseconds().alias("gap") / 1e6,
        pl.col("context").shift().over(*THREAD, "model").alias("before"),
        (pl.col("cache_read_tokens") / pl.col("context")).alias("ratio"),
    )
    return before.with_columns(pl.min_horizontal("before", "context") - pl.col("cache_read_tokens")).sort("row")


def native_growth(usage: pl.DataFrame) -> pl.DataFrame:
    """Quantiles of the context by the number of the request."""
    context = (pl.col("input_tokens") + pl.col("cache_read_tokens") + pl.col("cache_write_tokens")).alias("context")
    numbered = usage.sort("at").select(context, pl.col("at").cum_count().over(THREAD).alias("number"))
    ranks = [pl.col("context").quantile(rank, "linear").alias(str(rank)) for rank in (0.1, 0.5, 0.9)]
    return numbered.group_by("number").agg(pl.len(), *ranks).sort("number")


def native_month(usage: pl.DataFrame) -> pl.DataFrame:
    """Running sums of each month."""
    days = usage.group_by(day()).agg(pl.len(), pl.col("cost_usd").sum()).sort("start").upsample("start", every="1d")
    return days.with_columns(pl.col("cost_usd").fill_null(0).cum_sum().over(pl.col("start").dt.truncate("1mo")).alias("sum"))


def native_week(usage: pl.DataFrame) -> pl.DataFrame:
    """Hours of the week."""
    local = pl.col("at").dt.convert_time_zone(BERLIN)
    keys = (local.dt.weekday().alias("weekday"), local.dt.hour().alias("hour"))
    return usage.group_by(keys).agg(pl.len(), pl.col("cost_usd").sum()).sort("weekday", "hour")


def native_blocks(usage: pl.DataFrame) -> pl.DataFrame:
    """Sums per hour, of which blocks are made."""
    hour = pl.col("at").dt.truncate("1h").alias("hour")
    ends = (pl.col("at").min().alias("first"), pl.col("at").max().alias("last"))
    return usage.group_by(hour, "agent").agg(pl.len(), *ends, pl.col(*TOTAL_TOKEN_COLUMNS, "cost_usd").sum()).sort("hour")


def native_periods(usage: pl.DataFrame) -> pl.DataFrame:
    """Sums of two months per model, of which effects are made."""
    month = pl.col("at").dt.convert_time_zone(BERLIN).dt.truncate("1mo").alias("start")
    inside = usage.filter(month.dt.year() == 2026, month.dt.month() < 3)
    parts = cost_parts(inside)
    return inside.hstack(parts).group_by(month, "model").agg(pl.len(), pl.col(*parts.columns, *TOTAL_TOKEN_COLUMNS).sum())


def native_concentration(usage: pl.DataFrame) -> pl.DataFrame:
    """Sessions by cost."""
    sums = usage.group_by("root_session_id").agg(pl.col("cost_usd").sum()).sort("cost_usd", descending=True)
    return sums.with_columns(pl.col("cost_usd").cum_sum().alias("sum") / pl.col("cost_usd").sum())


def native_finality(usage: pl.DataFrame) -> pl.DataFrame:
    """Requests and output by finality."""
    final = pl.col("is_final")
    bound = pl.col("output_tokens").filter(~final).sum().alias("bound")
    return usage.group_by("agent").agg(pl.len(), final.sum(), (~final).sum().alias("not"), pl.col("output_tokens").sum(), bound)


def native_shares(usage: pl.DataFrame) -> pl.DataFrame:
    """Shares of the cost of a project."""
    return usage.with_columns((pl.col("cost_usd") / pl.col("cost_usd").sum().over("project")).alias("share"))


COMPARISONS: dict[str, Comparison] = {
    "cost_by": Comparison(lambda u: sf.cost_by(u, by="model", every="1d", tz=BERLIN), native_cost),
    "reprice": Comparison(
        lambda u: sf.reprice(u, model="claude-haiku-4-5"),
        lambda u: u.hstack(quotes(u.with_columns(model=pl.lit("claude-haiku-4-5"))).select("cost_usd").rename({"cost_usd": "repriced"})),
    ),
    "shares": Comparison(lambda u: sf.shares(u, of="cost_usd", within="project"), native_shares),
    "concentration": Comparison(sf.concentration, native_concentration),
    "cumulative": Comparison(lambda u: sf.cumulative(u, tz=BERLIN), native_month),
    "activity": Comparison(lambda u: sf.activity(u, tz=BERLIN), native_week),
    "blocks": Comparison(lambda u: sf.blocks(u, tz=BERLIN), native_blocks),
    "compare_periods": Comparison(lambda u: sf.compare_periods(u, first=FIRST, second=SECOND, tz=BERLIN), native_periods),
    "cache_by": Comparison(lambda u: sf.cache_by(u, by="model", every="1d", tz=BERLIN), native_cache),
    "cache_gaps": Comparison(sf.cache_gaps, native_gaps),
    "context_growth_by": Comparison(sf.context_growth_by, native_growth),
    "coverage": Comparison(lambda u: sf.coverage(u, tz=BERLIN), lambda u: u.group_by(day(), "agent").len().sort("start")),
    "finality_by": Comparison(sf.finality_by, native_finality),
    "unpriced": Comparison(sf.unpriced, lambda u: quotes(u.filter(pl.col("cost_usd").is_null()))),
}
