"""Token counts as Google's interface reports them -> the disjoint columns of `usage`. Each step is a function with its evidence."""

from __future__ import annotations

from typing import Any, NamedTuple

from sessionframe.formats.problems import Problems

MOST = 10**12
"""A count above this is none."""


class Reported(NamedTuple):
    """The counts of one response; null where one does not fit, or is not there and need not be zero."""

    prompt: int | None
    cached: int | None
    candidates: int | None
    thoughts: int | None
    tool: int | None
    total: int | None


class Counted(NamedTuple):
    """The same response in the columns of `usage`."""

    input_tokens: int | None
    cache_read_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None


class Counts:
    """Takes the counts of one record, whatever type they have, and reports those that do not fit."""

    def __init__(self, problems: Problems, line: int | None) -> None:
        self._problems = problems
        self._line = line

    def take(self, value: Any, name: str, absent: int | None = None) -> int | None:
        """A count; `absent` where there is none, null where it is no count."""
        if value is None:
            return absent
        if (count := count_of(value)) is not None:
            return count
        self._problems.add("bad-value", f"`{name}`: no count, left out", self._line)
        return None


def count_of(value: Any) -> int | None:
    """A value as a count; null where it is none."""
    return value if type(value) is int and 0 <= value <= MOST else None


def uncached_input(reported: Reported) -> int | None:
    """Input without what came from the cache, and with what tools of the vendor read in between.

    The cached tokens are inside the prompt, the tool tokens beside it. Evidence: 282 real replies in the fixtures of Gemini CLI; in
    all 70 with cached tokens these were at most the prompt and not part of the total again; the one with tool tokens added them.
    """
    if reported.prompt is None or reported.cached is None or reported.tool is None or reported.cached > reported.prompt:
        return None
    return reported.prompt - reported.cached + reported.tool


def thoughts_inside(reported: Reported) -> bool | None:
    """Whether the candidates already contain the thoughts, as the stated total tells; null when it does not tell.

    Google's own interface keeps them apart; a translation from OpenAI's shape puts them inside. Measured with Qwen Code 0.24.4: 40
    tokens of output, 12 of them thoughts, and a total of 1040 with a prompt of 1000.
    """
    if reported.total is None or reported.prompt is None or reported.candidates is None or not reported.thoughts:
        return None
    spoken = reported.prompt + reported.candidates + (reported.tool or 0)
    if reported.total == spoken:
        return True
    return False if reported.total == spoken + reported.thoughts else None


def whole_output(reported: Reported, *, inside: bool) -> int | None:
    """Output with the thoughts, which are billed as output: added where they stand beside the candidates."""
    if inside:
        return reported.candidates
    if reported.candidates is None or reported.thoughts is None:
        return None
    return reported.candidates + reported.thoughts


def counted(reported: Reported, *, inside: bool) -> Counted:
    """The columns of a response."""
    return Counted(uncached_input(reported), reported.cached, whole_output(reported, inside=inside), reported.thoughts)


def check_total(reported: Reported, found: Counted, problems: Problems, line: int | None) -> None:
    """Report counts that contradict each other: the stated total must be the sum of the columns."""
    if reported.prompt is not None and reported.cached is not None and reported.cached > reported.prompt:
        problems.add("estimate", "more cached tokens than the prompt has: the uncached input is null", line)
        return
    known = (found.input_tokens, found.cache_read_tokens, found.output_tokens)
    if reported.total is None or None in known:
        return
    if reported.total != sum(each for each in known if each is not None):
        problems.add("estimate", "the total that the log states is not the sum of its parts; the parts were counted", line)
