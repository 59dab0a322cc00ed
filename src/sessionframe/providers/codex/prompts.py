"""Which user messages are prompts that a person gave: Codex itself writes instructions and notices in the user's name."""

from __future__ import annotations

from typing import NamedTuple

import xxhash

from sessionframe.providers.codex.records import Passthrough
from sessionframe.providers.codex.thread import Parentage

INJECTED = (
    "<environment_context>",
    "# AGENTS.md instructions",
    "<INSTRUCTIONS>",
    "<user_instructions>",
    "<turn_aborted>",
    "<subagent_notification>",
    "<user_action>",
    "<user_shell_command>",
    "<skill>",
    "Another language model started",
)
"""How texts begin that the program puts in the user's mouth."""

USER_TEXT = "user."
PERSONAL = frozenset({"main", "fork", "review"})
"""Kinds of threads that a person talks to; a sub-agent's first message is its parent's order."""


class Said(NamedTuple):
    """What must be known of a text to tell whether an event is about it. Not the text itself: this may be kept, and texts never are."""

    mark: bytes | None
    looks_injected: bool

    @classmethod
    def of(cls, text: str | None) -> Said:
        """What is known of a text."""
        return cls(marked(text), looks_injected(text))


def marked(text: str | None) -> bytes | None:
    """A stand-in for a text, equal for equal ones."""
    return None if text is None else xxhash.xxh3_128_digest(text.encode("utf-8", "surrogatepass"))


def provenance(noted: Passthrough | None, part: int) -> bool | None:
    """What newer versions note of who wrote a part: a person (`user`) or the program (`harness`, `skills`, ...). Null: they do not say."""
    if noted is None:
        return None
    known = noted.content_item_metadata
    if known is not None and part < len(known) and (entry := known[part]) is not None and entry.provenance is not None:
        return entry.provenance.type == "user"
    kinds = noted.content_item_kinds
    return kinds[part].startswith(USER_TEXT) if kinds is not None and part < len(kinds) else None


def looks_injected(text: str | None) -> bool:
    """Whether a text begins like one of the program's own."""
    return text is None or text.lstrip().startswith(INJECTED)


def is_personal(parentage: Parentage) -> bool:
    """Whether a person talks to the thread."""
    return parentage.kind in PERSONAL


def is_echoed(said: Said, event: bytes | None) -> bool:
    """Whether a `user_message` event is about a message.

    A prompt has one right behind it, with the same text, in all versions from 0.36 to 0.145. Where the program has put something
    around the text, it must at least not look injected.
    """
    return said.mark is not None and event is not None and (said.mark == event or not said.looks_injected)
