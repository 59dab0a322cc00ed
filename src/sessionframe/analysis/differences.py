"""Any frame goes in; how its groups, or the times before and after a day, differ in a measure comes out, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date as Date  # noqa: N812 - `date` is an argument here
from itertools import combinations
from typing import Any

import narwhals as nw

from sessionframe.analysis._bootstrap import (
    NOTE,
    Values,
    cliffs_delta,
    difference_interval,
    magnitude,
    median_interval,
    summary,
)
from sessionframe.analysis._doors import By, Frame, closed, helper, names_of, opened
from sessionframe.analysis._order import numbered
from sessionframe.engine.options import moment
from sessionframe.errors import ColumnError, OptionError

N_BOOT = 10_000
TIMES = ("at", "started_at", "start")
"""Columns that say when a row happened, in the tables and in results of helpers."""
FLOAT, COUNT, TEXT = nw.Float64(), nw.Int64(), nw.String()


@helper
def compare(frame: Any, *, by: By, metric: str, n_boot: int = N_BOOT, seed: int = 0) -> Any:
    """Describe a measure in several groups by medians with their uncertainty.

    Parameters
    ----------
    frame
        Any table or frame of an engine that narwhals knows, e.g. `sessions`, what `prompts` returns, or your own. A lazy frame is
        collected. Each row is one case: do not give rows that repeat one another.
    by
        Columns to group by, e.g. ``"model"``.
    metric
        The column that is compared, of numbers.
    n_boot
        Bootstrap samples.
    seed
        Where chance begins: the same seed gives the same intervals.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per group, sorted by the columns of `by` in ascending order, null last.

        The columns of `by`.
        ``n``: rows in which the measure is known; ``unknown``: the others.
        ``median``, ``p25``, ``p75``: of the known ones, interpolated linearly; null when there are none.
        ``median_low``, ``median_high``: 95 % bootstrap percentile interval of the median; null with fewer than 10 values.
        ``note``: says so; null otherwise.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        The measure is no number, or `n_boot` less than 1.

    Notes
    -----
    Intervals of two groups that overlap a little do not show that the groups are alike: `effect_sizes` compares pairs. Cases of one
    person, week or task are not independent, so the truth is less sure than any interval says.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sessions = sf.scan("claude-code", home=sf.testing.demo_home()).sessions.to_frame("polars")
    >>> found = sf.compare(sessions, by="kind", metric="requests")
    >>> found.select("kind", "n", "median", "median_low", "median_high", "note").row(0)
    ('main', 50, 7.5, 5.0, 12.0, None)
    """
    keys = names_of(by)
    groups, key, sizes = in_groups(frame, keys, metric, n_boot, needed_by="compare")
    told = [summary(values) for values in groups]
    bounds = [median_interval(values, n_boot, seed) for values in groups]
    columns = {
        "n": (COUNT, [each.n for each in told]),
        "unknown": (COUNT, [size - each.n for size, each in zip(sizes, told, strict=True)]),
        **{name: (FLOAT, [getattr(each, name) for each in told]) for name in ("median", "p25", "p75")},
        "median_low": (FLOAT, [low for low, _ in bounds]),
        "median_high": (FLOAT, [high for _, high in bounds]),
        "note": (TEXT, [NOTE if low is None else None for low, _ in bounds]),
    }
    return closed(beside(key, columns).select([*keys, *columns]), ["n", "unknown"])


@helper
def effect_sizes(frame: Any, *, by: By, metric: str, n_boot: int = N_BOOT, seed: int = 0) -> Any:
    """Compare a measure between every two groups: how far apart they are, and how sure that is.

    Parameters
    ----------
    frame, by, metric, n_boot, seed
        As for `compare`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per pair of groups, each pair once; sorted by the first, then the second group in ascending order, null last.

        The columns of `by`, and the same with ``other_`` before them: the two groups.
        ``n``, ``other_n``: rows in which the measure is known.
        ``median``, ``other_median``: of the two groups.
        ``difference``: `median` - `other_median`.
        ``difference_low``, ``difference_high``: its 95 % bootstrap percentile interval; null if one of the groups has fewer than 10 values.
        ``cliffs_delta``: over all pairs of a value of the first and one of the second group, how much more often the first is greater
        than less: from -1 to 1, 0 when neither prevails. It needs no particular distribution. Null as above.
        ``magnitude``: ``negligible`` (below 0.147), ``small`` (below 0.33), ``medium`` (below 0.474) or ``large``, after Romano and others
        (2006); null as above.
        ``note``: says so; null otherwise.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        The measure is no number, or `n_boot` less than 1.

    Notes
    -----
    Of twenty pairs of like groups, one will seem to differ: the intervals are not corrected for the number of pairs.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sessions = sf.scan("claude-code", home=sf.testing.demo_home()).sessions.to_frame("polars")
    >>> pairs = sf.effect_sizes(sessions, by="kind", metric="requests")
    >>> pairs.select("kind", "other_kind", "difference", "magnitude").rows()[:2]  # there are only two forks
    [('main', 'fork', -11.5, None), ('main', 'subagent', 2.5, 'medium')]
    """
    keys = names_of(by)
    groups, key, _ = in_groups(frame, keys, metric, n_boot, needed_by="effect_sizes")
    pairs = list(combinations(range(len(groups)), 2))
    others = {name: f"other_{name}" for name in keys}
    first = key.select(keys)[[one for one, _ in pairs]]
    second = key.select(keys)[[two for _, two in pairs]].rename(others)
    found = [difference(groups[one], groups[two], n_boot, seed) for one, two in pairs]
    both = nw.concat([first, second], how="horizontal")
    return closed(beside(both, {name: (dtype, [row[name] for row in found]) for name, dtype in PAIR.items()}), ["n", "other_n"])


PAIR: dict[str, Any] = {
    "n": COUNT,
    "other_n": COUNT,
    **dict.fromkeys(("median", "other_median", "difference", "difference_low", "difference_high", "cliffs_delta"), FLOAT),
    "magnitude": TEXT,
    "note": TEXT,
}
"""What is told of two groups."""


@helper
def before_after(
    frame: Any,
    date: str | Date,
    *,
    metrics: str | Sequence[str],
    at: str | None = None,
    tz: str = "local",
    n_boot: int = N_BOOT,
    seed: int = 0,
) -> Any:
    """Compare measures before and after a day, e.g. that of an update.

    Parameters
    ----------
    frame
        Any table or frame with a time, of an engine that narwhals knows, e.g. `sessions`, or what `tool_ratios` returns per day. A lazy
        frame is collected. Each row is one case. A share such as an error rate is compared by its value per day or session, not by its
        single calls.
    date
        The cut: a date is its midnight in `tz`. What happened at that very instant is after it.
    metrics
        Columns of numbers to compare.
    at
        The column that says when a row happened; by default the first of ``at``, ``started_at``, ``start`` that the frame has.
    tz
        Time zone of `date`, e.g. ``Europe/Berlin``; ``local`` is this computer's.
    n_boot, seed
        As for `compare`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per measure, in the order of `metrics`. Rows without a time are left out.

        ``metric``: the measure.
        ``n_before``, ``n_after``: rows in which it is known.
        ``before``, ``after``: medians.
        ``difference``: `after` - `before`; ``ratio``: `after` / `before`, null when that is 0.
        ``difference_low``, ``difference_high``: 95 % bootstrap percentile interval; null with fewer than 10 values before or after.
        ``cliffs_delta``, ``magnitude``: as in `effect_sizes`; positive when values after are greater.
        ``note``: says that there are too few values; null otherwise.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `date` is no point in time, a measure no number, or `n_boot` less than 1.

    Notes
    -----
    A difference says that something changed, not what: other work, other habits and other models begin on some day too. A day that was
    chosen because the numbers looked odd there makes any interval too narrow.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sessions = sf.scan("claude-code", home=sf.testing.demo_home()).sessions.to_frame("polars")
    >>> change = sf.before_after(sessions, "2026-11-01", metrics=["requests", "active_s"], tz="UTC")
    >>> change.select("metric", "n_before", "n_after", "before", "after", "magnitude").row(0)
    ('requests', 31, 39, 8.0, 5.0, 'negligible')
    """
    names = names_of(metrics)
    cut = moment(date, "date", tz)
    if cut is None:
        raise OptionError("date=None is no point in time. Give a date, a datetime or ISO text, e.g. '2026-10-01'.")
    when = at if at is not None else time_column(frame)
    rows = opened(frame, [when, *names], needed_by="before_after").filter(~nw.col(when).is_null())
    instants = rows[when].dt.timestamp("us").to_numpy()
    later = instants >= cut
    found = []
    for name in names:
        values = numbers(rows, name, n_boot, needed_by="before_after")
        # after minus before
        pair = difference(known(values[later]), known(values[~later]), n_boot, seed)
        base, now = pair["other_median"], pair["median"]
        ratio = now / base if base and now is not None else None
        found.append(
            {**pair, "metric": name, "ratio": ratio, "n_before": pair["other_n"], "n_after": pair["n"], "before": base, "after": now}
        )
    data = {name: [row[name] for row in found] for name in CHANGE}
    return closed(nw.from_dict(data, schema=CHANGE, backend=rows.implementation), ["n_before", "n_after"])


CHANGE: dict[str, Any] = {
    "metric": TEXT,
    "n_before": COUNT,
    "n_after": COUNT,
    **dict.fromkeys(("before", "after", "difference", "ratio", "difference_low", "difference_high", "cliffs_delta"), FLOAT),
    "magnitude": TEXT,
    "note": TEXT,
}
"""What is told of a measure before and after a day."""


def difference(values: Values, others: Values, n_boot: int, seed: int) -> dict[str, Any]:
    """What is told of two groups of known, sorted values: the columns of `PAIR`."""
    one, two = summary(values), summary(others)
    low, high = difference_interval(values, others, n_boot, seed)
    delta = cliffs_delta(values, others)
    apart = None if one.median is None or two.median is None else one.median - two.median
    return {
        "n": one.n,
        "other_n": two.n,
        "median": one.median,
        "other_median": two.median,
        "difference": apart,
        "difference_low": low,
        "difference_high": high,
        "cliffs_delta": delta,
        "magnitude": magnitude(delta),
        "note": NOTE if delta is None else None,
    }


def in_groups(frame: Any, keys: list[str], metric: str, n_boot: int, *, needed_by: str) -> tuple[list[Values], Frame, list[int]]:
    """The known values of each group, the groups in their order, and how many rows each has."""
    import numpy as np

    rows, key = numbered(opened(frame, [*keys, metric], needed_by=needed_by), keys)
    values, number = numbers(rows, metric, n_boot, needed_by=needed_by), rows["_number"].to_numpy()
    # small numbers are sorted in one pass
    order = np.argsort(number.astype("uint16") if len(key) < 2**16 else number, kind="stable")
    sizes = np.bincount(number, minlength=len(key)) if len(number) else np.zeros(0, dtype=int)
    parts = np.split(values[order], np.cumsum(sizes)[:-1]) if len(sizes) else []
    return [known(part) for part in parts], key, [int(size) for size in sizes]


def numbers(rows: Frame, name: str, n_boot: int, *, needed_by: str) -> Values:
    """A column as floats, the unknown as NaN."""
    if n_boot < 1:
        raise OptionError(f"n_boot={n_boot!r} is no number of samples. Give 1 or more, thousands for steady intervals.")
    if not (rows.schema[name].is_numeric() or rows.schema[name] == nw.Boolean):
        raise OptionError(f"{needed_by}: the column {name!r} holds {rows.schema[name]}, no numbers. Choose one that does.")
    values: Values = rows.select(nw.col(name).cast(nw.Float64))[name].to_numpy().astype("float64")
    return values


def known(values: Values) -> Values:
    """The values that are known, sorted."""
    import numpy as np

    return np.sort(values[~np.isnan(values)])


def time_column(frame: Any) -> str:
    """The column that says when a row happened."""
    whole = opened(frame, [], needed_by="before_after", whole=True)
    for name in TIMES:
        if name in whole.columns:
            return name
    raise ColumnError([TIMES[0]], "before_after", whole.columns)


def beside(frame: Frame, columns: Mapping[str, tuple[Any, list[Any]]]) -> Frame:
    """Add columns of plain values."""
    made = [nw.new_series(name, values, dtype, backend=frame.implementation) for name, (dtype, values) in columns.items()]
    return frame.with_columns(*made)
