"""A scan goes in, the rows of a usage report come out: tokens and cost per day, week or month and per group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from sessionframe.analysis.tokens import tokens_by
from sessionframe.engine.table import some_of
from sessionframe.report.groups import PERIODS, columns_of, needed_for
from sessionframe.report.made import UsageReport
from sessionframe.schema import TOKEN_COLUMNS
from sessionframe.zones import zone

if TYPE_CHECKING:
    from sessionframe.engine import Logs

LABELS: dict[str, str] = {"daily": "%Y-%m-%d", "weekly": "%Y-%m-%d", "monthly": "%Y-%m"}
MEASURES = ("requests", *TOKEN_COLUMNS, "total_tokens", "web_searches", "cost_usd", "unpriced_requests")
UNPRICED = ("model", "requests", "total_tokens")


def usage_report(logs: Logs, *, period: str = "daily", by: Sequence[str] = (), tz: str = "local", titles: bool = False) -> UsageReport:
    """Make a usage report.

    Parameters
    ----------
    logs
        The scan.
    period
        ``daily``, ``weekly`` (from Monday), ``monthly`` or ``total``.
    by
        Names of groups: ``agent``, ``project`` (worktrees folded into their repository), ``branch``, ``session`` (sub-agents folded
        into their conversation), ``model``, ``host``.
    tz
        Time zone in which days begin.
    titles
        Show the titles of sessions; they can tell what was talked about.

    Raises
    ------
    OptionError
        `period` or `by` has a name that is not known, or `tz` is no time zone.
    """
    groups, every = columns_of(period, by), PERIODS[period]
    named = session_titles(logs) if titles and "session" in groups else None  # first: the rows of all tables serve for requests too
    usage, issues = some_of(logs.usage, needed_for(groups))
    zone_name = zone(tz).key
    summed = tokens_by(usage, by=list(groups.values()), every=every, tz=zone_name)
    rows = summed.rename({column: name for name, column in groups.items()})
    if every is not None:
        start = pl.col("start")
        rows = rows.with_columns(start.dt.strftime(LABELS[period]).alias("period")).select("start", "period", pl.exclude("start", "period"))
    if "session" in groups:
        rows = with_session_facts(rows, usage, titles=named)
    sorted_rows = ordered(rows, groups)
    return UsageReport(
        period=period,
        by=tuple(groups),
        tz=zone_name,
        columns=sorted_rows.columns,
        rows=sorted_rows.to_dicts(),
        totals=tokens_by(usage).select(MEASURES).row(0, named=True),
        unpriced_models=unpriced_models(usage),
        issues=issue_counts(issues),
        first=usage["at"].min(),  # type: ignore[arg-type]  # the column is a datetime
        last=usage["at"].max(),  # type: ignore[arg-type]
    )


def ordered(rows: pl.DataFrame, groups: dict[str, str]) -> pl.DataFrame:
    """By period, then the most expensive first, then by name; columns in the documented order."""
    front = [name for name in ("start", "period", *groups) if name in rows.columns]
    extra = [name for name in rows.columns if name not in front and name not in MEASURES]
    keys = [name for name in ("start", "cost_usd", "total_tokens", *groups) if name in rows.columns]
    descending = [name in {"cost_usd", "total_tokens"} for name in keys]
    return rows.sort(keys, descending=descending, nulls_last=True).select(*front, *extra, *MEASURES)


def with_session_facts(rows: pl.DataFrame, usage: pl.DataFrame, *, titles: pl.DataFrame | None) -> pl.DataFrame:
    """Add when each session made its first request, in which project, and its title if asked for."""
    first = pl.col("at") == pl.col("at").min()
    facts = usage.group_by(pl.col("root_session_id").alias("session")).agg(
        pl.col("at").min().alias("started"),
        pl.col("repo_root").filter(first).drop_nulls().min().alias("project"),
    )
    wanted = facts.select([name for name in facts.columns if name == "session" or name not in rows.columns])
    joined = rows.join(wanted, on="session", how="left")
    return joined if titles is None else joined.join(titles, on="session", how="left")


def session_titles(logs: Logs) -> pl.DataFrame:
    """Session -> title, for conversations that have one."""
    sessions = logs.sessions.to_frame("polars")
    named = sessions.filter((pl.col("session_id") == pl.col("root_session_id")) & pl.col("title").is_not_null())
    return named.select(pl.col("session_id").alias("session"), "title").unique("session", keep="first", maintain_order=True)


def unpriced_models(usage: pl.DataFrame) -> list[dict[str, Any]]:
    """Models of which some requests have no known price, those with the most such requests first."""
    unpriced = usage.filter(pl.col("cost_usd").is_null())
    if unpriced.is_empty():
        return []
    return tokens_by(unpriced, by="model").sort("requests", descending=True, maintain_order=True).select(UNPRICED).to_dicts()


def issue_counts(issues: pl.DataFrame) -> dict[str, int]:
    """Kind of issue -> number of cases, the most frequent first."""
    counts = issues.group_by(pl.col("kind").cast(pl.String)).agg(pl.col("count").sum()).sort("count", "kind", descending=[True, False])
    return dict(counts.iter_rows())
