"""A SQLite file that a program may be writing at this moment goes in; rows come out. Nothing is changed in it or beside it."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self, TypeAlias
from urllib.parse import quote

from sessionframe.formats.files import open_bytes, stat_of
from sessionframe.formats.problems import Problems

Row: TypeAlias = tuple[Any, ...]
State: TypeAlias = tuple[tuple[int, int] | None, ...]
"""Size and time of the database and of its log; nothing for a file that is not there."""

WAL: Final = "-wal"
SHARED_MEMORY: Final = "-shm"
JOURNAL: Final = "-journal"

READ_ONLY: Final = "mode=ro"
BESIDE_A_WRITER: Final = "mode=ro&readonly_shm=1"
"""Takes the locks of a reader and sees the log. With `readonly_shm` not even the marks of readers are written into the `-shm` file;
without it, and without that file, one would be created."""
IMMUTABLE: Final = "immutable=1"
"""Takes no locks and looks for no log: only right where there is none."""

WAL_MARK: Final = 2
"""Byte 18 of the header of a database that is written through a log."""
TRIES: Final = 3
PAUSE_S: Final = 0.2
BUSY_S: Final = 5
"""How long a writer is waited for: OpenCode's own transactions take milliseconds [s]."""
FAILED: Final = (sqlite3.Error, UnicodeDecodeError)
"""What reading raises. The second where SQLite quotes a damaged schema in its message, and the module takes that for UTF-8."""
TOO_MANY_COPIES: Final = "it changed while it was copied"


class Database:
    """A SQLite file, opened for reading.

    How it is opened depends on what lies beside it (measured with SQLite 3.40). A log with content and the writer's shared memory: as
    one reader more, which sees everything and writes nothing. A log without shared memory (a crash, a copied home) cannot be read in
    place without creating that file, so database and log are copied to a private folder. No log: the file alone, without locks, since
    even a read-only connection would create files beside it; it is opened anew as soon as a writer appears.

    Parameters
    ----------
    path
        The file.
    problems
        Where issues go. Nothing that the file holds raises.
    """

    def __init__(self, path: str, problems: Problems) -> None:
        self.path = path
        self._problems = problems
        self._connection: sqlite3.Connection | None = None
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._state: State = ()
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file, and remove the copy where one was made."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None

    @property
    def is_open(self) -> bool:
        """The file is a database that can be read."""
        return self._connection is not None

    def columns(self, table: str) -> frozenset[str]:
        """The columns of a table; none when it does not exist."""
        return frozenset(text(row[1]) or "" for row in self.select(f"PRAGMA table_info({table})"))

    def select(self, query: str, *values: str | bytes | int) -> Iterator[Row]:
        """The rows of a query, text as bytes: it may not be UTF-8.

        A damaged page ends the rows: those before it are kept, and the damage is reported.
        """
        if self._connection is None:
            return
        try:
            yield from self._connection.execute(query, values)
        except FAILED as error:
            self._problems.add("unreadable", f"{error}; rows behind the damage are missing")

    def begin(self) -> None:
        """Begin to read rows that belong together: they are all of one moment.

        Until `end`; keep it short, because a reader keeps the writer from folding its log into the database.
        """
        if self._copy is None and self._state != state_of(self.path):
            self.close()
            self._open()
        self._run("BEGIN")

    def end(self) -> None:
        """The rows that belong together have been read."""
        self._run("COMMIT")

    def _run(self, statement: str) -> None:
        if self._connection is not None:
            try:
                self._connection.execute(statement)
            except FAILED:
                return  # reading goes on, only not at one moment

    def _open(self) -> None:
        """Open in the first way that works; a file that cannot be read at all is an issue, and has no rows."""
        error: Exception | None = None
        for attempt in range(TRIES):
            time.sleep(PAUSE_S * attempt)
            self._state = state_of(self.path)
            try:
                self._connection = self._connected()
            except (OSError, *FAILED) as problem:
                error = problem
            else:
                return
            if not may_pass(error):
                break  # no database, or not there: waiting changes nothing
        self.close()
        self._problems.add("unreadable", getattr(error, "strerror", None) or str(error))

    def _connected(self) -> sqlite3.Connection:
        if size(self.path) == 0:
            return connected(self.path, IMMUTABLE)  # beside a database without a byte, SQLite would delete the log, even when only reading
        if not has_log(self.path):
            return connected(self.path, IMMUTABLE) if is_written_through_a_log(self.path) else self._without_a_log()
        try:
            return connected(self.path, BESIDE_A_WRITER)
        except sqlite3.OperationalError:
            if not size(self.path + WAL):
                return connected(self.path, IMMUTABLE)
        return self._copied()

    def _without_a_log(self) -> sqlite3.Connection:
        """One that is written in place. After a crash its journal must be played back first, which can only be done to a copy."""
        try:
            return connected(self.path, READ_ONLY)
        except sqlite3.OperationalError:
            if not size(self.path + JOURNAL):
                raise
        return self._copied()

    def _copied(self) -> sqlite3.Connection:
        """Open a copy of the database and its log in a folder of our own."""
        self._copy = tempfile.TemporaryDirectory(prefix="sessionframe-", ignore_cleanup_errors=True)
        target = Path(self._copy.name, "copy.db")
        for _ in range(TRIES):
            before = state_of(self.path)
            for suffix in ("", WAL, JOURNAL):
                copy_file(self.path + suffix, f"{target}{suffix}")
            if state_of(self.path) == before:
                return connected(str(target), "mode=rw")
            time.sleep(PAUSE_S)
        raise OSError(0, TOO_MANY_COPIES, self.path)


def may_pass(error: Exception) -> bool:
    """Whether an error may be gone in a moment: a writer's lock, not a file that this SQLite cannot read (`SQLITE_ERROR`)."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_ERROR


def connected(path: str, how: str) -> sqlite3.Connection:
    """A connection that has read the schema, so that whatever is wrong with the file shows here."""
    place = quote(location(path), errors="surrogateescape")  # names of files are bytes
    connection = sqlite3.connect(f"file:{place}?{how}", uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.text_factory = bytes
        connection.execute("PRAGMA query_only=1")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def location(path: str) -> str:
    """The path as a URI has it: on Windows with slashes, and one before the drive."""
    posix = Path(path).absolute().as_posix()
    return posix if posix.startswith("/") else f"/{posix}"


def is_written_through_a_log(path: str) -> bool:
    """Whether the header says so. Raises `OSError` for what cannot be read.

    Only asked where no log is there, so no connection can be open: closing a file would take its locks from it.
    """
    with open_bytes(path) as file:
        header = file.read(20)
    return len(header) > 18 and header[18] == WAL_MARK


def has_log(path: str) -> bool:
    """Whether a log lies beside the database that may hold something: it has content, or a writer has just begun it."""
    return bool(size(path + WAL)) or (size(path + WAL) is not None and size(path + SHARED_MEMORY) is not None)


def size(path: str) -> int | None:
    """Size of a file; nothing where there is none."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return None


def state_of(path: str) -> State:
    """By what a change of the database shows."""
    return tuple(stat_of(path + suffix) for suffix in ("", WAL, JOURNAL))


def copy_file(path: str, target: str) -> None:
    """Copy a file, without a trace in it; one that is not there leaves none."""
    Path(target).unlink(missing_ok=True)
    try:
        source = open_bytes(path)
    except FileNotFoundError:
        return
    with source, Path(target).open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)


def text(value: Any) -> str | None:
    """A text column, whatever type a row has in it."""
    if isinstance(value, bytes):
        return str(value, "utf-8", "replace")
    return value if value is None or isinstance(value, str) else str(value)


def whole(value: Any) -> int | None:
    """A whole number, whatever type a row has in it."""
    return int(value) if isinstance(value, int | float) and abs(value) < 2**63 else None
