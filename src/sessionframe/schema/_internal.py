"""Rows that never reach a user: facts found in one source that belong to a session of another."""

from typing import Annotated

from sessionframe.schema import _shared as shared
from sessionframe.schema._column import About


class TitleRow(shared.Row, kw_only=True, gc=False):
    """A title for the session that holds a certain record, wherever that record is."""

    agent: shared.Agent = None
    host: shared.Host = None
    record_id: Annotated[str, About("id of a record of the session the title belongs to")]
    title: Annotated[str, About("the title")]
    title_rank: Annotated[int, About("how good the title is: the highest wins")]
    source: shared.SourcePath
    line: shared.Line = None
