"""Time `sessionframe report` on a synthetic home, side by side with other readers, and print medians and ratios.

    python benchmarks/report.py [HOME] [--mb 1024] [--agents codex opencode] [--runs 5] [--peer NAME="COMMAND ..."]

Without HOME a home of `--mb` megabytes is made and removed afterwards. Every command runs as a whole process with that home; wall time, CPU
time and peak memory come from the operating system. The commands take turns, so that a change of the machine's speed meets all of them.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from sessionframe.testing import make_home


class Run(NamedTuple):
    """What one run took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def timed(command: list[str], home: Path) -> Run:
    """Run a command and ask the operating system what it took."""
    env = {**os.environ, "HOME": str(home), "SESSIONFRAME_CACHE": "off"}
    start = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        print(f"warning: {command[0]} exited with {process.returncode}", file=sys.stderr)
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(runs: list[Run]) -> Run:
    """The median of each figure."""
    return Run(*(statistics.median(values) for values in zip(*runs, strict=True)))


def compare(commands: dict[str, list[str]], home: Path, runs: int) -> None:
    """Print one line per command; the first is ours, the ratios are against it."""
    results: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            run = timed(command, home)
            if number:  # the first round only warms the file system's cache
                results[name].append(run)
    ours = median(next(iter(results.values())))
    size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    print(f"{size / 2**20:,.0f} MiB, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}")
    print(f"sessionframe {importlib.metadata.version('sessionframe')}, polars {importlib.metadata.version('polars')}")
    for name, each in results.items():
        middle = median(each)
        print(
            f"{name:14s} wall {middle.wall_s:6.2f} s  cpu {middle.cpu_s:6.2f} s  peak of one process {middle.peak_mb:5.0f} MB"
            f"  ours is {middle.wall_s / ours.wall_s:5.2f} times as fast"
        )


def main() -> None:
    """Read the arguments, make the home, compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", nargs="?", type=Path)
    parser.add_argument("--mb", type=int, default=1024)
    parser.add_argument("--agents", nargs="+", default=["claude-code"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    options = parser.parse_args()
    peers = {name: shlex.split(command) for name, _, command in (peer.partition("=") for peer in options.peer)}
    commands = {"sessionframe": [sys.executable, "-m", "sessionframe", "report", "--json"], **peers}
    if options.home:
        compare(commands, options.home, options.runs)
        return
    with tempfile.TemporaryDirectory() as folder:
        make_home(folder, mb=options.mb, agents=options.agents)
        compare(commands, Path(folder), options.runs)


if __name__ == "__main__":
    main()
