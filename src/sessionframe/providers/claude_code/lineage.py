"""Which of two transcripts that share records is the original: evidence from one file, read only when records are shared."""

from __future__ import annotations

import msgspec

from sessionframe.formats.clock import instant
from sessionframe.formats.jsonl import records
from sessionframe.formats.problems import Problems
from sessionframe.providers.claude_code.records import ForkedFrom, Stamp
from sessionframe.providers.contract import Lineage, Source

LIVE_MARKS = frozenset({"last-prompt", "queue-operation"})
"""Records that are written while a session runs and never copied. Evidence: originals of seven real forks had 13 to 62
of them between the shared records, copies none."""
CHAIN = frozenset({"user", "assistant", "system", "attachment", "progress"})
LATE_US = 60_000_000
"""In a copy the first queue operation comes minutes to hours after the first record, in an original within 2 s [us]."""
MAIN_KINDS = frozenset({"main"})


class Trace(msgspec.Struct, gc=False):
    """The few fields that give a copy away."""

    type: str | None = None
    sessionId: str | None = None
    session_id: str | None = None
    timestamp: Stamp = None
    forkedFrom: ForkedFrom | None = None


def lineage(source: Source) -> Lineage:
    """Whether a transcript says or shows that its beginning was copied from another one."""
    copied = False
    first_chain: int | None = None
    first_queued: int | None = None
    marks: list[int] = []
    for line, trace in records(source.path, Trace, Problems(source.path)):
        if trace.type in LIVE_MARKS:
            marks.append(line)
        if trace.type == "queue-operation" and first_queued is None:
            first_queued = instant(trace.timestamp)
        elif trace.type in CHAIN:
            copied = copied or says_copied(trace)
            first_chain = first_chain if first_chain is not None else instant(trace.timestamp)
    late = first_queued is not None and first_chain is not None and first_queued - first_chain > LATE_US
    return Lineage(
        says_copied=copied,
        copied_at=first_queued if late else None,
        marks=tuple(marks),
        side=source.kind not in MAIN_KINDS,
    )


def says_copied(trace: Trace) -> bool:
    """A line names the record it was forked from, or the session that wrote it first."""
    if trace.forkedFrom is not None:
        return True
    return trace.session_id is not None and trace.sessionId is not None and trace.session_id != trace.sessionId
