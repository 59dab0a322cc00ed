"""A plan goes in, the tables that are wanted come out: chunks of sources, parsed here and by workers, put together once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sessionframe.engine.failures import failure
from sessionframe.engine.plan import Group, Plan
from sessionframe.engine.pool import run
from sessionframe.engine.task import Job, Task
from sessionframe.providers.contract import Context, Source, Want
from sessionframe.schema import TABLES, IssueRow, TableName

if TYPE_CHECKING:
    import polars as pl

    from sessionframe.pricing import PriceList

Progress: TypeAlias = Callable[[int, int], None]


class Kept(NamedTuple):
    """The rows of a table with its public columns, sorted: those that count, and copies of another session's history."""

    own: pl.DataFrame
    copies: pl.DataFrame


Tables: TypeAlias = dict[TableName, Kept]

LIGHT = Want(frozenset({"usage", "issues"}))
FULL = Want(frozenset(TABLES))
CONTENT = Want(frozenset(TABLES), content=True)

CHUNK_BYTES = 8 << 20
MOST_CHUNKS = 32
"""Sources per task: small enough that all processes finish together, large enough that frames are not all overhead."""
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


def load(plan: Plan, want: Want, options: Options) -> Tables:
    """Read everything that a plan lists.

    Parameters
    ----------
    plan
        The sources.
    want
        `LIGHT` fills only `usage` and `issues`; the rows of `usage` are the same as with `FULL`.
    options
        What the caller asked for.

    Returns
    -------
    dict of str to Kept
        The wanted tables.
    """
    issues = list(plan.issues)
    chunk = max(CHUNK_BYTES, plan.size // MOST_CHUNKS) if want.only_usage else CHUNK_BYTES  # frames of usage alone are small
    tasks = [task for group in plan.groups for task in group_tasks(group, want, issues, chunk)]
    tasks.sort(key=lambda task: -task.size)  # workers take the largest first, so that no big one is left for the end
    jobs = min(worthwhile_jobs(plan, want, options.jobs), len(tasks))
    parsed = list(run(tasks, jobs, Ticker(plan.size, options.progress), meanwhile=load_libraries))

    from sessionframe.engine.assemble import assemble  # loads polars, for which the workers should not have to wait

    return assemble(parsed, issues, want, options, session_gaps(plan))


def load_libraries() -> None:
    """Load what is needed once everything is parsed: a third of a second that is for nothing while workers start."""
    from sessionframe import pricing
    from sessionframe.engine import assemble

    del assemble
    pricing.preload()


def worthwhile_jobs(plan: Plan, want: Want, jobs: int | None) -> int:
    """The number of processes that there is enough to do for."""
    most = plan.size // WORTH_A_WORKER[want.only_usage]
    if most <= 1:
        return 1
    if jobs is None:
        from loky import cpu_count  # knows the limits of containers too; loads slowly, so only where workers may be started

        jobs = cpu_count()
    return min(jobs, most)


def group_tasks(group: Group, want: Want, issues: list[IssueRow], chunk: int) -> Iterator[Task]:
    """The sources of an agent in portions of about equal size; a source is never divided."""
    try:
        prepared = group.provider.prepare(group.sources)
    except Exception as problem:  # noqa: BLE001 - what can be read without it is still worth having
        issues.append(failure(problem, group.provider, group.machine, "prepare"))
        prepared = None
    job = Job(group.provider.parse, Context(group.machine, prepared), want, group.names)
    for sources in portions(sorted(group.sources, key=lambda source: (-(source.size or 0), source.key)), chunk):
        yield Task(job, sources)


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


class Ticker:
    """Counts bytes and tells the caller how far the work is."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._progress = progress
        self._done = 0

    def __call__(self, size: int) -> None:
        """Note that this many more bytes are done."""
        self._done += size
        if self._progress is not None:
            self._progress(self._done, self._total)


def session_gaps(plan: Plan) -> dict[str, frozenset[str]]:
    """Agent -> columns of `sessions` that its logs cannot fill."""
    return {group.provider.agent_type: frozenset(group.provider.info.gaps.get("sessions", {})) for group in plan.groups}
