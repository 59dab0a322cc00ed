"""Every recording of a real Codex gives the amount that its model server was asked for, as far as the files can tell it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import sessionframe as sf
from sessionframe.schema import TOTAL_TOKEN_COLUMNS
from tests.laid_out import lay_out
from tests.recordings import RECORDINGS, recordings

CASES = {recording.case: recording.truth for recording in recordings("codex")}
pytestmark = pytest.mark.skipif(not CASES, reason="the recordings are not beside the project")
every_case = pytest.mark.parametrize("case", list(CASES) or ["none"])

FLOORS = {"0.115.0-misc": "turn", "0.135.0-misc": "turn", "0.135.0-rc": "compaction", "0.145.0-rc": "compaction"}
"""Cases whose file lacks requests -> what the issue is about."""
PROMPTS = {"0.115.0-misc": 8, "0.135.0-misc": 8, "0.115.0-fork": 5, "0.145.0-fork": 5, "0.169.0-fork": 5, "0.169.0-review": 3, "0.145.0": 3}
PROMPTS |= dict.fromkeys(["0.115.0", "0.135.0", "0.63.0", "0.98.0", "0.135.0-rc", "0.145.0-rc", "0.169.0-rc", "0.153.4", "0.160.0"], 2)
PROMPTS |= {case: 2 for case in CASES if case.endswith("-spawn")}


def logs(case: str, tmp_path: Path) -> sf.Logs:
    return sf.scan("codex", home=lay_out(RECORDINGS / "codex" / case / "home", tmp_path / "home"), n_jobs=1)


@every_case
def test_the_true_amount(case: str, tmp_path: Path) -> None:
    usage = logs(case, tmp_path).usage.to_frame("polars")
    assert sum(int(usage[name].sum() or 0) for name in TOTAL_TOKEN_COLUMNS) == int(CASES[case]["recoverable_total_tokens"])


@every_case
def test_reading_everything_gives_the_same(case: str, tmp_path: Path) -> None:
    found = logs(case, tmp_path)
    alone = found.usage.to_frame("polars", replays=True)
    found = logs(case, tmp_path / "again")
    found.messages.to_frame("polars")
    assert found.usage.to_frame("polars", replays=True).drop("source").equals(alone.drop("source"))


@every_case
def test_what_a_file_lacks_is_reported_and_nothing_else(case: str, tmp_path: Path) -> None:
    issues = logs(case, tmp_path).issues.to_frame("polars")
    estimates = issues.filter(pl.col("kind") == "estimate")["detail"].to_list()
    assert [FLOORS[case] in detail for detail in estimates] == ([True] if case in FLOORS else [])
    old = {"missing-column"} if CASES[case]["note"].startswith("no usage") else set()
    assert set(issues["kind"].to_list()) <= {"estimate", "unpriced-model"} | old


@every_case
def test_prompts_are_told_from_injected_text(case: str, tmp_path: Path) -> None:
    sessions = logs(case, tmp_path).sessions.to_frame("polars")
    assert sessions["prompts"].sum() == PROMPTS.get(case, 1)


@every_case
def test_every_call_has_its_output(case: str, tmp_path: Path) -> None:
    found = logs(case, tmp_path)
    calls = found.tool_calls.to_frame("polars")
    assert "pending" not in calls["status"].to_list()
    failed = calls.filter(pl.col("command") == "echo")
    assert failed["exit_code"].to_list() == [3] * failed.height
    assert failed["status"].to_list() == ["error"] * failed.height


@every_case
def test_sub_agents_forks_and_reviews_know_their_parents(case: str, tmp_path: Path) -> None:
    sessions = logs(case, tmp_path).sessions.to_frame("polars")
    kinds = {"spawn": "subagent", "fork": "fork", "review": "review"}
    kind = kinds.get(case.rpartition("-")[2])
    if kind is None:
        assert sessions["kind"].to_list() == ["main"]
        return
    main = sessions.filter(pl.col("kind") == "main")["session_id"].item()
    child = sessions.filter(pl.col("kind") == kind)
    assert child["parent_session_id"].item() == main
    assert child["root_session_id"].item() == (child["session_id"].item() if kind == "fork" else main)
    calls = logs(case, tmp_path / "again").tool_calls.to_frame("polars")
    started = calls.filter(pl.col("tool") == "spawn_agent")["child_session_id"].to_list()
    assert started == ([child["session_id"].item()] if kind == "subagent" else [])


@every_case
def test_a_child_counts_the_same_without_its_parent(case: str, tmp_path: Path) -> None:
    """The whole history that it copied must not become its own because nobody is left to compare with."""
    home = lay_out(RECORDINGS / "codex" / case / "home", tmp_path / "home")
    sessions = sf.scan("codex", home=home, n_jobs=1).sessions.to_frame("polars")
    for child in sessions.filter(pl.col("kind") != "main").iter_rows(named=True):
        for path in home.rglob("*.jsonl"):
            if child["session_id"] not in path.name and path.name.startswith("rollout-"):
                path.unlink()
        alone = sf.scan("codex", home=home, n_jobs=1).sessions.to_frame("polars")
        assert {name: alone[name].item() for name in TOTAL_TOKEN_COLUMNS} == {name: child[name] for name in TOTAL_TOKEN_COLUMNS}
