"""Declarations go in: the tables, the providers, the command line; the pages of `docs/` that are generated from them come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sessionframe.providers.contract import Never, NotYet, Provider
from sessionframe.schema import SCHEMA, TableSchema

if TYPE_CHECKING:
    import typer

GENERATED = "<!-- Generated from the declarations; `pytest --update-docs` rewrites it. -->\n"
POLARS = {"text": "String", "int64": "Int64", "float64": "Float64", "bool": "Boolean", "datetime": 'Datetime("us", "UTC")', "enum": "Enum"}
PANDAS = {"text": "str", "int64": "Int64", "float64": "float64", "bool": "boolean", "datetime": "datetime64[us, UTC]", "enum": "category"}
GAPS: dict[type, str] = {Never: "never", NotYet: "not yet"}
TABLE_NOTES = """
Null means that the log does not say. It is never 0 instead, and no column changes its dtype because a value is missing or a table is
empty. Token columns are disjoint: the total is `input_tokens` + `cache_read_tokens` + `cache_write_tokens` + `output_tokens`;
`cache_write_1h_tokens` is part of `cache_write_tokens`, `reasoning_tokens` of `output_tokens`. Costs are in US dollars:
`recorded_cost_usd` is what the log states, `cost_usd` what the list price of that day makes of the tokens, an API-equivalent estimate and
not a bill. The two are never added.
"""


def markdown_table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    names = list(header)
    lines = [names, ["---"] * len(names), *([escaped(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def escaped(cell: str) -> str:
    """Text that does not end its cell."""
    return cell.replace("|", "\\|").replace("\n", " ")


def tables_page() -> str:
    """``docs/tables.md``: every column of every table."""
    parts = ["# The tables\n", GENERATED, TABLE_NOTES, *map(table_section, SCHEMA.values())]
    return "\n".join(parts)


def table_section(table: TableSchema) -> str:
    """One table with its columns and the values of its enums."""
    columns = markdown_table(
        ("column", "meaning", "unit", "polars", "pandas"),
        ((f"`{c.name}`", c.meaning, c.unit or "", f"`{POLARS[c.dtype]}`", f"`{PANDAS[c.dtype]}`") for c in table.public),
    )
    enums = [f"- `{c.name}`: {', '.join(f'`{value}`' for value in c.categories)}\n" for c in table.public if c.categories]
    values = f"\nValues:\n\n{''.join(enums)}" if enums else ""
    return f"## `{table.name}`\n\nOne row is: {lower_first(table.meaning)}\n\n{columns}{values}"


def lower_first(text: str) -> str:
    """A sentence to follow a colon."""
    return text[:1].lower() + text[1:]


def providers_page(providers: Sequence[Provider]) -> str:
    """``docs/providers.md``: every agent, what is known of it and what its logs cannot tell."""
    overview = markdown_table(
        ("agent", "name", "versions seen", "checked"),
        ((f"`{p.agent_type}`", p.info.title, p.info.versions, p.info.checked) for p in providers),
    )
    legend = "Columns that are not named are filled. **Never**: the logs do not say. **Not yet**: they do, and it is not read so far.\n"
    return "\n".join(["# The agents\n", GENERATED, overview, legend, *map(provider_section, providers)])


def provider_section(provider: Provider) -> str:
    """One agent."""
    info = provider.info
    facts = f"## {info.title}\n\n- Layout: {info.layout}\n- Versions seen: {info.versions}\n- Evidence: {info.evidence}, {info.checked}\n"
    rows = [(f"`{table}`", f"`{column}`", filled, why) for table, column, filled, why in gap_rows(provider)]
    return f"{facts}\n{markdown_table(('table', 'column', 'filled', 'why'), rows)}" if rows else facts


def gap_rows(provider: Provider) -> list[tuple[str, str, str, str]]:
    """Table, column, ``never`` or ``not yet``, and why, of every column that an agent does not fill."""
    found = ((table, column.name, provider.info.gap(table, column.name)) for table, schema in SCHEMA.items() for column in schema.public)
    return [(table, column, GAPS[type(gap)], gap.reason) for table, column, gap in found if gap is not None]


def cli_page(app: typer.Typer) -> str:
    """``docs/cli.md``: every command with its arguments and options."""
    import typer as typer_library  # only this page needs it

    group: Any = typer_library.main.get_command(app)
    intro = f"# The command line\n\n{GENERATED}\n{group.help}\n"
    return "\n".join([intro, *(command_section(name, command) for name, command in group.commands.items())])


def command_section(name: str, command: Any) -> str:
    """One command."""
    context = command.make_context(f"sessionframe {name}", [], resilient_parsing=True)
    usage = command.get_usage(context).removeprefix("Usage: ")
    shown = [parameter for parameter in command.params if parameter.name != "help"]
    table = markdown_table(("", ""), ((f"`{parameter_name(p)}`", p.help or "") for p in shown))
    return f"## {name}\n\n```\n{usage}\n```\n\n{command.help}\n\n{table}"


def parameter_name(parameter: Any) -> str:
    """An argument by its name, an option by its spellings and what it takes."""
    if parameter.param_type_name == "argument":
        return str(parameter.human_readable_name)
    takes = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
    return f"{', '.join([*parameter.opts, *parameter.secondary_opts])}{takes}"
