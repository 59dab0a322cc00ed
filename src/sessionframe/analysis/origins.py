"""A frame and one of its rows go in; the records of the log that the row was made of come out."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from sessionframe.analysis._doors import helper, opened
from sessionframe.engine.registry import selected
from sessionframe.errors import OptionError, RecordNotFoundError
from sessionframe.formats.originals import Original, Place

NEEDED = ("agent", "source", "line")
IDS = ("message_id", "request_id")


@helper
def provenance(frame: Any, row: int = 0) -> Any:
    """Show the records of the log behind a row, as they stand in the file.

    This is the text of a conversation, whatever the frame was made without. The file is read anew.

    Parameters
    ----------
    frame
        `usage`, `messages`, `tool_calls`, or a frame of one of them in any engine that narwhals knows, filtered or sorted. A lazy frame is
        collected.
    row
        Position of the row in the frame, from 0; negative ones count from the end.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per record, in the order of the file.

        ``source``: the file. ``line``: line number, position in the list of a document, or row id; null for a file that is one record.
        ``role``: ``told`` is the record that the row names, ``beside`` another that tells of the same request or message: a repeated
        state of it, a part of it, its result.
        ``record``: its text.

    Raises
    ------
    ColumnError
        The frame lacks a needed column.
    OptionError
        It has no such row, or the agent of the row is not known.
    RecordNotFoundError
        The file is gone, or does not hold the record any more.

    Notes
    -----
    Records of other files that repeat a request (a resumed or forked session) are not shown; `verify` counts them.

    Examples
    --------
    >>> import sessionframe as sf
    >>> usage = sf.scan("claude-code", home=sf.testing.demo_home()).usage.to_frame("polars")
    >>> usage.sf.provenance(0).select("line", "role").rows()
    [(5, 'told')]
    """
    rows = opened(frame, NEEDED, needed_by="provenance", whole=True)
    if not -len(rows) <= row < len(rows):
        raise OptionError(f"row={row!r} is no position in a frame of {len(rows):,} rows.")
    chosen = rows[[row % len(rows)]]
    told = {name: plain(chosen[name].to_list()[0]) for name in (*NEEDED, *IDS) if name in rows.columns}
    found = originals(told)
    columns: dict[str, Any] = {
        "source": ([each.source for each in found], nw.String()),
        "line": ([each.line for each in found], nw.Int64()),
        "role": (["told" if each.is_told else "beside" for each in found], nw.String()),
        "record": ([each.text for each in found], nw.String()),
    }
    made = {name: nw.new_series(name, values, dtype, backend=rows.implementation) for name, (values, dtype) in columns.items()}
    native = nw.from_dict(made, backend=rows.implementation).to_native()
    return native.astype({"line": "Int64"}) if rows.implementation.is_pandas() else native


def plain(value: Any) -> Any:
    """A value, or nothing for what an engine calls missing."""
    return value if isinstance(value, str | int) else None


def originals(told: dict[str, Any]) -> list[Original]:
    """The records behind a row."""
    agent, source = told["agent"], told["source"]
    if agent is None or source is None:
        raise OptionError("the row does not say which agent wrote it, or where. Give a row with `agent` and `source`.")
    place = Place(source, told["line"], tuple(told[name] for name in IDS if told.get(name)))
    found = list(selected((agent,))[0].originals(place))
    if not any(each.is_told for each in found):
        where = f"{source}, line {place.line}" if place.line is not None else source
        raise RecordNotFoundError(where)
    return found
