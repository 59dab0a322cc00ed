"""Tasks -> parsed frames, in this process or with worker processes beside it."""

from __future__ import annotations

import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sessionframe.engine.memory import FRUGAL
from sessionframe.engine.task import Parsed, Task, parse_pickled, parse_task

IDLE_S = 10
"""After this long without work a worker ends by itself, even when its parent was killed [s]."""
WORKER_ENVIRONMENT = {"POLARS_MAX_THREADS": "1", **FRUGAL}
"""A worker builds small frames: a pool of threads for each would only cost memory."""

Done = Callable[[int], None]


def run(tasks: Sequence[Task], jobs: int, done: Done) -> Iterator[Parsed]:
    """Parse all tasks.

    Parameters
    ----------
    tasks
        The largest first.
    jobs
        Processes to use, this one included.
    done
        Called in this thread with the number of bytes that were parsed since the last call.

    Yields
    ------
    dict of str to polars.DataFrame
        What `parse_task` returns, in no particular order. A worker that dies loses nothing: its tasks are parsed here.
    """
    pickled = [pickled_task(task) if jobs > 1 else None for task in tasks]
    elsewhere = [(task, payload) for task, payload in zip(tasks, pickled, strict=True) if payload is not None]
    if elsewhere:
        yield from Shared(elsewhere, done).run(jobs - 1)
    for task, payload in zip(tasks, pickled, strict=True):
        if payload is None:
            yield parse_task(task, done)


def pickled_task(task: Task) -> bytes | None:
    """A task ready for another process; nothing when its provider exists only in this one.

    A function of `__main__` would pickle, but a worker does not import the user's script: it may lack a guard.
    """
    if getattr(task.parse, "__module__", "__main__") == "__main__":
        return None
    try:
        return pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None


class Shared:
    """Work shared with worker processes: they take the tasks from the front, this process from the back.

    Workers come from loky: `fork` deadlocks once polars has threads, and the standard library's `spawn` runs the user's
    script again, which needs a guard that scripts and notebooks lack.
    """

    def __init__(self, tasks: Sequence[tuple[Task, bytes]], done: Done) -> None:
        self._tasks = tasks
        self._done = done

    def run(self, workers: int) -> Iterator[Parsed]:
        """Parse the tasks with this many workers beside this process."""
        from loky.process_executor import ProcessPoolExecutor  # takes longer to load than reading a small home

        executor = ProcessPoolExecutor(workers, timeout=IDLE_S, initializer=ignore_interrupts, env=WORKER_ENVIRONMENT)
        finished = False
        try:
            # submitted before anything else is loaded here: a worker starts while this process still imports polars
            futures = deque((task, executor.submit(parse_pickled, payload)) for task, payload in self._tasks)
            yield from self._beside(futures)
            finished = True
        finally:
            # idle workers are told to end and nobody waits for it; after Ctrl-C they are killed in the middle of their work
            executor.shutdown(wait=not finished, kill_workers=not finished)

    def _beside(self, futures: deque[tuple[Task, Any]]) -> Iterator[Parsed]:
        """Parse what no worker has begun, hand out what the workers finish."""
        while futures:
            while futures and futures[0][1].done():
                yield self._result(*futures.popleft())
            taken = self._next_unbegun(futures)
            if taken is not None:
                yield parse_task(taken, self._done)
            elif futures:
                yield self._result(*futures.popleft())

    def _next_unbegun(self, futures: deque[tuple[Task, Any]]) -> Task | None:
        """The last task that no worker has begun."""
        if futures and futures[-1][1].cancel():
            return futures.pop()[0]
        return None

    def _result(self, task: Task, future: Any) -> Parsed:
        """What a worker made of a task. Whatever went wrong with the worker, the task is parsed here."""
        try:
            parsed: Parsed = future.result()
        except Exception:  # noqa: BLE001 - a killed or broken worker, or a fault that shows itself here again
            return parse_task(task, self._done)
        self._done(task.size)
        return parsed


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the parent, which ends its workers; they would only print tracebacks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
