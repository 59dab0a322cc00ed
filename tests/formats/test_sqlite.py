"""Databases that are written to, were left by a crash, are locked, damaged or none: rows come out, and nothing changes beside them."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sessionframe.formats import sqlite
from sessionframe.formats.problems import Problems
from sessionframe.formats.sqlite import Database, text, whole

COUNT = "SELECT count(*) FROM t"
WRITER = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("PRAGMA journal_mode=wal")
database.execute("CREATE TABLE IF NOT EXISTS t(a, b)")
database.executemany("INSERT INTO t VALUES(?, 'x')", [(n,) for n in range(100)])
database.commit()
"""


def made(path: Path, *, end: str = "database.close()") -> Path:
    """A database that another process wrote, and how that process ended."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-c", WRITER + end, str(path)], check=True)
    return path


KILLED = "os._exit(0)"
"""The log keeps everything, the database has one empty page: what OpenCode leaves when it exits."""


def beside(path: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of the folder, with its time."""
    return {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in sorted(path.parent.iterdir())}


def read(path: Path, query: str = COUNT) -> tuple[list[tuple[object, ...]], list[str]]:
    """Rows, and the kinds and details of the issues."""
    problems = Problems(str(path))
    with Database(str(path), problems) as database:
        rows = list(database.select(query))
    return rows, [f"{row.kind}: {row.detail}" for row in problems.rows()]


@pytest.fixture
def no_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is read is read in place."""
    monkeypatch.setattr(tempfile, "TemporaryDirectory", None)


@pytest.mark.usefixtures("no_copies")
@pytest.mark.parametrize("end", ["database.close()", KILLED], ids=["closed", "killed"])
def test_nothing_is_written_beside_a_database(tmp_path: Path, end: str) -> None:
    """`mode=ro` alone leaves a log of zero bytes and a `-shm` file, and writes its marks into the one of a writer."""
    path = made(tmp_path / "x.db", end=end)
    before = beside(path)
    assert read(path) == ([(100,)], [])
    assert beside(path) == before


@pytest.mark.usefixtures("no_copies")
def test_a_live_writer_is_read_beside_and_not_disturbed(tmp_path: Path) -> None:
    """What it has committed is seen, what it has not is not, and it goes on writing."""
    path = made(tmp_path / "x.db")
    writer = sqlite3.connect(path)
    writer.execute("INSERT INTO t VALUES(1, 'y')")
    writer.commit()
    writer.execute("INSERT INTO t VALUES(2, 'y')")
    before = beside(path)
    with Database(str(path), Problems("")) as database:
        assert list(database.select(COUNT)) == [(101,)]
        assert beside(path) == before
        writer.commit()
        assert list(database.select(COUNT)) == [(102,)]
    writer.close()


def test_rows_between_begin_and_end_are_of_one_moment(tmp_path: Path) -> None:
    """A session's messages and their parts must agree."""
    path = made(tmp_path / "x.db", end=KILLED)
    writer = sqlite3.connect(path)
    writer.execute(COUNT).fetchone()  # within one process the first to open the shared memory decides how; agents are other processes
    with Database(str(path), Problems("")) as database:
        database.begin()
        assert list(database.select(COUNT)) == [(100,)]
        writer.execute("DELETE FROM t")
        writer.commit()
        assert list(database.select(COUNT)) == [(100,)]
        database.end()
        database.begin()
        assert list(database.select(COUNT)) == [(0,)]
    writer.close()


def test_a_writer_that_appears_is_noticed(tmp_path: Path) -> None:
    """Without a log the file is read without locks; that ends when somebody begins to write."""
    path = made(tmp_path / "x.db")
    with Database(str(path), Problems("")) as database:
        database.begin()
        assert list(database.select(COUNT)) == [(100,)]
        database.end()
        writer = sqlite3.connect(path)
        writer.execute("INSERT INTO t VALUES(1, 'y')")
        writer.commit()
        database.begin()
        assert list(database.select(COUNT)) == [(101,)]
    writer.close()


def test_a_log_without_shared_memory_is_read_from_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copied home, or a crash: reading in place would create a file. The copy is gone afterwards."""
    path = made(tmp_path / "home" / "x.db", end=KILLED)
    Path(f"{path}-shm").unlink()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = beside(path)
    assert read(path) == ([(100,)], [])
    assert beside(path) == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["home"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions mean nothing to the super-user")
@pytest.mark.parametrize("end", ["database.close()", KILLED], ids=["closed", "killed"])
def test_a_folder_that_cannot_be_written_to(tmp_path: Path, end: str) -> None:
    """A backup on a read-only disk."""
    path = made(tmp_path / "x.db", end=end)
    tmp_path.chmod(0o500)
    try:
        assert read(path) == ([(100,)], [])
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("shared", [False, True])
def test_an_empty_log_holds_nothing(tmp_path: Path, shared: bool) -> None:
    """A reader of another program left it, with or without the shared memory."""
    path = made(tmp_path / "x.db")
    Path(f"{path}-wal").touch()
    if shared:
        Path(f"{path}-shm").write_bytes(bytes(32768))
    before = beside(path)
    assert read(path) == ([(100,)], [])
    assert beside(path) == before


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a lock."""
    monkeypatch.setattr(sqlite, "BUSY_S", 0)
    monkeypatch.setattr(sqlite, "PAUSE_S", 0)


@pytest.mark.usefixtures("impatient")
def test_a_locked_database_is_reported(tmp_path: Path) -> None:
    """One without a log is locked as a whole while somebody writes."""
    path = tmp_path / "x.db"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("CREATE TABLE t(a)")
    writer.execute("BEGIN EXCLUSIVE")
    assert read(path) == ([], ["unreadable: database is locked"])
    writer.close()


def test_what_is_no_database_is_reported(tmp_path: Path) -> None:
    """A file of text, an empty one, none at all, a folder, a link to nowhere."""
    (tmp_path / "text.db").write_text("this is no database, whatever it is called", "utf-8")
    assert read(tmp_path / "text.db") == ([], ["unreadable: file is not a database"])
    (tmp_path / "empty.db").touch()
    with Database(str(tmp_path / "empty.db"), Problems("")) as database:
        assert database.columns("message") == frozenset()
    assert read(tmp_path / "none.db")[1] == ["unreadable: No such file or directory"]
    (tmp_path / "folder.db").mkdir()
    assert len(read(tmp_path / "folder.db")[1]) == 1
    (tmp_path / "link.db").symlink_to(tmp_path / "nowhere")
    assert read(tmp_path / "link.db")[1] == ["unreadable: No such file or directory"]


def test_a_database_of_an_unknown_format_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting is for writers."""
    path = made(tmp_path / "a.db")
    content = bytearray(path.read_bytes())
    content[47] = 9  # the number of the schema's format
    path.write_bytes(content)
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    assert read(path) == ([], ["unreadable: unsupported file format"])
    assert not any(waits)


def test_a_damaged_schema_that_is_no_text(tmp_path: Path) -> None:
    """SQLite quotes it in its message."""
    path = made(tmp_path / "a.db")
    content = path.read_bytes().replace(b"tablett", b"table\x8a\x8a").replace(b"CREATE TABLE", b"CRXATE TABLE")
    path.write_bytes(content)
    rows, (issue,) = read(path)
    assert rows == []
    assert issue.startswith("unreadable: ")


def test_rows_before_a_damaged_page_are_kept(tmp_path: Path) -> None:
    """And the damage is reported."""
    path = tmp_path / "x.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE t(a, b)")
    database.executemany("INSERT INTO t VALUES(?, ?)", [(n, "x" * 1000) for n in range(100)])
    database.commit()
    database.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = b"\xff" * (len(data) - len(data) // 2)
    path.write_bytes(data)
    rows, issues = read(path, "SELECT a FROM t")
    assert 0 < len(rows) < 100
    assert issues == ["unreadable: database disk image is malformed; rows behind the damage are missing"]


def test_odd_names_of_folders(tmp_path: Path) -> None:
    """Characters that mean something in a URI."""
    path = made(tmp_path / "a b#c?d%20e" / "ü&x=1.db")
    assert read(path) == ([(100,)], [])


def test_columns_of_a_table(tmp_path: Path) -> None:
    """By which versions are told apart; a table that is not there has none."""
    path = made(tmp_path / "x.db")
    with Database(str(path), Problems("")) as database:
        assert (sorted(database.columns("t")), sorted(database.columns("u"))) == (["a", "b"], [])


def test_cells_of_any_type() -> None:
    """SQLite lets every column hold everything."""
    assert [text(value) for value in (b"\xff", "x", None, 3, 1.5)] == ["\ufffd", "x", None, "3", "1.5"]
    assert [whole(value) for value in (3, 3.9, 1e300, None, "3", b"3")] == [3, 3, None, None, None, None]


def test_a_file_that_never_stands_still_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that was torn would hold rows that never were together."""
    path = made(tmp_path / "x.db", end=KILLED)
    Path(f"{path}-shm").unlink()
    monkeypatch.setattr(sqlite, "PAUSE_S", 0)
    copy_file = sqlite.copy_file

    def meanwhile(source: str, target: str) -> None:
        copy_file(source, target)
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))

    monkeypatch.setattr(sqlite, "copy_file", meanwhile)
    assert read(path) == ([], ["unreadable: it changed while it was copied"])


@pytest.mark.parametrize("shared", [True, False])
def test_the_log_beside_an_empty_database_is_left(tmp_path: Path, shared: bool) -> None:
    """Half of a copy, or a disk that was full. SQLite deletes the log of such a database, even if it only reads."""
    path = made(tmp_path / "x.db", end=KILLED)
    path.write_bytes(b"")
    if not shared:
        Path(f"{path}-shm").unlink()
    before = beside(path)
    assert read(path, "SELECT count(*) FROM sqlite_master") == ([(0,)], [])
    assert beside(path) == before


def test_what_was_not_finished_is_taken_back_in_a_copy(tmp_path: Path) -> None:
    """A database without a log that was killed in the middle of a transaction: its journal lies beside it."""
    script = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("CREATE TABLE t(a)")
database.executemany("INSERT INTO t VALUES(?)", [("x" * 1000,)] * 100)
database.commit()
database.execute("PRAGMA cache_size=1")
database.execute("DELETE FROM t WHERE rowid > 10")
os._exit(0)
"""
    path = tmp_path / "x.db"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    assert Path(f"{path}-journal").stat().st_size > 0
    before = beside(path)
    assert read(path) == ([(100,)], [])
    assert beside(path) == before


@pytest.mark.parametrize("damage", ["cut", "flipped", "zeroed", "gone"])
@pytest.mark.parametrize("shared", [True, False])
def test_a_damaged_log_is_used_as_far_as_it_is_whole(tmp_path: Path, damage: str, shared: bool) -> None:
    """Each of its frames has a checksum: what stands behind a broken one never was. Nothing is repaired in place."""
    path = made(tmp_path / "x.db", end=KILLED)
    log, memory = Path(f"{path}-wal"), Path(f"{path}-shm")
    content = bytearray(log.read_bytes())
    whole_bytes = len(content)
    if damage == "cut":
        del content[whole_bytes // 2 :]
    elif damage == "flipped":
        content[whole_bytes // 2] ^= 255
    elif damage == "zeroed":
        content[:] = bytes(whole_bytes)
    log.write_bytes(content)
    if damage == "gone":
        log.unlink()
    memory.unlink() if not shared else memory.write_bytes(bytes(32768))
    before = beside(path)
    rows, issues = read(path, "SELECT a FROM t")
    assert len(rows) in {0, 100}
    assert bool(rows) != bool(issues)
    assert beside(path) == before


def test_a_log_that_may_not_be_read_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the database alone may be long out of date, so it is not taken for everything."""
    path = made(tmp_path / "x.db", end=KILLED)
    Path(f"{path}-shm").unlink()
    real = os.open

    def refuse(name: str, *rest: int, **named: int) -> int:
        if str(name).endswith("-wal"):
            raise PermissionError(13, "Permission denied", name)
        return real(name, *rest, **named)

    monkeypatch.setattr(sqlite, "PAUSE_S", 0)
    monkeypatch.setattr(os, "open", refuse)
    assert read(path) == ([], ["unreadable: Permission denied"])


BUSY = """
import os, sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode=wal")
database.execute("PRAGMA wal_autocheckpoint=3")
end = time.monotonic() + 30
print("begun", flush=True)
while time.monotonic() < end:
    database.execute("BEGIN")
    database.execute("DELETE FROM t WHERE a >= 100")
    database.executemany("INSERT INTO t VALUES(?, 'y')", [(n,) for n in range(100, 150)])
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
"""


def test_a_program_that_writes_all_the_time_is_read_beside(tmp_path: Path) -> None:
    """Its log grows, is folded in and cut off again while it is read: every reading is of one moment, and none fails."""
    path = made(tmp_path / "x.db")
    with subprocess.Popen([sys.executable, "-c", BUSY, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        try:
            found = [read(path) for _ in range(60)]
        finally:
            writer.kill()
    assert {tuple(rows) for rows, _ in found} <= {((100,),), ((150,),)}
    assert [issues for _, issues in found if issues] == []


@pytest.mark.parametrize("seed", range(12))
def test_a_page_of_garbage_costs_rows_and_invents_none(tmp_path: Path, seed: int) -> None:
    """Wherever it lies: in the header, the schema, an index or the rows."""
    chance, page_bytes = random.Random(seed), 4096  # noqa: S311 - the same damage every time
    path = tmp_path / "x.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    database.execute("CREATE INDEX i ON t(b)")
    database.executemany("INSERT INTO t VALUES(?, ?)", [(n, f"{n:0200}") for n in range(200)])
    database.commit()
    database.close()
    data = bytearray(path.read_bytes())
    start = chance.randrange(len(data) // page_bytes) * page_bytes
    data[start : start + page_bytes] = chance.choice([bytes(page_bytes), b"\xff" * page_bytes, chance.randbytes(page_bytes)])
    path.write_bytes(data)
    rows, issues = read(path, "SELECT a, b FROM t")
    true = {(n, f"{n:0200}".encode()) for n in range(200)}
    assert set(rows) <= true
    assert len(rows) == len(true) or issues
