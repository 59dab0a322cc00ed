"""Usage frames for the price tests: every column of the table, filled with what a plain request has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from sessionframe.schema import SCHEMA

DTYPES: dict[str, Any] = {
    "text": pl.String,
    "int64": pl.Int64,
    "float64": pl.Float64,
    "bool": pl.Boolean,
    "datetime": pl.Datetime("us", "UTC"),
    "enum": pl.String,
}
COLUMNS = {column.name: DTYPES[column.dtype] for column in SCHEMA["usage"].columns}
PLAIN = {
    "agent": "claude-code",
    "session_id": "s",
    "root_session_id": "s",
    "at": datetime(2026, 11, 1, tzinfo=UTC),
    "model": "claude-haiku-4-5-20251001",
    "kind": "reply",
    "input_tokens": 0,
    "cache_read_tokens": 0,
    "cache_write_tokens": 0,
    "output_tokens": 0,
    "is_replay": False,
    "source": "a.jsonl",
}


def usage(*rows: dict[str, Any]) -> pl.DataFrame:
    """One row per dict; what a dict leaves out is as in a plain request."""
    return pl.DataFrame([PLAIN | row for row in rows], schema=COLUMNS)


def day(text: str) -> datetime:
    """An ISO date or time as an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
