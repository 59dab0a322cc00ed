"""What the rows of a source were made of -> short digests that change when it does: code, file, what was prepared, folders."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import xxhash

from sessionframe.formats.files import stat_of
from sessionframe.machine import Machine
from sessionframe.providers.contract import Provider, Source

PACKAGE = "sessionframe"
READERS = f"{PACKAGE}.providers."
PRICES = "genai_prices"
READING_ROOMS = ("schema", "formats", "dialects", "providers")
"""The rooms whose code decides what is read from a log."""
YOUNG_NS = 2_000_000_000
"""A file that was written this shortly before it was looked at can be written again without getting another time: clocks of file systems
tick in steps of up to 2 s [ns]."""


class Stamp(NamedTuple):
    """What a source looks like from outside.

    Attributes
    ----------
    file
        Digest of the size and time of its file.
    beside
        Digest of what belongs to it: its companions, and what was found out when it was discovered.
    is_sure
        That is enough to know the file again.
    is_beside_sure
        That is enough to know the companions again.
    """

    file: bytes
    beside: bytes
    is_sure: bool
    is_beside_sure: bool


def stamp_of(source: Source, now_ns: int) -> Stamp | None:
    """The sizes and times of a source and its companions; nothing when its file cannot be asked."""
    if source.size is None or source.mtime_ns is None:
        return None
    companions = [stat_of(path) for path in source.companions]
    facts = sorted(source.facts.items()) if source.facts else ()
    beside = digest_of((source.kind, source.session_id, source.root_session_id, companions, facts))
    old = now_ns - YOUNG_NS
    return Stamp(
        digest_of((source.size, source.mtime_ns)),
        beside,
        source.mtime_ns < old,
        all(each is None or each[1] < old for each in companions),
    )


def digest_of(value: Any) -> bytes:
    """A short stand-in for plain values, the same in every process."""
    digest: bytes = xxhash.xxh3_128_digest(repr(value).encode("utf-8", "surrogatepass"))
    return digest


def code_of(provider: Provider) -> bytes | None:
    """What reads: the provider's version and its code; nothing for providers that are not kept.

    Those are objects of the session API, which have no version, and what exists only in this process.
    """
    module = getattr(provider.parse, "__module__", None) or "__main__"
    if module.startswith(f"{PACKAGE}.") and not module.startswith(READERS):
        return None
    if module.startswith(READERS):
        code: Any = reading_code()
    else:
        path = getattr(sys.modules.get(module), "__file__", None)
        code = (reading_code(), stat_of(path)) if path else None
    return None if code is None or module == "__main__" else digest_of((provider.version, code))


@cache
def reading_code() -> tuple[Any, ...]:
    """The files of the rooms that read, so that no row outlives the code that made it."""
    here = Path(__file__).parents[2]
    return sys.version_info[:2], *code([str(here / room) for room in READING_ROOMS])


@cache
def everything() -> tuple[Any, ...]:
    """All our files and those of the price list, so that no report outlives what made it."""
    prices = importlib.util.find_spec(PRICES)
    return sys.version_info[:2], *code([str(Path(__file__).parents[2]), *((prices and prices.submodule_search_locations) or ())])


def code(folders: Sequence[str]) -> Iterator[tuple[str, tuple[int, int] | None]]:
    """Size and time of every file of Python below some folders."""
    files = [os.path.join(inside, name) for folder in folders for inside, _, names in os.walk(folder) for name in names]  # noqa: PTH118
    return ((path, stat_of(path)) for path in sorted(files) if path.endswith(".py"))


def is_as_it_was(folds: dict[str, str], machine: Machine) -> bool:
    """Whether the folders of a source still belong to the same repositories."""
    return all(machine.repositories.root(folder) == root for folder, root in folds.items())
