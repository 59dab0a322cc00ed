"""Tasks -> parsed frames, in this process or with worker processes beside it."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock

from sessionframe.engine.handover import GoneError, Packed, unpacked
from sessionframe.engine.task import Job, Parsed, Task, parse_task
from sessionframe.engine.workers import deaf_to_ctrl_c, end_now, finish, parse_sent, start

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

    Tasks are handed out two at a time for each worker, by the thread that receives the results, so that no worker waits for this
    process to finish a long task of its own. None is ever cancelled: loky 3.7 fails on cancelled tasks when it kills its workers.
    """

    def __init__(self, tasks: Sequence[Task], jobs: Mapping[int, bytes], done: Done) -> None:
        self._waiting = deque(tasks)
        self._jobs = jobs
        self._lock = Lock()
        self._given = 0
        self._results: SimpleQueue[tuple[Task, Packed | None]] = SimpleQueue()
        self._done = done

    def run(self, workers: int, meanwhile: Callable[[], object]) -> Iterator[Parsed]:
        """Parse the tasks with this many workers beside this process."""
        executor = start(workers, self._jobs)
        try:
            # before anything else is loaded here: workers start while this process still imports polars
            with deaf_to_ctrl_c():
                for _ in range(2 * workers):
                    self._give(executor)
            meanwhile()
            yield from self._beside()
        except BaseException:
            self._waiting.clear()
            end_now(executor)
            raise
        finish(executor)

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

        def receive(future: Future[Packed]) -> None:
            failed = future.exception() is not None
            if not failed:  # where a worker died, Python 3.12 and later hold a lock that handing out a task would wait for
                self._give(executor)
            self._results.put((task, None if failed else future.result()))

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
        task, packed = self._results.get()
        with self._lock:
            self._given -= 1
        if packed is not None:
            with suppress(GoneError):
                parsed = unpacked(packed)
                self._done(task.size)
                return parsed
        return parse_task(task, self._done)
