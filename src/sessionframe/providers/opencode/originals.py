"""The place of a row goes in; the message that it was made of, and the message's parts, come out as they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sessionframe.formats.originals import Original, Place
from sessionframe.formats.problems import Problems
from sessionframe.formats.sqlite import Database, text, whole
from sessionframe.providers.opencode.locations import listed

OLD_TREE = Path("session", "message")
STORED = (
    ("session_message", "SELECT rowid, CAST(data AS BLOB) FROM session_message WHERE id = ?"),
    ("message", "SELECT rowid, CAST(data AS BLOB) FROM message WHERE id = ?"),
    ("part", "SELECT rowid, CAST(data AS BLOB) FROM part WHERE message_id = ? ORDER BY id"),
)
"""Table -> what holds a message, or its parts. The newer generation is the one that is read where both hold a message."""


def originals(place: Place) -> Iterator[Original]:
    """The records of a row: rows of a database, or files of a tree."""
    yield from of_tree(Path(place.source)) if place.source.endswith(".json") else of_database(place)


def of_database(place: Place) -> Iterator[Original]:
    """A message by its id, in either generation of tables, with its parts."""
    is_told = False
    messages = dict.fromkeys(each.partition(":")[0] for each in place.ids)  # a result adds the id of its call
    with Database(place.source, Problems(place.source)) as database:
        for table, query in STORED:
            for message_id in messages if database.columns(table) else ():
                for row, data in database.select(query, message_id):
                    line = whole(row)
                    this = table != "part" and line == place.line and not is_told
                    is_told = is_told or this
                    yield Original(place.source, line, text(data) or "", is_told=this)


def of_tree(message: Path) -> Iterator[Original]:
    """The file of a message, and those of its parts."""
    yield from of_small_file(message, is_told=True)
    folder = parts_of(message)
    for name in listed(folder):
        yield from of_small_file(folder / name, is_told=False)


def parts_of(message: Path) -> Path:
    """The folder of a message's parts, in the trees of both generations."""
    session = message.parent
    if session.parent.parts[-2:] == OLD_TREE.parts:
        return session.parent.parent / "part" / session.name / message.stem
    return session.parent.parent / "part" / message.stem


def of_small_file(path: Path, *, is_told: bool) -> Iterator[Original]:
    """A file as a record; nothing where it cannot be read."""
    try:
        yield Original(str(path), None, path.read_text("utf-8", errors="replace"), is_told)
    except OSError:
        return
