"""A `tool_calls` frame goes in, which files were read, read again and changed how often comes out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, closed, helper, names_of, opened
from sessionframe.analysis._groups import grouped, ordered, sums, unknown_as_null
from sessionframe.analysis._order import CONVERSATION, in_order_of_time, numbered, paired

KINDS = {"reads": "read", "edits": "edit", "writes": "write"}
"""Result column -> the category that it counts."""
SUMMED = ("lines_added", "lines_removed", "output_chars")
COUNTED = ("sessions", "reads", "re_reads", "edits", "writes", "errors", *SUMMED)


@helper
def files_by(frame: Any, *, by: By = ("path",), every: str | None = None, tz: str = "local") -> Any:
    """Count how often files were read, read again and changed by tools.

    Parameters
    ----------
    frame
        The table `tool_calls`, or a frame of it in any engine that narwhals knows. A lazy frame is collected. Calls without a path and
        of other categories than ``read``, ``edit`` and ``write`` are left out, so what shell commands do to files is not here.
    by
        Columns to group by, e.g. ``["repo_root", "path"]``.
    every, tz
        Step of time in which the call was made and the time zone in which days begin, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group, sorted by `start` and the columns of `by` in ascending order, null last.

        ``start`` (only with `every`), the columns of `by`.
        ``sessions``: different conversations in which the files were read or changed.
        ``reads``, ``edits``, ``writes``: calls of these categories, well ended or not.
        ``re_reads``: reads of a file that the same conversation, sub-agents included, had read before.
        ``errors``: calls that failed.
        ``lines_added``, ``lines_removed``: lines changed, where the log states them.
        ``output_chars`` [characters]: length of the results; null where nothing is known.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `every` is no step of time, or `tz` no time zone.

    Examples
    --------
    >>> import sessionframe as sf
    >>> logs = sf.scan("claude-code", home=sf.testing.demo_home())
    >>> files = sf.files_by(logs.tool_calls.to_frame("polars"))
    >>> files.sort("re_reads", "path", descending=[True, False]).select("path", "reads", "re_reads", "sessions").row(0)
    ('/home/demo/code/papers/chapters/method.tex', 11, 9, 2)
    """
    keys = names_of(by)
    needed = [*keys, *CONVERSATION, "at", "path", "category", "status", *SUMMED]
    used = opened(frame, needed, needed_by="files_by")
    calls = used.filter(~nw.col("path").is_null(), nw.col("category").cast(nw.String).is_in(list(KINDS.values())))
    conversations, _ = numbered(in_order_of_time(calls), CONVERSATION, "_conversation")
    paths, _ = numbered(conversations, ["path"], "_path")
    # joins keep no order
    files = paths.sort("_row").with_columns(paired("_conversation", "_path").alias("_file"))
    is_read = nw.col("category") == "read"
    # the file if it is read: all other calls share one null, which is nobody's first read
    first = nw.when(is_read).then(nw.col("_file")).is_first_distinct() & is_read
    marks = {name: (nw.col("category") == kind).cast(nw.Int64) for name, kind in KINDS.items()}
    marks |= {"errors": (nw.col("status") == "error").cast(nw.Int64), "re_reads": (is_read & ~first).cast(nw.Int64)}
    rows = files.with_columns(**marks)
    distinct = nw.col("_conversation").n_unique().alias("sessions")
    found = grouped(rows, [distinct, *(nw.col(name).sum() for name in marks), *sums(SUMMED)], by=keys, at="at", every=every, tz=tz)
    return closed(ordered(unknown_as_null(found, SUMMED), keys, every, COUNTED), COUNTED)
