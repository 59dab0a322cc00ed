"""The bytes read so far go in, a progress bar on standard error comes out, if somebody is there to see it and it takes long."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress, TaskID

PATIENCE_S = 0.5
"""Nobody needs a bar for work that is done sooner."""


class Bar:
    """A bar that appears when the work has lasted for `PATIENCE_S`."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._shown: tuple[Progress, TaskID] | None = None

    def __call__(self, done: int, total: int) -> None:
        """Show how much is done; called by the engine with bytes."""
        if self._shown is None:
            if time.monotonic() - self._begun < PATIENCE_S:
                return
            self._shown = self._start(total)
        progress, task = self._shown
        progress.update(task, completed=done, total=total)

    def _start(self, total: int) -> tuple[Progress, TaskID]:
        from rich.console import Console  # loads only when the bar is needed
        from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

        columns = ("Reading logs", BarColumn(), DownloadColumn(), TimeRemainingColumn())
        progress = Progress(*columns, console=Console(file=sys.stderr), transient=True)
        progress.start()
        return progress, progress.add_task("", total=total)

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._shown is not None:
            self._shown[0].stop()


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int], None] | None]:
    """A callback for `scan(progress=...)`; nothing when standard error is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = Bar()
    try:
        yield bar
    finally:
        bar.close()
