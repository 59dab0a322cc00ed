"""Which user messages are prompts that a person gave: the "user" of a recording is also the program itself."""

from __future__ import annotations

from sessionframe.dialects.google import Content, Part, opening_text, parts

INJECTED = ("/", "?", "<session_context>", "<hook_context>")
"""How text begins that is no prompt: commands to the program, and context that the program adds. The program itself uses this list to
find a session's first prompt."""
REFERENCED = "--- Content from referenced files ---"
"""Before the contents of the files that a prompt refers to with @; they are parts of the same message."""
SUMMARIES = ("<state_snapshot>", "<scratchpad>")
"""How the summary begins that takes the place of the history: the prompt for it asks for these tags."""


def begins_like(text: str | None, marks: tuple[str, ...]) -> bool:
    """Whether a text begins with one of some marks, after white space."""
    return text is not None and text.lstrip().startswith(marks)


def is_summary(content: Content) -> bool:
    """Whether a user message is the summary that a compaction left in place of the history."""
    return begins_like(opening_text(content), SUMMARIES)


def is_prompt(content: Content) -> bool:
    """Whether a user message holds a prompt: neither tool results nor text that the program put in the user's place."""
    listed = parts(content)
    if any(part.functionResponse is not None for part in listed) or not listed:
        return False
    opening = opening_text(content)
    return opening is None or not begins_like(opening, (*INJECTED, *SUMMARIES))


def typed_parts(listed: list[Part]) -> int:
    """How many parts of a prompt were given by the person; the rest are files that it refers to."""
    for number, part in enumerate(listed):
        if begins_like(part.text, (REFERENCED,)):
            return number
    return len(listed)
