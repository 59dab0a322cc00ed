"""Copies across sources: whose a record is, which numbers count, what else was copied. The order of sources never matters."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionframe.frames.build import frame
from sessionframe.frames.dedup import MEASUREMENT, deduplicate
from sessionframe.providers.contract import Lineage
from sessionframe.schema import SCHEMA, Row, ToolCallRow, UsageRow
from tests.frames.make import MINUTE, call, dedup, message, owners, result, usage

LATE = 500


def fork(original: str, copy: str, shared: int, own: int, *, own_line: int = LATE) -> list[Row]:
    """A session whose first records another one copied before it went on by itself."""
    copied = [f"k{number}" for number in range(shared)]
    rows: list[Row] = [usage(name, line, key) for name in (original, copy) for line, key in enumerate(copied, 1)]
    return rows + [usage(copy, own_line + number, f"{copy}-own{number}") for number in range(own)]


def test_nothing_shared_changes_nothing() -> None:
    rows = frame(SCHEMA["usage"], [usage("a", 1, "k1"), usage("a", 2, "k2"), usage("b", 1, "k3")])
    empty = (frame(SCHEMA["messages"], []), frame(SCHEMA["tool_calls"], []))
    found = deduplicate(rows, *empty, {})
    assert found.usage.equals(rows)
    assert found.inherited.is_empty()


def test_a_key_that_repeats_within_one_source_is_not_shared() -> None:
    rows = frame(SCHEMA["messages"], [message("a", 1, "k"), message("a", 2, "k")])
    found = deduplicate(frame(SCHEMA["usage"], []), rows, frame(SCHEMA["tool_calls"], []), {})
    assert not found.messages["is_replay"].any()


def test_equal_keys_of_different_agents_are_different_records() -> None:
    found = dedup([usage("a", 1, "k"), usage("b", 1, "k", agent="another")])
    assert not found.usage["is_replay"].any()


def test_rows_without_a_key_are_never_copies() -> None:
    one, other = message("a", 1, None), message("b", 1, None)
    assert not dedup([one, other]).messages["is_replay"].any()


def test_a_fork_with_n_own_requests_adds_exactly_n() -> None:
    found = dedup(fork("a", "b", shared=5, own=3))
    assert found.usage.filter(~pl.col("is_replay"))["source"].value_counts().sort("source").rows() == [("a", 5), ("b", 3)]


EVIDENCE = {
    "a side thread is never the original": (Lineage(side=True), Lineage(says_copied=True, copied_at=9)),
    "what says it is a copy is one": (Lineage(says_copied=True), Lineage(copied_at=9)),
    "what was copied later": (Lineage(copied_at=9), Lineage(copied_at=8)),
    "what was copied at all": (Lineage(copied_at=9), Lineage()),
    "live records lie between the shared ones of the original": (Lineage(marks=(1, 3, 9)), Lineage(marks=(2,))),
}


@pytest.mark.parametrize("copy, original", EVIDENCE.values(), ids=EVIDENCE)
@pytest.mark.parametrize("swapped", [False, True])
def test_evidence_tells_the_original(copy: Lineage, original: Lineage, swapped: bool) -> None:
    first, second = ("b", "a") if swapped else ("a", "b")
    rows = [usage(name, line, f"k{line}") for name in (first, second) for line in (1, 3)]
    found = dedup(rows, {first: original, second: copy})
    assert owners(found.usage) == {"k1": [first], "k3": [first]}


def test_marks_count_strictly_between_the_shared_records() -> None:
    rows = [usage(name, line, f"k{line}") for name in "ab" for line in (2, 4)]
    found = dedup(rows, {"a": Lineage(marks=(1, 2, 4, 5, 6)), "b": Lineage(marks=(3,))})
    assert owners(found.usage) == {"k2": ["b"], "k4": ["b"]}


def test_weightier_evidence_goes_before_lighter() -> None:
    rows = [usage(name, line, f"k{line}") for name in "ab" for line in (1, 5)]
    found = dedup(rows, {"a": Lineage(copied_at=5, marks=(2, 3, 4)), "b": Lineage()})
    assert owners(found.usage) == {"k1": ["b"], "k5": ["b"]}


@pytest.mark.parametrize("first, second", [("a", "b"), ("b", "a")])
def test_what_simply_ended_is_the_original(first: str, second: str) -> None:
    rows = [usage(first, 1, "k"), usage(second, 1, "k"), usage(second, 2, "own")]
    assert owners(dedup(rows).usage)["k"] == [first]


@pytest.mark.parametrize("first, second", [("a", "b"), ("b", "a")])
def test_what_went_on_earlier_is_the_original(first: str, second: str) -> None:
    rows = [usage(first, 1, "k"), usage(first, 2, "x", at=5 * MINUTE), usage(second, 1, "k"), usage(second, 2, "y", at=6 * MINUTE)]
    assert owners(dedup(rows).usage)["k"] == [first]


@pytest.mark.parametrize("first, second", [("a", "b"), ("b", "a")])
def test_a_source_goes_on_with_its_next_line_whatever_its_time(first: str, second: str) -> None:
    rows = [usage(second, 1, "k"), usage(second, 2, "x", at=9 * MINUTE), usage(second, 3, "y", at=5 * MINUTE)]
    rows += [usage(first, 1, "k"), usage(first, 2, "z", at=7 * MINUTE)]
    assert owners(dedup(rows).usage)["k"] == [first]


def test_a_row_without_a_time_says_nothing_of_going_on() -> None:
    rows = [usage("b", 1, "k"), usage("b", 2, "x", at=None), usage("a", 1, "k"), usage("a", 2, "y", at=6 * MINUTE)]
    assert owners(dedup(rows).usage)["k"] == ["b"]


def test_the_session_id_decides_between_equals() -> None:
    rows = [usage("y", 1, "k", source="1"), usage("x", 1, "k", source="2")]
    assert owners(dedup(rows).usage)["k"] == ["2"]


def test_chain_of_forks_gives_each_record_to_the_session_that_made_it() -> None:
    """C forked B, which had forked A: C holds records of both."""
    rows = [usage("a", 1, "a1"), usage("a", 2, "a2", at=50 * MINUTE)]
    rows += [usage("b", 1, "a1"), usage("b", 2, "b1", at=20 * MINUTE)]
    rows += [usage("c", 1, "a1"), usage("c", 2, "b1", at=20 * MINUTE), usage("c", 3, "c1", at=30 * MINUTE)]
    copied = {"b": Lineage(copied_at=10), "c": Lineage(copied_at=25)}
    assert owners(dedup(rows, copied).usage) == {"a1": ["a"], "a2": ["a"], "b1": ["b"], "c1": ["c"]}


def test_a_copy_of_a_copy_keeps_its_owner_in_every_set() -> None:
    """What is decided between two sources holds for all their records, though a set of its own might look different."""
    rows: list[Row] = [usage(name, line, f"k{line}") for name in "ab" for line in (1, 2, 3)]
    rows += [message(name, line, f"m{line}") for name in "abc" for line in (1, 9)]
    found = dedup(rows, {"a": Lineage(marks=(2,)), "b": Lineage(marks=(4, 5, 6)), "c": Lineage(says_copied=True)})
    assert owners(found.usage) == {"k1": ["a"], "k2": ["a"], "k3": ["a"]}
    assert owners(found.messages) == {"m1": ["a"], "m9": ["a"]}


def test_the_copy_that_tells_most_gives_all_its_numbers_and_the_owner_stays() -> None:
    original = usage("a", 1, "k", 5, model="small", at=None, is_final=False, input_tokens=3, project="/a", git_branch="main")
    copy = usage(
        "b", 7, "k", 90, vendor="v", model="large", is_final=True, input_tokens=None, project="/b", git_branch="other", evidence="x"
    )
    found = dedup([original, copy], {"b": Lineage(says_copied=True)}).usage.sort("is_replay")
    row, replay = found.iter_rows(named=True)
    assert (row["session_id"], row["project"], row["git_branch"], row["is_replay"]) == ("a", "/a", "main", False)
    assert {name: row[name] for name in MEASUREMENT} == {name: replay[name] for name in MEASUREMENT}
    assert (row["output_tokens"], row["model"], row["vendor"], row["input_tokens"]) == (90, "large", "v", None)
    assert (row["source"], row["line"]) == ("b", 7)


@pytest.mark.parametrize(
    "own, other, taken",
    [
        ((5, None), (5, True), True),
        ((5, False), (5, None), True),
        ((5, True), (5, True), False),
        ((5, None), (5, False), False),
        ((6, False), (5, True), False),
        ((None, True), (0, False), True),
    ],
)
def test_more_output_then_a_final_line_tells_most(own: tuple, other: tuple, taken: bool) -> None:
    original = usage("a", 1, "k", own[0], is_final=own[1])
    copy = usage("b", 1, "k", other[0], is_final=other[1], model="other")
    found = dedup([original, copy], {"b": Lineage(says_copied=True)}).usage.filter(~pl.col("is_replay"))
    assert found["session_id"].to_list() == ["a"]
    assert (found["model"].to_list() == ["other"]) is taken


def test_an_echo_counts_only_when_nothing_else_holds_the_request() -> None:
    echoes = [usage("s/x", 5, "held", 9, source="s", is_echo=True), usage("s/x", 6, "gone", 9, source="s", is_echo=True)]
    found = dedup([*echoes, usage("s/x", 1, "held", 3, source="s/x")], {"s/x": Lineage(side=True)}).usage
    assert sorted(zip(found["dedup_key"], found["source"], found["is_replay"], strict=True)) == [
        ("gone", "s", False),
        ("held", "s/x", False),
    ]


def test_an_echo_that_a_fork_copied_counts_once() -> None:
    echoes = [usage("a/x", 5, "k", source="a", is_echo=True), usage("b/x", 5, "k", source="b", is_echo=True)]
    assert owners(dedup(echoes, {"b": Lineage(says_copied=True)}).usage) == {"k": ["a"]}


def test_everything_before_a_copied_message_is_a_copy() -> None:
    """The SDK's fork gives user lines new ids, so only replies share a key."""
    rows: list[Row] = [message("a", 1, "u1"), message("a", 2, "reply"), message("a", 3, "u2")]
    rows += [message("b", 1, "new1"), message("b", 2, "reply"), message("b", 3, "new2"), call("b", 1, "c1"), call("b", 3, "c2")]
    rows.append(call("b", 2, "c3"))
    found = dedup(rows, {"b": Lineage(says_copied=True)})
    marked = {(row["source"], row["line"]): row["is_replay"] for row in found.messages.iter_rows(named=True)}
    assert marked == {("a", 1): False, ("a", 2): False, ("a", 3): False, ("b", 1): True, ("b", 2): True, ("b", 3): False}
    assert dict(found.tool_calls.select("dedup_key", "is_replay").iter_rows()) == {"c1": True, "c2": False, "c3": True}


def test_requests_before_a_copied_message_count_when_only_the_copy_holds_them() -> None:
    rows = [message("a", 2, "m"), message("b", 2, "m"), usage("b", 1, "only-here")]
    found = dedup(rows, {"b": Lineage(says_copied=True)})
    assert owners(found.usage) == {"only-here": ["b"]}


def test_tables_agree_on_the_owner() -> None:
    rows: list[Row] = [usage(name, line, f"k{line}") for name in "ab" for line in (1, 9)]
    rows += [message(name, line, f"m{line}") for name in "ab" for line in (1, 9)]
    rows += [call(name, line, f"c{line}") for name in "ab" for line in (1, 9)]
    found = dedup(rows, {"a": Lineage(marks=(0,)), "b": Lineage(marks=(5,))})
    for table in (found.usage, found.messages, found.tool_calls):
        assert set(map(tuple, owners(table).values())) == {("b",)}


def test_a_backup_of_a_home_changes_no_total_and_the_longer_state_owns_all() -> None:
    live = [usage("s", line, f"k{line}", source="/live/s", host="live") for line in (1, 2, 3)]
    backup = [usage("s", line, f"k{line}", source="/backup/s", host="backup") for line in (1, 2)]
    found = dedup([*live, *backup])
    assert owners(found.usage) == {"k1": ["/live/s"], "k2": ["/live/s"], "k3": ["/live/s"]}


def test_equal_homes_belong_to_the_first_by_label() -> None:
    rows = [usage("s", 1, "k", source=path, host=host) for path, host in (("/1", "b"), ("/2", "a"))]
    assert owners(dedup(rows).usage) == {"k": ["/2"]}


def test_a_fork_in_another_home_is_a_copy_of_the_session_not_of_its_backup() -> None:
    rows = [usage("s", line, f"k{line}", source="/live/s", host="live") for line in (1, 2)]
    rows += [usage("s", 1, "k1", source="/backup/s", host="backup")]
    rows += [usage("f", 1, "k1", source="/live/f", host="live"), usage("f", 2, "own", source="/live/f", host="live")]
    found = dedup(rows, {"/live/f": Lineage(copied_at=9), "/live/s": Lineage(), "/backup/s": Lineage(copied_at=10)})
    assert owners(found.usage)["k1"] == ["/live/s"]


def test_what_a_provider_marks_as_replay_owns_nothing() -> None:
    rows = [usage("a", 1, "k", is_replay=True), usage("b", 1, "k"), usage("c", 1, "l", is_replay=True)]
    found = dedup(rows)
    assert owners(found.usage) == {"k": ["b"]}
    assert found.usage["is_replay"].sum() == 2


def test_a_result_in_another_file_answers_its_call() -> None:
    waiting = call("a", 1, "c", status="pending")
    answer = result("b", 4, "c", status="error", exit_code=2, output_chars=10, result="text")
    (row,) = dedup([waiting, answer]).tool_calls.iter_rows(named=True)
    assert (row["session_id"], row["tool"], row["status"], row["exit_code"], row["result"]) == ("a", "Bash", "error", 2, "text")
    assert (row["duration_s"], row["duration_from"]) == (180.0, "timestamps")


def test_a_reported_duration_of_another_file_is_kept() -> None:
    rows = [call("a", 1, "c", status="pending"), result("b", 4, "c", duration_s=1.5, duration_from="reported")]
    (row,) = dedup(rows).tool_calls.iter_rows(named=True)
    assert (row["duration_s"], row["duration_from"]) == (1.5, "reported")


def test_a_result_before_its_call_gives_no_duration() -> None:
    (row,) = dedup([call("a", 9, "c", status="pending"), result("b", 4, "c")]).tool_calls.iter_rows(named=True)
    assert (row["status"], row["duration_s"], row["duration_from"]) == ("ok", None, None)


def test_a_copied_call_that_was_answered_answers_the_original() -> None:
    """A session that was cut off in a call, and goes on in a new file."""
    rows = [call("a", 1, "c", status="pending"), call("b", 1, "c", status="ok", ended_at=3 * MINUTE, duration_s=2.0)]
    found = dedup(rows, {"b": Lineage(says_copied=True)})
    own = found.tool_calls.filter(~pl.col("is_replay"))
    assert own.select("session_id", "status", "duration_s").rows() == [("a", "ok", 2.0)]


def test_the_earliest_of_several_results_counts() -> None:
    rows = [call("a", 1, "c", status="pending"), result("b", 9, "c", status="error"), result("c", 4, "c", status="ok")]
    assert dedup(rows).tool_calls["status"].to_list() == ["ok"]


def test_a_call_with_a_result_of_its_own_keeps_it() -> None:
    rows = [call("a", 5, "c", status="denied"), result("b", 2, "c", status="ok")]
    assert dedup(rows).tool_calls["status"].to_list() == ["denied"]


def test_results_without_a_call_anywhere_are_reported_once_per_source() -> None:
    rows = [result("a", 7, "x"), result("a", 3, "y"), result("b", 1, "z", host="h"), call("b", 2, "c", host="h")]
    found = dedup(rows)
    assert found.tool_calls["dedup_key"].to_list() == ["c"]
    assert [(row.kind, row.agent, row.host, row.source, row.line, row.count) for row in found.issues] == [
        ("orphan-result", "fake", None, "a", 3, 2),
        ("orphan-result", "fake", "h", "b", 1, 1),
    ]


def test_a_call_whose_tool_the_log_does_not_name_is_a_call() -> None:
    found = dedup([call("a", 1, "c", tool=None), call("a", 2, "d", tool=None, at=None, message_id="m")])
    assert found.tool_calls["dedup_key"].to_list() == ["c", "d"]
    assert found.issues == []


def test_a_result_in_another_file_is_no_copy() -> None:
    found = dedup([call("a", 1, "c", status="pending"), result("b", 4, "c"), call("b", 2, "own")])
    assert not found.tool_calls["is_replay"].any()
    assert found.inherited.is_empty()


@st.composite
def histories(draw: st.DrawFn) -> list[list[Row]]:
    """Sources that copy beginnings of each other, of every shape, with partial numbers in some copies."""
    sources: list[list[tuple[int, str]]] = []
    serial = itertools.count()
    for _ in range(draw(st.integers(1, 5))):
        origin = draw(st.sampled_from(sources)) if sources else []
        copied = origin[: draw(st.integers(0, len(origin)))]
        own = [(next(serial), draw(st.sampled_from("umc"))) for _ in range(draw(st.integers(0, 4)))]
        sources.append(copied + own)
    return [
        [one_row(f"s{number}", line, key, kind, draw(st.integers(0, 2))) for line, (key, kind) in enumerate(records, 1)]
        for number, records in enumerate(sources)
    ]


def one_row(source: str, line: int, key: int, kind: str, output: int) -> Row:
    if kind == "u":
        return usage(source, line, f"u{key}", output, at=key * MINUTE)
    if kind == "m":
        return message(source, line, f"m{key}", at=key * MINUTE)
    return call(source, line, f"c{key}", at=key * MINUTE, status="pending" if output else "ok")


def shuffled(parts: Sequence[list[Row]], seed: int) -> list[Row]:
    order = list(parts)
    random.Random(seed).shuffle(order)  # noqa: S311
    return [row for part in order for row in part]


@given(histories(), st.integers(0, 1000))
def test_the_order_of_sources_changes_nothing(parts: list[list[Row]], seed: int) -> None:
    plain, mixed = dedup(row for part in parts for row in part), dedup(shuffled(parts, seed))
    place = ["source", "line", "session_id", "dedup_key"]
    for name in ("usage", "messages", "tool_calls"):
        assert getattr(plain, name).sort(place).equals(getattr(mixed, name).sort(place))


@given(histories())
def test_every_request_and_call_counts_exactly_once(parts: list[list[Row]]) -> None:
    rows = [row for part in parts for row in part]
    found = dedup(rows)
    for table, kind in ((found.usage, UsageRow), (found.tool_calls, ToolCallRow)):
        keys = {row.dedup_key for row in rows if isinstance(row, kind)}
        counted = owners(table)
        assert counted.keys() == keys
        assert all(len(holders) == 1 for holders in counted.values())


@given(histories())
def test_each_request_has_the_largest_output_of_its_copies(parts: list[list[Row]]) -> None:
    rows = [row for part in parts for row in part]
    table = frame(SCHEMA["usage"], [row for row in rows if isinstance(row, SCHEMA["usage"].row)])
    largest = dict(table.group_by("dedup_key").agg(pl.col("output_tokens").max()).iter_rows())
    own = dedup(rows).usage.filter(~pl.col("is_replay"))
    assert dict(own.select("dedup_key", "output_tokens").iter_rows()) == largest
