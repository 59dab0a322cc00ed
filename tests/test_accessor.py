"""Helpers and charts as methods of a frame: every one of them, in both engines, and nothing but forwarding."""

from __future__ import annotations

import copy
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import polars as pl
import pytest

import sessionframe as sf
import sessionframe.accessor
from sessionframe import analysis, plot
from sessionframe.frames.forward import offer_in_pandas, offer_in_polars

SAMPLE = Path(__file__).parents[1] / "data-samples" / "claude-code" / "basic" / "home"
NOT_OF_A_FRAME = {"reconcile", "verify"}
"""Helpers that take something else first."""


@pytest.fixture(autouse=True)
def _no_window() -> Iterator[None]:
    """Draw without a screen."""
    from matplotlib import pyplot as plt

    with mpl.rc_context():
        plt.switch_backend("Agg")
        yield


@pytest.fixture(params=["pandas", "polars"])
def usage(request: pytest.FixtureRequest) -> Any:
    return sf.scan(home=SAMPLE).usage.to_frame(request.param)


def test_it_has_every_helper_of_a_frame(usage: Any) -> None:
    assert set(dir(usage.sf)) == set(analysis.__all__) - NOT_OF_A_FRAME | {"plot"}
    assert all(getattr(usage.sf, name).__func__ is getattr(analysis, name) for name in dir(usage.sf) if name != "plot")


def test_it_has_every_chart(usage: Any) -> None:
    assert dir(usage.sf.plot) == sorted(plot.__all__)
    assert all(getattr(usage.sf.plot, name).__func__ is getattr(plot, name) for name in dir(usage.sf.plot))


def test_a_helper_does_the_same(usage: Any) -> None:
    assert usage.sf.tokens_by(by="model").equals(sf.tokens_by(usage, by="model"))


def test_a_lazy_frame_has_it_too() -> None:
    lazy: Any = sf.scan(home=SAMPLE).usage.lazy()
    assert lazy.sf.tokens_by(by="model").equals(sf.to_frame("usage", "polars", home=SAMPLE).sf.tokens_by(by="model"))  # type: ignore[attr-defined]


def test_a_chart_is_the_same(usage: Any) -> None:
    ours, theirs = usage.sf.plot.cost(tz="UTC"), sf.plot.cost(usage, tz="UTC")
    assert [text.get_text() for text in ours.texts] == [text.get_text() for text in theirs.texts]
    assert len(ours.patches) == len(theirs.patches)


def test_help_is_the_functions_own(usage: Any) -> None:
    assert inspect.getdoc(usage.sf.tokens_by) == inspect.getdoc(analysis.tokens_by)
    assert list(inspect.signature(usage.sf.tokens_by).parameters) == ["by", "every", "tz"]
    assert inspect.getdoc(usage.sf.plot.cost) == inspect.getdoc(plot.cost)


def test_a_missing_column_is_named_as_by_the_helper(usage: Any) -> None:
    bare: Any = usage[["model", "at"]]
    with pytest.raises(sf.ColumnError, match=r"tokens_by needs the columns .*output_tokens"):
        bare.sf.tokens_by(by="model")
    with pytest.raises(sf.ColumnError, match="output_tokens"):
        bare.sf.plot.tokens()


def test_a_wrong_name_is_answered_with_the_right_one(usage: Any) -> None:
    with pytest.raises(AttributeError, match=r"the accessor 'sf' has no 'token_by'. Did you mean 'tokens_by'"):
        usage.sf.token_by()
    with pytest.raises(AttributeError, match=r"'sf.plot' has no 'costs'. Did you mean 'cost'"):
        usage.sf.plot.costs()
    assert not hasattr(usage.sf, "reconcile")  # takes logs, not a frame


def test_it_does_not_keep_a_frame_from_being_copied(usage: Any) -> None:
    usage.sf.tokens_by()
    assert copy.deepcopy(usage).sf.tokens_by().equals(usage.sf.tokens_by())
    assert repr(usage.sf).startswith("<the accessor 'sf': ")


def test_a_frame_from_a_file_needs_only_the_import(tmp_path: Path) -> None:
    sf.to_frame("usage", "polars", home=SAMPLE).write_parquet(tmp_path / "usage.parquet")
    code = "import {0} as lib, sessionframe.accessor; print(len(lib.read_parquet({1!r}).sf.tokens_by()))"
    for engine in ("pandas", "polars"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code.format(engine, str(tmp_path / "usage.parquet"))],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.split() == ["1"]


def test_another_librarys_name_stays_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (pd.DataFrame, pl.DataFrame, pl.LazyFrame):
        monkeypatch.setattr(kind, "sf", "taken", raising=False)
    offer_in_pandas()
    offer_in_polars()
    assert {vars(kind)["sf"] for kind in (pd.DataFrame, pl.DataFrame, pl.LazyFrame)} == {"taken"}


def test_the_module_has_no_names_of_its_own() -> None:
    assert sessionframe.accessor.__all__ == []
