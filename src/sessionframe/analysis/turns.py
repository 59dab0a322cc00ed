"""`messages`, `usage` and `tool_calls` go in, one row per human prompt with everything that it caused comes out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import Frame, closed, helper, opened
from sessionframe.analysis._groups import aggregated, known, sums, unknown_as_null, with_total_tokens
from sessionframe.analysis._order import CONVERSATION, named, numbered, starts_new
from sessionframe.analysis._threads import THREAD
from sessionframe.analysis.intervals import lasts
from sessionframe.schema import TOKEN_COLUMNS

CONTEXT = ("project", "repo_root", "git_branch")
SPENT = (*TOKEN_COLUMNS, "web_searches", "cost_usd")
CALLED = ("tool_calls", "tool_errors", "denied")
COUNTS = ("requests", "unpriced_requests", *CALLED, "subagents")
KEYS = ("agent", "host", "session_id", "root_session_id")

UNTIMED, TIMED, UNTIMED_PROMPT = range(3)
"""What has no time belongs to no prompt, and a prompt without a time has caused nothing that is known."""
PROMPT, REQUEST, CALL = range(3)
"""What an event is; at the same instant the prompt comes first."""


@helper
def prompts(frame: Any, usage: Any, tool_calls: Any) -> Any:
    """Put together what each human prompt caused: requests, tokens, cost, tool calls and time, until the next prompt.

    Everything in a conversation, sub-agents' work included, belongs to the last prompt before it. A prompt that was typed while the
    agent worked takes over from the moment at which the log has it.

    Parameters
    ----------
    frame
        The table `messages`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    usage, tool_calls
        These tables, of the same engine.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per prompt, and one per conversation with requests or calls before its first prompt or without a time, so that sums over
        all rows are those of `usage` and `tool_calls`. Sorted by `agent`, `host`, `session_id` and `prompt`, null last.

        ``agent``, ``host``, ``session_id``: the conversation.
        ``prompt``: number in the conversation, counted from 1. Null in the row of what no prompt caused.
        ``message_id``, ``at``, ``project``, ``repo_root``, ``git_branch``: of the prompt, null without one.
        ``prompt_chars`` [characters]: length of its text.
        ``seconds`` [s]: from the prompt to the last response or tool result that it caused; null if it caused none.
        ``requests``, ``tool_calls``, ``tool_errors``, ``denied``: counts; 0 if it caused none.
        ``subagents``: sub-agent threads in which something happened.
        The token columns, ``total_tokens``, ``web_searches``: sums of what is known, null where nothing is.
        ``cost_usd`` [USD]: sum of the known costs, an API-equivalent estimate; null when none is known.
        ``unpriced_requests``: requests whose cost is not known.

    Raises
    ------
    ColumnError
        A frame lacks a needed column.

    Examples
    --------
    >>> import sessionframe as sf
    >>> logs = sf.scan("claude-code", home=sf.testing.demo_home())
    >>> turns = sf.prompts(*(table.to_frame("polars") for table in (logs.messages, logs.usage, logs.tool_calls)))
    >>> turns.select("requests", "tool_calls", "cost_usd").median().row(0)
    (4.0, 3.0, 0.08046895)
    """
    messages = opened(frame, [*KEYS, *CONTEXT, "at", "is_human", "message_id", "line", "content_chars"], needed_by="prompts")
    asked = with_rows(opened(usage, [*KEYS, "at", *SPENT], needed_by="prompts"))
    called = with_rows(opened(tool_calls, [*KEYS, "at", "ended_at", "status"], needed_by="prompts"))
    given = with_rows(given_prompts(messages))
    turns, key = in_turns(nw.concat([events(given, PROMPT), events(asked, REQUEST), events(called, CALL)]))
    asked, called = of_turns(asked, turns, REQUEST), of_turns(called, turns, CALL)
    found = begun(turns, given)
    for part in (spent(asked), done(called), lasted(turns), helped(asked, called)):
        found = found.join(part, on="_turn", how="left")
    counted = found.with_columns(*(nw.col(name).fill_null(0) for name in COUNTS))
    return finished(counted, key)


def with_rows(frame: Frame) -> Frame:
    """Number the rows of a table."""
    return frame.with_row_index("_row").with_columns(nw.col("_row").cast(nw.Int64))


def given_prompts(messages: Frame) -> Frame:
    """One row per prompt; the parts of one message are one prompt, a message without an id is known by its line."""
    said = messages.filter(nw.col("is_human"))
    unnamed = nw.col("message_id").is_null()
    parts = said.with_columns(nw.when(unnamed).then(nw.col("line")).cast(nw.String).alias("_line"))
    rows, _ = numbered(parts, [*THREAD, "message_id", "_line"], "_message")
    chars = unknown_as_null(aggregated(rows, ["_message"], sums(["content_chars"])), ["content_chars"])
    first = rows.with_row_index("_part").sort("_message", "_part").unique("_message", keep="first", maintain_order=True)
    return first.drop("content_chars", "_part").join(chars, on="_message", how="left")


def events(rows: Frame, kind: int) -> Frame:
    """What happened when in which conversation: `_kind`, `_row` of its table, `at`."""
    late = nw.lit(UNTIMED_PROMPT if kind == PROMPT else UNTIMED, nw.Int64)
    order = nw.when(nw.col("at").is_null()).then(late).otherwise(nw.lit(TIMED, nw.Int64)).alias("_order")
    return rows.select(*CONVERSATION, "at", nw.lit(kind, nw.Int64).alias("_kind"), "_row", order)


def in_turns(everything: Frame) -> tuple[Frame, Frame]:
    """Number the turns of all conversations by `_turn`: each begins with a prompt or with a conversation."""
    rows, key = numbered(everything, CONVERSATION)
    ordered = rows.select("_number", "_order", "at", "_kind", "_row").sort("_number", "_order", "at", "_kind", "_row")
    begins = starts_new() | (nw.col("_kind") == PROMPT)
    return ordered.with_columns(begins.alias("_begins"), begins.cast(nw.Int64).cum_sum().alias("_turn")), key


def begun(turns: Frame, given: Frame) -> Frame:
    """One row per turn with its prompt, or without one."""
    is_prompt = (nw.col("_kind") == PROMPT).cast(nw.Int64)
    heads = turns.filter(nw.col("_begins")).with_columns(is_prompt.alias("_prompt"))
    places = heads.with_columns(nw.col("_prompt").cum_sum().over("_number").alias("prompt"))
    numbers = places.with_columns(nw.when(nw.col("_prompt") == 1).then(nw.col(name)).alias(name) for name in ("prompt", "_row"))
    told = given.select("_row", "message_id", *CONTEXT, "at", nw.col("content_chars").alias("prompt_chars"))
    # -1 is no row, because engines differ in what they join null with
    return numbers.select("_number", "_turn", "prompt", nw.col("_row").fill_null(-1)).join(told, on="_row", how="left").drop("_row")


def of_turns(rows: Frame, turns: Frame, kind: int) -> Frame:
    """The rows of a table with the turn that each belongs to."""
    # every row is there once, so putting them in order does what a join would do in three times the time
    return rows.with_columns(turns.filter(nw.col("_kind") == kind).select("_row", "_turn").sort("_row")["_turn"])


def spent(asked: Frame) -> Frame:
    """Requests, tokens and cost of each turn."""
    found = aggregated(asked, ["_turn"], [nw.len().alias("requests"), *sums(SPENT)])
    unpriced = (nw.col("requests") - nw.col(known("cost_usd"))).alias("unpriced_requests")
    return with_total_tokens(unknown_as_null(found.with_columns(unpriced), SPENT))


def done(called: Frame) -> Frame:
    """Tool calls of each turn, and how many failed or were denied."""
    marks = {"tool_errors": "error", "denied": "denied"}
    marked = called.with_columns(**{name: (nw.col("status") == status).cast(nw.Int64) for name, status in marks.items()})
    sums_of_marks = [nw.col(name).sum() for name in marks]
    last = nw.col("ended_at").max().alias("_ended")
    return aggregated(marked, ["_turn"], [nw.len().alias("tool_calls"), last, *sums_of_marks])


def lasted(turns: Frame) -> Frame:
    """When each turn had its last response or tool call: `_last`."""
    caused = turns.filter(nw.col("_kind") != PROMPT, ~nw.col("at").is_null())
    return aggregated(caused.select("_turn", "at"), ["_turn"], [nw.col("at").max().alias("_last")])


def helped(*tables: Frame) -> Frame:
    """How many sub-agent threads did something in each turn."""
    is_helper = nw.col("session_id") != nw.col("root_session_id")
    threads = nw.concat([rows.filter(is_helper).select("_turn", "session_id") for rows in tables])
    return aggregated(threads.unique(["_turn", "session_id"], keep="any"), ["_turn"], [nw.len().alias("subagents")])


def finished(counted: Frame, key: Frame) -> Any:
    """The columns in their order; a turn without a prompt is only there if something is counted in it."""
    timed = counted.with_columns(nw.max_horizontal("_last", "_ended").alias("_until")).with_columns(lasts("at", "_until").alias("seconds"))
    is_something = (~nw.col("prompt").is_null()) | (nw.col("requests") + nw.col("tool_calls") > 0)
    rows = named(timed.filter(is_something), key, session_id="root_session_id")
    ordered = rows.sort("_number", "prompt", nulls_last=True)
    place = ["agent", "host", "session_id", "prompt", "message_id", "at", *CONTEXT, "prompt_chars", "seconds"]
    measures = ["requests", *CALLED, "subagents", *TOKEN_COLUMNS, "total_tokens", "web_searches", "cost_usd", "unpriced_requests"]
    integers = ["prompt", "prompt_chars", *COUNTS, *TOKEN_COLUMNS, "total_tokens", "web_searches"]
    return closed(ordered.select([*place, *measures]), integers)
