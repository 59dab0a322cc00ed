"""Small files beside the logs: their value, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessionframe.formats.smalljson import read_json


@pytest.mark.parametrize(
    "content, value",
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'["\\udc00x", "\\ud83d\\ude00", "\\\\ud800", "\xff"]', ["\ufffdx", "\U0001f600", "\\ud800", "\ufffd"]),
        (b'{"a": ', None),
        (b"9" * 5000, None),
        (b"[" * 100_000, None),
        (b"", None),
    ],
)
def test_any_content(tmp_path: Path, content: bytes, value: object) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert read_json(path) == value


def test_what_is_no_file(tmp_path: Path) -> None:
    assert read_json(tmp_path) is read_json(tmp_path / "missing.json") is None
