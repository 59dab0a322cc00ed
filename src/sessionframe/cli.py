"""Arguments of the command line go in; a scan is made and shown. Data goes to standard output, everything else to standard error.

Libraries that take long to load are imported inside the commands, so that ``--help`` and mistakes answer at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from sessionframe.errors import OptionError, ProviderNotFoundError, SessionFrameError, nearest
from sessionframe.report.streams import Unsteering, harmless_on
from sessionframe.schema import TABLES, TableName

if TYPE_CHECKING:
    from sessionframe.engine import Logs


class Commands(click.Group):
    """Commands that suggest the nearest name for a mistyped one."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called, or an error that names those there are."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}.{nearest(args[0], self.commands)} Commands are {', '.join(self.commands)}.")
        return super().resolve_command(ctx, args)


def flag(*names: str, help: str) -> Callable[[Callable[..., None]], Callable[..., None]]:  # noqa: A002 - as options call it
    """An option that is there or not."""
    return click.option(*names, is_flag=True, help=help)


SCAN_OPTIONS = (
    click.option("--agent", "-a", multiple=True, metavar="AGENT", help="Only this agent, e.g. claude-code. Repeatable."),
    click.option(
        "--home",
        multiple=True,
        metavar="[LABEL=]PATH",
        help="Another home folder: a sample, a backup, a colleague's machine. Repeatable; a label names it in the column host.",
    ),
    click.option("--root", multiple=True, metavar="AGENT=PATH", help="A folder of an agent in place of its usual ones. Repeatable."),
    click.option("--since", metavar="TIME", help="From this ISO date or time on."),
    click.option("--until", metavar="TIME", help="Up to this ISO date or time, itself not included."),
    click.option("--tz", metavar="ZONE", default="local", help="Time zone in which days begin, e.g. Europe/Berlin."),
    click.option("--project", multiple=True, metavar="PATH", help="Only this project folder and what is below it. Repeatable."),
    click.option("--prices", metavar="FILE", help="A file of own prices."),
    click.option("--jobs", type=int, metavar="N", help="Processes to read with; by default one per processor."),
)
"""The options of every command that reads logs; they mean the same everywhere, and the same as the arguments of `scan`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scan:
    """What `SCAN_OPTIONS` were given."""

    agent: Sequence[str]
    home: Sequence[str]
    root: Sequence[str]
    since: str | None
    until: str | None
    tz: str
    project: Sequence[str]
    prices: str | None
    jobs: int | None

    @property
    def roots(self) -> dict[str, list[str]] | None:
        """Agent -> folders, as `scan` takes them."""
        found: dict[str, list[str]] = {}
        for text in self.root:
            agent, equals, path = text.partition("=")
            if not equals or not agent or not path:
                raise OptionError(f"--root {text!r} is not of the form AGENT=PATH, e.g. claude-code=/mnt/pi/.claude.")
            found.setdefault(agent, []).append(path)
        return found or None

    @property
    def homes(self) -> str | dict[str, str] | None:
        """One home, or label -> home when there are several."""
        if not self.home:
            return None
        labelled = [labelled_home(text) for text in self.home]
        if len(labelled) == 1 and labelled[0][0] is None:
            return labelled[0][1]
        names = [label or path for label, path in labelled]
        if len(set(names)) < len(names):
            raise OptionError(f"--home: two homes have the same label: {', '.join(names)}.")
        return dict(zip(names, (path for _, path in labelled), strict=True))

    @property
    def options(self) -> dict[str, Any]:
        """The options as arguments of `scan`; the agents are beside them."""
        return {
            "home": self.homes,
            "roots": self.roots,
            "since": self.since,
            "until": self.until,
            "tz": self.tz,
            "project": list(self.project) or None,
            "prices": self.prices,
            "n_jobs": self.jobs,
        }

    @property
    def told(self) -> dict[str, Any]:
        """The options and agents that were given, as another process can be told."""
        given = {"agents": list(self.agent), **self.options}
        return {name: value for name, value in given.items() if value and (name, value) != ("tz", "local")}

    @contextlib.contextmanager
    def logs(self) -> Iterator[Logs]:
        """Scan, with a progress bar while the logs are read."""
        from sessionframe.engine import scan
        from sessionframe.report.progress import progress_bar
        from sessionframe.zones import zone

        zone(self.tz)  # a mistake shows before the logs are read
        with progress_bar() as progress:
            yield scan(*self.agent, **self.options, progress=progress)


def labelled_home(text: str) -> tuple[str | None, str]:
    """A home with its label; a folder whose own name has an equals sign is taken as it is."""
    label, equals, path = text.partition("=")
    whole = not equals or os.path.isdir(text)  # noqa: PTH112 - loads nothing
    folder = os.path.expanduser(text if whole else path)  # noqa: PTH111 - loads nothing
    if not os.path.isdir(folder):  # noqa: PTH112 - loads nothing
        raise OptionError(f"--home {text!r}: there is no folder {os.path.abspath(folder)!r}.")  # noqa: PTH100 - loads nothing
    return (None, folder) if whole else (label, folder)


def reads_logs(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `Scan` beside its own; it gets them as its first argument."""

    @functools.wraps(command)
    def run(**given: Any) -> None:
        command(Scan(**{field.name: given.pop(field.name) for field in dataclasses.fields(Scan)}), **given)

    for option in reversed(SCAN_OPTIONS):
        run = option(run)
    return run


def version() -> str:
    """The version of this package."""
    from importlib.metadata import version as installed

    return installed("sessionframe")


def print_version(ctx: click.Context, _: click.Parameter, wanted: Any) -> None:
    """Say the version and stop."""
    if wanted:
        click.echo(version())
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "show_default": True, "max_content_width": 120})
@click.option("--version", is_flag=True, callback=print_version, is_eager=True, expose_value=False, help="Show the version and stop.")
def app() -> None:
    """Read the session logs that AI coding agents leave on this machine: reports, checks, exports. Nothing leaves the machine."""


@app.command()
@click.argument(
    "period",
    type=click.Choice(["daily", "weekly", "monthly", "total"]),
    default="daily",
    help="One row per day, week (from Monday) or month, or one in all.",
)
@click.option(
    "--by", multiple=True, metavar="GROUP", help="Group by agent, project, branch, session, model or host. Repeatable, or with commas."
)
@flag("--titles", help="Show the titles of sessions, which can tell what was talked about.")
@flag("--json", "as_json", help="JSON in a shape that stays.")
@flag("--csv", "as_csv", help="CSV with the same columns as the JSON rows; see export on apostrophes.")
@reads_logs
def report(scan: Scan, *, period: str, by: Sequence[str], titles: bool, as_json: bool, as_csv: bool) -> None:
    """Tokens and cost per day, week or month. The cost is an API-equivalent estimate at list prices, not a bill."""
    from sessionframe.report.groups import columns_of, names_of

    if as_json and as_csv:
        raise OptionError("--json and --csv exclude each other.")
    groups = names_of(by, titles=titles)
    columns_of(period, groups)  # a mistake shows before the logs are read
    with scan.logs() as logs:
        from sessionframe.report.remembered import report_of

        made = report_of(logs, period=period, by=groups, tz=scan.tz, titles=titles)
    if as_json:
        from sessionframe.report.data import report_json

        click.echo(report_json(made, version=version(), since=scan.since, until=scan.until))
    elif as_csv:
        from sessionframe.report.data import report_csv

        click.echo(harmless_on(sys.stdout, report_csv(made)), nl=False)
    else:
        from sessionframe.report.table import print_report
        from sessionframe.report.terminal import console

        print_report(made, console())
    if not made.rows:
        note("No model requests found. `sessionframe doctor` tells where was looked and what was found.")


@app.command()
@flag("--json", "as_json", help="JSON.")
@reads_logs
def doctor(scan: Scan, *, as_json: bool) -> None:
    """What was looked for and found: folders, files, newest record, how long logs are kept, problems and what to do about them."""
    from sessionframe.engine.registry import selected
    from sessionframe.report.diagnosis import doctor_json, print_doctor
    from sessionframe.report.doctor import diagnose
    from sessionframe.report.terminal import console

    with scan.logs() as logs:
        found = diagnose(logs, selected(tuple(scan.agent or scan.roots or ())), roots=scan.roots)
    if as_json:
        click.echo(doctor_json(found, tz=scan.tz, version=version()))
    else:
        print_doctor(found, console(), tz=scan.tz)


@app.command()
@click.argument("table", type=click.Choice(TABLES), help="The table to write.")
@click.option("--to", required=True, metavar="FILE", help="The file; - is standard output.")
@click.option("--format", type=click.Choice(["parquet", "csv", "jsonl"]), help="By default what the suffix of the file says.")
@flag("--content", help="With the text of prompts, answers, arguments and results.")
@flag("--redact", help="Replace secrets that known patterns find; no proof that the rest is clean. Needs the extra redact.")
@flag("--replays", help="With records that are copies of another session's history.")
@flag("--force", help="Replace a file that exists.")
@reads_logs
def export(
    scan: Scan,
    *,
    table: str,
    to: str,
    format: str | None,  # noqa: A002 - the option's name
    content: bool,
    redact: bool,
    replays: bool,
    force: bool,
) -> None:
    """Write a table as Parquet, CSV or JSON lines. The file appears when it is complete, and only its owner can read it.

    In CSV, an apostrophe goes before a text that a spreadsheet would take for a formula, and before one that begins with an apostrophe.
    """
    from sessionframe.report import export as exporting

    streamed = to == "-"
    chosen = exporting.file_format(to, format)
    exporting.check_stream(chosen) if streamed else exporting.check_target(to, force=force)
    clean = exporting.cleaner() if redact else None
    with scan.logs() as logs:
        frame = getattr(logs, table).to_frame("polars", content=content, replays=replays)
    frame = frame if clean is None else clean(frame)
    if streamed:
        exporting.write_stream(frame, Unsteering(sys.stdout.buffer) if sys.stdout.isatty() else sys.stdout.buffer, chosen)
    else:
        exporting.write_file(frame, to, chosen)
        note(f"{frame.height:,} rows of {table} written to {to}")


@app.command()
@click.argument("name", required=False, help="Its name, its number or a word of its name; without it they are listed.")
@flag("--open", "in_jupyter", help="Open the copy in Jupyter Lab.")
@click.option("--html", metavar="FILE", help="Run it on the logs, and write a page with its text, tables and charts, without code.")
@flag("--force", help="Replace a file that exists.")
@reads_logs
def notebook(scan: Scan, *, name: str | None, in_jupyter: bool, html: str | None, force: bool) -> None:
    """Copy a ready-made notebook here, open it, or make a page of it. Options of reading count for --open and --html."""
    from sessionframe.report import notebook as books

    if name is None:
        for each in books.notebooks():
            click.echo(f"{each.name:<26}{each.headings[0]}")
        return
    chosen = books.notebook(name)
    told = scan.told
    if in_jupyter and html:
        raise OptionError("--open and --html exclude each other.")
    if told and not (in_jupyter or html):
        raise OptionError("options of reading say nothing about a copy. Give --open or --html with them.")
    with scan.logs():  # a mistake shows now; nothing is read
        pass
    if html:
        from sessionframe.report.export import check_target

        check_target(html, force=force)
        with click.progressbar(length=chosen.steps, label="Running", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
            books.write_page(chosen, told, html, version=version(), progress=bar.update)
        note(f"{chosen.name} written to {html}")
    elif in_jupyter:
        sys.exit(books.opened(chosen, told, force=force))
    else:
        path = books.copied(chosen, force=force)
        note(f"{path.name} is here now. Open it with: jupyter lab {path.name}")


@app.command()
@click.argument("table", type=click.Choice(TABLES), required=False, help="One table; by default all of them.")
@flag("--json", "as_json", help="JSON.")
def schema(*, table: TableName | None, as_json: bool) -> None:
    """The columns of the tables: dtype, unit, meaning."""
    from sessionframe.report import declared

    click.echo(declared.schema_json(table)) if as_json else declared.print_schema(table)


@app.command()
@flag("--clear", help="Remove everything that is kept. The next reports read all logs again.")
def cache(*, clear: bool) -> None:
    """Where rows without text are kept between calls, and how much room they take. SESSIONFRAME_CACHE=off keeps none."""
    from sessionframe import cachefiles
    from sessionframe.report.terminal import size

    folder = cachefiles.folder()
    if folder is None:
        note("Nothing is kept: SESSIONFRAME_CACHE says so, or there is no folder for it.")
        return
    if clear:
        cachefiles.clear()
    click.echo(f"{folder}: {size(cachefiles.size())}")


@app.command()
@flag("--json", "as_json", help="JSON.")
def providers(*, as_json: bool) -> None:
    """The agents whose logs can be read, what that rests on, and what their logs cannot tell."""
    from sessionframe.engine.registry import selected
    from sessionframe.report import declared

    known = selected(())
    click.echo(declared.providers_json(known)) if as_json else declared.print_providers(known)


def note(text: str) -> None:
    """A line for people, never in the way of data."""
    print(f"sessionframe: {harmless_on(sys.stderr, text)}", file=sys.stderr)  # noqa: T201 - the command line is where printing belongs


def main() -> None:
    """Run the command line: exit code 0, 1 for what cannot be done, 2 for wrong arguments, 130 for Ctrl-C."""
    from sessionframe.frames.memory import FRUGAL
    from sessionframe.report.streams import make_streams_safe

    os.environ.update(FRUGAL)
    make_streams_safe()
    warnings.showwarning = lambda message, *_, **__: note(f"warning: {message}")
    try:
        sys.exit(app.main(standalone_mode=False) or 0)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except (OptionError, ProviderNotFoundError) as problem:
        note(str(problem))
        sys.exit(2)
    except (SessionFrameError, OSError) as problem:
        note(str(problem))
        sys.exit(1)
    except click.Abort:  # what click makes of Ctrl-C
        sys.exit(130)
    finally:
        flush_quietly()


def program() -> None:
    """The command line as a process of its own. What ends with it is not tidied up first: freeing memory takes a tenth of a second."""
    gc.disable()  # nothing here makes cycles worth looking for
    try:
        main()
    except SystemExit as stop:
        if "multiprocessing" in sys.modules and sys.modules["multiprocessing"].active_children():
            raise  # workers that are still there must be told
        sys.stderr.flush()
        os._exit(stop.code if isinstance(stop.code, int) else 0)


def flush_quietly() -> None:
    """Write what is left; a reader that went away (`| head`) is no error."""
    try:
        sys.stdout.flush()
    except OSError:
        # what could not be written must not be tried again when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    program()
