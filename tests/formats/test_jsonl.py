"""Every record of a file comes back, in order and with its line number, whatever stands around it."""

from __future__ import annotations

import errno
import io
import json
import os
import time
import tracemalloc
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessionframe.formats import jsonl
from sessionframe.formats.jsonl import records
from sessionframe.formats.problems import Problems
from tests.formats.lines import Block, Message, RawRecord, Record, Usage, found, read

MIXED = b"".join(
    [
        b'\xef\xbb\xbf{"type":"a","n":1}\n',
        b'{"type" : "b", "n" : 2}\r\n',
        b"\r\n",
        b"\x00\x00\x00\x00\n",
        b'\x00\x00{"type":"c","n":3}\n',
        b'{"type":"d","n":4}{"type":"e","n":5}\n',
        '{"type":"f","n":6,"text":"\u2028\u2029\x85\x7f"}\n'.encode(),
        b'{"type":"torn","text":"hel{"type":"g","n":7}\n',
        b"[1]\n",
        b'{"type":"h","n":"8"}\n',
        b'{"type":"i","n":9',
    ]
)
MIXED_RECORDS = [(1, "a", 1), (2, "b", 2), (5, "c", 3), (6, "d", 4), (6, "e", 5), (7, "f", 6), (8, "g", 7), (10, "h", 8)]
MIXED_ISSUES = [
    (1, "repaired"),
    (4, "broken-line"),
    (5, "repaired"),
    (6, "repaired"),
    (8, "broken-line"),
    (9, "not-a-record"),
    (10, "repaired"),
    (11, "cut-off"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "session.jsonl"


@pytest.mark.parametrize("block_bytes", range(1, len(MIXED) + 2))
def test_the_border_of_a_block_may_lie_anywhere(file: Path, block_bytes: int) -> None:
    file.write_bytes(MIXED)
    rows, issues = read(file, block_bytes=block_bytes)
    assert [(line, record.type, record.n) for line, record in rows] == MIXED_RECORDS
    assert found(issues) == MIXED_ISSUES
    assert {issue.source for issue in issues} == {str(file)}


@pytest.mark.parametrize("block_bytes", [1, 7, 64, len(MIXED)])
def test_lines_without_the_needle_are_skipped_and_counted(file: Path, block_bytes: int) -> None:
    file.write_bytes(MIXED)
    rows, issues = read(file, b'"h"', block_bytes)
    assert [(line, record.n) for line, record in rows] == [(10, 8)]
    assert found(issues) == [(10, "repaired")]


@pytest.mark.parametrize("containing", [b"", b'a"\n'])
def test_a_needle_that_cannot_lie_within_a_line_is_refused(file: Path, containing: bytes) -> None:
    with pytest.raises(ValueError, match="within a line"):
        records(file, Record, Problems("a"), containing)


def test_a_type_that_cannot_be_filled_is_refused_before_anything_is_read(file: Path) -> None:
    class Needy(msgspec.Struct):
        n: int

    with pytest.raises(TypeError, match="default"):
        records(file, Needy, Problems("a"))


def test_line_breaks_of_other_standards_do_not_end_a_line(file: Path) -> None:
    text = "a\u2028b\u2029c\x85d"
    file.write_bytes(json.dumps({"text": text}, ensure_ascii=False).encode() + b'\n{"text":"a\x0bb\x0cc\rd\x1ce"}\n{"n":3}\n')
    rows, issues = read(file)
    assert rows == [(1, Record(text=text)), (2, Record(text="a\x0bb\x0cc\rd\x1ce")), (3, Record(n=3))]
    assert found(issues) == [(2, "repaired")]  # control characters must be escaped in JSON


@pytest.mark.parametrize(
    "content, numbers, kinds",
    [
        (b'{"n":1}{"n":2}\n\n{"n":3}\n', [1, 1, 3], ["repaired"]),  # as many records as lines, but not one in each
        (b'\n{"n":1}{"n":2}\n', [2, 2], ["repaired"]),
        (b'{"n":1}{"n":2}\n{"text":\n"a"}\n', [1, 1], ["repaired", "broken-line", "broken-line"]),
        (b'{"n":1}\r\n{"n":2}\r\n', [1, 2], []),
        (b'{"n":1} \n {"n":2}\n', [1, 2], []),
        (b'{"n":1}\r{"n":2}\n{"n":3}\n', [1, 1, 2], ["repaired"]),
    ],
)
def test_a_record_has_the_number_of_its_line(file: Path, content: bytes, numbers: list[int], kinds: list[str]) -> None:
    """A block is decoded at once only where every line is one record."""
    file.write_bytes(content)
    rows, issues = read(file)
    assert [line for line, _ in rows] == numbers
    assert [issue.kind for issue in issues] == kinds


def test_two_readings_at_the_same_time_do_not_share_a_buffer(file: Path) -> None:
    file.write_bytes(b"".join(b'{"n":%d}\n' % n for n in range(100_000)))
    both = zip(records(file, Record, Problems("a")), records(file, Record, Problems("b")), strict=True)
    assert all(one == other == (line + 1, Record(n=line)) for line, (one, other) in enumerate(both))


def test_an_empty_file_is_nothing(file: Path) -> None:
    file.write_bytes(b"")
    assert read(file) == ([], [])
    file.write_bytes(b"\n\r\n \t\n")
    assert read(file) == ([], [])


def test_a_last_line_without_a_line_feed_is_kept_when_it_is_complete(file: Path) -> None:
    file.write_bytes(b'{"n":1}\n{"n":2}')
    assert read(file) == ([(1, Record(n=1)), (2, Record(n=2))], [])


def test_a_cut_anywhere_costs_no_more_than_the_cut_record(file: Path) -> None:
    lines = [
        b'{"type":"a","message":{"content":[{"type":"b","text":"\xc3\xa9\\ud83d\\ude00 \\" {"}],"usage":{"input_tokens":%d}}}' % n
        for n in (1, 2)
    ]
    data = b"\n".join(lines) + b"\n"
    whole = [(1, 1), (2, 2)]
    for cut in range(len(data) + 1):
        file.write_bytes(data[:cut])
        rows, issues = read(file)
        numbers = [(line, record.message and record.message.usage and record.message.usage.input_tokens) for line, record in rows]
        complete = (cut >= len(lines[0])) + (cut >= len(data) - 1)
        assert numbers == whole[:complete]
        partly = cut not in {0, len(lines[0]), len(lines[0]) + 1, len(data) - 1, len(data)}
        assert found(issues) == ([(complete + 1, "cut-off")] if partly else [])


@pytest.mark.parametrize(
    "line, kept",
    [
        (rb'{"n":1,"text":"\ud83d"}', Record(n=1, text="\ufffd")),
        (rb'{"n":1,"text":"\ud83d","big":%s,"anything":%s}' % (b"9" * 5000, b"1" * 19), Record(n=1, text="\ufffd", anything=int("1" * 19))),
        (rb'{"n":1,"text":"\ude00 \uD83D\uDE00 \ud83d\u0041"}', Record(n=1, text="\ufffd \U0001f600 \ufffdA")),
        (rb'{"n":1,"text":"\\ud83d \\\ud83d"}', Record(n=1, text="\\ud83d \\\ufffd")),
        (rb'{"n":1,"other":{"\ud83d":"\ude00"}}', Record(n=1)),
        (rb'{"n":1,"anything":{"\ud83d":["\ude00"]}}', Record(n=1, anything={"\ufffd": ["\ufffd"]})),
        (b'{"n":1,"text":"\xff\xc0\x80"}', Record(n=1, text="\ufffd\ufffd\ufffd")),
        (b'{"n":1,"text":"\xed\xa0\xbd"}', Record(n=1, text="\ufffd\ufffd\ufffd")),
        (b'{"n":1,"text":"a\tb\x00c"}', Record(n=1, text="a\tb\x00c")),
        (b'{"n":1,"other":NaN}', Record(n=1)),
        (b'{"n":1,"other":[-Infinity]}', Record(n=1)),
        (b'\xef\xbb\xbf {"n":1}', Record(n=1)),
        (b'\x00\x00{"n":1}\x00\r', Record(n=1)),
    ],
)
def test_a_line_that_can_be_mended_is_kept_and_reported(file: Path, line: bytes, kept: Record) -> None:
    file.write_bytes(b"%s\n%s\n" % (line, b'{"n":2}'))
    rows, issues = read(file)
    assert rows == [(1, kept), (2, Record(n=2))]
    assert found(issues) == [(1, "repaired")]
    json.dumps(msgspec.to_builtins(rows[0][1]), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "line", [b'{"n":1,"skipped":"\xff"}', b'{"n":1,"n":1}', b'{"n":2,"n":1}', b'{"n":1,"big":' + b"9" * 5000 + b"}", b'  {"n":1}\t\r']
)
def test_what_harms_nothing_is_no_issue(file: Path, line: bytes) -> None:
    file.write_bytes(line + b"\n")
    assert read(file) == ([(1, Record(n=1))], [])


def test_json_text_that_is_kept_undecoded_can_always_be_decoded(file: Path) -> None:
    file.write_bytes(
        b'{"n":1,"result":["\xff"]}\n{"n":2,"result":"\\ud83d"}\n{"n":"3","result":{"a":"\xc3\xa9"}}\n{"n":4,"result":{"a":"\xc3\xa9"}}\n'
    )
    problems = Problems("a")
    kept = list(records(file, RawRecord, problems))
    assert [(record.n, msgspec.json.decode(record.result)) for _, record in kept] == [
        (1, ["\ufffd"]),
        (2, "\ufffd"),
        (3, {"a": "é"}),
        (4, {"a": "é"}),
    ]
    assert found(problems.rows()) == [(1, "repaired"), (2, "repaired"), (3, "repaired")]


@pytest.mark.parametrize("line", [b"[]", b"42", b"null", b'"text"', b"true", b'[{"n":1}]', b"[NaN]"])
def test_json_that_is_no_object_is_no_record(file: Path, line: bytes) -> None:
    file.write_bytes(line + b'\n{"n":1}\n')
    rows, issues = read(file)
    assert rows == [(2, Record(n=1))]
    assert (1, "not-a-record") in found(issues)


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"n":1,"deep":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"n":1,"anything":' + b'[{"a":' * 50_000,
    ],
    ids=["lists", "objects", "skipped", "kept"],
)
def test_nesting_without_end_is_a_broken_line(file: Path, line: bytes) -> None:
    file.write_bytes(line + b'\n{"n":1}\n')
    rows, issues = read(file)
    assert rows == [(2, Record(n=1))]
    assert found(issues) == [(1, "broken-line")]


@pytest.mark.parametrize("depth", range(300, 1300, 50))
def test_deep_nesting_never_raises(file: Path, depth: int) -> None:
    lone = rb'{"n":1,"result":%s"\ud83d"%s}' % (b'{"a":[' * depth, b"]}" * depth)
    file.write_bytes(lone + b"\n")
    problems = Problems("a")
    assert len(list(records(file, RawRecord, problems))) + len(problems.rows()) >= 1
    rows, issues = read(file)
    assert len(rows) + len(issues) >= 1


@pytest.mark.parametrize(
    "line", [b'{"', b'{"a":', b'{"a"}', b"\\", b'"', b'{"a":1,', b'[{"a":1},', b"{", b"\x00", b'{"a":"\\ud83d', b'{"type":"x"}x']
)
def test_garbage_takes_time_in_line_with_its_length(file: Path, line: bytes) -> None:
    file.write_bytes(line * (2_000_000 // len(line)) + b'\n{"n":1}\n')
    start = time.perf_counter()
    rows, issues = read(file)
    assert time.perf_counter() - start < 10  # one try per brace would take hours
    assert rows[-1] == (2, Record(n=1))
    assert found(issues)[0][0] == 1


def test_a_hundred_megabytes_in_one_line(file: Path) -> None:
    text = b"x" * 100_000_000
    file.write_bytes(b'{"n":1}\n{"skipped":"%s","n":2}\n{"n":3}\n' % text)
    assert read(file) == ([(1, Record(n=1)), (2, Record(n=2)), (3, Record(n=3))], [])
    with file.open("r+b") as broken:
        broken.seek(-len(b'","n":2}\n{"n":3}\n') - 7, os.SEEK_END)
        broken.write(rb"\ud83d ")
    rows, issues = read(file, b'"n"')
    assert rows == [(1, Record(n=1)), (2, Record(n=2)), (3, Record(n=3))]
    assert found(issues) == [(2, "repaired")]


def test_memory_is_bounded_by_the_block_and_the_longest_line(file: Path) -> None:
    file.write_bytes(b'{"n":1,"text":"%s"}\n' % (b"x" * 1000) * 20_000)
    problems = Problems("a")
    tracemalloc.start()
    try:
        assert sum(1 for _ in records(file, Record, problems, block_bytes=1 << 16)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def test_a_file_that_is_not_there_is_an_issue(tmp_path: Path) -> None:
    (tmp_path / "dangling.jsonl").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.jsonl").mkdir()
    for name in ("vanished.jsonl", "dangling.jsonl", "folder.jsonl"):
        rows, issues = read(tmp_path / name)
        assert rows == []
        assert [(issue.kind, issue.line, bool(issue.detail)) for issue in issues] == [("unreadable", None, True)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    assert found(read(file)[1]) == [(None, "unreadable")]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may read everything")
def test_a_file_without_permission_is_an_issue(file: Path) -> None:
    file.write_bytes(b'{"n":1}\n')
    file.chmod(0)
    assert found(read(file)[1]) == [(None, "unreadable")]


class FailingDisk(io.BytesIO):
    """Gives what it has, then fails as a disk or a network does."""

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        if not count:
            raise OSError(errno.EIO, "Input/output error")
        return count


def test_what_was_read_before_an_error_is_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "open_bytes", lambda path: FailingDisk(b'{"n":1}\n{"n":2}\n{"n":'))
    rows, issues = read(file, block_bytes=4)
    assert rows == [(1, Record(n=1)), (2, Record(n=2))]
    assert (issues[0].kind, issues[0].line, issues[0].detail) == ("unreadable", None, "Input/output error")
    assert found(issues) == [(None, "unreadable"), (3, "cut-off")]


def test_a_permission_error_is_told_in_the_words_of_the_system(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> io.BytesIO:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(jsonl, "open_bytes", refuse)
    assert [(issue.kind, issue.detail) for issue in read(file)[1]] == [("unreadable", "Permission denied")]


def test_issues_never_show_what_was_said(file: Path) -> None:
    secret = b"hunter2"
    file.write_bytes(b'%s\n{"n":"%s","text":"%s\n["%s"]\n{"text":["%s"]}\n' % ((secret,) * 5))
    _, issues = read(file)
    assert len(issues) == 4
    assert secret.decode() not in repr([issue.detail for issue in issues])


# Random files, line by line: what is written, the records that must come back, and whether an issue must be there.
Line = tuple[bytes, list[int], bool]
whole_numbers = st.integers(0, 10**6)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def as_json(n: int, text: str, style: int) -> bytes:
    separators = [(",", ":"), (", ", ": "), (" ,", " :\t")][style % 3]
    obj = {"type": "a", "n": n, "text": text, "message": {"content": [{"type": "b", "text": text}], "usage": {"input_tokens": n}}}
    return json.dumps(obj, ensure_ascii=style < 3, separators=separators).encode()


good = st.builds(lambda n, text, style: (n, as_json(n, text, style)), whole_numbers, texts, st.integers(0, 5))
garbage = (st.binary(max_size=40) | st.lists(st.sampled_from(list(b'}[]":,\\x1 ')), max_size=8).map(bytes)).filter(
    lambda data: b"\n" not in data and b"{" not in data
)


def torn(first: tuple[int, bytes], second: tuple[int, bytes], share: float, nuls: int) -> Line:
    return first[1][: 1 + int(share * (len(first[1]) - 1))] + b"\x00" * nuls + second[1], [second[0]], True


def not_blank(data: bytes) -> bool:
    return bool(data.strip(b" \t\r\x0b\x0c"))


lines = st.one_of(
    good.map(lambda one: (one[1], [one[0]], False)),
    good.map(lambda one: (one[1] + b"\r", [one[0]], False)),
    st.builds(lambda nuls, one: (b"\x00" * nuls + one[1], [one[0]], True), st.integers(1, 50), good),
    st.builds(lambda some: (b"".join(one[1] for one in some), [one[0] for one in some], True), st.lists(good, min_size=2, max_size=4)),
    st.builds(torn, good, good, st.floats(0, 1, exclude_max=True), st.sampled_from([0, 0, 3])),
    st.builds(lambda before, one: (before + one[1], [one[0]], not_blank(before)), garbage, good),
    st.builds(lambda one, behind: (one[1] + behind, [one[0]], not_blank(behind)), good, garbage),
    garbage.map(lambda data: (data, [], not_blank(data))),
    st.integers(1, 50).map(lambda nuls: (b"\x00" * nuls, [], True)),
    st.sampled_from([b"", b"\r", b"  "]).map(lambda blank: (blank, [], False)),
    st.sampled_from([b"[]", b"42", b"null", b'"text"']).map(lambda other: (other, [], True)),
)


def shown(rows: list[tuple[int, Record]]) -> list[tuple[int, Any]]:
    return [(line, record.n) for line, record in rows]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.lists(lines, max_size=8), st.booleans(), st.booleans(), st.integers(1, 200))
def test_every_good_record_comes_back(tmp_path: Path, written: list[Line], marked: bool, ended: bool, block_bytes: int) -> None:
    file = tmp_path / "session.jsonl"
    data = b"\xef\xbb\xbf" * marked + b"\n".join(line for line, _, _ in written) + b"\n" * ended
    file.write_bytes(data)
    rows, issues = read(file, block_bytes=block_bytes)
    if not ended and written and written[-1][2]:  # where nothing ends the line, a torn record is not told from a part of one
        rows = [row for row in rows if row[0] < len(written)]
        written = [*written[:-1], (b"", [], False)]
    assert shown(rows) == [(number, n) for number, (_, expected, _) in enumerate(written, 1) for n in expected]
    assert all(record == record_of(record) for _, record in rows)
    assert {number for number, (_, _, wrong) in enumerate(written, 1) if wrong} <= {issue.line for issue in issues}
    needle = b'"usage"'
    lines_of_file = data.split(b"\n")
    everything, _ = read(file)
    assert read(file, needle, block_bytes)[0] == [row for row in everything if needle in lines_of_file[row[0] - 1]]


def record_of(record: Record) -> Record:
    """The record that `as_json` wrote, from two of its values."""
    return Record(
        type="a",
        n=record.n,
        text=record.text,
        message=Message(content=[Block(type="b", text=record.text)], usage=Usage(input_tokens=record.n)),
    )


scraps = [*(bytes([byte]) for byte in b'{}[]":,\\u019eEdDcC8.-natrfls \n\r\x00\xff\xc3\xa9'), b'{"n":1}', b'{"type"', b"\\ud83d", b'"n":']


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.lists(st.sampled_from(scraps), max_size=60).map(b"".join))
def test_nothing_in_a_file_raises_and_nothing_is_silent(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "session.jsonl"
    file.write_bytes(data)
    rows, issues = read(file)
    msgspec.json.encode(rows)
    heard = {line for line, _ in rows} | {issue.line for issue in issues}
    for number, line in enumerate(data.split(b"\n"), 1):
        assert not_blank(line) == (number in heard)
    problems = Problems("a")
    for _, record in records(file, RawRecord, problems):
        assert not bytes(record.result) or isinstance(msgspec.json.decode(record.result), object)
