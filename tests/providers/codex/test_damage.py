"""Rollouts that are cut, damaged or of another shape: nothing raises, and nothing but the damaged record is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionframe.providers.contract import Want
from tests.providers.codex.rollouts import FULL, LIGHT, Read, count, event, item, line, meta, plus, tokens, turn, user, write

A, B = tokens(1000, 400, 50), tokens(1300, 1000, 60)
LINES = [
    meta(),
    turn(),
    user(1, "Hi"),
    item(2, "reasoning", summary=[]),
    count(2, A, A),
    item(3, "message", role="assistant", content="x"),
    count(4, plus(A, B), B),
]


@pytest.fixture(params=[LIGHT, FULL], ids=["usage alone", "all tables"])
def want(request: pytest.FixtureRequest) -> Want:
    """Both ways to read a rollout."""
    return request.param


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def outputs(tmp_path: Path, want: Want, *lines: bytes) -> list[int | None]:
    write(tmp_path, []).write_bytes(b"\n".join(lines))
    return [row.output_tokens for row in Read(tmp_path, want).usage]


def test_a_record_behind_one_that_was_torn_off_is_not_lost(tmp_path: Path, want: Want) -> None:
    """The program was killed in the middle of a line that nobody needs, and went on behind it."""
    torn = compact(LINES[2])[:-30]
    assert outputs(tmp_path, want, *map(compact, LINES[:2]), torn + compact(LINES[4]), compact(LINES[6])) == [50, 60]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: b"\0" * 99 + text,
        lambda text: text + b"\r",
        lambda text: text.replace(b":", b" : "),
    ],
)
def test_what_surrounds_a_record_does_no_harm(tmp_path: Path, want: Want, spoil: Any) -> None:
    """Byte order mark, NUL bytes, carriage return, blanks."""
    assert outputs(tmp_path, want, *(spoil(compact(each)) for each in LINES), b"") == [50, 60]


def test_text_that_is_no_text(tmp_path: Path) -> None:
    lines = [compact(each) for each in LINES]
    lines[2] = lines[2].replace(b"Hi", b"\\ud83d \xff")
    write(tmp_path, []).write_bytes(b"\n".join(lines))
    read = Read(tmp_path)
    assert read.messages[0].content == "\ufffd \ufffd"
    assert {issue.kind for issue in read.issues} == {"repaired"}


@pytest.mark.parametrize(
    "odd",
    ["text", 7, None, [], {}, {"type": 1}, {"type": "token_count", "info": 7}, {"type": "token_count", "info": {"last_token_usage": []}}],
)
@pytest.mark.parametrize(
    "kind", ["session_meta", "turn_context", "event_msg", "response_item", "compacted", "token_usage_record", "world_state", None, 7]
)
def test_payloads_of_another_shape(tmp_path: Path, want: Want, kind: Any, odd: Any) -> None:
    """The rest of the file is kept."""
    assert outputs(tmp_path, want, *map(compact, LINES[:5]), compact(line(3, kind, odd)), *map(compact, LINES[5:]))[-1:] == [60]


@pytest.mark.parametrize("value", [-5, 10**13, 1.5, "many", [1], {"n": 1}, True])
def test_counts_that_are_none_are_unknown(tmp_path: Path, want: Want, value: Any) -> None:
    """Null, not 0, and reported."""
    write(tmp_path, [meta(), turn(), count(2, A, A | {"output_tokens": value})])
    read = Read(tmp_path, want)
    assert [row.output_tokens for row in read.usage] == [None]
    assert "bad-value" in {issue.kind for issue in read.issues}


def test_a_time_that_is_none_is_unknown(tmp_path: Path, want: Want) -> None:
    write(tmp_path, [meta(), turn(), count(2, A, A) | {"timestamp": "soon"}])
    read = Read(tmp_path, want)
    assert [row.at for row in read.usage] == [None]
    assert [issue.kind for issue in read.issues] == ["missing-time"]


def test_unknown_types_are_reported_once_each(tmp_path: Path, want: Want) -> None:
    lines = [
        meta(),
        line(1, "new", {}),
        line(1, "new", {}),
        event(2, "new_event"),
        item(3, "new_item"),
        {"type": "new_bare", "timestamp": 1},
    ]
    write(tmp_path, lines)
    found = {issue.detail: issue.count for issue in Read(tmp_path, want).issues}
    assert found == {"record type 'new'": 2, "event type 'new_event'": 1, "item type 'new_item'": 1, "record type 'new_bare'": 1}


@given(cut=st.integers(0, 3000), want=st.sampled_from([LIGHT, FULL]))
def test_a_document_may_be_cut_anywhere(cut: int, want: Want, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The TypeScript program wrote the whole document anew each time."""
    home = tmp_path_factory.mktemp("home")
    items = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]}] * 3
    text = json.dumps({"session": {"id": "s", "timestamp": "2025-05-12T08:00:00Z"}, "items": items}, indent=1).encode()
    path = home / ".codex" / "sessions" / "rollout-2025-05-12-1.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(text[:cut])
    read = Read(home, want)
    assert len(read.usage) == (1 if cut >= len(text) else 0)
    assert bool(read.issues) == (cut > 0)


@pytest.mark.parametrize("lost", [b"", b"%garbage", b"[]"])
def test_a_fork_whose_first_line_is_lost_counts_its_copied_part_no_second_time(tmp_path: Path, want: Want, lost: bytes) -> None:
    """The next `session_meta` is the parent's; the name of the file still says whose the rollout is."""
    parent, fork = "01a10b4a-9680-7000-8000-000000000001", "01a10b4c-1d20-7000-8000-000000000005"
    own = [turn(200, turn_id="01a10b4c-1f14-7000-8000-000000000050"), count(201, plus(A, B), B)]
    copied = [meta(100, thread=parent), turn(100, turn_id="01a10b4a-9a68-7000-8000-000000000011"), count(100, A, A)]
    write(tmp_path, [], thread=fork).write_bytes(b"\n".join([lost, *map(compact, copied), *map(compact, own), b""]))
    read = Read(tmp_path, want)
    assert [(row.session_id, row.is_replay, row.output_tokens) for row in read.usage] == [(fork, True, 50), (fork, False, 60)]
    assert [(row.session_id, row.parent_session_id, row.kind) for row in read.sessions] in ([], [(fork, parent, "fork")])
