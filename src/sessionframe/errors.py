"""The exceptions of sessionframe, all under `SessionFrameError`; docs/problems.md is made of their docstrings.

What the caller asks for and cannot be done raises one of these; what a log contains never does: a line that cannot be read
becomes a row of the `issues` table and everything else is kept.
"""

from __future__ import annotations

from collections.abc import Iterable


class SessionFrameError(Exception):
    """Base of every exception that sessionframe raises on purpose.

    Notes
    -----
    Catch it to catch all of them. Raised as it is where something outside is missing: the notebooks of a broken installation, a package
    that a page needs, the network of `update_prices`. The message says what, and how to get it.

    Examples
    --------
    >>> import sessionframe as sf
    >>> try:
    ...     sf.scan(since="yesterday")
    ... except sf.SessionFrameError as problem:
    ...     print(problem)
    since='yesterday' is no ISO date or time, e.g. '2026-10-01' or '2026-10-01T14:30'.
    """


class ProviderNotFoundError(SessionFrameError, KeyError):
    """No provider is registered under the agent type that was asked for.

    Notes
    -----
    Take one of the agents that the message names; `providers` and ``sessionframe providers`` tell about each. Logs of another agent can be
    read by a provider of your own, see `register`.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sf.scan("claude")
    Traceback (most recent call last):
        ...
    sessionframe.errors.ProviderNotFoundError: no provider for agent 'claude'. Did you mean 'claude-code'? Known agents: claude-code, ...
    """

    def __init__(self, agent_type: str, known: Iterable[str]) -> None:
        self.agent_type = agent_type
        self.known = sorted(known)
        super().__init__(f"no provider for agent {agent_type!r}.{nearest(agent_type, self.known)} Known agents: {listed(self.known)}.")

    def __str__(self) -> str:
        return str(self.args[0])


class ProjectNotFoundError(SessionFrameError, KeyError):
    """The agent has no session in the project that was asked for.

    Notes
    -----
    The session API alone raises it. Give one of the folders that ``list_projects()`` returns. To filter tables, use
    ``scan(project=...)``, which takes any spelling and finds what is below a folder too.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sf.provider_for("codex").list_sessions("/home/demo/code/shop")
    Traceback (most recent call last):
        ...
    sessionframe.errors.ProjectNotFoundError: codex has no session in project '/home/demo/code/shop'. list_projects() returned 0.
    """

    def __init__(self, project_path: str, agent_type: str, known: Iterable[str]) -> None:
        self.project_path = project_path
        found = sorted(known)
        super().__init__(
            f"{agent_type} has no session in project {project_path!r}.{nearest(project_path, found)} "
            f"list_projects() returned {len(found)}{': ' if found else ''}{listed(found)}."
        )

    def __str__(self) -> str:
        return str(self.args[0])


class SessionNotFoundError(SessionFrameError, KeyError):
    """The agent has no session with the id that was asked for.

    Notes
    -----
    The session API alone raises it. Give an id that ``list_sessions(project_path)`` or the table `sessions` has. Sessions that the agent
    has deleted are gone: ``sessionframe doctor`` tells how long it keeps them.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sf.provider_for("codex").read_session("no-such-id")
    Traceback (most recent call last):
        ...
    sessionframe.errors.SessionNotFoundError: codex has no session 'no-such-id'. Looked in: ... list_sessions(project_path) shows the ids.
    """

    def __init__(self, session_id: str, agent_type: str, looked_in: Iterable[str]) -> None:
        self.session_id = session_id
        places = listed(sorted(looked_in)) or "nothing, no folder of this agent exists"
        super().__init__(f"{agent_type} has no session {session_id!r}. Looked in: {places}. list_sessions(project_path) shows the ids.")

    def __str__(self) -> str:
        return str(self.args[0])


class RecordNotFoundError(SessionFrameError, LookupError):
    """A row names a record that its file does not hold any more.

    Notes
    -----
    `provenance` alone raises it. Scan again for what the logs hold now; logs that an agent has deleted are gone.

    Examples
    --------
    >>> import polars as pl
    >>> import sessionframe as sf
    >>> sf.provenance(pl.DataFrame({"agent": ["codex"], "source": ["gone.jsonl"], "line": [7]}))
    Traceback (most recent call last):
        ...
    sessionframe.errors.RecordNotFoundError: there is no record at gone.jsonl, line 7. The log was deleted, moved or written anew since; scan again.
    """  # noqa: E501 - the message as it is

    def __init__(self, place: str) -> None:
        super().__init__(f"there is no record at {place}. The log was deleted, moved or written anew since; scan again.")


class OptionError(SessionFrameError, ValueError):
    """An argument has a value that cannot be used; the message names the argument and the values that can.

    Notes
    -----
    Give a value as the message says. On the command line it ends with exit code 2. It is also a `ValueError`.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sf.to_frame("usages")
    Traceback (most recent call last):
        ...
    sessionframe.errors.OptionError: table='usages' is not known. Did you mean 'usage'? Choose from sessions, messages, tool_calls, usage, issues.
    """  # noqa: E501 - the message as it is


class PriceFileError(SessionFrameError, ValueError):
    """A file of own prices cannot be read or does not have the documented shape.

    Notes
    -----
    The message names the file, the key in it and the shape that is expected. Mend the file; `PriceList.read` documents it.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sf.scan(prices="prices.xml")
    Traceback (most recent call last):
        ...
    sessionframe.errors.PriceFileError: prices.xml: a file of own prices ends in .json or .toml.
    """


class ColumnError(SessionFrameError, KeyError):
    """A helper or a plot was given a frame without a column it needs.

    Notes
    -----
    Pass the table itself or its whole frame, or keep the named columns where you select. A frame of another table lacks them too: the
    docstring of every helper says which table it takes.

    Examples
    --------
    >>> import polars as pl
    >>> import sessionframe as sf
    >>> sf.cost_by(pl.DataFrame({"model": ["gpt-5.5"]}), by="model")
    Traceback (most recent call last):
        ...
    sessionframe.errors.ColumnError: cost_by needs the columns ..., which this frame lacks. It has: model. Pass the whole table.
    """

    def __init__(self, missing: Iterable[str], needed_by: str, present: Iterable[str]) -> None:
        self.missing = sorted(missing)
        super().__init__(
            f"{needed_by} needs the columns {listed(self.missing)}, which this frame lacks. "
            f"It has: {listed(present) or 'none'}. Pass the whole table."
        )

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
