"""Reasoning is part of the output, or it is not shown."""

from __future__ import annotations

import pytest

from sessionframe.dialects.reasoning import part_of_output
from sessionframe.formats.problems import Problems


@pytest.mark.parametrize(
    "reasoning, output, shown, kinds",
    [(5, 10, 5, []), (10, 10, 10, []), (0, 0, 0, []), (None, 10, None, []), (5, None, 5, []), (11, 10, None, ["bad-value"])],
)
def test_more_than_the_whole_is_null_and_reported(reasoning: int | None, output: int | None, shown: int | None, kinds: list[str]) -> None:
    problems = Problems("a")
    assert part_of_output(reasoning, output, problems, 3) == shown
    assert [(row.kind, row.line) for row in problems.rows()] == [(kind, 3) for kind in kinds]
