"""What is complete on a damaged line is a record; what is only a part of one is not."""

from __future__ import annotations

import pytest

from sessionframe.formats import salvage as room
from sessionframe.formats.problems import Problems
from sessionframe.formats.salvage import salvage
from tests.formats.lines import Record, found

FIRST = b'{"type":"a","message":{"id":"m","content":[{"type":"b","text":"x \\" {"}]},"text":"hello","n":1}'
SECOND = b'{"type":"c","message":{"content":[{"type":"d","text":"bye"}]},"n":2}'


def taken(line: bytes, *, ended: bool = True) -> tuple[list[int | None], list[str]]:
    problems = Problems("a")
    rows = list(salvage(line, 1, Record, problems, ended=ended))
    return [row.n for row in rows], [kind for _, kind in found(problems.rows())]


@pytest.mark.parametrize("cut", range(1, len(FIRST)))
def test_a_record_behind_one_that_was_torn_off_anywhere(cut: int) -> None:
    assert taken(FIRST[:cut] + SECOND) == ([2], ["broken-line"])
    assert taken(FIRST[:cut] + b"\x00\x00" + SECOND) == ([2], ["broken-line"])


@pytest.mark.parametrize("cut", range(1, len(FIRST)))
def test_a_line_that_is_still_being_written_gives_nothing(cut: int) -> None:
    assert taken(FIRST[:cut], ended=False) == ([], ["cut-off"])
    assert taken(SECOND + FIRST[:cut], ended=False) == ([2], ["cut-off"])


# inside a text, and not inside an escape, where what follows cannot be told from a part of the damaged record
IN_TEXT = [cut for cut in range(1, len(FIRST)) if FIRST[:cut].replace(b'\\"', b"").count(b'"') % 2 and FIRST[cut - 1 : cut] != b"\\"]


@pytest.mark.parametrize("cut", IN_TEXT)
def test_a_record_that_was_written_into_the_text_of_another(cut: int) -> None:
    assert taken(FIRST[:cut] + SECOND + FIRST[cut:]) == ([2], ["broken-line"])


@pytest.mark.parametrize("cut", [cut for cut in range(1, len(FIRST)) if FIRST[cut : cut + 1] == b","])
def test_a_record_that_was_written_between_two_fields_of_another(cut: int) -> None:
    assert taken(FIRST[:cut] + SECOND + FIRST[cut:]) == ([2], ["broken-line"])


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"a" XX "message":{"type":"b","n":3},"n":1}',
        b'{"type":"a","message":[{"type":"b","n":3}X{"type":"b","n":4}],"n":1}',
        b'"message":[{"type":"b","n":3}],',
        b'"type":"a","message":{"type":"b","n":3},"n":1}',
    ],
)
def test_a_part_of_a_damaged_record_is_no_record(line: bytes) -> None:
    assert taken(line) == ([], ["broken-line"])


def test_a_record_too_deep_to_build_is_a_broken_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhaust(*_: object) -> Record:
        raise RecursionError

    monkeypatch.setattr(room, "build", exhaust)
    assert taken(b'{"n":"1"}') == ([], ["broken-line"])


def test_no_more_tries_than_a_real_line_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken(b'{"n":1}' + b'{"x" ' * (room.MOST_TRIES - 1) + SECOND) == ([1, 2], ["broken-line"])
    assert taken(b'{"n":1}' + b'{"x" ' * room.MOST_TRIES + SECOND) == ([1], ["broken-line"])
    monkeypatch.setattr(room, "MOST_TRIES", 1)
    assert taken(b'{"n":1}' * 5) == ([1] * 5, ["repaired"])
