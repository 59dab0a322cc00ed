"""The name of an agent in, its provider out: those built in, those that packages add, those registered while the program runs."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from sessionframe.engine.failures import told
from sessionframe.errors import OptionError, ProviderNotFoundError, listed
from sessionframe.providers.contract import Filled, Never, Provider, at_place
from sessionframe.schema import SCHEMA, TABLES, TableName

# The models of the session API are loaded when it is used: scanning does without pydantic.
if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from sessionframe.model import SessionProvider, SessionSummary

BUILT_IN: dict[str, str] = {
    "claude-code": "sessionframe.providers.claude_code:PROVIDER",
    "codex": "sessionframe.providers.codex:PROVIDER",
    "gemini": "sessionframe.providers.gemini:PROVIDER",
    "qwen": "sessionframe.providers.qwen:PROVIDER",
    "opencode": "sessionframe.providers.opencode:PROVIDER",
    "kilo": "sessionframe.providers.opencode:KILO",
}
"""Agent type -> where its provider is. A new agent is a line here."""
GROUP = "sessionframe.providers"
"""Entry points by which packages add providers; the name of the entry point is the agent type."""

MEMBERS = ("agent_type", "list_projects", "list_sessions", "read_session", "scan_messages")
"""What an object must have to be a `SessionProvider`."""

Registered: TypeAlias = "Provider | SessionProvider"


class Registry:
    """Providers by agent type. Safe to use from several threads.

    Parameters
    ----------
    built_in
        Agent type -> ``module:name`` of its provider, imported on first use.
    group
        Group of entry points, looked through once, when a name is not found otherwise or all are asked for.
    """

    def __init__(self, built_in: dict[str, str], group: str) -> None:
        self._built_in = built_in
        self._group = group
        self._lock = RLock()
        self._loaded: dict[str, Provider] = {}
        self._plugged: dict[str, Registered] | None = None
        self._registered: dict[str, Registered] = {}

    def register(self, agent_type: str, provider: object) -> None:
        """Add or replace a provider."""
        if not isinstance(agent_type, str) or not agent_type.strip():  # type: ignore[redundant-expr]  # callers may be untyped
            raise OptionError(f"agent_type={agent_type!r} is not a name. Give a lower-case word such as 'my-agent'.")
        checked_provider = checked(agent_type, provider)
        with self._lock:
            self._registered[agent_type] = checked_provider

    def unregister(self, agent_type: str) -> None:
        """Take back what `register` did; a built-in provider that was replaced is there again."""
        with self._lock:
            if agent_type not in self._registered:
                raise ProviderNotFoundError(agent_type, self._registered)
            del self._registered[agent_type]

    def get(self, agent_type: str) -> Registered:
        """The provider of an agent."""
        with self._lock:
            if agent_type in self._registered:
                return self._registered[agent_type]
            if agent_type in self._built_in:
                return self._own(agent_type)
            if agent_type in self._plug_ins():
                return self._plug_ins()[agent_type]
            raise ProviderNotFoundError(agent_type, self.names())

    def names(self) -> list[str]:
        """All agent types: built in, then added by packages, then registered."""
        with self._lock:
            return list(dict.fromkeys([*self._built_in, *self._plug_ins(), *self._registered]))

    def _own(self, agent_type: str) -> Provider:
        """A built-in provider."""
        if agent_type not in self._loaded:
            self._loaded[agent_type] = at_place(self._built_in[agent_type])
        return self._loaded[agent_type]

    def _plug_ins(self) -> dict[str, Registered]:
        """What packages add. One that cannot be used is left out with a warning that names it."""
        if self._plugged is None:
            self._plugged = {}
            from importlib.metadata import entry_points  # takes longer to load than all of this module

            for point in entry_points(group=self._group):
                try:
                    self._plugged[point.name] = self._plug_in(point)
                except Exception as problem:  # noqa: BLE001 - whatever foreign code raises
                    package = point.dist.name if point.dist else "unknown package"
                    warnings.warn(
                        f"provider {point.name!r} of {package} ({point.value}) is left out: {type(problem).__name__}: {problem}",
                        stacklevel=2,
                    )
        return self._plugged

    def _plug_in(self, point: EntryPoint) -> Registered:
        if point.name in self._built_in:
            raise OptionError(f"sessionframe has a provider of that name. To replace it, call sessionframe.register({point.name!r}, ...).")
        loaded: Any = point.load()
        is_factory = isinstance(loaded, type) or (callable(loaded) and bool(missing(loaded)))
        return checked(point.name, loaded() if is_factory else loaded)


def checked(agent_type: str, provider: object) -> Registered:
    """A provider under the name it is registered with, or an error that says what it lacks."""
    if isinstance(provider, Provider):
        return dataclasses.replace(provider, info=dataclasses.replace(provider.info, agent_type=agent_type))
    if isinstance(provider, type):
        raise OptionError(f"{provider.__name__} is a class. Register an object of it: register({agent_type!r}, {provider.__name__}()).")
    lacking = missing(provider)
    if lacking:
        raise OptionError(
            f"{type(provider).__name__} cannot be registered as {agent_type!r}: it has no {listed(lacking)}. "
            f"A provider is a sessionframe.providers.contract.Provider or an object with {listed(MEMBERS)}."
        )
    return cast("SessionProvider", provider)


def missing(provider: object) -> list[str]:
    """Which members of a `SessionProvider` an object lacks."""
    return [name for name in MEMBERS if not hasattr(provider, name) or (name != "agent_type" and not callable(getattr(provider, name)))]


registry = Registry(BUILT_IN, GROUP)
"""The providers of this process."""


def register(agent_type: str, provider: Provider | SessionProvider) -> None:
    """Add a provider, or replace the one that has this name.

    Parameters
    ----------
    agent_type
        The name under which `scan`, `provider_for` and the column `agent` know it.
    provider
        A `sessionframe.providers.contract.Provider`, or any object with the members of `SessionProvider`. Such an object also
        appears in `scan` and the frames, when this computer's own logs are read.

    Raises
    ------
    OptionError
        The object lacks a member; the message says which.
    """
    registry.register(agent_type, provider)


def unregister(agent_type: str) -> None:
    """Take back what `register` did; a built-in provider that was replaced is there again.

    Raises
    ------
    ProviderNotFoundError
        Nothing was registered under this name.
    """
    registry.unregister(agent_type)


def provider_for(agent_type: str) -> SessionProvider:
    """The session API of an agent on this computer.

    Parameters
    ----------
    agent_type
        E.g. ``claude-code``.

    Returns
    -------
    SessionProvider
        An object that was registered comes back as it is. Keep it for several calls: it remembers what did not change.

    Raises
    ------
    ProviderNotFoundError
        No such agent; the message names the known ones and the nearest.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sf.provider_for("claude-code").agent_type
    'claude-code'
    """
    from sessionframe.engine.session_api import SessionApi

    provider = registry.get(agent_type)
    return SessionApi(provider) if isinstance(provider, Provider) else provider


def default_providers() -> dict[str, SessionProvider]:
    """Agent type -> session API, for all agents that are known. A copy: changing it changes nothing else."""
    return {name: provider_for(name) for name in registry.names()}


def list_all_sessions() -> dict[str, list[SessionSummary]]:
    """The sessions of all agents on this computer.

    Returns
    -------
    dict of str to list of SessionSummary
        Agent type -> its sessions, the last modified first. An agent without any has an empty list. A provider that fails is
        left out with a warning.
    """
    found: dict[str, list[SessionSummary]] = {}
    for name in registry.names():
        try:
            found[name] = sessions_of(provider_for(name))
        except Exception as problem:  # noqa: BLE001 - one provider must not fail the rest
            warnings.warn(f"the sessions of {name!r} are left out: {told(problem)}", stacklevel=2)
    return found


def sessions_of(provider: SessionProvider) -> list[SessionSummary]:
    """All sessions of a provider, each once, the last modified first."""
    from sessionframe.engine.session_api import SessionApi
    from sessionframe.engine.session_facts import newest_first

    if isinstance(provider, SessionApi):  # reads its logs once, not once for every project
        return provider.every_session()
    found = {session.id: session for project in provider.list_projects() for session in provider.list_sessions(project)}
    return sorted(found.values(), key=newest_first)


def builtin() -> list[str]:
    """Agent types that come with this package."""
    return list(BUILT_IN)


def selected(agents: Sequence[str] = ()) -> list[Provider]:
    """The providers to scan with, each once.

    Parameters
    ----------
    agents
        Agent types; none means all that are known. An object that satisfies only `SessionProvider` comes wrapped: see
        `sessionframe.engine.outside`.

    Raises
    ------
    ProviderNotFoundError
        An agent is not known.
    """
    return [as_provider(name, named=bool(agents)) for name in dict.fromkeys(agents or registry.names())]


def as_provider(agent_type: str, *, named: bool) -> Provider:
    """The provider of an agent in the shape that the engine reads with."""
    provider = registry.get(agent_type)
    if isinstance(provider, Provider):
        return provider
    from sessionframe.engine.outside import Outside

    return Outside(agent_type, provider, named).provider()


class Cell(NamedTuple):
    """What is declared of one column of one agent."""

    agent: str
    title: str
    table: TableName
    column: str
    state: Filled
    reason: str | None


def matrix(agents: Sequence[str] = ()) -> list[Cell]:
    """Which columns each agent fills, in the order of agents, tables and columns.

    Parameters
    ----------
    agents
        Agent types; none means all that are known.
    """
    return [cell(provider, table, column.name) for provider in selected(agents) for table in TABLES for column in SCHEMA[table].public]


def cell(provider: Provider, table: TableName, column: str) -> Cell:
    """What is declared of one column."""
    gap = provider.info.gap(table, column)
    state: Filled = "filled" if gap is None else "never" if isinstance(gap, Never) else "not yet"
    return Cell(provider.agent_type, provider.info.title, table, column, state, gap.reason if gap else None)
