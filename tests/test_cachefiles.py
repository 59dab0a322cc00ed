"""Files of the cache: whole or not there, private, and never somebody else's."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

import pytest

from sessionframe import cachefiles, wholefiles

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "deep" / "cache"
    monkeypatch.setenv(cachefiles.FOLDER_VARIABLE, str(folder))
    monkeypatch.delenv(cachefiles.SWITCH_VARIABLE, raising=False)
    return folder


def test_what_is_written_is_read(cache: Path) -> None:
    assert cachefiles.read("a") is None
    assert cachefiles.write("a", b"one", memoryview(b" two"))
    assert bytes(cachefiles.read("a") or b"") == b"one two"
    assert cachefiles.write("a", b"three")
    assert bytes(cachefiles.read("a") or b"") == b"three"
    assert [path.name for path in cache.iterdir()] == ["a.sessionframe"]
    cachefiles.remove("a")
    assert cachefiles.read("a") is None


def test_nothing_written_is_not_nothing_there() -> None:
    assert cachefiles.write("empty")
    found = cachefiles.read("empty")
    assert found is not None
    assert len(found) == 0


@pytest.mark.parametrize("place", range(0, 64 + 30, 3))
def test_a_damaged_file_is_not_there(cache: Path, place: int) -> None:
    cachefiles.write("a", b"thirty bytes of something here")
    path = cache / "a.sessionframe"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert cachefiles.read("a") is None


@pytest.mark.parametrize("length", [0, 1, 20, 63, 64, 70])
def test_a_cut_file_is_not_there(cache: Path, length: int) -> None:
    cachefiles.write("a", b"thirty bytes of something here")
    path = cache / "a.sessionframe"
    path.write_bytes(path.read_bytes()[:length])
    assert cachefiles.read("a") is None


@pytest.mark.parametrize("word", ["off", "OFF", " 0 ", "no", "false"])
def test_switched_off_nothing_is_read_or_written(cache: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    cachefiles.write("a", b"one")
    monkeypatch.setenv(cachefiles.SWITCH_VARIABLE, word)
    assert cachefiles.folder() is None
    assert cachefiles.read("a") is None
    assert not cachefiles.write("b", b"two")
    assert cachefiles.names() == {}
    assert [path.name for path in cache.iterdir()] == ["a.sessionframe"]


def test_without_the_variable_it_lies_where_the_system_keeps_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cachefiles.FOLDER_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform == "linux":
        assert cachefiles.folder() == tmp_path / "xdg" / "sessionframe"
    else:
        assert "sessionframe" in str(cachefiles.folder())


@posix
def test_only_the_owner_can_read_it(cache: Path) -> None:
    cachefiles.write("a", b"one")
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert stat.S_IMODE((cache / "a.sessionframe").stat().st_mode) == 0o600


@posix
def test_a_folder_that_others_may_write_to_is_not_used(cache: Path) -> None:
    cachefiles.write("a", b"one")
    cache.chmod(0o770)
    assert cachefiles.read("a") is None
    assert not cachefiles.write("b", b"two")
    assert cachefiles.names() == {}


@posix
def test_a_folder_of_somebody_else_is_not_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cachefiles.write("a", b"one")
    monkeypatch.setattr(os, "getuid", lambda: cache.stat().st_uid + 1)
    assert cachefiles.read("a") is None
    assert not cachefiles.write("b", b"two")


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv(cachefiles.FOLDER_VARIABLE, str(blocked / "cache"))
    assert not cachefiles.write("a", b"one")
    assert cachefiles.read("a") is None
    cachefiles.remove("a")
    cachefiles.touch("a")
    cachefiles.sweep()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_on_a_full_disk_the_old_file_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    cachefiles.write("a", b"one")
    real = os.open
    full = {wholefiles.CREATE: "/dev/full"}
    monkeypatch.setattr(os, "open", lambda path, flags, *rest: real(full.get(flags) or path, flags & ~os.O_EXCL, *rest))
    assert not cachefiles.write("a", b"two" * 100_000)
    assert bytes(cachefiles.read("a") or b"") == b"one"


def test_unfinished_files_are_swept_once_nobody_can_still_write_them(cache: Path) -> None:
    cachefiles.write("a", b"one")
    old, new, foreign = cache / "x-1.sessionframe-part", cache / "x-2.sessionframe-part", cache / "notes.txt"
    for path in (old, new, foreign):
        path.write_bytes(b"?")
        os.utime(path, (0, 0))
    os.utime(new, (time.time(), time.time()))
    cachefiles.sweep()
    assert sorted(path.name for path in cache.iterdir()) == ["a.sessionframe", "notes.txt", "x-2.sessionframe-part"]
    assert list(cachefiles.names()) == ["a"]


def test_touching_tells_that_it_is_used(cache: Path) -> None:
    cachefiles.write("a", b"one")
    os.utime(cache / "a.sessionframe", (0, 0))
    assert cachefiles.names() == {"a": 0}
    cachefiles.touch("a")
    assert cachefiles.names()["a"] > time.time() - 60


def test_clearing_removes_what_is_ours_and_nothing_else(cache: Path) -> None:
    cachefiles.write("a", b"one")
    cachefiles.write("b", b"two")
    (cache / "notes.txt").write_text("of somebody else")
    (cache / "c-1.sessionframe-part").write_bytes(b"?")
    assert cachefiles.size() == 2 * (cachefiles.HEADER_BYTES + 3) + 1
    cachefiles.clear()
    assert [path.name for path in cache.iterdir()] == ["notes.txt"]
    assert cachefiles.size() == 0
