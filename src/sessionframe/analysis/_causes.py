"""Days and models that another tool counted otherwise go in; what it left out, or counted again, comes out, where the tokens say so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sessionframe.formats.zstd import ENDING
from sessionframe.schema import TOTAL_TOKEN_COLUMNS

if TYPE_CHECKING:
    import polars as pl

    from sessionframe.engine.audit import Audit

Cell: TypeAlias = tuple[str | None, str | None, str | None]
"""Day (ISO), agent and model."""
KEY = ("day", "agent", "model")
MOST_PLACES = 1000
"""So many files and folders are tried, at most."""
MOST_TOGETHER = 3
"""So many causes are thought to come together in one cell, at most: of more, some would fit any difference by chance."""
UNEXPLAINED = "not explained: no part of the logs that may be left out or counted again has exactly these tokens"
AGAIN = {
    "same-request": "every record of a request counted, where the log states it several times",
    "counter-stands": "records counted whose counter has not moved",
    "told-before": "records counted of requests that another record had told of",
    "steps-tell": "messages counted beside their steps",
}
"""Fate of records -> what counting them as requests means."""
WAYS: dict[str, tuple[str, int, str]] = {
    "": ("reasoning_tokens", 0, ""),
    "reasoning_missing": ("reasoning_tokens", -1, "reasoning is not counted as output"),
    "cached_twice": ("cache_read_tokens", 1, "cached tokens are counted twice"),
    "reasoning_twice": ("reasoning_tokens", 1, "reasoning is counted beside the output that holds it"),
}
"""A way to add up the tokens of a request -> a column, how often it counts more than it should, and what that means."""
EVIDENCE = {
    "token_usage_record": "requests that only `token_usage_record` tells are missing",
    "counter_residual": "responses that were interrupted are missing",
    "agent_progress": "requests that only the parent's progress records tell are missing",
    "iterations": "calls inside of requests (advisor, compaction) are missing",
    "token-usage": "requests that only the ledger holds are missing",
}
"""Evidence of requests -> what it means that they are not counted."""


class Effect(NamedTuple):
    """Something that another tool may do, and the tokens that it changes in each cell, by the way in which the tool adds them up."""

    meaning: str
    tokens: dict[Cell, dict[str, int]]


class Causes:
    """Explains differences by what is known of every record.

    Parameters
    ----------
    seen
        What was read.
    tz
        The zone in which days begin.
    read
        The agents that the other tool reports.
    by_agent
        It tells agents apart.

    Attributes
    ----------
    rows
        The requests with their `day` and all their `tokens`; `agent` is null where the other tool does not tell it.
    """

    def __init__(self, seen: Audit, tz: str, *, read: set[str | None], by_agent: bool) -> None:
        self._seen = seen
        self._tz = tz
        self._read = read
        self._by_agent = by_agent
        self.rows = self._placed(seen.tables["usage"].own)
        self._added = self._effect("", self.rows)

    def added_to(self, differing: pl.DataFrame) -> pl.DataFrame:
        """The same rows with their `cause`."""
        import polars as pl

        effects = list(self._effects())
        places = self._places()
        left = {(row["day"], row["agent"], row["model"]): row["difference"] for row in differing.iter_rows(named=True)}
        causes = [self._cause(row, effects, places, left) for row in differing.iter_rows(named=True)]
        return differing.with_columns(cause=pl.Series(causes, dtype=pl.String))

    def _cause(self, row: dict[str, object], effects: list[Effect], places: list[Effect], left: dict[Cell, int]) -> str:
        cell: Cell = (row["day"], row["agent"], row["model"])  # type: ignore[assignment]
        difference = left[cell]
        if not difference:
            return price_cause(row)
        if self._by_agent and cell[1] not in self._read:
            return "the agent is not read"
        known = self._in_some_way(cell, difference, effects, MOST_TOGETHER)
        return known or moved(cell, left) or renamed(cell, left) or self._in_some_way(cell, difference, places, 1) or UNEXPLAINED

    def _in_some_way(self, cell: Cell, difference: int, effects: list[Effect], most: int) -> str | None:
        """The way of adding up tokens, and at most so many effects, that explain a difference; nothing where none do."""
        added = self._added.tokens.get(cell, {})
        for way, (_, _, meaning) in WAYS.items():
            rest = difference - (added.get(way, 0) - added.get("", 0))
            found = named(rest, cell, way, effects, most)
            if found is not None:
                return "; ".join(filter(None, (meaning, *found)))
        return None

    def _effects(self) -> Iterator[Effect]:
        """What tools are known to leave out or to count again."""
        import polars as pl

        seen = self._seen
        yield self._effect("copies of another session's history counted again", self._placed(seen.tables["usage"].copies))
        reported = (rows.filter(pl.col("is_echo")) for rows in (seen.found, seen.without_echoes))
        echoes = next(reported).join(next(reported), on=("agent", "source", "line"), how="anti")
        yield self._effect("requests counted again that another file repeats", self._placed(echoes))
        for fate, meaning in AGAIN.items():
            told = seen.statements.filter((pl.col("fate") == fate) & pl.col("tokens").is_not_null())
            yield self._effect(meaning, self._dated(told))
        yield self._missing("packed files are not read", pl.col("source").str.ends_with(ENDING))
        yield self._missing("sub-agents are missing", pl.col("session_id") != pl.col("root_session_id"))
        yield self._missing("compactions are missing", pl.col("kind") == "compaction")
        for evidence, meaning in EVIDENCE.items():
            yield self._missing(meaning, pl.col("evidence") == evidence)
        damaged = seen.tables["issues"].own.filter(pl.col("kind").is_in(["repaired", "bad-value"]))["source"].unique()
        yield self._missing("files with damaged lines are missing", pl.col("source").is_in(damaged.implode()))

    def _places(self) -> list[Effect]:
        """Each file and folder that may not be read at all, and each file whose copies may be counted again."""
        import polars as pl

        copies = self._placed(self._seen.tables["usage"].copies)
        again = [
            self._effect(f"copies in {path} counted again", copies.filter(pl.col("source") == path))
            for path in copies["source"].unique().sort().head(MOST_PLACES)
        ]
        above = {str(parent) for source in self.rows["source"].unique() for parent in (PurePath(source), *PurePath(source).parents)}
        deepest = sorted(above, key=lambda path: (-len(path), path))[:MOST_PLACES]
        return [*again, *(self._missing(f"{path} is not read", pl.col("source").str.starts_with(path)) for path in deepest)]

    def _missing(self, meaning: str, which: pl.Expr) -> Effect:
        """Requests that are not counted."""
        return self._effect(meaning, self.rows.filter(which), sign=-1)

    def _effect(self, meaning: str, rows: pl.DataFrame, sign: int = 1) -> Effect:
        import polars as pl

        def more(name: str, times: int) -> pl.Expr:
            known = name in rows.columns  # records that were not counted tell only their sum
            return pl.col("tokens").sum() + (times * pl.col(name).fill_null(0).sum() if known else 0)

        sums = rows.group_by(KEY).agg(**{f"way_{way}": sign * more(name, times) for way, (name, times, _) in WAYS.items()})
        found = ((cell[:3], dict(zip(WAYS, cell[3:], strict=True))) for cell in sums.iter_rows())
        return Effect(meaning, {(day, agent, model): ways for (day, agent, model), ways in found if any(ways.values())})

    def _placed(self, rows: pl.DataFrame) -> pl.DataFrame:
        import polars as pl

        return self._dated(rows.with_columns(tokens=pl.sum_horizontal(TOTAL_TOKEN_COLUMNS)))

    def _dated(self, rows: pl.DataFrame) -> pl.DataFrame:
        import polars as pl

        agent = pl.col("agent") if self._by_agent else pl.lit(None, pl.String)
        return rows.with_columns(agent.alias("agent"), day=pl.col("at").dt.convert_time_zone(self._tz).dt.strftime("%Y-%m-%d"))


def named(rest: int, cell: Cell, way: str, effects: list[Effect], most: int) -> list[str] | None:
    """What explains the rest of a difference when tokens are added up in some way; nothing where nothing does."""
    if not rest:
        return [] if way else None
    return explained(rest, [(each.meaning, each.tokens[cell][way]) for each in effects if cell in each.tokens], most)


def explained(difference: int, effects: list[tuple[str, int]], most: int) -> list[str] | None:
    """The fewest effects whose tokens are exactly the difference; nothing when there are none."""
    for together in range(1, most + 1):
        for chosen in combinations(effects, together):
            if sum(tokens for _, tokens in chosen) == difference:
                return [meaning for meaning, _ in chosen]
    return None


def moved(cell: Cell, left: dict[Cell, int]) -> str | None:
    """Whether the difference is that of a day beside this one with the other sign."""
    day, agent, model = cell
    if day is None:
        return None
    at = date.fromisoformat(day)
    beside = [str(at + timedelta(days=days)) for days in (-1, 1)]
    found = [other for other in beside if left.get((other, agent, model)) == -left[cell]]
    return f"booked on {found[0]}, or the other way round: the time zones or the time of the requests differ" if found else None


def renamed(cell: Cell, left: dict[Cell, int]) -> str | None:
    """Whether the same tokens are missing, or left over, under another model of that day."""
    day, agent, model = cell
    found = sorted(
        str(other[2]) for other, tokens in left.items() if other[:2] == (day, agent) and other[2] != model and tokens == -left[cell]
    )
    return f"the same tokens are under the model {found[0]}" if found else None


def price_cause(row: dict[str, object]) -> str:
    """Why a cost differs where the tokens do not."""
    if not row["other_cost_usd"]:
        return "equal tokens; the other tool has no price"
    if row["cost_usd"] is None:
        return "equal tokens; here no price is known of a part of them"
    return "equal tokens, other prices"
