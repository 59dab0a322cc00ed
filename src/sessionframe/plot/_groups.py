"""Charts that compare: groups by their medians, sub-agents by their tokens, the time before and after a day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date as Date  # noqa: N812 - `date` is an argument here
from typing import TYPE_CHECKING, Any, NamedTuple

import narwhals as nw

from sessionframe import analysis
from sessionframe.analysis._doors import By, names_of, opened
from sessionframe.analysis.differences import N_BOOT
from sessionframe.plot._axes import amounts, percent, plain
from sessionframe.plot._bars import rows
from sessionframe.plot._data import UNKNOWN, columns
from sessionframe.plot._style import ESTIMATE, MUTED, PALETTE, colours, counted, empty, headed, label, short, tidy, words
from sessionframe.plot._threads import ROOTS
from sessionframe.schema import SCHEMA, TABLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEAVY = 30
"""From this ratio of the largest upper to the smallest lower quartile on, the axis is logarithmic."""
THOUSANDS = 10_000
"""From here on numbers are written with the letter of their thousands."""
COLOURED = {"agent", "model"}
"""Columns whose values have a colour in every chart."""


class Group(NamedTuple):
    """What `compare` tells of a group."""

    name: str
    n: int
    median: float
    p25: float
    p75: float
    low: float | None = None
    high: float | None = None


def comparison(
    frame: Any,
    *,
    by: By,
    metric: str,
    top: int = 15,
    log: bool | None = None,
    n_boot: int = N_BOOT,
    seed: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw how groups differ in a measure.

    Parameters
    ----------
    frame
        Any table or frame, e.g. `sessions` or what `prompts` returns; each row is one case.
    by
        Columns to group by, e.g. ``"model"``.
    metric
        The column that is compared, of numbers.
    top
        How many groups to show, those with the most cases.
    log
        Use a logarithmic axis. By default where the measure is heavy-tailed: its quartiles are more than 30 times apart.
    n_boot, seed
        As for `compare`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        Per group, the highest median first, a dot for the median, a thick line for its 95 % bootstrap interval and a thin one for the
        middle half of the cases. Groups with fewer than 10 cases have no interval and a hollow dot.
    """
    keys = names_of(by)
    found = analysis.compare(frame, by=keys, metric=metric, n_boot=n_boot, seed=seed)
    *names, n, unknown, middle, p25, p75, low, high = columns(
        found, *keys, *("n", "unknown", "median", "p25", "p75", "median_low", "median_high")
    )
    titles = joined(names)
    groups = [Group(*row) for row in zip(titles, n, middle, p25, p75, low, high, strict=True) if row[1]]
    shown = sorted(sorted(groups, key=lambda group: (-group.n, group.name))[:top], key=lambda group: group.median)
    target = rows(ax, [f"{group.name} (n = {group.n:,})" for group in shown], each=0.4)
    if not shown:
        return empty(target, f"known values of {metric}")
    shade = colours(titles) if keys[0] in COLOURED and len(keys) == 1 else dict.fromkeys(titles, PALETTE[0])
    draw(target, shown, shade)
    scaled(target, shown, log=log)
    target.set_xlabel(metric_label(metric))
    without, rest = sum(unknown), len(groups) - len(shown)
    headed(
        target,
        f"{words(metric).capitalize()} by {' and '.join(map(words, keys))}",
        "dot: median; thick: its 95 % interval; thin: middle half of the cases",
        ESTIMATE if metric.endswith("cost_usd") else "",
        f"{counted(without, 'case')} without a value left out" if without else "",
        f"{counted(rest, 'smaller group')} not shown" if rest else "",
    )
    tidy(target, "x")
    return target


def joined(names: Sequence[Sequence[Any]]) -> list[str]:
    """One name per group, of paths the end."""
    written = [[UNKNOWN if part is None else str(part) for part in column] for column in names]
    shown = [short(column) for column in written]
    return [" / ".join(names[part] for names, part in zip(shown, parts, strict=True)) for parts in zip(*written, strict=True)]


def draw(ax: Axes, groups: Sequence[Group], shade: dict[str, str]) -> None:
    """A row per group."""
    for row, group in enumerate(groups):
        colour = shade[group.name]
        ax.plot([group.p25, group.p75], [row, row], color=colour, linewidth=1.3, solid_capstyle="butt")
        if group.low is not None and group.high is not None:
            ax.plot([group.low, group.high], [row, row], color=colour, linewidth=7, alpha=0.35, solid_capstyle="butt")
        face = colour if group.low is not None else "white"
        ax.plot([group.median], [row], marker="o", color=colour, markerfacecolor=face, markersize=7, zorder=3)


def scaled(ax: Axes, groups: Sequence[Group], *, log: bool | None) -> None:
    """A logarithmic axis where linear ones would hide the small."""
    least, most = min(group.p25 for group in groups), max(group.p75 for group in groups)
    if log or (log is None and least > 0 and most > HEAVY * least):
        ax.set_xscale("log")
    else:
        ax.set_xlim(left=0 if least >= 0 else None)
    if most >= THOUSANDS:
        amounts(ax.xaxis)
    elif ax.get_xscale() == "log":
        plain(ax.xaxis)


def subagent_tokens(frame: Any, sessions: Any, *, top: int = 12, ax: Axes | None = None) -> Axes:
    """Draw how many tokens a run of each type of sub-agent uses.

    Parameters
    ----------
    frame
        The table `usage` or a frame of it.
    sessions
        The table `sessions` or a frame of it, which tells what the sub-agents are.
    top
        How many types to show, those with the most runs.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One point per run [tokens, logarithmic], and per type a dot for the median and a line for the middle half of the runs. All
        tokens count, cached input too. What has no type is shown by its kind.
    """
    thread = ("agent", "host", "session_id")
    told = opened(sessions, [*thread, "kind", "subagent_type"], needed_by="plot.subagent_tokens")
    helpers = told.filter(~nw.col("kind").cast(nw.String).is_in(ROOTS))
    *ids, kinds, types = columns(helpers, *thread, "kind", "subagent_type")
    type_of = dict(zip(zip(*ids, strict=True), (name or kind for name, kind in zip(types, kinds, strict=True)), strict=True))
    *asked, totals = columns(analysis.tokens_by(frame, by=thread), *thread, "total_tokens")
    used: dict[str, list[float]] = {}
    for key, total in zip(zip(*asked, strict=True), totals, strict=True):
        if total and key in type_of:
            used.setdefault(type_of[key], []).append(total)
    cases = {
        "type": [name for name, values in used.items() for _ in values],
        "tokens": [each for values in used.values() for each in values],
    }
    schema = {"type": nw.String(), "tokens": nw.Float64()}
    found = analysis.compare(
        nw.from_dict(cases, schema=schema, backend=told.implementation).to_native(), by="type", metric="tokens", n_boot=1
    )
    groups = [Group(*row) for row in zip(*columns(found, "type", "n", "median", "p25", "p75"), strict=True)]
    shown = sorted(sorted(groups, key=lambda group: (-group.n, group.name))[:top], key=lambda group: group.median)
    target = rows(ax, [f"{group.name} (n = {group.n:,})" for group in shown], each=0.42)
    if not shown:
        return empty(target, "sub-agents with requests")
    for row, group in enumerate(shown):
        values = sorted(used[group.name])
        target.scatter(values, [row + beside(number) for number in range(len(values))], s=16, color=PALETTE[0], alpha=0.5, linewidth=0)
        target.plot([group.p25, group.p75], [row, row], color=MUTED, linewidth=1.6)
        target.plot([group.median], [row], marker="D", color="black", markersize=5, zorder=3)
    target.set_xscale("log")
    amounts(target.xaxis)
    target.set_xlabel("tokens of a run, cached input included")
    headed(
        target,
        "Tokens of sub-agents by type",
        "diamond: median; line: middle half of the runs",
        f"{counted(len(groups) - len(shown), 'rarer type')} not shown" if len(groups) > len(shown) else "",
    )
    tidy(target, "x")
    return target


def beside(number: int) -> float:
    """Where a point is in its row, so that neighbours do not hide each other: the same at every drawing."""
    return ((number * 0.618) % 1 - 0.5) * 0.5


def before_after(
    frame: Any,
    date: str | Date,
    *,
    metrics: str | Sequence[str],
    at: str | None = None,
    tz: str = "local",
    n_boot: int = N_BOOT,
    seed: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw how measures changed from before to after a day, e.g. that of an update.

    Parameters
    ----------
    frame
        Any table or frame with a time; each row is one case.
    date
        The cut: a date is its midnight in `tz`.
    metrics
        Columns of numbers to compare.
    at, tz, n_boot, seed
        As for `before_after`.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        Per measure the difference of the medians and its 95 % bootstrap interval as a share of the median before [%], so that measures
        of different units stand on one axis. The medians and `n` are beside the name. With fewer than 10 values on a side there is no
        interval and the dot is hollow; with a median of 0 before there is no dot.
    """
    found = analysis.before_after(frame, date, metrics=metrics, at=at, tz=tz, n_boot=n_boot, seed=seed)
    values = columns(found, "metric", "before", "after", "n_before", "n_after", "difference", "difference_low", "difference_high")
    cases = list(zip(*values, strict=True))[::-1]
    target = rows(ax, [change_of(*case[:5]) for case in cases], each=0.62)
    if not any(case[3] or case[4] for case in cases):
        return empty(target, "cases with a time")
    for row, (_, before, _, _, _, difference, low, high) in enumerate(cases):
        if not before or difference is None:
            target.annotate(
                "0 before" if before == 0 else "nothing to compare",
                (0, row),
                (6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=MUTED,
            )
            continue
        if low is not None:
            target.plot([low / before, high / before], [row, row], color=PALETTE[0], linewidth=2, solid_capstyle="butt")
        face = PALETTE[0] if low is not None else "white"
        target.plot([difference / before], [row], marker="o", color=PALETTE[0], markerfacecolor=face, markersize=7, zorder=3)
    target.axvline(0, color=MUTED, linewidth=0.9, zorder=0)
    target.set_xlabel("difference of the medians, as a share of the median before")
    percent(target.xaxis)
    money = ESTIMATE if any(case[0].endswith("cost_usd") for case in cases) else ""
    hollow = "hollow: fewer than 10 values on a side" if any(case[6] is None for case in cases) else ""
    headed(
        target, f"Before and after {date}", "lines: 95 % intervals", "a difference tells that something changed, not what", money, hollow
    )
    tidy(target, "x")
    return target


def change_of(metric: str, before: float | None, after: float | None, n_before: int, n_after: int) -> str:
    """A measure, its medians and its cases, in two lines."""
    return f"{metric_label(metric)}\n{told(before)} → {told(after)} (n = {n_before:,}, {n_after:,})"


def told(value: float | None) -> str:
    """A median with three digits."""
    if value is None:
        return "unknown"
    digits = 0 if value == 0 or abs(value) >= 100 else 2 - math.floor(math.log10(abs(value)))
    return f"{value:,.{digits}f}" if abs(value) >= 100 or value == 0 else f"{value:,.{digits}f}".rstrip("0").rstrip(".")


def metric_label(metric: str) -> str:
    """The label of a column of any table, or of a result."""
    tables = [table for table in TABLES if metric in {column.name for column in SCHEMA[table].public}]
    return label(tables[0], metric) if tables else words(metric)
