"""What is declared of tables and agents goes in; text for people or JSON comes out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from sessionframe.providers.contract import Provider
from sessionframe.report.docs import gap_rows, lower_first
from sessionframe.report.terminal import console
from sessionframe.schema import PANDAS_NAMES, POLARS_NAMES, SCHEMA, TableName, TableSchema


def chosen(table: TableName | None) -> list[TableSchema]:
    """One table, or all of them."""
    return list(SCHEMA.values()) if table is None else [SCHEMA[table]]


def schema_json(table: TableName | None) -> str:
    """Name of each table -> its columns: ``name``, ``polars``, ``pandas``, ``unit``, ``meaning``, ``values`` of an enum."""
    return json.dumps({declared.name: [column_facts(column) for column in declared.public] for declared in chosen(table)}, indent=2)


def column_facts(column: Any) -> dict[str, Any]:
    """What is declared of a column."""
    dtypes = {"polars": POLARS_NAMES[column.dtype], "pandas": PANDAS_NAMES[column.dtype]}
    return {"name": column.name, **dtypes, "unit": column.unit, "meaning": column.meaning, "values": list(column.categories)}


def print_schema(table: TableName | None) -> None:
    """Print the columns of one table or of all."""
    target = console()
    for declared in chosen(table):
        target.print(Text(declared.name, "bold"), Text(f": one row is {lower_first(declared.meaning)}"), sep="")
        shown = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for header in ("Column", "Dtype", "Unit", "Meaning"):
            shown.add_column(header, no_wrap=header == "Column", overflow="fold")
        for column in declared.public:
            values = f": {', '.join(column.categories)}" if column.categories else ""
            shown.add_row(*map(Text, (column.name, POLARS_NAMES[column.dtype], column.unit or "", f"{column.meaning}{values}")))
        target.print(shown)
        target.print()


def providers_json(providers: Iterable[Provider]) -> str:
    """Agents: what is declared of each, and per table the columns that its logs do not fill, with the reason."""
    return json.dumps([provider_facts(provider) for provider in providers], indent=2)


def provider_facts(provider: Provider) -> dict[str, Any]:
    """What is declared of an agent."""
    info = provider.info
    names = ("agent_type", "title", "layout", "versions", "evidence", "checked", "vendor")
    gaps = [dict(zip(("table", "column", "filled", "why"), row, strict=True)) for row in gap_rows(provider)]
    return {**{name: getattr(info, name) for name in names}, "gaps": gaps}


def print_providers(providers: Iterable[Provider]) -> None:
    """Print what is declared of each agent."""
    target = console()
    for provider in providers:
        info = provider.info
        target.print(Text(f"{info.title} ({info.agent_type})", "bold"))
        for label, text in (("layout", info.layout), ("versions", info.versions), ("evidence", f"{info.evidence}; {info.checked}")):
            target.print(Text(f"  {label + ':':<10} {text}"), soft_wrap=True)
        for table, column, filled, why in gap_rows(provider):
            target.print(Text(f"  {filled + ':':<10} {table}.{column}: {why}"), soft_wrap=True)
        target.print()
