"""Arguments of the command line go in; a scan is made and shown. Data goes to standard output, everything else to standard error.

Libraries that take long to load are imported inside the commands, so that ``--help`` and mistakes answer at once.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from sessionframe.cli_options import Scan, flag, reads_logs
from sessionframe.errors import OptionError, ProviderNotFoundError, SessionFrameError, nearest
from sessionframe.report.streams import Unsteering, harmless_on
from sessionframe.schema import TABLES, TableName


class Commands(click.Group):
    """Commands that suggest the nearest name for a mistyped one."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called, or an error that names those there are."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}.{nearest(args[0], self.commands)} Commands are {', '.join(self.commands)}.")
        return super().resolve_command(ctx, args)


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
        raise OptionError("--json and --csv exclude each other. Give one of them.")
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
    from sessionframe.report.around import hints
    from sessionframe.report.diagnosis import doctor_json, print_doctor
    from sessionframe.report.doctor import diagnose
    from sessionframe.report.terminal import console

    with scan.logs() as logs:
        found = diagnose(logs, selected(tuple(scan.agent or scan.roots or ())), roots=scan.roots)
    elsewhere = hints(found, logs.machines, selected(()))
    if as_json:
        click.echo(doctor_json(found, tz=scan.tz, version=version(), hints=elsewhere))
    else:
        print_doctor(found, console(), tz=scan.tz, hints=elsewhere)


@app.command()
@click.option(
    "--against",
    metavar="REPORT",
    help="Compare with the daily report of ccusage: `ccusage` runs that program, offline, else the file that `ccusage daily --json` wrote.",
)
@flag("--json", "as_json", help="JSON.")
@reads_logs
def verify(scan: Scan, *, against: str | None, as_json: bool) -> None:
    """Read all logs anew, show how their records became the numbers, and check these. Exit code 1 when a check fails."""
    with scan.logs() as logs:
        from sessionframe.analysis import verify as verified

        found = verified(logs, against=against, tz=scan.tz, engine="polars")
    if as_json:
        from sessionframe.report.verification import verification_json

        click.echo(verification_json(found, tz=scan.tz, version=version()))
    else:
        from sessionframe.report.terminal import console
        from sessionframe.report.verification import print_verification

        print_verification(found, console())
    if not found.passed:
        sys.exit(1)


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
    from sessionframe.report.target import check_target

    streamed = to == "-"
    chosen = exporting.file_format(to, format)
    exporting.check_stream(chosen) if streamed else check_target(to, force=force)
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
        raise OptionError("--open and --html exclude each other. Give one of them.")
    if told and not (in_jupyter or html):
        raise OptionError("options of reading say nothing about a copy. Give --open or --html with them.")
    with scan.logs():  # a mistake shows now; nothing is read
        pass
    if html:
        from sessionframe.report.target import check_target

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
        flush()


def program() -> None:
    """The command line as a process of its own. What ends with it is not tidied up first: freeing memory takes a tenth of a second."""
    gc.disable()  # nothing here makes cycles worth looking for
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else whoever started this wants it otherwise
        signal.signal(signal.SIGINT, interrupted)
    try:
        main()
    except SystemExit as stop:
        code = 130 if interruptions and stop.code else stop.code
    except BaseException:
        if not interruptions:
            raise
        code = 130
    if "multiprocessing" in sys.modules and sys.modules["multiprocessing"].active_children():
        sys.exit(code)  # workers that are still there must be told
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


STANDARD_ERROR = 2
interruptions: list[int] = []
"""Ctrl-C came."""


def interrupted(number: int, frame: object) -> NoReturn:
    """End what is going on, without another word.

    Where polars calls Python, it turns the exception into others or panics, and tells so itself: of 40 exports that were interrupted
    while they wrote, four ended with a traceback of such an error.
    """
    del frame
    interruptions.append(number)
    mute(STANDARD_ERROR)
    raise KeyboardInterrupt


def mute(descriptor: int) -> None:
    """Let nothing more be written there, whoever tries."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def flush() -> None:
    """Write what is left; a reader that went away (`| head`) is no error, a full disk is."""
    try:
        sys.stdout.flush()
    except OSError as problem:
        # what could not be written must not be tried again when Python ends
        mute(sys.stdout.fileno())
        if not isinstance(problem, BrokenPipeError):
            note(f"standard output could not be written: {problem.strerror}")
            sys.exit(1)


if __name__ == "__main__":
    program()
