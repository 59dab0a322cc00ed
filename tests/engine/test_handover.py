"""Tables on their way from a worker: the same on either way, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sessionframe.engine import handover
from sessionframe.engine.handover import Drawer, GoneError, packed, unpacked
from sessionframe.engine.task import Parsed

TABLES = {
    "usage": pl.DataFrame({"n": range(1000), "text": ["a text that is longer than a view"] * 1000}),
    "messages": pl.DataFrame({"x": [None, "é"]}),
}
PARSED = Parsed({"agent": "paper"}, TABLES, [])
linux = pytest.mark.skipif(sys.platform != "linux", reason="files in memory are Linux's")


@pytest.fixture(autouse=True)
def drawers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Drawer]]:
    """As in a new worker."""
    opened: list[Drawer] = []
    monkeypatch.setattr(handover, "drawers", opened)
    yield opened
    for drawer in opened:
        os.close(drawer.descriptor)


def refused(*_: Any) -> int:
    raise PermissionError("not in this sandbox")


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def same(parsed: Parsed) -> bool:
    return parsed.names == PARSED.names and all(parsed.tables[name].equals(TABLES[name]) for name in TABLES)


@linux
def test_a_drawer_is_used_again_once_it_is_empty(drawers: list[Drawer]) -> None:
    first, second = packed(PARSED), packed(PARSED)
    assert [first.place, second.place] == drawers
    assert same(unpacked(first))
    assert [drawer.is_empty for drawer in drawers] == [True, False]
    smaller = PARSED._replace(tables={"usage": TABLES["usage"].head(1)})
    third = packed(smaller)
    assert third.place == drawers[0]
    assert unpacked(third).tables["usage"].equals(TABLES["usage"].head(1))
    assert same(unpacked(second))
    assert all(os.fstat(drawer.descriptor).st_blocks == 0 for drawer in drawers)


@linux
def test_a_result_without_tables_empties_no_drawer_of_another() -> None:
    nothing, something = packed(PARSED._replace(tables={})), packed(PARSED)
    assert unpacked(nothing).tables == {}
    assert same(unpacked(something))


@linux
def test_there_are_only_so_many_drawers(drawers: list[Drawer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "MOST_DRAWERS", 2)
    found = [packed(PARSED) for _ in range(4)]
    assert [type(one.place) for one in found] == [Drawer, Drawer, bytes, bytes]
    assert all(same(unpacked(one)) for one in found)
    assert len(drawers) == 2


@linux
def test_without_files_in_memory_bytes_are_sent(drawers: list[Drawer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "memfd_create", refused)
    assert isinstance((found := packed(PARSED)).place, bytes)
    assert same(unpacked(found))
    assert not drawers


@linux
def test_where_others_cannot_open_it_bytes_are_sent(drawers: list[Drawer], monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_files()
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert isinstance((found := packed(PARSED)).place, bytes)
    assert same(unpacked(found))
    assert not drawers
    assert open_files() == before


@linux
def test_what_died_with_its_worker_is_gone() -> None:
    context = get_context("spawn")
    here, there = context.Pipe()
    worker = context.Process(target=pack_and_wait, args=(there,))
    worker.start()
    found = here.recv()
    os.kill(worker.pid or 0, signal.SIGKILL)
    worker.join()
    with pytest.raises(GoneError, match=str(found.place.process)):
        unpacked(found)


def pack_and_wait(there: Any) -> None:
    there.send(packed(PARSED))
    signal.pause()


@linux
def test_another_file_of_that_number_is_left_alone(tmp_path: Path) -> None:
    found, other = packed(PARSED), tmp_path / "other"
    other.write_bytes(b"not ours")
    assert isinstance(found.place, Drawer)
    with other.open("r+b") as file, pytest.raises(GoneError, match="another file"):
        unpacked(found._replace(place=found.place._replace(descriptor=file.fileno())))
    assert other.read_bytes() == b"not ours"
