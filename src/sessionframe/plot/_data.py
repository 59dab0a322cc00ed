"""What a caller hands to a chart -> plain columns, by way of the helpers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
from polars import selectors

OTHER = "other"
UNKNOWN = "unknown"


def columns(frame: Any, *names: str) -> list[list[Any]]:
    """Columns of a helper's result as lists, unknown as None whatever the engine calls it."""
    found = nw.from_native(frame, eager_only=True).select(*dict.fromkeys(names)).to_polars()
    known = found.with_columns(selectors.float().fill_nan(None))
    return [known[name].to_list() for name in names]


def pivot(steps: Sequence[Any], names: Sequence[str | None], values: Sequence[float | None]) -> tuple[list[Any], dict[str, list[float]]]:
    """Long columns -> the sorted steps and, per name, one value per step; rows without a step are left out."""
    order = sorted({step for step in steps if step is not None})
    place = {step: number for number, step in enumerate(order)}
    table: dict[str, list[float]] = {}
    for step, name, value in zip(steps, names, values, strict=True):
        if step is not None and value is not None:
            table.setdefault(name or UNKNOWN, [0.0] * len(order))[place[step]] += value
    return order, table


def largest(table: dict[str, list[float]], top: int) -> dict[str, list[float]]:
    """The `top` names with the largest sums, the rest added up as ``other``; largest first."""
    ranked = sorted(table, key=lambda name: (-sum(table[name]), name))
    kept = {name: table[name] for name in ranked[:top]}
    if rest := [table[name] for name in ranked[top:]]:
        kept[OTHER] = [sum(values) for values in zip(*rest, strict=True)]
    return kept


def as_shares(table: dict[str, list[float]]) -> dict[str, list[float]]:
    """Each value as a share of the sum over all names at its step; 0 where there is nothing to share."""
    totals = [sum(values) for values in zip(*table.values(), strict=True)]
    return {name: [value / total if total else 0.0 for value, total in zip(values, totals, strict=True)] for name, values in table.items()}
