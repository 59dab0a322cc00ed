"""The rows of a source go in; where its path is no text, because names of files are bytes, they come out as every library accepts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

import msgspec

from sessionframe.formats.text import clean
from sessionframe.providers.contract import Context, ParsedRow, Source, Unkept, Want

Parse: TypeAlias = Callable[[Source, Want, Context], Iterator[ParsedRow]]


def rows_of(
    parse: Callable[[Source, Want, Context], Iterator[ParsedRow]], source: Source, want: Want, context: Context
) -> Iterator[ParsedRow]:
    """What a provider makes of a source.

    A path that is not UTF-8 reaches Python with lone surrogates, by which the file is opened and which polars, Arrow and pydantic
    refuse. In the rows each is U+FFFD, like those in logs; such a source is not kept, because its path no longer tells it from others,
    and what a provider would note in order to go on, which its path may be part of, could not be encoded.
    """
    if source.path.isascii() or clean(source.path) is source.path:
        return parse(source, want, context)
    return scrubbed(parse(source, want, replace(context, keeps=False)))


def scrubbed(rows: Iterable[ParsedRow]) -> Iterator[ParsedRow]:
    """Rows whose texts can all be encoded: the path is in the source, and often in the names of session and project."""
    for row in rows:
        if isinstance(row, msgspec.Struct):
            for name in row.__struct_fields__:
                value = getattr(row, name)
                if isinstance(value, str):
                    setattr(row, name, clean(value))
        yield row
    yield Unkept()
