"""Issues are one row per line where the line matters, one per detail elsewhere, and never without bound."""

from __future__ import annotations

from sessionframe.formats.problems import FURTHER, LONGEST_DETAIL, MOST_DETAILS, MOST_LINES, Problems


def test_a_line_that_is_broken_has_its_own_row() -> None:
    problems = Problems("/logs/a.jsonl")
    problems.add("broken-line", "not JSON", 7)
    problems.add("broken-line", "not JSON", 3)
    assert [(row.source, row.line, row.kind, row.detail, row.count) for row in problems.rows()] == [
        ("/logs/a.jsonl", 3, "broken-line", "not JSON", 1),
        ("/logs/a.jsonl", 7, "broken-line", "not JSON", 1),
    ]


def test_the_same_thing_twice_on_a_line_is_one_row_of_two() -> None:
    problems = Problems("a")
    problems.add("bad-value", "`n` does not fit", 7)
    problems.add("bad-value", "`n` does not fit", 7)
    assert [(row.line, row.count) for row in problems.rows()] == [(7, 2)]


def test_other_kinds_are_counted_per_detail_with_their_first_line() -> None:
    problems = Problems("a")
    for line in (9, 4, 12):
        problems.add("unknown-record", "record type 'x'", line)
    problems.add("unknown-record", "record type 'y'", 5, count=10)
    assert [(row.line, row.detail, row.count) for row in problems.rows()] == [(4, "record type 'x'", 3), (5, "record type 'y'", 10)]


def test_what_concerns_the_whole_source_comes_first() -> None:
    problems = Problems("a")
    problems.add("broken-line", "not JSON", 1)
    problems.add("estimate", "a lower bound")
    assert [row.line for row in problems.rows()] == [None, 1]


def test_rows_per_line_are_bounded_and_nothing_is_lost_from_the_count() -> None:
    problems = Problems("a")
    for line in range(1, MOST_LINES + 501):
        problems.add("broken-line", "not JSON", line)
    rows = problems.rows()
    assert len(rows) == MOST_LINES + 1
    assert (rows[-1].line, rows[-1].detail, rows[-1].count) == (MOST_LINES + 1, FURTHER, 500)


def test_details_are_bounded_kind_by_kind() -> None:
    problems = Problems("a")
    for number in range(MOST_DETAILS + 50):
        problems.add("unknown-record", f"record type {number}", number + 1)
    problems.add("unknown-record", "record type 3", 999)
    problems.add("estimate", "a lower bound", 1000)
    rows = problems.rows()
    assert len(rows) == MOST_DETAILS + 2
    assert {row.detail: row.count for row in rows}[FURTHER] == 50
    assert {row.detail: row.count for row in rows}["record type 3"] == 2


def test_a_name_of_any_length_is_cut() -> None:
    problems = Problems("a")
    for name in ("x" * 10**6, "x" * 10**7, "y"):
        problems.add("unknown-record", f"record type {name!r}")
    assert [(len(row.detail or ""), row.count) for row in problems.rows()] == [(LONGEST_DETAIL, 2), (len("record type 'y'"), 1)]
