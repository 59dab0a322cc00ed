"""Synthetic homes: what the generator says it wrote is what a second, plain count finds in the files."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest

from sessionframe.errors import OptionError
from sessionframe.testing import Tally, Truth, demo_home, make_demo, make_home
from sessionframe.testing.demo_plans import PLANS
from sessionframe.testing.truth import Tokens
from tests.testing.recount import Recount, recount

SAMPLES = Path(__file__).parents[2] / "data-samples"
COUNTS = tuple(name for name in asdict(Tally()) if name not in {"recorded_cost_usd", "replayed_requests"})

MARKS = (
    '"speed":"fast"',
    '"type":"advisor_message"',
    '"<synthetic>"',
    '"subtype":"api_error"',
    '"type":"custom-title"',
    '"subtype":"turn_duration"',
    '"isCompactSummary":true',
    '"type":"worktree-state"',
    '"type":"queued_command"',
    '"session_id":"',
    "[Request interrupted by user for tool use]",
    '"toolDenialKind":"user-rejected"',
    '"type":"server_tool_use"',
    "<task-notification>",
    '"structuredPatch"',
    '"name":"mcp__github__',
    '"type": "launched"',
    "<command-name>",
    '"hasUnknownModelCost":true',
    "agent-acompact-",
    "naïve",
    '"name":"WebFetch"',
    '"name":"WebSearch"',
    '"name":"TodoWrite"',
)
"""Text or file names that show that the demo has a thing."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """The part of the agent that the plain count knows."""
    home = tmp_path_factory.mktemp("demo")
    return home, make_demo(home, agents=["claude-code"])


@pytest.fixture(scope="module")
def whole_demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    home = tmp_path_factory.mktemp("whole")
    return home, make_demo(home)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    home = tmp_path_factory.mktemp("large")
    return home, make_home(home, seed=11, mb=25)


def contents(home: Path) -> dict[str, bytes]:
    return {path.relative_to(home).as_posix(): content(path) for path in sorted(home.rglob("*")) if path.is_file()}


def content(path: Path) -> bytes:
    """The bytes of a file; of a database its rows, because its header names the version of the library that wrote it."""
    if path.suffix != ".db":
        return path.read_bytes()
    database = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    try:
        return "\n".join(database.iterdump()).encode()
    finally:
        database.close()


def positive(numbers: Counter[str]) -> dict[str, int]:
    return {name: number for name, number in numbers.items() if number}


def told(tokens: Tokens) -> dict[str, int]:
    return {name: value for name, value in asdict(tokens).items() if value and name in COUNTS}


def assert_equal(truth: Truth, found: Recount) -> None:
    assert (truth.files, truth.lines, truth.bytes) == (found.files, found.lines, found.bytes)
    assert told(truth.total) == positive(found.total)
    assert {key: told(value) for key, value in truth.by_session.items() if told(value)} == {
        key: positive(value) for key, value in found.by_session.items() if positive(value)
    }
    for name in ("by_model", "by_day", "by_project"):
        assert {key: told(value) for key, value in getattr(truth, name).items()} == {
            key: positive(value) for key, value in getattr(found, name).items()
        }
    assert {key: value.recorded_cost_usd for key, value in truth.by_session.items() if value.recorded_cost_usd} == found.recorded
    assert {key: value.title for key, value in truth.by_session.items() if value.title} == found.titles


def copies(truth: Truth) -> frozenset[str]:
    return frozenset(name for name, thread in truth.by_session.items() if thread.replayed_requests)


def test_truth_of_the_demo_is_what_a_plain_count_finds(demo: tuple[Path, Truth]) -> None:
    home, truth = demo
    assert_equal(truth, recount(home, copies(truth)))


def test_truth_of_a_large_home_is_what_a_plain_count_finds(large: tuple[Path, Truth]) -> None:
    home, truth = large
    assert_equal(truth, recount(home, copies(truth)))


def test_groups_add_up_to_the_total(large: tuple[Path, Truth]) -> None:
    _, truth = large
    for group in (truth.by_agent, truth.by_session, truth.by_model, truth.by_day, truth.by_project, truth.by_repo_root):
        total = Tokens()
        for tokens in group.values():
            total.add(tokens)
        assert total == Tokens(**{name: getattr(truth.total, name) for name in asdict(total)})
    assert truth.sessions + truth.subagents == len(truth.by_session)


def test_committed_demo_is_what_the_generator_makes(whole_demo: tuple[Path, Truth]) -> None:
    home, truth = whole_demo
    committed, made = contents(SAMPLES / "demo"), contents(home)
    assert sorted(committed) == sorted(made)
    assert [name for name in made if made[name] != committed[name]] == []
    assert (SAMPLES / "demo-truth.json").read_text("utf-8") == truth.to_json()


def test_demo_is_small_and_has_a_bit_of_everything(demo: tuple[Path, Truth]) -> None:
    home, truth = demo
    assert sum(len(data) for data in contents(home).values()) < 3_000_000
    assert 40 <= truth.sessions <= 60
    assert min(truth.by_day) == "2026-10-16"
    assert max(truth.by_day) == "2026-11-20"
    assert min(told(truth.total).values()) > 0
    assert set(told(truth.total)) == set(COUNTS)
    assert {"claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-4-8", "internal-preview-1"} == set(truth.by_model)
    assert len(copies(truth)) == 2
    assert "/home/demo/code/shop/.claude/worktrees/fix-cart" in truth.by_project
    assert all("/worktrees/" not in root for root in truth.by_repo_root)


def test_an_agent_is_added_to_the_demo_without_touching_the_others(
    demo: tuple[Path, Truth], whole_demo: tuple[Path, Truth], tmp_path: Path
) -> None:
    whole = contents(whole_demo[0])
    assert contents(demo[0]).items() <= whole.items()
    for agent in PLANS:
        make_demo(tmp_path / agent, agents=[agent])
        alone = contents(tmp_path / agent)
        assert alone.items() <= whole.items()
        assert 0 < sum(map(len, alone.values())) < 600_000


def test_demo_has_every_kind_of_record(demo: tuple[Path, Truth]) -> None:
    home, _ = demo
    text = b"\n".join(contents(home).values()).decode("utf-8")
    assert [mark for mark in MARKS if mark not in text and not any(mark in name for name in contents(home))] == []


def test_a_session_goes_on_after_midnight(demo: tuple[Path, Truth]) -> None:
    home, truth = demo
    days: dict[str, set[str]] = {name: set() for name in truth.by_session}
    for path in home.rglob("*.jsonl"):
        for line in path.read_text("utf-8").splitlines() if path.stem in days else []:
            record = json.loads(line)
            if record["type"] == "assistant":
                days[path.stem].add(record["timestamp"][:10])
    assert sum(len(found) > 1 for found in days.values()) >= 1


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    first, second = make_home(tmp_path / "a", sessions=4), make_home(tmp_path / "b", sessions=4)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert first.to_json() == second.to_json()


def test_another_seed_other_bytes(tmp_path: Path) -> None:
    make_home(tmp_path / "a", sessions=2, seed=1)
    make_home(tmp_path / "b", sessions=2, seed=2)
    assert contents(tmp_path / "a").keys() != contents(tmp_path / "b").keys()


def test_size_is_honoured(tmp_path: Path) -> None:
    truth = make_home(tmp_path, mb=3)
    assert truth.bytes >= 3 * 1024 * 1024
    assert truth.bytes == sum(path.stat().st_size for path in tmp_path.rglob("*.jsonl") if path.name != "journal.jsonl")
    last = max(sum(len(data) for name, data in contents(tmp_path).items() if session in name) for session in truth.by_session)
    assert truth.bytes < 3 * 1024 * 1024 + last


def test_number_of_sessions_and_days_are_honoured(tmp_path: Path) -> None:
    truth = make_home(tmp_path, sessions=6, days=3)
    assert truth.sessions == 6
    assert min(truth.by_day) >= "2026-11-18"


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(OptionError, match="new or empty folder"):
        make_home(tmp_path, sessions=1)
    assert contents(tmp_path) == {"notes.txt": b"mine"}


def test_an_agent_without_writer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no synthetic logs can be written for 'abacus'"):
        make_home(tmp_path, sessions=1, agents=["abacus"])


def test_size_and_sessions_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="either mb or sessions"):
        make_home(tmp_path, sessions=1, mb=1)


def test_demo_home_is_the_committed_one() -> None:
    assert demo_home() == SAMPLES / "demo"


def test_command_prints_the_truth(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sessionframe.testing", "home", str(tmp_path), "--mb", "0.1", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    assert json.loads(done.stdout)["bytes"] >= 100_000


def test_command_refuses_a_full_folder(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "sessionframe.testing", "demo", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "new or empty folder" in done.stderr
