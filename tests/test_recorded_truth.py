"""Homes made by somebody else's generator, with totals that it wrote down itself; skipped where it is not at hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sessionframe as sf

GENERATOR = Path(__file__).parents[2] / "shared" / "bench" / "make_claude_corpus.py"
pytestmark = pytest.mark.skipif(not GENERATOR.is_file(), reason="the corpus generator is not beside the project")

COLUMNS = {
    "input": pl.col("input_tokens"),
    "output": pl.col("output_tokens"),
    "cache_read": pl.col("cache_read_tokens"),
    "cache_w5m": pl.col("cache_write_tokens") - pl.col("cache_write_1h_tokens"),
    "cache_w1h": pl.col("cache_write_1h_tokens"),
}


@pytest.fixture(scope="module", params=[7, 11])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of a few megabytes with resumed sessions and sub-agents."""
    folder = tmp_path_factory.mktemp("corpus")
    command = [sys.executable, str(GENERATOR), str(folder), "--mb", "12", "--seed", str(request.param)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def truth(home: Path) -> dict[str, Any]:
    """What the generator wrote down."""
    return dict(json.loads((home / "GEN_TRUTH.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def logs(home: Path) -> sf.Logs:
    """The home, read."""
    return sf.scan("claude-code", home=home)


def test_every_token_total_is_exact(logs: sf.Logs, truth: dict[str, Any]) -> None:
    """Over all models and for each."""
    usage = logs.usage.to_frame("polars")
    assert usage.height == truth["api_responses"]
    for name, column in COLUMNS.items():
        assert usage.select(column.sum()).item() == truth[name]
        by_model = dict(usage.group_by("model").agg(column.sum()).iter_rows())
        assert by_model == {model: sums[name] for model, sums in truth["by_model"].items()}


def test_sessions_sub_agents_and_tools_are_exact(logs: sf.Logs, truth: dict[str, Any]) -> None:
    """Resumed files copy history; nothing of it counts twice."""
    sessions, calls = logs.sessions.to_frame("polars"), logs.tool_calls.to_frame("polars")
    assert sessions.filter(pl.col("kind").is_in(["main", "fork"])).height == truth["sessions"]
    assert sessions.filter(pl.col("kind") == "subagent").height == truth["subagents"]
    assert calls.height == truth["tool_calls"]
    assert calls.filter(pl.col("status") == "error").height == truth["tool_errors"]
    assert sessions["requests"].sum() == truth["api_responses"]


def test_nothing_is_reported_that_is_not_wrong(logs: sf.Logs) -> None:
    """A sound home has no issues."""
    assert logs.issues.to_frame("polars").height == 0
