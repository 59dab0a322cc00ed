"""How worker processes begin, what they do, and how they end. Sources of a job go in, parsed frames come out."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

from sessionframe.engine.handover import Packed, packed
from sessionframe.engine.task import Job, Task, parse_task
from sessionframe.frames.memory import FRUGAL
from sessionframe.providers.contract import Source

IDLE_S = 10
"""After this long without work a worker of loky ends by itself [s]."""
PARENT_CHECK_S = 1
"""How often a worker looks whether its parent is still there: a parent that is killed cannot end its workers [s]."""
ENVIRONMENT = {"POLARS_MAX_THREADS": "1", **FRUGAL}
"""A worker builds small frames: a pool of threads for each would only cost memory."""
LOKY_ENVIRONMENT = {"LOKY_MAX_MEMORY_LEAK_SIZE": "1e12"}
"""The memory of a worker grows with the largest source, which loky would take for a leak, and warn of it."""


def start(workers: int, jobs: Mapping[int, bytes]) -> Executor:
    """Worker processes that know some jobs.

    A copy of this process (`fork`) begins in a hundredth of the time of a new one, so it is taken where it is safe. Elsewhere workers come
    from loky: the standard library's `spawn` runs the user's script again, which needs a guard that scripts and notebooks lack.
    """
    given = (os.getpid(), jobs)
    if may_fork():
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        return ProcessPoolExecutor(workers, get_context("fork"), begin, given)
    from loky.process_executor import ProcessPoolExecutor as LokyExecutor  # takes longer to load than reading a small home

    trackers_running()
    found: Executor = LokyExecutor(workers, timeout=IDLE_S, initializer=begin, initargs=given, env=ENVIRONMENT | LOKY_ENVIRONMENT)
    return found


def may_fork() -> bool:
    """Whether a copy of this process would work: no thread is lost in it that something waits for.

    A copy has only the thread that made it. One made after polars had started its threads stood still for ever; macOS starts threads
    of its own. So: on Linux, with one thread, before polars is loaded.
    """
    if sys.platform != "linux" or "polars" in sys.modules:
        return False
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir()) == 1  # those of native libraries too, which `threading` does not know
    except OSError:
        return False


def trackers_running() -> None:
    """Start the helper processes of loky and the standard library now: that unblocks Ctrl-C, which `deaf_to_ctrl_c` keeps blocked."""
    if sys.platform != "win32":
        from multiprocessing import resource_tracker

        from loky.backend import resource_tracker as loky_tracker

        resource_tracker.ensure_running()
        loky_tracker.ensure_running()


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Start processes that Ctrl-C never reaches, not even before they can say so themselves; here it arrives afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def finish(executor: Executor) -> None:
    """Let workers without work go: copies end at once, those of loky by themselves, and nobody waits for them."""
    executor.shutdown(wait=not of_loky(executor))


def end_now(executor: Any) -> None:
    """Kill the workers in the middle of their work: somebody pressed Ctrl-C, or gave up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # loky warns where neither psutil nor pgrep tells it the workers' children; they have none
        if of_loky(executor):
            executor.shutdown(wait=True, kill_workers=True)
        else:
            for process in list((executor._processes or {}).values()):  # noqa: SLF001 - `kill_workers` is there from Python 3.14 on
                process.kill()
            executor.shutdown(wait=True, cancel_futures=True)


def of_loky(executor: Executor) -> bool:
    """Whether workers are new processes and no copies of this one."""
    return type(executor).__module__.startswith("loky")


sent: dict[int, bytes] = {}
"""In a worker: the jobs of its parent."""


@cache
def job_of(number: int) -> Job:
    """In a worker: a job of the parent, unpickled once."""
    job: Job = pickle.loads(sent[number])  # noqa: S301 - our own parent wrote it
    return job


def parse_sent(number: int, sources: tuple[Source, ...]) -> Packed:
    """In a worker: parse some sources of a job."""
    return packed(parse_task(Task(job_of(number), sources)))


def begin(parent: int, jobs: Mapping[int, bytes]) -> None:
    """In a worker: take the jobs, leave Ctrl-C to the parent, which ends its workers, and end when the parent is gone."""
    os.environ.update(ENVIRONMENT)
    sent.update(jobs)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "getppid") and sys.platform != "win32":  # Windows never tells; there a worker ends when it has been idle
        Thread(target=end_with, args=(parent,), daemon=True).start()


def end_with(parent: int) -> None:
    """Wait until the parent is gone, then end this process."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os._exit(1)
