"""`messages` and `tool_calls` go in, who the time of conversations went to comes out: the human, the model, the tools."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import Frame, closed, helper, opened
from sessionframe.analysis._durations import Duration, seconds_of
from sessionframe.analysis._groups import aggregated
from sessionframe.analysis._order import CONVERSATION, UNKNOWN, named, numbered, starts_new
from sessionframe.frames.activity import ACTIVE_GAP_S, gap_us

PARTS = ("human", "model", "tool", "other", "away")
HUMAN, MODEL, TOOL = 1, 2, 3


@helper
def time_split(frame: Any, tool_calls: Any, *, gap_cap: Duration = ACTIVE_GAP_S) -> Any:
    """Divide the time of conversations between the human, the model and the tools.

    The rule: the records of a conversation, sub-agents' included, are put in the order of time, and the time between two of them
    belongs to whoever wrote the second, because that is what was waited for.

    - Before a prompt the human read, thought and typed.
    - Before a part of an answer the model worked.
    - Before a tool result the tool ran. Where the tool reported how long it ran, the rest was the wait for a permission and belongs to
      the human; where the call was denied, all of it does. Without a reported duration the wait cannot be told from the run.
    - Before a record of the agent program, e.g. a reminder or the prompt of a sub-agent, the time belongs to whoever speaks next, and to
      ``other`` if nobody does.
    - Of each of these, what goes beyond `gap_cap` is time away: nobody tells whether the human, the network or a closed lid was waited
      for. Only a duration that a tool reported counts in full.

    Parameters
    ----------
    frame
        The table `messages`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    tool_calls
        The table `tool_calls`, of the same engine.
    gap_cap
        The most that a gap between two records counts: ``"10m"``, a `timedelta` or seconds. 5 minutes by default.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per conversation that has a record with a time, sorted by `agent`, `host` and `session_id`.

        ``agent``, ``host``, ``session_id``: the conversation.
        ``human_s``, ``model_s``, ``tool_s``, ``other_s``, ``away_s`` [s]: as above. They add up to ``wall_s``.
        ``wall_s`` [s]: from the first to the last record.

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
    >>> split = sf.time_split(logs.messages.to_frame("polars"), logs.tool_calls.to_frame("polars"))
    >>> {name: round(split[name].sum() / 60) for name in ("human_s", "model_s", "tool_s", "away_s")}
    {'human_s': 240, 'model_s': 100, 'tool_s': 50, 'away_s': 1140}
    """
    cap = round(seconds_of(gap_cap, "gap_cap") * 1e6)
    rows, key = numbered(with_actors(frame, tool_calls), CONVERSATION)
    ordered = rows.sort("_number", "at", "_actor", "_row", nulls_last=True)
    gap = nw.when(~starts_new()).then(gap_us(nw.col("at"))).otherwise(0).alias("gap")
    # whoever speaks next: the numbers of actors are filled upwards inside a conversation
    actor = nw.col("_actor").fill_null(strategy="backward").over("_number")
    each = divided(ordered.with_columns(gap, actor.fill_null(0).alias("_actor")), cap)
    found = aggregated(each, ["_number"], [*(nw.col(part).sum() for part in PARTS), nw.col("gap").sum()])
    seconds = [(nw.col(part) / 1e6).alias(f"{part}_s") for part in PARTS]
    result = named(found, key, session_id="root_session_id")
    return closed(result.select("agent", "host", "session_id", *seconds, (nw.col("gap") / 1e6).alias("wall_s")))


def with_actors(messages: Any, tool_calls: Any) -> Frame:
    """The records that have a time: who spoke (`_actor`, null for the program), and how long the tool ran [us] if that is known.

    A denied call is the human's time, and so is none of the tool's: its `ran` is 0.
    """
    needed = [*CONVERSATION, "at", "role", "is_human", "call_id"]
    said = opened(messages, needed, needed_by="time_split").with_row_index("_row").filter(~nw.col("at").is_null())
    calls = opened(
        tool_calls, ["agent", "host", "root_session_id", "call_id", "status", "duration_s", "duration_from"], needed_by="time_split"
    )
    denied = nw.col("status") == "denied"
    reported = nw.col("duration_from") == "reported"
    ran = nw.when(denied).then(0.0).otherwise(nw.when(reported).then(nw.col("duration_s") * 1e6))
    known = calls.select(call_key(), ran.alias("ran")).drop_nulls().unique("_call", keep="any")
    is_result = nw.col("role") == "tool"
    spoken = nw.when(is_result).then(TOOL).otherwise(nw.when(nw.col("role") == "assistant").then(MODEL))
    actor = nw.when(nw.col("is_human")).then(HUMAN).otherwise(spoken).alias("_actor")
    answers = nw.when(is_result).then(call_key()).alias("_call")
    return said.select(*CONVERSATION, "_row", "at", actor, answers).join(known, on="_call", how="left").drop("_call")


def call_key() -> nw.Expr:
    """What tells calls apart, as one text; null without an id."""
    place = [nw.col(name).fill_null(UNKNOWN) for name in CONVERSATION]
    return nw.concat_str([*place, nw.col("call_id")], separator=UNKNOWN).alias("_call")


def divided(rows: Frame, cap: int) -> Frame:
    """Give each gap [us] to its part, and what goes beyond the cap to `away`."""
    gap, actor = nw.col("gap"), nw.col("_actor")
    ran = nw.when((actor == TOOL) & ~nw.col("ran").is_null()).then(nw.min_horizontal("gap", "ran"))
    whole = rows.with_columns(ran.alias("ran"))
    rest = whole.with_columns((gap - nw.col("ran").fill_null(0)).alias("rest"), nw.col("ran").is_null().alias("untold"))
    capped = nw.min_horizontal(nw.col("rest"), nw.lit(cap))
    human = (actor == HUMAN) | ((actor == TOOL) & ~nw.col("untold"))
    mine = {"human": human, "model": actor == MODEL, "tool": (actor == TOOL) & nw.col("untold"), "other": actor == 0}
    parts = {name: nw.when(which).then(capped).otherwise(0) for name, which in mine.items()}
    parts["tool"] += nw.col("ran").fill_null(0)
    return rest.with_columns(**parts, away=nw.col("rest") - capped)
