"""Rows and small frames of the tables, made by hand, and results of either engine as plain values."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable
from typing import Any

import msgspec
import polars as pl
import pytest

from sessionframe.frames.build import frame
from sessionframe.schema import SCHEMA, IssueRow, MessageRow, SessionRow, TableName, ToolCallRow, UsageRow

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def public(table: TableName, rows: Iterable[msgspec.Struct]) -> pl.DataFrame:
    return frame(SCHEMA[table], list(rows)).select([column.name for column in SCHEMA[table].public])


def micros(text: str | int | None) -> int | None:
    """An ISO time with an offset -> microseconds since 1970."""
    return text if text is None or isinstance(text, int) else (dt.datetime.fromisoformat(text) - EPOCH) // dt.timedelta(microseconds=1)


numbers = itertools.count(1)


def request(at: str | int | None = "2026-10-01T12:00:00Z", **values: Any) -> UsageRow:
    number = next(numbers)
    known = {
        "agent": "claude-code",
        "session_id": "s1",
        "root_session_id": "s1",
        "source": "s1.jsonl",
        "line": number,
        "request_id": f"r{number}",
    }
    return UsageRow(**{**known, "at": micros(at), **values})


def call(status: str = "ok", at: str | None = "2026-10-01T12:00:00Z", **values: Any) -> ToolCallRow:
    known = {
        "agent": "claude-code",
        "session_id": "s1",
        "root_session_id": "s1",
        "source": "s1.jsonl",
        "tool": "Bash",
        "call_id": f"c{next(numbers)}",
    }
    return ToolCallRow(**{**known, "status": status, "at": micros(at), **values})


def message(at: str | int | None = "2026-10-01T12:00:00Z", role: str = "user", **values: Any) -> MessageRow:
    number = next(numbers)
    known = {
        "agent": "claude-code",
        "session_id": "s1",
        "root_session_id": "s1",
        "source": "s1.jsonl",
        "line": number,
        "message_id": f"m{number}",
        "seq": number,
        "type": "tool-result" if role == "tool" else "chat",
        "is_human": role == "user",
    }
    return MessageRow(**{**known, "at": micros(at), "role": role, **values})


def session(name: str, root: str | None = None, started: str | None = "2026-10-01T12:00:00Z", **values: Any) -> SessionRow:
    known = {
        "agent": "claude-code",
        "session_id": name,
        "root_session_id": root or name,
        "source": f"{name}.jsonl",
        "started_at": micros(started),
    }
    return SessionRow(**{**known, **values})


def issue(kind: str, **values: Any) -> IssueRow:
    return IssueRow(**{"agent": "claude-code", "source": "s1.jsonl", "kind": kind, **values})


def rows_of(result: Any) -> list[dict[str, Any]]:
    """A result of either engine as plain values; a missing value is None."""
    if isinstance(result, pl.DataFrame):
        return result.to_dicts()
    import pandas as pd

    def plain(value: Any) -> Any:
        if value is None or pd.isna(value):
            return None
        if isinstance(value, pd.Timestamp):
            return value.to_pydatetime()
        return value.item() if hasattr(value, "item") else value

    return [{name: plain(value) for name, value in zip(result.columns, row, strict=True)} for row in result.itertuples(index=False)]


def assert_same(result: Any, other: Any) -> None:
    """Results of two engines hold the same; floats may differ in the last digits, because sums go in another order."""

    def near(value: Any) -> Any:
        return pytest.approx(value) if isinstance(value, float) else value

    assert list(result.columns) == list(other.columns)
    for mine, its in zip(rows_of(result), rows_of(other), strict=True):
        assert mine == {name: near(value) for name, value in its.items()}
