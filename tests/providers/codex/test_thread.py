"""Whose a line is: forks and sub-agents count only what they did themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionframe.providers.codex.thread import starts_later
from sessionframe.providers.contract import Want
from tests.providers.codex.rollouts import FULL, LIGHT, THREAD, Read, count, event, meta, plus, stamp, tokens, turn, user, uuid7, write

A, B, C = tokens(1000, 400, 50), tokens(1300, 1000, 60), tokens(1500, 1200, 70)
CHILD = uuid7(100, 5)
OLD, NEW = uuid7(1, 0x11), uuid7(100.5, 0x51)
SPAWN = {"subagent": {"thread_spawn": {"parent_thread_id": THREAD, "depth": 1}}}


@pytest.fixture(params=[LIGHT, FULL], ids=["usage alone", "all tables"])
def want(request: pytest.FixtureRequest) -> Want:
    """Both ways to read a rollout."""
    return request.param


def copied(second: float = 100.01) -> list[dict[str, Any]]:
    """The parent's history in a child's file: written in one go."""
    lines = [meta(), event(1, "task_started", turn_id=OLD), turn(1, turn_id=OLD), user(1, "First"), count(2, A, A), count(3, plus(A, B), B)]
    return [each | {"timestamp": stamp(second)} for each in lines]


def own(second: float = 101) -> list[dict[str, Any]]:
    start = [event(second, "task_started", turn_id=NEW), turn(second, turn_id=NEW), user(second, "Second")]
    return [*start, count(second, plus(A, B), B), count(second + 1, plus(A, B, C), C)]


@pytest.mark.parametrize("link", [{"forked_from_id": THREAD}, {"source": SPAWN}, {"forked_from_id": THREAD, "source": SPAWN}])
def test_the_own_part_begins_with_the_first_turn_that_is_younger_than_the_thread(tmp_path: Path, want: Want, link: dict[str, Any]) -> None:
    """No other file is needed for it, and the first own event is compared with the last copied one."""
    write(tmp_path, [meta(100, thread=CHILD, **link), *copied(), *own()], thread=CHILD)
    rows = Read(tmp_path, want).usage
    assert [(row.is_replay, row.output_tokens, row.session_id) for row in rows] == [
        (True, 50, CHILD),
        (True, 60, CHILD),
        (False, 70, CHILD),
    ]
    assert not Read(tmp_path, want).issues


def test_own_lines_in_the_same_second_as_the_copies_count(tmp_path: Path, want: Want) -> None:
    """Time alone would drop them."""
    write(tmp_path, [meta(100, thread=CHILD, forked_from_id=THREAD), *copied(), *own(100.02)], thread=CHILD)
    assert [row.output_tokens for row in Read(tmp_path, want).usage if not row.is_replay] == [70]


def test_copies_that_kept_their_times_are_copies(tmp_path: Path, want: Want) -> None:
    """Some versions are said to keep them."""
    write(tmp_path, [meta(100, thread=CHILD, forked_from_id=THREAD), *copied()[:4], count(2, A, A), *own()], thread=CHILD)
    assert Read(tmp_path, want).usage[0].is_replay


def test_a_fork_that_says_nothing_is_divided_by_time_and_reported(tmp_path: Path, want: Want) -> None:
    """Versions without turn ids: 0.98."""
    old = [meta(), turn(1), count(2, A, A)]
    lines = [meta(100, thread=CHILD, forked_from_id=THREAD), *(each | {"timestamp": stamp(100.1)} for each in old)]
    write(tmp_path, [*lines, turn(130), count(131, plus(A, B), B)], thread=CHILD)
    read = Read(tmp_path, want)
    assert [(row.is_replay, row.output_tokens) for row in read.usage] == [(True, 50), (False, 60)]
    assert [issue.kind for issue in read.issues] == ["estimate"]


def test_an_event_may_be_the_first_line_of_the_own_part(tmp_path: Path, want: Want) -> None:
    """Its time tells that the copied part is over."""
    old = [meta(), turn(1), count(2, A, A)]
    lines = [meta(100, thread=CHILD, forked_from_id=THREAD), *(each | {"timestamp": stamp(100.1)} for each in old)]
    write(tmp_path, [*lines, count(131, plus(A, B), B)], thread=CHILD)
    assert [(row.is_replay, row.output_tokens) for row in Read(tmp_path, want).usage] == [(True, 50), (False, 60)]


def test_newer_sub_agents_state_where_they_begin(tmp_path: Path, want: Want) -> None:
    """By ordinal, whatever the turns are called."""
    first = meta(100, thread=CHILD, source=SPAWN, subagent_history_start_ordinal=7, session_id=THREAD)
    lines = [first, *copied(), *own()]
    write(tmp_path, [each | {"ordinal": number} for number, each in enumerate(lines)], thread=CHILD)
    assert [row.output_tokens for row in Read(tmp_path, want).usage if not row.is_replay] == [70]


def test_history_that_is_referred_to_is_not_copied(tmp_path: Path, want: Want) -> None:
    """The counter goes on from the parent's, so no difference is taken and nothing is missing."""
    link: dict[str, Any] = {"forked_from_id": THREAD, "history_base": {"thread_id": THREAD, "end_ordinal_exclusive": 8}}
    write(tmp_path, [meta(100, thread=CHILD, **link), turn(101), count(102, plus(A, B, C), C)], thread=CHILD)
    read = Read(tmp_path, want)
    assert [(row.is_replay, row.output_tokens) for row in read.usage] == [(False, 70)]
    assert not read.issues


@pytest.mark.parametrize(
    "turn_id, thread_id, expected",
    [
        (NEW, CHILD, True),
        (OLD, CHILD, False),
        (CHILD, CHILD, True),
        ("1", CHILD, None),
        (NEW, "463ffe7e-0de0-4526-95c3-60226382203d", None),
    ],
)
def test_ids_tell_their_time(turn_id: str, thread_id: str, *, expected: bool | None) -> None:
    assert starts_later(turn_id, thread_id) is expected


@pytest.mark.parametrize(
    "link, kind, parent, root, kind_of_agent",
    [
        ({}, "main", None, CHILD, None),
        ({"source": "exec", "session_id": CHILD}, "main", None, CHILD, None),
        ({"source": {"custom": "tool"}}, "main", None, CHILD, None),
        ({"forked_from_id": THREAD}, "fork", THREAD, CHILD, None),
        ({"source": SPAWN, "agent_role": "explorer"}, "subagent", THREAD, THREAD, "explorer"),
        ({"source": SPAWN, "session_id": "top"}, "subagent", THREAD, "top", None),
        ({"source": {"subagent": "review"}, "parent_thread_id": THREAD, "session_id": THREAD}, "review", THREAD, THREAD, "review"),
        ({"source": {"subagent": "review"}}, "review", None, CHILD, "review"),
        ({"source": {"subagent": "compact"}, "parent_thread_id": THREAD}, "compaction", THREAD, THREAD, "compact"),
        ({"source": {"subagent": {"other": "planner"}}, "parent_thread_id": THREAD}, "subagent", THREAD, THREAD, "planner"),
        ({"source": {"internal": "guardian"}}, "subagent", None, CHILD, "guardian"),
    ],
)
def test_what_a_thread_is(
    tmp_path: Path, *, link: dict[str, Any], kind: str, parent: str | None, root: str, kind_of_agent: str | None
) -> None:
    write(tmp_path, [meta(100, thread=CHILD, **link)], thread=CHILD)
    (row,) = Read(tmp_path).sessions
    assert (row.kind, row.parent_session_id, row.root_session_id, row.subagent_type) == (kind, parent, root, kind_of_agent)


def test_the_conversation_of_a_sub_agents_sub_agent(tmp_path: Path) -> None:
    """Followed from file to file; a loop ends, a missing file ends it too."""
    deep = {"subagent": {"thread_spawn": {"parent_thread_id": CHILD, "depth": 2}}}
    grandchild = uuid7(200, 7)
    write(tmp_path, [meta(200, thread=grandchild, source=deep)], thread=grandchild)
    assert [row.root_session_id for row in Read(tmp_path).sessions] == [CHILD]
    write(tmp_path, [meta(100, thread=CHILD, source=SPAWN)], thread=CHILD, folder="archived_sessions")
    assert {row.session_id: row.root_session_id for row in Read(tmp_path).sessions}[grandchild] == THREAD
    loop = {"subagent": {"thread_spawn": {"parent_thread_id": grandchild, "depth": 2}}}
    write(tmp_path, [meta(100, thread=CHILD, source=loop)], thread=CHILD, folder="archived_sessions")
    assert len(Read(tmp_path).sessions) == 2


def test_the_first_line_is_the_identity(tmp_path: Path) -> None:
    """A second one is the parent's, copied; without one the name of the file says who it is."""
    write(tmp_path, [meta(), meta(1, thread=CHILD), turn(), count(2, A, A)])
    assert [row.session_id for row in Read(tmp_path).sessions] == [THREAD]
    write(tmp_path, [turn(), count(2, A, A)])
    assert [row.session_id for row in Read(tmp_path).usage] == [THREAD]
