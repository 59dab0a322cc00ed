"""Synthetic homes, read back: what the library finds is exactly what the generator says it wrote."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sessionframe as sf
from sessionframe.testing import Truth, make_demo, make_home
from sessionframe.testing.truth import Tokens
from tests.testing.test_homes import contents

AGENTS = ("codex", "gemini", "qwen", "opencode", "kilo")
TOKENS = tuple(asdict(Tokens()))


@pytest.fixture(scope="module", params=AGENTS)
def agent(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["demo", "large"])
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(agent: str, size: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[sf.Logs, Truth]:
    home = tmp_path_factory.mktemp(agent)
    truth = make_demo(home, agents=[agent]) if size == "demo" else make_home(home, agents=[agent], seed=10, sessions=30)
    return sf.scan(agent, home=home, n_jobs=1), truth


def summed(usage: pl.DataFrame, by: Any) -> dict[str, dict[str, int]]:
    """Requests and tokens per group."""
    names = [name for name in TOKENS if name != "requests"]
    groups = usage.group_by(pl.Series(by) if isinstance(by, list) else by).agg(
        pl.len().alias("requests"), *(pl.col(name).sum() for name in names)
    )
    return {str(row[0]): dict(zip(("requests", *names), row[1:], strict=True)) for row in groups.iter_rows()}


def stated(groups: dict[str, Any]) -> dict[str, dict[str, int]]:
    """The same of the truth, empty groups left out."""
    return {key: {name: getattr(value, name) for name in TOKENS} for key, value in groups.items() if value.requests}


def test_every_request_is_found_once(made: tuple[sf.Logs, Truth]) -> None:
    logs, truth = made
    usage = logs.usage.to_frame("polars")
    assert summed(usage, pl.lit("all"))["all"] == {name: getattr(truth.total, name) for name in TOKENS}
    assert summed(usage, pl.col("at").dt.strftime("%Y-%m-%d")) == stated(truth.by_day)
    assert summed(usage, "model") == stated(truth.by_model)
    assert summed(usage, "project") == stated(truth.by_project)
    assert summed(usage, "repo_root") == stated(truth.by_repo_root)
    assert logs.usage.to_frame("polars", replays=True)["is_replay"].sum() == truth.total.replayed_requests
    assert truth.total.replayed_requests > 0
    recorded = {name: thread.recorded_cost_usd for name, thread in truth.by_session.items() if thread.recorded_cost_usd}
    found = dict(logs.sessions.to_frame("polars").drop_nulls("recorded_cost_usd").select("session_id", "recorded_cost_usd").iter_rows())
    assert {name: cost for name, cost in found.items() if cost} == pytest.approx(recorded)


def test_every_session_is_found_with_what_happened_in_it(made: tuple[sf.Logs, Truth]) -> None:
    logs, truth = made
    sessions = logs.sessions.to_frame("polars")
    roots = sessions.filter(pl.col("session_id") == pl.col("root_session_id"))
    found = {row["session_id"]: row for row in roots.iter_rows(named=True)}
    assert found.keys() == {name for name, thread in truth.by_session.items() if thread.parent is None}
    for name, row in found.items():
        thread = truth.by_session[name]
        assert (row["title"], row["project"]) == (thread.title, thread.project)
        for count in ("prompts", "tool_calls", "tool_errors", "compactions"):
            assert row[count] == getattr(thread, count), (name, count)
    assert int(sessions["prompts"].sum() or 0) == truth.total.prompts
    side = sessions.filter(pl.col("kind") == "subagent")
    assert set(side["session_id"]) >= {name for name, thread in truth.by_session.items() if thread.parent is not None}


def test_every_call_is_found_with_its_outcome(made: tuple[sf.Logs, Truth]) -> None:
    logs, truth = made
    calls = logs.tool_calls.to_frame("polars")
    total = truth.total
    assert calls.height == total.tool_calls
    found = {status: int((calls["status"] == status).sum()) for status in ("error", "denied", "interrupted", "pending")}
    assert found == {"error": total.tool_errors, "denied": total.denials, "interrupted": total.interruptions, "pending": 0}
    children = set(calls["child_session_id"].drop_nulls())
    assert children == {name for name, thread in truth.by_session.items() if thread.parent is not None}


def test_a_sound_home_has_no_issues_but_models_without_a_price(made: tuple[sf.Logs, Truth]) -> None:
    issues = made[0].issues.to_frame("polars")
    assert set(issues["kind"]) <= {"unpriced-model"}


def test_the_same_seed_gives_the_same_bytes(agent: str, tmp_path: Path) -> None:
    first, second = (make_home(tmp_path / name, agents=[agent], sessions=4) for name in "ab")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert first.to_json() == second.to_json()
