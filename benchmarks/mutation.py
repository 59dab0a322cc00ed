"""Which mistakes in the counting code do the tests notice? Makes mutants, runs the tests that can see each, prints a score per room.

    python benchmarks/mutation.py --sample 600 [--seed 1] [--room dialects ...] [--in codex/usage ...] [--results FILE] [--again FILE]

Mutants are those of mutmut's operators (see `mutants.py`); a sample is drawn from each module in proportion to its mutants. The tests are
imported once; every mutant then lives in a fork of that process, where the code of the changed function is put in place of the
old one. First, all tests run once under `coverage`, so that a mutant meets only those that run its lines, the quickest first, until one
fails. Needs a system with `fork`, and `pip install mutmut coverage` beside the developers' environment. Nothing is written but `--results`
(one JSON line per mutant, the survivors among them) and `--map` (which test runs which lines; it is made anew if it is not there).
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import math
import os
import random
import resource
import signal
import sys
import time
import types
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import coverage
import pytest
from mutants import Mutant, changed_functions, mutants

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = PROJECT / "src" / "sessionframe"
ROOMS = {
    "providers": "providers/**/*.py",
    "dialects": "dialects/**/*.py",
    "frames": "frames/*.py",
    "pricing": "pricing/*.py",
}
NOT_COUNTING = {f"frames/{name}.py" for name in ("activity", "build", "dtypes", "forward", "memory", "pandas", "results", "scope")}
TESTS = ("providers", "contract", "dialects", "frames", "pricing")
SAME_WAYS = (
    "test_types_are",
    "test_references_are",
    "test_no_text",
    "test_the_order_of_files",
    "test_what_is_kept",
    "test_the_home_is_left",
    "test_several_processes",
    "test_cutting_a_file",
    "test_a_file_that_grows",
    "test_other_agents",
    "test_the_time_zone",
    "test_expected_rows",
)
"""Tests of the contract that go the ways of its other tests again, with another question; `--all` asks them too."""
SLACK_S, TIMES, PATIENCE_S, TRIES = 10, 10, 180, 3
"""A test that takes this much longer than it did, and this many times as long, of processor time, hangs. One that waits for so
long without using it has met a lock that another thread of the parent held when it was forked; it is tried again."""
MEMORY = 12 * 2**30
"""Address space of one fork [bytes]: a mutant that never stops collecting must not take the machine with it."""


class Runner:
    """The pytest plugin: in place of the tests it runs mutants.

    Parameters
    ----------
    options
        The command line's.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Map what is not mapped yet, then run the mutants."""
        for module in sorted(PACKAGE.rglob("*.py")):
            name = ".".join(module.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
            if any(room in name for room in (*ROOMS, ".engine", ".formats")):
                importlib.import_module(name)
        by_id = {item.nodeid: item for item in session.items}
        seen = self._seen(session)
        if not self.options.sample:
            return True
        for item in session.items:
            if "sample" in getattr(item, "callspec", item).__dict__.get("params", {}):
                _ = item.callspec.params["sample"].home  # type: ignore[attr-defined]  # databases are laid out once, not in every fork
        functions = functions_by_file()
        gc.freeze()  # so that a fork shares the memory
        with self.options.results.open("a") as results:
            for mutant in chosen(self.options):
                names = that_see(mutant, seen, self.options.budget) if self.options.map else ((name, 1.0) for name in by_id)
                tests = [(by_id[name], took) for name, took in names if name in by_id]
                began = time.monotonic()
                outcome, by = verdict(session, mutant, tests, functions)
                row = {"key": mutant.key, "line": mutant.line, "change": mutant.tell(), "outcome": outcome, "by": by, "tests": len(tests)}
                results.write(json.dumps({**row, "s": round(time.monotonic() - began, 2)}) + "\n")
                results.flush()
        return True

    def _seen(self, session: pytest.Session) -> dict[str, Any]:
        """Which test runs which lines, and how long each takes; of several maps all."""
        for path in self.options.map:
            if not path.is_file():
                in_fork(partial(write_map, session, path))
        took: dict[str, float] = {}
        lines: dict[str, dict[str, list[str]]] = {}
        for part in (json.loads(path.read_text()) for path in self.options.map):
            took |= part["took"]
            for file, numbers in part["lines"].items():
                for number, names in numbers.items():
                    lines.setdefault(file, {}).setdefault(number, []).extend(names)
        return {"took": took, "lines": lines}


def in_fork(work: Any) -> tuple[int, str]:
    """Do something in a fork; its status, and what it wrote down."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        told, status = "", 3
        try:
            told, status = work() or "", 0
        except BaseException as error:  # noqa: BLE001 - a mutant may raise anything
            told = f"{type(error).__name__}: {error}"
        os.write(writing, str(told).encode()[:4000])
        os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().decode(errors="replace")
    return os.waitpid(child, 0)[1], told


class Noted:
    """What became of the tests, and how long each took [s]."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}
        self.bad: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """After each phase of each test."""
        self.took[report.nodeid] = self.took.get(report.nodeid, 0) + report.duration
        if report.outcome != "passed":
            self.bad.append(report.nodeid)


def run(session: pytest.Session, items: list[pytest.Item], *, stop: bool) -> Noted:
    """Run tests in this order, until one fails where that is wanted."""
    noted = Noted()
    config = session.config
    config.pluginmanager.register(noted)
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        config.pluginmanager.unregister(terminal)
    config.option.maxfail = 1 if stop else 0
    for place, item in enumerate(items):
        following = items[place + 1] if place + 1 < len(items) else None
        config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if stop and noted.bad:
            break
    return noted


def write_map(session: pytest.Session, path: Path) -> None:
    """All tests once: which lines of the package each one runs, and how long it takes."""
    watch = coverage.Coverage(data_file=None, include=[f"{PACKAGE}/*"], config_file=False)
    watch.start()

    class Switch:
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_protocol(self, item: pytest.Item) -> None:
            watch.switch_context(item.nodeid)

    session.config.pluginmanager.register(Switch())
    noted = run(session, session.items, stop=False)
    watch.stop()
    data = watch.get_data()
    lines = {str(Path(file).relative_to(PROJECT)): data.contexts_by_lineno(file) for file in data.measured_files()}
    passed = {name: took for name, took in noted.took.items() if name not in noted.bad}
    path.write_text(json.dumps({"took": passed, "lines": lines, "bad": noted.bad}))


def that_see(mutant: Mutant, seen: dict[str, Any], budget: float) -> Iterator[tuple[str, float]]:
    """The tests that run the lines of a mutant, the quickest first, as many as fit into so many seconds."""
    lines = seen["lines"].get(mutant.path, {})
    names = {name for line in mutant.lines for name in lines.get(str(line), ())}
    for name, took in sorted(((name, seen["took"][name]) for name in names if name in seen["took"]), key=lambda test: test[1]):
        budget -= took
        if budget < 0:
            return
        yield name, took


def verdict(
    session: pytest.Session, mutant: Mutant, tests: list[tuple[pytest.Item, float]], known: Mapping[str, list[types.FunctionType]]
) -> tuple[str, str]:
    """What became of a mutant, and which test told."""
    file = PROJECT / mutant.path
    functions = changed_functions(*(compile(text, str(file), "exec") for text in (file.read_text("utf-8"), mutant.make())))
    if not functions:
        return "not run", "changes no code, or only what is evaluated when the function is defined"
    if not tests:
        return "survived", "no test runs it"

    def work() -> str:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        session.config._tmp_path_factory._given_basetemp = Path(f"/tmp/mutation-{os.getppid()}")  # type: ignore[attr-defined]  # noqa: S108, SLF001
        if not put(functions, known.get(str(file), [])):
            return "?"
        limits = {item.nodeid: SLACK_S + TIMES * took for item, took in tests}

        class Limit:
            @pytest.hookimpl(tryfirst=True)
            def pytest_runtest_protocol(self, item: pytest.Item) -> None:
                signal.setitimer(signal.ITIMER_PROF, limits[item.nodeid])
                signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)

        session.config.pluginmanager.register(Limit())
        return "".join(run(session, [item for item, _ in tests], stop=True).bad[:1])

    for _ in range(TRIES):
        status, told = in_fork(work)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM):
            break
    if os.WIFSIGNALED(status):
        return ("timeout" if os.WTERMSIG(status) in {signal.SIGALRM, signal.SIGPROF} else "killed"), f"signal {os.WTERMSIG(status)}"
    if told == "?":
        return "not run", "the function is nowhere"
    return ("killed" if told else "survived"), told


def functions_by_file() -> dict[str, list[types.FunctionType]]:
    """Every function of the package that there is, by the file it is from."""
    found: dict[str, list[types.FunctionType]] = {}
    for each in gc.get_objects():
        if isinstance(each, types.FunctionType) and each.__code__.co_filename.startswith(str(PACKAGE)):
            found.setdefault(each.__code__.co_filename, []).append(each)
    return found


def put(codes: dict[tuple[str, int], types.CodeType], functions: list[types.FunctionType]) -> int:
    """Give the functions their new code; how many there were."""
    found = 0
    for function in functions:
        new = codes.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
        if new is not None and len(new.co_freevars) == len(function.__code__.co_freevars):
            function.__code__ = new
            found += 1
    return found


def chosen(options: argparse.Namespace) -> Iterator[Mutant]:
    """The sample, in an order in which every beginning of it is a fair one; of an earlier run, only those that were not noticed."""
    again = {row["key"] for file in options.again for row in rows_of(file) if row["outcome"] == "survived"}
    done = {row["key"] for row in rows_of(options.results)}
    chance, placed = random.Random(options.seed), []  # noqa: S311 - a sample, not a secret
    for file in (file for room in options.room for file in files_of(room, options.within)):
        of_file = list(mutants(file, PROJECT))
        chance.shuffle(of_file)
        placed += [((place + chance.random()) / len(of_file), mutant) for place, mutant in enumerate(of_file)]
    everything = [mutant for _, mutant in sorted(placed, key=lambda pair: pair[0])]
    print(f"{len(everything)} mutants: {dict(Counter(mutant.path.split('/')[2] for mutant in everything))}", flush=True)
    picked = [mutant for mutant in everything if mutant.key in again] if options.again else everything
    for mutant in picked[: options.sample]:
        if mutant.key not in done:
            yield mutant


def files_of(room: str, within: list[str]) -> list[Path]:
    """The modules of a room that count."""
    files = sorted(PACKAGE.glob(ROOMS[room]))
    kept = [file for file in files if file.relative_to(PACKAGE).as_posix() not in NOT_COUNTING]
    return [file for file in kept if not within or any(part in file.as_posix() for part in within)]


def rows_of(file: Path) -> Iterator[dict[str, Any]]:
    """The results in a file."""
    if file.is_file():
        yield from map(json.loads, file.read_text().splitlines())


def shown(rows: Iterable[dict[str, Any]]) -> None:
    """A line per room: how many were noticed, and the 95 % interval of the share (Wilson)."""
    rooms: dict[str, Counter[str]] = {}
    for row in rows:
        room = row["key"].split("/")[2]
        for name in (room, "all"):
            rooms.setdefault(name, Counter())[row["outcome"]] += 1
    for room, counts in sorted(rooms.items()):
        hits, n = counts["killed"] + counts["timeout"], sum(counts.values()) - counts["not run"]
        if n:
            share, z = hits / n, 1.96
            middle, half = share + z * z / 2 / n, z * math.sqrt(share * (1 - share) / n + z * z / 4 / n / n)
            low, high = ((middle + sign * half) / (1 + z * z / n) for sign in (-1, 1))
            print(f"{room:10} {hits:5} of {n:5} = {share:6.1%}   [{low:.1%}, {high:.1%}]   {dict(counts)}")


def main() -> None:
    """Read the arguments, start pytest once, print the score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=600, help="how many mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", nargs="+", choices=ROOMS, default=list(ROOMS))
    parser.add_argument("--in", nargs="+", default=[], dest="within", help="only files whose path has one of these in it")
    parser.add_argument("--budget", type=float, default=30, help="seconds of tests that a mutant may have to live through")
    parser.add_argument("--named", help="only tests whose names fit, as `pytest -k`")
    parser.add_argument("--all", action="store_true", help="ask all tests, also those that seldom notice what others do not")
    parser.add_argument("--results", type=Path, default=Path("mutation.jsonl"))
    parser.add_argument("--again", type=Path, nargs="+", default=[], help="results of earlier runs: only their survivors are run")
    parser.add_argument(
        "--map",
        type=Path,
        nargs="*",
        default=[Path("mutation-map.json")],
        help="made anew if there is none; without a file, all tests are asked",
    )
    parser.add_argument("--tests", nargs="+", default=TESTS, help="folders or files of tests; a sample of 0 only makes their map")
    parser.add_argument("--score", action="store_true", help="only print the score of --results")
    options = parser.parse_args()
    options.results, options.map = options.results.resolve(), [path.resolve() for path in options.map]
    if not options.score:
        os.chdir(PROJECT)
        os.environ.setdefault("HYPOTHESIS_PROFILE", "few")
        os.environ["POLARS_MAX_THREADS"] = "1"  # one mutant, one processor
        which = [f"tests/{name}" for name in (*options.tests, *(("engine", "testing") if options.all else ()))]
        keep = [f"({options.named})"] if options.named else []
        keep += [] if options.all else [f"not ({' or '.join(SAME_WAYS)})"]
        which += ["-k", " and ".join(keep)] if keep else []
        status = pytest.main(["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-m", "not slow", *which], plugins=[Runner(options)])
        if status not in {0, 5}:
            sys.exit(status)
    shown(rows_of(options.results))


if __name__ == "__main__":
    main()
