"""The sources of one agent on one machine -> tasks for those that must be read, and the kept rows of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Thread

from sessionframe.engine.cache.damage import DamagedError
from sessionframe.engine.cache.manifest import Entry, Spans
from sessionframe.engine.cache.shelf import Key, Looked, Shelf
from sessionframe.engine.failures import failure
from sessionframe.engine.needs import Columns
from sessionframe.engine.plan import Group
from sessionframe.engine.task import Job, Parsed, Part, Task, parse_task
from sessionframe.formats.position import Position, position_again
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
        What was read, until it is kept.
    went_on
        What was kept of sources that had only grown.
    size_waiting
        Bytes of the sources of `parsed`.
    is_sound
        Another reading of the same files would bring the same.
    """

    group: Group
    job: Job
    shelf: Shelf | None
    looked: Looked
    parsed: list[Parsed] = field(default_factory=list)
    went_on: dict[Key, Entry] = field(default_factory=dict)
    size_waiting: int = 0
    is_sound: bool = True

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

    def fingerprint(self) -> tuple[str, bytes] | None:
        """A digest that changes when the rows of any source can; nothing where that is not known."""
        if self.shelf is None or not self.looked.is_sure:
            return None
        return self.shelf.name, self.looked.digest.digest()

    @property
    def size_to_read(self) -> int:
        """Bytes of the sources that must be read."""
        return sum(source.size or 0 for source in self.looked.new)

    def tasks(self, chunk: int) -> Iterator[Task]:
        """The sources that must be read in portions of about equal size; a source is never divided."""
        for sources in portions(sorted(self.looked.new, key=lambda source: (-(source.size or 0), source.key)), chunk):
            yield Task(self.job, sources)

    def take(self, parsed: Parsed) -> None:
        """Note what was read. Rows with text are never kept, and nothing must hold them once they are put together."""
        self.is_sound = self.is_sound and all(share.is_sound and not share.has_changed for share in parsed.shares)
        if not self.job.want.content:
            self.parsed.append(parsed)
            self.size_waiting += sum(share.source.size or 0 for share in parsed.shares)

    def go_on(self) -> list[Parsed]:
        """Read the sources that have grown from where they ended, if their beginning is still what it was. Raises `DamagedError`."""
        if self.shelf is None or not self.looked.grown:
            return []
        before = len(self.parsed)
        there = [(source, entry, position) for source, entry in self.looked.grown if (position := beginning_of(source, entry)) is not None]
        self.went_on = {source.key: entry for source, entry, _ in there}
        back = self.shelf.rows_behind([entry for _, entry, _ in there])
        for (source, _, position), (state, rows) in zip(there, back, strict=True):
            self.take(parse_task(Task(self.job, (source,)), grown=Grown(position, state, rows)))
        others = tuple(source for source, _ in self.looked.grown if source.key not in self.went_on)
        if others:
            self.take(parse_task(Task(self.job, others)))
        return self.parsed[before:]

    @property
    def entries(self) -> list[Entry]:
        """What is kept and still true, of sources that have not changed and of those that have grown."""
        return [*self.looked.kept, *self.went_on.values()]

    def known(self, entries: Sequence[Entry], columns: Columns) -> Part:
        """Some columns of the kept rows of some entries, and the issues of all. Raises `DamagedError`."""
        if self.shelf is None:
            return Part({}, {})
        chosen = {entry.key for entry in entries}
        true = [(entry, entry.settled if entry.key in self.went_on else entry.spans_of_rows) for entry in self.entries]
        rows = self.shelf.frames([spans if entry.key in chosen else only_issues(spans) for entry, spans in true], columns)
        return Part(rows, {entry.path: entry.lineage for entry in self.looked.kept if entry.lineage is not None})

    def forget(self) -> None:
        """Read everything: what is kept is damaged."""
        if self.shelf is not None:
            self.shelf.forget()
        self.looked = replace(self.looked, kept=[], grown=[], new=list(self.group.sources))
        self.parsed, self.size_waiting, self.went_on, self.is_sound = [], 0, {}, True

    def keep_some(self) -> None:
        """Keep what was read so far, and let go of it here: a long reading that is given up has not been for nothing."""
        parsed, self.parsed, self.size_waiting = self.parsed, [], 0
        if self.shelf is not None:
            self.shelf.keep_some(self.looked, parsed)

    def keep(self) -> None:
        """Keep what was read for the next time, and let go of it here."""
        parsed, self.parsed, self.size_waiting = self.parsed, [], 0
        if self.shelf is not None:
            try:
                self.shelf.keep(self.looked, self.went_on, parsed)
            except DamagedError:
                self.shelf.forget()


def beginning_of(source: Source, entry: Entry) -> Position | None:
    """Where an earlier reading of a source ended; nothing when the source does not begin any more with what was read then."""
    point = entry.checkpoint
    return None if point is None else position_again(source.path, point.offset, point.lines, point.fingerprint)


def only_issues(spans: Spans) -> Spans:
    """Issues are those of everything, whatever is asked for."""
    return {table: each for table, each in spans.items() if table == "issues"}


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
def keeping(of: Sequence[Portion], *, beside: bool) -> Iterator[None]:
    """Keep what was read, beside what the caller does or before it.

    Beside it, rows are held until they are written.
    """

    def keep() -> None:
        for portion in of:
            portion.keep()

    thread = Thread(target=keep, name="sessionframe-cache") if beside else None
    if thread is None:
        keep()
    else:
        thread.start()
    try:
        yield
    finally:
        if thread is not None:
            finish(thread)


def finish(thread: Thread) -> None:
    """Wait for a thread that is writing, also when Ctrl-C comes again: a process that ended now would leave its files unfinished."""
    try:
        thread.join()
    except KeyboardInterrupt:
        thread.join()
        raise
