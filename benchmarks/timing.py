"""A command or a function goes in, what it took comes out: wall time, processor time, memory of all its processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import psutil

SAMPLE_S = 0.02
"""How often memory is looked at [s]. A shorter peak can be missed; looking four times as often took a tenth of a processor."""


class Run(NamedTuple):
    """What one run of a command took.

    Attributes
    ----------
    wall_s
        From its start to its end [s].
    cpu_s
        Processor time of all its processes [s].
    tree_mb
        The largest sum of the resident memory of all its processes at one time [MB, 10**6 bytes]. Pages that processes share count for
        each of them.
    process_mb
        The largest resident memory that any single one of them had [MB].
    """

    wall_s: float
    cpu_s: float
    tree_mb: float
    process_mb: float


def measured(command: Sequence[str], env: Mapping[str, str]) -> Run:
    """Run a command to its end and ask the operating system what it took. Raises `RuntimeError` where it fails."""
    start = time.perf_counter()
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        memory = Memory(process.pid)
        memory.start()
        error = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    memory.end()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {error.decode(errors='replace')[-500:]}")
    largest = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    return Run(wall_s, usage.ru_utime + usage.ru_stime, max(memory.tree / 1e6, largest), largest)


class Memory(threading.Thread):
    """Looks at the memory of a process and its descendants until told to end."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.tree = 0
        self._pid = pid
        self._over = threading.Event()

    def run(self) -> None:
        """Keep the largest sum."""
        try:
            root = psutil.Process(self._pid)
            while not self._over.wait(SAMPLE_S):
                self.tree = max(self.tree, sum(map(resident, [root, *root.children(recursive=True)])))
        except psutil.Error:
            return

    def end(self) -> None:
        """Stop looking."""
        self._over.set()
        self.join()


def resident(process: psutil.Process) -> int:
    """The memory of one process that is in use now [bytes]; none once it is gone."""
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


class Comparison(NamedTuple):
    """A function of ours and the same without us; both take the same tables."""

    ours: Callable[..., Any]
    native: Callable[..., Any]


def median(runs: Sequence[Run]) -> Run:
    """The median of each figure."""
    return Run(*(statistics.median(values) for values in zip(*runs, strict=True)))


def best(function: Callable[..., Any], *given: Any, runs: int) -> float:
    """The shortest time of several calls of a function in this process [s]."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function(*given)
        times.append(time.perf_counter() - start)
    return min(times)
