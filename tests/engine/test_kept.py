"""Rows that are kept between scans: nothing is read twice, and nothing comes out otherwise than without them."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionframe as sf
from sessionframe import cachefiles, wholefiles
from sessionframe.engine import load, registry
from sessionframe.engine.cache import identity, manifest, shelf
from sessionframe.engine.portion import Portion
from sessionframe.providers.claude_code import PROVIDER as CLAUDE
from tests.kept import all_tables, equal, is_right, kept_in, settle, watched

SAMPLES = Path(__file__).parents[2] / "data-samples"
LINES = 'import sys, sessionframe as sf; print(sf.scan(home=sys.argv[1], n_jobs=1).usage.to_frame("polars").write_csv())'


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(cachefiles.FOLDER_VARIABLE, str(folder))
    monkeypatch.setenv(cachefiles.SWITCH_VARIABLE, "on")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    shutil.copytree(SAMPLES / "claude-code" / "basic" / "home", folder)
    shutil.copytree(SAMPLES / "claude-code" / "subagent" / "home", folder, dirs_exist_ok=True)
    settle(folder)
    return folder


@contextmanager
def claude(**changes: Any) -> Iterator[None]:
    """The provider with something changed."""
    before = {name: getattr(CLAUDE, name) for name in changes}
    for name, value in changes.items():
        if callable(value):
            value.__module__ = before[name].__module__  # what is not a provider's own is not kept
        object.__setattr__(CLAUDE, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            object.__setattr__(CLAUDE, name, value)


@contextmanager
def piecemeal() -> Iterator[None]:
    """What is read is kept source by source, as what is read of a large home is kept piece by piece."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"CHUNK_BYTES": 1, "LARGEST_CHUNK": 1, "KEPT_AT_ONCE": 0, "MOST_PIECES": 10**12}.items():
            patch.setattr(load, name, value)
        yield


def transcripts(home: Path) -> list[Path]:
    return sorted(home.rglob("*.jsonl"))


def requests(home: Path) -> int:
    return sf.scan(home=home, n_jobs=1).usage.to_frame("polars").height


def test_a_second_scan_reads_nothing(home: Path, cache: Path) -> None:
    sources = len(sf.scan(home=home).sources)
    with watched() as first:
        all_tables(home=home)
    with watched() as second:
        assert is_right(cache, home=home)
    assert first == (0, 0, 2 * sources)
    assert second == (2 * sources, 0, 0)


def test_the_demo_home_is_the_same(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    shutil.copytree(SAMPLES / "demo", home)
    settle(home)
    assert is_right(tmp_path / "cache", home=home)
    assert is_right(tmp_path / "cache", home=home)
    with kept_in(tmp_path / "cache"), watched() as reading:
        all_tables(home=home, since="2026-11-01", project="~/code/shop")
    assert reading.new == reading.grown == 0
    assert is_right(tmp_path / "cache", home=home, since="2026-11-01", until="2026-11-10", project="~/code/shop")


def test_one_line_more_is_read_from_where_it_ended(home: Path) -> None:
    path = max(transcripts(home), key=lambda each: each.stat().st_size)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-3]))
    settle(home)
    all_tables(home=home)
    begun: list[int] = []
    parse = CLAUDE.parse

    def noted(source: Any, want: Any, context: Any) -> Any:
        begun.append(context.grown.position.offset if context.grown else 0)
        return parse(source, want, context)

    for count in (2, 1, 0):
        size = path.stat().st_size
        path.write_bytes(b"".join(lines[: len(lines) - count]))
        settle(path)
        begun.clear()
        with claude(parse=noted):
            found = all_tables(home=home)
        assert begun == [size, size]
        with kept_in(None):
            assert equal(found, all_tables(home=home))


def test_a_large_home_is_kept_piece_by_piece(home: Path, cache: Path) -> None:
    sources = len(sf.scan(home=home).sources)
    with piecemeal(), watched() as first:
        assert is_right(cache, home=home)
    with watched() as second:
        assert is_right(cache, home=home)
    assert first.new == 2 * sources
    assert second == (2 * sources, 0, 0)


@pytest.mark.parametrize("table", ["usage", "sessions"])
def test_a_reading_that_is_given_up_has_not_been_for_nothing(home: Path, cache: Path, table: str) -> None:
    sources = len(sf.scan(home=home).sources)

    def give_up(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with piecemeal(), pytest.raises(KeyboardInterrupt):
        getattr(sf.scan(home=home, n_jobs=1, progress=give_up), table).to_frame("polars")
    with watched() as again:
        getattr(sf.scan(home=home, n_jobs=1), table).to_frame("polars")
    assert 0 < again.new < sources == again.new + again.kept
    assert is_right(cache, home=home)


def test_pieces_replace_what_was_kept_before(home: Path, cache: Path) -> None:
    for age in (900, 800, 700):
        with piecemeal():
            assert is_right(cache, home=home)
        for path in transcripts(home):
            path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))  # shorter: read again from its beginning
        settle(home, at=time.time() - age)
    for path in cache.iterdir():
        os.utime(path, (time.time() - 900,) * 2)
    with piecemeal():
        assert is_right(cache, home=home)
    sources = len(sf.scan(home=home).sources)
    assert len(list(cache.glob("*.usage.*.usage.sessionframe"))) <= sources, "segments of which nothing is used are removed"
    with watched() as reading:
        all_tables(home=home)
    assert reading == (2 * sources, 0, 0)


@settings(max_examples=8)
@given(data=st.data())
def test_whatever_happens_to_files(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    work = tmp_path_factory.mktemp("kept")
    home, cache = work / "home", work / "cache"
    for case in ("basic", "subagent", "desktop-fork", "legacy-agent-file", "cost-state", "progress", "no-message-id", "gateway-ids"):
        shutil.copytree(SAMPLES / "claude-code" / case / "home", home, dirs_exist_ok=True)
    files = [*transcripts(home), *sorted(home.rglob("*.json"))]
    whole = {path: path.read_bytes() for path in files}
    for path in files[::2]:
        path.write_bytes(whole[path][: data.draw(st.integers(0, len(whole[path])))])
    settle(home)
    age = time.time() - 900
    for _ in range(data.draw(st.integers(1, 5))):
        with piecemeal() if data.draw(st.booleans()) else nullcontext():
            assert is_right(cache, home=home)
        for path in data.draw(st.lists(st.sampled_from(files), min_size=1, max_size=3, unique=True)):
            age += data.draw(st.integers(1, 5))
            change(data, path, whole, age)
    assert is_right(cache, home=home)


def change(data: st.DataObject, path: Path, whole: dict[Path, bytes], age: float) -> None:
    """What programs and people do to files."""
    content = path.read_bytes() if path.exists() else b""
    kind = data.draw(st.sampled_from(["grow", "grow", "lines", "lines", "touch", "cut", "replace", "delete", "rewrite"]))
    end = data.draw(st.integers(len(content), max(len(content), len(whole[path]))))
    if kind == "lines":
        end = whole[path].find(b"\n", end) + 1 or len(whole[path])
    changes: dict[str, bytes] = {
        "grow": whole[path][:end],
        "lines": whole[path][:end],
        "cut": content[: data.draw(st.integers(0, len(content)))],
        "replace": whole[data.draw(st.sampled_from(sorted(whole)))],
        "rewrite": content.replace(b'"output_tokens":', b'"outqut_tokens":'),  # of the same length
    }
    if kind == "delete":
        path.unlink(missing_ok=True)
        return
    path.write_bytes(changes.get(kind, content))
    if data.draw(st.booleans()):
        settle(path, at=age)


def test_a_touched_file_is_not_read_again(home: Path, cache: Path) -> None:
    all_tables(home=home)
    settle(home, at=time.time() - 500)
    with watched() as reading:
        assert is_right(cache, home=home)
    with_companions = sum(bool(source.companions) for _, source in sf.scan(home=home).sources)
    assert (reading.kept, reading.new) == (0, 2 * with_companions)  # what lies beside a transcript is compared by its time alone
    with watched() as reading:
        assert is_right(cache, home=home)
    assert reading.grown == reading.new == 0


def test_of_many_touched_files_only_the_largest_are_gone_on_with(home: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    all_tables(home=home)
    settle(home, at=time.time() - 500)
    monkeypatch.setattr(shelf, "MOST_GROWN", 1)
    with watched() as reading:
        assert is_right(cache, home=home)
    bare = [source for _, source in sf.scan(home=home).sources if not source.companions]
    assert reading.grown == 2  # one at each depth
    assert Path(max(bare, key=lambda each: each.size or 0).path).name not in reading.names


def test_a_file_of_the_same_size_and_time_is_told_apart_while_it_is_young(home: Path, cache: Path) -> None:
    path = transcripts(home)[0]
    now = time.time()
    os.utime(path, (now, now))
    before = all_tables(home=home)
    path.write_bytes(path.read_bytes().replace(b'"input_tokens":', b'"inqut_tokens":'))
    os.utime(path, (now, now))
    assert not equal(all_tables(home=home), before)
    assert is_right(cache, home=home)


def test_a_deleted_file_is_gone_and_comes_back(home: Path, cache: Path) -> None:
    before = requests(home)
    path = transcripts(home)[0]
    content = path.read_bytes()
    path.unlink()
    assert requests(home) < before
    assert is_right(cache, home=home)
    path.write_bytes(content)
    settle(path)
    assert requests(home) == before


@pytest.mark.parametrize("size", [0, 1, 700])
def test_a_cut_file_is_read_again(home: Path, cache: Path, size: int) -> None:
    all_tables(home=home)
    path = transcripts(home)[0]
    path.write_bytes(path.read_bytes()[:size])
    settle(path)
    assert is_right(cache, home=home)


def test_a_longer_file_with_another_beginning_is_read_again(home: Path, cache: Path) -> None:
    all_tables(home=home)
    path = transcripts(home)[0]
    other = (SAMPLES / "claude-code" / "basic" / "home").rglob("*.jsonl")
    path.write_bytes(
        b"\n".join([path.read_bytes().replace(b'"output_tokens":', b'"output_tokens": '), *(each.read_bytes() for each in other)])
    )
    settle(path)
    assert is_right(cache, home=home)


def test_another_version_of_a_provider_reads_everything(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests(home)
    monkeypatch.setattr(identity, "reading_code", lambda: ("other code",))
    with watched() as reading:
        requests(home)
    assert reading.kept == 0
    with watched() as reading:
        requests(home)
    assert reading.new == 0
    with claude(version=CLAUDE.version + 1), watched() as reading:
        requests(home)
    assert reading.kept == 0


def test_every_file_of_the_rooms_that_read_counts_as_code() -> None:
    named = {Path(path).name for path, _ in identity.reading_code()[1:]}
    assert {"jsonl.py", "anthropic.py", "usage.py", "contract.py", "problems.py"} <= named


def test_titles_beside_transcripts_are_looked_up_again(home: Path, cache: Path) -> None:
    all_tables(home=home)
    path = next(each for each in transcripts(home) if each.parent.parent.name == "projects")
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    (folder / "custom-title.json").write_text('{"customTitle": "Another name"}')
    settle(home)
    with watched() as reading:
        found = all_tables(home=home)
    assert reading.names.count(path.name) == 2
    assert "Another name" in found["sessions"]["title"].to_list()
    assert is_right(cache, home=home)


def test_a_folder_that_becomes_a_worktree_belongs_to_its_repository(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On this machine the disk says which repository a folder belongs to, and that changes without any log changing."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    shutil.copytree(SAMPLES / "claude-code" / "basic" / "home", tmp_path / "home")
    folder = tmp_path / "code" / "work"
    folder.mkdir(parents=True)
    for path in transcripts(tmp_path / "home"):
        text = path.read_text("utf-8")
        project = next(line.split('"cwd":"', 1)[1].split('"', 1)[0] for line in text.splitlines() if '"cwd":"' in line)
        path.write_text(text.replace(project, str(folder)), "utf-8")
    settle(tmp_path / "home")
    assert str(folder) in all_tables()["light"]["repo_root"].to_list()
    (folder / ".git").write_text(f"gitdir: {tmp_path}/code/main/.git/worktrees/work\n")
    assert is_right(cache)
    assert f"{tmp_path}/code/main" in all_tables()["light"]["repo_root"].to_list()


def damages() -> list[Any]:
    """Ways in which a file of the cache can be wrong."""
    return [
        pytest.param(lambda content: content[: len(content) // 2], id="cut"),
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[:-1] + bytes([content[-1] ^ 1]), id="last bit"),
        pytest.param(lambda content: content[:100] + b"\0" + content[101:], id="zero"),
        pytest.param(lambda content: b"#!/bin/sh\necho foreign\n", id="foreign"),
        pytest.param(lambda content: cachefiles.header(b"whole and wrong") + b"whole and wrong", id="whole and wrong"),
        pytest.param(None, id="gone"),
    ]


@pytest.mark.parametrize("damage", damages())
def test_a_damaged_cache_changes_nothing(home: Path, cache: Path, damage: Callable[[bytes], bytes] | None) -> None:
    with kept_in(None):
        fresh = all_tables(home=home)
    all_tables(home=home)
    for name in [path.name for path in cache.iterdir()]:
        path = cache / name
        if not path.exists():
            continue
        if damage is None:
            path.unlink()
        else:
            path.write_bytes(damage(path.read_bytes()))
        assert equal(all_tables(home=home), fresh), name
        assert equal(all_tables(home=home), fresh), name
    with watched() as reading:
        all_tables(home=home)
    assert reading.new == 0


def test_a_whole_file_with_other_columns_changes_nothing(home: Path, cache: Path) -> None:
    with kept_in(None):
        fresh = all_tables(home=home)
    all_tables(home=home)
    for name in [name for name in cachefiles.names() if name.endswith((".usage", ".messages"))]:
        rows = pl.read_ipc(cachefiles.read(name) or b"")
        content = io.BytesIO()
        rows.drop("dedup_key").write_ipc(content)
        cachefiles.write(name, content.getvalue())
        assert equal(all_tables(home=home), fresh), name
    assert is_right(cache, home=home)


def test_what_is_kept_is_not_what_is_used_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are kept in a thread of its own, while others take the columns out of the frames that they put together."""
    keep, kept_before = shelf.Shelf.keep, threading.Event()

    def slow(*given: Any) -> None:
        kept_before.wait(1)
        keep(*given)

    monkeypatch.setattr(shelf.Shelf, "keep", slow)
    first = sf.scan(home=home, n_jobs=1).messages.to_frame("polars")
    monkeypatch.setattr(Portion, "forget", lambda _: pytest.fail("what was kept is damaged"))
    assert sf.scan(home=home, n_jobs=1).messages.to_frame("polars").equals(first)


def test_a_manifest_that_points_beyond_its_files_changes_nothing(home: Path, cache: Path) -> None:
    with kept_in(None):
        fresh = all_tables(home=home)
    all_tables(home=home)
    for name in cachefiles.names():
        content = manifest.decoded(cachefiles.read(name) or b"")
        if content.entries:
            for entry in content.entries:
                entry.settled, entry.rest = beyond(entry.settled, 10_000, 0), beyond(entry.rest, 0, 7)
            cachefiles.write(name, manifest.encoded(content))
    assert equal(all_tables(home=home), fresh)
    assert is_right(cache, home=home)


def beyond(spans: manifest.Spans, start: int, length: int) -> manifest.Spans:
    return {
        table: [manifest.Span(each.segment, each.start + start, each.length + length) for each in parts] for table, parts in spans.items()
    }


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_changes_nothing(home: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests(home)
    real, full = os.open, {wholefiles.CREATE: "/dev/full"}
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", lambda path, flags, *rest: real(full.get(flags) or path, flags & ~os.O_EXCL, *rest))
        path = transcripts(home)[0]
        path.write_bytes(path.read_bytes() * 2)
        settle(path)
        assert is_right(cache, home=home)
        assert is_right(cache, home=home)
    assert not list(cache.glob("*-part"))
    assert is_right(cache, home=home)


def test_a_cache_that_cannot_be_made_changes_nothing(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert is_right(tmp_path / "file" / "cache", home=home)


def test_switched_off_nothing_is_written(home: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cachefiles.SWITCH_VARIABLE, "off")
    all_tables(home=home)
    assert not cache.exists()


def test_no_text_of_conversations_is_kept() -> None:
    logs = sf.scan(home=SAMPLES / "demo", n_jobs=1)
    for table in (logs.messages, logs.tool_calls, logs.sessions):
        table.to_frame("polars", content=True)
    assert not cachefiles.names()
    logs.messages.to_frame("polars")
    text = {"messages": ["content"], "tool_calls": ["arguments", "result"], "sessions": ["first_prompt"]}
    files = {name: name.rpartition(".")[2] for name in cachefiles.names()}
    assert set(files.values()) >= set(text)
    for name, kind in files.items():
        if kind in text:
            frame = pl.read_ipc(cachefiles.read(name) or b"")
            assert all(frame[column].null_count() == frame.height for column in text[kind])


def test_what_may_be_otherwise_next_time_is_not_kept(home: Path, cache: Path) -> None:
    parse, failing = CLAUDE.parse, {transcripts(home)[0].name}

    def unlucky(source: Any, want: Any, context: Any) -> Any:
        if Path(source.path).name in failing:
            raise OSError("not now")
        return parse(source, want, context)

    with claude(parse=unlucky):
        assert "provider-failed" in sf.scan(home=home, n_jobs=1).usage.issues["kind"].to_list()
        failing.clear()
        assert is_right(cache, home=home)
        assert "provider-failed" not in sf.scan(home=home, n_jobs=1).usage.issues["kind"].to_list()


def test_what_is_not_kept_writes_nothing(tmp_path: Path, cache: Path) -> None:
    """A source that is read every time, here because other files could change its rows, leaves no files behind every time."""
    home = tmp_path / "codex"
    shutil.copytree(SAMPLES / "codex" / "subagent" / "home", home)
    settle(home)
    requests(home)
    before = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    with watched() as reading:
        requests(home)
    assert reading.new > 0
    assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == before


def test_many_small_changes_leave_few_files(home: Path, cache: Path) -> None:
    path = max(transcripts(home), key=lambda each: each.stat().st_size)
    lines = path.read_bytes().splitlines(keepends=True)
    for number in range(3 * shelf.MOST_SEGMENTS):
        path.write_bytes(b"".join(lines[: len(lines) // 2]) + lines[0].replace(b'"uuid":"', f'"uuid":"{number}'.encode()) * number)
        settle(path, at=time.time() - 900 + number)
        requests(home)
        for each in cache.iterdir():
            os.utime(each, (time.time() - 2 * shelf.STRANGE_S,) * 2)
    assert len(list(cache.iterdir())) <= 3 * (shelf.MOST_SEGMENTS + 2)
    assert is_right(cache, home=home)


def test_what_nobody_used_for_long_is_removed(home: Path, cache: Path) -> None:
    requests(home)
    for path in cache.iterdir():
        os.utime(path, (0, 0))
    (cache / "notes.txt").write_text("of somebody else")
    os.utime(cache / "notes.txt", (0, 0))
    other = home.parent / "other"
    shutil.copytree(home, other)
    settle(other)
    requests(other)
    with watched() as reading:
        requests(home)
    assert reading.kept == 0
    assert (cache / "notes.txt").exists()


def test_a_cache_in_use_is_not_removed(home: Path, cache: Path) -> None:
    requests(home)
    for path in cache.iterdir():
        os.utime(path, (time.time() - 29 * shelf.DAY_S,) * 2)
    requests(home)  # nothing to write, yet it is used
    manifests = [name for name in cachefiles.names() if name.count(".") == 2]
    assert all(cachefiles.age(name) < 60 for name in manifests)


def test_homes_of_the_same_relative_name_do_not_mix(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place, case in (("a", "basic"), ("b", "subagent")):
        shutil.copytree(SAMPLES / "claude-code" / case / "home", tmp_path / place / "home")
        settle(tmp_path / place)
    for place in ("a", "b", "a"):
        monkeypatch.chdir(tmp_path / place)
        assert is_right(cache, home="home")


def test_several_homes_in_one_scan(tmp_path: Path, home: Path, cache: Path) -> None:
    backup = tmp_path / "backup"
    shutil.copytree(home, backup)
    settle(backup)
    for _ in range(2):
        assert is_right(cache, home={"laptop": home, "backup": backup})
    assert is_right(cache, home={"laptop": backup, "backup": home})


def test_progress_counts_what_need_not_be_read(home: Path) -> None:
    requests(home)
    told: list[tuple[int, int]] = []
    sf.scan(home=home, n_jobs=1, progress=lambda done, total: told.append((done, total))).usage.to_frame("polars")
    assert told[-1][0] == told[-1][1] > 0


def test_objects_from_outside_are_asked_every_time() -> None:
    assert identity.code_of(registry.selected(registry.builtin())[0]) is not None

    class Elsewhere:
        __module__ = "__main__"

        def __call__(self, *given: Any) -> Any:
            yield from given

    provider = type(CLAUDE)(CLAUDE.info, 1, CLAUDE.roots, CLAUDE.discover, Elsewhere())
    assert identity.code_of(provider) is None


@pytest.mark.slow
def test_two_processes_at_once(home: Path, cache: Path) -> None:
    with kept_in(None):
        want = run(home).stdout
    for _ in range(3):
        several = [subprocess.Popen([sys.executable, "-c", LINES, str(home)], stdout=subprocess.PIPE, text=True) for _ in range(4)]
        assert {process.communicate()[0] for process in several} == {want}
        for path in list(cache.iterdir())[::2]:
            path.unlink()
    assert is_right(cache, home=home)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_at_any_moment(home: Path, cache: Path) -> None:
    """The moments are spread over the whole life of a process that finds something new each time."""
    path = transcripts(home)[0]
    content = path.read_bytes()
    started = time.perf_counter()
    run(home)
    whole_s = time.perf_counter() - started
    for number in range(8):
        path.write_bytes(content * (number + 2))
        settle(path)
        process = subprocess.Popen([sys.executable, "-c", LINES, str(home)], stdout=subprocess.DEVNULL)
        time.sleep(whole_s * (0.4 + number / 20))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if number % 4 == 1:
            assert is_right(cache, home=home)
    assert is_right(cache, home=home)


def run(home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", LINES, str(home)], capture_output=True, text=True, check=True)


def test_many_small_files(tmp_path: Path) -> None:
    """Two thousand sessions in a hundred projects: all there, kept in a handful of files, and none is read again."""
    content = transcript_of_one_request()
    for number in range(2000):
        folder = tmp_path / "home" / ".claude" / "projects" / f"-code-{number % 100}"
        folder.mkdir(parents=True, exist_ok=True)
        session = f"{number:08x}-0000-4000-8000-000000000000"
        (folder / f"{session}.jsonl").write_text(content.replace("SESSION", session).replace("NUMBER", str(number)))
    settle(tmp_path / "home")
    with kept_in(tmp_path / "cache"):
        for expected in ((0, 0, 2000), (2000, 0, 0)):
            with watched() as reading:
                usage = sf.scan("claude-code", home=tmp_path / "home", n_jobs=1).usage.to_frame("polars")
            assert reading == expected
            assert usage["output_tokens"].sum() == 2000 * 7
            assert usage["session_id"].n_unique() == 2000
    assert len(list((tmp_path / "cache").rglob("*.sessionframe"))) < 10


def transcript_of_one_request() -> str:
    """A transcript of Claude Code's with marks for its session and its number."""
    record = {
        "type": "assistant",
        "uuid": "uuid-NUMBER",
        "sessionId": "SESSION",
        "cwd": "/code/shop",
        "timestamp": "2026-10-05T10:00:00.000Z",
        "requestId": "req_NUMBER",
        "message": {
            "id": "msg_NUMBER",
            "role": "assistant",
            "model": "claude-opus-4-8",
            "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "Done."}],
            "usage": {"input_tokens": 3, "output_tokens": 7},
        },
    }
    return json.dumps(record) + "\n"
