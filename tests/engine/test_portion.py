"""Keeping what was read beside other work: whatever ends that work, nothing that is being written is left unfinished."""

from __future__ import annotations

from threading import Event, Thread
from typing import Any

import pytest

from sessionframe.engine.portion import Portion, finish, keeping


class Interrupted(Thread):
    """A thread during whose first joins Ctrl-C comes."""

    def __init__(self, go: Event, times: int) -> None:
        super().__init__(target=go.wait, args=(60,))
        self.go, self.times = go, times

    def join(self, timeout: float | None = None) -> None:
        if self.times:
            self.times -= 1
            if not self.times:
                self.go.set()  # the writing ends only after the last of them
            raise KeyboardInterrupt
        super().join(timeout)


def test_ctrl_c_while_a_thread_writes() -> None:
    """It is waited for, and Ctrl-C is not forgotten."""
    thread = Interrupted(Event(), 1)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        finish(thread)
    assert not thread.is_alive()


def test_without_ctrl_c() -> None:
    thread = Interrupted(Event(), 0)
    thread.go.set()
    thread.start()
    finish(thread)
    assert not thread.is_alive()


class Slow(Portion):
    """One whose rows are written when the caller's work is over, not before."""

    def __init__(self) -> None:
        self.go, self.kept = Event(), False

    def keep(self) -> None:
        assert self.go.wait(60)
        self.kept = True


@pytest.mark.parametrize("problem", [KeyboardInterrupt, MemoryError, None])
def test_what_ends_the_work_beside(problem: type[BaseException] | None) -> None:
    portion = Slow()

    def work() -> Any:
        with keeping([portion], beside=True):
            assert not portion.kept
            portion.go.set()
            if problem is not None:
                raise problem

    if problem is None:
        work()
    else:
        with pytest.raises(problem):
            work()
    assert portion.kept
