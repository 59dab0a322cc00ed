"""A record that is destroyed takes nothing of the others with it.

What may change in the rows of other lines, because the destroyed line told it: where they were written (session, project, branch, model,
tier, and whose copy they are), their number in the session, whether a person wrote a message (Codex tells that twice), and how a call
ended. What may appear is the same response, message or call as another line tells it. In Codex, where counters run on, three kinds of
requests hang on the lines before them: an interrupted response, which only the growth of the counter tells; an event without the
numbers of its response; and responses of the generation without counters, which end where another line begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionframe.schema import MessageRow, ToolCallRow, UsageRow
from sessionframe.schema._shared import TOKEN_COLUMNS
from tests.contract.samples import SAMPLES, builtin
from tests.fuzz.checks import EVERYTHING, examples, group_of, parsed
from tests.fuzz.targets import homes, laid

KEPT: dict[type, tuple[str, ...]] = {
    UsageRow: ("line", "at", "evidence", *TOKEN_COLUMNS),
    MessageRow: ("line", "at", "role", "type", "content_chars", "content"),
    ToolCallRow: ("line", "at", "call_id", "tool", "input_chars", "arguments"),
}
"""What a row says by itself."""
HANGS_ON_OTHERS = {"counter_residual", "response_item"}
"""Evidence of requests that no line of their own tells."""
COUNTED_BY_GROWTH = "odd-numbers/"
"""A miniature with events that do not say what their response used: it is taken from what the counter grew by since the one before."""
NO_RECORD = (b"", b"%", b"\0" * 50, b"[]", b"null", b"1", b'"text"', b"{", b'{"type":', b"\xff\xfe", b"[" * 5000, b'{"a":' * 5000)


def told(home: Path, agent: str, path: Path) -> list[Any]:
    """The rows of one file."""
    group = group_of(builtin()[agent], home)
    rows = parsed(group, EVERYTHING).items() if group else ()
    return [row for (source, _), found in rows if source == str(path) for row in found if type(row) in KEPT]


def of_others(rows: Iterable[Any], line: int) -> Counter[tuple[Any, ...]]:
    """What the rows of other lines say by themselves."""
    others = (row for row in rows if row.line != line and getattr(row, "evidence", None) not in HANGS_ON_OTHERS)
    return Counter((type(row).__name__, *(getattr(row, name) for name in KEPT[type(row)])) for row in others)


def destroyed(line: bytes, random: Random) -> bytes:
    """What is left of a record that nobody can read any more."""
    if random.randrange(2):
        return random.choice(NO_RECORD)
    return line[: random.randrange(len(line) + 1)]


@pytest.mark.parametrize("agent", [agent for agent in sorted(builtin()) if any((SAMPLES / agent).glob("*/home/**/*.jsonl"))])
@examples(25)
@given(random=st.randoms(use_true_random=False))
def test_a_destroyed_record_takes_nothing_of_the_others_with_it(agent: str, random: Random) -> None:
    place = random.choice([place for place in homes(agent) if place.endswith(".jsonl") and not place.startswith(COUNTED_BY_GROWTH)])
    home, path = homes(agent)[place]
    lines = path.read_bytes().split(b"\n")
    at = random.choice([at for at, line in enumerate(lines) if line] or [0])
    before = told(home, agent, path)
    with laid(agent, place, b"\n".join([*lines[:at], destroyed(lines[at], random), *lines[at + 1 :]])):
        after = told(home, agent, path)
    lost = of_others(before, at + 1) - of_others(after, at + 1)
    assert not lost, f"line {at + 1} of {place} was destroyed, and these are gone: {lost}"
