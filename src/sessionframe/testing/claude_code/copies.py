"""Sessions that begin with a copy of another one: kept records go in, the copied beginning of a new transcript comes out."""

from __future__ import annotations

from dataclasses import dataclass

from sessionframe.testing.claude_code.transcript import Record, Transcript

CHAIN = frozenset({"user", "assistant", "system", "attachment"})
"""Records of the conversation; only these are copied."""
SYNTHETIC = "<synthetic>"
"""The model name of notices that the CLI writes in the model's place."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A session that others can be copies of.

    Attributes
    ----------
    records
        Its records up to the end of the last turn but one, and all of them.
    session_id, cwd, branch, title, model
        What its records say.
    ended_ms, context
        When it ended, and how long the conversation had become.
    """

    records: tuple[Record, ...]
    all_records: tuple[Record, ...]
    session_id: str
    cwd: str
    branch: str
    title: str
    model: str
    ended_ms: int
    context: int

    @property
    def leaf(self) -> str:
        """Id of the last record of the conversation that a fork copies."""
        return next(str(record["uuid"]) for record in reversed(self.records) if record["type"] in CHAIN)


def fork(kept: Kept, transcript: Transcript) -> int:
    """A fork of the desktop program: ids and times stay, session, folder and branch are those of the copy.

    Nothing in a copied record tells that it is one. What tells is around them: the original has `last-prompt` lines between
    them, and the first clock of the copy is hours later.
    """
    setting = transcript.setting
    return copy(kept.records, transcript, sessionId=setting.session_id, cwd=setting.cwd, gitBranch=setting.branch)


def resume(kept: Kept, transcript: Transcript) -> int:
    """A resumed session in a file of its own: the copied lines name the session that first wrote them as `session_id`."""
    return copy(kept.all_records, transcript, sessionId=transcript.setting.session_id, session_id=kept.session_id)


def copy(records: tuple[Record, ...], transcript: Transcript, **rewritten: str) -> int:
    """Write the copied records; returns how many requests they repeat."""
    messages: set[str] = set()
    for record in records:
        if record["type"] not in CHAIN:
            continue
        transcript.add({**record, **rewritten})
        transcript.parent = record["uuid"]
        if record["type"] == "assistant" and record["message"]["model"] != SYNTHETIC:
            messages.add(record["message"]["id"])
    return len(messages)
