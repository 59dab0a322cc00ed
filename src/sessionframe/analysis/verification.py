"""The logs of a scan go in; how their records became the numbers, and whether these agree with all that can be checked, comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

import narwhals as nw

from sessionframe.analysis._checks import checks
from sessionframe.analysis._owntotals import own_totals
from sessionframe.analysis._records import steps
from sessionframe.engine.public import Engine, known_engine

if TYPE_CHECKING:
    import polars as pl

    from sessionframe.engine.logs import Logs

Against: TypeAlias = "str | PathLike[str] | Mapping[str, Any] | None"


@dataclass(frozen=True)
class Verification:
    """What `verify` found, as frames of the engine that was asked for.

    Attributes
    ----------
    steps
        One row per agent and step from its records to its requests, in the order of the steps: ``agent``, ``step``, ``count``,
        ``meaning``. What has ``left out`` in its meaning was taken from the count before. `count` is null where the agent has nothing
        of the kind.
    checks
        One row per check and agent: ``check``, ``agent``, ``compared`` and ``differ`` (numbers of what was compared, and of what did
        not agree), ``meaning``. A check with ``differ`` above 0 has failed: the numbers of that agent are not to be trusted.
    totals
        One row per agent and kind of total that the agent itself states: ``agent``, ``total``, ``unit`` (tokens or USD), ``compared``,
        ``equal`` (as many of them agree), ``stated``, ``counted`` (the sums of both), ``meaning``. A difference is no failure: agents
        state totals that leave out, or hold, what others do not.
    differences
        One row per day, agent and model where another tool counted otherwise, sorted by them; None when none was given. ``day`` (ISO text),
        ``agent`` (null where the other tool does not tell), ``model``, ``tokens`` and ``other_tokens``, ``difference`` (the second less
        the first), ``cost_usd`` and ``other_cost_usd`` [USD], ``cause``.
    """

    steps: Any
    checks: Any
    totals: Any
    differences: Any = None

    @property
    def passed(self) -> bool:
        """Whether every check agrees. Differences to another tool, or to an agent's own totals, are no failure."""
        return not nw.from_native(self.failed, eager_only=True).shape[0]

    @property
    def failed(self) -> Any:
        """The rows of `checks` that have failed."""
        found = nw.from_native(self.checks, eager_only=True)
        return found.filter(nw.col("differ") > 0).to_native()

    def __repr__(self) -> str:
        compared = nw.from_native(self.checks, eager_only=True)
        said = "all agree" if self.passed else f"{nw.from_native(self.failed, eager_only=True).shape[0]} FAILED"
        parts = [f"{compared.shape[0]} checks of {compared['compared'].sum() or 0:,} things: {said}"]
        if self.differences is not None:
            parts.append(f"{nw.from_native(self.differences, eager_only=True).shape[0]} differences to the other tool")
        return f"<sessionframe Verification: {', '.join(parts)}>"


def verify(logs: Logs, *, against: Against = None, tz: str = "local", engine: Engine = "pandas") -> Verification:
    """Read all logs anew and show how their records became the numbers, check these, and compare them with others.

    Parameters
    ----------
    logs
        What `scan` returned. Everything it lists is read anew, whatever is kept of it.
    against
        The daily report of another tool, to compare with: ``"ccusage"`` runs that program, which must be on the search path, on the
        same home, offline; else its JSON (``ccusage daily --json``), as a file or as what it was decoded to. Give it the same range of
        time.
    tz
        Time zone in which days begin, in both.
    engine
        ``pandas`` or ``polars``.

    Returns
    -------
    Verification
        `steps`, `checks`, `totals` and `differences`.

    Raises
    ------
    OptionError
        No such engine or zone; the other tool's report cannot be had, or is not of the known shape.

    Notes
    -----
    A cause is named when the tokens of what a tool may leave out or count again are exactly the difference of that day and model; it is
    "not explained" otherwise. Two different things can have the same number of tokens, so a cause is evidence and no proof.

    Examples
    --------
    >>> import sessionframe as sf
    >>> found = sf.verify(sf.scan("gemini", home=sf.testing.demo_home()), engine="polars")
    >>> found.passed
    True
    >>> found.steps.select("step", "count").rows()[3:]
    [('statements', 117), ('same-request', 36), ('found_requests', 81), ('copies', 20), ('requests', 61)]
    """
    out = door(known_engine(engine))
    seen = logs.audit()
    differing = None
    if against is not None:
        from sessionframe.analysis._others import differences

        differing = out(differences(seen, logs, against, tz))
    return Verification(out(steps(seen)), out(checks(seen)), out(own_totals(seen)), differing)


def door(engine: str) -> Callable[[pl.DataFrame], Any]:
    """How a frame leaves."""
    if engine == "polars":
        return lambda frame: frame
    from sessionframe.frames.pandas import to_pandas

    return to_pandas
