"""Frames of the five tables go in, frames of the same engine with one row per group come out.

A helper loads when it is used: whoever asks for tokens does not wait for all the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessionframe.analysis.cache import cache_by, cache_by_gap, cache_gaps
    from sessionframe.analysis.comparison import compare_periods
    from sessionframe.analysis.context import context_growth, context_growth_by
    from sessionframe.analysis.cost import cost_by, reprice
    from sessionframe.analysis.differences import before_after, compare, effect_sizes
    from sessionframe.analysis.files import files_by
    from sessionframe.analysis.intervals import active_intervals, session_lengths
    from sessionframe.analysis.origins import provenance
    from sessionframe.analysis.overlaps import concurrency
    from sessionframe.analysis.pace import cumulative
    from sessionframe.analysis.privacy import anonymise
    from sessionframe.analysis.quality import coverage, finality_by, unpriced
    from sessionframe.analysis.ratios import tool_ratios
    from sessionframe.analysis.reconciliation import reconcile, recorded_costs
    from sessionframe.analysis.redaction import find_secrets, redact
    from sessionframe.analysis.results import result_sizes
    from sessionframe.analysis.sequences import errors_by_position, transitions
    from sessionframe.analysis.sessions import per_session, sessions_by
    from sessionframe.analysis.share import concentration, shares
    from sessionframe.analysis.tokens import tokens_by
    from sessionframe.analysis.tools import commands_by, mcp_servers_by, tools_by
    from sessionframe.analysis.turns import prompts
    from sessionframe.analysis.verification import verify
    from sessionframe.analysis.waits import time_split
    from sessionframe.analysis.week import activity
    from sessionframe.analysis.window import blocks

__all__ = [
    "active_intervals",
    "activity",
    "anonymise",
    "before_after",
    "blocks",
    "cache_by",
    "cache_by_gap",
    "cache_gaps",
    "commands_by",
    "compare",
    "compare_periods",
    "concentration",
    "concurrency",
    "context_growth",
    "context_growth_by",
    "cost_by",
    "coverage",
    "cumulative",
    "effect_sizes",
    "errors_by_position",
    "files_by",
    "finality_by",
    "find_secrets",
    "mcp_servers_by",
    "per_session",
    "prompts",
    "provenance",
    "reconcile",
    "recorded_costs",
    "redact",
    "reprice",
    "result_sizes",
    "session_lengths",
    "sessions_by",
    "shares",
    "time_split",
    "tokens_by",
    "tool_ratios",
    "tools_by",
    "transitions",
    "unpriced",
    "verify",
]


if not TYPE_CHECKING:  # or every misspelt name would pass

    def __getattr__(name: str) -> Any:
        """A helper on first use."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from sessionframe import PLACES

        value = globals()[name] = getattr(import_module(PLACES[name]), name)
        return value


def __dir__() -> list[str]:
    """The helpers."""
    return sorted(__all__)
