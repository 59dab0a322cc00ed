"""A file that is one JSON document goes in; a record, or its list element by element, comes out, and issues for what could not be read.

A document that was cut off or damaged keeps what is complete: the members of its object, and the elements of the lists that are such
members. What was cut inside an element is lost with it, because half an element would be a record that never was.
"""

from __future__ import annotations

import json
import os
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from sessionframe.formats.files import open_bytes
from sessionframe.formats.jsonl import BLOCK_BYTES, decoder_for
from sessionframe.formats.problems import Problems
from sessionframe.formats.salvage import PARSER, REFUSED, TOO_DEEP, salvage, skip_space
from sessionframe.schema import IssueKind

R = TypeVar("R", bound=msgspec.Struct)
E = TypeVar("E", bound=msgspec.Struct)

WHOLE_BYTES: Final = 24 << 20
"""Documents up to this size are decoded at once, larger ones element by element."""
LARGEST: Final = 64 << 20
"""Characters of one element that are waited for: in a damaged document an element may seem to have no end."""
TEXT_OPEN: Final = "Unterminated string"
"""How the parser calls a text without end; the place it names is where the text begins, not where the document ends."""
NEAR: Final = 8
"""An error this close to the end of what was read so far may be one of the reading, e.g. half of ``true`` or of an escape."""
MARKS: Final = frozenset('{}[],:"')
CLOSING: Final = '"}]'
"""How values end that cannot go on."""
BYTE_ORDER_MARK: Final = "\ufeff"


class Piece(NamedTuple):
    """The JSON text of one member of the object, or of one element of a list that is such a member (`number` from 1); the key in quotes."""

    key: str
    number: int | None
    text: str


class DamageError(ValueError):
    """The document cannot be read on. `cut`: because it ends here."""

    def __init__(self, detail: str, *, cut: bool = False, kind: IssueKind = "broken-line") -> None:
        super().__init__(detail)
        self.kind: IssueKind = "cut-off" if cut else kind


def document(path: str | os.PathLike[str], record_type: type[R], problems: Problems) -> R | None:
    """Read a file that is one JSON object, at once: for files of a bounded size. Larger ones are read by `Elements`.

    Parameters
    ----------
    path
        The file. One that cannot be read is an `unreadable` issue.
    record_type
        A `msgspec.Struct` of the fields that are used, every one with a default, at every depth.
    problems
        Where issues go: `cut-off` when the file ends too early, `broken-line` for other damage, `repaired` for what was mended,
        `not-a-record` when it is JSON but no object, and those of `lenient.build`.

    Returns
    -------
    R | None
        The record with what is complete; nothing when the file is empty, cannot be read or holds no object.

    Raises
    ------
    TypeError
        `record_type` is one that cannot be filled leniently. Nothing that the file holds raises.
    """
    data = content(path, problems)
    return decoded(data, record_type, problems) if data is not None else None


def content(path: str | os.PathLike[str], problems: Problems) -> bytes | None:
    """All bytes of a file; nothing when it cannot be read."""
    try:
        with open_bytes(path) as file:
            return file.read()
    except OSError as error:
        problems.add("unreadable", error.strerror or str(error))
        return None


def decoded(data: bytes, record_type: type[R], problems: Problems) -> R | None:
    """The record that a document holds; one that the fast decoder refuses is put together again from its complete pieces."""
    decode = decoder_for(record_type).line
    if not data.strip():
        return None
    try:
        record: R = decode(data)
    except REFUSED:
        whole = joined(guarded([data], problems))
        return next(salvage(whole, 1, record_type, problems, ended=True), None) if whole is not None else None
    return record


class Elements(Generic[R, E]):
    """The elements of one list of a document, in its order, in memory of a block and the largest element.

    Parameters
    ----------
    path, record_type, problems
        As for `document`; the record type has the list as a field.
    name, element_type
        The list, and what its elements are.

    Attributes
    ----------
    head
        The document without its list, as far as it was read: what stands before the list is known with the first element, the rest
        once all were read.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        record_type: type[R],
        name: str,
        element_type: type[E],
        problems: Problems,
        *,
        whole_bytes: int = WHOLE_BYTES,
    ) -> None:
        self._path = path
        self._types = record_type, element_type
        self._name, self._key = name, json.dumps(name)
        self._problems = problems
        self._whole_bytes = whole_bytes
        self.head: R | None = None

    def __iter__(self) -> Iterator[tuple[int, E]]:
        if size_of(self._path) > self._whole_bytes:
            yield from self._streamed(guarded(blocks(self._path, self._problems), self._problems))
        elif data := content(self._path, self._problems):
            try:
                self.head = decoder_for(self._types[0]).line(data)
            except REFUSED:  # an element that is left out must not move the others, so each is taken by itself
                found = list(guarded([data], self._problems))
                lists = [at for at, piece in enumerate(found) if self._is_element(piece) and piece.number == 1]
                members = (piece for piece in found if not self._is_element(piece))
                yield from self._streamed([*members, *filter(self._is_element, found[lists[-1] :] if lists else ())])
            else:
                yield from enumerate(getattr(self.head, self._name) or (), start=1)

    def _is_element(self, piece: Piece) -> bool:
        return piece.number is not None and piece.key == self._key

    def _streamed(self, found: Iterable[Piece]) -> Iterator[tuple[int, E]]:
        members: list[Piece] = []
        known = 0
        used = {json.dumps(field.encode_name) for field in msgspec.structs.fields(self._types[0])}
        decode = decoder_for(self._types[1]).line
        for piece in found:
            if not self._is_element(piece):
                if piece.key in used:
                    members.append(piece)
                continue
            if len(members) > known:
                known, self.head = len(members), self._head(members, Problems(""))  # reported once, at the end
            text = as_bytes(piece.text)
            try:
                yield piece.number or 0, decode(text)
            except REFUSED:
                for element in salvage(text, piece.number, self._types[1], self._problems, ended=True):
                    yield piece.number or 0, element
        if members:
            self.head = self._head(members, self._problems)

    def _head(self, members: list[Piece], problems: Problems) -> R | None:
        text = joined(members)
        return decoded(text, self._types[0], problems) if text is not None else None


def size_of(path: str | os.PathLike[str]) -> int:
    """Size of a file; 0 when the file system does not tell, which reading will report."""
    try:
        return os.stat(path).st_size  # noqa: PTH116 - may be text
    except OSError:
        return 0


def blocks(path: str | os.PathLike[str], problems: Problems) -> Iterator[bytes]:
    """The bytes of a file, block by block."""
    try:
        with open_bytes(path) as file:
            while block := file.read(BLOCK_BYTES):
                yield block
    except OSError as error:
        problems.add("unreadable", error.strerror or str(error))


def guarded(data: Iterable[bytes], problems: Problems) -> Iterator[Piece]:
    """The complete pieces of a document; where it cannot be read on, that is reported and the rest is lost."""
    kept = 0
    try:
        for piece in pieces(Feed(data, problems)):
            kept += piece.number is not None
            yield piece
    except DamageError as damage:
        problems.add(damage.kind, f"not a whole document: {damage}; complete elements kept: {kept}", 1)


def joined(found: Iterable[Piece]) -> bytes | None:
    """A document put together again from its pieces; nothing from none."""
    members: dict[str, str | list[str]] = {}
    for piece in found:
        if piece.number is None:
            members[piece.key] = piece.text
            continue
        listed = members.get(piece.key)
        if not isinstance(listed, list) or piece.number == 1:  # a key that is there twice: the last one counts, as for any parser
            listed = members[piece.key] = []
        listed.append(piece.text)
    if not members:
        return None
    return as_bytes(object_text({key: value if isinstance(value, str) else f"[{','.join(value)}]" for key, value in members.items()}))


def object_text(members: dict[str, str]) -> str:
    """The JSON text of an object from those of its members."""
    return f"{{{','.join(f'{key}:{value}' for key, value in members.items())}}}"


def as_bytes(text: str) -> bytes:
    """The bytes that a text was read from, also those that were no UTF-8."""
    return text.encode("utf-8", "surrogateescape")


class Feed:
    """The text of a document, read on as it is needed; what was used is let go.

    Parameters
    ----------
    data
        Its bytes, in pieces of any size.
    problems
        Where issues go.
    """

    def __init__(self, data: Iterable[bytes], problems: Problems) -> None:
        self._data = iter(data)
        self._decoder = getincrementaldecoder("utf-8")("surrogateescape")
        self._ended = False
        self.text = ""
        self.at = 0
        if self.more() and self.text.startswith(BYTE_ORDER_MARK):
            problems.add("repaired", "byte order mark dropped", 1)
            self.at = 1

    def more(self) -> bool:
        """Read on, at least as much as is waiting already, so that a large element is not parsed again for every block."""
        fresh: list[str] = []
        wanted = len(self.text) - self.at
        while not self._ended and sum(map(len, fresh)) <= wanted:
            block = next(self._data, None)
            self._ended = block is None
            fresh.append(self._decoder.decode(block or b"", final=block is None))
        if not any(fresh):
            return False
        self.text = "".join((self.text[self.at :], *fresh))
        self.at = 0
        return True

    def peek(self) -> str:
        """The next character that is no blank; nothing at the end."""
        while True:
            self.at = skip_space(self.text, self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def expect(self, wanted: str) -> None:
        """Step over a character that must come now."""
        found = self.peek()
        if found != wanted:
            raise DamageError(f"`{wanted}` is missing", cut=not found)
        self.at += 1

    def value(self) -> str:
        """The JSON text of the value that comes now."""
        if not self.peek():
            raise DamageError("it ends in the middle", cut=True)
        while True:
            try:
                end = PARSER.raw_decode(self.text, self.at)[1]
            except json.JSONDecodeError as error:
                self._wait(error)
            except RecursionError:
                raise DamageError(TOO_DEEP) from None
            else:
                if end < len(self.text) or self.text[end - 1] in CLOSING:
                    taken = self.text[self.at : end]
                    self.at = end
                    return taken
                if not self.more():  # a number at the end of what was read may go on
                    raise DamageError("it ends in the middle", cut=True)

    def _wait(self, error: json.JSONDecodeError) -> None:
        """Read on where the error may come from having read too little; raise where it does not."""
        is_open = error.msg.startswith(TEXT_OPEN)
        near_end = is_open or error.pos >= len(self.text) - NEAR
        if not near_end or len(self.text) - self.at > LARGEST or not self.more():
            left = self.text[error.pos :].strip()
            raise DamageError(error.msg, cut=is_open or (len(left) < NEAR and not MARKS.intersection(left))) from None


def pieces(feed: Feed) -> Iterator[Piece]:
    """The members of the object that a document is, lists element by element. Raises `DamageError` where it cannot be read on."""
    if not feed.peek():
        if "\0" in feed.text:
            raise DamageError("NUL bytes and nothing else: a write that a crash lost")
        return
    if feed.peek() != "{":
        raise DamageError("no object", kind="not-a-record")
    feed.expect("{")
    while feed.peek() != "}":
        key = feed.value()
        if not key.startswith('"'):
            raise DamageError("a name is missing")
        feed.expect(":")
        if feed.peek() == "[":
            yield from elements(feed, key)
        else:
            yield Piece(key, None, feed.value())
        step_over_comma(feed, "}")
    feed.at += 1
    if feed.peek():
        raise DamageError("more text behind its end")


def elements(feed: Feed, key: str) -> Iterator[Piece]:
    """The elements of a list."""
    feed.expect("[")
    number = 0
    while feed.peek() != "]":
        number += 1
        yield Piece(key, number, feed.value())
        step_over_comma(feed, "]")
    feed.at += 1


def step_over_comma(feed: Feed, end: str) -> None:
    """Between two values stands a comma, behind the last one the end."""
    found = feed.peek()
    if found == ",":
        feed.at += 1
    elif found != end:
        raise DamageError(f"`,` or `{end}` is missing", cut=not found)


class RawElements:
    """Reads along with `Elements` and gives the JSON text of an element, in memory of a block and the largest element.

    Parameters
    ----------
    path
        The file.
    name
        The list.
    """

    def __init__(self, path: str | os.PathLike[str], name: str) -> None:
        nowhere = Problems(os.fspath(path))
        self._key = json.dumps(name)
        self._pieces = guarded(blocks(path, nowhere), nowhere)
        self._number, self._text = 0, ""

    def at(self, number: int) -> str | None:
        """The text of an element, counted from 1, not before the last one asked for; null when the file has become shorter."""
        while self._number < number:
            piece = next(self._pieces, None)
            if piece is None:
                return None
            if piece.key == self._key and piece.number is not None:
                self._number, self._text = piece.number, piece.text.encode("utf-8", "replace").decode()
        return self._text
