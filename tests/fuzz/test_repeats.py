"""What is there twice counts once: a line, every line, an element of a document. And reading on behind damage is reading it whole."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.samples import SAMPLES, builtin, totals
from tests.fuzz.checks import examples
from tests.fuzz.mutations import mutated
from tests.fuzz.targets import homes, laid, scratch
from tests.fuzz.trees import Members, tree_of, written
from tests.kept import is_right, settle

NAMELESS = "qwen/bad-counts/"
"""A miniature with a request that has no id: a copy of it cannot be told from another request."""
LISTS = ("messages", "items")
randoms = st.randoms(use_true_random=False)
with_lines = pytest.mark.parametrize("agent", [agent for agent in sorted(builtin()) if any((SAMPLES / agent).glob("*/home/**/*.jsonl"))])


def line_files(agent: str) -> list[str]:
    """The files of lines of an agent."""
    return [place for place in homes(agent) if place.endswith(".jsonl") and not f"{agent}/{place}".startswith(NAMELESS)]


def twice(lines: list[bytes], random: Random) -> list[bytes]:
    """A line, or every line, once more behind itself."""
    at = random.randrange(len(lines))
    return [line for number, line in enumerate(lines) for _ in range(2 if line and at in {0, number} else 1)]


@with_lines
@examples(6)
@given(random=randoms)
def test_a_line_that_is_there_twice_changes_no_total(agent: str, random: Random) -> None:
    place = random.choice(line_files(agent))
    home, path = homes(agent)[place]
    before = totals(home, agent)
    with laid(agent, place, b"\n".join(twice(path.read_bytes().split(b"\n"), random))):
        assert totals(home, agent) == before


@pytest.mark.parametrize("agent", ["gemini", "qwen", "codex"])
@examples(4)
@given(random=randoms)
def test_an_element_that_is_there_twice_changes_no_total(agent: str, random: Random) -> None:
    documents = {place: found for place in homes(agent) if (found := lists_of(homes(agent)[place][1]))}
    place, (tree, elements) = random.choice(sorted(documents.items(), key=lambda item: item[0]))
    home, _ = homes(agent)[place]
    before = totals(home, agent)
    at = random.randrange(len(elements))
    elements.insert(at, elements[at])
    with laid(agent, place, written(tree).encode()):
        assert totals(home, agent) == before


def lists_of(path: Path) -> tuple[Members, list[object]] | None:
    """A document and its list of records."""
    tree = tree_of(path.read_text("utf-8", "replace")) if path.suffix == ".json" else None
    if isinstance(tree, Members):
        for key, value in tree:
            if key in LISTS and value and isinstance(value, list):
                return tree, value
    return None


@with_lines
@examples(2)
@given(random=randoms, cut=st.floats(0, 1))
def test_reading_on_behind_damage_is_reading_it_whole(agent: str, random: Random, cut: float) -> None:
    place = random.choice(line_files(agent))
    home, path = homes(agent)[place]
    damaged = mutated(place, path.read_bytes(), random)
    with tempfile.TemporaryDirectory(dir=scratch()) as cache, laid(agent, place, damaged):
        for number, size in enumerate((damaged.rfind(b"\n", 0, round(cut * len(damaged))) + 1, len(damaged))):
            path.write_bytes(damaged[:size])
            settle(home, at=10**9 + number)
            assert is_right(Path(cache), agent, home=home)
