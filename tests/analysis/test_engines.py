"""What every helper of `usage` promises: any engine, the same numbers, a frame that stays as it was, no pandas where none is asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import sessionframe as sf
from sessionframe.frames.pandas import to_pandas
from tests.rows import rows_of

DEMO = Path(__file__).parents[2] / "data-samples" / "demo"
OCTOBER, NOVEMBER = ("2026-10-01", "2026-11-01"), ("2026-11-01", "2026-12-01")
HELPERS: dict[str, Callable[[Any], Any]] = {
    "activity": lambda usage: sf.activity(usage, by="agent", tz="Asia/Kathmandu"),
    "blocks": lambda usage: sf.blocks(usage, tz="Asia/Kathmandu"),
    "cache_by": lambda usage: sf.cache_by(usage, by=["agent", "kind"], every="1w", tz="Asia/Kathmandu"),
    "cache_by_gap": lambda usage: sf.cache_by_gap(usage, by="model"),
    "cache_gaps": sf.cache_gaps,
    "compare_periods": lambda usage: sf.compare_periods(usage, first=OCTOBER, second=NOVEMBER, by="repo_root", tz="Asia/Kathmandu"),
    "concentration": sf.concentration,
    "context_growth": sf.context_growth,
    "context_growth_by": lambda usage: sf.context_growth_by(usage, by="agent"),
    "cost_by": lambda usage: sf.cost_by(usage, by="model", every="1d", tz="Asia/Kathmandu"),
    "coverage": lambda usage: sf.coverage(usage, tz="Asia/Kathmandu"),
    "cumulative": lambda usage: sf.cumulative(usage, by="agent", tz="Asia/Kathmandu"),
    "finality_by": sf.finality_by,
    "reprice": lambda usage: sf.reprice(usage, model="gpt-5"),
    "shares": lambda usage: sf.shares(usage, of="cost_usd", within=["agent", "git_branch"]),
    "tokens_by": lambda usage: sf.tokens_by(usage, by="kind", every="1mo", tz="Asia/Kathmandu"),
    "unpriced": sf.unpriced,
}
by_helper = pytest.mark.parametrize("name", HELPERS)


@pytest.fixture(scope="module")
def usage() -> pl.DataFrame:
    return sf.scan(home=DEMO).usage.to_frame("polars")


def plain(result: Any) -> list[dict[str, Any]]:
    """Rows with floats that may differ by their rounding."""
    rows = result.to_pylist() if isinstance(result, pa.Table) else rows_of(result)
    return [
        {name: pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value for name, value in row.items()}
        for row in rows
    ]


def texts(row: dict[str, Any]) -> list[str]:
    """What tells a row from others: all but its floats."""
    return [str(value) for value in row.values() if not isinstance(value, float)]


@by_helper
def test_every_engine_gives_the_same(name: str, usage: pl.DataFrame) -> None:
    found = HELPERS[name](usage)
    assert isinstance(found, pl.DataFrame)
    assert rows_of(HELPERS[name](to_pandas(usage))) == plain(found)
    arrow = HELPERS[name](usage.to_arrow(compat_level=pl.CompatLevel.oldest()))
    assert isinstance(arrow, pa.Table)
    # Arrow does not know that categories have an order, and before 26 makes none of text
    schema = pa.schema([each.with_type(pa.large_string()) if pa.types.is_dictionary(each.type) else each for each in arrow.schema])
    assert sorted(rows_of(found), key=texts) == plain(pa.Table.from_pylist(sorted(arrow.to_pylist(), key=texts), schema))


@by_helper
def test_lazy_frames_and_frames_of_ones_own(name: str, usage: pl.DataFrame) -> None:
    own = usage.filter(pl.col("agent") != "codex").with_columns(pl.lit("x").alias("mine"))
    assert rows_of(HELPERS[name](own.lazy())) == plain(HELPERS[name](own))


@by_helper
def test_the_frame_stays_as_it_was(name: str, usage: pl.DataFrame) -> None:
    frame, kept = to_pandas(usage), to_pandas(usage)
    HELPERS[name](frame)
    assert frame.equals(kept)
    assert list(frame.columns) == list(kept.columns)


@by_helper
def test_the_order_of_the_rows_changes_no_sum(name: str, usage: pl.DataFrame) -> None:
    if name in {"cache_gaps", "context_growth", "reprice", "shares"}:
        pytest.skip("its rows are those of the frame")
    assert rows_of(HELPERS[name](usage.sample(fraction=1, shuffle=True, seed=3))) == plain(HELPERS[name](usage))


def test_polars_needs_no_pandas() -> None:
    calls = """
import sys, sessionframe as sf
usage = sf.scan(home=%r).usage.to_frame("polars")
for helper in (sf.cost_by, sf.reprice, sf.cache_by, sf.cache_gaps, sf.blocks, sf.cumulative, sf.activity, sf.coverage, sf.unpriced):
    helper(usage)
print(sorted({"pandas", "matplotlib"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", calls % str(DEMO)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
