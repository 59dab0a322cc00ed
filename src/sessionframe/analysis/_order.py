"""Rows of threads or conversations go in; the same rows, numbered by what they belong to and in the order of time, come out."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from sessionframe.analysis._doors import Frame

CONVERSATION = ("agent", "host", "root_session_id")
"""What tells conversations apart; sub-agents belong to theirs."""
UNKNOWN = "\x00"


def numbered(frame: Frame, keys: Sequence[str], number: str = "_number") -> tuple[Frame, Frame]:
    """Number the distinct combinations of text columns in ascending order, null last; null is a value like any other.

    Whole numbers are compared, joined and sorted much faster than names of sessions, and no engine treats them specially as it does
    null.

    Returns
    -------
    rows : narwhals.DataFrame
        The rows in no particular order, with the column `number`.
    key : narwhals.DataFrame
        One row per number: `number` and the columns of `keys`, in the order of the numbers.
    """
    key = frame.select(keys).unique(maintain_order=False).sort(*keys, nulls_last=True).with_row_index(number)
    key = key.with_columns(nw.col(number).cast(nw.Int64))
    # columns with one value (mostly agent and host) tell nothing apart; one must be left to join on
    telling = [name for name in keys if key[name].n_unique() > 1] or list(keys[-1:])
    plain = [name for name in telling if key[name].null_count() == 0 and key.schema[name] in {nw.String, nw.Int64}]
    others = {f"_key_{name}": nw.col(name).cast(nw.String).fill_null(UNKNOWN) for name in telling if name not in plain}
    joined = frame.with_columns(**others).join(key.select(number, *plain, **others), on=[*plain, *others], how="left")
    return joined.drop(*others), key.select(number, *keys)


def in_order_of_time(frame: Frame) -> Frame:
    """Rows in the order of time, those at the same time as they were and those without one last, with that order in `_row`."""
    at = frame["at"]
    if at.null_count() or not at.is_sorted():  # tables mostly are
        frame = frame.with_row_index("_row").sort("at", "_row", nulls_last=True).drop("_row")
    return frame.with_row_index("_row").with_columns(nw.col("_row").cast(nw.Int64))


def paired(first: str, second: str) -> nw.Expr:
    """One whole number for two numbers that begin with 0."""
    return nw.col(first) * (nw.col(second).max() + 1) + nw.col(second)


def starts_new(number: str = "_number") -> nw.Expr:
    """Whether a row is the first of its number; the rows are sorted by it."""
    return (nw.col(number) != nw.col(number).shift(1)).fill_null(value=True)


def named(frame: Frame, key: Frame, number: str = "_number", **renamed: str) -> Frame:
    """Put the columns of a key in place of their number, sorted by it; `renamed` maps new names to old ones."""
    old = {before: after for after, before in renamed.items()}
    return key.rename(old).join(frame, on=number, how="inner").sort(number)
