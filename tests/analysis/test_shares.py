"""`shares` and `concentration`: parts of a whole."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionframe.analysis import concentration, shares, tokens_by
from sessionframe.errors import ColumnError
from sessionframe.frames.pandas import to_pandas
from tests.analysis.conftest import Make, door
from tests.rows import request, rows_of


def table(costs: Sequence[float | None], names: list[str | None] | None = None) -> pl.DataFrame:
    groups = names or [f"s{number}" for number in range(len(costs))]
    return pl.DataFrame({"root_session_id": groups, "cost_usd": costs}, schema={"root_session_id": pl.String, "cost_usd": pl.Float64})


def test_shares_of_everything_and_within_groups(engine: str) -> None:
    frame = door(engine)(table([1.0, 3.0, 4.0], ["a", "a", None]))
    assert [row["cost_usd_share"] for row in rows_of(shares(frame, of="cost_usd"))] == [0.125, 0.375, 0.5]
    assert [row["cost_usd_share"] for row in rows_of(shares(frame, of="cost_usd", within="root_session_id"))] == [0.25, 0.75, 1.0]


def test_the_unknown_has_no_share_and_nothing_can_be_shared(engine: str) -> None:
    frame = door(engine)(table([None, 2.0, 0.0, 0.0], ["a", "a", "b", "b"]))
    found = rows_of(shares(frame, of="cost_usd", within="root_session_id"))
    assert [row["cost_usd_share"] for row in found] == [None, 1.0, None, None]


def test_shares_of_counts_and_of_several_columns(make: Make) -> None:
    days = tokens_by(make("usage", [request(model="a", output_tokens=3), request(model="b", output_tokens=1)]), by="model")
    found = shares(days, of=["output_tokens", "requests", "cost_usd"])
    assert list(found.columns) == [*days.columns, "output_tokens_share", "requests_share", "cost_usd_share"]
    assert [(row["output_tokens_share"], row["requests_share"], row["cost_usd_share"]) for row in rows_of(found)] == [
        (0.75, 0.5, None),
        (0.25, 0.5, None),
    ]
    if not isinstance(found, pl.DataFrame):
        assert {str(found[f"{name}_share"].dtype) for name in ("output_tokens", "requests", "cost_usd")} == {"float64"}


def test_rows_keep_their_order_and_index(engine: str) -> None:
    part = door(engine)(table([1.0, 2.0, 3.0, 4.0]))[::-2]
    found = shares(part, of="cost_usd")
    assert [row["cost_usd"] for row in rows_of(found)] == [4.0, 2.0]
    assert engine == "polars" or list(found.index) == [3, 1]
    assert list(part.columns) == ["root_session_id", "cost_usd"]


def test_a_curve_by_hand(engine: str) -> None:
    # a 6, b 3, d 1; c is unknown: 3 known groups, 10 in all
    frame = door(engine)(table([2.0, 3.0, None, 1.0, 4.0], ["a", "b", "c", "d", "a"]))
    found = [tuple(row.values()) for row in rows_of(concentration(frame))]
    assert [row[:3] for row in found] == [("a", 6.0, 1), ("b", 3.0, 2), ("d", 1.0, 3), ("c", None, None)]
    assert [row[3:] for row in found] == [
        pytest.approx((1 / 3, 0.6, 0.6)),
        pytest.approx((2 / 3, 0.3, 0.9)),
        pytest.approx((1.0, 0.1, 1.0)),
        (None, None, None),
    ]


def test_equal_groups_are_in_the_order_of_their_names(engine: str) -> None:
    frame = door(engine)(table([1.0, 1.0, 1.0], ["b", None, "a"]))
    assert [row["root_session_id"] for row in rows_of(concentration(frame))] == ["a", "b", None]


def test_nothing_is_concentrated_nowhere(engine: str) -> None:
    found = rows_of(concentration(door(engine)(table([0.0, 0.0]))))
    assert [(row["groups_share"], row["cost_usd_share"], row["cost_usd_cumulative_share"]) for row in found] == [
        (0.5, None, None),
        (1.0, None, None),
    ]
    full, empty = (concentration(door(engine)(table(costs))) for costs in ([1.0], []))
    assert list(full.dtypes) == list(empty.dtypes)


def test_tokens_by_any_group(make: Make) -> None:
    usage = make("usage", [request(model="a", output_tokens=3), request(model="b", output_tokens=7)])
    assert [(row["model"], row["rank"]) for row in rows_of(concentration(usage, of="output_tokens", by="model"))] == [("b", 1), ("a", 2)]


def test_missing_columns_are_named(engine: str) -> None:
    frame = door(engine)(table([]))
    with pytest.raises(ColumnError, match="shares needs the columns tokens"):
        shares(frame, of="tokens")
    with pytest.raises(ColumnError, match="concentration needs the columns model"):
        concentration(frame, by="model")


cents = st.one_of(st.none(), st.integers(0, 10**8).map(lambda number: number / 100))
costs = st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), cents), max_size=12)


@settings(max_examples=25)
@given(costs)
def test_shares_add_up_in_both_engines(rows: list[tuple[str | None, float | None]]) -> None:
    frame = table([cost for _, cost in rows], [name for name, _ in rows])
    found, curve = shares(frame, of="cost_usd", within="root_session_id"), concentration(frame)
    sums = found.group_by("root_session_id").agg(pl.col("cost_usd_share").sum(), pl.col("cost_usd").sum().alias("sum"))
    assert all(row["sum"] == 0 or row["cost_usd_share"] == pytest.approx(1) for row in sums.to_dicts())
    assert curve["cost_usd"].sum() == pytest.approx(frame["cost_usd"].sum())
    known = [row for row in curve.to_dicts() if row["cost_usd_cumulative_share"] is not None]
    assert not known or (known[-1]["groups_share"], known[-1]["cost_usd_cumulative_share"]) == (1.0, pytest.approx(1))
    assert rows_of(shares(to_pandas(frame), of="cost_usd", within="root_session_id")) == [
        {name: pytest.approx(value) if isinstance(value, float) else value for name, value in row.items()} for row in found.to_dicts()
    ]
