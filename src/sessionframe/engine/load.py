"""A plan goes in, the tables that are wanted come out: chunks of sources, parsed here and by workers, put together once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec

from sessionframe.engine.cache.damage import DamagedError
from sessionframe.engine.cache.identity import digest_of
from sessionframe.engine.cache.manifest import Entry
from sessionframe.engine.needs import columns_for
from sessionframe.engine.plan import Plan
from sessionframe.engine.portion import Portion, keeping
from sessionframe.engine.question import Question
from sessionframe.engine.task import Part, collector_paused
from sessionframe.providers.contract import Want
from sessionframe.schema import CONTENT_COLUMNS, TABLES, IssueRow, TableName

if TYPE_CHECKING:
    import polars as pl

    from sessionframe.pricing import PriceList

Progress: TypeAlias = Callable[[int, int], None]


class Kept(NamedTuple):
    """The rows of a table with its public columns, sorted: those that count, and copies of another session's history."""

    own: pl.DataFrame
    copies: pl.DataFrame


Tables: TypeAlias = dict[TableName, Kept]

NEEDED: dict[TableName, tuple[TableName, ...]] = {"messages": ("messages", "usage", "issues")}
"""Tables whose text can be had without reading all: copies of messages are known by those of requests, and by nothing else."""
LIGHT = Want(frozenset({"usage", "issues"}))
FULL = Want(frozenset(TABLES))
CONTENT = {name: Want(frozenset(NEEDED.get(name, TABLES)), content=True, content_of=name) for name in CONTENT_COLUMNS}

QUESTIONS = {LIGHT: Question("usage"), CONTENT["messages"]: Question("messages")}
"""Depths of reading that answer one question."""

CHUNK_BYTES = 16 << 20
MOST_CHUNKS = 32
LARGEST_CHUNK = 64 << 20
"""Sources per task: small enough that all processes finish together, large enough that frames are not all overhead. Those of usage alone
are small, so there are no more than `MOST_CHUNKS`, but for homes so large that the rows of each would fill memory in every process."""
KEPT_AT_ONCE = 1 << 30
MOST_PIECES = 8
"""What is read of so many bytes, or of this part of all, is kept while others are still read: a large home is not held in memory with
columns that nobody asked for, and the cache does not end in many small files."""
KEPT_BESIDE = 1 << 30
"""Of so many bytes, rows of usage may be held until they are kept while others are put together: 55 MB, for a tenth of the time."""
WORTH_NARROWING = 50_000
"""Kept rows of which it pays to find those that are asked for, before the others are loaded."""
WORTH_A_WORKER = {True: 64 << 20, False: 16 << 20}
"""Bytes of work that pay for starting a process, by whether only usage is wanted."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller of `scan` asked for beside the sources.

    Attributes
    ----------
    since, until
        Half-open range of time (microseconds since 1970 UTC).
    projects
        Host -> project folders.
    prices
        Own prices.
    jobs
        Processes to use, this one included; None is as many as there are processors.
    progress
        Called in the caller's thread with the bytes done and the bytes there are.
    """

    since: int | None = None
    until: int | None = None
    projects: dict[str | None, tuple[str, ...]] = field(default_factory=dict)
    prices: PriceList | None = None
    jobs: int | None = None
    progress: Progress | None = None

    @property
    def are_limits(self) -> bool:
        """Rows are left out by time or project."""
        return self.since is not None or self.until is not None or bool(self.projects)


@dataclass(slots=True)
class Beginning:
    """What is known of the sources of a plan before any of them is read.

    Attributes
    ----------
    plan
        The sources.
    want
        `LIGHT` fills only `usage` and `issues`; the rows of `usage` are the same as with `FULL`.
    portions
        The sources of each agent on each machine, with what is kept of them.
    issues
        What was noted on the way.
    is_sound
        Once it is read: another reading of the same files would bring the same.
    """

    plan: Plan
    want: Want
    portions: list[Portion]
    issues: list[IssueRow]
    is_sound: bool = True

    @classmethod
    def of(cls, plan: Plan, want: Want) -> Beginning:
        """Look at every source from outside."""
        issues = list(plan.issues)
        portions = [Portion.of(group, want, issues) for group in plan.groups]
        return cls(plan, want, portions, issues)

    def fingerprint(self) -> bytes | None:
        """A digest that changes when the rows of any source can; nothing where files do not tell, or are written just now."""
        looks = [portion.fingerprint() for portion in self.portions]
        if None in looks:
            return None
        return digest_of((looks, [msgspec.structs.astuple(issue) for issue in self.issues]))

    @property
    def is_kept(self) -> bool:
        """No source need be read."""
        return not any(portion.looked.new or portion.looked.grown for portion in self.portions)


@collector_paused()
def load(begun: Beginning, options: Options, asked: Question | None = None, *, for_pandas: bool = False) -> Tables:
    """Read everything that a plan lists, and what is kept of it from earlier.

    Parameters
    ----------
    begun
        The sources.
    options
        What the caller asked for.
    asked
        A question, if it is all that must be answered.
    for_pandas
        The caller will make pandas frames of them.

    Returns
    -------
    dict of str to Kept
        The wanted tables, or at least the rows and columns of the one that is asked for: the same whatever is kept.
    """
    portions, want = begun.portions, begun.want
    if asked is None:
        asked = QUESTIONS.get(want)
    try:
        parts = read(portions, want, options, asked, for_pandas=for_pandas)
    except DamagedError:
        for portion in portions:
            portion.forget()
        parts = read(portions, want, options, asked, for_pandas=for_pandas)
    from sessionframe.engine.assemble import assemble, assembled  # loads polars, for which the workers should not have to wait

    begun.is_sound = all(portion.is_sound for portion in portions)
    waiting = sum(portion.size_waiting for portion in portions)
    with keeping(portions, beside=not want.only_usage or waiting <= KEPT_BESIDE):
        if asked is not None and asked.is_plain:
            return assembled(parts, begun.issues, asked, options)
        return assemble(parts, begun.issues, options, session_gaps(begun.plan))


def read(portions: Sequence[Portion], want: Want, options: Options, asked: Question | None, *, for_pandas: bool = False) -> list[Part]:
    """The rows of all sources that can have a part in what is asked for. Raises `DamagedError` where what is kept cannot be read."""
    ticker = Ticker(sum(portion.group.size for portion in portions), options.progress)
    size = sum(portion.size_to_read for portion in portions)
    chunk = max(CHUNK_BYTES, min(size // MOST_CHUNKS, LARGEST_CHUNK)) if want.only_usage else CHUNK_BYTES
    tasks = [task for portion in portions for task in portion.tasks(chunk)]
    tasks.sort(key=lambda task: -task.size)  # workers take the largest first, so that no big one is left for the end
    jobs = min(worthwhile_jobs(size, want, options.jobs), len(tasks))
    owners = {tuple(portion.group.names.items()): portion for portion in portions}
    columns = columns_for(asked, with_projects=bool(options.projects))
    much = max(KEPT_AT_ONCE, size // MOST_PIECES)
    parts = []
    from sessionframe.engine.pool import run  # what is kept needs no processes

    for parsed in run(tasks, jobs, ticker, meanwhile=partial(load_libraries, for_pandas=for_pandas)):
        owner = owners[tuple(parsed.names.items())]
        owner.take(parsed)
        parts.append(Part.of(parsed).only(columns))
        if owner.size_waiting >= much and not narrows(options, asked):
            owner.keep_some()
    parts += [Part.of(parsed).only(columns) for portion in portions for parsed in portion.go_on()]
    parts += [portion.known(entries, columns) for portion, entries in narrowed(portions, want, options, asked)]
    ticker.end()
    return parts


def narrows(options: Options, asked: Question | None) -> bool:
    """Whether only some rows are asked for."""
    return options.are_limits or (asked is not None and asked.test is not None)


def narrowed(portions: Sequence[Portion], want: Want, options: Options, asked: Question | None) -> list[tuple[Portion, list[Entry]]]:
    """Which of the kept sources can have a part in what is asked for, beside what was read just now. Raises `DamagedError`."""
    everything = [(portion, portion.entries) for portion in portions]
    if not narrows(options, asked):
        return everything
    rows = sum(span.length for _, entries in everything for entry in entries for spans in entry.spans.values() for span in spans)
    if rows < WORTH_NARROWING:
        return everything
    from sessionframe.engine.narrow import narrow  # loads polars, for which the workers should not have to wait

    return narrow(portions, want, options, asked)


def load_libraries(*, for_pandas: bool = False) -> None:
    """Load what is needed once everything is parsed: a third of a second that is for nothing while workers start."""
    from sessionframe import pricing
    from sessionframe.engine import assemble

    del assemble
    pricing.preload()
    if for_pandas:
        from sessionframe.frames.forward import offer_in_pandas

        offer_in_pandas()


def worthwhile_jobs(size: int, want: Want, jobs: int | None) -> int:
    """The number of processes that there is enough to do for."""
    most = size // WORTH_A_WORKER[want.only_usage]
    if most <= 1:
        return 1
    if jobs is None:
        from loky import cpu_count  # knows the limits of containers too; loads slowly, so only where workers may be started

        jobs = cpu_count()
    return min(jobs, most)


class Ticker:
    """Counts bytes and tells the caller how far the work is."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._progress = progress
        self._done = 0

    def end(self) -> None:
        """Note that everything is done: what was kept needed no reading."""
        if self._done < self._total:
            self(self._total - self._done)

    def __call__(self, size: int) -> None:
        """Note that this many more bytes are done."""
        self._done += size
        if self._progress is not None:
            self._progress(self._done, self._total)


def session_gaps(plan: Plan) -> dict[str, frozenset[str]]:
    """Agent -> columns of `sessions` that its logs cannot fill."""
    return {group.provider.agent_type: frozenset(group.provider.info.gaps.get("sessions", {})) for group in plan.groups}
