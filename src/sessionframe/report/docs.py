"""Declarations go in: the tables, the providers, the command line; the pages of `docs/` that are generated from them come out."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import click

from sessionframe.errors import SessionFrameError
from sessionframe.providers.contract import Never, NotYet, Provider
from sessionframe.report.data import SHAPE
from sessionframe.report.notebook import Notebook
from sessionframe.schema import ISSUE_KINDS, PANDAS_NAMES, POLARS_NAMES, SCHEMA, Kind, TableSchema

GENERATED = "<!-- Generated from the declarations; `pytest --update-docs` rewrites it. -->\n"
GAPS: dict[type, str] = {Never: "never", NotYet: "not yet"}
TABLE_NOTES = """
Null means that the log does not say. It is never 0 instead, and no column changes its dtype because a value is missing or a table is
empty. Token columns are disjoint: the total is `input_tokens` + `cache_read_tokens` + `cache_write_tokens` + `output_tokens`;
`cache_write_1h_tokens` is part of `cache_write_tokens`, `reasoning_tokens` of `output_tokens`. Costs are in US dollars:
`recorded_cost_usd` is what the log states, `cost_usd` what the list price of that day makes of the tokens, an API-equivalent estimate and
not a bill. The two are never added.
"""
NOTEBOOK_NOTES = """
They run on your own logs, show no text of a conversation, and come with what they show on the sample home. `sessionframe notebook NAME`
puts a copy into the current folder, `--open` opens it in Jupyter Lab, and `--html FILE` runs it and makes a page without code. Names of
projects and folders are shown: look before you share.
"""
PROBLEM_NOTES = """
What a log holds raises nothing: what cannot be read, priced or counted wholly is a row of the table `issues`, and everything else is kept.
What a caller asks for and cannot be done raises one of the exceptions below. Why there is no data at all, `sessionframe doctor` tells.
Each is followed by an example and by what to do.
"""
ISSUE_NOTES = """
Each row of `issues` has the file, the first line, what was found and done about it (`detail`, never text of a conversation) and for how
many cases it stands. `sessionframe doctor` and the last line of a report count them by kind.
"""
ERROR_NOTES = """
All of them are a `SessionFrameError` and say what was tried and what to do next; the command line prints the message and ends with exit
code 1, or 2 where an argument is wrong. What Python raises itself stays as it is: an `OSError` where a file cannot be written, a
`TypeError` for an argument that does not exist.
"""
STREAMS = """
Data goes to standard output, everything else to standard error. Exit code 0 is success, 1 something that cannot be done, 2 a wrong
argument, 130 Ctrl-C.
"""
JSON_NOTES = """`sessionframe report --json` writes one object. Later versions may add keys; they do not take any away. A number that is not
known is null; `cost_usd` leaves out the `unpriced_requests`. `--csv` has the same rows.
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
    parts = ["# The tables\n", GENERATED, TABLE_NOTES.lstrip(), *map(table_section, SCHEMA.values())]
    return "\n".join(parts)


def table_section(table: TableSchema) -> str:
    """One table with its columns and the values of its enums."""
    columns = markdown_table(
        ("column", "meaning", "unit", "polars", "pandas"),
        ((f"`{c.name}`", c.meaning, c.unit or "", f"`{POLARS_NAMES[c.dtype]}`", f"`{PANDAS_NAMES[c.dtype]}`") for c in table.public),
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


def agents_table(providers: Iterable[Provider]) -> str:
    """The table of agents in the README."""
    rows = (
        (f"[`{p.agent_type}`](docs/providers.md)", p.info.title, p.info.versions, f"{p.info.evidence}; {p.info.checked}") for p in providers
    )
    return markdown_table(("agent", "name", "versions seen", "what that rests on"), rows)


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


def notebooks_page(books: Iterable[Notebook]) -> str:
    """``docs/notebooks.md``: every notebook with the questions that it answers."""
    return "\n".join(["# The notebooks\n", GENERATED, NOTEBOOK_NOTES.lstrip(), *map(notebook_section, books)])


def notebook_section(book: Notebook) -> str:
    """One notebook."""
    title, *questions = book.headings
    listed = "".join(f"- {question}\n" for question in questions)
    return f"## [{title}](../notebooks/{book.path.name})\n\n`sessionframe notebook {book.name}`\n\n{book.introduction}\n\n{listed}"


def problems_page() -> str:
    """``docs/problems.md``: every kind of issue and every exception, with an example and what to do."""
    kinds = (kind_section(name, kind) for name, kind in ISSUE_KINDS.items())
    parts = ["# Problems\n", GENERATED, PROBLEM_NOTES.lstrip(), f"## Issues\n{ISSUE_NOTES}", *kinds]
    errors: list[type[SessionFrameError]] = [SessionFrameError, *sorted(SessionFrameError.__subclasses__(), key=lambda each: each.__name__)]
    return "\n".join([*parts, f"## Exceptions\n{ERROR_NOTES}", *map(error_section, errors)])


def kind_section(name: str, kind: Kind) -> str:
    """One kind of issue."""
    return f"### `{name}`\n\n{kind.meaning}\n\nE.g. `{kind.example.replace('`', '')}`\n\n{kind.advice}\n"


def error_section(error: type[SessionFrameError]) -> str:
    """One exception: the parts of its docstring."""
    parts = re.split(r"\n\n(?:Notes|Examples)\n-+\n", inspect.getdoc(error) or "")
    meaning, advice, example = (part.strip().replace("``", "`") for part in parts)
    return f"### `{error.__name__}`\n\n{meaning}\n\n```pycon\n{example}\n```\n\n{advice}\n"


def cli_page(app: click.Group) -> str:
    """``docs/cli.md``: every command with its arguments and options."""
    sections = map(command_section, app.commands.values())
    return "\n".join([f"# The command line\n\n{GENERATED}\n{app.help}\n{STREAMS}", *sections, json_section()])


def api_page(names: Mapping[str, object]) -> str:
    """``docs/api.md``: every public function and class with its docstring, in the order of their names."""
    parts = [f"# The Python API\n\n{GENERATED}"]
    parts += [api_section(name, each) for name, each in sorted(names.items(), key=lambda item: item[0].lower())]
    return "\n".join(parts)


def api_section(name: str, each: object) -> str:
    """One name with its docstring as it stands; a class with its methods."""
    if inspect.isfunction(each):
        return f"## `{name}`\n\n{api_entry(name, each)}"
    methods = vars(each) if inspect.isclass(each) else {}
    entries = [api_entry(f"{name}.{each.__name__}", each) for each in methods.values() if is_told(each)]
    return "\n".join([f"## `{name}`\n\n```text\n{inspect.getdoc(each) or ''}\n```\n", *entries])


def is_told(member: object) -> bool:
    """Whether a member of a class is a method for everybody."""
    return inspect.isfunction(member) and not member.__name__.startswith("_") and bool(member.__doc__)


def api_entry(name: str, function: Callable[..., object]) -> str:
    """How a function is called, and its docstring."""
    return f"```text\n{name}{signature(function)}\n\n{inspect.getdoc(function) or ''}\n```\n"


def signature(function: Callable[..., object]) -> str:
    """The parameters of a function with their defaults, without types: the docstring says what they take."""
    parameters = inspect.signature(function).parameters.values()
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    return str(inspect.Signature(bare))


def json_section() -> str:
    """The shape of the report's JSON."""
    keys = markdown_table(("key", "value"), ((f"`{key}`", meaning) for key, meaning in SHAPE.items()))
    return f"## The JSON of a report\n\n{JSON_NOTES}\n{keys}"


def command_section(command: click.Command) -> str:
    """One command."""
    context = click.Context(command)
    takes = [parameter.make_metavar(context) for parameter in command.params if isinstance(parameter, click.Argument)]
    usage = " ".join(["sessionframe", str(command.name), *takes, "[OPTIONS]"])
    table = markdown_table(("option", "meaning"), ((f"`{label(p, context)}`", meaning(p)) for p in command.params))
    return f"## {command.name}\n\n```text\n{usage}\n```\n\n{command.help}\n\n{table}"


def label(parameter: click.Parameter, context: click.Context) -> str:
    """How an argument or option is written."""
    takes = parameter.make_metavar(context)
    if isinstance(parameter, click.Argument):
        return takes
    is_flag = isinstance(parameter, click.Option) and parameter.is_flag
    return ", ".join(parameter.opts) + ("" if is_flag else f" {takes}")


def meaning(parameter: click.Parameter) -> str:
    """What it is for, and what it is without being given."""
    default = parameter.default
    notes = ["Required."] if parameter.required else [f"Default: `{default}`."] if isinstance(default, str) else []
    return " ".join([getattr(parameter, "help", None) or "", *notes])
