"""`provenance`: the records behind a row, of every agent and layout."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import sessionframe as sf
from sessionframe.errors import ColumnError, OptionError, RecordNotFoundError
from sessionframe.testing import demo_home
from tests.contract.samples import Sample, samples

SAMPLES = Path(__file__).parents[2] / "data-samples"
TABLES = ("usage", "messages", "tool_calls")
FEW = 6


@pytest.mark.parametrize("sample", samples(), ids=str)
def test_every_row_names_one_record(sample: Sample) -> None:
    logs = sf.scan(sample.agent, home=sample.home, n_jobs=1)
    for table in TABLES:
        rows = getattr(logs, table).to_frame("polars", replays=True)
        for position in range(0, rows.height, max(1, rows.height // FEW)):
            found = sf.provenance(rows, position)
            told = found.filter(pl.col("role") == "told")
            assert told.height == 1
            assert told["source"][0] == rows["source"][position]
            assert told["line"][0] == rows["line"][position]
            assert told["record"][0]


def test_the_record_holds_what_the_row_says() -> None:
    usage = sf.scan("claude-code", home=demo_home()).usage.to_frame("polars")
    for position in range(0, usage.height, 50):
        found = usage.sf.provenance(position)  # type: ignore[attr-defined]
        record = json.loads(found.filter(pl.col("role") == "told")["record"][0])
        assert record["message"]["id"] == usage["message_id"][position]
        assert record["message"]["usage"]["output_tokens"] == usage["output_tokens"][position]


def test_other_records_of_the_request_are_beside_it() -> None:
    usage = sf.scan("claude-code", home=demo_home()).usage.to_frame("polars")
    found = [usage.sf.provenance(position) for position in range(20)]  # type: ignore[attr-defined]
    several = [each for each in found if each.height > 1]
    assert several
    for each in several:
        ids = {json.loads(record).get("message", {}).get("id") for record in each["record"]}
        assert len(ids) == 1
        assert each["line"].is_sorted()


def test_a_step_of_opencode_comes_with_its_message_and_parts() -> None:
    usage = sf.scan("opencode", home=demo_home()).usage.to_frame("polars")
    kinds = [json.loads(record).get("type") for record in sf.provenance(usage)["record"]]
    assert kinds[0] is None
    assert "step-finish" in kinds


def test_pandas_and_negative_positions() -> None:
    logs = sf.scan("gemini", home=demo_home())
    usage = logs.usage.to_frame()
    found = usage.sf.provenance(-1)
    assert isinstance(found, pd.DataFrame)
    assert str(found["line"].dtype) == "Int64"
    assert found.loc[found["role"] == "told", "line"].tolist() == [usage["line"].iloc[-1]]
    shuffled = usage.iloc[::-1]
    assert shuffled.sf.provenance(0)["record"].tolist() == found["record"].tolist()
    assert isinstance(sf.provenance(logs.usage, 0), pd.DataFrame)


@pytest.mark.parametrize("row", [10**6, -(10**6)])
def test_a_position_outside_is_an_error(row: int) -> None:
    with pytest.raises(OptionError, match="is no position in a frame of"):
        sf.provenance(sf.scan("gemini", home=demo_home()).usage, row)


def test_a_frame_without_places_is_an_error() -> None:
    with pytest.raises(ColumnError, match="source"):
        sf.provenance(pl.DataFrame({"agent": ["codex"]}))
    nowhere = pl.DataFrame({"agent": [None], "source": [None], "line": [None]})
    with pytest.raises(OptionError, match="does not say which agent"):
        sf.provenance(nowhere)


@pytest.mark.parametrize("agent", ["claude-code", "codex", "gemini", "opencode"])
def test_a_log_that_is_gone_is_an_error(agent: str, tmp_path: Path) -> None:
    home = shutil.copytree(demo_home(), tmp_path / "home")
    usage = sf.scan(agent, home=home).usage.to_frame("polars")
    shutil.rmtree(home)
    with pytest.raises(RecordNotFoundError, match="scan again"):
        sf.provenance(usage)


def test_a_log_that_became_shorter_is_an_error(tmp_path: Path) -> None:
    home = shutil.copytree(SAMPLES / "claude-code" / "basic" / "home", tmp_path / "home")
    usage = sf.scan("claude-code", home=home).usage.to_frame("polars")
    Path(usage["source"][-1]).write_text("", "utf-8")
    with pytest.raises(RecordNotFoundError):
        sf.provenance(usage, -1)
