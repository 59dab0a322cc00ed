"""The exceptions of sessionframe, all under `SessionFrameError`.

What the caller asks for and cannot be done raises one of these; what a log contains never does: a line that cannot be read
becomes a row of the `issues` table and everything else is kept.
"""

from __future__ import annotations

from collections.abc import Iterable


class SessionFrameError(Exception):
    """Base of every exception that sessionframe raises on purpose."""


class ProviderNotFoundError(SessionFrameError, KeyError):
    """No provider is registered under the agent type that was asked for."""

    def __init__(self, agent_type: str, known: Iterable[str]) -> None:
        self.agent_type = agent_type
        self.known = sorted(known)
        super().__init__(f"no provider for agent {agent_type!r}.{nearest(agent_type, self.known)} Known agents: {listed(self.known)}.")

    def __str__(self) -> str:
        return str(self.args[0])


class ProjectNotFoundError(SessionFrameError, KeyError):
    """The agent has no session in the project that was asked for."""

    def __init__(self, project_path: str, agent_type: str, known: Iterable[str]) -> None:
        self.project_path = project_path
        found = sorted(known)
        super().__init__(
            f"{agent_type} has no session in project {project_path!r}.{nearest(project_path, found)} "
            f"list_projects() returned {len(found)}: {listed(found)}."
        )

    def __str__(self) -> str:
        return str(self.args[0])


class SessionNotFoundError(SessionFrameError, KeyError):
    """The agent has no session with the id that was asked for."""

    def __init__(self, session_id: str, agent_type: str, looked_in: Iterable[str]) -> None:
        self.session_id = session_id
        places = listed(sorted(looked_in)) or "nothing, no folder of this agent exists"
        super().__init__(f"{agent_type} has no session {session_id!r}. Looked in: {places}. list_sessions(project_path) shows the ids.")

    def __str__(self) -> str:
        return str(self.args[0])


class RecordNotFoundError(SessionFrameError, LookupError):
    """A row names a record that its file does not hold any more."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"there is no record at {place}. The log was deleted, moved or written anew since; scan again for what it holds now."
        )


class OptionError(SessionFrameError, ValueError):
    """An argument has a value that cannot be used; the message names the argument and the values that can."""


class PriceFileError(SessionFrameError, ValueError):
    """A file of own prices cannot be read or does not have the documented shape."""


class ColumnError(SessionFrameError, KeyError):
    """A helper or a plot was given a frame without a column it needs."""

    def __init__(self, missing: Iterable[str], needed_by: str, present: Iterable[str]) -> None:
        self.missing = sorted(missing)
        super().__init__(f"{needed_by} needs the columns {listed(self.missing)}, which this frame lacks. It has: {listed(present)}.")

    def __str__(self) -> str:
        return str(self.args[0])


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint in words, or nothing: the known word that is closest to a mistyped one."""
    import difflib  # loads only for who made a mistake

    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def listed(words: Iterable[str], most: int = 12) -> str:
    """Words joined by commas, the rest counted."""
    items = list(words)
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more
