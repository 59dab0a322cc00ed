"""An exception from a provider -> an `issues` row: a fault in one place must not lose what the others read."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

from sessionframe.errors import SessionFrameError
from sessionframe.formats.text import clean
from sessionframe.machine import Machine
from sessionframe.providers.contract import Provider
from sessionframe.schema import IssueRow

SPEAKING: Final = (OSError, SessionFrameError)
"""Exceptions whose text is about files and options. That of others can quote what was read, and issues hold no text of conversations."""
MOST_CHARS: Final = 300


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
    """An exception in words, with the step that raised it."""
    return f"{step}: {told(problem)}"


def told(problem: Exception) -> str:
    """An exception in words: what it says where that cannot be text of a conversation, else where in the code it came from."""
    name = type(problem).__name__
    if isinstance(problem, SPEAKING):
        text = clean(str(problem))
        return f"{name}: {text[:MOST_CHARS]}{'...' if len(text) > MOST_CHARS else ''}"
    frames = traceback.extract_tb(problem.__traceback__)
    return f"{name}{f' in {Path(frames[-1].filename).name}, line {frames[-1].lineno}' if frames else ''}"
