"""Text from a log -> text that every library accepts."""

from __future__ import annotations


def clean(text: str) -> str:
    r"""Text without lone surrogates, each replaced by U+FFFD; pairs written as two escapes become their character.

    Evidence: 21 of 899 real transcripts hold a lone ``\ud83d``; polars, pyarrow and pandas raise UnicodeEncodeError on it.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
