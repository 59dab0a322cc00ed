"""One line that the fast decoder refuses goes in; every record that is still in it comes out, and what was wrong is reported.

Seen in real logs: NUL bytes where a crash lost a block (up to 1 MB), a byte order mark, two records glued together, a record torn off
with the next one written behind it, lone surrogates (text cut in the middle of an emoji), bytes that are not UTF-8.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from sessionframe.formats.lenient import build
from sessionframe.formats.problems import Problems

T = TypeVar("T", bound=msgspec.Struct)

REFUSED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the fast decoder raises on content."""

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
BLANK: Final = b" \t\r\n\x0b\x0c"
# Group 1 is kept: pairs, and escaped backslashes, so that the text "\\ud83d" is not taken for an escape.
SURROGATES: Final = re.compile(rb"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
REPLACEMENT: Final = rb"\ufffd"

OPENING: Final = re.compile(r'\{[ \t]*"')
JUST_OPENED: Final = re.compile(r'\{[ \t]*"[ \t]*\Z')
FIRST_KEY: Final = re.compile(r'\{[ \t]*"[^"\\]{1,80}"')
SPACE: Final = re.compile(r"[ \t\r\n\x00]*")

MOST_TRIES: Final = 100
"""How often a line is tried again behind an error. A parser's error costs a pass over the line, and a real line has one or two."""

TOO_DEEP: Final = "nested too deeply"
NO_RECORD: Final = "no record at character {}"

LONGEST_INT: Final = 19
"""Digits of a whole number that is kept exactly. Python refuses to read more than 4300."""

NAMES: Final[dict[type, str]] = {list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}


def whole(digits: str) -> int | float:
    """A whole number of any length; beyond 64 bits, where no count and no time is, as a float."""
    return int(digits) if len(digits) <= LONGEST_INT else float(digits)


PARSER: Final = json.JSONDecoder(strict=False, parse_int=whole)
"""Takes NaN, infinities and raw control characters, which the fast decoder refuses."""
GRAMMAR: Final = msgspec.json.Decoder(msgspec.Raw)


class Pieces(NamedTuple):
    """What a line holds: its objects in order, and what is wrong with the rest, or nothing when there is no rest."""

    objects: list[Any]
    garbage: str | None


class Start(NamedTuple):
    """Where a record may start: the end of the line when nowhere."""

    at: int
    sure: bool
    opening: re.Pattern[str] = OPENING


def salvage(line: bytes, number: int | None, record_type: type[T], problems: Problems, *, ended: bool) -> Iterator[T]:
    """Read what can be read of a line that the fast decoder refused.

    Parameters
    ----------
    line
        The line without its line feed.
    number
        Its number, for the issues.
    record_type
        A Struct whose fields have defaults.
    problems
        Where issues go: `repaired` when the line was mended, `broken-line` when some of it is lost, `cut-off` instead when nothing
        ended the line, `not-a-record` when it is JSON but no object, and those of `lenient.build`.
    ended
        A line feed ends the line. Without one it is the last of a file that may still be written.
    """
    text, mended = cleaned(line)
    if not text:
        report_blank(line, mended, number, problems)
        return
    pieces = split(text, look_inside=ended)
    if pieces.garbage is not None:
        kept = f"; complete records kept: {len(pieces.objects)}" if pieces.objects else ""
        problems.add("broken-line" if ended else "cut-off", f"not JSON: {pieces.garbage}{kept}", number)
    elif len(pieces.objects) > 1:
        mended.append(f"{len(pieces.objects)} records on one line")
    elif not mended and not keeps_grammar(text):
        mended.append("NaN, infinities or control characters, which JSON does not allow")
    if mended and pieces.objects:
        problems.add("repaired", "; ".join(mended), number)
    yield from built(pieces.objects, number, record_type, problems)


def report_blank(line: bytes, mended: list[str], number: int | None, problems: Problems) -> None:
    """A blank line is nothing to report, unless NUL bytes or a byte order mark stood there."""
    if nuls := line.count(b"\x00"):
        problems.add("broken-line", f"{nuls} NUL bytes and nothing else: a write that a crash lost", number)
    elif mended:
        problems.add("repaired", "; ".join(mended), number)


def built(objects: list[Any], number: int | None, record_type: type[T], problems: Problems) -> Iterator[T]:
    """The records that JSON values stand for."""
    for piece in objects:
        if not isinstance(piece, dict):
            problems.add("not-a-record", f"{NAMES[type(piece)]} where a record should be", number)
            continue
        try:
            record = build(record_type, piece, problems, number)
        except RecursionError:
            problems.add("broken-line", TOO_DEEP, number)
        else:
            yield record


def cleaned(line: bytes) -> tuple[str, list[str]]:
    """The text of a line without what surrounds it and without what no library accepts, and what was done about that."""
    mended = []
    bare = line.strip(BLANK + b"\x00")
    if nuls := line.count(b"\x00") - bare.count(b"\x00"):
        mended.append(f"{nuls} NUL bytes around it dropped")
    if bare.startswith(BYTE_ORDER_MARK):
        mended.append("byte order mark dropped")
        bare = bare.removeprefix(BYTE_ORDER_MARK).lstrip(BLANK)
    paired = without_halves(bare)
    if paired != bare:
        mended.append("half characters (lone surrogates) replaced by U+FFFD")
    bare = paired
    try:
        return bare.decode(), mended
    except UnicodeDecodeError:
        return bare.decode(errors="replace"), [*mended, "bytes that are not UTF-8 replaced by U+FFFD"]


def without_halves(text: bytes) -> bytes:
    """JSON text in which every escape of half a character (a lone surrogate) is one of U+FFFD."""
    if b"\\ud" not in text and b"\\uD" not in text:
        return text
    return SURROGATES.sub(lambda match: match[1] or REPLACEMENT, text)


def keeps_grammar(text: str) -> bool:
    """Whether a text is JSON by the letter of its standard."""
    try:
        GRAMMAR.decode(text)
    except REFUSED:
        return False
    return True


def split(text: str, *, look_inside: bool) -> Pieces:
    """Take a line apart into the objects that are complete.

    An object counts when the line starts with it, when it follows another one, or when the parser stumbled right where it starts. One
    that is found behind garbage counts only when the line ends with it or another object follows: otherwise it is a part of a record.

    Parameters
    ----------
    text
        The line, without blanks around it.
    look_inside
        Also find a record behind one that was torn off right after a colon or a comma, which then looks like a part of it: an object
        that begins with the same key and ends where the line ends.
    """
    if not text.startswith("{"):
        if (other := other_value(text)) is not None:
            return other
        start, garbage = next_opening(text, 0), NO_RECORD.format(1)
    else:
        start, garbage = Start(0, sure=True), ""
    objects: list[Any] = []
    tries = MOST_TRIES
    while start.at < len(text) and tries:
        try:
            piece, end = PARSER.raw_decode(text, start.at)
        except json.JSONDecodeError as error:
            garbage = garbage or f"{error.msg} at character {error.pos + 1}"
            start = behind_error(text, start, error.pos, look_inside=look_inside)
            tries -= 1
            continue
        except RecursionError:
            return Pieces(objects, garbage or TOO_DEEP)
        end = skip_space(text, end)
        following = text[end : end + 1]
        if start.sure or following in {"", "{"}:
            objects.append(piece)
        else:
            tries -= 1
        if following not in {"", "{"}:
            garbage = garbage or NO_RECORD.format(end + 1)
        start = Start(end, sure=True) if following == "{" else next_opening(text, end, start.opening)
    return Pieces(objects, garbage or None)


def other_value(text: str) -> Pieces | None:
    """A line that is JSON from end to end."""
    try:
        value, end = PARSER.raw_decode(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return Pieces([value], None) if end == len(text) else None


def skip_space(text: str, at: int) -> int:
    """The first position that is no blank and no NUL."""
    match = SPACE.match(text, at)
    return match.end() if match else at


def behind_error(text: str, start: Start, stumbled: int, *, look_inside: bool) -> Start:
    """Where to go on after an error: each place lies behind the last, so that a line costs one pass and not one per brace.

    A record that was torn off inside a text swallows the opening ``{"`` of the next one: the parser then stumbles right behind that.
    """
    if text[stumbled : stumbled + 1] == "{" and stumbled > start.at:
        return Start(stumbled, sure=True)
    swallowed = JUST_OPENED.search(text, max(start.at + 1, stumbled - 8), stumbled)
    if swallowed is not None:
        return Start(swallowed.start(), sure=True)
    first_key = FIRST_KEY.match(text, start.at)
    if look_inside and stumbled >= len(text) and first_key is not None:
        return next_opening(text, start.at + 1, re.compile(re.escape(first_key[0])))
    return next_opening(text, max(start.at + 1, stumbled), start.opening)


def next_opening(text: str, at: int, opening: re.Pattern[str] = OPENING) -> Start:
    """The next place where an object opens."""
    match = opening.search(text, at)
    return Start(match.start() if match else len(text), sure=False, opening=opening)
