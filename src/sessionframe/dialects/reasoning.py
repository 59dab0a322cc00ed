"""Output and reasoning as a log states them go in; the reasoning that can be shown as a part of the output comes out."""

from __future__ import annotations

from typing import Final

from sessionframe.formats.problems import Problems

MORE_THAN_ALL: Final = "more reasoning tokens than output tokens, which should contain them: reasoning is null"


def part_of_output(reasoning: int | None, output: int | None, problems: Problems, line: int | None) -> int | None:
    """The reasoning tokens; null and reported where they are more than the output whose part they are said to be."""
    if reasoning is None or output is None or reasoning <= output:
        return reasoning
    problems.add("bad-value", MORE_THAN_ALL, line)
    return None
