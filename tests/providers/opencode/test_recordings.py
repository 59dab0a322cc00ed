"""Databases and trees that real programs wrote, with totals known from the server they talked to; skipped where they are not at hand."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

import sessionframe as sf
from tests.laid_out import lay_out
from tests.recordings import RECORDINGS

FOLDER = RECORDINGS / "opencode"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not beside the project")

COLUMNS = {
    "input_uncached": "input_tokens",
    "output_incl_reasoning": "output_tokens",
    "reasoning": "reasoning_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
}
PRICES = {"input_tokens": 10, "output_tokens": 100, "cache_read_tokens": 1, "cache_write_tokens": 12}
"""What the server charged [USD per million tokens]."""


def truth() -> list[dict[str, str]]:
    """One entry per case."""
    if not FOLDER.is_dir():
        return []
    with (FOLDER / "truth.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize("case", truth(), ids=lambda case: str(case["case"]))
def test_a_recording_gives_its_true_amount(case: dict[str, str], tmp_path: Path) -> None:
    """To the token, with the cost that the program stated kept beside the right one."""
    home = lay_out(FOLDER / case["case"] / "home", tmp_path / "home")
    logs = sf.scan("opencode", home=home, n_jobs=1)
    usage = logs.usage.to_frame("polars")
    assert {name: usage[column].sum() for name, column in COLUMNS.items()} == {name: int(case[name]) for name in COLUMNS}
    assert usage["recorded_cost_usd"].sum() == pytest.approx(float(case["stored_cost_usd"]))
    charged = sum(int(usage[name].sum()) * price for name, price in PRICES.items()) / 1e6
    assert charged == pytest.approx(float(case["cost_at_10_100_1_12_per_mtok_usd"]))
    broken = logs.issues.to_frame("polars").filter(pl.col("kind") != "unpriced-model")
    assert broken["kind"].to_list() == (["broken-line"] if "malformed" in case["case"] else [])


def test_a_fork_is_known_by_its_original(tmp_path: Path) -> None:
    """1.14.41 copies messages under new ids; the fork itself has spent nothing so far."""
    home = lay_out(FOLDER / "1.14.41-db-fork" / "home", tmp_path / "home")
    logs = sf.scan("opencode", home=home, n_jobs=1)
    fork = logs.sessions.to_frame("polars").filter(pl.col("kind") == "fork")
    assert fork.select("requests", "messages").rows() == [(0, 0)]
    assert fork["parent_session_id"].to_list() == ["ses_df9e2ed05ffeKy7baplF1Zakb5"]
    assert logs.usage.to_frame("polars", replays=True).height == 9
    assert logs.messages.to_frame("polars", replays=True).filter(pl.col("is_replay"))["session_id"].unique().to_list() == [
        fork["session_id"][0]
    ]
