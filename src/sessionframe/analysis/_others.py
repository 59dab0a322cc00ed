"""An audit and the daily report of another tool go in; the days and models that it counted otherwise come out, each with its cause."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sessionframe.analysis._causes import Causes
from sessionframe.errors import OptionError
from sessionframe.zones import zone

if TYPE_CHECKING:
    import polars as pl

    from sessionframe.engine.audit import Audit
    from sessionframe.engine.logs import Logs
    from sessionframe.machine import Machine

CCUSAGE: Final = "ccusage"
COMMAND: Final = ("daily", "--json", "--offline", "--by-agent", "--timezone")
"""Its report per day with agents apart, without a look at the network."""
NAMES: Final = {"claude": "claude-code"}
"""What the other tool calls an agent -> what it is called here, where they differ."""
COUNTS: Final = ("inputTokens", "cacheReadTokens", "cacheCreationTokens", "outputTokens")
SHAPE: Final = "a JSON object with `daily`, a list of days with `modelBreakdowns`, as `ccusage daily --json` writes it"
SYSTEM: Final = frozenset({"PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL"})
"""What a program needs of the environment when it is to read another home: nothing that could lead it back to this one."""
NEAR_USD: Final = 0.01
"""Costs that differ by less than this part of the larger one agree."""
KEY: Final = ("day", "agent", "model")


def differences(seen: Audit, logs: Logs, against: str | os.PathLike[str] | Mapping[str, Any], tz: str) -> pl.DataFrame:
    """One row per day, agent and model where the tokens differ, or the cost does.

    Raises
    ------
    OptionError
        The report cannot be had, or is not of the known shape.
    """
    import polars as pl

    home = zone(tz).key
    theirs = rows_of(report_of(against, logs, home))
    by_agent = theirs["agent"].null_count() == 0
    theirs = theirs.filter(pl.col("agent").is_in(list(seen.sources)) | pl.col("agent").is_null())
    causes = Causes(seen, home, read=set(theirs["agent"]), by_agent=by_agent)
    ours = causes.rows.group_by(KEY).agg(pl.col("tokens").sum(), cost_usd=known_sum("cost_usd"))
    both = ours.join(theirs, on=KEY, how="full", coalesce=True, nulls_equal=True).sort(KEY, nulls_last=True)
    told = both.with_columns(difference=pl.col("other_tokens").fill_null(0) - pl.col("tokens").fill_null(0))
    differing = told.filter((pl.col("difference") != 0) | ~same_cost())
    return causes.added_to(differing.select(*KEY, "tokens", "other_tokens", "difference", "cost_usd", "other_cost_usd"))


def known_sum(name: str) -> pl.Expr:
    """The sum of a column; null when a part of it is not known."""
    import polars as pl

    return pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum())


def same_cost() -> pl.Expr:
    """Whether two costs agree; one that is not known here, and 0 there, does."""
    import polars as pl

    ours, theirs = pl.col("cost_usd").fill_null(0.0), pl.col("other_cost_usd").fill_null(0.0)
    return (ours - theirs).abs() <= NEAR_USD * pl.max_horizontal(ours, theirs)


def report_of(against: str | os.PathLike[str] | Mapping[str, Any], logs: Logs, home: str) -> Any:
    """The other tool's report, as it was decoded."""
    if isinstance(against, Mapping):
        return against
    if against == CCUSAGE:
        return decoded(output_of_ccusage(logs, home), "what ccusage printed")
    try:
        text = Path(against).expanduser().read_bytes()
    except OSError as problem:
        raise OptionError(
            f"against={os.fspath(against)!r} cannot be read: {problem.strerror or problem}. Give {CCUSAGE!r} to run that program, "
            "or the path of its JSON."
        ) from problem
    return decoded(text, f"against={os.fspath(against)!r}")


def decoded(text: bytes, what: str) -> Any:
    """JSON as Python has it."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise OptionError(f"{what} is no JSON. What is needed is {SHAPE}.") from problem


def output_of_ccusage(logs: Logs, home: str) -> bytes:
    """What the program prints of the home that was scanned."""
    program = shutil.which(CCUSAGE)
    if program is None:
        raise OptionError("ccusage is not on the search path. Install it, or save `ccusage daily --json` to a file and give that.")
    if len(logs.machines) != 1:
        raise OptionError(f"ccusage reads one home, and {len(logs.machines)} were scanned. Compare them one by one.")
    try:
        ended = subprocess.run(  # noqa: S603 - the program that the user asked for
            [program, *COMMAND, home], env=environment(logs.machines[0]), capture_output=True, check=False
        )
    except OSError as problem:
        raise OptionError(f"ccusage cannot be run: {problem.strerror or problem}.") from problem
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise OptionError(f"ccusage ended with {ended.returncode}: {said or 'it said nothing'}.")
    return ended.stdout


def environment(machine: Machine) -> dict[str, str]:
    """The environment in which another program reads the same home."""
    if machine.is_local:
        return dict(machine.environ)
    kept = {name: value for name, value in os.environ.items() if name.upper() in SYSTEM}
    folder = str(machine.home.absolute())
    return {**kept, "HOME": folder, "USERPROFILE": folder}


def rows_of(report: Any) -> pl.DataFrame:
    """The report as a frame: `day`, `agent` (null where it does not tell), `model`, `other_tokens`, `other_cost_usd`."""
    import polars as pl

    try:
        rows = [row for day in report["daily"] for row in rows_of_day(day)]
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise OptionError(f"the report to compare with has another shape. What is needed is {SHAPE}.") from problem
    schema = {"day": pl.String, "agent": pl.String, "model": pl.String, "other_tokens": pl.Int64, "other_cost_usd": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row").group_by(KEY).agg(pl.col("other_tokens", "other_cost_usd").sum())


def rows_of_day(day: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str, int, float]]:
    """The models of one day; by agent where it tells them apart."""
    at = str(date.fromisoformat(day["period"] if "period" in day else day["date"]))
    for part in day.get("agents") or [day]:
        agent = part["agent"] if part is not day else None
        for model in part["modelBreakdowns"]:
            tokens = sum(int(model[name]) for name in COUNTS)
            yield at, NAMES.get(agent, agent) if agent else None, model["modelName"], tokens, float(model["cost"])
