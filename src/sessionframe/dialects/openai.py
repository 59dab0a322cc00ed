"""Items of the OpenAI Responses shape -> their text, the command they run, the patch they apply, how a command ended."""

from __future__ import annotations

import json
import re
from typing import Annotated, NamedTuple, TypeAlias

import msgspec

from sessionframe.formats.lenient import build
from sessionframe.formats.problems import Problems
from sessionframe.formats.text import is_present, raw_text
from sessionframe.schema import MessageKind


class ContentPart(msgspec.Struct, gc=False):
    """One part of a message, of a tool's output or of a reasoning summary; images have no text."""

    type: str | None = None
    text: str | None = None


Parts: TypeAlias = str | list[ContentPart] | None

CALLS = frozenset({"function_call", "custom_tool_call", "local_shell_call", "web_search_call", "tool_search_call", "image_generation_call"})
OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output", "local_shell_call_output", "tool_search_output"})
KIND_OF_ITEM: dict[str, MessageKind] = {
    "message": "chat",
    "reasoning": "thinking",
    **dict.fromkeys(CALLS, "tool-use"),
    **dict.fromkeys(OUTPUTS, "tool-result"),
}

parts_decoder = msgspec.json.Decoder(Parts)
text_decoder = msgspec.json.Decoder(str)


def content_parts(raw: msgspec.Raw) -> list[ContentPart]:
    """The parts of a message's content; plain text counts as one part, what does not fit as one without text."""
    if not is_present(raw):
        return []
    try:
        parts = parts_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        parts = fitting_parts(raw)
    if parts is None:
        return []
    return [ContentPart("text", parts)] if isinstance(parts, str) else parts


class Held(msgspec.Struct, gc=False):
    """Parts as the value of a record, which may be filled leniently."""

    parts: Parts = None


def fitting_parts(raw: msgspec.Raw) -> Parts:
    """What fits of parts of which something does not: an odd type of one field does not cost the text of another."""
    try:
        value = json.loads(raw_text(raw))
    except (ValueError, RecursionError):
        return [ContentPart()]
    return build(Held, {"parts": value}, Problems(""), None).parts or [ContentPart()]


def joined_text(raw: msgspec.Raw, between: str = "\n") -> str | None:
    """The texts of a content, a summary or an output, one below the other; null when it has none."""
    return texts_of(content_parts(raw), between)


def texts_of(parts: Parts, between: str = "\n") -> str | None:
    """The texts of parts that are decoded already."""
    if parts is None or isinstance(parts, str):
        return parts
    texts = [part.text for part in parts if part.text is not None]
    return between.join(texts) if texts else None


def reasoning_text(summary: msgspec.Raw, content: msgspec.Raw) -> str | None:
    """What a reasoning item shows: its summary, or the reasoning itself where open models give it; often nothing but cipher text."""
    return joined_text(summary, "\n\n") or joined_text(content, "\n\n")


def plain_text(raw: msgspec.Raw) -> str | None:
    """A value that is a text, else its JSON text: arguments are JSON inside a text, sometimes an object."""
    if not is_present(raw):
        return None
    try:
        return text_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return raw_text(raw)


ExitCode: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**32)] | None
"""How a command ended; Windows counts without a sign. Anything larger is none, and no column could hold it."""


class Wrapped(msgspec.Struct, gc=False):
    """An output that is JSON inside a text."""

    output: str | None = None
    metadata: WrappedFacts | None = None


class WrappedFacts(msgspec.Struct, gc=False):
    """What the program notes beside such an output."""

    exit_code: ExitCode = None
    duration_seconds: float | None = None


wrapped_decoder = msgspec.json.Decoder(Wrapped)


class Ending(NamedTuple):
    """How a command ended, as far as the text tells that the model saw."""

    exit_code: ExitCode = None
    seconds: float | None = None
    interrupted: bool = False
    running: bool = False


HEAD_CHARACTERS = 600
EXIT = re.compile(r"^(?:Process exited with code|Exit code:) (-?\d{1,9})\s*$", re.MULTILINE)
WALL = re.compile(r"^Wall time: (\d{1,9}(?:\.\d{1,9})?) seconds?\s*$", re.MULTILINE)
ABORTED = re.compile(r"^aborted by user(?: after (\d{1,9}(?:\.\d{1,9})?)s)?", re.MULTILINE)
RUNNING = re.compile(r"^Process running with session ID ", re.MULTILINE)
BODY = "\nOutput:\n"


def ending(text: str | None) -> Ending:
    """Read how a command ended from the head of its output.

    Three shapes, by version: JSON with `metadata`, a head of `Exit code:` and `Wall time:`, a head of `Wall time:` and `Process exited
    with code`. A patch that a shell command applies has a head within the head. What the command itself printed is never looked at.
    """
    if not text:
        return Ending()
    if text.startswith('{"'):
        facts = wrapped_facts(text)
        return Ending(facts.exit_code, facts.duration_seconds)
    head = text[:HEAD_CHARACTERS]
    first, _, rest = head.partition(BODY)
    inner = rest.partition(BODY)[0] if rest.startswith("Exit code:") and BODY in rest else ""
    code, wall = EXIT.search(first) or EXIT.search(inner), WALL.search(first)
    aborted = ABORTED.search(first) if first.startswith(("aborted by user", "Wall time:")) else None
    seconds = aborted[1] if aborted and aborted[1] else wall[1] if wall else None
    return Ending(
        int(code[1]) if code else None,
        float(seconds) if seconds else None,
        interrupted=aborted is not None,
        running=RUNNING.search(first) is not None,
    )


def wrapped_facts(text: str) -> WrappedFacts:
    """The `metadata` of an output that is JSON inside a text."""
    try:
        return wrapped_decoder.decode(text).metadata or WrappedFacts()
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return WrappedFacts()


SHELLS = frozenset({"bash", "sh", "zsh", "dash", "pwsh", "powershell", "powershell.exe", "cmd", "cmd.exe"})
SCRIPT_FLAGS = frozenset({"-lc", "-c", "-command", "-Command", "/c", "/C"})


def shell_script(command: list[str]) -> str:
    """The script in a command given as words: `bash -lc <script>`, or the words themselves."""
    shell = command[0].replace("\\", "/").rsplit("/", 1)[-1] if command else ""
    if len(command) > 2 and shell in SHELLS and command[1] in SCRIPT_FLAGS:
        return command[2]
    return " ".join(command)


def called_command(arguments: str | None) -> str | None:
    """The shell command among a tool's arguments: `cmd`, or `command` as a text or as words."""
    try:
        given = json.loads(arguments or "null")
    except (ValueError, RecursionError):
        return None
    command = given.get("cmd", given.get("command")) if isinstance(given, dict) else None
    if isinstance(command, list) and all(isinstance(word, str) for word in command):
        return shell_script(command)
    return command if isinstance(command, str) else None


class Patch(NamedTuple):
    """What a patch changes: its first file, and lines added and removed where the text tells all of them."""

    path: str | None
    added: int | None
    removed: int | None


PATCH_BEGINS = "*** Begin Patch"
PATCHED_FILE = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+?)\s*$")


def patch_of(text: str | None) -> Patch | None:
    """Read a patch in the form of `apply_patch`; nothing when the text holds none. A deleted file tells no lines."""
    if text is None or (start := text.find(PATCH_BEGINS)) < 0:
        return None
    path, added, removed, whole = None, 0, 0, True
    for line in text[start:].split("\n"):
        if line.startswith("*** End Patch"):
            break
        if match := PATCHED_FILE.match(line):
            path = path or match[2]
            whole = whole and match[1] != "Delete"
        added += line.startswith("+")
        removed += line.startswith("-")
    return Patch(path, added, removed if whole else None)


def diff_lines(diff: str) -> tuple[int, int]:
    """Lines that a unified diff adds and removes, without the names of its files."""
    added = removed = 0
    for line in diff.split("\n"):
        added += line.startswith("+") and not line.startswith("+++ ")
        removed += line.startswith("-") and not line.startswith("--- ")
    return added, removed


def text_lines(text: str) -> int:
    """Lines of a whole file."""
    return text.count("\n") + (not text.endswith("\n")) if text else 0
