"""`tool_calls` and `messages` go in, ratios that describe a way of working come out: reads per edit, edits without a look first."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, Frame, closed, helper, names_of, opened
from sessionframe.analysis._groups import aggregated, grouped, ordered
from sessionframe.analysis._order import CONVERSATION, in_order_of_time, numbered, paired
from sessionframe.analysis._rates import share
from sessionframe.analysis._threads import THREAD

KINDS = {"reads": "read", "searches": "search", "edits": "edit", "writes": "write"}
"""Result column -> the category that it counts."""
MARKS = ("calls", *KINDS, "prompts", "placed_edits", "unread_edits")
COUNTED = ("calls", "prompts", *KINDS, "unread_edits")
RATIOS = ("calls_per_prompt", "read_edit_ratio", "research_mutation_ratio", "write_share", "unread_edit_share")


@helper
def tool_ratios(frame: Any, messages: Any = None, *, by: By = (), every: str | None = None, tz: str = "local") -> Any:
    """Compute the ratios that describe how an agent works: how much it looks before it changes something.

    Parameters
    ----------
    frame
        The table `tool_calls`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    messages
        The table `messages`, of the same engine, for the number of prompts.
    by
        Columns to group by, which both frames must have, e.g. ``"agent"`` or ``["repo_root", "model"]``. Prompts name no model and no
        tool: grouped by these, leave `messages` out.
    every, tz
        Step of time in which the call or prompt was made and the time zone in which days begin, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group, sorted by `start` and the columns of `by` in ascending order, null last. A ratio of nothing is null.

        ``start`` (only with `every`), the columns of `by`.
        ``calls``, ``prompts``: tool calls and human prompts; `prompts` is null without `messages`.
        ``calls_per_prompt``: sub-agents' calls included.
        ``reads``, ``searches``, ``edits``, ``writes``: calls of these categories, well ended or not.
        ``read_edit_ratio``: reads per edit.
        ``research_mutation_ratio``: reads and searches per edit or write.
        ``write_share``: writes as a share of edits and writes: whole files instead of changes.
        ``unread_edits``: edits of a path that the same conversation, sub-agents included, had not read or written before, as far as a
        call with that very path tells. A file shown by a shell command or a search counts as not read.
        ``unread_edit_share``: as a share of the edits whose path is known.

    Raises
    ------
    ColumnError
        A frame lacks a needed column.
    OptionError
        `every` is no step of time, or `tz` no time zone.

    Notes
    -----
    The read:edit ratio, the research:mutation ratio and edits without a prior read became known through a public analysis of 234,760
    tool calls (anthropics/claude-code#42796). They describe; that a higher one is better is an opinion.

    Examples
    --------
    >>> import sessionframe as sf
    >>> logs = sf.scan("claude-code", home=sf.testing.demo_home())
    >>> calls, messages = logs.tool_calls.to_frame("polars"), logs.messages.to_frame("polars")
    >>> ratios = sf.tool_ratios(calls, messages)
    >>> {name: round(ratios[name][0], 2) for name in ("calls_per_prompt", "read_edit_ratio", "write_share", "unread_edit_share")}
    {'calls_per_prompt': 4.17, 'read_edit_ratio': 1.55, 'write_share': 0.15, 'unread_edit_share': 0.64}
    """
    keys = names_of(by)
    needed = [*keys, *CONVERSATION, "at", "category", "path", "status"]
    calls = in_order_of_time(opened(frame, needed, needed_by="tool_ratios"))
    rows = nw.concat([marked_calls(calls, keys), marked_edits(calls, keys)])
    if messages is not None:
        rows = nw.concat([rows, marked_prompts(messages, keys)])
    found = grouped(rows, [nw.col(name).sum() for name in MARKS], by=keys, at="at", every=every, tz=tz)
    if messages is None:
        found = found.with_columns(nw.when(nw.col("calls") < 0).then(0).alias("prompts"))
    return closed(ordered(found.with_columns(*ratios()), keys, every, [*COUNTED, *RATIOS]), COUNTED)


def counted(rows: Frame, keys: list[str], **marks: nw.Expr) -> Frame:
    """Rows reduced to what is grouped by, with what each counts as; whatever is not said is 0."""
    nothing = nw.lit(0, nw.Int64)
    marked = rows.with_columns(**{f"_{name}": marks.get(name, nothing).cast(nw.Int64) for name in MARKS})
    return marked.select(*dict.fromkeys([*keys, "at"]), *(nw.col(f"_{name}").alias(name) for name in MARKS))


def marked_calls(calls: Frame, keys: list[str]) -> Frame:
    """One row per call: how its category counts."""
    kinds = {name: nw.col("category") == kind for name, kind in KINDS.items()}
    return counted(calls, keys, calls=nw.lit(1, nw.Int64), **kinds)


def marked_edits(calls: Frame, keys: list[str]) -> Frame:
    """One row more per edit with a path: whether the conversation had not seen that file before."""
    kind = nw.col("category")
    placed = calls.filter(~nw.col("path").is_null(), kind.cast(nw.String).is_in(["read", "write", "edit"]))
    conversations, _ = numbered(placed, CONVERSATION, "_conversation")
    paths, _ = numbered(conversations, ["path"], "_path")
    files = paths.with_columns(paired("_conversation", "_path").alias("_file"))
    seen = files.filter(kind != "edit", nw.col("status") == "ok")
    first = aggregated(seen, ["_file"], [nw.col("_row").min().alias("_seen")])
    edits = files.filter(kind == "edit").join(first, on="_file", how="left")
    unread = (nw.col("_row") < nw.col("_seen")).fill_null(value=True) | nw.col("_seen").is_null()
    return counted(edits, keys, placed_edits=nw.lit(1, nw.Int64), unread_edits=unread)


def marked_prompts(messages: Any, keys: list[str]) -> Frame:
    """One row per human prompt; the parts of one message are one prompt."""
    needed = [*keys, *THREAD, "at", "is_human", "message_id", "line"]
    said = opened(messages, needed, needed_by="tool_ratios").filter(nw.col("is_human"))
    return counted(distinct_messages(said), keys, prompts=nw.lit(1, nw.Int64))


def distinct_messages(said: Frame) -> Frame:
    """The first part of each message; a message without an id is known by its line."""
    unnamed = nw.col("message_id").is_null()
    parts = said.with_columns(nw.when(unnamed).then(nw.col("line")).alias("_line"))
    return parts.unique([*THREAD, "message_id", "_line"], keep="first", maintain_order=True)


def ratios() -> list[nw.Expr]:
    """The ratios of the sums."""
    changes = nw.col("edits") + nw.col("writes")
    research = nw.when(changes > 0).then((nw.col("reads") + nw.col("searches")) / changes)
    return [
        share("calls", nw.col("prompts")).alias("calls_per_prompt"),
        share("reads", nw.col("edits")).alias("read_edit_ratio"),
        research.alias("research_mutation_ratio"),
        share("writes", changes).alias("write_share"),
        share("unread_edits", nw.col("placed_edits")).alias("unread_edit_share"),
    ]
