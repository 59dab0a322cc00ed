"""What a row is: one module per table with the name, dtype, unit and meaning of every column. Nothing else imports less.

`SCHEMA` maps the name of each of the five tables to its declaration; everything that knows a column reads it from here.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from sessionframe.schema._column import PANDAS_NAMES, POLARS_NAMES, Column, DType, TableSchema, Time, table_schema
from sessionframe.schema._internal import Fate, StatementRow, TitleRow
from sessionframe.schema._shared import TOKEN_COLUMNS, TOTAL_TOKEN_COLUMNS, Row
from sessionframe.schema.issues import ISSUE_KINDS, IssueKind, IssueRow, Kind
from sessionframe.schema.messages import MessageKind, MessageRow, Role
from sessionframe.schema.sessions import SessionKind, SessionRow
from sessionframe.schema.tool_calls import Category, DurationFrom, Status, ToolCallRow
from sessionframe.schema.usage import RequestKind, UsageRow

TableName: TypeAlias = Literal["sessions", "messages", "tool_calls", "usage", "issues"]
TABLES: tuple[TableName, ...] = get_args(TableName)

SCHEMA: dict[TableName, TableSchema] = {
    "sessions": table_schema(SessionRow, "sessions"),
    "messages": table_schema(MessageRow, "messages"),
    "tool_calls": table_schema(ToolCallRow, "tool_calls"),
    "usage": table_schema(UsageRow, "usage"),
    "issues": table_schema(IssueRow, "issues"),
}
TITLES = table_schema(TitleRow, "titles")
STATEMENTS = table_schema(StatementRow, "statements")
CONTENT_COLUMNS: dict[TableName, tuple[str, ...]] = {
    "sessions": ("first_prompt",),
    "messages": ("content",),
    "tool_calls": ("arguments", "result"),
}
"""Columns that hold text of the conversation: null unless it is asked for."""

__all__ = [
    "CONTENT_COLUMNS",
    "ISSUE_KINDS",
    "PANDAS_NAMES",
    "POLARS_NAMES",
    "SCHEMA",
    "STATEMENTS",
    "TABLES",
    "TITLES",
    "TOKEN_COLUMNS",
    "TOTAL_TOKEN_COLUMNS",
    "Category",
    "Column",
    "DType",
    "DurationFrom",
    "Fate",
    "IssueKind",
    "IssueRow",
    "Kind",
    "MessageKind",
    "MessageRow",
    "RequestKind",
    "Role",
    "Row",
    "SessionKind",
    "SessionRow",
    "StatementRow",
    "Status",
    "TableName",
    "TableSchema",
    "Time",
    "TitleRow",
    "ToolCallRow",
    "UsageRow",
]
