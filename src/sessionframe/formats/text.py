"""Text from a log -> text that every library accepts, and JSON text that is kept undecoded."""

from __future__ import annotations

import msgspec
import xxhash

ABSENT = msgspec.Raw()
"""Default of a field whose JSON text is kept undecoded: msgspec knows no "raw or nothing"."""
NULL = b"null"


def is_present(raw: msgspec.Raw) -> bool:
    """Whether a record has a field that is kept as JSON text, and it is not null."""
    if raw is ABSENT:  # most often; asking its bytes takes longer
        return False
    text = memoryview(raw)
    return text.nbytes > len(NULL) or bytes(text) not in (b"", NULL)


def raw_text(raw: msgspec.Raw) -> str:
    """The JSON text of an undecoded value."""
    return str(memoryview(raw), "utf-8", "replace")


def stand_in(text: str) -> str:
    """A short stand-in for a text, for keys that tell records apart by what they say: XXH3 of 64 bits."""
    return xxhash.xxh3_64_hexdigest(text.encode())


def clean(text: str) -> str:
    r"""Text without lone surrogates, each replaced by U+FFFD; pairs written as two escapes become their character.

    Evidence: 21 of 899 real transcripts hold a lone ``\ud83d``; polars, pyarrow and pandas raise UnicodeEncodeError on it.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
