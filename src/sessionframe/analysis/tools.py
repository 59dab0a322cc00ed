"""A `tool_calls` frame goes in, how often tools were called, failed and how long they took per group comes out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._calls import COUNTED, MEASURES, NEEDED, counted, marked
from sessionframe.analysis._doors import By, closed, helper, names_of, opened
from sessionframe.analysis._groups import ordered
from sessionframe.analysis._order import CONVERSATION, numbered


@helper
def tools_by(frame: Any, *, by: By = ("tool",), every: str | None = None, tz: str = "local") -> Any:
    """Count tool calls, their failures and their durations per group and step of time.

    Parameters
    ----------
    frame
        The table `tool_calls`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    by
        Columns to group by, e.g. ``"category"`` or ``["tool", "model"]``.
    every, tz
        Step of time in which the call was made and the time zone in which days begin, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group, sorted by `start` and the columns of `by` in ascending order, null last.

        ``start`` (only with `every`): when the step starts, in `tz`; null for calls without a time.
        The columns of `by`.
        ``calls``: all calls.
        ``share``: calls as a share of all calls of the step; of all calls without `every`.
        ``errors``, ``denied``, ``interrupted``, ``pending``: calls that ended so; the rest went well.
        ``retries``: failures after which the thread called the same tool with the same target (path, or else first word of the command)
        next. Another call in between, even one made at the same time, makes it none.
        ``error_rate``: errors as a share of the calls that ran to an end, well or not; null when none did.
        ``denial_rate``: denials as a share of the calls that have a result.
        ``retry_rate``: retries as a share of the failures whose target is known.
        ``error_rate_low``, ``error_rate_high`` and so on: 95 % Wilson score interval. It takes calls for independent; those of one
        session are not quite, so the truth is somewhat wider.
        ``median_duration_s``, ``p90_duration_s``, ``p99_duration_s``, ``total_duration_s`` [s]: of the calls whose duration is known,
        null when none is. Durations taken from timestamps include the wait for a permission, see the column `duration_from`; calls
        that run side by side all count in the total.
        ``output_chars`` [characters]: sum over the results whose length is known.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        `every` is no step of time, or `tz` no time zone.

    Examples
    --------
    >>> from sessionframe.analysis import tools_by
    >>> from sessionframe.frames.build import frame
    >>> from sessionframe.schema import SCHEMA, ToolCallRow
    >>> def call(status, seconds):
    ...     return ToolCallRow(session_id="s", root_session_id="s", source="s.jsonl", tool="Bash", status=status, duration_s=seconds)
    >>> calls = frame(SCHEMA["tool_calls"], [call("ok", 1.0), call("ok", 2.0), call("ok", 3.0), call("error", 4.0), call("denied", None)])
    >>> tools_by(calls).select("tool", "calls", "errors", "denied", "error_rate", "median_duration_s").rows()
    [('Bash', 5, 1, 1, 0.25, 2.5)]
    """
    keys = names_of(by)
    calls = marked(opened(frame, [*keys, *NEEDED], needed_by="tools_by"))
    found = counted(calls, by=keys, every=every, tz=tz)
    return closed(ordered(found, keys, every, MEASURES), COUNTED)


@helper
def commands_by(frame: Any, *, by: By = ("command",), every: str | None = None, tz: str = "local") -> Any:
    """Count shell commands by their first word, with failures and exit codes.

    Parameters
    ----------
    frame
        The table `tool_calls`, or a frame of it in any engine that narwhals knows. A lazy frame is collected. Calls of other categories
        than ``run`` are left out.
    by
        Columns to group by. ``["command", "exit_code"]`` gives the whole distribution of exit codes.
    every, tz
        Step of time in which the command was run and the time zone in which days begin, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group, sorted by `start` and the columns of `by` in ascending order, null last. The columns of `tools_by`,
        in which a retry is the same program called again, and

        ``exit_codes``: commands whose exit code is known. Some agents, Claude Code among them, state it only on failure.
        ``failed_exits``: commands with an exit code other than 0.

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
    >>> commands = sf.commands_by(logs.tool_calls.to_frame("polars"))
    >>> commands.sort("calls", descending=True).select("command", "calls", "errors", "failed_exits").head(2).rows()
    [('git', 44, 6, 6), ('npm', 23, 1, 1)]
    """
    keys = names_of(by)
    rows = opened(frame, [*keys, *NEEDED, "category", "exit_code"], needed_by="commands_by")
    failed = ((nw.col("exit_code") != 0) & ~nw.col("exit_code").is_null()).fill_null(value=False).cast(nw.Int64)
    # retries are marked while all calls are there: what was called in between may be no command
    known = (~nw.col("exit_code").is_null()).cast(nw.Int64)
    calls = marked(rows).with_columns(failed.alias("failed_exits"), known.alias("exit_codes")).filter(nw.col("category") == "run")
    found = counted(calls, nw.col("exit_codes").sum(), nw.col("failed_exits").sum(), by=keys, every=every, tz=tz)
    more = ["exit_codes", "failed_exits"]
    return closed(ordered(found, keys, every, [*MEASURES, *more]), [*COUNTED, *more])


@helper
def mcp_servers_by(frame: Any, *, by: By = ("mcp_server",), every: str | None = None, tz: str = "local") -> Any:
    """Count calls of the tools of MCP servers.

    Parameters
    ----------
    frame
        The table `tool_calls`, or a frame of it in any engine that narwhals knows. A lazy frame is collected. Calls of built-in tools
        are left out. A server that is configured and never called is in no log.
    by
        Columns to group by, e.g. ``["mcp_server", "tool"]``.
    every, tz
        Step of time in which the call was made and the time zone in which days begin, as for `tokens_by`.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group, sorted by `start` and the columns of `by` in ascending order, null last. The columns of `tools_by`,
        and

        ``tools``: different tools that were called.
        ``sessions``: different conversations in which they were.

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
    >>> sf.mcp_servers_by(logs.tool_calls.to_frame("polars")).select("mcp_server", "tools", "sessions", "calls").rows()
    [('github', 2, 6, 6), ('tracker', 1, 1, 1)]
    """
    keys = names_of(by)
    rows = opened(frame, [*keys, *NEEDED, *CONVERSATION, "mcp_server"], needed_by="mcp_servers_by")
    calls, _ = numbered(marked(rows).filter(~nw.col("mcp_server").is_null()), CONVERSATION, "_conversation")
    distinct = [nw.col("_tool").n_unique().alias("tools"), nw.col("_conversation").n_unique().alias("sessions")]
    # a copy, because `tool` may be what is grouped by
    found = counted(calls.with_columns(nw.col("tool").alias("_tool")), *distinct, by=keys, every=every, tz=tz)
    more = ["tools", "sessions"]
    return closed(ordered(found, keys, every, [*more, *MEASURES]), [*COUNTED, *more])
