"""What the fuzzer found stays found: one small file for each mistake that it led to, checked as the fuzzer checks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.samples import builtin
from tests.fuzz.targets import check_agent, homes, place_of, targets

FINDS = Path(__file__).with_name("finds")
LARGEST = 4096
"""Bytes of a find: what is needed to see the mistake, and nothing else."""


def finds() -> list[Path]:
    """All of them."""
    return sorted(path for path in FINDS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", finds(), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_find(path: Path) -> None:
    name, data = path.parent.name, path.read_bytes()
    assert len(data) <= LARGEST
    if name in builtin():
        assert place_of(data)[0] in homes(name), "the sample that it takes a place in has gone: give it another"
        check_agent(name, data, tables=True)
    else:
        targets()[name].check(data)


def test_there_are_finds() -> None:
    assert {path.parent.name for path in finds()} <= targets().keys()
    assert finds()
