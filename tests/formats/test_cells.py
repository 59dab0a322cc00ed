"""Cells of a database: whatever is in them, a record or an issue with the number of the row comes out."""

from __future__ import annotations

import msgspec
import pytest

from sessionframe.formats.cells import cells
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
    b'{"count": NaN}': (None, None, ["bad-value", "repaired"]),
    b'{"name": "a", "cou': (None, None, ["broken-line"]),
    b"[1, 2]": (None, None, ["not-a-record"]),
    b"\x00" * 700: (None, None, ["broken-line"]),
    b"": (None, None, ["broken-line"]),
    b'{"rest":' * 100_000: (None, None, ["broken-line"]),
}


@pytest.mark.parametrize("content", CASES, ids=lambda content: repr(content[:24]))
def test_any_content(content: bytes) -> None:
    problems = Problems("x.db")
    found = cells(Doc, problems)(content, 7) or Doc()
    name, count, kinds = CASES[content]
    assert (found.name, found.count) == (name, count)
    rows = list(problems.rows())
    assert sorted(row.kind for row in rows) == kinds
    assert {row.line for row in rows} <= {7}


@pytest.mark.parametrize("cell", [None, 3, 2.5, "", b"", "\udcfb"])
def test_a_cell_that_holds_no_text(cell: object) -> None:
    problems = Problems("x.db")
    assert cells(Doc, problems)(cell, None) is None
    assert len(list(problems.rows())) == 1
