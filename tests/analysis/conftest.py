"""Frames in both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import polars as pl
import pytest

from sessionframe.frames.pandas import to_pandas
from sessionframe.schema import TableName
from tests.rows import public

Door = Callable[[pl.DataFrame], Any]
Make = Callable[[TableName, Iterable[msgspec.Struct]], Any]


@pytest.fixture(params=["pandas", "polars"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(engine: str) -> Make:
    """Rows of a table -> a frame of the engine under test."""
    return lambda table, rows: door(engine)(public(table, rows))


def door(engine: str) -> Door:
    return to_pandas if engine == "pandas" else lambda built: built
