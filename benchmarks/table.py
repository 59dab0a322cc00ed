"""Time sessionframe as whole processes, side by side with other readers, and print one table with the machine and versions.

    python benchmarks/table.py [ROW ...] [--runs 5] [--home claude=FOLDER] [--peer NAME="COMMAND ..."]

Without names, every row but the large ones is measured. `README.md` beside this file explains rows, options and figures.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
from homes import AGENTS, Growing, Homes
from timing import Run, measured, median

REPORT = [sys.executable, "-m", "sessionframe", "report", "--json"]
READERS = [sys.executable, str(Path(__file__).with_name("readers.py"))]
HOME = "{home}"
"""Stands in a command for the home folder."""
LIBRARIES = ("sessionframe", "polars", "pandas", "pyarrow", "duckdb")
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH")
"""Variables that commands see. No others: those of agents may lead to the logs of this machine."""


class Row(NamedTuple):
    """One row of the table.

    Attributes
    ----------
    home
        The home that is read.
    target
        What it must show.
    commands
        Name -> command; ours is the first.
    cache
        Cold: home and cache are new for each run. Warm: kept, and filled by a run that does not count. Appended: warm, and a log has
        grown by a line before each run.
    peers
        Other readers are measured too.
    default
        Measured unless rows are named.
    """

    home: str
    target: str
    commands: Mapping[str, Sequence[str]]
    cache: str = "cold"
    peers: bool = False
    default: bool = True


OURS = {"sessionframe": REPORT}
ROWS: dict[str, Row] = {
    "report-cold": Row("claude", "3 times as fast as the peers, at most 400 MB", OURS, peers=True),
    "report-warm": Row("claude", "5 to 10 times as fast as the peers", OURS, "warm", peers=True),
    "report-appended": Row("claude", "within 10 % of warm", OURS, "appended", peers=True),
    "tables": Row("claude", "150 MB of log per second", {"sessionframe": [*READERS, "tables", HOME]}),
    "messages": Row(
        "claude",
        "5 times as fast as the others",
        {
            name: [*READERS, way, HOME]
            for name, way in (
                ("sessionframe", "messages"),
                ("pandas", "messages-pandas"),
                ("duckdb", "messages-duckdb"),
                ("msgspec", "messages-msgspec"),
            )
        },
    ),
    "codex-cold": Row("codex", "2 times as fast as the peers", OURS, peers=True),
    "opencode-cold": Row("opencode", "2 times as fast as the peers", OURS, peers=True),
    "large-cold": Row("large", "MB/s and memory as with the small home", OURS, peers=True, default=False),
    "large-warm": Row("large", "MB/s and memory as with the small home", OURS, "warm", peers=True, default=False),
    "demo": Row("demo", "under 0.35 s", OURS),
    "import": Row(
        "demo",
        "0.05 s more than Python alone",
        {"sessionframe": [sys.executable, "-c", "import sessionframe"], "python": [sys.executable, "-c", "pass"]},
    ),
}
SIZES = {"claude": "mb", "codex": "mb", "opencode": "mb", "large": "large_mb"}
HEAD = f"{'':4}{'command':14}{'wall s':>8}{'cpu s':>8}{'MB/s':>7}{'tree MB':>9}{'one MB':>8}{'ratio':>7}"


class Place(NamedTuple):
    """Where a command runs: a home and a folder for what programs keep outside of it."""

    home: Path
    keeps: Path

    def environment(self) -> dict[str, str]:
        """The variables that a command sees."""
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        keeps = {"SESSIONFRAME_CACHE_DIR": "sessionframe", "XDG_CACHE_HOME": "cache", "XDG_CONFIG_HOME": "config"}
        homes = {"HOME": str(self.home), "USERPROFILE": str(self.home)}
        return {**passed, **homes, **{name: str(self.keeps / folder) for name, folder in keeps.items()}}

    def run(self, command: Sequence[str]) -> Run:
        """Run a command here."""
        return measured([str(self.home) if part == HOME else part for part in command], self.environment())


@contextmanager
def new_place(homes: Homes, name: str) -> Iterator[Place]:
    """A place in which nothing has run yet; removed at the end."""
    home, keeps = homes.copy(name), Path(tempfile.mkdtemp(prefix="sessionframe-keeps-"))
    try:
        yield Place(home, keeps)
    finally:
        shutil.rmtree(home)
        shutil.rmtree(keeps)


def cold(row: Row, commands: Mapping[str, Sequence[str]], homes: Homes, runs: int) -> Iterator[tuple[str, Run]]:
    """Every run in a place of its own; the first round only brings the files into the system's memory."""
    for number in range(runs + 1):
        for name, command in commands.items():
            with new_place(homes, row.home) as place:
                run = place.run(command)
            if number:
                yield name, run


def warm(row: Row, commands: Mapping[str, Sequence[str]], homes: Homes, runs: int) -> Iterator[tuple[str, Run]]:
    """All runs in one place; the first round fills what the programs keep there."""
    with new_place(homes, row.home) as place:
        growing = Growing(place.home) if row.cache == "appended" else None
        for number in range(runs + 1):
            for name, command in commands.items():
                if growing and number:
                    growing.grow()
                run = place.run(command)
                if number:
                    yield name, run


def lines(name: str, row: Row, homes: Homes, options: argparse.Namespace) -> Iterator[str]:
    """One line per command; a ratio is how many times as long it takes as ours."""
    commands = dict(row.commands)
    if row.peers:
        commands |= {peer: command for home, peer, command in options.peer if home == ("claude" if row.home == "large" else row.home)}
    runs: dict[str, list[Run]] = {command: [] for command in commands}
    for command, run in (cold if row.cache == "cold" else warm)(row, commands, homes, options.runs):
        runs[command].append(run)
    ours = median(next(iter(runs.values())))
    size = homes.megabytes(row.home) if row.home in SIZES else None
    yield f"{name}, {'small home' if size is None else f'{size:,.0f} MB'}: {row.target}"
    for command, each in runs.items():
        took = median(each)
        speed = "" if size is None else f"{size / took.wall_s:.0f}"
        yield (
            f"{'':4}{command:14}{took.wall_s:8.3f}{took.cpu_s:8.3f}{speed:>7}"
            f"{took.tree_mb:9.0f}{took.process_mb:8.0f}{took.wall_s / ours.wall_s:7.2f}"
        )


def machine() -> str:
    """The machine and the versions, in two lines."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES if is_installed(name))
    memory = psutil.virtual_memory().total / 1e9
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, {memory:.0f} GB, load {psutil.getloadavg()[0]:.1f}"
    return f"{system}, Python {platform.python_version()}\n{versions}"


def is_installed(name: str) -> bool:
    """Whether a distribution is there."""
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def peer(text: str) -> tuple[str, str, list[str]]:
    """`[HOME/]NAME=COMMAND` as the home it is measured with, its name and its command."""
    place, _, command = text.partition("=")
    home, _, name = place.rpartition("/")
    return home or "claude", name, shlex.split(command)


def home(text: str) -> tuple[str, Path]:
    """`NAME=FOLDER` as a home that is there already."""
    name, _, folder = text.partition("=")
    if name not in AGENTS or not Path(folder).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(AGENTS)} and a folder")
    return name, Path(folder).resolve()


def main() -> None:
    """Read the arguments, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--mb", type=int, default=1024, help="size of homes that are made")
    parser.add_argument("--large-mb", type=int, default=10240, help="size of the large one")
    parser.add_argument(
        "--home", type=home, action="append", default=[], metavar="NAME=FOLDER", help=f"instead of making: {', '.join(AGENTS)}"
    )
    parser.add_argument("--peer", type=peer, action="append", default=[], metavar="[HOME/]NAME=COMMAND")
    options = parser.parse_args()
    print(f"{machine()}\nmedians of {options.runs} runs\n{HEAD}", flush=True)
    with tempfile.TemporaryDirectory(prefix="sessionframe-homes-") as scratch:
        homes = Homes(Path(scratch), dict(options.home), {name: getattr(options, size) for name, size in SIZES.items()})
        for name in options.rows or [name for name, row in ROWS.items() if row.default]:
            for line in lines(name, ROWS[name], homes, options):
                print(line, flush=True)


if __name__ == "__main__":
    main()
