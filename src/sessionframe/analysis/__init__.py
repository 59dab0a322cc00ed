"""Frames of the five tables go in, frames of the same engine with one row per group come out."""

from sessionframe.analysis.cache import cache_by, cache_by_gap, cache_gaps
from sessionframe.analysis.comparison import compare_periods
from sessionframe.analysis.context import context_growth, context_growth_by
from sessionframe.analysis.cost import cost_by, reprice
from sessionframe.analysis.pace import cumulative
from sessionframe.analysis.quality import coverage, finality_by, unpriced
from sessionframe.analysis.reconciliation import reconcile, recorded_costs
from sessionframe.analysis.sessions import sessions_by
from sessionframe.analysis.share import concentration, shares
from sessionframe.analysis.tokens import tokens_by
from sessionframe.analysis.tools import tools_by
from sessionframe.analysis.week import activity
from sessionframe.analysis.window import blocks

__all__ = [
    "activity",
    "blocks",
    "cache_by",
    "cache_by_gap",
    "cache_gaps",
    "compare_periods",
    "concentration",
    "context_growth",
    "context_growth_by",
    "cost_by",
    "coverage",
    "cumulative",
    "finality_by",
    "reconcile",
    "recorded_costs",
    "reprice",
    "sessions_by",
    "shares",
    "tokens_by",
    "tools_by",
    "unpriced",
]
