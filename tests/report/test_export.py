"""Exported files: whole or not there, never over another one unasked."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sessionframe.errors import OptionError
from sessionframe.report import export
from tests.rows import public, request

FRAME = public("usage", [request(model="a|b", input_tokens=1), request(None, cost_usd=0.5)])
READERS: dict[str, Any] = {"parquet": pl.read_parquet, "csv": pl.read_csv, "jsonl": pl.read_ndjson}


@pytest.mark.parametrize("chosen", ["parquet", "csv", "jsonl"])
def test_what_is_written_is_read_back(tmp_path: Path, chosen: str) -> None:
    target = tmp_path / f"usage.{chosen}"
    export.write_file(FRAME, str(target), export.file_format(str(target), None))
    back = READERS[chosen](target)
    assert back.columns == FRAME.columns
    assert back["model"].to_list() == ["a|b", None]
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_parquet_keeps_every_dtype(tmp_path: Path) -> None:
    export.write_file(FRAME, str(tmp_path / "x.parquet"), "parquet")
    assert pl.read_parquet(tmp_path / "x.parquet").equals(FRAME)


def test_times_in_csv_are_iso_with_their_zone() -> None:
    text = io.BytesIO()
    export.write_stream(FRAME.select("at", "model"), text, "csv")
    assert text.getvalue() == b"at,model\n2026-10-01T12:00:00.000000Z,a|b\n,\n"


def test_a_stream_of_many_parts_has_one_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "SLICE_ROWS", 1)
    text = io.BytesIO()
    export.write_stream(FRAME.select("model"), text, "csv")
    export.write_stream(FRAME.select("model").clear(), text, "csv")
    assert text.getvalue() == b"model\na|b\n\nmodel\n"


def test_formats() -> None:
    assert export.file_format("x.NDJSON", None) == "jsonl"
    assert export.file_format("x.csv", "parquet") == "parquet"
    with pytest.raises(OptionError, match="does not tell the format"):
        export.file_format("usage", None)
    with pytest.raises(OptionError, match="Parquet is not written to standard output"):
        export.check_stream("parquet")
