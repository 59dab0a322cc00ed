"""`per_session` and `result_sizes`, both engines alike."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

import sessionframe as sf
from sessionframe.analysis import per_session, result_sizes
from sessionframe.errors import ColumnError, OptionError
from sessionframe.frames.pandas import to_pandas
from sessionframe.pricing import PriceList, price, rates
from tests.analysis.conftest import Make, door
from tests.rows import assert_same, call, public, request, rows_of, session

MODEL = "claude-haiku-4-5"
TEN = dt.datetime(2026, 10, 1, 10, tzinfo=dt.UTC)


def clock(minute: int) -> str:
    return (TEN + dt.timedelta(minutes=minute)).isoformat()


def by_measure(result: Any) -> dict[str, dict[str, Any]]:
    return {row["measure"]: row for row in rows_of(result)}


def test_quantiles_are_over_conversations_with_their_sub_agents(make: Make) -> None:
    # requests: s has 1 + 4 = 5, t 1, u 3; sorted 1 3 5
    sessions = [session("s", requests=1), session("s/a", "s", requests=4), session("t", requests=1), session("u", requests=3)]
    row = by_measure(per_session(make("sessions", sessions)))["requests"]
    assert [row[name] for name in ("n", "mean", "p25", "p50", "p90", "p99", "max")] == [3, 3.0, 2.0, 3.0, 4.6, pytest.approx(4.96), 5.0]


def test_the_unknown_is_left_out_and_counted(make: Make) -> None:
    found = by_measure(per_session(make("sessions", [session("s", prompts=2), session("t")])))
    assert (found["prompts"]["n"], found["prompts"]["mean"]) == (1, 2.0)
    assert [found["compactions"][name] for name in ("n", "mean", "p50", "max")] == [0, None, None, None]


def test_part_of_a_cost_is_no_cost(make: Make) -> None:
    sessions = [session("s", requests=1, cost_usd=1.0), session("s/a", "s", requests=1), session("t", requests=1, cost_usd=3.0)]
    row = by_measure(per_session(make("sessions", sessions)))["cost_usd"]
    assert (row["n"], row["max"]) == (1, 3.0)


def test_conversations_are_grouped_by_their_own_columns(make: Make) -> None:
    sessions = [session("s", requests=1, git_branch="b"), session("s/a", "s", requests=2, git_branch="a"), session("t", requests=5)]
    rows = [row for row in rows_of(per_session(make("sessions", sessions), by="git_branch")) if row["measure"] == "requests"]
    assert [(row["git_branch"], row["n"], row["max"]) for row in rows] == [("b", 1, 3.0), (None, 1, 5.0)]


def test_a_conversation_whose_own_row_is_filtered_out_is_still_one(make: Make) -> None:
    row = by_measure(per_session(make("sessions", [session("s/a", "s", requests=2), session("s/b", "s", requests=3)])))["requests"]
    assert (row["n"], row["max"]) == (1, 5.0)


def test_measures_keep_their_order_within_steps(make: Make) -> None:
    sessions = make("sessions", [session("s"), session("t", started="2026-10-02T12:00:00Z")])
    rows = rows_of(per_session(sessions, every="1d", tz="UTC"))
    assert [row["start"].day for row in rows] == [1] * 8 + [2] * 8
    assert [row["measure"] for row in rows[:3]] == ["prompts", "requests", "tool_calls"]


@pytest.mark.parametrize("every", [None, "1w"])
def test_no_sessions(make: Make, every: str | None) -> None:
    full, empty = (per_session(make("sessions", rows), by="kind", every=every, tz="UTC") for rows in ([session("s")], []))
    assert len(empty) == 0
    assert list(empty.dtypes) == list(full.dtypes)


# results


def asked(minute: int, **values: Any) -> Any:
    tokens = {"cache_read_tokens": 0, "cache_write_tokens": 0, "output_tokens": 0, "input_tokens": 1000}
    return request(clock(minute), **{"model": MODEL, **tokens, **values})


def priced(engine: str, rows: list[Any], prices: PriceList | None = None) -> Any:
    """A usage frame with its costs, as a scan makes it."""
    return door(engine)(price(public("usage", rows), prices)[0])


def test_a_result_is_carried_by_every_later_request_until_the_history_is_replaced(make: Make, engine: str) -> None:
    usage = priced(engine, [asked(0), asked(2), asked(3, kind="compaction"), asked(4)])
    calls = make("tool_calls", [call(at=clock(1), ended_at=None, output_chars=400), call(at=clock(3), output_chars=40)])
    (row,) = rows_of(result_sizes(calls, usage))
    # 100 tokens go with the requests at 2 and 3; 10 tokens, which came with the summary, with none but the one at 4
    price = float(rates(MODEL, TEN).input or 0) / 1e6  # type: ignore[union-attr]
    assert (row["output_chars"], row["est_tokens"], row["carried_tokens"]) == (440, 110.0, 100 * 2 + 10)
    assert row["carry_cost_usd"] == pytest.approx(210 * price)
    assert row["uncosted_results"] == 0


def test_a_summary_in_a_file_of_its_own_ends_the_history_of_its_conversation(make: Make, engine: str) -> None:
    own = {"session_id": "s1/acompact-1", "kind": "compaction"}
    calls = make("tool_calls", [call(at=clock(1), output_chars=400)])
    (row,) = rows_of(result_sizes(calls, priced(engine, [asked(2), asked(3, **own), asked(4)])))
    assert row["carried_tokens"] == 200.0


def test_other_threads_do_not_carry_it(make: Make, engine: str) -> None:
    calls = make("tool_calls", [call(at=clock(1), output_chars=400)])
    (row,) = rows_of(result_sizes(calls, priced(engine, [asked(2, session_id="s1/a"), asked(2, host="b"), asked(2, agent="codex")])))
    assert (row["carried_tokens"], row["carry_cost_usd"], row["uncosted_results"]) == (0.0, 0.0, 0)


def test_nothing_is_invented(make: Make, engine: str) -> None:
    calls = make(
        "tool_calls", [call(at=clock(1), output_chars=400), call(at=clock(5), output_chars=4), call(at=None, output_chars=8), call()]
    )
    (alone,) = rows_of(result_sizes(calls))
    assert [alone[name] for name in ("est_tokens", "carried_tokens", "carry_cost_usd", "uncosted_results")] == [103.0, None, None, None]
    (row,) = rows_of(result_sizes(calls, priced(engine, [asked(2, model="nobody-knows-1"), asked(6)])))
    assert (row["calls"], row["results"], row["uncosted_results"]) == (4, 3, 2)
    assert row["carried_tokens"] == 200 + 1


def test_own_prices(make: Make, engine: str, tmp_path: Any) -> None:
    file = tmp_path / "prices.toml"
    file.write_text("[models.mine]\ninput = 2\noutput = 0\n")
    prices = PriceList.read(file)
    calls, rows = make("tool_calls", [call(at=clock(1), output_chars=4_000_000)]), [asked(2, model="mine")]
    assert rows_of(result_sizes(calls, priced(engine, rows)))[0]["carry_cost_usd"] is None
    usage = priced(engine, rows, prices)
    assert rows_of(result_sizes(calls, usage, prices=prices))[0]["carry_cost_usd"] == pytest.approx(2.0)
    assert rows_of(result_sizes(calls, usage, prices=file))[0]["carry_cost_usd"] == pytest.approx(2.0)
    with pytest.raises(OptionError, match="come from other prices"):
        result_sizes(calls, usage)


def test_sizes_of_results(make: Make) -> None:
    calls = make("tool_calls", [call(output_chars=size) for size in range(11)] + [call(tool="Read", output_chars=45)])
    bash, read = rows_of(result_sizes(calls, chars_per_token=5))
    assert [bash[name] for name in ("median_chars", "p90_chars", "max_chars", "share", "est_tokens")] == [5.0, 9.0, 10, 0.55, 11.0]
    assert read["share"] == 0.45


def test_options_and_columns(make: Make) -> None:
    with pytest.raises(OptionError, match="chars_per_token=0 is no number"):
        result_sizes(make("tool_calls", []), chars_per_token=0)
    with pytest.raises(ColumnError, match=r"result_sizes needs the columns .*vendor"):
        result_sizes(make("tool_calls", []), make("tool_calls", []))
    for usage in (None, make("usage", [])):
        full, empty = (result_sizes(make("tool_calls", rows), usage) for rows in ([call()], []))
        assert len(empty) == 0
        assert list(empty.dtypes) == list(full.dtypes)


def test_the_demo_gives_the_same_in_both_engines_and_less_than_all_prompts_cost() -> None:
    logs = sf.scan(home=sf.testing.demo_home())
    calls, usage = logs.tool_calls.to_frame("polars"), logs.usage.to_frame("polars")
    found = result_sizes(calls, usage)
    assert_same(result_sizes(to_pandas(calls), to_pandas(usage)), found)
    assert 0 < found["carry_cost_usd"].sum() < usage["cost_usd"].sum()
    assert found["output_chars"].sum() == calls["output_chars"].sum()
    sessions = logs.sessions.to_frame("polars")
    assert_same(per_session(to_pandas(sessions), by="kind"), per_session(sessions, by="kind"))
    assert pl.Series(per_session(sessions).filter(pl.col("measure") == "requests")["n"]).sum() == sessions["root_session_id"].n_unique()
