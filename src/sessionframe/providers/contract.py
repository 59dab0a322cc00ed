"""What a provider is: plain functions that turn one agent's files into rows. No frame library is known here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from sessionframe.formats.originals import Original, of_file
from sessionframe.formats.originals import Place as RowPlace
from sessionframe.formats.position import Position
from sessionframe.machine import Machine
from sessionframe.schema import IssueRow, MessageRow, SessionRow, StatementRow, TableName, TitleRow, ToolCallRow, UsageRow

Filled: TypeAlias = Literal["filled", "never", "not yet"]


@dataclass(frozen=True, slots=True)
class Never:
    """A column that this agent's logs cannot fill, with the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """A column that the logs could fill and this provider does not fill yet."""

    reason: str


@dataclass(frozen=True, slots=True)
class Info:
    """What is declared of a provider; `sf.providers()` and ``docs/providers.md`` print it.

    Attributes
    ----------
    agent_type
        The lower-case name that stays, e.g. ``claude-code``.
    title
        The agent's own name.
    layout
        Where and how it keeps its sessions, in a sentence.
    versions
        Versions of the agent whose files were seen.
    evidence
        What the knowledge rests on.
    checked
        Date of the last check, ISO.
    vendor
        Seller of the models when the agent has only one.
    gaps
        Per table and column: why it is never filled, or not yet. Every column not named here is filled.
    """

    agent_type: str
    title: str
    layout: str
    versions: str
    evidence: str
    checked: str
    vendor: str | None = None
    gaps: Mapping[TableName, Mapping[str, Never | NotYet]] = field(default_factory=dict)

    def gap(self, table: TableName, column: str) -> Never | NotYet | None:
        """Why a column stays empty; nothing when it is filled."""
        return self.gaps.get(table, {}).get(column)


@dataclass(frozen=True, slots=True)
class Root:
    """One place where an agent keeps its files, whether or not it exists."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to parse: usually a file, with what its path already tells. Small and picklable.

    Attributes
    ----------
    path
        The file.
    kind
        The provider's own word for what it is.
    size, mtime_ns
        From the file system; None when it could not be asked.
    session_id, root_session_id
        What the path tells; empty where only the content can.
    companions
        Files beside it that belong to it (sidecars, ``-wal``).
    root
        The root it was found under.
    facts
        Anything else that the path or `prepare` tells, as plain values.
    part
        Which part of the file it stands for, where several sources share one that is worth several processes; empty otherwise.
    holds_many
        It holds many sessions, and only its content tells which: a database.
    """

    path: str
    kind: str
    size: int | None = None
    mtime_ns: int | None = None
    session_id: str = ""
    root_session_id: str = ""
    companions: tuple[str, ...] = ()
    root: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    part: str = ""
    holds_many: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What tells sources apart."""
        return self.path, self.part


@dataclass(frozen=True, slots=True)
class Found:
    """What `discover` saw under a root: sources, and entries that look like sources and cannot be read."""

    sources: Sequence[Source] = ()
    issues: Sequence[IssueRow] = ()


@dataclass(frozen=True, slots=True)
class Want:
    """What the caller needs, so that usage alone never pays for text.

    Attributes
    ----------
    tables
        Tables to fill. `issues` comes with whatever else is read.
    content
        Text is asked for.
    content_of
        The one table whose text is asked for; None is every table. Others may come with text too, it is dropped.
    raw
        Each record's own JSON text is asked for too.
    session_id
        Only this session is asked for; empty for all. A provider that cannot find it faster than by reading everything may give
        rows of other sessions too.
    statements
        What became of each record that states what a request used is asked for too.
    """

    tables: frozenset[TableName]
    content: bool = False
    content_of: TableName | None = None
    raw: bool = False
    session_id: str = ""
    statements: bool = False

    @property
    def only_usage(self) -> bool:
        """Nothing but model requests is wanted: records that cannot hold one need not be decoded."""
        return self.tables <= {"usage", "issues"} and "usage" in self.tables


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where reading a source can go on once it has grown.

    What `parse` yields before it stays as it is, however the source grows. What comes after it is made anew, and given back then.

    Attributes
    ----------
    offset, lines, fingerprint
        The `Position` behind the last whole line.
    state
        What the provider needs to know of everything before, in its own coding.
    """

    offset: int
    lines: int
    fingerprint: bytes
    state: bytes

    @classmethod
    def at(cls, position: Position, state: bytes) -> Checkpoint:
        """A checkpoint at the position that a reading came to."""
        return cls(position.offset, position.lines, position.fingerprint, state)


@dataclass(frozen=True, slots=True)
class Grown:
    """An earlier reading of a source that has only grown since.

    Attributes
    ----------
    position
        Where to go on.
    state
        That of the checkpoint.
    rows
        What was yielded behind the checkpoint, in the same order, without issues.
    """

    position: Position
    state: bytes
    rows: Sequence[TableRow]


@dataclass(frozen=True, slots=True)
class Context:
    """What `parse` may use beside the source. Picklable without `grown`.

    Attributes
    ----------
    machine
        Whose logs they are.
    prepared
        What `prepare` found.
    keeps
        The rows are kept for the next time, so a `Checkpoint` is of use.
    grown
        An earlier reading to go on from; only for sources that a checkpoint was made of.
    """

    machine: Machine
    prepared: Any = None
    keeps: bool = False
    grown: Grown | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """Evidence of which of two sources that share records is the original; a source without any need not say so.

    Attributes
    ----------
    says_copied
        The source itself says that its records come from elsewhere.
    copied_at
        When the copy was made (microseconds since 1970), where something in the source gives it away.
    marks
        Lines of records that are written live and never copied: an original has them between its shared records.
    side
        The source is a side thread, never the original of a conversation.
    """

    says_copied: bool = False
    copied_at: int | None = None
    marks: tuple[int, ...] = ()
    side: bool = False


@dataclass(frozen=True, slots=True)
class Unkept:
    """The rows of a source depend on more than the source, its companions and its `basis`, so they are not kept for the next time."""


def prepare_nothing(sources: Sequence[Source]) -> None:
    """For providers whose sources need no knowledge of each other."""
    del sources


def everything_prepared(source: Source, prepared: Any) -> Any:
    """For providers whose sources may depend on anything that was prepared."""
    del source
    return prepared


class LineReader(Protocol):
    """Reads a file of lines that an agent only ever adds to, and can go on where an earlier reading ended."""

    def records(self, position: Position | None = None) -> Iterator[tuple[int, Any]]:
        """The records with their lines, see `formats.jsonl.records`."""

    def unfinished(self, position: Position) -> Iterator[tuple[int, Any]]:
        """Those behind the last whole line, see `formats.jsonl.unfinished`."""

    def take(self, lines: Iterable[tuple[int, Any]]) -> Iterator[ParsedRow]:
        """The rows of some records."""

    def state(self) -> bytes | None:
        """What must be known to go on; nothing where it cannot be written down."""

    def go_on(self, grown: Grown) -> None:
        """Be as it was when it gave this state."""


def rows_of_lines(reader: LineReader, context: Context) -> Iterator[ParsedRow]:
    """The rows of all lines; where rows are kept, reading goes on where it ended last time, and says where it ends now."""
    if not context.keeps:
        yield from reader.take(reader.records())
        return
    position = Position()
    if context.grown is not None:
        position = context.grown.position
        reader.go_on(context.grown)
    yield from reader.take(reader.records(position))
    if position.more:  # a line that is being written just now: its rows must not be taken for those of a finished one
        yield from reader.take(reader.unfinished(position))
    elif (state := reader.state()) is not None:
        yield Checkpoint.at(position, state)


class OnFirstUse:
    """A function by its place, ``module:name``: the module loads when the function is first called. Picklable.

    For what an agent that is not on this machine, or whose rows are all kept, would load for nothing.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self.__module__ = place.partition(":")[0]  # like the function's: what is kept of a log depends on the code that read it

    def __call__(self, *args: Any) -> Any:
        """Call the function."""
        return at_place(self.place)(*args)


def at_place(place: str) -> Any:
    """What a place, ``module:name``, has."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


TableRow: TypeAlias = SessionRow | MessageRow | ToolCallRow | UsageRow | IssueRow | TitleRow | StatementRow
ParsedRow: TypeAlias = TableRow | Lineage | Checkpoint | Unkept
"""What `parse` yields: rows of the tables, and at most one of each of the others."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One agent: where its files are and how they become rows.

    Attributes
    ----------
    info
        The declaration.
    version
        Raised when the output of `parse` changes.
    roots
        Machine -> the places to look at, all operating systems and environment variables.
    discover
        Root -> sources, from names and first bytes only.
    parse
        Source -> rows. Never raises on content: what cannot be read becomes an `issues` row.
    prepare
        Sources -> what must be known across files before parsing. Small and picklable.
    basis
        The part of what was prepared that the rows of a source can depend on; its `repr` tells whether it has changed. Everything, unless
        the provider knows better.
    retention
        Machine -> how long the agent keeps its logs, in words; for ``sessionframe doctor``.
    originals
        Place of a row -> the records that it was made of, as they stand in the file.
    remains
        Root -> what shows that it held sessions that are gone, in words; for ``sessionframe doctor``. Asked only where no session is.
    """

    info: Info
    version: int
    roots: Callable[[Machine], list[Root]]
    discover: Callable[[Root], Found]
    parse: Callable[[Source, Want, Context], Iterator[ParsedRow]]
    prepare: Callable[[Sequence[Source]], Any] = prepare_nothing
    basis: Callable[[Source, Any], Any] = everything_prepared
    retention: Callable[[Machine], str | None] = lambda machine: None
    originals: Callable[[RowPlace], Iterator[Original]] = of_file
    remains: Callable[[Root], str | None] = lambda root: None

    @property
    def agent_type(self) -> str:
        """The lower-case name that stays."""
        return self.info.agent_type


def unique_roots(roots: Iterable[Root]) -> list[Root]:
    """Roots without those that lead to the same folder through a link or another spelling."""
    seen: dict[Path, Root] = {}
    for root in roots:
        try:
            real = root.path.resolve()
        except (OSError, RuntimeError):
            real = root.path
        seen.setdefault(real, root)
    return list(seen.values())
