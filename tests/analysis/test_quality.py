"""What the numbers lack: days, prices, final numbers; and how records became requests."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionframe as sf
from sessionframe.analysis import coverage, finality_by, reconcile, recorded_costs, tokens_by, unpriced
from sessionframe.errors import ColumnError, OptionError
from sessionframe.frames.pandas import to_pandas
from sessionframe.pricing import price
from sessionframe.schema import UsageRow
from tests.analysis.conftest import Make, door
from tests.rows import micros, public, request, rows_of, session

SAMPLES = Path(__file__).parents[2] / "data-samples"
TRUTH = json.loads((SAMPLES / "demo-truth.json").read_text("utf-8"))
FIRST = micros("2026-10-20T00:00:00Z") or 0
PLAIN = {"input_tokens": 100, "cache_read_tokens": 20, "cache_write_tokens": 3, "output_tokens": 4}


# days


def test_gaps_lie_between_the_first_and_the_last_day_of_each_agent(make: Make) -> None:
    days = [("a", "02T09"), ("a", "02T10"), ("a", "05T10"), ("b", "03T10"), ("b", "04T10")]
    found = rows_of(coverage(make("usage", [request(f"2026-10-{day}:00:00Z", agent=agent) for agent, day in days]), tz="UTC"))
    assert [(row["start"].day, row["agent"], row["requests"], row["is_gap"]) for row in found] == [
        (2, "a", 2, False),
        (3, "a", 0, True),
        (3, "b", 1, False),
        (4, "a", 0, True),
        (4, "b", 1, False),
        (5, "a", 1, False),
    ]


def test_days_are_those_of_the_zone_through_a_change_of_the_clock(make: Make) -> None:
    at = ["2026-10-24T21:59:00Z", "2026-10-26T23:30:00Z"]  # the 24th and the 27th in Berlin; the 25th has 25 hours
    found = rows_of(coverage(make("usage", [request(time) for time in at]), by=(), tz="Europe/Berlin"))
    assert [(row["start"].day, row["start"].hour, row["requests"]) for row in found] == [(24, 0, 1), (25, 0, 0), (26, 0, 0), (27, 0, 1)]


def test_requests_without_a_time_or_a_name_are_not_lost(make: Make) -> None:
    found = rows_of(coverage(make("usage", [request(None), request(agent=None), request("2026-10-02T12:00:00Z", agent=None)]), tz="UTC"))
    assert [(row["start"] and row["start"].day, row["agent"], row["requests"], row["is_gap"]) for row in found] == [
        (1, None, 1, False),
        (2, None, 1, False),
        (None, "claude-code", 1, False),
    ]


@pytest.mark.parametrize("by", [(), "agent", ["agent", "host"]])
def test_no_days(make: Make, by: str | list[str]) -> None:
    full, empty, timeless = (coverage(make("usage", rows), by=by, tz="UTC") for rows in ([request()], [], [request(None)]))
    assert list(full.dtypes) == list(empty.dtypes) == list(timeless.dtypes)
    assert (len(empty), len(timeless)) == (0, 1)


# prices


def test_what_is_not_priced_is_listed_with_its_reason(engine: str) -> None:
    rows = [
        request(model="mystery", **PLAIN),
        request(model=None, **PLAIN),
        request(model="mystery", **PLAIN),
        request(model="claude-opus-4-8", output_tokens=9),
        request(model="claude-opus-4-8", **PLAIN),
    ]
    found = rows_of(unpriced(door(engine)(price(public("usage", rows))[0])))
    assert [tuple(row.values()) for row in found] == [
        ("claude-code", "mystery", "the price list does not have it", 2, 254),
        ("claude-code", "claude-opus-4-8", "the log does not tell all its token counts", 1, 9),
        ("claude-code", None, "the log does not name the model", 1, 127),
    ]


def test_a_cost_that_is_missing_for_no_reason(make: Make) -> None:
    (row,) = rows_of(unpriced(make("usage", [request(model="claude-opus-4-8", **PLAIN)]), by=()))
    assert (row["reason"], row["requests"]) == (None, 1)


def test_own_prices_are_reasons_too(engine: str, tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text("[models.mystery]\ninput = 1\noutput = 2\n", "utf-8")
    frame = door(engine)(public("usage", [request(model="mystery", **PLAIN)]))
    assert rows_of(unpriced(frame, prices=own))[0]["reason"] == "no rate is known for its cache reads"


def test_everything_is_priced(engine: str) -> None:
    frame = door(engine)(price(public("usage", [request(model="claude-opus-4-8", **PLAIN)]))[0])
    some = door(engine)(public("usage", [request()]))
    assert len(unpriced(frame)) == len(unpriced(frame[:0])) == 0
    assert list(unpriced(frame).dtypes) == list(unpriced(frame[:0]).dtypes) == list(unpriced(some).dtypes)


# final numbers


def test_lower_bounds_by_hand(make: Make) -> None:
    rows = [
        request(is_final=True, output_tokens=30),
        request(is_final=False, output_tokens=10),
        request(is_final=False),
        request(output_tokens=10),
    ]
    (row,) = rows_of(finality_by(make("usage", rows), by=()))
    assert tuple(row.values()) == (4, 1, 2, 1, 50, 10, 0.2)


def test_nothing_said_is_nothing_shared(make: Make) -> None:
    (row,) = rows_of(finality_by(make("usage", [request(is_final=False)]), every="1d", tz="UTC"))
    assert list(row.values())[1:] == ["claude-code", 1, 0, 1, 0, None, None, None]
    (row,) = rows_of(finality_by(make("usage", [request(is_final=True, output_tokens=0)]), by=()))
    assert (row["lower_bound_output_tokens"], row["lower_bound_output_share"]) == (0, None)
    full, empty = (finality_by(make("usage", rows), every="1d", tz="UTC") for rows in ([request(is_final=True, output_tokens=1)], []))
    assert list(full.dtypes) == list(empty.dtypes)


def test_missing_columns_are_named(make: Make) -> None:
    usage = make("usage", [])[["at"]]
    for helper, column in ((coverage, "agent"), (finality_by, "agent, is_final, output_tokens"), (unpriced, "agent, cache_read_tokens")):
        with pytest.raises(ColumnError, match=f"needs the columns {column}"):
            helper(usage)
    with pytest.raises(ColumnError, match="recorded_costs needs the columns agent, cost_usd"):
        recorded_costs(usage)


# from records to requests


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_the_demo_is_reconciled_with_its_truth(engine: str) -> None:
    logs = sf.scan("claude-code", home=SAMPLES / "demo")
    found = reconcile(logs, engine=engine)  # type: ignore[call-overload]
    rows = rows_of(found)
    truth = TRUTH["by_agent"]["claude-code"]
    assert sum(row["requests"] for row in rows) == truth["requests"]
    assert sum(row["replayed_requests"] for row in rows) == truth["replayed_requests"]
    assert all(row["found_requests"] == row["requests"] + row["replayed_requests"] for row in rows)
    assert sum(row["records"] for row in rows) > 1.5 * truth["requests"]
    assert [row["model"] for row in rows if not row["requests"]] == ["<synthetic>"]
    by_model = {row["model"]: row for row in rows_of(tokens_by(logs.usage, by="model"))}
    for row in rows[1:]:
        same = by_model[row["model"]]
        assert row["unpriced_requests"] == same["unpriced_requests"]
        assert row["cost_usd"] == (None if same["cost_usd"] is None else pytest.approx(same["cost_usd"]))
    assert {row["recorded_cost_usd"] for row in rows} == {None}


def test_costs_that_are_recorded_request_by_request() -> None:
    rows = rows_of(reconcile(sf.scan(home=SAMPLES / "claude-code" / "legacy-cost" / "home"), engine="polars"))
    usage = sf.scan(home=SAMPLES / "claude-code" / "legacy-cost" / "home").usage.to_frame("polars")
    stated = usage.filter(pl.col("recorded_cost_usd").is_not_null())
    assert sum(row["recorded_requests"] for row in rows) == stated.height > 0
    assert sum(row["recorded_cost_usd"] or 0 for row in rows) == pytest.approx(stated["recorded_cost_usd"].sum())
    assert sum(row["cost_of_recorded_usd"] or 0 for row in rows) == pytest.approx(stated["cost_usd"].sum())


def test_nothing_to_reconcile(tmp_path: Path) -> None:
    logs = sf.scan(home=tmp_path)
    demo = sf.scan("claude-code", home=SAMPLES / "demo")
    for engine in ("pandas", "polars"):
        empty, full = (reconcile(each, engine=engine) for each in (logs, demo))
        assert (len(empty), list(empty.dtypes)) == (0, list(full.dtypes))
    with pytest.raises(OptionError, match="engine='duck' is not known"):
        reconcile(logs, engine="duck")  # type: ignore[call-overload]


def test_recorded_costs_by_hand(make: Make) -> None:
    sessions = [
        session("s", recorded_cost_usd=2.0, cost_usd=1.0),
        session("s/a", "s", cost_usd=0.5),
        session("t", cost_usd=9.0),
        session("u", recorded_cost_usd=1.0, cost_usd=1.0),
        session("u/a", "u"),
        session("v", recorded_cost_usd=0.0, cost_usd=0.0),
        session("w", recorded_cost_usd=1.0, cost_usd=1.0),
        session("w/a", "w", recorded_cost_usd=4.0, cost_usd=2.0),
        session("x/a", "x", cost_usd=2.0),
    ]
    assert [tuple(row.values())[2:] for row in rows_of(recorded_costs(make("sessions", sessions)))] == [
        ("s", 2.0, 1.5, 0.5, 0.75),
        ("u", 1.0, None, None, None),
        ("v", 0.0, 0.0, 0.0, None),
        ("w", 1.0, 1.0, 0.0, 1.0),
        ("w/a", 4.0, 2.0, 2.0, 0.5),
    ]
    full, empty = (recorded_costs(make("sessions", rows)) for rows in (sessions, []))
    assert list(full.dtypes) == list(empty.dtypes)


def test_recorded_costs_of_the_demo_are_those_computed() -> None:
    found = recorded_costs(sf.scan(home=SAMPLES / "demo").sessions.to_frame("polars"))
    assert found["recorded_cost_usd"].sum() == pytest.approx(TRUTH["total"]["recorded_cost_usd"], rel=0.01)
    claude = found.filter(pl.col("agent") == "claude-code")
    assert claude.filter(pl.col("ratio").is_between(0.98, 1)).height > 0.9 * claude.height


usages = st.lists(
    st.builds(
        lambda at, agent, final, tokens: request(at, agent=agent, is_final=final, output_tokens=tokens),
        st.one_of(st.none(), st.integers(FIRST, FIRST + 9 * 86_400_000_000)),
        st.sampled_from(["a", "b", None]),
        st.sampled_from([True, False, None]),
        st.one_of(st.none(), st.integers(0, 99)),
    ),
    max_size=12,
)


@settings(max_examples=25)
@given(usages, st.sampled_from(["UTC", "Europe/Berlin", "America/Santiago"]))
def test_nothing_is_lost_in_both_engines(rows: list[UsageRow], tz: str) -> None:
    usage = public("usage", rows)
    days, final, missing = coverage(usage, tz=tz), finality_by(usage), unpriced(usage)
    assert days["requests"].sum() == final["requests"].sum() == missing["requests"].sum() == len(rows)
    assert sum(final[name].sum() for name in ("final_requests", "lower_bound_requests", "untold_requests")) == len(rows)
    in_pandas = to_pandas(usage)
    assert rows_of(coverage(in_pandas, tz=tz)) == days.to_dicts()
    assert rows_of(finality_by(in_pandas)) == final.to_dicts()
    assert rows_of(unpriced(in_pandas)) == missing.to_dicts()
