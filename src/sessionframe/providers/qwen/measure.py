"""Counts of a response of Qwen Code -> the columns of `usage`."""

from __future__ import annotations

from sessionframe.dialects.google_usage import Counted, Reported, counted, thoughts_inside
from sessionframe.formats.problems import Problems


def measure(reported: Reported, problems: Problems, line: int) -> Counted:
    """The columns of a response: where the thoughts stand depends on the service, and only the total tells.

    Behind an interface of OpenAI's shape, the usual one, they are inside the output (measured with 0.24.4: 40 with 12 of thought, total
    1040 with a prompt of 1000); behind Google's own they stand beside it. Where the total tells nothing, the usual one is assumed.
    """
    inside = thoughts_inside(reported)
    if inside is None and reported.thoughts:
        problems.add("estimate", "the total does not tell whether thoughts are part of the output; they were taken as part", line)
    return counted(reported, inside=inside is not False)


def vendor(model: str | None) -> str | None:
    """Who sells the model. Nothing in the logs says: the program talks to any service."""
    del model
    return None
