"""One conversation as lanes: when the human, the model, the tools and the sub-agents were at work."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import narwhals as nw

from sessionframe.analysis import active_intervals
from sessionframe.analysis._doors import Frame, opened
from sessionframe.analysis._durations import Duration, seconds_of
from sessionframe.analysis.waits import HUMAN, MODEL, TOOL, with_actors
from sessionframe.frames.activity import ACTIVE_GAP_S
from sessionframe.plot._axes import axes
from sessionframe.plot._data import columns
from sessionframe.plot._style import MUTED, NOTHING, PALETTE, counted, empty, headed, tidy
from sessionframe.plot._tools import STATUSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

IDS = ("agent", "host", "session_id", "root_session_id")
SAID = (*IDS, "at", "role", "is_human", "call_id")
CALLED = (*IDS, "at", "ended_at", "call_id", "status", "duration_s", "duration_from")
LANES = ("sub-agents", "tools", "model", "human")
"""From the bottom to the top."""
HEIGHT = 0.72
PAUSES = 0.25
"""All pauses together, as a share of the time at work."""
MOST_PAUSES = 14
"""More have no room for words."""
COLOURS = {"human": PALETTE[4], "model": PALETTE[0], "tools": PALETTE[2], "sub-agents": PALETTE[1]}
ENDS = {"ok": COLOURS["tools"], **dict(STATUSES.values())}
"""How calls end -> the colour of that."""


class Span(NamedTuple):
    """Something that lasted."""

    start: datetime
    end: datetime
    colour: str
    label: str = ""


class Clock:
    """The axis: time in which something happened, each pause cut short, so that all together take no more than a fifth of it."""

    def __init__(self, stretches: Sequence[tuple[datetime, datetime]], cap: float) -> None:
        """Lay the stretches one after the other."""
        worked = sum((end - start).total_seconds() for start, end in stretches)
        self.pause = min(cap, PAUSES * worked / max(len(stretches) - 1, 1)) or cap
        self.starts = [start for start, _ in stretches]
        self.ends = [end for _, end in stretches]
        self.places = [0.0]
        for start, end in stretches:
            self.places.append(self.places[-1] + (end - start).total_seconds() + self.pause)

    def minutes(self, at: datetime) -> float:
        """Where a time is on the axis [min]."""
        stretch = max(bisect_right(self.starts, at) - 1, 0)
        since = (at - self.starts[stretch]).total_seconds()
        return (self.places[stretch] + min(max(since, 0.0), (self.ends[stretch] - self.starts[stretch]).total_seconds() + self.pause)) / 60

    def pauses(self) -> list[tuple[float, float, timedelta]]:
        """Where pauses begin and end on the axis [min], and how long they were."""
        rows = zip(self.places[1:], self.ends, self.starts[1:], strict=False)
        return [((place - self.pause) / 60, place / 60, start - end) for place, end, start in rows]


def timeline(
    frame: Any, tool_calls: Any, *, session_id: str | None = None, gap_cap: Duration = ACTIVE_GAP_S, ax: Axes | None = None
) -> Axes:
    """Draw one conversation as it went: who was at work when.

    Parameters
    ----------
    frame
        The table `messages` or a frame of it.
    tool_calls
        The table `tool_calls` or a frame of it, of the same engine.
    session_id
        The conversation; by default the one with the most records.
    gap_cap
        Longer times without a record are pauses, cut short and grey, with their real length: ``"10m"``, a `timedelta` or seconds.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        Four lanes over the time at work [min]. The time before a prompt is the human's and that before a part of an answer the model's,
        by the rule of `time_split`, less the time in which tools of the thread ran. Tools are drawn from the call to the result, in the
        colour of how they ended; sub-agents while their thread had records.
    """
    cap = seconds_of(gap_cap, "gap_cap")
    said = opened(frame, SAID, needed_by="plot.timeline").filter(~nw.col("at").is_null())
    calls = opened(tool_calls, CALLED, needed_by="plot.timeline")
    chosen = session_id if session_id is not None else longest(said)
    said, calls = (rows.filter(nw.col("root_session_id") == chosen) for rows in (said, calls))
    target = axes(ax, height=3.2)
    if not len(said):
        return empty(target, "records with a time" if session_id is None else f"records of a conversation {session_id!r}")
    native, of_tools = said.to_native(), calls.to_native()
    clock = Clock(list(zip(*columns(active_intervals(native, tool_calls=of_tools, gap_cap=cap), "start", "end"), strict=True)), cap)
    threads = active_intervals(native, tool_calls=of_tools, gap_cap=cap, merge_subagents=False)
    tools, helpers = spans_of_tools(calls), spans_of_helpers(threads, str(chosen))
    actors = spans_of_actors(said, calls)
    lanes = {"human": actors["human"], "model": without(actors["model"], tools), "tools": tools, "sub-agents": helpers}
    for lane, spans in lanes.items():
        draw(target, LANES.index(lane), spans, clock)
    dressed(target, clock, {span.label for span in tools})
    names = [f"{lane}\n{said_of(lane, len(tools), threads, str(chosen))}".strip() for lane in LANES]
    target.set_yticks(range(len(LANES)), names)
    began = f"began {clock.starts[0]:%Y-%m-%d %H:%M} UTC"
    waits = "model: also waits for sub-agents in the background" if helpers else ""
    headed(target, f"Timeline of session {chosen}", began, f"grey: more than {cap / 60:g} min without a record, cut short", waits)
    return target


def longest(said: Frame) -> str | None:
    """The conversation with the most records."""
    found = said.group_by("root_session_id").agg(nw.len().alias("_n")).sort("_n", "root_session_id", descending=[True, False])
    return str(found["root_session_id"][0]) if len(found) else None


def spans_of_actors(said: Frame, calls: Frame) -> dict[str, list[Span]]:
    """The time before each record of the main thread, for the human or the model, whoever wrote it."""
    own = nw.col("session_id") == nw.col("root_session_id")
    rows = with_actors(said.filter(own).to_native(), calls.to_native()).sort("at", "_actor", "_row", nulls_last=True)
    times, actors, ran = columns(rows.with_columns(nw.col("_actor").fill_null(strategy="backward")), "at", "_actor", "ran")
    found: dict[str, list[Span]] = {"human": [], "model": []}
    for start, end, actor, seconds in zip(times, times[1:], actors[1:], ran[1:], strict=False):
        lane = {HUMAN: "human", MODEL: "model", TOOL: "human" if seconds == 0 else None}.get(actor)  # 0: a denied call
        if lane:
            found[lane].append(Span(start, end, COLOURS[lane]))
    return found


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """What is left of spans outside of others."""
    taken = merged(others)
    ends = [end for _, end in taken]
    left = []
    for span in spans:
        since = span.start
        for start, end in taken[bisect_right(ends, since) :]:
            if start >= span.end:
                break
            if start > since:
                left.append(span._replace(start=since, end=start))
            since = end
        if since < span.end:
            left.append(span._replace(start=since))
    return left


def merged(spans: Iterable[Span]) -> list[tuple[datetime, datetime]]:
    """When any of the spans was, in order."""
    found: list[tuple[datetime, datetime]] = []
    for span in sorted(spans):
        if found and span.start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], span.end))
        else:
            found.append((span.start, span.end))
    return found


def spans_of_tools(calls: Frame) -> list[Span]:
    """Calls of the main thread, from the call to the result."""
    own = calls.filter(nw.col("session_id") == nw.col("root_session_id"), ~nw.col("at").is_null())
    rows = zip(*columns(own, "at", "ended_at", "status"), strict=True)
    return [
        Span(start, end or start, ENDS[said], said)
        for start, end, status in rows
        if (said := "no result" if status == "pending" else status)
    ]


def spans_of_helpers(threads: Any, session_id: str) -> list[Span]:
    """Stretches of the threads of sub-agents."""
    rows = zip(*columns(threads, "session_id", "start", "end"), strict=True)
    return [Span(start, end, COLOURS["sub-agents"]) for thread, start, end in rows if thread != session_id]


def said_of(lane: str, calls: int, threads: Any, session_id: str) -> str:
    """What a lane holds, in words."""
    if lane == "tools":
        return counted(calls, "call")
    helpers = set(columns(threads, "session_id")[0]) - {session_id}
    return counted(len(helpers), "thread") if lane == "sub-agents" else ""


def draw(ax: Axes, lane: int, spans: Iterable[Span], clock: Clock) -> None:
    """Draw what lasted, what overlaps in rows of its own."""
    until: list[float] = []
    bars: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for span in sorted(spans):
        start, end = clock.minutes(span.start), clock.minutes(span.end)
        row = next((number for number, last in enumerate(until) if last <= start), len(until))
        until[row : row + 1] = [end]
        bars.setdefault((row, span.colour), []).append((start, end - start))
    height = HEIGHT / max(len(until), 1)
    for (row, colour), places in bars.items():
        low = lane - HEIGHT / 2 + row * height
        # the edge keeps what took no time visible
        ax.broken_barh(places, (low, height * 0.92), facecolor=colour, edgecolor=colour, linewidth=0.4)


def dressed(ax: Axes, clock: Clock, ends: Collection[str]) -> None:
    """Pauses in grey, the axis and what the colours of calls mean."""
    from matplotlib.patches import Patch

    for start, end, length in clock.pauses():
        ax.axvspan(start, end, color=NOTHING, linewidth=0, zorder=3)
        if len(clock.starts) > MOST_PAUSES:
            continue
        ax.annotate(
            spoken(length), ((start + end) / 2, len(LANES) - 0.5), ha="center", va="top", fontsize=7, color=MUTED, rotation=90, zorder=4
        )
    handles = [Patch(color=colour, label=status) for status, colour in ENDS.items() if status in ends]
    ax.legend(handles=handles, title="tool calls", title_fontsize=8, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.set_ylim(-0.5, len(LANES) - 0.5)
    ax.margins(x=0.01)
    ax.set_xlabel("time at work [min], pauses cut short")
    tidy(ax, "x")


def spoken(length: timedelta) -> str:
    """A length of time in its largest unit."""
    seconds = length.total_seconds()
    for unit, size in (("d", 86_400), ("h", 3600)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 60:.0f} min"
