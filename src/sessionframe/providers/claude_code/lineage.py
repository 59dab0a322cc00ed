"""The lines of one transcript -> evidence of whether its beginning was copied from another one."""

from __future__ import annotations

from sessionframe.formats.clock import instant
from sessionframe.providers.claude_code.records import Envelope
from sessionframe.providers.contract import Lineage, Source

LIVE_MARKS = frozenset({"last-prompt", "queue-operation"})
"""Records that are written while a session runs and never copied. Evidence: originals of seven real forks had 13 to 62
of them between the shared records, copies none."""
CHAIN = frozenset({"user", "assistant", "system", "attachment", "progress"})
LATE_US = 60_000_000
"""In a copy the first queue operation comes minutes to hours after the first record, in an original within 2 s [us]."""
MAIN_KINDS = frozenset({"main"})


class Trace:
    """Watches the lines of a source for what gives a copy away."""

    def __init__(self, source: Source) -> None:
        self._side = source.kind not in MAIN_KINDS
        self._copied = False
        self._first_chain: int | None = None
        self._first_queued: int | None = None
        self._marks: list[int] = []

    def see(self, record: Envelope, line: int) -> None:
        """Take the next line."""
        if record.type in CHAIN:
            if self._first_chain is None:
                self._first_chain = instant(record.timestamp)
            if not self._copied:
                self._copied = says_copied(record)
        elif record.type in LIVE_MARKS:
            self._marks.append(line)
            if record.type == "queue-operation" and self._first_queued is None:
                self._first_queued = instant(record.timestamp)

    @property
    def state(self) -> tuple[bool, int | None, int | None, list[int]]:
        """What must be known to go on."""
        return self._copied, self._first_chain, self._first_queued, self._marks

    def go_on(self, state: tuple[bool, int | None, int | None, list[int]]) -> None:
        """Be as it was when it gave this state."""
        self._copied, self._first_chain, self._first_queued, self._marks = state

    def lineage(self) -> Lineage:
        """Whether the transcript says or shows that its beginning was copied."""
        queued, chain = self._first_queued, self._first_chain
        late = queued is not None and chain is not None and queued - chain > LATE_US
        return Lineage(says_copied=self._copied, copied_at=queued if late else None, marks=tuple(self._marks), side=self._side)


def says_copied(record: Envelope) -> bool:
    """A line names the record it was forked from, or the session that wrote it first."""
    if record.forkedFrom is not None:
        return True
    return record.session_id is not None and record.sessionId is not None and record.session_id != record.sessionId
