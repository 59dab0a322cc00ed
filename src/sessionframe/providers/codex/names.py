"""Small files beside the rollouts -> titles per thread, known before any rollout is parsed, and threads that left nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from sessionframe.formats.jsonl import records
from sessionframe.formats.problems import Problems
from sessionframe.providers.contract import Source

TITLE_RANK = {"named": 50, "first-prompt": 10}
"""A name that a person or the agent gave, or else the first prompt."""


class Named(msgspec.Struct, gc=False):
    """A line of `session_index.jsonl`."""

    id: str | None = None
    thread_name: str | None = None


class Typed(msgspec.Struct, gc=False):
    """A line of `history.jsonl`: a prompt that was typed."""

    session_id: str | None = None


class Names(NamedTuple):
    """What the small files say: titles per thread, and per history file how many of its threads have no rollout any more."""

    titles: dict[str, str]
    gone: dict[str, int]


def prepare(sources: Sequence[Source]) -> Names:
    """Read every small file once."""
    found = Names({}, {})
    kept = {source.session_id for source in sources}
    for source in sources:
        if source.kind == "index":
            read_index(source.path, found.titles)
        elif source.kind == "history":
            found.gone[source.path] = len(typed_threads(source.path) - kept)
    return found


def basis(source: Source, known: Names | None) -> object:
    """What the rows of a source can depend on: the title of its thread, or all where its name states none; the number of gone threads."""
    if known is None or source.kind == "index":
        return None
    if source.kind == "history":
        return known.gone.get(source.path)
    return known.titles.get(source.session_id) if source.session_id else known.titles


def read_index(path: str, titles: dict[str, str]) -> None:
    """Names of threads. The file only grows: the last line of a thread counts."""
    for _, entry in records(path, Named, Problems(path)):
        if entry.id and entry.thread_name and entry.thread_name.strip():
            titles[entry.id] = entry.thread_name


def typed_threads(path: str) -> set[str]:
    """The threads that somebody typed a prompt in."""
    return {entry.session_id for _, entry in records(path, Typed, Problems(path)) if entry.session_id}
