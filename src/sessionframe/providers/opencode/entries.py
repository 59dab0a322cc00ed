"""A message as it is handed from the stores, which differ, to those who make rows of it, who do not care."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sessionframe.providers.opencode.records import LightMessage, Part, Step


class Numbered(NamedTuple):
    """A part with its id; a part that could not be read keeps its place."""

    id: str
    part: Part | Step


class Entry(NamedTuple):
    """One message with its parts in order.

    Attributes
    ----------
    id
        Its own id.
    counted_as
        The id by which it is counted: that of its original, for what a fork copied.
    is_copied
        A fork copied it.
    layout
        Where it was read: `sessions.V2` to `sessions.G1`.
    source, line
        The file, and the row id in a database.
    message, parts
        What it says. With usage alone only the parts that end a step.
    raw
        Its JSON text, when asked for.
    """

    id: str
    counted_as: str
    is_copied: bool
    layout: int
    source: str
    line: int | None
    message: LightMessage
    parts: Sequence[Numbered]
    raw: str | None = None
