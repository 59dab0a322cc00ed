"""Charts: a table, a frame or a helper's input goes in, matplotlib `Axes` come out.

Labels and units come from the schema, colours stay the same from chart to chart and are told apart with colour blindness.
"""

from __future__ import annotations

from sessionframe.plot._cache import cache_gaps, cache_hits, cache_savings
from sessionframe.plot._calendar import blocks, coverage, cumulative, week
from sessionframe.plot._groups import before_after, comparison, subagent_tokens
from sessionframe.plot._habits import errors_by_position, tool_mix, tool_ratios
from sessionframe.plot._rank import cost_change, cost_ranking, pareto
from sessionframe.plot._results import rereads, result_sizes
from sessionframe.plot._sessions import prompt_costs, session_costs, session_counts, session_lengths
from sessionframe.plot._threads import context_growth, subagent_cost
from sessionframe.plot._time import cache_writes, cost, tokens
from sessionframe.plot._timeline import timeline
from sessionframe.plot._tools import error_rates, tool_latency, tool_time, tools

__all__ = [
    "before_after",
    "blocks",
    "cache_gaps",
    "cache_hits",
    "cache_savings",
    "cache_writes",
    "comparison",
    "context_growth",
    "cost",
    "cost_change",
    "cost_ranking",
    "coverage",
    "cumulative",
    "error_rates",
    "errors_by_position",
    "pareto",
    "prompt_costs",
    "rereads",
    "result_sizes",
    "session_costs",
    "session_counts",
    "session_lengths",
    "subagent_cost",
    "subagent_tokens",
    "timeline",
    "tokens",
    "tool_latency",
    "tool_mix",
    "tool_ratios",
    "tool_time",
    "tools",
    "week",
]
