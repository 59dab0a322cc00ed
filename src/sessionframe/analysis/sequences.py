"""A `tool_calls` frame goes in; which tool follows which, and where in a session calls fail, comes out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._calls import in_sequence
from sessionframe.analysis._doors import By, closed, helper, names_of, opened
from sessionframe.analysis._groups import aggregated, grouped
from sessionframe.analysis._rates import interval_names, share, with_interval
from sessionframe.analysis._threads import THREAD
from sessionframe.errors import OptionError


@helper
def transitions(frame: Any, *, of: str = "tool") -> Any:
    """Count which tool follows which within a thread.

    Parameters
    ----------
    frame
        The table `tool_calls`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    of
        Column whose values follow each other: ``tool``, ``category``, ``command``.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per pair that occurs, sorted by the two columns in ascending order, null last. The last call of a thread is followed by
        nothing, so the counts of a thread are one less than its calls. Calls made at the same time follow each other as in the frame.

        ``from_<of>``, ``to_<of>``: the value and the one after it, e.g. ``from_tool`` and ``to_tool``.
        ``count``: how often the second directly followed the first.
        ``probability``: as a share of all that followed the first: the rows of a value add up to 1. An estimate of a Markov chain of
        first order; with a small `count` it says little.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.

    Examples
    --------
    >>> import sessionframe as sf
    >>> logs = sf.scan("claude-code", home=sf.testing.demo_home())
    >>> pairs = sf.transitions(logs.tool_calls.to_frame("polars"), of="category")
    >>> pairs.sort("count", descending=True).select("from_category", "to_category", "count").row(0)
    ('read', 'run', 49)
    """
    first, second = f"from_{of}", f"to_{of}"
    rows = in_sequence(opened(frame, [*THREAD, "at", of], needed_by="transitions"))
    same = (nw.col("_number") == nw.col("_number").shift(-1)).fill_null(value=False)
    pairs = rows.select(nw.col(of).alias(first), nw.col(of).shift(-1).alias(second), same.alias("_same")).filter(nw.col("_same"))
    found = aggregated(pairs, [first, second], [nw.len().alias("count")]).sort(first, second, nulls_last=True)
    whole = found.with_columns(nw.col("count").sum().over(first).alias("_whole"))
    return closed(whole.select(first, second, "count", share("count", nw.col("_whole")).alias("probability")), ["count"])


@helper
def errors_by_position(frame: Any, *, by: By = (), bins: int = 10) -> Any:
    """Count failures by how far into its thread a call was made, to see whether they become more as sessions grow.

    Parameters
    ----------
    frame
        The table `tool_calls`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    by
        Columns to group by, e.g. ``"category"``: late calls are of other kinds than early ones, which alone can make them fail more.
    bins
        Parts of equal size that the calls of each thread are divided into: 10 are deciles.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per group and position, sorted by the columns of `by` and `position` in ascending order, null last.

        The columns of `by`.
        ``position``: 1 is the first part of the calls of a thread, `bins` the last. Null: threads with fewer calls than `bins`.
        ``calls``, ``errors``: calls, and those that failed.
        ``error_rate``, ``error_rate_low``, ``error_rate_high``: errors as a share of the calls that ran to an end, with a 95 % Wilson
        score interval as in `tools_by`.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `bins` is less than 1.

    Examples
    --------
    >>> import sessionframe as sf
    >>> logs = sf.scan("claude-code", home=sf.testing.demo_home())
    >>> halves = sf.errors_by_position(logs.tool_calls.to_frame("polars"), bins=2)
    >>> halves.select("position", "calls", "errors").rows()
    [(1, 340, 14), (2, 306, 9), (None, 4, 0)]
    """
    if bins < 1:
        raise OptionError(f"bins={bins!r} is no number of parts. Give 1 or more, 10 for deciles.")
    keys = names_of(by)
    rows = in_sequence(opened(frame, [*keys, *THREAD, "at", "status"], needed_by="errors_by_position"))
    one = rows.with_columns(nw.lit(1, nw.Int64).alias("_one"))
    placed = one.with_columns(
        nw.col("_one").sum().over("_number").alias("_of"),
        nw.col("_one").cum_sum().over("_number").alias("_place"),
    )
    position = ((nw.col("_place") - 1) * bins // nw.col("_of") + 1).cast(nw.Int64)
    ended = nw.col("status").cast(nw.String).is_in(["ok", "error"]).cast(nw.Int64)
    marked = placed.with_columns(
        nw.when(nw.col("_of") >= bins).then(position).alias("position"),
        (nw.col("status") == "error").cast(nw.Int64).alias("errors"),
        ended.alias("_ended"),
    )
    aggregates = [nw.len().alias("calls"), nw.col("errors").sum(), nw.col("_ended").sum()]
    found = grouped(marked, aggregates, by=[*keys, "position"], at="at", every=None, tz="UTC")
    rated = found.with_columns(*with_interval("error_rate", "errors", nw.col("_ended")))
    return closed(rated.select([*keys, "position", "calls", "errors", *interval_names("error_rate")]), ["position", "calls", "errors"])
