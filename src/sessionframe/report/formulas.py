"""Texts go in, texts that no spreadsheet takes for a formula come out.

Whoever names a branch or a title can write ``=HYPERLINK(...)`` into it, and a spreadsheet that opens the CSV file runs it. The rule is
OWASP's (https://owasp.org/www-community/attacks/CSV_Injection): an apostrophe goes before a text that begins with such a character. It
also goes before a text that begins with an apostrophe, so that taking one away from each text that begins with one gives back what was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


BEGINNINGS = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001 - spreadsheets take the wide forms for the narrow ones
APOSTROPHE = "'"
ESCAPED = tuple(BEGINNINGS + APOSTROPHE)


def harmless(text: str) -> str:
    """A text that a spreadsheet shows as it is."""
    return APOSTROPHE + text if text.startswith(ESCAPED) else text


def harmless_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame whose texts a spreadsheet shows as they are; numbers stay numbers, also negative ones."""
    import polars as pl  # a report on the command line needs none

    texts = (pl.String, pl.Enum, pl.Categorical)

    def made(name: str) -> pl.Expr:
        text = pl.col(name).cast(pl.String)
        risky = text.str.slice(0, 1).is_in(list(ESCAPED))
        return pl.when(risky).then(pl.concat_str(pl.lit(APOSTROPHE), text)).otherwise(text).alias(name)

    return frame.with_columns(made(name) for name, dtype in frame.schema.items() if isinstance(dtype, texts))
