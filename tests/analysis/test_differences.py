"""`compare`, `effect_sizes` and `before_after`, both engines alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionframe as sf
from sessionframe.analysis import before_after, compare, effect_sizes
from sessionframe.analysis._bootstrap import MIN_N, cliffs_delta, magnitude, medians
from sessionframe.errors import ColumnError, OptionError
from sessionframe.frames.pandas import to_pandas
from tests.analysis.conftest import Make, door
from tests.rows import assert_same, rows_of, session

HELPERS = [compare, effect_sizes]


def groups(engine: str, **values: Sequence[float | None]) -> Any:
    rows = [(name, value) for name, each in values.items() for value in each]
    return door(engine)(pl.DataFrame(rows, schema={"group": pl.String, "value": pl.Float64}, orient="row"))


def test_medians_and_quartiles(engine: str) -> None:
    # 1..12: quartiles at places 2.75, 5.5 and 8.25 of 0..11
    frame = groups(engine, b=[float(n) for n in range(1, 13)], a=[2.0, None, 4.0], c=[None])
    a, b, c = rows_of(compare(frame, by="group", metric="value"))
    assert [b[name] for name in ("group", "n", "unknown", "median", "p25", "p75", "note")] == ["b", 12, 0, 6.5, 3.75, 9.25, None]
    assert 1 < b["median_low"] < 6.5 < b["median_high"] < 12
    assert [a[name] for name in ("n", "unknown", "median", "median_low", "note")] == [2, 1, 3.0, None, "fewer than 10 values: no interval"]
    assert [c[name] for name in ("n", "unknown", "median", "p25", "median_high")] == [0, 1, None, None, None]


def test_ten_values_are_enough(engine: str) -> None:
    nine, ten = rows_of(compare(groups(engine, a=[1.0] * (MIN_N - 1), b=[1.0] * MIN_N), by="group", metric="value"))
    assert (nine["median_low"], ten["median_low"], ten["median_high"], ten["note"]) == (None, 1.0, 1.0, None)


def test_differences_of_pairs(engine: str) -> None:
    low, high = [float(n) for n in range(10)], [float(n) for n in range(5, 15)]
    ab, ac, bc = rows_of(effect_sizes(groups(engine, a=low, b=high, c=[1.0]), by="group", metric="value"))
    # of 100 pairs of a and b: a is greater where a > 5..14: 6 > 5; 7 > 5, 6; 8 > 5..7; 9 > 5..8 = 1 + 2 + 3 + 4 = 10; equal 5: 85 are less
    assert [ab[name] for name in ("group", "other_group", "n", "other_n", "difference", "cliffs_delta", "magnitude")] == [
        *("a", "b", 10, 10, -5.0),
        (10 - 85) / 100,
        "large",
    ]
    assert ab["difference_low"] < -5 < ab["difference_high"] < 0
    assert [ac[name] for name in ("cliffs_delta", "magnitude", "difference", "difference_low")] == [None, None, 3.5, None]
    assert ac["note"] == bc["note"] == "fewer than 10 values: no interval"


def test_several_columns_and_the_nameless_group(engine: str) -> None:
    frame = pl.DataFrame({"x": ["a", None, "a"], "y": ["p", "p", None], "v": [1, 2, 3]})
    rows = rows_of(effect_sizes(door(engine)(frame), by=["x", "y"], metric="v"))
    assert [(row["x"], row["y"], row["other_x"], row["other_y"]) for row in rows] == [
        ("a", "p", "a", None),
        ("a", "p", None, "p"),
        ("a", None, None, "p"),
    ]


@pytest.mark.parametrize("n", [11, 12, 40])
def test_medians_of_samples_have_the_distribution_of_the_bootstrap(n: int) -> None:
    chance = np.random.default_rng(1)
    values = np.sort(chance.lognormal(size=n))
    drawn = np.median(values[chance.integers(0, n, size=(40_000, n))], axis=1)
    made = medians(values, 40_000, [0])
    ranks = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
    below = [abs(np.mean(drawn <= cut) - np.mean(made <= cut)) for cut in np.quantile(drawn, ranks)]
    assert max(below) < 0.015


def test_the_same_seed_gives_the_same_interval_whatever_the_other_groups_are(engine: str) -> None:
    values = [float(n * n) for n in range(30)]
    alone = rows_of(compare(groups(engine, b=values), by="group", metric="value"))[0]
    among = rows_of(compare(groups(engine, a=[1.0], b=values), by="group", metric="value"))[1]
    other = rows_of(compare(groups(engine, b=values), by="group", metric="value", seed=8, n_boot=50))[0]
    assert alone == among
    assert (alone["median_low"], alone["median_high"]) != (other["median_low"], other["median_high"])


floats = st.lists(st.integers(-5, 5).map(float), min_size=MIN_N, max_size=25)


@settings(max_examples=50)
@given(floats, floats)
def test_cliffs_delta_counts_pairs(one: list[float], two: list[float]) -> None:
    pairs = [(a > b) - (a < b) for a in one for b in two]
    assert cliffs_delta(np.sort(one), np.sort(two)) == pytest.approx(sum(pairs) / len(pairs))


@pytest.mark.parametrize("delta,word", [(0.0, "negligible"), (-0.147, "small"), (0.33, "medium"), (-0.474, "large"), (1.0, "large")])
def test_words_for_sizes(delta: float, word: str) -> None:
    assert magnitude(delta) == word


# before and after


def test_what_happened_at_the_cut_is_after_it(make: Make) -> None:
    days = [(f"2026-10-{day:02d}T00:00:00+02:00", requests) for day, requests in ((1, 1), (2, 3), (3, 10), (4, 12))]
    sessions = make("sessions", [session(f"s{n}", started=at, requests=requests) for n, (at, requests) in enumerate(days)])
    requests, tokens = rows_of(before_after(sessions, "2026-10-03", metrics=["requests", "input_tokens"], tz="Europe/Berlin"))
    names = ("metric", "n_before", "n_after", "before", "after", "difference", "ratio", "difference_low", "cliffs_delta", "magnitude")
    assert [requests[name] for name in names] == ["requests", 2, 2, 2.0, 11.0, 9.0, 5.5, None, None, None]
    assert [tokens[name] for name in names[1:7]] == [0, 0, None, None, None, None]
    assert tokens["note"] == "fewer than 10 values: no interval"


def test_an_interval_of_the_change(make: Make) -> None:
    rows = [session(f"s{n}", started=f"2026-10-{n + 1:02d}T12:00:00Z", requests=n + 100 * (n >= 12)) for n in range(24)]
    (row,) = rows_of(before_after(make("sessions", rows), "2026-10-13", metrics="requests", tz="UTC"))
    assert (row["n_before"], row["n_after"], row["cliffs_delta"], row["magnitude"]) == (12, 12, 1.0, "large")
    assert 90 < row["difference_low"] <= row["difference"] == 112 <= row["difference_high"] < 124


def test_the_cut_of_a_result_of_a_helper(make: Make) -> None:
    days = sf.sessions_by(make("sessions", [session("s", requests=4)]), every="1d", tz="UTC")
    (row,) = rows_of(before_after(days, "2026-10-01", metrics="requests", tz="UTC"))
    assert (row["n_before"], row["after"], row["ratio"]) == (0, 4.0, None)


@pytest.mark.parametrize("helper", HELPERS)
def test_empty_frames_give_the_same_dtypes(engine: str, helper: Any) -> None:
    full, empty = (helper(groups(engine, **data), by="group", metric="value") for data in ({"a": [1.0], "b": [1.0]}, {}))
    assert len(empty) == 0
    assert list(empty.dtypes) == list(full.dtypes)


def test_before_and_after_nothing(make: Make) -> None:
    full, empty = (before_after(make("sessions", rows), "2026-10-01", metrics=["requests"]) for rows in ([session("s", requests=1)], []))
    assert list(empty.dtypes) == list(full.dtypes)


def test_wrong_options_and_columns(make: Make) -> None:
    sessions = make("sessions", [session("s")])
    with pytest.raises(ColumnError, match="compare needs the columns colour"):
        compare(sessions, by="colour", metric="requests")
    with pytest.raises(OptionError, match="compare: the column 'title' holds String, no numbers"):
        compare(sessions, by="kind", metric="title")
    with pytest.raises(OptionError, match="n_boot=0 is no number of samples"):
        effect_sizes(sessions, by="kind", metric="requests", n_boot=0)
    with pytest.raises(OptionError, match="date='soon' is no ISO date"):
        before_after(sessions, "soon", metrics="requests")
    with pytest.raises(OptionError, match="date=None is no point in time"):
        before_after(sessions, None, metrics="requests")  # type: ignore[call-overload]
    with pytest.raises(ColumnError, match="before_after needs the columns at, which"):
        before_after(pl.DataFrame({"x": [1]}), "2026-10-01", metrics="x")


def test_the_demo_gives_the_same_in_both_engines() -> None:
    sessions = sf.scan(home=sf.testing.demo_home()).sessions.to_frame("polars")
    before = sessions.clone()
    for helper in HELPERS:
        assert_same(helper(to_pandas(sessions), by=["kind"], metric="requests"), helper(sessions, by=["kind"], metric="requests"))
    options: Any = {"metrics": ["requests", "cost_usd"], "tz": "UTC"}
    assert_same(before_after(to_pandas(sessions), "2026-11-01", **options), before_after(sessions, "2026-11-01", **options))
    assert sessions.equals(before)
