"""Session logs of AI coding agents as pandas and polars DataFrames, with numbers that are right.

>>> import sessionframe as sf
>>> logs = sf.scan()                      # the agents' logs on this machine; lists files, reads nothing yet
>>> logs.usage.to_frame()                 # doctest: +SKIP
>>> sf.schema("usage")                    # doctest: +SKIP

Names load on first use: importing the package loads no library but Python's own.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessionframe import analysis, plot, testing
    from sessionframe.analysis import (
        active_intervals,
        activity,
        anonymise,
        before_after,
        blocks,
        cache_by,
        cache_by_gap,
        cache_gaps,
        commands_by,
        compare,
        compare_periods,
        concentration,
        concurrency,
        context_growth,
        context_growth_by,
        cost_by,
        coverage,
        cumulative,
        effect_sizes,
        errors_by_position,
        files_by,
        finality_by,
        find_secrets,
        mcp_servers_by,
        per_session,
        prompts,
        provenance,
        reconcile,
        recorded_costs,
        redact,
        reprice,
        result_sizes,
        session_lengths,
        sessions_by,
        shares,
        time_split,
        tokens_by,
        tool_ratios,
        tools_by,
        transitions,
        unpriced,
        verify,
    )
    from sessionframe.engine.logs import Logs, scan
    from sessionframe.engine.public import providers, schema, to_frame
    from sessionframe.engine.registry import default_providers, list_all_sessions, provider_for, register
    from sessionframe.engine.table import Table
    from sessionframe.errors import (
        ColumnError,
        OptionError,
        PriceFileError,
        ProjectNotFoundError,
        ProviderNotFoundError,
        RecordNotFoundError,
        SessionFrameError,
        SessionNotFoundError,
    )
    from sessionframe.machine import Machine
    from sessionframe.model import Message, MessageRole, MessageType, Session, SessionProvider, SessionSummary, TokenUsage
    from sessionframe.pricing import PriceList, update_prices
    from sessionframe.providers.opencode.locations import database_path

    __version__: str

__all__ = [
    "ColumnError",
    "Logs",
    "Machine",
    "Message",
    "MessageRole",
    "MessageType",
    "OptionError",
    "PriceFileError",
    "PriceList",
    "ProjectNotFoundError",
    "ProviderNotFoundError",
    "RecordNotFoundError",
    "Session",
    "SessionFrameError",
    "SessionNotFoundError",
    "SessionProvider",
    "SessionSummary",
    "Table",
    "TokenUsage",
    "__version__",
    "active_intervals",
    "activity",
    "analysis",
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
    "database_path",
    "default_providers",
    "effect_sizes",
    "errors_by_position",
    "files_by",
    "finality_by",
    "find_secrets",
    "list_all_sessions",
    "mcp_servers_by",
    "per_session",
    "plot",
    "prompts",
    "provenance",
    "provider_for",
    "providers",
    "reconcile",
    "recorded_costs",
    "redact",
    "register",
    "reprice",
    "result_sizes",
    "scan",
    "schema",
    "session_lengths",
    "sessions_by",
    "shares",
    "testing",
    "time_split",
    "to_frame",
    "tokens_by",
    "tool_ratios",
    "tools_by",
    "transitions",
    "unpriced",
    "update_prices",
    "verify",
]

MODULES: dict[str, str] = {
    "sessionframe.analysis.cache": "cache_by cache_by_gap cache_gaps",
    "sessionframe.analysis.comparison": "compare_periods",
    "sessionframe.analysis.context": "context_growth context_growth_by",
    "sessionframe.analysis.cost": "cost_by reprice",
    "sessionframe.analysis.differences": "before_after compare effect_sizes",
    "sessionframe.analysis.files": "files_by",
    "sessionframe.analysis.intervals": "active_intervals session_lengths",
    "sessionframe.analysis.overlaps": "concurrency",
    "sessionframe.analysis.pace": "cumulative",
    "sessionframe.analysis.privacy": "anonymise",
    "sessionframe.analysis.origins": "provenance",
    "sessionframe.analysis.quality": "coverage finality_by unpriced",
    "sessionframe.analysis.ratios": "tool_ratios",
    "sessionframe.analysis.reconciliation": "reconcile recorded_costs",
    "sessionframe.analysis.redaction": "find_secrets redact",
    "sessionframe.analysis.results": "result_sizes",
    "sessionframe.analysis.sequences": "errors_by_position transitions",
    "sessionframe.analysis.sessions": "per_session sessions_by",
    "sessionframe.analysis.share": "concentration shares",
    "sessionframe.analysis.tokens": "tokens_by",
    "sessionframe.analysis.tools": "commands_by mcp_servers_by tools_by",
    "sessionframe.analysis.turns": "prompts",
    "sessionframe.analysis.verification": "verify",
    "sessionframe.analysis.waits": "time_split",
    "sessionframe.analysis.week": "activity",
    "sessionframe.analysis.window": "blocks",
    "sessionframe.engine.logs": "Logs scan",
    "sessionframe.engine.public": "to_frame",
    "sessionframe.engine.registry": "default_providers list_all_sessions provider_for register",
    "sessionframe.engine.table": "Table",
    "sessionframe.errors": "ColumnError OptionError PriceFileError ProjectNotFoundError ProviderNotFoundError RecordNotFoundError "
    "SessionFrameError SessionNotFoundError",
    "sessionframe.machine": "Machine",
    "sessionframe.model": "Message MessageRole MessageType Session SessionProvider SessionSummary TokenUsage",
    "sessionframe.pricing": "PriceList update_prices",
    "sessionframe.providers.opencode.locations": "database_path",
}
"""Where the public names are."""
PLACES = {name: module for module, names in MODULES.items() for name in names.split()}
PACKAGES = frozenset({"analysis", "plot", "testing"})
"""Rooms that are used by their own name, e.g. ``sf.plot.tokens``."""
CALLABLE = frozenset({"providers", "schema"})
"""Rooms that share their name with a function of `sessionframe.engine.public`: ``sf.schema("usage")``."""


class CallablePackage(ModuleType):
    """A room that can be called like the function of its name."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the function."""
        function = getattr(import_module("sessionframe.engine.public"), self.__name__.rpartition(".")[2])
        return function(*args, **options)


class Package(ModuleType):
    """This package. Importing ``sessionframe.schema`` anywhere puts that room where the function of the same name belongs.

    The room is therefore made callable at that moment, so that ``sf.schema("usage")`` and ``sf.schema.SCHEMA`` work in any order
    of imports.
    """

    def __setattr__(self, name: str, value: object) -> None:
        """Take an attribute, as the import system does with a room that it has loaded."""
        if name in CALLABLE and isinstance(value, ModuleType):
            value.__class__ = CallablePackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = Package


if not TYPE_CHECKING:  # or every misspelt name would pass

    def __getattr__(name: str) -> Any:
        """A public name on first use."""
        if name in PACKAGES or name in CALLABLE:
            return import_module(f"{__name__}.{name}")
        if name == "__version__":
            from importlib.metadata import version  # takes longer to load than all of this package

            value = version(__name__)
        elif name in PLACES:
            value = getattr(import_module(PLACES[name]), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
