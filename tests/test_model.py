"""The models of the session API."""

from __future__ import annotations

import datetime as dt
from typing import Any, get_args

import pydantic
import pytest

from sessionframe.engine.registry import MEMBERS
from sessionframe.model import Message, MessageRole, MessageType, Session, SessionProvider, SessionSummary, TokenUsage
from sessionframe.schema import MessageKind, Role
from tests.engine.fakes import Acme


def test_roles_and_types_are_those_of_the_messages_table() -> None:
    assert tuple(MessageRole) == get_args(Role)
    assert tuple(MessageType) == get_args(MessageKind)


def test_a_role_is_its_text() -> None:
    assert Message(id="1", session_id="s", role="tool", type="tool-result").role is MessageRole.TOOL
    assert f"{MessageType.TOOL_RESULT}" == "tool-result"


@pytest.mark.parametrize(
    "model,fields",
    [
        (TokenUsage, {"input": 3}),
        (Message, {"id": "1", "session_id": "s", "role": "user", "text": "hello"}),
        (SessionSummary, {"id": "1", "agent_type": "acme", "title": "x"}),
        (Message, {"id": "1", "session_id": "s", "role": "robot"}),
        (Message, {"id": "1", "session_id": "s", "role": "user", "timestamp": dt.datetime(2026, 10, 1)}),  # noqa: DTZ001
        (SessionSummary, {"id": "1", "agent_type": "acme", "created": dt.datetime(2026, 10, 1)}),  # noqa: DTZ001
    ],
    ids=["misspelt-count", "misspelt-content", "misspelt-summary", "unknown-role", "naive-timestamp", "naive-created"],
)
def test_what_does_not_fit_is_an_error(model: type[pydantic.BaseModel], fields: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        model(**fields)


def test_models_do_not_change() -> None:
    with pytest.raises(pydantic.ValidationError):
        TokenUsage(input_tokens=1).input_tokens = 2  # type: ignore[misc]


def test_unknown_counts_are_null_and_add_nothing() -> None:
    assert TokenUsage().total is None
    assert TokenUsage(input_tokens=2, cache_read=5).total == 7
    total = TokenUsage.sum([TokenUsage(input_tokens=1, output_tokens=2), TokenUsage(input_tokens=10), TokenUsage()])
    assert total == TokenUsage(input_tokens=11, output_tokens=2, cache_read=None, cache_write=None)
    assert TokenUsage.sum([]) == TokenUsage()


def test_zero_is_known() -> None:
    assert TokenUsage(input_tokens=0).total == 0


def test_models_become_json_and_come_back() -> None:
    message = Message(id="1", session_id="s", role=MessageRole.USER, timestamp=dt.datetime(2026, 10, 1, tzinfo=dt.UTC))
    session = Session(id="s", agent_type="acme", messages=(message,), usage=TokenUsage(input_tokens=1))
    assert Session.model_validate_json(session.model_dump_json()) == session


def test_a_session_is_a_summary_with_more() -> None:
    assert set(SessionSummary.model_fields) < set(Session.model_fields)


def test_the_protocol_is_told_by_its_members() -> None:
    assert isinstance(Acme(), SessionProvider)
    assert not isinstance(object(), SessionProvider)
    assert all(hasattr(SessionProvider, name) for name in MEMBERS)
    assert set(MEMBERS) == {name for name in vars(SessionProvider) if not name.startswith("_")}
