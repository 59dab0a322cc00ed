"""Charts: a table, a frame or a helper's input goes in, matplotlib `Axes` come out.

Labels and units come from the schema, colours stay the same from chart to chart and are told apart with colour blindness.
"""

from __future__ import annotations

from sessionframe.plot._cache import cache_gaps, cache_hits, cache_savings
from sessionframe.plot._calendar import blocks, coverage, cumulative, week
from sessionframe.plot._rank import cost_change, cost_ranking, pareto
from sessionframe.plot._shape import session_lengths, tools
from sessionframe.plot._threads import context_growth, subagent_cost
from sessionframe.plot._time import cache_writes, cost, tokens

__all__ = [
    "blocks",
    "cache_gaps",
    "cache_hits",
    "cache_savings",
    "cache_writes",
    "context_growth",
    "cost",
    "cost_change",
    "cost_ranking",
    "coverage",
    "cumulative",
    "pareto",
    "session_lengths",
    "subagent_cost",
    "tokens",
    "tools",
    "week",
]
