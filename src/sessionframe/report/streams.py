"""The standard streams go in; they can take any text afterwards. Loads no library, because every command begins with this."""

from __future__ import annotations

import io
import os
import re
import sys
from typing import IO, Final, Protocol

STEERING: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What can steer a terminal, or turn a text around: control characters but for tabs and ends of lines, and marks of direction."""
INSTEAD: Final = "\N{REPLACEMENT CHARACTER}"


class Sink(Protocol):
    """What bytes can be written to."""

    def write(self, part: bytes, /) -> object:
        """Write some bytes."""
        ...


def make_streams_safe() -> None:
    """No character of a path or a title may end the program, whatever the console's encoding.

    Data that is piped on is UTF-8 unless PYTHONIOENCODING says otherwise; on a console of another encoding, characters that it
    lacks are shown as escapes.
    """
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if not stream.isatty() and not os.environ.get("PYTHONIOENCODING"):
            stream.reconfigure(encoding="utf-8")
        stream.reconfigure(errors="backslashreplace")


def harmless_on(stream: IO[str], text: str) -> str:
    """Data as it is written to a stream: on a terminal without anything in it that could steer the terminal, elsewhere as it is."""
    return unsteering(text) if stream.isatty() else text


def unsteering(text: str) -> str:
    """A text of any number of lines without anything that could steer a terminal."""
    return STEERING.sub(INSTEAD, text)


class Unsteering:
    """Takes whole lines of UTF-8 for a terminal, and lets nothing through that could steer it."""

    def __init__(self, stream: Sink) -> None:
        self._stream = stream

    def write(self, lines: bytes, /) -> None:
        """Write some lines."""
        self._stream.write(unsteering(lines.decode("utf-8", "replace")).encode())
