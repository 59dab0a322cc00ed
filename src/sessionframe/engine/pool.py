"""Tasks -> parsed frames, in this process or with worker processes beside it."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from functools import cache
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from sessionframe.engine.task import Job, Parsed, Task, parse_task
from sessionframe.frames.memory import FRUGAL
from sessionframe.providers.contract import Source

IDLE_S = 10
"""After this long without work a worker ends by itself [s]."""
PARENT_CHECK_S = 1
"""How often a worker looks whether its parent is still there: a parent that is killed cannot end its workers [s]."""
WORKER_ENVIRONMENT = {"POLARS_MAX_THREADS": "1", "LOKY_MAX_MEMORY_LEAK_SIZE": "1e12", **FRUGAL}
"""A worker builds small frames: a pool of threads for each would only cost memory. Its memory grows with the largest source,
which loky would take for a leak, and warn of it."""

Done = Callable[[int], None]


def run(tasks: Sequence[Task], jobs: int, done: Done, meanwhile: Callable[[], object] = lambda: None) -> Iterator[Parsed]:
    """Parse all tasks.

    Parameters
    ----------
    tasks
        The largest first.
    jobs
        Processes to use, this one included.
    done
        Called in this thread with the number of bytes that were parsed since the last call.
    meanwhile
        What this process has to do anyway, and best does while workers start.

    Yields
    ------
    dict of str to polars.DataFrame
        What `parse_task` returns, in no particular order. A worker that dies loses nothing: its tasks are parsed here.
    """
    pickled = pickled_jobs(tasks) if jobs > 1 else {}
    elsewhere = [task for task in tasks if id(task.job) in pickled]
    if elsewhere:
        yield from Shared(elsewhere, pickled, done).run(jobs - 1, meanwhile)
    for task in tasks:
        if id(task.job) not in pickled:
            yield parse_task(task, done)


def pickled_jobs(tasks: Sequence[Task]) -> dict[int, bytes]:
    """The jobs that other processes can do, ready to be sent: by `id`, once for all their tasks.

    Pickled here and now and not by the pool, because its thread would do so while this process goes on using the same objects.
    """
    jobs = {id(task.job): task.job for task in tasks}
    found = {number: pickled_job(job) for number, job in jobs.items()}
    return {number: pickled for number, pickled in found.items() if pickled is not None}


def pickled_job(job: Job) -> bytes | None:
    """A job ready for another process; nothing when its provider exists only in this one.

    A function of `__main__` would pickle, but a worker does not import the user's script: it may lack a guard.
    """
    if getattr(job.parse, "__module__", "__main__") == "__main__":
        return None
    try:
        return pickle.dumps(job, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - objects of other packages may refuse in any way
        return None


class Shared:
    """Work shared with worker processes: they are given tasks from the front, this process takes them from the back.

    Workers come from loky: `fork` deadlocks once polars has threads, and the standard library's `spawn` runs the user's
    script again, which needs a guard that scripts and notebooks lack. Tasks are handed out two at a time for each worker, by the
    thread that receives the results, so that no worker waits for this process to finish a long task of its own. None is ever
    cancelled: loky 3.7 fails on cancelled tasks when it kills its workers.
    """

    def __init__(self, tasks: Sequence[Task], jobs: Mapping[int, bytes], done: Done) -> None:
        self._waiting = deque(tasks)
        self._jobs = jobs
        self._lock = Lock()
        self._given = 0
        self._results: SimpleQueue[tuple[Task, Parsed | None]] = SimpleQueue()
        self._done = done

    def run(self, workers: int, meanwhile: Callable[[], object]) -> Iterator[Parsed]:
        """Parse the tasks with this many workers beside this process."""
        from loky.process_executor import ProcessPoolExecutor  # takes longer to load than reading a small home

        executor = ProcessPoolExecutor(
            workers, timeout=IDLE_S, initializer=begin_worker, initargs=(os.getpid(), self._jobs), env=WORKER_ENVIRONMENT
        )
        try:
            # before anything else is loaded here: workers start while this process still imports polars
            for _ in range(2 * workers):
                self._give(executor)
            meanwhile()
            yield from self._beside()
        except BaseException:
            self._waiting.clear()
            end_now(executor)
            raise
        executor.shutdown(wait=False)  # workers without work end by themselves, nobody waits for it

    def _give(self, executor: Executor) -> None:
        """Hand the next task to a worker; its result brings the one after it."""
        with self._lock:
            if not self._waiting:
                return
            task = self._waiting.popleft()
            self._given += 1
        try:
            future = executor.submit(parse_sent, id(task.job), task.sources)
        except Exception:  # noqa: BLE001 - the workers are broken or told to end: what they do not take is parsed here
            self._results.put((task, None))
            return

        def receive(future: Future[Parsed]) -> None:
            self._give(executor)
            self._results.put((task, None if future.exception() else future.result()))

        future.add_done_callback(receive)

    def _take(self) -> Task | None:
        """The last task that no worker was given."""
        with self._lock:
            return self._waiting.pop() if self._waiting else None

    def _beside(self) -> Iterator[Parsed]:
        """Parse what workers were not given, and pass on what they return."""
        while True:
            while not self._results.empty():
                yield self._received()
            task = self._take()
            if task is not None:
                yield parse_task(task, self._done)
            elif self._given:
                yield self._received()
            else:
                return

    def _received(self) -> Parsed:
        """What a worker made of a task. Whatever went wrong with the worker, the task is parsed here."""
        task, parsed = self._results.get()
        with self._lock:
            self._given -= 1
        if parsed is None:
            return parse_task(task, self._done)
        self._done(task.size)
        return parsed


def end_now(executor: Any) -> None:
    """Kill the workers in the middle of their work: somebody pressed Ctrl-C, or gave up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # loky warns where neither psutil nor pgrep tells it the workers' children; they have none
        executor.shutdown(wait=True, kill_workers=True)


sent: dict[int, bytes] = {}
"""In a worker: the jobs of its parent."""


@cache
def job_of(number: int) -> Job:
    """In a worker: a job of the parent, unpickled once."""
    job: Job = pickle.loads(sent[number])  # noqa: S301 - our own parent wrote it
    return job


def parse_sent(number: int, sources: tuple[Source, ...]) -> Parsed:
    """In a worker: parse some sources of a job."""
    return parse_task(Task(job_of(number), sources))


def begin_worker(parent: int, jobs: Mapping[int, bytes]) -> None:
    """In a worker: take the jobs, leave Ctrl-C to the parent, which ends its workers, and end when the parent is gone."""
    sent.update(jobs)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "getppid") and sys.platform != "win32":  # Windows never tells; there a worker ends when it has been idle
        Thread(target=end_with, args=(parent,), daemon=True).start()


def end_with(parent: int) -> None:
    """Wait until the parent is gone, then end this process."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os._exit(1)
