"""Reading usage alone: lines go in whose shapes are known or not; it must find what reading everything finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionframe.formats.problems import Problems
from sessionframe.providers.codex.quick import usage_lines
from sessionframe.providers.codex.records import QUIET_LINES, LightRecord
from tests.providers.codex.rollouts import FULL, LIGHT, Read, count, event, item, line, meta, plus, record, tokens, turn, user, write

A, B = tokens(1000, 400, 50), tokens(1300, 1000, 60)
KNOWN: list[dict[str, Any]] = [
    meta(),
    turn(),
    turn(2, model="gpt-5.5-mini", cwd="/home/demo/code/notes"),
    user(2, "Hi"),
    item(3, "reasoning", summary=[]),
    item(3, "web_search_call", action={"type": "search", "query": "x"}),
    item(3, "function_call_output", call_id="c", output='{"type":"token_count"}'),
    event(3, "task_started", turn_id="t"),
    event(3, "agent_message", message='a "token_count"'),
    event(3, "thread_settings_applied", thread_settings={"model": "gpt-5.4", "service_tier": "priority"}),
    count(4, A, A),
    count(5, plus(A, B), B),
    record(5, A, "resp_1"),
    event(6, "turn_aborted", turn_id="t", reason="interrupted"),
    line(6, "compacted", {"message": "short"}),
    *(line(7, kind, {"any": "thing"}) for kind in sorted(QUIET_LINES)),
]
OTHER: list[dict[str, Any]] = [
    line(3, "from_the_future", {"type": "x"}),
    event(3, "event_from_the_future"),
    line(3, "event_msg", None),
    line(3, "response_item", {}),
    {"payload": {"info": {"total_token_usage": A, "last_token_usage": A}, "type": "token_count"}, "type": "event_msg"},
    {"type": "message", "role": "assistant", "content": []},
    {"record_type": "state"},
    {"type": "event_msg"},
]


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def test_known_types_of_lines_are_read_quickly(tmp_path: Path) -> None:
    """None of them, and no unknown event, sends its block back to the slower reading."""
    path = write(tmp_path, [*KNOWN, event(9, "event_from_the_future")])
    kinds = [type(found) for _, found in usage_lines(str(path), Problems(str(path)))]
    assert len(kinds) == len(KNOWN) + 1
    assert LightRecord not in kinds


@pytest.mark.parametrize("odd", OTHER)
def test_what_is_not_known_costs_no_line_of_its_block(tmp_path: Path, odd: dict[str, Any]) -> None:
    path = write(tmp_path, [*KNOWN, odd, *KNOWN])
    assert [number for number, _ in usage_lines(str(path), Problems(str(path)))] == [*range(1, 2 * len(KNOWN) + 2)]


@given(
    lines=st.lists(
        st.one_of(
            st.sampled_from([*map(compact, KNOWN)]),
            st.sampled_from(
                [*map(compact, OTHER), b"", b"null", b"{", compact(KNOWN[3])[:-9], compact(KNOWN[3])[:-9] + compact(KNOWN[10])]
            ),
        ),
        max_size=12,
    )
)
def test_usage_alone_is_the_usage_of_everything(lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    write(home, []).write_bytes(b"\n".join([compact(meta()), *lines, b""]))
    light, full = Read(home, LIGHT), Read(home, FULL)
    assert light.usage == full.usage
    assert light.details == full.details
