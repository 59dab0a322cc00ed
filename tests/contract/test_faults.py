"""Every provider: whatever happens to files between looking and reading, or while they are read, nothing is raised and the rest is kept."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from io import FileIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sessionframe as sf
from sessionframe.formats import files as opening
from tests.contract.samples import Sample, Shape, copied, shapes, totals
from tests.contract.test_invariants import basic, transcript
from tests.kept import is_right, kept_in, settle

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files that are open cannot be replaced there, and there are no pipes")

Fault = Callable[[Path], None]


def vanish(path: Path) -> None:
    path.unlink()


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(path.read_bytes()[: path.stat().st_size // 3])


def replace(path: Path) -> None:
    """As an editor saves a file, with something else in it."""
    other = path.with_name("other.tmp")
    other.write_bytes(b"\0" * 300 + b"\n{}\n")
    other.replace(path)


def become_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def become_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def become_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


FAULTS: dict[str, Fault] = {
    fault.__name__: fault for fault in (vanish, shrink, empty, grow, replace, become_folder, become_pipe, become_loop, become_device)
}
GONE = {"vanish", "become_folder", "become_pipe", "become_loop", "become_device"}
"""After these there is nothing that could be read."""


@contextmanager
def before_it_is_opened(path: Path, fault: Fault) -> Iterator[None]:
    """Something happens to a file just before it is opened the first time."""
    real, waiting = os.open, [fault]

    def opened(name: Any, *rest: Any, **options: Any) -> int:
        if waiting and str(name) == str(path):
            waiting.pop()(path)
        return real(name, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", opened)
        yield


@contextmanager
def while_it_is_read(path: Path, fault: Fault) -> Iterator[None]:
    """Files are read some bytes at a time, and something happens to one of them after the first."""
    waiting = [fault]

    class Slow(FileIO):
        def readinto(self, buffer: Any, /) -> int | None:
            count = super().readinto(memoryview(buffer)[:200])
            if waiting and os.fstat(self.fileno()).st_ino == inode:
                waiting.pop()(path)
            return count

        def read(self, size: int | None = -1, /) -> bytes:
            wanted, found = (sys.maxsize if size is None or size < 0 else size), b""
            while len(found) < wanted:
                part = bytearray(min(200, wanted - len(found)))
                count = self.readinto(part)
                if not count:
                    break
                found += part[:count]
            return found

        readall = read

    inode = path.stat().st_ino
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "FileIO", Slow)
        yield


def moment(when: str, path: Path, fault: Fault) -> AbstractContextManager[None]:
    """Until when something happens to a file."""
    return (before_it_is_opened if when == "at opening" else while_it_is_read)(path, fault)


CASES = [("at opening", name) for name in FAULTS] + [("while reading", name) for name in FAULTS if name not in GONE or name == "vanish"]
LAYOUTS = [(agent, shape) for agent, shape in shapes() if agent != "kilo"]
"""Kilo's databases are OpenCode's under another name."""
READERS = {("claude-code", "basic"), ("gemini", "document"), ("opencode", "basic")}
"""One layout for each way of reading: lines, a document, a database. With them every fault is tried."""
SOME = {("at opening", "vanish"), ("at opening", "empty"), ("while reading", "shrink")}
"""The faults that are tried with the others too."""


def case(agent: str, shape: Shape, *values: object) -> Any:
    """A case of a test, with a name that can be read."""
    return pytest.param(agent, shape, *values, id="-".join(map(str, (agent, shape.basic, *values))))


@cache
def facts(sample: Sample) -> tuple[dict[str, int], Path]:
    """The totals of a miniature, and where in its home a file with a request lies."""
    return totals(sample.home, sample.agent), transcript(sample.home, sample.agent).relative_to(sample.home)


def a_home(agent: str, shape: Shape, target: Path) -> tuple[Path, dict[str, int], Path]:
    """A copy of the miniature of a layout, its totals, and a file with a request in it."""
    sample = basic(agent, shape)
    complete, path = facts(sample)
    home = copied(sample, target)
    return home, complete, home / path


every_layout = pytest.mark.parametrize("agent, shape", [case(*layout) for layout in LAYOUTS])


@pytest.mark.parametrize(
    "agent, shape, when, name",
    [
        case(agent, shape, when, name)
        for agent, shape in LAYOUTS
        for when, name in CASES
        if (agent, shape.basic) in READERS or (when, name) in SOME
    ],
)
def test_whatever_happens_to_a_file(agent: str, shape: Shape, name: str, when: str, tmp_path: Path) -> None:
    """Nothing is raised; what cannot be read is reported, and other files are read."""
    home, complete, path = a_home(agent, shape, tmp_path / "home")
    shape.clone(path).write_bytes(path.read_bytes())  # with the same requests: they must all be found there
    logs = sf.scan(agent, home=home, n_jobs=1)
    with moment(when, path, FAULTS[name]):
        usage, issues = logs.usage.to_frame("polars"), logs.issues.to_frame("polars")
    assert usage.height >= complete["requests"] if name == "grow" else usage.height == complete["requests"]
    assert usage["output_tokens"].sum() >= complete["output_tokens"]
    kinds = issues.filter(pl.col("source") == str(path))["kind"].to_list()
    assert "provider-failed" not in issues["kind"]
    assert name not in GONE or when == "while reading" or kinds == ["unreadable"]


@pytest.mark.parametrize(
    "agent, shape, when, name",
    [
        case(agent, shape, when, name)
        for agent, shape in LAYOUTS
        for when, name in [("while reading", "shrink"), ("at opening", "vanish"), ("while reading", "replace")]
        if (agent, shape.basic) in READERS or name == "shrink"
    ],
)
def test_what_was_read_of_a_file_in_trouble_is_not_believed_later(agent: str, shape: Shape, name: str, when: str, tmp_path: Path) -> None:
    """Even when it is put back as it was, with its old time."""
    home, _, path = a_home(agent, shape, tmp_path / "home")
    settle(home)
    content, status = path.read_bytes(), path.stat()
    with kept_in(tmp_path / "cache"):
        logs = sf.scan(agent, home=home, n_jobs=1)
        with moment(when, path, FAULTS[name]):
            logs.sessions.to_frame("polars")
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert is_right(tmp_path / "cache", agent, home=home)


NOBODY = 65534


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the user without rights can reach, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="sessionframe-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def forbidden(path: Path) -> Iterator[None]:
    """A file or folder that this user may not look into, were he the super-user otherwise."""
    mode, is_root = path.stat().st_mode, os.geteuid() == 0
    path.chmod(0)
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        path.chmod(mode)


@pytest.mark.parametrize(
    "agent, shape, what",
    [
        case(agent, shape, what)
        for agent, shape in LAYOUTS
        for what in ("folder", "file", "root", "home")
        if shape.basic == "basic" or what == "file"  # where files are looked for is the same for all layouts of an agent
    ],
)
def test_what_may_not_be_read_is_reported(agent: str, shape: Shape, what: str, place: Path) -> None:
    """Nothing is raised, not even where the system does not tell whether something is there."""
    home, _, path = a_home(agent, shape, place / "home")  # which loads what the user without rights could not load
    chosen = {"file": path, "folder": path.parent, "root": home / path.relative_to(home).parts[0], "home": home}[what]
    with forbidden(chosen):
        logs = sf.scan(agent, home=home, n_jobs=1)
        usage, issues = logs.usage.to_frame("polars"), logs.issues.to_frame("polars")
    assert str(path) not in usage["source"].to_list()
    assert set(issues["kind"]) == {"unreadable"}
    assert all(str(source).startswith(str(chosen)) for source in issues["source"])


def test_the_library_of_a_mac_that_may_not_be_entered(place: Path) -> None:
    """A Mac keeps it from programs without a right of their own, and a copy may keep that: what may lie in it is reported."""
    home = copied(basic("claude-code"), place / "home")
    complete = totals(home, "claude-code")
    (home / "Library").mkdir()
    assert totals(home, "claude-code") == complete
    assert sf.scan(home=home).issues.to_frame("polars").is_empty()
    with forbidden(home / "Library"):
        logs = sf.scan("claude-code", home=home, n_jobs=1)
        usage, issues = logs.usage.to_frame("polars"), logs.issues.to_frame("polars")
    assert usage.height == complete["requests"]
    assert set(issues["kind"]) == {"unreadable"}
    assert all(source.startswith(str(home / "Library")) for source in issues["source"])


ODD = {
    "text": b"/".join(
        (
            b'it\'s "a" `b` $c [*] -x',
            b"a\nb\tc",
            "\N{GRINNING FACE} e\N{COMBINING ACUTE ACCENT}".encode(),
            b"50%20?#&=;",
        )
    ),
    "no text": b"caf\xe9 \xff",
}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize(
    "agent, shape, name",
    [
        case(agent, shape, name)
        for agent, shape in LAYOUTS
        for name in ODD
        if (agent, shape.basic) in READERS or (shape.basic == "basic" and name == "text")
    ],
)
def test_names_of_any_bytes(agent: str, shape: Shape, name: str, tmp_path: Path) -> None:
    """Everything is read, kept and written to files; what is no text is shown as U+FFFD."""
    plain = basic(agent, shape)
    home = copied(plain, Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + ODD[name])))
    complete, path = facts(plain)
    assert totals(home, agent) == complete
    logs = sf.scan(agent, home=home, n_jobs=1)
    usage = logs.usage.to_frame("polars", replays=True)
    shown = ODD[name].decode("utf-8", "replace")
    assert str(tmp_path / shown / path) in usage["source"].to_list()
    usage.write_parquet(tmp_path / "x.parquet")
    logs.messages.to_frame().to_csv(tmp_path / "x.csv")
    assert is_right(tmp_path / "cache", agent, home=home)
    gone = sf.scan(agent, home=home / "gone", n_jobs=1).issues.to_frame("polars")
    assert gone["source"].to_list() == [str(tmp_path / shown / "gone")]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("agent, shape", [case(*layout) for layout in LAYOUTS if (layout[0], layout[1].basic) in READERS])
def test_a_file_whose_own_name_is_no_text(agent: str, shape: Shape, tmp_path: Path) -> None:
    """An id that is the name of the file, and what is noted to go on from there, are no text either."""
    home, complete, path = a_home(agent, shape, tmp_path / "home")
    path.rename(path.with_name(path.stem + os.fsdecode(b"-\xff") + path.suffix))
    settle(home)
    assert totals(home, agent) == complete
    assert is_right(tmp_path / "cache", agent, home=home)
    with kept_in(tmp_path / "cache"):
        assert totals(home, agent) == complete


@every_layout
def test_links_in_circles(agent: str, shape: Shape, tmp_path: Path) -> None:
    """Into every folder: links to itself, to its parent, to nowhere, out of the home, and one that leads to itself."""
    home, complete, _ = a_home(agent, shape, tmp_path / "home")
    sources = len(sf.scan(agent, home=home).sources)
    for folder in [home, *(path for path in home.rglob("*") if path.is_dir())]:
        targets = {"self": folder, "up": folder.parent, "nowhere": tmp_path / "nowhere", "out": tmp_path, "circle": folder / "circle"}
        for name, target in targets.items():
            (folder / name).symlink_to(target)
    (tmp_path / "link").symlink_to(home)
    logs = sf.scan(agent, home={"one": home, "other": tmp_path / "link"}, n_jobs=1)
    assert len(logs.sources) == sources
    assert logs.usage.to_frame("polars").height == complete["requests"]
    assert set(logs.issues.to_frame("polars")["kind"]) <= {"unreadable", "estimate"}
    assert totals(tmp_path / "link", agent) == complete
