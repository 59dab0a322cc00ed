"""Files that are one JSON document: whatever is in them, a record or an issue comes out."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from sessionframe.formats.jsondoc import document
from sessionframe.formats.problems import Problems


class Doc(msgspec.Struct, gc=False):
    """A record."""

    name: str | None = None
    count: int | None = None
    rest: msgspec.Raw = msgspec.Raw()


CASES = {
    b'{"name": "a", "count": 1}': ("a", 1, []),
    b'\xef\xbb\xbf{\r\n "name": "a"\r\n}\r\n': ("a", None, ["repaired"]),
    b'{"name": "a"}\x00\x00\x00': ("a", None, ["repaired"]),
    b'{"name": "\xff"}': ("\ufffd", None, ["repaired"]),
    b'{"name": "x\\ud83d"}': ("x\ufffd", None, ["repaired"]),
    b'{"name": 3, "count": "7"}': (None, 7, ["bad-value", "repaired"]),
    b'{"rest": "\xff"}': (None, None, ["repaired"]),
    b'{"count": NaN}': (None, None, ["bad-value"]),
    b'{"name": "a", "cou': (None, None, ["broken-line"]),
    b"[1, 2]": (None, None, ["not-a-record"]),
    b"\x00" * 700: (None, None, ["broken-line"]),
    b"": (None, None, ["broken-line"]),
    b'{"rest":' * 100_000: (None, None, ["broken-line"]),
}


@pytest.mark.parametrize("content", CASES, ids=lambda content: repr(content[:24]))
def test_any_content(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    problems = Problems(str(path))
    found = document(path, Doc, problems) or Doc()
    name, count, kinds = CASES[content]
    assert (found.name, found.count) == (name, count)
    assert sorted(row.kind for row in problems.rows()) == kinds


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    problems = Problems("x")
    assert document(tmp_path / "none.json", Doc, problems) is None
    assert [row.kind for row in problems.rows()] == ["unreadable"]
