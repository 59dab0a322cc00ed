"""Charts of what tools put into the context: sizes of results, files that are read again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionframe import analysis
from sessionframe.plot._axes import amounts
from sessionframe.plot._bars import remarks, rows, stacked
from sessionframe.plot._data import UNKNOWN, columns
from sessionframe.plot._style import FIXED, PALETTE, counted, empty, headed, legend, short, tidy, words
from sessionframe.plot._tools import not_shown
from sessionframe.schema import SCHEMA

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def result_sizes(frame: Any, *, by: str = "tool", top: int = 15, ax: Axes | None = None) -> Axes:
    """Draw how much text each tool put into the context.

    Parameters
    ----------
    frame
        The table `tool_calls` or a frame of it.
    by
        Column to group by: ``tool``, ``category``, ``command``, ``mcp_server``.
    top
        How many tools to show, the largest sum first.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One bar per tool [characters]; behind it its share of all text, the median length and the number of its results.
    """
    found = analysis.result_sizes(frame, by=by)
    names, sums, shares, medians, results, tokens = columns(found, by, "output_chars", "share", "median_chars", "results", "est_tokens")
    known = [row for row in range(len(names)) if sums[row]]
    order = sorted(known, key=lambda row: (-sums[row], names[row] or ""))[:top][::-1]
    target = rows(ax, [names[row] or UNKNOWN for row in order])
    if not order:
        return empty(target, "tool results of known length")
    values = [sums[row] for row in order]
    stacked(target, {"results": (PALETTE[0], values)})
    said = [f"{shares[row]:.0%}, median {medians[row]:,.0f} (n = {results[row]:,})" for row in order]
    remarks(target, values, said)
    target.set_xlim(0, max(values) * 1.35)
    amounts(target.xaxis)
    target.set_xlabel(f"length of results [{SCHEMA['tool_calls']['output_chars'].unit}]")
    note = f"all together roughly {sum(tokens[row] for row in known):,.0f} tokens at 4 characters each"
    headed(target, f"Text that results put into the context, by {words(by)}", note, not_shown(len(known) - len(order)))
    tidy(target, "x")
    return target


def rereads(frame: Any, *, top: int = 15, ax: Axes | None = None) -> Axes:
    """Draw which files were read again most often in the same conversation.

    Parameters
    ----------
    frame
        The table `tool_calls` or a frame of it.
    top
        How many files to show, those with the most repeated reads.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        One bar per file [reads]: the first read of each conversation, and those after it. Behind it the number of conversations.
        What shell commands read is not known.
    """
    paths, reads, again, sessions = columns(analysis.files_by(frame), "path", "reads", "re_reads", "sessions")
    repeated = [row for row in range(len(paths)) if again[row]]
    order = sorted(repeated, key=lambda row: (-again[row], -reads[row], paths[row]))[:top][::-1]
    shown = short(paths[row] for row in order)
    target = rows(ax, [shown[paths[row]] for row in order])
    if not order:
        return empty(target, "files read more than once in a session")
    parts = {
        "read again": (PALETTE[5], [again[row] for row in order]),
        "first read in a session": (FIXED["other"], [reads[row] - again[row] for row in order]),
    }
    stacked(target, parts)
    remarks(target, [reads[row] for row in order], [counted(sessions[row], "session") for row in order])
    target.set_xlabel("reads by tools")
    whole = f"{sum(again):,} of {sum(reads):,} reads were of a file that the session had read before"
    headed(target, "Files that are read again", whole, not_shown(len(repeated) - len(order)))
    legend(target)
    tidy(target, "x")
    return target
