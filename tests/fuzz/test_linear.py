"""Twice the bytes are at most twice the work, whatever the bytes are: calls of functions and bytes given to the parser, not time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import sessionframe as sf
from sessionframe.formats.document import TEXT_OPEN
from sessionframe.formats.salvage import PARSER
from tests.contract.samples import SHAPES, builtin
from tests.fuzz.checks import EVERYTHING, group_of, parsed
from tests.fuzz.targets import check_document, homes, laid, read_lines, written
from tests.providers.opencode.databases import T0, Home, tokens

SIZE = 12_000
"""Bytes of the smaller one: enough for every bound on tries and on issues to be reached."""
MOST = 2.3
"""How much more work the larger one may be; what does not depend on the size only makes it less."""
RECORD = b'{"type":"user","uuid":"u","id":"i","sessionId":"s","timestamp":"2026-10-05T10:00:00Z","message":{"id":"m","usage":{}}}'
PIECES = {
    "openings": b'{"',
    "lists": b"[",
    "objects": b'{"a":',
    "members": b'{"a":1,',
    "glued": b'{"a":1}',
    "torn": b'{"type":"x" ',
    "texts": b'"\\ud800',
    "escapes": b"\\",
    "NULs": b"\0",
    "feeds": b"\n",
    "returns": b"\r",
    "empty": b"{}\n",
    "null": b"null\n",
    "bytes": b"\xff",
    "digits": b"9",
    "letters": b"x",
    "records": RECORD + b"\n",
    "records on a line": RECORD,
    "broken records": RECORD[:-1] + b"\n",
    "records in a text": b'{"a":"' + RECORD,
}
every_piece = pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)


class Work:
    """What was done."""

    calls = 0
    bytes = 0


@contextmanager
def counted() -> Iterator[Work]:
    """Count calls, also of functions in C, and the bytes that the lenient parser goes over."""
    work, decode = Work(), PARSER.raw_decode

    def note(frame: FrameType, event: str, argument: Any) -> None:
        del frame, argument
        work.calls += event in {"call", "c_call"}

    def going(text: str, idx: int = 0) -> tuple[Any, int]:
        try:
            value, end = decode(text, idx)
        except JSONDecodeError as error:
            work.bytes += (len(text) if error.msg.startswith(TEXT_OPEN) else error.pos) - idx
            raise
        work.bytes += end - idx
        return value, end

    before = sys.getprofile()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PARSER, "raw_decode", going)
        sys.setprofile(note)
        try:
            yield work
        finally:
            sys.setprofile(before)


def is_linear(read: Callable[[bytes], object], piece: bytes) -> None:
    """Read so many pieces, and twice as many."""
    works = []
    for size in (SIZE, 2 * SIZE):
        content = piece * (size // len(piece))
        with counted() as work:
            read(content)
        works.append(work)
    one, two = works
    assert two.calls <= MOST * one.calls, f"{one.calls} calls become {two.calls}"
    assert two.bytes <= MOST * max(one.bytes, SIZE), f"{one.bytes} bytes become {two.bytes}"


@every_piece
def test_lines(piece: bytes) -> None:
    is_linear(lambda content: read_lines(written("linear.jsonl", content)), piece)


@every_piece
def test_documents(piece: bytes) -> None:
    is_linear(check_document, piece)


@every_piece
@pytest.mark.parametrize("agent", sorted(builtin()))
def test_agents(agent: str, piece: bytes) -> None:
    place = next(place for place in homes(agent) if place.startswith(f"{SHAPES[agent].basic}/") and place.endswith((".jsonl", ".db")))

    def read(content: bytes) -> None:
        with laid(agent, place, content) as home:
            group = group_of(builtin()[agent], home)
            assert group is not None
            parsed(group, EVERYTHING)

    is_linear(read, piece)


@pytest.mark.parametrize("is_loop", [False, True])
def test_a_chain_of_sessions(tmp_path: Path, *, is_loop: bool) -> None:
    """Each is the child of the one before it, and the first perhaps of the last."""
    calls = []
    for number in (100, 200):
        home = Home(tmp_path / str(number))
        for at in range(number):
            parent = f"ses_{at - 1}" if at else f"ses_{number - 1}" if is_loop else None
            home.session(f"ses_{at}", parent=parent).reply(tokens(9, 9), session_id=f"ses_{at}", created=T0 + 1000 * at)
        home.write()
        with counted() as work:
            sessions = sf.scan("opencode", home=home.folder, n_jobs=1).sessions.to_frame("polars")
        assert sessions["requests"].to_list() == [1] * number
        calls.append(work.calls)
    assert calls[1] <= MOST * calls[0]
