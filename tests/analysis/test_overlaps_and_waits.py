"""`concurrency` and `time_split`, both engines alike."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionframe as sf
from sessionframe.analysis import active_intervals, concurrency, session_lengths, time_split
from sessionframe.errors import ColumnError, OptionError
from sessionframe.frames.pandas import to_pandas
from tests.analysis.conftest import Make, door
from tests.rows import assert_same, call, message, public, rows_of

BERLIN = "Europe/Berlin"
DAY = dt.datetime(2026, 10, 24, tzinfo=dt.UTC)
INSTANT = pl.Datetime("us", "UTC")


def intervals(*hours: tuple[float, float]) -> pl.DataFrame:
    """Intervals in hours after midnight UTC of 2026-10-24, the day before the clock is put back in Berlin."""
    ends = [[DAY + dt.timedelta(hours=pair[end]) for pair in hours] for end in (0, 1)]
    return pl.DataFrame({"start": ends[0], "end": ends[1]}, schema={"start": INSTANT, "end": INSTANT})


def seen(engine: str, frame: pl.DataFrame, **options: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows_of(concurrency(door(engine)(frame), **options))]


def test_the_mean_is_weighted_by_time(engine: str) -> None:
    # two of 6 hours and one of 3 inside: 15 hours of running in 24; at least one runs from 0 to 9
    ((_, most, mean, busy, running),) = seen(engine, intervals((0, 6), (3, 9), (4, 7)), tz="UTC")
    assert (most, mean, busy, running) == (3, 15 / 24, 9 * 3600.0, 15 * 3600.0)


def test_an_end_and_a_start_at_the_same_instant_do_not_overlap(engine: str) -> None:
    assert seen(engine, intervals((1, 2), (2, 3)), tz="UTC")[0][1] == 1


def test_a_single_record_is_there_for_its_instant(engine: str) -> None:
    assert [row[1:4] for row in seen(engine, intervals((2, 2), (1, 3), (2, 2)), tz="UTC")] == [(3, 2 / 24, 7200.0)]
    assert [row[1:] for row in seen(engine, intervals((2, 2)), tz="UTC")] == [(1, 0.0, 0.0, 0.0)]


def test_steps_without_anything_are_there_and_intervals_reach_over_midnight(engine: str) -> None:
    rows = seen(engine, intervals((22, 26), (73, 74)), tz="UTC")
    assert [(row[0].day, row[1], row[4] / 3600) for row in rows] == [(24, 1, 2), (25, 1, 2), (26, 0, 0), (27, 1, 1)]


def test_an_interval_until_midnight_has_no_part_in_the_next_day(engine: str) -> None:
    assert len(seen(engine, intervals((22, 24)), tz="UTC")) == 1


def test_a_day_of_25_hours(engine: str) -> None:
    # Berlin: Sunday begins at 22:00 UTC and lasts 25 hours
    rows = seen(engine, intervals((22, 47)), tz=BERLIN)
    assert [(row[0].isoformat(), row[2]) for row in rows] == [("2026-10-25T00:00:00+02:00", 1.0)]


@pytest.mark.parametrize("every,days", [("1h", 1 / 24), ("1d", 1), ("1w", 7), ("1mo", 31)])
def test_steps(every: str, days: float) -> None:
    (row,) = concurrency(intervals((12, 12.5)), every=every, tz="UTC").to_dicts()
    assert row["mean_running"] == pytest.approx(0.5 / 24 / days)


def test_no_intervals(engine: str) -> None:
    full, empty = (concurrency(door(engine)(frame), tz=BERLIN) for frame in (intervals((1, 2)), intervals()))
    assert len(empty) == 0
    assert list(empty.dtypes) == list(full.dtypes)


def test_wrong_options_are_named() -> None:
    with pytest.raises(OptionError, match="every='1y' is no step of time"):
        concurrency(intervals(), every="1y")
    with pytest.raises(ColumnError, match="concurrency needs the columns end"):
        concurrency(intervals().drop("end"))


hours = st.integers(0, 24 * 40).map(lambda quarter: quarter / 4)
spans = st.lists(st.tuples(hours, hours).map(lambda pair: (min(pair), max(pair))), min_size=1, max_size=12)


@settings(max_examples=40)
@given(spans, st.sampled_from(["1h", "1d", "1w"]), st.sampled_from(["UTC", BERLIN, "Australia/Lord_Howe"]))
def test_sums_over_steps_equal_the_lengths(pairs: list[tuple[float, float]], every: str, tz: str) -> None:
    frame = intervals(*pairs)
    found = concurrency(frame, every=every, tz=tz)
    assert found["running_s"].sum() == pytest.approx(sum(last - first for first, last in pairs) * 3600)
    moments = [first for first, _ in pairs]
    most = max(sum(a <= at < b or a == b == at for a, b in pairs) for at in moments)
    assert found["max_running"].max() == most
    assert found["start"].is_sorted()
    assert found["start"].is_unique().all()


# who the time went to


def conversation() -> tuple[list[Any], list[Any]]:
    """Seconds: prompt 0, answer 10, results of c1 (reported 4 s of 20) 30 and c2 (denied) 50, reminder 51, answer 60, prompt 1000."""
    said = [
        (0, "user", {}),
        (10, "assistant", {"call_id": "c1"}),
        (30, "tool", {"call_id": "c1"}),
        (50, "tool", {"call_id": "c2"}),
        (51, "system", {}),
        (60, "assistant", {}),
        (1000, "user", {}),
        (1007, "system", {}),
    ]
    messages = [message(second * 1_000_000, role, **values) for second, role, values in said]
    calls = [call(call_id="c1", duration_s=4.0, duration_from="reported"), call("denied", call_id="c2", duration_s=20.0)]
    return messages, calls


def test_time_goes_to_whoever_was_waited_for(make: Make) -> None:
    messages, calls = conversation()
    (row,) = rows_of(time_split(make("messages", messages), make("tool_calls", calls)))
    # human: 16 s of waiting for a permission, 20 s until the denial, 300 of the 940 s before the prompt
    parts = {name: row[f"{name}_s"] for name in ("human", "model", "tool", "other", "away", "wall")}
    assert parts == {"human": 336.0, "model": 20.0, "tool": 4.0, "other": 7.0, "away": 640.0, "wall": 1007.0}


def test_a_tool_without_a_reported_duration_gets_the_gap_up_to_the_cap(make: Make) -> None:
    messages = make("messages", [message(0, "assistant", call_id="c"), message(900_000_000, "tool", call_id="c")])
    told, untold = (
        rows_of(time_split(messages, make("tool_calls", [call(call_id="c", duration_s=900.0, duration_from=source)])))[0]
        for source in ("reported", "timestamps")
    )
    assert (told["tool_s"], told["away_s"], told["human_s"]) == (900.0, 0.0, 0.0)
    assert (untold["tool_s"], untold["away_s"], untold["human_s"]) == (300.0, 600.0, 0.0)


def test_calls_of_another_conversation_with_the_same_id_do_not_count(make: Make) -> None:
    messages = make("messages", [message(0, "assistant"), message(10_000_000, "tool", call_id="c")])
    other = call("denied", call_id="c", root_session_id="other")
    assert rows_of(time_split(messages, make("tool_calls", [other])))[0]["tool_s"] == 10.0


def test_sub_agents_are_part_of_their_conversation(make: Make) -> None:
    messages = [message(0), message(5_000_000, "assistant", session_id="s1/a"), message(9_000_000, "tool", session_id="s1/a")]
    (row,) = rows_of(time_split(make("messages", messages), make("tool_calls", [])))
    assert (row["session_id"], row["model_s"], row["tool_s"], row["wall_s"]) == ("s1", 5.0, 4.0, 9.0)


def test_an_empty_split_has_the_same_dtypes(make: Make) -> None:
    full, empty = (time_split(make("messages", rows), make("tool_calls", [])) for rows in ([message(0)], []))
    assert len(empty) == 0
    assert list(empty.dtypes) == list(full.dtypes)


def test_a_missing_column_of_either_table_is_named(make: Make) -> None:
    with pytest.raises(ColumnError, match="time_split needs the columns is_human, role"):
        time_split(make("tool_calls", []), make("tool_calls", []))
    with pytest.raises(ColumnError, match="time_split needs the columns duration_from, duration_s, status"):
        time_split(make("messages", []), make("messages", []))


def test_the_split_of_the_demo_adds_up_in_both_engines() -> None:
    logs = sf.scan(home=sf.testing.demo_home())
    messages, calls = logs.messages.to_frame("polars"), logs.tool_calls.to_frame("polars")
    split = time_split(messages, calls)
    parts = ("human_s", "model_s", "tool_s", "other_s", "away_s")
    assert split["wall_s"].to_list() == session_lengths(messages)["wall_s"].to_list()
    assert split.select(pl.sum_horizontal(parts) - pl.col("wall_s")).to_series().abs().max() < 1e-6  # type: ignore[operator]
    assert_same(time_split(to_pandas(messages), to_pandas(calls)), split)
    stretches = active_intervals(messages)
    assert concurrency(stretches, tz="UTC")["running_s"].sum() == pytest.approx(stretches["seconds"].sum())


def test_public_frames_are_not_changed() -> None:
    messages = public("messages", [message(0)])
    before = messages.clone()
    time_split(messages, public("tool_calls", []))
    assert messages.equals(before)
