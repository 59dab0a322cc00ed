"""A frame of numbers goes in; what share each row or group has of the whole, and how unequal the shares are, comes out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, Frame, closed, extended, helper, names_of, opened
from sessionframe.analysis._groups import grouped, known, sums, unknown_as_null


@helper
def shares(frame: Any, *, of: By, within: By = ()) -> Any:
    """Add to each row its share of a sum, over all rows or within groups.

    Parameters
    ----------
    frame
        Any frame of numbers, e.g. the result of `tokens_by`.
    of
        The columns to take shares of, e.g. ``"cost_usd"``.
    within
        Columns whose groups each make a whole, e.g. ``"start"`` for the shares of each day; without it all rows do. Rows without a
        value there are a group too.

    Returns
    -------
    frame of the same engine (pandas for a table)
        The rows of the frame in its order, with all its columns and

        ``<of>_share``: the value divided by the sum of the known values of its group; null where the value is unknown or the sum
        is 0. The known shares of a group add up to 1.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.

    Examples
    --------
    >>> import polars as pl
    >>> import sessionframe as sf
    >>> costs = pl.DataFrame({"day": [1, 1, 2, 2], "model": ["a", "b", "a", "b"], "cost_usd": [3.0, 1.0, None, 2.0]})
    >>> sf.shares(costs, of="cost_usd", within="day")["cost_usd_share"].to_list()
    [0.75, 0.25, None, 1.0]
    """
    groups, columns = names_of(within), names_of(of)
    whole = opened(frame, [*groups, *columns], needed_by="shares", whole=True)
    added = whole.with_columns(*(total(name, groups) for name in columns)).with_columns(*(share(name) for name in columns))
    return extended(added, [f"{name}_share" for name in columns])


def total(name: str, groups: list[str]) -> nw.Expr:
    """The sum that a column is divided by, where its share will be."""
    whole = nw.col(name).sum()
    return (whole.over(*groups) if groups else whole).alias(f"{name}_share")


def share(name: str) -> nw.Expr:
    """The share of a column, named after it; a ratio to nothing is unknown."""
    whole = nw.col(f"{name}_share")
    return nw.when(whole != 0).then(nw.col(name) / whole).alias(f"{name}_share")


@helper
def concentration(frame: Any, *, of: str = "cost_usd", by: By = "root_session_id") -> Any:
    """Show how far a sum is concentrated in few groups: a Pareto curve, the largest group first.

    Parameters
    ----------
    frame
        Any frame of numbers, e.g. the table `usage`; ``sessions`` serves as well.
    of
        The column that is summed per group; it should not be negative.
    by
        Columns that make a group, by default a conversation with its sub-agents.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per group, sorted by the sum in descending order and then by the columns of `by`; groups of which nothing is known
        come last and count in no share.

        The columns of `by`.
        The column `of`: sum of what is known; null where nothing is.
        ``rank``: 1 for the largest sum; groups with equal sums have different ranks. Null where the sum is.
        ``groups_share``: the share of the groups up to this one among those with a known sum: the x of the curve.
        ``<of>_share``: the group's own share of the whole sum; null when that is 0.
        ``<of>_cumulative_share``: the share of the groups up to this one: the y of the curve. The Lorenz curve is the same the
        other way round: one minus both, from the last row to the first.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.

    Examples
    --------
    One of four sessions costs three quarters of everything:

    >>> import polars as pl
    >>> import sessionframe as sf
    >>> usage = pl.DataFrame({"root_session_id": ["a", "b", "c", "a", "d"], "cost_usd": [8.0, 2.0, 1.0, 4.0, 1.0]})
    >>> sf.concentration(usage).select("root_session_id", "groups_share", "cost_usd_cumulative_share").head(2).rows()
    [('a', 0.25, 0.75), ('b', 0.5, 0.875)]
    """
    keys = names_of(by)
    rows = opened(frame, [*keys, of], needed_by="concentration")
    found = unknown_as_null(grouped(rows, sums([of]), by=keys, at="", every=None, tz="UTC"), [of])
    return closed(curve(found.sort([of, *keys], descending=[True, *(False for _ in keys)], nulls_last=True), of), ["rank"])


def curve(groups: Frame, of: str) -> Frame:
    """The points of the curve for groups in descending order, those without a sum last."""
    is_known = ~nw.col(of).is_null()
    numbered = groups.with_columns(is_known.cast(nw.Int64).cum_sum().alias("rank"), nw.col(of).cum_sum().alias(known(of)))
    total = nw.col(of).sum()
    return numbered.with_columns(
        nw.when(is_known).then(nw.col("rank")).alias("rank"),
        nw.when(is_known).then(nw.col("rank") / nw.col("rank").max()).alias("groups_share"),
        nw.when(total != 0).then(nw.col(of) / total).alias(f"{of}_share"),
        nw.when(is_known & (total != 0)).then(nw.col(known(of)) / total).alias(f"{of}_cumulative_share"),
    ).drop(known(of))
