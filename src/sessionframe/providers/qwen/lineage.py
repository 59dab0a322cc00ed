"""Which of two logs that share records is the original: evidence from one file, read only when records are shared."""

from __future__ import annotations

import msgspec

from sessionframe.formats.jsonl import records
from sessionframe.formats.problems import Problems
from sessionframe.providers.contract import Lineage, Source
from sessionframe.providers.qwen.records import ForkedFrom


class Trace(msgspec.Struct, gc=False):
    """The field that gives a copy away."""

    forkedFrom: ForkedFrom | None = None


def lineage(source: Source) -> Lineage:
    """A branch says so on every record that it copied: the session and the record it comes from (the program's source)."""
    if source.kind in {"ledger", "finished"}:
        return Lineage()
    copied = any(trace.forkedFrom is not None for _, trace in records(source.path, Trace, Problems(source.path), b'"forkedFrom"'))
    return Lineage(says_copied=copied, side=source.kind == "subagent")
