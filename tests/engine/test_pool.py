"""Several processes: the same rows, whatever happens to the workers, and none of them left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import loky
import psutil  # type: ignore[import-untyped]  # comes with ipykernel
import pytest

from sessionframe.engine import Logs, handover, load, pool, scan, task
from sessionframe.engine.handover import Drawer, GoneError, Packed
from sessionframe.engine.registry import register, unregister
from sessionframe.providers.contract import Provider
from sessionframe.schema import TABLES
from tests.engine import paper

pytestmark = pytest.mark.usefixtures("agent", "eager")

ROOT = Path(__file__).parents[2]


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start workers for the smallest home, and make a task of every source."""
    monkeypatch.setattr(load, "WORTH_A_WORKER", {True: 1, False: 1})
    monkeypatch.setattr(load, "CHUNK_BYTES", 1)
    monkeypatch.setenv(paper.PARENT, str(os.getpid()))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shared = [paper.usage("k", 1, 5), paper.message(0, 1, dedup_key="m"), paper.call("c", 1)]
    for number in range(12):
        rows = [paper.usage(f"k{number}-{line}", 60_000_000 * (line * 12 + number), line) for line in range(20)]
        paper.write(
            tmp_path, f"s{number:02}", paper.session(), *shared, *rows, {"table": "titles", "record_id": "m", "title": "t", "title_rank": 9}
        )
    return tmp_path


def logs(home: Path, jobs: int, agent: str = "paper", **options: Any) -> Logs:
    return scan(agent, home=home, n_jobs=jobs, **options)


def workers() -> list[psutil.Process]:
    """Worker processes that are alive; loky's resource tracker is none."""
    alive = []
    for child in psutil.Process().children(recursive=True):
        try:
            if "resource_tracker" not in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                alive.append(child)
        except psutil.NoSuchProcess:
            continue
    return alive


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=15)
    return not alive


@pytest.mark.parametrize("jobs", [2, 4])
def test_the_number_of_processes_changes_no_row(home: Path, jobs: int) -> None:
    one, several = logs(home, 1), logs(home, jobs)
    for name in TABLES:
        alone = getattr(one, name).to_frame("polars", content=True, replays=True)
        assert getattr(several, name).to_frame("polars", content=True, replays=True).equals(alone), name
        assert alone.height > 0 or name == "issues"
    assert several.usage.to_frame("polars").equals(one.usage.to_frame("polars"))
    assert gone(workers())


def test_a_worker_goes_on_while_this_process_is_busy(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More results arrive during one task of this process than were handed out before."""
    results: list[int] = []
    limit = time.monotonic() + 60
    origin = task.parse_task

    class Counted(SimpleQueue[Any]):
        def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT002
            results.append(1)
            super().put(item, block, timeout)

    def busy(given: Any, *rest: Any) -> Any:
        while len(results) < 5 and time.monotonic() < limit:
            time.sleep(0.01)
        return origin(given, *rest)

    monkeypatch.setattr(pool, "SimpleQueue", Counted)
    monkeypatch.setattr(pool, "parse_task", busy)
    assert len(logs(home, 2).usage) == 12 * 20 + 1
    assert time.monotonic() < limit


def test_no_more_processes_than_there_is_work_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "WORTH_A_WORKER", {True: 100, False: 10})
    monkeypatch.setattr(loky, "cpu_count", lambda: 7)
    sizes = (0, 199, 200, 399, 100_000)
    for want, jobs, expected in ((load.LIGHT, 4, [1, 1, 2, 3, 4]), (load.FULL, 4, [1, 4, 4, 4, 4]), (load.LIGHT, None, [1, 1, 2, 3, 7])):
        assert [load.worthwhile_jobs(size, want, jobs) for size in sizes] == expected


def test_workers_leave_ctrl_c_to_their_parent() -> None:
    code = "import os, signal; from sessionframe.engine.workers import begin; begin(os.getppid(), {}); print(signal.getsignal(2))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == str(signal.SIG_IGN)


def test_progress_reaches_the_end_in_steps(home: Path) -> None:
    seen: list[int] = []
    found = logs(home, 2, progress=lambda done, total: seen.append(done))
    len(found.usage)
    assert seen[-1] == sum(source.size or 0 for _, source in found.sources)
    assert seen == sorted(seen)
    assert len(seen) == 12


def test_a_worker_that_dies_loses_nothing(home: Path) -> None:
    paper.write(home, "deadly", *(paper.usage(f"d{line}", line, 1) for line in range(200)), {"table": "die"}, paper.usage("last", 1, 7))
    one, several = logs(home, 1), logs(home, 3)
    assert several.usage.to_frame("polars").equals(one.usage.to_frame("polars"))
    assert several.usage.issues.equals(one.usage.issues)
    assert gone(workers())


def test_a_result_that_is_gone_with_its_worker_is_made_here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[Packed] = []

    def lose(packed: Packed) -> None:
        lost.append(packed)
        raise GoneError

    monkeypatch.setattr(pool, "unpacked", lose)
    assert logs(home, 2).usage.to_frame("polars").equals(logs(home, 1).usage.to_frame("polars"))
    assert lost


@pytest.mark.skipif(sys.platform != "linux", reason="files in memory are Linux's")
def test_results_do_not_go_through_the_queue(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[type] = []

    def seen(packed: Packed) -> task.Parsed:
        places.append(type(packed.place))
        return handover.unpacked(packed)

    monkeypatch.setattr(pool, "unpacked", seen)
    assert len(logs(home, 2).usage) == 12 * 20 + 1
    assert set(places) == {Drawer}


def test_a_fault_of_the_provider_in_a_worker_is_an_issue(home: Path) -> None:
    paper.write(home, "bad", *(paper.usage(f"d{line}", line, 1) for line in range(200)), {"table": "raise", "message": "a bug"})
    found = logs(home, 2)
    assert len(found.usage) == 12 * 20 + 1 + 200
    assert found.usage.issues["detail"].str.starts_with("parse: BrokenError in paper.py, line ").any()


def test_a_provider_of_this_process_alone_is_read_here(home: Path) -> None:
    seen: list[str] = []

    def parse(source: Any, want: Any, context: Any) -> Any:
        seen.append(source.path)
        return paper.parse(source, want, context)

    register("local", Provider(paper.PROVIDER.info, 1, paper.roots, paper.discover, parse))
    try:
        assert len(logs(home, 2, "local").usage) == 12 * 20 + 1
    finally:
        unregister("local")
    assert len(seen) == 12


def test_an_object_of_this_process_alone_is_read_here(home: Path) -> None:
    """Its class is known by name in a worker, and its module is not."""

    class Elsewhere:
        def parse(self, *given: Any) -> Any:
            yield from paper.parse(*given)

    Elsewhere.__module__, Elsewhere.__qualname__ = "no_such_module", "Elsewhere"
    register("local", Provider(paper.PROVIDER.info, 1, paper.roots, paper.discover, Elsewhere().parse))
    try:
        assert len(logs(home, 2, "local").usage) == 12 * 20 + 1
    finally:
        unregister("local")


def test_what_was_prepared_is_sent_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    origin = pool.pickled_job

    def counted(job: Any) -> bytes | None:
        sent.append(id(job))
        return origin(job)

    monkeypatch.setattr(pool, "pickled_job", counted)
    paper.write(home, "p", *[{"table": "prepared"}] * 3)
    details = logs(home, 2).usage.issues["detail"].to_list()
    assert [detail for detail in details if detail.startswith("prepared")] == ["prepared for 13"] * 3
    assert len(sent) == 1


def test_a_caller_that_gives_up_leaves_no_worker(home: Path) -> None:
    class EnoughError(Exception):
        pass

    def stop(*_: int) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        len(logs(home, 3, progress=stop).usage)
    assert gone(workers())


def test_small_homes_start_no_process(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "WORTH_A_WORKER", {True: 64 << 20, False: 16 << 20})
    monkeypatch.setattr(pool, "Shared", None)
    assert len(logs(home, 8).usage) == 12 * 20 + 1


SCRIPT = """
    import sys
    sys.path.insert(0, {root!r})
    import os
    {first}
    from sessionframe.engine import load, scan
    from sessionframe.engine.registry import register
    from tests.engine import paper
    load.WORTH_A_WORKER = {{True: 1, False: 1}}
    load.CHUNK_BYTES = 1
    os.environ[paper.PARENT] = str(os.getpid())
    register("paper", paper.PROVIDER)
    print("began", flush=True)
    {rest}
"""


FORKED, NEW = "", "import polars"
"""What a script does first, by how its workers then begin: as copies of it, or as processes of loky."""
both_ways = pytest.mark.parametrize("first", [FORKED, NEW], ids=["forked", "new"])


def script(path: Path, first: str, rest: str) -> list[str]:
    file = path / "script.py"
    file.write_text(textwrap.dedent(SCRIPT).format(root=str(ROOT), first=first, rest=rest), "utf-8")
    return [sys.executable, "-W", "error", str(file)]


def ran(command: list[str]) -> tuple[list[str], str, int]:
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return run.stdout.split(), run.stderr, run.returncode


@pytest.mark.skipif(sys.platform != "linux", reason="only there a copy of a process is known to work")
@pytest.mark.parametrize(
    "before, forks",
    [
        ("", True),
        ("import polars", False),
        ("import threading, time; threading.Thread(target=time.sleep, args=(1,)).start()", False),
        ("sys.platform = 'darwin'", False),
    ],
)
def test_a_process_is_copied_only_while_it_has_one_thread(before: str, forks: bool) -> None:
    code = f"import sys; from sessionframe.engine.workers import may_fork; {before or 'pass'}; print(may_fork())"
    assert ran([sys.executable, "-c", code]) == ([str(forks)], "", 0)


@both_ways
def test_a_script_loses_nothing_when_a_worker_dies(home: Path, tmp_path: Path, first: str) -> None:
    paper.write(home, "deadly", *(paper.usage(f"d{line}", line, 1) for line in range(200)), {"table": "die"}, paper.usage("last", 1, 7))
    rest = f"found = scan('paper', home={str(home)!r}, n_jobs=3); print(len(found.usage), len(found.usage.issues))"
    alone = logs(home, 1)
    assert ran(script(tmp_path, first, rest)) == (["began", str(len(alone.usage)), str(len(alone.usage.issues))], "", 0)


@both_ways
def test_what_a_script_printed_before_comes_out_once(home: Path, tmp_path: Path, first: str) -> None:
    """A copy of a process has a copy of what was not written yet."""
    rest = f"print('kept', end=''); print(len(scan('paper', home={str(home)!r}, n_jobs=3).usage))"
    assert ran(script(tmp_path, first, rest)) == (["began", "kept241"], "", 0)


@both_ways
def test_a_script_without_a_guard_runs_once(home: Path, tmp_path: Path, first: str) -> None:
    """The standard library's `spawn` would run the script again in every worker."""
    command = script(tmp_path, first, f"print(len(scan('paper', home={str(home)!r}, n_jobs=3).usage))")
    assert ran(command) == (["began", "241"], "", 0)


@both_ways
def test_a_provider_of_the_script_itself_is_read(home: Path, tmp_path: Path, first: str) -> None:
    body = f"""
def parse(*given):
    yield from paper.parse(*given)
import dataclasses
register("own", dataclasses.replace(paper.PROVIDER, parse=parse))
print(len(scan("own", home={str(home)!r}, n_jobs=3).usage))
"""
    assert ran(script(tmp_path, first, body)) == (["began", "241"], "", 0)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent in another way")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@both_ways
def test_ctrl_c_stops_at_once_and_no_worker_outlives_the_program(home: Path, tmp_path: Path, how: signal.Signals, first: str) -> None:
    for number in range(12):
        paper.write(home, f"slow{number}", *[{"table": "sleep"}] * 100)
    command = script(tmp_path, first, f"len(scan('paper', home={str(home)!r}, n_jobs=3).usage)")
    children = 3 if first == NEW else 2  # two workers, and the resource tracker of loky
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    process = psutil.Process(program.pid)
    limit = time.monotonic() + 60
    while len(process.children(recursive=True)) < children and time.monotonic() < limit:
        time.sleep(0.05)
    time.sleep(0.5)
    family = process.children(recursive=True)
    assert len(family) >= children
    begin = time.monotonic()
    os.killpg(program.pid, how) if how == signal.SIGINT else program.kill()
    _, stderr = program.communicate(timeout=60)
    if how == signal.SIGINT:
        assert time.monotonic() - begin < 5
        assert stderr.rstrip().endswith("KeyboardInterrupt")
        assert stderr.count("\nKeyboardInterrupt") == 1  # of the program, none of a worker
        assert "executor manager" not in stderr
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
