"""An exception from a provider -> an `issues` row: a fault in one place must not lose what the others read."""

from __future__ import annotations

from sessionframe.formats.text import clean
from sessionframe.machine import Machine
from sessionframe.providers.contract import Provider
from sessionframe.schema import IssueRow

MOST_CHARS = 300
"""Of an exception's text: some quote the whole input."""


def failure(problem: Exception, provider: Provider, machine: Machine, step: str, source: str | None = None) -> IssueRow:
    """The issue that an exception becomes.

    Parameters
    ----------
    problem
        The exception.
    provider, machine
        Whose and where.
    step
        The function of the provider that raised it.
    source
        What it was reading.
    """
    return IssueRow(
        agent=provider.agent_type,
        host=machine.label,
        source=source and clean(source),
        kind="provider-failed",
        detail=described(problem, step),
    )


def described(problem: Exception, step: str) -> str:
    """An exception in words."""
    text = clean(str(problem))
    return f"{step}: {type(problem).__name__}: {text[:MOST_CHARS]}{'...' if len(text) > MOST_CHARS else ''}"
