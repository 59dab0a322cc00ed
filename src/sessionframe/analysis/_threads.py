"""Rows of requests go in any order; what depends on the request before, within each thread, is added to them."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from sessionframe.analysis._doors import Frame, anywhere

THREAD = ("agent", "host", "session_id")
"""What makes a thread: a conversation or one of its sub-agents."""
ROW = "_row"


def in_threads(frame: Frame, *steps: Sequence[nw.Expr]) -> Frame:
    """Add columns to rows in the order of time, one step after the other; rows at the same time are in the order of the frame.

    Expressions say by `.over(...)` what a thread is. The rows come out in the order of the frame.
    """

    def added(rows: Frame) -> Frame:
        ordered = rows.with_row_index(ROW).sort("at", ROW, nulls_last=True)
        for expressions in steps:
            ordered = ordered.with_columns(*expressions)
        return ordered.sort(ROW).drop(ROW)

    return anywhere(frame, added)


def context_tokens() -> nw.Expr:
    """The whole prompt of a request: uncached input, cache reads and cache writes; null where none is known."""
    parts = [nw.col(name) for name in ("input_tokens", "cache_read_tokens", "cache_write_tokens")]
    nothing = nw.all_horizontal(*(part.is_null() for part in parts), ignore_nulls=False)
    return nw.when(~nothing).then(nw.sum_horizontal(*parts))
