"""Where Codex's sessions are, what belongs to them, and what they are called."""

from __future__ import annotations

import json
from pathlib import Path, PurePath

import pytest

from sessionframe.machine import Machine, Platform
from sessionframe.providers.codex.locations import discover, roots
from sessionframe.providers.codex.thread import Thread
from sessionframe.providers.contract import Root, Source
from tests.providers.codex.rollouts import THREAD, Read, count, event, meta, tokens, turn, user, uuid7, write


def named(folder: Path, *names: str) -> list[str]:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", "utf-8")
    return [PurePath(source.path).relative_to(folder).as_posix() for source in discover(Root(folder, "")).sources]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_folder_is_the_same_on_every_system(platform: Platform, tmp_path: Path) -> None:
    assert [root.path for root in roots(Machine(tmp_path, {}, platform))] == [tmp_path / ".codex"]


def test_the_variable_replaces_the_default(tmp_path: Path) -> None:
    """One folder as in the program, several as in ccusage, a folder inside by mistake, `~`, blanks."""
    for value, expected in {
        str(tmp_path / "a"): ["a"],
        f"{tmp_path / 'a'}, {tmp_path / 'b'},": ["a", "b"],
        str(tmp_path / "a" / "sessions"): ["a"],
        "~/c": ["c"],
        "  ": [".codex"],
    }.items():
        found = [root.path for root in roots(Machine(tmp_path, {"CODEX_HOME": value}, "linux"))]
        assert found == [tmp_path / name for name in expected]
    (tmp_path / "x,y").mkdir()
    assert [root.path for root in roots(Machine(tmp_path, {"CODEX_HOME": str(tmp_path / "x,y")}, "linux"))] == [tmp_path / "x,y"]


def test_every_place_and_form(tmp_path: Path) -> None:
    """Dated folders, flat ones, packed files, documents; not what only looks alike."""
    stem = f"rollout-2026-10-05T12-00-00-{THREAD}"
    wanted = [
        f"archived_sessions/{stem}.jsonl",
        f"archived_sessions/{stem}_{uuid7(9)}.jsonl.zst",
        "history.jsonl",
        "session_index.jsonl",
        f"sessions/2026/10/05/{stem}.jsonl",
        f"sessions/2026/10/06/{stem}.jsonl.zst",
        f"sessions/rollout-2025-05-12-{THREAD}.json",
    ]
    others = [
        f".tmp/{stem}.jsonl.zst",
        f"sessions/.tmp/{stem}.jsonl",
        f"sessions/{stem}.jsonl.lock",
        "sessions/2026/notes.jsonl",
        f"log/{stem}.jsonl",
    ]
    assert named(tmp_path, *wanted, *others) == wanted
    assert {source.session_id for source in discover(Root(tmp_path, "")).sources} == {THREAD, ""}


def test_the_plain_file_wins_over_its_packed_twin(tmp_path: Path) -> None:
    """Both exist for a moment; elsewhere a twin is recognised by what is in it."""
    assert named(tmp_path, "sessions/rollout-x.jsonl", "sessions/rollout-x.jsonl.zst") == ["sessions/rollout-x.jsonl"]


def test_a_folder_that_is_called_like_a_rollout_is_reported(tmp_path: Path) -> None:
    (tmp_path / "sessions" / "rollout-x.jsonl").mkdir(parents=True)
    assert [issue.kind for issue in discover(Root(tmp_path, "")).issues] == ["unreadable"]


def test_a_file_with_another_name_is_known_by_its_content(tmp_path: Path) -> None:
    path = write(tmp_path, [meta(), turn(), count(2, tokens(10), tokens(10))])
    path.rename(path.with_name("rollout-renamed.jsonl"))
    assert [row.session_id for row in Read(tmp_path).usage] == [THREAD]
    thread = Thread.of(Source("C:\\x\\rollout-renamed.jsonl", "rollout"), Machine(tmp_path))
    assert thread.session_id == "rollout-renamed"


def test_the_last_name_in_the_index_is_the_title(tmp_path: Path) -> None:
    """Blank names are none; without a name the first prompt stands for it."""
    other = uuid7(50, 2)
    for thread in (THREAD, other):
        write(
            tmp_path, [meta(thread=thread), turn(), user(1, "First words"), event(1, "user_message", message="First words")], thread=thread
        )
    entries = [{"id": THREAD, "thread_name": "Old"}, {"id": THREAD, "thread_name": "New"}, {"id": other, "thread_name": " "}, {"x": 1}]
    (tmp_path / ".codex" / "session_index.jsonl").write_text("\n".join(map(json.dumps, entries)) + "\ncut {", "utf-8")
    assert {row.session_id: row.title for row in Read(tmp_path).sessions} == {THREAD: "New", other: "First words"}


def test_threads_that_only_the_history_knows_are_reported(tmp_path: Path) -> None:
    write(tmp_path, [meta()])
    entries = [{"session_id": name, "ts": 1, "text": "x"} for name in (THREAD, "gone", "gone", "gone too")]
    (tmp_path / ".codex" / "history.jsonl").write_text("\n".join(map(json.dumps, entries)), "utf-8")
    (issue,) = Read(tmp_path).issues
    assert (issue.kind, issue.count) == ("estimate", 2)
