"""Files that the user named: whole or not there, his alone, never over another one unasked; and what is said when a disk is full."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from sessionframe import wholefiles
from sessionframe.errors import OptionError, SessionFrameError
from sessionframe.report import export
from sessionframe.report import notebook as books
from sessionframe.report.target import check_target, write_target
from tests.rows import public, request

FRAME = public("usage", [request(model="m", input_tokens=1)])
has_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Exports name projects, and may hold what was said."""
    write_target(str(tmp_path / "x"), lambda file: file.write(b"all"))
    assert (tmp_path / "x").read_bytes() == b"all"
    assert sys.platform == "win32" or stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o600


def test_while_it_is_written_there_is_what_was_there_before(tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.write_bytes(b"before")

    def fill(file: IO[bytes]) -> None:
        file.write(b"half")
        file.flush()
        assert target.read_bytes() == b"before"

    write_target(str(target), fill)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"half"]


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError("a fault of ours")])
def test_whatever_goes_wrong_leaves_nothing_behind(tmp_path: Path, problem: BaseException) -> None:
    def fail(file: IO[bytes]) -> None:
        file.write(b"half")
        raise problem

    (tmp_path / "x").write_text("before")
    expected = SessionFrameError if isinstance(problem, OSError) else type(problem)
    with pytest.raises(expected):
        write_target(str(tmp_path / "x"), fail)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_ctrl_c_comes_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polars raises a `KeyboardInterrupt` of its own, and Python's comes while the unfinished file is removed."""
    real, again = Path.unlink, [KeyboardInterrupt()]

    def interrupted(self: Path, **options: bool) -> None:
        if again:
            raise again.pop()
        real(self, **options)

    def fail(_: IO[bytes]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "unlink", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_target(str(tmp_path / "x"), fail)
    assert list(tmp_path.iterdir()) == []


@has_full_device
@pytest.mark.parametrize("chosen", ["parquet", "csv", "jsonl", "page", "copy"])
def test_a_full_disk_is_said_and_changes_nothing(tmp_path: Path, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the writer of the format makes of it."""
    monkeypatch.chdir(tmp_path)
    name = books.notebook("02").path.name if chosen == "copy" else f"x.{chosen}"
    Path(name).write_text("before")
    real, full = os.open, {wholefiles.CREATE: "/dev/full"}
    monkeypatch.setattr(os, "open", lambda path, flags, *rest: real(full.get(flags) or path, flags & ~os.O_EXCL, *rest))
    monkeypatch.setattr(books, "executed", lambda *_: None)
    monkeypatch.setattr("sessionframe.report.page.page", lambda *_, footer: footer)
    write = {
        "page": lambda: books.write_page(books.notebook("02"), {}, name, version="0"),
        "copy": lambda: books.copied(books.notebook("02"), force=True),
    }.get(chosen, lambda: export.write_file(FRAME, name, chosen))
    with pytest.raises(SessionFrameError, match=r"could not be written: No space left on device\. Nothing was changed"):
        write()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_what_a_killed_process_left_is_swept_after_an_hour_and_nothing_else(tmp_path: Path) -> None:
    old, new, foreign = (tmp_path / name for name in (".1.sessionframe-part", ".2.sessionframe-part", "old.tmp"))
    folder, link = tmp_path / "d.sessionframe-part", tmp_path / "l.sessionframe-part"
    for path in (old, new, foreign):
        path.write_bytes(b"?")
        os.utime(path, (0, 0))
    os.utime(new, (time.time(), time.time()))
    folder.mkdir()
    link.symlink_to(old)
    write_target(str(tmp_path / "x"), lambda file: file.write(b"all"))
    assert {path.name for path in tmp_path.iterdir()} == {new.name, foreign.name, folder.name, link.name, "x"}


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 255)
    write_target(str(target), lambda file: file.write(b"all"))
    assert target.read_bytes() == b"all"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_replaced_and_what_it_leads_to_is_left(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_target(str(tmp_path / "link"), lambda file: file.write(b"all"))
    assert ((tmp_path / "real").read_text(), (tmp_path / "link").read_text()) == ("real", "all")


def test_a_file_is_replaced_only_when_forced(tmp_path: Path) -> None:
    (tmp_path / "x.csv").touch()
    with pytest.raises(OptionError, match="--force"):
        check_target(str(tmp_path / "x.csv"), force=False)
    check_target(str(tmp_path / "x.csv"), force=True)
    with pytest.raises(OptionError, match="is a folder"):
        check_target(str(tmp_path), force=True)
    with pytest.raises(OptionError, match="does not exist"):
        check_target(str(tmp_path / "no" / "x.csv"), force=False)


@pytest.mark.skipif(sys.platform == "win32", reason="no devices with names there")
def test_a_device_or_a_pipe_does_not_become_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path in ("/dev/null", str(tmp_path / "pipe.csv")):
        with pytest.raises(OptionError, match="a device or a pipe"):
            check_target(path, force=True)
