"""Who said what in a rollout: the transcript comes from the items alone, and prompts are told from injected text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionframe.providers.contract import Want
from tests.providers.codex.rollouts import THREAD, Read, event, item, line, meta, turn, user, uuid7, write

SPAWNED = {"source": {"subagent": {"thread_spawn": {"parent_thread_id": uuid7(-9, 9), "depth": 1}}}}


def said(tmp_path: Path, *lines: dict[str, Any], **of_thread: Any) -> list[tuple[str, str, str | None, bool]]:
    write(tmp_path, [meta(**of_thread), turn(), *lines])
    return [(row.role, row.type, row.content, row.is_human) for row in Read(tmp_path).messages]


def typed(second: float, text: str) -> dict[str, Any]:
    return event(second, "user_message", message=text)


def test_events_repeat_what_items_say(tmp_path: Path) -> None:
    """Also the last answer of a turn and the history of a compaction."""
    lines = [
        *(user(1, "Hi"), typed(1, "Hi"), event(2, "agent_reasoning", text="**Plan**")),
        item(
            2, "reasoning", summary=[{"type": "summary_text", "text": "**Plan**"}, {"type": "summary_text", "text": "More"}], content=None
        ),
        event(3, "agent_message", message="Hello"),
        item(3, "message", role="assistant", content=[{"type": "output_text", "text": "Hello"}]),
        event(4, "task_complete", turn_id="t", last_agent_message="Hello"),
        line(5, "compacted", {"message": "Summary", "replacement_history": [{"type": "message", "role": "user"}]}),
        event(6, "context_compacted"),
    ]
    assert said(tmp_path, *lines) == [
        ("user", "chat", "Hi", True),
        ("assistant", "thinking", "**Plan**\n\nMore", False),
        ("assistant", "chat", "Hello", False),
        ("system", "summary", "Summary", False),
    ]


def test_a_prompt_has_an_event_right_behind_it(tmp_path: Path) -> None:
    """What the program injects has none, whatever it looks like; far away is not behind."""
    far = [item(9, "reasoning", summary=[]) for _ in range(4)]
    lines = [user(1, "<environment_context>"), user(2, "Typed"), typed(2, "Typed"), user(3, "New kind of notice"), *far, typed(9, "Late")]
    assert [(text, human) for role, _, text, human in said(tmp_path, *lines) if role == "user"] == [
        ("<environment_context>", False),
        ("Typed", True),
        ("New kind of notice", False),
    ]


def test_text_that_looks_injected_can_be_typed(tmp_path: Path) -> None:
    """An event with the very same text says so; one with another text does not."""
    text = "<skill> is what I want to ask about"
    assert said(tmp_path, user(1, text), typed(1, text))[0][3]
    assert not said(tmp_path, user(1, text), typed(1, "something else"))[0][3]


@pytest.mark.parametrize("author, expected", [("user", True), ("harness", False), ("skills", False)])
def test_newer_versions_say_who_wrote_a_part(tmp_path: Path, author: str, *, expected: bool) -> None:
    noted = {"content_item_metadata": [{"provenance": {"type": author}}], "content_item_kinds": ["unknown"]}
    assert said(tmp_path, user(1, "Hi", internal_chat_message_metadata_passthrough=noted))[0][3] is expected


@pytest.mark.parametrize("kind, expected", [("user.text", True), ("environment", False)])
def test_the_kind_of_a_part_says_it_too(tmp_path: Path, kind: str, *, expected: bool) -> None:
    assert said(tmp_path, user(1, "Hi", internal_chat_message_metadata_passthrough={"content_item_kinds": [kind]}))[0][3] is expected


def test_paginated_versions_without_provenance_have_an_item_behind_a_prompt(tmp_path: Path) -> None:
    done = event(1, "item_completed", item={"type": "UserMessage", "content": [{"type": "text", "text": "Hi"}]})
    assert said(tmp_path, user(1, "Hi", internal_chat_message_metadata_passthrough={"turn_id": "t"}), done)[0][3]


@pytest.mark.parametrize("thread", [SPAWNED, {"source": {"internal": "guardian"}}])
def test_a_sub_agent_has_no_prompts(tmp_path: Path, thread: dict[str, Any]) -> None:
    """Its first message is its parent's order."""
    noted = {"content_item_metadata": [{"provenance": {"type": "user"}}]}
    found = said(tmp_path, event(2, "task_started", turn_id=uuid7(2)), user(3, "Do it"), typed(3, "Do it"), **thread)
    assert not any(human for *_, human in found)
    assert not said(tmp_path, user(3, "Do it", internal_chat_message_metadata_passthrough=noted), **thread)[0][3]


def test_the_parts_of_a_message_and_other_speakers(tmp_path: Path) -> None:
    """Images have no text; developers and unknown roles are the program."""
    lines = [
        item(
            1,
            "message",
            role="user",
            id="m1",
            content=[{"type": "input_text", "text": "See"}, {"type": "input_image", "image_url": "data:"}],
        ),
        item(2, "message", role="developer", content="Plain text"),
        item(3, "message", role="assistant", content=None),
        item(4, "message", role="assistant", content=[7, {"type": "output_text", "text": "x"}]),
        item(5, "agent_message", author="/root/a", content=[{"type": "input_text", "text": "Mail"}]),
        item(6, "ghost_snapshot", ghost_commit={}),
        line(7, "response_item", {"type": "message", "role": "assistant", "content": "So far"}, metadata={"compaction_output": True}),
    ]
    assert said(tmp_path, *lines) == [
        ("user", "chat", "See", False),
        ("user", "chat", None, False),
        ("system", "chat", "Plain text", False),
        ("assistant", "chat", "x", False),
        ("system", "chat", "Mail", False),
        ("system", "snapshot", None, False),
        ("assistant", "summary", "So far", False),
    ]
    assert [row.message_id for row in Read(tmp_path).messages][:2] == ["m1", "m1"]


def test_interruptions_rollbacks_and_reviews_are_part_of_what_happened(tmp_path: Path) -> None:
    lines = [
        event(1, "turn_aborted", reason="interrupted"),
        event(2, "thread_rolled_back", num_turns=2),
        event(3, "entered_review_mode", target={}),
        event(4, "exited_review_mode", review_output=None),
    ]
    assert [text for _, kind, text, _ in said(tmp_path, *lines) if kind == "progress"] == [
        "turn aborted: interrupted",
        "turns rolled back: 2",
        "review begun",
        "review ended",
    ]


def test_no_text_unless_it_is_asked_for(tmp_path: Path) -> None:
    write(
        tmp_path, [meta(), turn(), user(1, "Secret"), typed(1, "Secret"), item(2, "function_call", name="x", arguments="{}", call_id="c")]
    )
    read = Read(tmp_path, Want(frozenset({"sessions", "messages", "tool_calls"})))
    assert [row.content for row in read.messages] == [None, None]
    assert [row.content_chars for row in read.messages] == [6, 2]
    assert (read.sessions[0].title, read.sessions[0].first_prompt) == (None, None)
    assert read.calls[0].arguments is None


def test_raw_lines_are_the_lines_as_they_stand(tmp_path: Path) -> None:
    path = write(tmp_path, [meta(), turn(), user(1, "Hi"), typed(1, "Hi")])
    (row,) = Read(tmp_path, Want(frozenset({"messages"}), raw=True)).messages
    assert row.raw == path.read_text("utf-8").split("\n")[2]


def test_rows_that_share_a_time_keep_keys_of_their_own(tmp_path: Path) -> None:
    """Versions to 0.63 flush many items at once."""
    write(tmp_path, [meta(), *(item(1, "message", role="assistant", content=f"{n}") for n in range(200))])
    keys = [row.dedup_key for row in Read(tmp_path).messages]
    assert len(set(keys)) == 200
    assert all(key is not None and key.startswith(THREAD) for key in keys)
