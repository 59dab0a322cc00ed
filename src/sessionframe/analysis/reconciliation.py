"""The logs of a scan go in; how their records became the numbers of the tables comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import narwhals as nw

from sessionframe.analysis._doors import closed, helper, opened
from sessionframe.engine.public import Engine, known_engine

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from sessionframe.engine.logs import Logs

KEYS = ("agent", "model")
COUNTS = ("records", "found_requests", "replayed_requests", "requests", "unpriced_requests", "recorded_requests")
SESSION = ("agent", "host", "session_id")
BOTH_COSTS = ("recorded_cost_usd", "cost_usd")
COSTS = ("cost_usd", "recorded_cost_usd", "cost_of_recorded_usd")


@overload
def reconcile(logs: Logs, *, engine: Literal["pandas"] = ...) -> pd.DataFrame: ...
@overload
def reconcile(logs: Logs, *, engine: Literal["polars"]) -> pl.DataFrame: ...
def reconcile(logs: Logs, *, engine: Engine = "pandas") -> pd.DataFrame | pl.DataFrame:
    """Show how the records of the logs became the requests that are counted, and costs as computed beside costs as recorded.

    Parameters
    ----------
    logs
        What `scan` returned. All of it is read, not only usage.
    engine
        ``pandas`` or ``polars``.

    Returns
    -------
    pandas.DataFrame or polars.DataFrame
        One row per agent and model, sorted by them in ascending order, null last.

        ``agent``, ``model``.
        ``records``: lines of the logs, copies included, that hold a part of a message of the model. What a tool that adds up lines
        counts; models with records and without requests are notices that the agent wrote itself.
        ``found_requests``: model requests in all files, those that a file repeats counted once.
        ``replayed_requests``: those of them that are copies of another session's history (resume, fork) and left out.
        ``requests``: the rest, the rows of `usage`.
        ``unpriced_requests``: requests whose cost is not known.
        ``recorded_requests``: requests whose cost the log states.
        ``cost_usd`` [USD]: sum of the known costs, an API-equivalent estimate; null when none is known.
        ``recorded_cost_usd`` [USD]: sum of the costs that the log states request by request; null where it states none. Agents that
        state costs session by session are in `recorded_costs`.
        ``cost_of_recorded_usd`` [USD]: sum of the known costs of those requests, to compare the one before with.

    Raises
    ------
    OptionError
        No such engine.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sf.reconcile(sf.scan(home="data-samples/demo"))  # doctest: +SKIP
    """
    import polars as pl

    chosen = known_engine(engine)
    records = logs.messages.to_frame("polars", replays=True).filter(pl.col("role") == "assistant")
    lines = records.unique(["agent", "host", "source", "line", "model"]).group_by(KEYS).agg(pl.len().cast(pl.Int64).alias("records"))
    every = logs.usage.to_frame("polars", replays=True)
    own, recorded = every.filter(~pl.col("is_replay")), pl.col("recorded_cost_usd").is_not_null()
    parts = [
        lines,
        every.group_by(KEYS).agg(found_requests=pl.len().cast(pl.Int64), replayed_requests=pl.col("is_replay").sum().cast(pl.Int64)),
        own.group_by(KEYS).agg(
            requests=pl.len().cast(pl.Int64),
            unpriced_requests=pl.col("cost_usd").null_count().cast(pl.Int64),
            recorded_requests=recorded.sum().cast(pl.Int64),
            cost_usd=known_sum(pl.col("cost_usd")),
            recorded_cost_usd=known_sum(pl.col("recorded_cost_usd")),
            cost_of_recorded_usd=known_sum(pl.col("cost_usd").filter(recorded)),
        ),
    ]
    both = pl.concat(parts, how="diagonal").group_by(KEYS).agg(pl.col(COUNTS).sum(), *(known_sum(pl.col(name)) for name in COSTS))
    found = both.sort(KEYS, nulls_last=True)
    if chosen == "polars":
        return found
    from sessionframe.frames.pandas import to_pandas

    return to_pandas(found)


def known_sum(column: pl.Expr) -> pl.Expr:
    """The sum of what is known; null when nothing is."""
    import polars as pl

    return pl.when(column.count() > 0).then(column.sum()).name.keep()


@helper
def recorded_costs(frame: Any) -> Any:
    """Compare the cost that a log states of a whole session with what is computed.

    Parameters
    ----------
    frame
        The table `sessions`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per conversation or sub-agent thread whose cost the log states, in the order of the frame.

        ``agent``, ``host``, ``session_id``.
        ``recorded_cost_usd`` [USD]: what the log states. 0 can mean a subscription or a free model.
        ``cost_usd`` [USD]: the list price of its requests, and for a conversation of those of its sub-agents of which the log states no
        cost: Claude Code includes them, OpenCode states each for itself. Null when one of them has no known cost.
        ``difference_usd`` [USD]: the first less the second. Calls that leave no line in the log (titles, suggestions) make it positive.
        ``ratio``: the second as a share of the first; null when the log states 0.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.

    Examples
    --------
    >>> import sessionframe as sf
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, SessionRow
    >>> rows = [
    ...     SessionRow(session_id="s", root_session_id="s", source="s.jsonl", recorded_cost_usd=2.0, cost_usd=1.0),
    ...     SessionRow(session_id="s/a", root_session_id="s", source="a.jsonl", kind="subagent", cost_usd=0.5),
    ... ]
    >>> sf.recorded_costs(frame(SCHEMA["sessions"], rows)).select("session_id", "cost_usd", "difference_usd", "ratio").rows()
    [('s', 1.5, 0.5, 0.75)]
    """
    sessions = opened(
        frame, ["agent", "host", "session_id", "root_session_id", "recorded_cost_usd", "cost_usd"], needed_by="recorded_costs"
    )
    is_stated = ~nw.col("recorded_cost_usd").is_null()
    owner = nw.when(is_stated).then(nw.col("session_id")).otherwise(nw.col("root_session_id"))
    owned = sessions.with_columns(owner.alias("_owner"), nw.col("cost_usd").is_null().cast(nw.Int64).alias("_unknown"))
    family = ("agent", "host", "_owner")
    whole = owned.with_columns(nw.col("cost_usd").sum().over(*family), nw.col("_unknown").sum().over(*family))
    stated = whole.filter(is_stated)
    known = stated.with_columns(nw.when(nw.col("_unknown") == 0).then(nw.col("cost_usd")).alias("cost_usd"))
    recorded, cost = nw.col("recorded_cost_usd"), nw.col("cost_usd")
    found = known.with_columns((recorded - cost).alias("difference_usd"), nw.when(recorded != 0).then(cost / recorded).alias("ratio"))
    return closed(found.select(*SESSION, *BOTH_COSTS, "difference_usd", "ratio"))
