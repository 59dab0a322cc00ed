"""The standard streams go in; they can take any text afterwards. Loads no library, because every command begins with this."""

from __future__ import annotations

import io
import os
import sys


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
