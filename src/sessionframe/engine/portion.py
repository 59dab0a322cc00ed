"""The sources of one agent on one machine -> tasks for those that must be read, and the kept rows of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

from sessionframe.engine.cache.damage import DamagedError
from sessionframe.engine.cache.manifest import Entry
from sessionframe.engine.cache.shelf import Key, Looked, Shelf
from sessionframe.engine.failures import failure
from sessionframe.engine.plan import Group
from sessionframe.engine.task import Job, Parsed, Part, Task, parse_task
from sessionframe.formats.position import position_again
from sessionframe.providers.contract import Context, Grown, Source, Want
from sessionframe.schema import IssueRow


@dataclass(slots=True)
class Portion:
    """The sources of a group while they are read.

    Attributes
    ----------
    group, job
        The sources, and how they are parsed.
    shelf
        What is kept of them; None where nothing is.
    looked
        What need not be read.
    parsed
        What was read.
    went_on
        What was kept of sources that had only grown.
    """

    group: Group
    job: Job
    shelf: Shelf | None
    looked: Looked
    parsed: list[Parsed] = field(default_factory=list)
    went_on: dict[Key, Entry] = field(default_factory=dict)

    @classmethod
    def of(cls, group: Group, want: Want, issues: list[IssueRow]) -> Portion:
        """Prepare a group, and look what is kept of it."""
        try:
            prepared = group.provider.prepare(group.sources)
        except Exception as problem:  # noqa: BLE001 - what can be read without it is still worth having
            issues.append(failure(problem, group.provider, group.machine, "prepare"))
            prepared = None
        shelf = Shelf.of(group, want, prepared)
        job = Job(group.provider.parse, Context(group.machine, prepared, keeps=shelf is not None), want, group.names)
        return cls(group, job, shelf, shelf.look() if shelf else Looked(new=list(group.sources)))

    @property
    def size_to_read(self) -> int:
        """Bytes of the sources that must be read."""
        return sum(source.size or 0 for source in self.looked.new)

    def tasks(self, chunk: int) -> Iterator[Task]:
        """The sources that must be read in portions of about equal size; a source is never divided."""
        for sources in portions(sorted(self.looked.new, key=lambda source: (-(source.size or 0), source.key)), chunk):
            yield Task(self.job, sources)

    def known(self, done: Callable[[int], None]) -> list[Part]:
        """What need not be read, or only from where it ended. Raises `DamagedError`."""
        if self.shelf is None:
            return []
        grown = [self._go_on(source, entry) for source, entry in self.looked.grown]
        self.parsed += grown
        entries, before = self.looked.kept, list(self.went_on.values())
        lineages = {entry.path: entry.lineage for entry in entries if entry.lineage is not None}
        rows = self.shelf.frames([*(entry.spans_of_rows for entry in entries), *(entry.settled for entry in before)])
        done(self.group.size - self.size_to_read)
        return [Part(rows, lineages), *map(Part.of, grown)]

    def forget(self) -> None:
        """Read everything: what is kept is damaged."""
        if self.shelf is not None:
            self.shelf.forget()
        self.looked, self.parsed, self.went_on = Looked(new=list(self.group.sources)), [], {}

    def keep(self) -> None:
        """Keep what was read for the next time."""
        if self.shelf is not None:
            try:
                self.shelf.keep(self.looked, self.went_on, self.parsed)
            except DamagedError:
                self.shelf.forget()

    def _go_on(self, source: Source, entry: Entry) -> Parsed:
        """Read a source from where it ended, if its beginning is still what it was."""
        point, task = entry.checkpoint, Task(self.job, (source,))
        position = position_again(source.path, point.offset, point.lines, point.fingerprint) if point else None
        if position is None or self.shelf is None:
            return parse_task(task)
        state, rows = self.shelf.rows_behind(entry)
        self.went_on[source.key] = entry
        return parse_task(task, grown=Grown(position, state, rows))


def portions(sources: Sequence[Source], chunk: int) -> Iterator[tuple[Source, ...]]:
    """Neighbouring sources of about `chunk` bytes together."""
    taken: list[Source] = []
    size = 0
    for source in sources:
        taken.append(source)
        size += source.size or 0
        if size >= chunk:
            yield tuple(taken)
            taken, size = [], 0
    if taken:
        yield tuple(taken)


@contextmanager
def keeping(of: Sequence[Portion]) -> Iterator[None]:
    """Keep what was read in a thread of its own while the caller goes on; ends when both are done."""

    def keep() -> None:
        for portion in of:
            portion.keep()

    thread = Thread(target=keep, name="sessionframe-cache")
    thread.start()
    try:
        yield
    finally:
        thread.join()
