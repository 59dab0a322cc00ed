"""A `messages` frame goes in, when conversations were at work and how long they really were comes out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import Frame, closed, helper, opened
from sessionframe.analysis._durations import Duration, seconds_of
from sessionframe.analysis._groups import aggregated
from sessionframe.analysis._order import CONVERSATION, named, numbered, starts_new
from sessionframe.analysis._threads import THREAD
from sessionframe.frames.activity import ACTIVE_GAP_S, counted_gap_us, gap_us

KEYS = ("agent", "host", "session_id", "root_session_id")
TIMES = {"usage": ("at",), "tool_calls": ("at", "ended_at")}
"""Columns of the other tables that tell when something happened."""


@helper
def active_intervals(
    frame: Any, usage: Any = None, tool_calls: Any = None, *, gap_cap: Duration = ACTIVE_GAP_S, merge_subagents: bool = True
) -> Any:
    """Find the stretches of time in which conversations were at work.

    A stretch ends where no record follows for longer than `gap_cap`.

    Parameters
    ----------
    frame
        The table `messages`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    usage, tool_calls
        These tables too, of the same engine, for agents whose requests or tool results are no messages. For Claude Code they add nothing.
    gap_cap
        The longest time without a record inside a stretch: ``"10m"``, a `timedelta` or seconds. 5 minutes by default, as in the column
        `active_s` of `sessions`.
    merge_subagents
        Count the records of sub-agents to their conversation. Without it, every thread has stretches of its own, which overlap.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per stretch, sorted by `agent`, `host`, `session_id` and `start`. Records without a time are left out.

        ``agent``, ``host``, ``session_id``: the conversation, or the thread if sub-agents are not merged.
        ``start``, ``end`` [UTC]: first and last record; equal if there is only one.
        ``seconds`` [s]: `end` - `start`. The active seconds of `session_lengths` are more: a gap beyond the cap counts as the cap there.
        ``records``: rows of the given tables in the stretch.

    Raises
    ------
    ColumnError
        A frame lacks a needed column.
    OptionError
        `gap_cap` is no length of time.

    Examples
    --------
    >>> from sessionframe.analysis import active_intervals
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, MessageRow
    >>> def said(minute):
    ...     at = minute * 60_000_000
    ...     return MessageRow(session_id="s", root_session_id="s", source="s.jsonl", seq=0, at=at, role="user", type="chat", is_human=True)
    >>> messages = frame(SCHEMA["messages"], [said(0), said(2), said(60), said(61)])
    >>> active_intervals(messages, gap_cap="10m").select("session_id", "seconds", "records").rows()
    [('s', 120.0, 2), ('s', 60.0, 2)]
    """
    cap = seconds_of(gap_cap, "gap_cap")
    keys = CONVERSATION if merge_subagents else THREAD
    rows, key = in_time(moments(frame, usage, tool_calls, needed_by="active_intervals"), keys)
    breaks = starts_new() | (nw.col("gap") > round(cap * 1e6)).fill_null(value=False)
    stretches = rows.with_columns(breaks.cast(nw.Int64).cum_sum().alias("_stretch"))
    found = aggregated(stretches, ["_stretch"], [nw.col("_number").min(), *ends("start", "end"), nw.len().alias("records")])
    result = named(found, key, session_id=keys[-1]).sort("_number", "start")
    seconds = lasts("start", "end").alias("seconds")
    return closed(result.select("agent", "host", "session_id", "start", "end", seconds, "records"), ["records"])


@helper
def session_lengths(frame: Any, usage: Any = None, tool_calls: Any = None, *, gap_cap: Duration = ACTIVE_GAP_S) -> Any:
    """Measure how long conversations were: from first to last record, and how much of it was work.

    The time from the first to the last record says little: a session that is taken up again after a week lasts a week. Active time adds
    up every gap between two records, each at most as long as `gap_cap`. Records of sub-agents are merged in before gaps are taken, so
    work of several threads at once counts once. It is the rule of the column `active_s` of `sessions`.

    Parameters
    ----------
    frame, usage, tool_calls
        As for `active_intervals`.
    gap_cap
        The most that a gap counts as work: ``"10m"``, a `timedelta` or seconds. 5 minutes by default: then `active_s` is that of
        `sessions`. The choice matters: try another one before you believe a result.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per conversation that has a record with a time, sorted by `agent`, `host` and `session_id`.

        ``agent``, ``host``, ``session_id``: the conversation.
        ``start``, ``end`` [UTC]: first and last record, those of sub-agents included.
        ``wall_s`` [s]: `end` - `start`.
        ``active_s`` [s]: sum of the gaps, each at most `gap_cap`; 0 with a single record.
        ``records``: rows of the given tables.

    Raises
    ------
    ColumnError
        A frame lacks a needed column.
    OptionError
        `gap_cap` is no length of time.

    Examples
    --------
    >>> import sessionframe as sf
    >>> logs = sf.scan("claude-code", home=sf.testing.demo_home())
    >>> lengths = sf.session_lengths(logs.messages.to_frame("polars"), gap_cap="10m")
    >>> [round(lengths[name].mean() / 60) for name in ("wall_s", "active_s")]  # two sessions were taken up again
    [29, 9]
    """
    cap = seconds_of(gap_cap, "gap_cap")
    rows, key = in_time(moments(frame, usage, tool_calls, needed_by="session_lengths"), CONVERSATION)
    counted = nw.when(~starts_new()).then(counted_gap_us(nw.col("at"), cap)).otherwise(0).alias("counted")
    sums = [nw.col("counted").sum(), *ends("start", "end"), nw.len().alias("records")]
    found = aggregated(rows.with_columns(counted), ["_number"], sums)
    measures = [lasts("start", "end").alias("wall_s"), (nw.col("counted") / 1e6).alias("active_s")]
    result = named(found, key, session_id="root_session_id")
    return closed(result.select("agent", "host", "session_id", "start", "end", *measures, "records"), ["records"])


def moments(messages: Any, usage: Any, tool_calls: Any, *, needed_by: str) -> Frame:
    """When something happened in which thread, according to all given tables; rows without a time are left out."""
    frames = [opened(messages, [*KEYS, "at"], needed_by=needed_by)]
    for table, given in (("usage", usage), ("tool_calls", tool_calls)):
        if given is not None:
            rows = opened(given, [*KEYS, *TIMES[table]], needed_by=needed_by)
            frames += [rows.select(*KEYS, nw.col(name).alias("at")) for name in TIMES[table]]
    return nw.concat(frames).filter(~nw.col("at").is_null())


def in_time(rows: Frame, keys: tuple[str, ...]) -> tuple[Frame, Frame]:
    """Times in the order of their conversation or thread, each with the `gap` to the one before [us], and who is who."""
    numbers, key = numbered(rows, keys)
    ordered = numbers.select("_number", "at").sort("_number", "at")
    return ordered.with_columns(nw.when(~starts_new()).then(gap_us(nw.col("at"))).alias("gap")), key


def ends(first: str, last: str) -> tuple[nw.Expr, nw.Expr]:
    """The first and the last time of a group."""
    return nw.col("at").min().alias(first), nw.col("at").max().alias(last)


def lasts(start: str, end: str) -> nw.Expr:
    """Seconds from one time to another. A difference of instants would lose a microsecond in pandas: 1.344 s became 1.343999 s."""
    return (nw.col(end).dt.timestamp("us") - nw.col(start).dt.timestamp("us")) / 1e6
