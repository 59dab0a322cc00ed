"""The agent `paper`, registered for one test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sessionframe.engine.registry import register, unregister
from tests.engine import paper


@pytest.fixture
def agent() -> Iterator[str]:
    register("paper", paper.PROVIDER)
    yield "paper"
    unregister("paper")
