"""`scan`: agents, homes and limits in, `Logs` out. Lists the sources; the five tables of `Logs` parse them on first use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple

from sessionframe import cachefiles
from sessionframe.engine.load import CONTENT, FULL, LIGHT, Beginning, Options, Progress, load
from sessionframe.engine.needs import PRICED
from sessionframe.engine.options import (
    EPOCH,
    Home,
    Moment,
    PathLike,
    Project,
    Roots,
    machines,
    process_count,
    project_folders,
    root_folders,
    time_range,
)
from sessionframe.engine.plan import Plan, make_plan
from sessionframe.engine.question import Question
from sessionframe.engine.table import Depth, Table
from sessionframe.errors import OptionError, listed
from sessionframe.machine import Machine
from sessionframe.providers.contract import Provider, Source, Want
from sessionframe.schema import TABLES, TableName

if TYPE_CHECKING:
    import polars as pl

    from sessionframe.engine.audit import Audit
    from sessionframe.engine.load import Tables
    from sessionframe.pricing import PriceList

SERVING: dict[Depth, tuple[Want, ...]] = {"usage": (LIGHT, FULL), "all": (FULL,), **{name: (want,) for name, want in CONTENT.items()}}
"""What to read, and what else would serve. Text is null unless it is asked for, so a reading with the text of a table serves only that."""


def scan(
    *agents: str,
    home: Home = None,
    roots: Roots = None,
    since: Moment = None,
    until: Moment = None,
    tz: str = "local",
    project: Project = None,
    prices: PathLike | PriceList | None = None,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> Logs:
    """Find the session logs of AI coding agents. Cheap: sources are listed, nothing is parsed.

    Parameters
    ----------
    *agents
        Agent types, e.g. ``claude-code``; none means all that are known.
    home
        Another home folder (a sample, a backup), or a mapping of labels to home folders that are read together; the `host`
        column then holds the label. The environment variables of this machine do not count for them. None is this machine.
    roots
        Agent -> folders to read in place of that agent's own. Only the agents named here are read unless `agents` says else.
    since, until
        Half-open range of time: records at `since` are in it, records at `until` are not. A date is its midnight in `tz`.
        Tables are as if the logs held nothing else; what has no time is left out. `issues` are those of everything read.
    tz
        Time zone of `since` and `until` without one: ``local`` or a name such as ``Europe/Berlin``.
    project
        Folder, or several: only what happened in it or below it, by working directory or repository. Paths follow the rules of the
        system that wrote them: of Windows in any case and with either slash. ``~`` is the home. A folder of Windows that
        WSL calls ``/mnt/c/code`` has two names that nothing brings together; give both.
    prices
        File of own prices, or a `PriceList`.
    n_jobs
        Processes to read with; by default the environment variable ``SESSIONFRAME_JOBS``, else all processors. 1 stays in
        this process. The rows do not depend on it.
    progress
        Called with the bytes done and the bytes there are while logs are read, in the thread that asked for a table.

    Returns
    -------
    Logs
        The five tables.

    Raises
    ------
    ProviderNotFoundError
        An agent is not known.
    OptionError
        A home, root, time, zone, project or number of processes cannot be used.
    PriceFileError
        The file of own prices cannot be read.

    Examples
    --------
    >>> import sessionframe as sf
    >>> logs = sf.scan("claude-code", since="2026-10-01")  # doctest: +SKIP
    >>> logs.usage.to_frame("polars")  # doctest: +SKIP
    """
    among = machines(home)
    given = root_folders(roots, among)
    start, end = time_range(since, until, tz)
    options = Options(start, end, project_folders(project, among), price_list(prices), process_count(n_jobs), progress)
    return Logs(make_plan(providers(agents, given), among, given), among, options)


def providers(agents: Sequence[str], roots: Mapping[str, object]) -> list[Provider]:
    """The providers to read with."""
    from sessionframe.engine.registry import selected  # knows every agent, of which workers need only one

    chosen = selected(agents or tuple(roots))
    unread = sorted(roots.keys() - {provider.agent_type for provider in chosen})
    if unread:
        raise OptionError(f"roots= names {listed(unread)}, which is not among the agents to read: {listed(agents)}. Name it there too.")
    return chosen


def price_list(prices: PathLike | PriceList | None) -> PriceList | None:
    """Own prices, read now so that a mistake in the file shows at once."""
    if prices is None:
        return None
    from sessionframe.pricing import PriceList  # loads polars, which listing sources does not need

    return prices if isinstance(prices, PriceList) else PriceList.read(Path(prices).expanduser())


class Look(NamedTuple):
    """What is known of logs before they are read.

    Attributes
    ----------
    fingerprint
        Changes when what is read can change.
    is_kept
        Nothing need be read.
    """

    fingerprint: bytes
    is_kept: bool


class Logs:
    """The logs that `scan` found, as five tables.

    Attributes
    ----------
    sessions
        One row per conversation or sub-agent thread.
    messages
        One row per content part of a message.
    tool_calls
        One row per tool call with its result.
    usage
        One row per model request.
    issues
        One row per thing not read, not priced or counted only partly.
    sources
        What is read.
    machines
        Whose logs they are.
    """

    def __init__(self, plan: Plan, among: Sequence[Machine], options: Options) -> None:
        self._plan = plan
        self._options = options
        self._loaded: dict[Want, Tables] = {}
        self._narrow: tuple[frozenset[str], Tables] = (frozenset(), {})
        self._begun: Beginning | None = None
        self._is_sound = True
        self._lock = RLock()
        self.machines = list(among)
        self.sessions, self.messages, self.tool_calls, self.usage, self.issues = (
            Table(name, self._tables, self._answer, options.prices, self._why_empty) for name in TABLES
        )

    @property
    def sources(self) -> list[tuple[str, Source]]:
        """Agent and source of everything there is to read, in the order it was found."""
        return [(group.provider.agent_type, source) for group in self._plan.groups for source in group.sources]

    def __repr__(self) -> str:
        agents = list(dict.fromkeys(group.provider.agent_type for group in self._plan.groups))
        parts = [listed(agents) or "nothing found", f"{len(self.sources):,} sources", f"{self._plan.size / 1e6:,.1f} MB"]
        parts += [f"{name} {EPOCH + timedelta(microseconds=at):%Y-%m-%d %H:%M} UTC" for name, at in self._range.items()]
        return f"<sessionframe Logs: {', '.join(parts)}>"

    @property
    def _range(self) -> dict[str, int]:
        """The limits of time that are set."""
        limits = {"since": self._options.since, "until": self._options.until}
        return {name: at for name, at in limits.items() if at is not None}

    @property
    def limits_in_words(self) -> tuple[str, ...]:
        """The limits of time and project, as a sentence has them; empty where nothing is left out."""
        words = {"since": "on or after", "until": "before"}
        times = [f"{words[name]} {EPOCH + timedelta(microseconds=at):%Y-%m-%d %H:%M} UTC" for name, at in self._range.items()]
        folders = dict.fromkeys(folder for spellings in self._options.projects.values() for folder in spellings)
        return (*times, *([f"in project {' or '.join(folders)}"] if folders else []))

    def without_limits(self) -> Logs:
        """The same sources with nothing left out by time or project; read anew."""
        return Logs(self._plan, self.machines, replace(self._options, since=None, until=None, projects={}))

    def _why_empty(self) -> str:
        """Why a table without rows has none, as far as is known without reading anything again."""
        files = len(self.sources)
        if not files:
            return f"no logs of {listed(self._plan.agents) or 'any agent'} were found: `sessionframe doctor` tells where was looked"
        read = f"{files:,} {'source' if files == 1 else 'sources'}"
        if self.limits_in_words:
            return f"nothing in {read} is {' and '.join(self.limits_in_words)}"
        return f"{read}, none with such a record"

    @property
    def limits(self) -> tuple[object, ...]:
        """What rows are left out, and which agents are read."""
        options = self._options
        return options.since, options.until, options.projects, [group.provider.agent_type for group in self._plan.groups]

    def audit(self) -> Audit:
        """Read everything anew, and how its records became requests; what `sessionframe.verify` shows."""
        from sessionframe.engine.audit import audit

        return audit(self._plan, self._options)

    def look(self) -> Look | None:
        """What the table `usage` will be made of, without reading it; nothing where nothing is kept, or files are written just now."""
        with self._lock:
            if self._loaded or self._narrow[1] or self._options.prices is not None:
                return None
            self._begun = Beginning.of(self._plan, LIGHT)
            fingerprint = self._begun.fingerprint()
            return None if fingerprint is None else Look(fingerprint, self._begun.is_kept)

    @property
    def is_sound(self) -> bool:
        """Another reading of the same files would bring the same."""
        return self._is_sound

    def _tables(self, depth: Depth, columns: Collection[str] | None = None, *, for_pandas: bool = False) -> Tables:
        """The tables of the first reading that serves, held for the next time."""
        with self._lock:
            done = self._held(depth)
            if done is None and columns is not None and depth == "usage":
                return self._some(frozenset(columns))
            if done is None:
                done = SERVING[depth][0]
                begun = self._begin(done)
                tables = load(begun, self._options, for_pandas=for_pandas)
                if done.content_of is not None:  # the other tables are there without text already, or will be
                    tables = {done.content_of: tables[done.content_of]}
                self._loaded[done] = tables
                self._is_sound = self._is_sound and begun.is_sound
            return self._loaded[done]

    def _some(self, columns: frozenset[str]) -> Tables:
        """Some columns of `usage` with its issues, held for the next time that no more is asked for."""
        held, tables = self._narrow
        if not tables or not columns <= held:
            begun = self._begin(LIGHT)
            tables = load(begun, self._options, Question("usage", columns | PRICED))  # issues name what has no price
            self._narrow = columns, tables
            self._is_sound = self._is_sound and begun.is_sound
        return tables

    def _begin(self, want: Want) -> Beginning:
        """The beginning of a reading: the one that was only looked at, if that is it."""
        begun, self._begun = self._begun, None
        return begun if begun is not None and begun.want == want else Beginning.of(self._plan, want)

    def _held(self, depth: Depth) -> Want | None:
        return next((want for want in SERVING[depth] if want in self._loaded), None)

    def _answer(self, table: TableName, depth: Depth, columns: list[str] | None, predicate: pl.Expr | None) -> pl.DataFrame:
        """The rows of a lazy query: everything is read and held, unless reading less is all the same the next time."""
        from sessionframe.engine.question import question  # loads polars, which listing sources does not need

        with self._lock:
            asked = question(table, columns, predicate, (group.provider.agent_type for group in self._plan.groups))
            want = SERVING[depth][0]
            if self._held(depth) is None and (asked.agents is not None or (not want.content and cachefiles.folder() is not None)):
                return load(Beginning.of(asked.plan(self._plan), want), self._options, asked)[table].own
            return self._tables(depth)[table].own
