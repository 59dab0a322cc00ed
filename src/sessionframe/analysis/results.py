"""`tool_calls` and `usage` go in, how large results are and what carrying them along costs comes out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import By, Frame, closed, helper, names_of, opened
from sessionframe.analysis._groups import grouped, ordered, sums, unknown_as_null
from sessionframe.analysis._order import numbered, starts_new
from sessionframe.analysis._prices import PRICED, Prices, price_list, with_parts
from sessionframe.analysis._rates import share
from sessionframe.analysis._threads import THREAD, context_tokens
from sessionframe.errors import OptionError

CHARS_PER_TOKEN = 4.0
"""Characters of text per token: what vendors tell their users for English text and code. Other languages have fewer."""

PROMPT_USD = ("input_usd", "cache_read_usd", "cache_write_5m_usd", "cache_write_1h_usd")
LATER = ("_requests", "_price", "_unpriced")
SUMMED = ("output_chars", "est_tokens", "carried_tokens", "carry_cost_usd")
ORDER = (
    *("calls", "results", "output_chars", "share", "median_chars", "p90_chars", "max_chars"),
    *("est_tokens", "carried_tokens", "carry_cost_usd", "uncosted_results"),
)


@helper
def result_sizes(
    frame: Any,
    usage: Any = None,
    *,
    by: By = ("tool",),
    every: str | None = None,
    tz: str = "local",
    chars_per_token: float = CHARS_PER_TOKEN,
    prices: Prices = None,
) -> Any:
    """Measure how much text tools put into the context, and estimate what it costs to carry that text along.

    A result stays in the context and is sent again with every later request of its thread, until the history is replaced by a summary.
    What that costs is estimated in two steps, and null where a step has no basis:

    1. The length in tokens is the length in characters divided by `chars_per_token`, a rule of thumb.
    2. Each later request of the thread charges for the result what it charged per token of its whole prompt, on average over cached
       and uncached input at the list prices of its day. The cost of a prompt is so divided among all that it holds.

    Parameters
    ----------
    frame
        The table `tool_calls`, or a frame of it in any engine that narwhals knows. A lazy frame is collected.
    usage
        The table `usage`, of the same engine. Without it, nothing is said about carrying.
    by
        Columns to group by, e.g. ``"category"`` or ``["tool", "model"]``.
    every, tz
        Step of time in which the call was made and the time zone in which days begin, as for `tokens_by`.
    chars_per_token
        How many characters one token stands for.
    prices
        Own prices, a file or a `PriceList`: those that the costs in `usage` come from. A table brings its own.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per step and group, sorted by `start` and the columns of `by` in ascending order, null last.

        ``start`` (only with `every`), the columns of `by`.
        ``calls``: all calls. ``results``: calls whose result has a known length.
        ``output_chars`` [characters]: sum; ``share`` of all characters of the step (of all without `every`).
        ``median_chars``, ``p90_chars``, ``max_chars`` [characters]: of one result.
        ``est_tokens`` [tokens]: estimate of the first step.
        ``carried_tokens`` [tokens]: estimate, once for each later request that sent the result again; null without `usage`.
        ``carry_cost_usd`` [USD]: estimate of the second step over the results for which it is known, part of the costs in `usage` and
        never to be added to them.
        ``uncosted_results``: results that are missing in it: a later request has no known price, or the result has no time.

    Raises
    ------
    ColumnError
        A frame lacks a needed column.
    OptionError
        `every` is no step of time, `tz` no time zone, or `chars_per_token` not positive, or the costs in `usage` come from other prices.

    Notes
    -----
    Where an agent cuts old results without leaving a request of kind ``compaction``, fewer are carried than is assumed here.

    Examples
    --------
    >>> import sessionframe as sf
    >>> logs = sf.scan("claude-code", home=sf.testing.demo_home())
    >>> sizes = sf.result_sizes(logs.tool_calls.to_frame("polars"), logs.usage.to_frame("polars"))
    >>> sizes.sort("output_chars", descending=True, nulls_last=True).select("tool", "results", "output_chars", "est_tokens").row(0)
    ('Read', 175, 35673, 8918.25)
    """
    if not chars_per_token > 0:
        raise OptionError(f"chars_per_token={chars_per_token!r} is no number of characters. Give a positive one.")
    keys = names_of(by)
    calls = opened(frame, [*keys, *THREAD, "at", "ended_at", "output_chars"], needed_by="result_sizes")
    sized = calls.with_row_index("_row").with_columns(
        nw.col("_row").cast(nw.Int64), (nw.col("output_chars") / chars_per_token).alias("est_tokens")
    )
    rows = with_carrying(sized, usage, prices)
    chars = nw.col("output_chars")
    aggregates = [
        nw.len().alias("calls"),
        chars.count().alias("results"),
        chars.median().alias("median_chars"),
        chars.quantile(0.9, interpolation="linear").alias("p90_chars"),
        chars.max().alias("max_chars"),
        nw.col("uncosted_results").sum(),
        *sums(SUMMED),
    ]
    found = unknown_as_null(grouped(rows, aggregates, by=keys, at="at", every=every, tz=tz), SUMMED)
    whole = chars.sum().over("start") if every else chars.sum()
    shared = found.with_columns(whole.alias("_whole")).with_columns(share("output_chars", nw.col("_whole")).alias("share"))
    if usage is None:
        shared = shared.with_columns(nw.when(nw.col("calls") < 0).then(nw.col("uncosted_results")).alias("uncosted_results"))
    return closed(ordered(shared, keys, every, ORDER), ["calls", "results", "output_chars", "max_chars", "uncosted_results"])


def with_carrying(calls: Frame, usage: Any, prices: Prices) -> Frame:
    """Add what each result costs to carry: `carried_tokens`, `carry_cost_usd`, and `uncosted_results` where that is not known."""
    if usage is None:
        nothing = nw.when(nw.col("est_tokens") < 0).then(0.0)
        return calls.with_columns(carried_tokens=nothing, carry_cost_usd=nothing, uncosted_results=nw.lit(0, nw.Int64))
    found = later_requests(calls, prompt_prices(usage, prices))
    rows = calls.join(found, on="_row", how="left")
    tokens, costed = nw.col("est_tokens"), nw.col("_unpriced") == 0
    cost = nw.when(costed).then(tokens * nw.col("_price"))
    known = rows.with_columns(carried_tokens=tokens * nw.col("_requests"), carry_cost_usd=cost)
    return known.with_columns((~tokens.is_null() & nw.col("carry_cost_usd").is_null()).cast(nw.Int64).alias("uncosted_results"))


def prompt_prices(usage: Any, prices: Prices) -> Frame:
    """Per request: its thread, its time, whether it ends a history (`_ends`), and what a token of its prompt cost on average [USD].

    A thread that only makes a summary, in a file of its own, ends the history of its conversation.
    """
    needed = [*THREAD, "root_session_id", "kind", "cost_usd", *PRICED]
    rows = with_parts(opened(usage, needed, needed_by="result_sizes"), price_list(usage, prices))
    dollars: Any = nw.sum_horizontal(*PROMPT_USD)
    told = ~nw.col("input_usd").is_null() & (nw.col("_prompt") > 0)  # the parts are null together
    price = nw.when(told).then(dollars / nw.col("_prompt")).alias("_price")
    priced = rows.with_columns(context_tokens().alias("_prompt")).with_columns(price)
    placed, _ = numbered(priced, THREAD, "_thread")
    ends = (nw.col("kind") == "compaction").cast(nw.Int64)
    marked = placed.with_columns(ends.alias("_ends")).with_columns(nw.col("_ends").min().over("_thread").alias("_only"))
    thread = nw.when(nw.col("_only") == 1).then(nw.col("root_session_id")).otherwise(nw.col("session_id")).alias("session_id")
    return marked.select("agent", "host", thread, "at", "_ends", "_price")


def later_requests(calls: Frame, requests: Frame) -> Frame:
    """Per call (`_row`): how many requests sent its result (`_requests`), their prices per token added up, and those without one."""
    asked = requests.select(
        *THREAD, "at", nw.lit(1, nw.Int64).alias("_requests"), "_ends", nw.col("_price").fill_null(0.0), nw.lit(-1, nw.Int64).alias("_row")
    )
    unpriced = requests.select(nw.col("_price").is_null().cast(nw.Int64).alias("_unpriced"))["_unpriced"]
    done = calls.select(
        *THREAD,
        nw.coalesce("ended_at", "at").alias("at"),
        *(nw.lit(0, nw.Int64).alias(name) for name in ("_requests", "_ends")),
        nw.lit(0.0).alias("_price"),
        nw.col("_row").cast(nw.Int64),
        nw.lit(0, nw.Int64).alias("_unpriced"),
    )
    events, _ = numbered(nw.concat([asked.with_columns(unpriced), done]).filter(~nw.col("at").is_null()), THREAD)
    in_line = events.sort("_number", "at", "_requests", "_ends", "_row")
    begins = starts_new() | (nw.col("_ends").shift(1) == 1).fill_null(value=False)
    histories = in_line.with_columns(begins.cast(nw.Int64).cum_sum().alias("_history"))
    # what is still to come of a history is all of it without what has been
    whole = {f"{name}_in_all": nw.col(name).sum().over("_history") for name in LATER}
    so_far = {f"{name}_so_far": nw.col(name).cum_sum().over("_history") for name in LATER}
    rest = [(nw.col(f"{name}_in_all") - nw.col(f"{name}_so_far")).clip(lower_bound=0).alias(name) for name in LATER]
    return histories.with_columns(**whole, **so_far).filter(nw.col("_row") >= 0).select("_row", *rest)
