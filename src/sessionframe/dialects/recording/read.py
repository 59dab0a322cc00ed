"""One file with a recording in, its rows out: a whole JSON document, or a log of changes in JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias, overload

from sessionframe.dialects.recording.conversation import Conversation, Locate, Row, is_real
from sessionframe.dialects.recording.place import Wanted
from sessionframe.dialects.recording.records import Document, Head, LightDocument, LightLine, LightMessage, Line, Message
from sessionframe.dialects.recording.usage import Measure, Requests, Vendor
from sessionframe.formats.document import Elements, RawElements
from sessionframe.formats.jsonl import records
from sessionframe.formats.problems import Problems
from sessionframe.formats.rawlines import RawLines
from sessionframe.formats.statements import Statements
from sessionframe.schema import IssueRow, StatementRow, UsageRow

AnyLine: TypeAlias = Line | LightLine
CONTEXT_MESSAGES = 3
"""How far from the beginning the start-up context may stand."""


def recording(
    path: str, want: Wanted, locate: Locate, measure: Measure, vendor: Vendor, *, raw: bool = False
) -> Iterator[Row | UsageRow | StatementRow | IssueRow]:
    """The rows of a recording. Nothing in it raises; what cannot be read becomes `issues` rows.

    Parameters
    ----------
    path
        The file; a name that ends in ``.json`` is a document.
    want
        What to fill. For usage alone only heads and token counts are decoded.
    locate, measure, vendor
        What differs between agents: where a recording belongs, how its counts become columns, who sells the model.
    raw
        Each record's own JSON text is asked for too.
    """
    problems = Problems(path)
    statements = Statements(path, wanted=want.statements)
    requests = Requests(measure, vendor, problems, statements)
    conversation = Conversation(want, locate, requests, problems)
    is_document = path.endswith(".json")
    if want.only_usage:
        light_document(path, conversation, requests, problems) if is_document else light_log(path, conversation, requests, problems)
    else:
        yield from (
            whole_document(path, conversation, problems, raw=raw) if is_document else whole_log(path, conversation, problems, raw=raw)
        )
        yield from conversation.end()
    if "usage" in want.tables:
        if conversation.place.project is None:
            look_for_folder(path, conversation, is_document=is_document)
        yield from requests.rows(conversation.place)
    yield from statements.rows()
    yield from problems.rows()


def light_document(path: str, conversation: Conversation, requests: Requests, problems: Problems) -> None:
    """The usage of a document."""
    elements = Elements(path, LightDocument, "messages", LightMessage, problems)
    for number, message in elements:
        requests.add(message, number)
    conversation.note(elements.head or Head())


def light_log(path: str, conversation: Conversation, requests: Requests, problems: Problems) -> None:
    """The usage of a log."""
    for number, line in records(path, LightLine, problems):
        if is_message(line):
            requests.add(line, number)
            continue
        for message in listed(line, number, conversation, problems):
            requests.add(message, number)


def whole_document(path: str, conversation: Conversation, problems: Problems, *, raw: bool) -> Iterator[Row]:
    """All rows of a document but those of usage."""
    elements = Elements(path, Document, "messages", Message, problems)
    texts = RawElements(path, "messages") if raw else None
    for number, message in elements:
        if elements.head is not None:
            conversation.note(elements.head)
        yield from conversation.message(number, message, texts.at(number) if texts else None)
    conversation.note(elements.head or Head())


def whole_log(path: str, conversation: Conversation, problems: Problems, *, raw: bool) -> Iterator[Row]:
    """All rows of a log but those of usage."""
    texts = RawLines(path) if raw else None
    began = False
    try:
        for number, line in records(path, Line, problems):
            alone = is_message(line)
            messages = [line] if alone else listed(line, number, conversation, problems)
            if messages and not began and not conversation.is_named:
                look_for_head(path, conversation)
            began = began or bool(messages)
            for message in messages:
                yield from conversation.message(number, message, texts.at(number) if alone and texts else None)
    finally:
        if texts is not None:
            texts.close()


def look_for_head(path: str, conversation: Conversation) -> None:
    """Let a conversation whose first line is lost see what later ones say of it, before its first message, as usage alone does."""
    unheard = Problems(path)
    for number, line in records(path, LightLine, unheard):
        if not is_message(line):
            listed(line, number, conversation, unheard)


def look_for_folder(path: str, conversation: Conversation, *, is_document: bool) -> None:
    """Let a conversation see its first messages, where the start-up context may name the project."""
    unheard = Problems(path)
    first: Iterator[Message]
    if is_document:
        first = (message for _, message in Elements(path, Document, "messages", Message, unheard))
    else:
        lines = (line for _, line in records(path, Line, unheard))
        first = (message for line in lines for message in ([line] if is_message(line) else (line.changes or line).messages or ()))
    for message in islice(first, CONTEXT_MESSAGES):
        conversation.look(message)
        if is_real(message):
            return  # from here on the place of all rows is decided, whatever else is asked for


def is_message(line: AnyLine) -> bool:
    """Whether a line is a message; a step back goes first, as in the program itself."""
    return line.rewind is None and line.id is not None


@overload
def listed(line: Line, number: int, conversation: Conversation, problems: Problems) -> list[Message]: ...
@overload
def listed(line: LightLine, number: int, conversation: Conversation, problems: Problems) -> list[LightMessage]: ...
def listed(line: AnyLine, number: int, conversation: Conversation, problems: Problems) -> list[Message] | list[LightMessage]:
    """The messages inside a line that is none: a change or a head may bring a whole list.

    Such a list takes the place of all messages before it, at start-up, after a resume and after a compaction. What it repeats is known
    already; what it leaves out was said and paid for all the same. A step back changes nothing here either.
    """
    if line.rewind is not None:
        return []
    said = line.changes or (line if line.sessionId is not None else None)
    if said is None:
        problems.add("unknown-record", "a line that is neither message nor change", number)
        return []
    conversation.note(Head(said.sessionId, said.projectHash, said.startTime, said.kind, said.summary, said.directories))
    return said.messages or []
