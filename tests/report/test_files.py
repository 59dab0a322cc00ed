"""What is written comes out of transcripts: only its owner can read it, from the first byte on, and it is whole or not there."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from sessionframe.report import notebook as books
from sessionframe.report.export import write_file
from sessionframe.wholefiles import write_whole
from tests.report.test_formulas import FRAME

needs_modes = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def careless() -> Iterator[None]:
    """A user whose files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


@needs_modes
@pytest.mark.usefixtures("careless")
def test_only_the_owner_can_read_what_is_being_written(tmp_path: Path) -> None:
    seen: list[int] = []

    def fill(file: IO[bytes]) -> None:
        seen.extend(mode(path) for path in tmp_path.iterdir())
        file.write(b"x")

    write_whole(tmp_path / "x", fill)
    assert seen == [0o600]
    assert mode(tmp_path / "x") == 0o600


@needs_modes
@pytest.mark.usefixtures("careless")
@pytest.mark.parametrize("chosen", ["parquet", "csv", "jsonl"])
def test_an_export_that_replaces_an_open_file_is_not_open(tmp_path: Path, chosen: str) -> None:
    target = tmp_path / "x"
    target.write_text("before")
    assert mode(target) == 0o666
    write_file(FRAME, str(target), chosen)
    assert mode(target) == 0o600


@needs_modes
@pytest.mark.usefixtures("careless")
def test_pages_and_copies_of_notebooks_are_the_owner_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = books.notebook("02")
    copy = books.copied(chosen, force=False)
    assert copy.read_bytes() == chosen.path.read_bytes()
    monkeypatch.setattr(books, "executed", lambda *_: None)
    monkeypatch.setattr("sessionframe.report.page.page", lambda *_, **__: "<p>é")
    books.write_page(chosen, {}, "x.html", version="0")
    assert (tmp_path / "x.html").read_text("utf-8") == "<p>é"
    assert {path.name: mode(path) for path in tmp_path.iterdir()} == {copy.name: 0o600, "x.html": 0o600}
