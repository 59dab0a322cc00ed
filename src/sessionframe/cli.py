"""Arguments of the command line go in; a scan is made and shown. Data goes to standard output, everything else to standard error.

Libraries that take long to load are imported inside the commands, so that ``--help`` and mistakes answer at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from sessionframe.errors import OptionError, ProviderNotFoundError, SessionFrameError

if TYPE_CHECKING:
    from sessionframe.engine import Logs

Period: TypeAlias = Literal["daily", "weekly", "monthly", "total"]
TableChoice: TypeAlias = Literal["sessions", "messages", "tool_calls", "usage", "issues"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a frame of locals could show the text of a session
    context_settings={"help_option_names": ["-h", "--help"]},
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scan:
    """The options of every command that reads logs; they mean the same everywhere, and the same as the arguments of `scan`."""

    agent: Annotated[
        list[str] | None, typer.Option("--agent", "-a", metavar="AGENT", help="Only this agent, e.g. claude-code. Repeatable.")
    ] = None
    home: Annotated[
        list[str] | None,
        typer.Option(
            "--home",
            metavar="[LABEL=]PATH",
            help="Another home folder: a sample, a backup, a colleague's machine. Repeatable; a label names it in the column host.",
        ),
    ] = None
    root: Annotated[
        list[str] | None,
        typer.Option("--root", metavar="AGENT=PATH", help="A folder of an agent in place of its usual ones. Repeatable."),
    ] = None
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="From this ISO date or time on.")] = None
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Up to this ISO date or time, itself not included.")] = None
    tz: Annotated[str, typer.Option("--tz", metavar="ZONE", help="Time zone in which days begin, e.g. Europe/Berlin.")] = "local"
    project: Annotated[
        list[str] | None,
        typer.Option("--project", metavar="PATH", help="Only this project folder and what is below it. Repeatable."),
    ] = None
    prices: Annotated[str | None, typer.Option("--prices", metavar="FILE", help="A file of own prices.")] = None
    jobs: Annotated[int | None, typer.Option("--jobs", metavar="N", help="Processes to read with; by default one per processor.")] = None

    @property
    def roots(self) -> dict[str, list[str]] | None:
        """Agent -> folders, as `scan` takes them."""
        found: dict[str, list[str]] = {}
        for text in self.root or ():
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

    @contextlib.contextmanager
    def logs(self) -> Iterator[Logs]:
        """Scan, with a progress bar while the logs are read."""
        from sessionframe.engine import scan
        from sessionframe.report.progress import progress_bar
        from sessionframe.zones import zone

        zone(self.tz)  # a mistake shows before the logs are read
        with progress_bar() as progress:
            yield scan(
                *(self.agent or ()),
                home=self.homes,
                roots=self.roots,
                since=self.since,
                until=self.until,
                tz=self.tz,
                project=self.project,
                prices=self.prices,
                n_jobs=self.jobs,
                progress=progress,
            )


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
        options = {field.name: given.pop(field.name) for field in dataclasses.fields(Scan)}
        command(Scan(**options), **given)

    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    shared = inspect.signature(Scan, eval_str=True).parameters.values()
    run.__signature__ = inspect.Signature([*(p.replace(kind=p.KEYWORD_ONLY) for p in (*own, *shared))])  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in (*own, *shared)}
    return run


def version() -> str:
    """The version of this package."""
    from importlib.metadata import version as installed

    return installed("sessionframe")


def print_version(wanted: bool) -> None:
    """Say the version and stop."""
    if wanted:
        typer.echo(version())
        raise typer.Exit


@app.callback()
def sessionframe(
    version: Annotated[bool, typer.Option("--version", callback=print_version, is_eager=True, help="Show the version and stop.")] = False,
) -> None:
    """Read the session logs that AI coding agents leave on this machine: reports, checks, exports. Nothing leaves the machine."""
    del version


@app.command()
@reads_logs
def report(
    scan: Scan,
    *,
    period: Annotated[Period, typer.Argument(help="One row per day, week (from Monday) or month, or one in all.")] = "daily",
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="GROUP", help="Group by agent, project, branch, session, model or host. Repeatable, or with commas."),
    ] = None,
    titles: Annotated[bool, typer.Option("--titles", help="Show the titles of sessions, which can tell what was talked about.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON in a shape that stays.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with the same columns as the JSON rows.")] = False,
) -> None:
    """Tokens and cost per day, week or month. The cost is an API-equivalent estimate at list prices, not a bill."""
    from sessionframe.report.groups import columns_of, names_of

    if as_json and as_csv:
        raise OptionError("--json and --csv exclude each other.")
    groups = names_of(by or (), titles=titles)
    columns_of(period, groups)  # a mistake shows before the logs are read
    with scan.logs() as logs:
        logs.usage.to_frame("polars")  # before the libraries of the report load: worker processes are at work meanwhile
        from sessionframe.report.usage import usage_report

        made = usage_report(logs, period=period, by=groups, tz=scan.tz, titles=titles)
    if as_json:
        from sessionframe.report.data import report_json

        typer.echo(report_json(made, version=version(), since=scan.since, until=scan.until))
    elif as_csv:
        from sessionframe.report.data import report_csv

        typer.echo(report_csv(made), nl=False)
    else:
        from sessionframe.report.table import print_report
        from sessionframe.report.terminal import console

        print_report(made, console())
    if made.rows.is_empty():
        note("No model requests found. `sessionframe doctor` tells where was looked and what was found.")


@app.command()
@reads_logs
def doctor(scan: Scan, *, as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False) -> None:
    """What was looked for and found: folders, files, newest record, how long logs are kept, problems and what to do about them."""
    from sessionframe.engine.registry import selected
    from sessionframe.report.diagnosis import doctor_json, print_doctor
    from sessionframe.report.doctor import diagnose
    from sessionframe.report.terminal import console

    with scan.logs() as logs:
        found = diagnose(logs, selected(tuple(scan.agent or scan.roots or ())), roots=scan.roots)
    if as_json:
        typer.echo(doctor_json(found, tz=scan.tz, version=version()))
    else:
        print_doctor(found, console(), tz=scan.tz)


@app.command()
@reads_logs
def export(
    scan: Scan,
    *,
    table: Annotated[TableChoice, typer.Argument(help="The table to write.")],
    to: Annotated[str, typer.Option("--to", metavar="FILE", help="The file; - is standard output.")],
    file_format: Annotated[
        Literal["parquet", "csv", "jsonl"] | None, typer.Option("--format", help="By default what the suffix of the file says.")
    ] = None,
    content: Annotated[bool, typer.Option("--content", help="With the text of prompts, answers, arguments and results.")] = False,
    replays: Annotated[bool, typer.Option("--replays", help="With records that are copies of another session's history.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write a table as Parquet, CSV or JSON lines. The file appears when it is complete."""
    from sessionframe.report import export as exporting

    streamed = to == "-"
    chosen = exporting.file_format(to, file_format)
    exporting.check_stream(chosen) if streamed else exporting.check_target(to, force=force)
    with scan.logs() as logs:
        frame = getattr(logs, table).to_frame("polars", content=content, replays=replays)
    if streamed:
        exporting.write_stream(frame, sys.stdout.buffer, chosen)
    else:
        exporting.write_file(frame, to, chosen)
        note(f"{frame.height:,} rows of {table} written to {to}")


@app.command()
def schema(
    table: Annotated[TableChoice | None, typer.Argument(help="One table; by default all of them.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """The columns of the tables: dtype, unit, meaning."""
    from sessionframe.report import declared

    typer.echo(declared.schema_json(table)) if as_json else declared.print_schema(table)


@app.command()
def providers(as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False) -> None:
    """The agents whose logs can be read, what that rests on, and what their logs cannot tell."""
    from sessionframe.engine.registry import selected
    from sessionframe.report import declared

    known = selected(())
    typer.echo(declared.providers_json(known)) if as_json else declared.print_providers(known)


COMMANDS = (report, doctor, export, schema, providers)
"""In the order in which help and documentation show them."""


def note(text: str) -> None:
    """A line for people, never in the way of data."""
    print(f"sessionframe: {text}", file=sys.stderr)  # noqa: T201 - the command line is where printing belongs


def main() -> None:
    """Run the command line: exit code 0, 1 for what cannot be done, 2 for wrong arguments, 130 for Ctrl-C."""
    from sessionframe.frames.memory import FRUGAL
    from sessionframe.report.streams import make_streams_safe

    os.environ.update(FRUGAL)
    make_streams_safe()
    warnings.showwarning = lambda message, *_, **__: note(f"warning: {message}")
    try:
        app()
    except (OptionError, ProviderNotFoundError) as problem:
        note(str(problem))
        sys.exit(2)
    except (SessionFrameError, OSError) as problem:
        note(str(problem))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        flush_quietly()


def flush_quietly() -> None:
    """Write what is left; a reader that went away (`| head`) is no error."""
    try:
        sys.stdout.flush()
    except OSError:
        # what could not be written must not be tried again when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
