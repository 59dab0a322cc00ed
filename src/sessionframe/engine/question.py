"""The columns and filter of a lazy query -> what can be known of it before rows are put together: agents, columns, a test of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sessionframe.engine.plan import Plan
from sessionframe.schema import TableName

if TYPE_CHECKING:
    import polars as pl  # worker processes begin before it is loaded

PLAIN = frozenset({"agent", "host", "source", "line", "session_id", "root_session_id", "project", "repo_root", "git_branch", "model", "at"})
TESTABLE: dict[TableName, frozenset[str]] = {
    "usage": PLAIN | {"request_id", "message_id", "kind", "evidence"},
    "messages": PLAIN | {"request_id", "message_id", "parent_id", "call_id", "seq", "role", "type", "is_human", "content_chars"},
    "tool_calls": PLAIN | {"request_id", "message_id", "call_id", "tool", "category", "mcp_server", "path", "command", "input_chars"},
}
"""Columns whose values are already in the rows of each source. Others are found out when all rows are together: prices, results of
calls, sums over sessions, what is a copy."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a lazy query asks of one table.

    Attributes
    ----------
    table
        The table.
    columns
        The columns that it needs; None is all.
    agents
        Rows of other agents are not asked for; None is all.
    test
        Rows that do not pass are not asked for; None is all.
    """

    table: TableName
    columns: frozenset[str] | None = None
    agents: frozenset[str] | None = None
    test: pl.Expr | None = None

    @property
    def is_plain(self) -> bool:
        """Its rows need no more than the rows of requests and messages: no results of other files, no sums."""
        return self.table in {"usage", "messages"}

    @property
    def tested(self) -> frozenset[str]:
        """The columns that the test looks at."""
        return frozenset() if self.test is None else frozenset(self.test.meta.root_names())

    def plan(self, plan: Plan) -> Plan:
        """The part of a plan that can bring rows."""
        if self.agents is None:
            return plan
        return replace(plan, groups=tuple(group for group in plan.groups if group.provider.agent_type in self.agents))


def question(table: TableName, columns: Iterable[str] | None, predicate: pl.Expr | None, agents: Iterable[str]) -> Question:
    """What a query asks, as far as that can be told early.

    Parameters
    ----------
    table
        The table.
    columns, predicate
        As polars hands them to a source: names, and a filter that looks at one row at a time.
    agents
        The agents that there are.
    """
    asked = Question(table)
    if columns is not None:
        needed = {*columns, *(predicate.meta.root_names() if predicate is not None else ())}
        asked = replace(asked, columns=frozenset(needed))
    if predicate is None:
        return asked
    import polars as pl

    parts = list(conjuncts(predicate))
    of_agents = [part for part in parts if set(part.meta.root_names()) == {"agent"}]
    if of_agents:
        known = pl.DataFrame({"agent": sorted(set(agents))}, schema={"agent": pl.String})
        asked = replace(asked, agents=frozenset(known.filter(of_agents)["agent"]))
    early = [part for part in parts if table in TESTABLE and set(part.meta.root_names()) <= TESTABLE[table]]
    return replace(asked, test=pl.all_horizontal(early)) if early else asked


def conjuncts(predicate: pl.Expr) -> Iterator[pl.Expr]:
    """The conditions that must all hold. Polars tells the inputs of an expression, not its operator, so it is made again and compared."""
    inputs = predicate.meta.pop()
    if len(inputs) == 2:
        for left, right in (inputs, inputs[::-1]):
            if (left & right).meta.eq(predicate):
                yield from conjuncts(left)
                yield from conjuncts(right)
                return
    yield predicate
