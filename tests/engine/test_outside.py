"""An object that knows nothing but the session API, read by `scan` into the frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sessionframe as sf
from sessionframe.engine import registry as module
from sessionframe.engine.outside import ELSEWHERE, Outside
from sessionframe.engine.registry import BUILT_IN, Registry
from sessionframe.engine.session_api import SessionApi
from sessionframe.machine import Machine
from sessionframe.model import Message, SessionProvider, TokenUsage
from sessionframe.providers.claude_code import PROVIDER
from sessionframe.providers.contract import Context, ParsedRow, Want
from sessionframe.schema import SCHEMA, TABLES, IssueRow, MessageRow, SessionRow, TableName, ToolCallRow, UsageRow
from tests.engine.fakes import Acme, at, summary_of

SAMPLE = Path(__file__).parents[2] / "data-samples" / "claude-code" / "basic" / "home"


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "registry", Registry(BUILT_IN, "sessionframe.tests.none"))


def said(name: str, role: str = "user", kind: str = "chat", minute: int = 0, **more: Any) -> Message:
    return Message.model_validate({"id": name, "session_id": "s1", "role": role, "type": kind, "timestamp": at(minute), **more})


def registered(*messages: Message | Exception, **summary: Any) -> Acme:
    acme = Acme({"/code/shop": [summary_of("s1", **summary)]}, {"s1": messages})
    sf.register("acme", acme)
    return acme


def table(name: TableName, **options: Any) -> pl.DataFrame:
    return sf.to_frame(name, "polars", agents="acme", **options)


CONVERSATION = (
    said("u1", content="sort it", minute=1),
    said(
        "a1",
        "assistant",
        content="I will",
        minute=2,
        parent_id="u1",
        model="claude-opus-5",
        usage=TokenUsage(input_tokens=3, output_tokens=5),
    ),
    said("t1", "assistant", "tool-use", minute=3, content='{"a": 1}', call_id="c1", parent_id="a1", model="claude-opus-5"),
    said("r1", "tool", "tool-result", minute=4, content="done", call_id="c1", parent_id="t1"),
    said(
        "a2", "assistant", content="sorted", minute=6, model="claude-opus-5", usage=TokenUsage(output_tokens=7, cache_read=1, cache_write=2)
    ),
)


# the frames


def test_its_sessions_are_in_the_frames() -> None:
    registered(*CONVERSATION, git_branch="main", summary="Sorting", created=at(0), modified=at(6))
    (row,) = table("sessions").rows(named=True)
    expected = {
        "agent": "acme",
        "session_id": "s1",
        "root_session_id": "s1",
        "kind": "main",
        "title": "Sorting",
        "first_prompt": None,
        "project": "/code/shop",
        "git_branch": "main",
        "model": "claude-opus-5",
        "started_at": at(0),
        "ended_at": at(6),
        "prompts": 1,
        "messages": 5,
        "requests": 2,
        "tool_errors": None,
        "input_tokens": 3,
        "output_tokens": 12,
        "cache_read_tokens": 1,
        "cache_write_tokens": 2,
        "reasoning_tokens": None,
        "source": "acme:s1",
    }
    assert {name: row[name] for name in expected} == expected


def test_its_messages_are_in_the_frames() -> None:
    registered(*CONVERSATION)
    frame = table("messages", content=True)
    assert frame["message_id"].to_list() == ["u1", "a1", "t1", "r1", "a2"]
    assert frame["content"].to_list() == ["sort it", "I will", '{"a": 1}', "done", "sorted"]
    assert frame["content_chars"].to_list() == [7, 6, 8, 4, 6]
    assert frame["role"].to_list() == ["user", "assistant", "assistant", "tool", "assistant"]
    assert frame["type"].to_list() == ["chat", "chat", "tool-use", "tool-result", "chat"]
    assert frame["is_human"].to_list() == [True, False, False, False, False]
    assert frame["line"].to_list() == [1, 2, 3, 4, 5]
    assert frame["at"].to_list() == [at(minute) for minute in (1, 2, 3, 4, 6)]
    assert frame["parent_id"].to_list() == [None, "u1", "a1", "t1", None]
    assert table("messages")["content"].null_count() == 5


def test_its_requests_are_in_the_frames() -> None:
    registered(*CONVERSATION)
    frame = table("usage")
    assert frame.select(
        "message_id", "line", "evidence", "model", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"
    ).rows() == [
        ("a1", 2, "message", "claude-opus-5", 3, None, None, 5),
        ("a2", 5, "message", "claude-opus-5", None, 1, 2, 7),
    ]


def test_its_tool_calls_are_in_the_frames() -> None:
    acme = registered(*CONVERSATION, git_branch="main")
    frame = table("tool_calls", content=True)
    assert table("sessions")["tool_calls"].to_list() == [1]
    empty = {column for column in frame.columns if frame[column].null_count() == frame.height}
    assert empty == set(Outside("acme", acme).provider().info.gaps["tool_calls"])
    (row,) = table("tool_calls", content=True).rows(named=True)
    expected = {
        "call_id": "c1",
        "message_id": "t1",
        "at": at(3),
        "ended_at": at(4),
        "duration_s": 60.0,
        "duration_from": "timestamps",
        "tool": None,
        "category": "other",
        "status": "ok",
        "input_chars": 8,
        "output_chars": 4,
        "model": "claude-opus-5",
        "arguments": '{"a": 1}',
        "result": "done",
        "line": 3,
    }
    assert {name: row[name] for name in expected} == expected
    assert ("estimate", 4) in table("issues").select("kind", "line").rows()
    assert table("tool_calls").select("arguments", "result").row(0) == (None, None)


def test_what_is_declared_empty_is_empty_and_the_rest_is_not() -> None:
    acme = registered(
        *CONVERSATION, said("n1", "system", "summary", minute=7), git_branch="main", summary="Sorting", created=at(0), modified=at(7)
    )
    acme.sessions["/code/shop"].append(summary_of("s1/x"))  # type: ignore[attr-defined]
    gaps = Outside("acme", acme).provider().info.gaps
    assert all(set(columns) <= {column.name for column in SCHEMA[name].public} for name, columns in gaps.items())
    for name in TABLES:
        frame = table(name, content=True)
        empty = {column for column in frame.columns if frame[column].null_count() == frame.height}
        if name not in {"issues", "tool_calls"}:
            assert empty - {"price_key", "cost_usd"} == set(gaps[name])


def test_what_the_price_rests_on_is_said() -> None:
    registered(
        said("a1", "assistant", model="claude-opus-5", usage=TokenUsage(input_tokens=1, output_tokens=1, cache_read=0, cache_write=9))
    )
    assert table("usage")["cost_usd"].null_count() == 0
    assert table("issues").select("kind", "line").rows() == [("estimate", 1)]


def test_parts_that_repeat_the_tokens_of_a_message_are_one_request() -> None:
    parts = [said("a1", "assistant", usage=TokenUsage(output_tokens=count), minute=minute) for minute, count in enumerate((1, 9, 9, 4))]
    registered(*parts)
    frame = table("usage")
    assert frame["output_tokens"].to_list() == [9]
    assert frame["line"].to_list() == [3]
    assert table("messages").height == 4


def test_a_sub_agent_belongs_to_its_conversation() -> None:
    acme = Acme({"/p": [summary_of("s1"), summary_of("s1/x")]}, {"s1/x": [said("u1")]})
    sf.register("acme", acme)
    rows = table("sessions").sort("session_id").select("session_id", "root_session_id", "parent_session_id", "kind").rows()
    assert rows == [("s1", "s1", None, "main"), ("s1/x", "s1", "s1", "subagent")]


def test_a_session_of_two_projects_is_read_once() -> None:
    sf.register("acme", Acme({"/a": [summary_of("s1")], "/b": [summary_of("s1")]}, {"s1": [said("u1")]}))
    assert table("messages").height == 1


def test_times_come_from_the_messages_where_the_summary_has_none() -> None:
    registered(said("u1", minute=5), said("u2", minute=3), said("u3", timestamp=None), modified=None)
    (row,) = table("sessions").rows(named=True)
    assert (row["started_at"], row["ended_at"]) == (at(3), at(5))


def test_first_prompt_and_human_messages() -> None:
    registered(
        said("n", content="reminder", is_human=False),
        said("u", content="x" * 300),
        said("q", "assistant", "tool-use", content="?", is_human=True, call_id="c"),
    )
    assert table("messages")["is_human"].to_list() == [False, True, True]
    assert table("sessions", content=True)["first_prompt"].to_list() == ["x" * 200]
    registered(said("u", content="later"), first_prompt="said before")
    assert table("sessions", content=True)["first_prompt"].to_list() == ["said before"]
    assert table("sessions")["first_prompt"].to_list() == [None]


def test_broken_text_is_scrubbed() -> None:
    message = said("u1").model_copy(update={"content": "a\ud83d"})  # what a careless object may hand out
    registered(message)
    assert table("messages", content=True)["content"].to_list() == ["a�"]


# pairs of calls and results


def calls(*messages: Message) -> tuple[list[tuple[Any, ...]], dict[str, int]]:
    """The calls as (message, status, duration), and how often each kind of issue was noted."""
    rows = list(parsed(registered(*messages), "tool_calls"))
    issues: dict[str, int] = {row.kind: row.count for row in rows if isinstance(row, IssueRow)}
    made = sorted((row for row in rows if isinstance(row, ToolCallRow)), key=lambda row: row.line or 0)
    return [(row.message_id, row.status, row.duration_s) for row in made], issues


def parsed(acme: Acme, *tables: TableName) -> Iterator[ParsedRow]:
    """The rows of its one session."""
    provider = Outside("acme", acme).provider()
    machine = Machine.this()
    (found,) = provider.discover(provider.roots(machine)[0]).sources
    return provider.parse(found, Want(frozenset(tables)), Context(machine))


def use(name: str, minute: int = 0, **more: Any) -> Message:
    return said(name, "assistant", "tool-use", minute, **more)


def answer(name: str, minute: int = 0, **more: Any) -> Message:
    return said(name, "tool", "tool-result", minute, **more)


@pytest.mark.parametrize(
    "messages,expected,issues",
    [
        ([use("t1"), answer("r1", 1, parent_id="t1")], [("t1", "ok", 60.0)], {"estimate": 1}),
        (
            [use("t1", call_id="a"), use("t1", call_id="b"), answer("r", 2, call_id="b"), answer("r", 1, call_id="a")],
            [("t1", "ok", 60.0), ("t1", "ok", 120.0)],
            {"estimate": 2},
        ),
        ([use("t1", call_id="a")], [("t1", "pending", None)], {}),
        ([use("t1")], [], {"missing-column": 1}),
        ([use("t1"), use("t1"), answer("r1", parent_id="t1")], [("t1", "ok", 0.0)], {"missing-column": 1, "estimate": 1}),
        ([answer("r1", call_id="a")], [], {"orphan-result": 1}),
        ([answer("r1")], [], {"orphan-result": 1}),
        ([use("t1", 5, call_id="a"), answer("r1", 3, call_id="a")], [("t1", "ok", None)], {"estimate": 1}),
        ([use("t1", call_id="a", timestamp=None), answer("r1", call_id="a")], [("t1", "ok", None)], {"estimate": 1}),
    ],
    ids=[
        "by-parent",
        "by-call-id",
        "pending",
        "no-ids",
        "two-in-one-message",
        "result-of-an-unknown-call",
        "result-of-nothing",
        "backwards",
        "no-time",
    ],
)
def test_calls_and_results_are_paired_by_their_ids(
    messages: Sequence[Message], expected: list[tuple[Any, ...]], issues: dict[str, int]
) -> None:
    assert calls(*messages) == (expected, issues)


# objects that fail


def test_an_exception_in_the_middle_keeps_what_was_read() -> None:
    registered(
        said("u1"),
        said("a1", "assistant", model="claude-opus-5", usage=TokenUsage(input_tokens=1, output_tokens=5, cache_read=0, cache_write=0)),
        RuntimeError("disk gone"),
    )
    assert table("messages")["message_id"].to_list() == ["u1", "a1"]
    assert table("usage")["output_tokens"].to_list() == [5]
    assert table("sessions")["messages"].to_list() == [2]
    assert table("issues").select("agent", "source", "kind").rows() == [("acme", "acme:s1", "provider-failed")]
    assert table("issues")["detail"][0].startswith("scan_messages: RuntimeError in fakes.py, line ")


def test_a_project_that_cannot_be_listed_loses_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    acme = Acme({"/a": [summary_of("s1")], "/b": []})
    monkeypatch.setattr(acme, "list_projects", lambda: ["/a", "/gone"])
    sf.register("acme", acme)
    assert table("sessions")["session_id"].to_list() == ["s1"]
    (detail,) = table("issues")["detail"].to_list()
    assert detail.startswith("list_sessions('/gone'): KeyError in fakes.py, line ")


def test_an_object_that_cannot_list_projects_is_an_issue(monkeypatch: pytest.MonkeyPatch) -> None:
    acme = Acme()

    def refuse() -> list[str]:
        raise PermissionError("no")

    monkeypatch.setattr(acme, "list_projects", refuse)
    sf.register("acme", acme)
    logs = sf.scan()
    assert logs.sessions.to_frame("polars").is_empty()
    assert logs.issues.to_frame("polars")["detail"].to_list() == ["list_projects: PermissionError: no"]


def test_messages_that_are_none_are_an_issue() -> None:
    registered(said("u1"), {"role": "user"})  # type: ignore[arg-type]
    assert table("messages").height == 1
    assert table("issues")["kind"].to_list() == ["provider-failed"]


# whose computer


def test_it_is_read_beside_the_others() -> None:
    registered(*CONVERSATION)
    assert sf.scan().usage.to_frame("polars")["agent"].to_list() == ["acme", "acme"]


def test_another_home_is_never_mixed_with_it() -> None:
    registered(*CONVERSATION)
    logs = sf.scan(home=SAMPLE)
    assert set(logs.usage.to_frame("polars")["agent"]) == {"claude-code"}
    assert "acme" not in logs.issues.to_frame("polars")["agent"].to_list()


@pytest.mark.parametrize("how", ["home", "homes", "roots"])
def test_asking_for_it_in_another_home_is_answered_with_an_issue(how: str, tmp_path: Path) -> None:
    registered(*CONVERSATION)
    options: dict[str, dict[str, Any]] = {
        "home": {"home": tmp_path},
        "homes": {"home": {"a": tmp_path, "b": tmp_path}},
        "roots": {"roots": {"acme": tmp_path}},
    }
    logs = sf.scan("acme", **options[how])
    assert logs.usage.to_frame("polars").is_empty()
    assert set(logs.issues.to_frame("polars").select("kind", "detail").rows()) == {("unreadable", ELSEWHERE)}


# there and back


class Lent:
    """A built-in provider that shows nothing but its session API."""

    agent_type = "lent"

    def __init__(self, inner: SessionProvider) -> None:
        self.list_projects = inner.list_projects
        self.list_sessions = inner.list_sessions
        self.read_session = inner.read_session

    def scan_messages(self, session_id: str) -> Iterator[Message]:
        return inner_of(self).scan_messages(session_id)


def inner_of(lent: Lent) -> SessionProvider:
    inner: SessionProvider = lent.read_session.__self__  # type: ignore[attr-defined]
    return inner


def test_the_session_api_of_an_agent_tells_the_same_totals() -> None:
    """Claude Code's logs through the session API and back into frames."""
    sf.register("lent", Lent(SessionApi(PROVIDER, Machine.at(SAMPLE))))
    lent, own = sf.scan("lent"), sf.scan("claude-code", home=SAMPLE)
    tokens = ["input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"]
    for name in ("usage", "sessions"):
        assert (
            getattr(lent, name).to_frame("polars").select(tokens).sum().equals(getattr(own, name).to_frame("polars").select(tokens).sum())
        )
    sums = ["prompts", "requests", "title", "project", "git_branch", "model", "started_at", "ended_at", "first_prompt"]
    assert lent.sessions.to_frame("polars", content=True).select(sums).equals(own.sessions.to_frame("polars", content=True).select(sums))
    columns = ["session_id", "at", "role", "type", "is_human", "call_id", "content", "content_chars", "model"]
    assert (
        lent.messages.to_frame("polars", content=True).select(columns).equals(own.messages.to_frame("polars", content=True).select(columns))
    )


@pytest.mark.parametrize(
    "wanted,made",
    [("sessions", {SessionRow}), ("messages", {MessageRow}), ("usage", {UsageRow}), ("tool_calls", {ToolCallRow})],
)
def test_only_what_is_wanted_is_made(wanted: TableName, made: set[type]) -> None:
    assert {type(row) for row in parsed(registered(*CONVERSATION), wanted)} - {IssueRow} == made
