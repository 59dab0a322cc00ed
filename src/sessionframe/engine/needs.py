"""A lazy query -> the tables and columns that must be there to answer it, those that users do not see included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from sessionframe.engine.task import PARSED

if TYPE_CHECKING:
    from sessionframe.engine.question import Question

Columns: TypeAlias = Mapping[str, list[str] | None]
"""Table -> the columns to load, in the declared order; None is all. Other tables are not needed."""

OWNED = frozenset({"agent", "host", "session_id", "root_session_id", "at", "source", "line", "is_replay", "dedup_key", "copy_rank"})
"""What tells which source a record belongs to, and where it stands."""
ALWAYS: dict[str, frozenset[str]] = {"usage": OWNED | {"is_echo", "is_final", "output_tokens"}, "messages": OWNED | {"seq"}}
PRICED = frozenset({"cost_usd", "price_key", "vendor"})
PRICING = frozenset(
    [
        *("model", "vendor", "speed", "service_tier", "inference_geo", "input_tokens", "cache_read_tokens", "cache_write_tokens"),
        *("cache_write_1h_tokens", "web_searches"),
    ]
)
"""What a price depends on."""
SCOPED = frozenset({"project", "repo_root"})


def columns_for(asked: Question | None, *, with_projects: bool) -> Columns:
    """What to load.

    Parameters
    ----------
    asked
        The query; None asks for everything.
    with_projects
        Rows are chosen by their project.
    """
    if asked is None or not asked.is_plain:
        return dict.fromkeys(PARSED)
    everything = frozenset(column.name for column in PARSED[asked.table].columns)
    wanted = (everything if asked.columns is None else asked.columns) | asked.tested | (SCOPED if with_projects else frozenset())
    if asked.table == "usage" and wanted & PRICED:
        wanted |= PRICED | PRICING
    usage = wanted if asked.table == "usage" else frozenset()
    needed: dict[str, frozenset[str] | None] = {"usage": ALWAYS["usage"] | usage, "issues": None}
    if asked.table == "messages":
        needed["messages"] = ALWAYS["messages"] | wanted
    return {
        table: None if names is None else [column.name for column in PARSED[table].columns if column.name in names]
        for table, names in needed.items()
    }
