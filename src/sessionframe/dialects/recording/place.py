"""Where a recording belongs, and how its ids tell copies: small things that all its rows need."""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

from sessionframe.formats.text import stand_in
from sessionframe.schema import SessionKind, TableName

UNIQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
"""The form of the ids that are unique everywhere. Messages that the program makes up itself have ids of another form."""


class Place(NamedTuple):
    """The conversation or sub-agent thread that a recording is."""

    session_id: str
    root_session_id: str
    kind: SessionKind
    project: str | None
    repo_root: str | None
    source: str


class Wanted(Protocol):
    """What the caller needs."""

    @property
    def tables(self) -> frozenset[TableName]:
        """Tables to fill."""

    @property
    def content(self) -> bool:
        """Text is asked for."""

    @property
    def only_usage(self) -> bool:
        """Nothing but model requests is wanted."""

    @property
    def statements(self) -> bool:
        """What became of each record with tokens is asked for."""


def global_key(message_id: str | None, text: str | None, place: Place) -> str:
    """Equal for copies of one message in different files, and for no other two messages.

    A resumed session is copied into a new file with the ids of its messages; one real resume had every message in three files. Ids
    that the program makes up may repeat, so such a message is known by its session and what it says.
    """
    if message_id is not None and UNIQUE.fullmatch(message_id):
        return message_id
    return f"{place.session_id}:{stand_in(text or message_id or '')}"
