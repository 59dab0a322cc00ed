"""Files that are one JSON document: whole, cut anywhere, damaged, larger than memory should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionframe.formats.document import DamageError, Elements, Feed, RawElements, document, pieces
from sessionframe.formats.problems import Problems


class Item(msgspec.Struct, gc=False):
    id: str | None = None
    n: int | None = None


class Doc(msgspec.Struct, gc=False):
    name: str | None = None
    end: int | None = None
    items: list[Item] | None = None


WHOLE: dict[str, Any] = {
    "name": "größe ✓",
    "items": [{"id": f"i{n}", "n": n, "more": {"a": [1, {"b": '}]\\"'}]}} for n in range(6)],
    "end": 12345,
}


def read(path: Path, data: bytes, whole_bytes: int) -> tuple[list[tuple[int, str | None, int | None]], Doc | None, list[str]]:
    """Elements, head and kinds of issues."""
    path.write_bytes(data)
    problems = Problems(str(path))
    elements = Elements(path, Doc, "items", Item, problems, whole_bytes=whole_bytes)
    found = [(number, item.id, item.n) for number, item in elements]
    return found, elements.head, [row.kind for row in problems.rows()]


@pytest.fixture(params=[1 << 30, 0], ids=["at once", "element by element"])
def whole_bytes(request: pytest.FixtureRequest) -> int:
    return int(request.param)


EVERY = [(n + 1, f"i{n}", n) for n in range(6)]


@pytest.mark.parametrize("indent", [None, 1])
def test_a_sound_document(tmp_path: Path, whole_bytes: int, indent: int | None) -> None:
    found, head, issues = read(tmp_path / "d.json", json.dumps(WHOLE, indent=indent).encode(), whole_bytes)
    assert (found, issues) == (EVERY, [])
    assert head is not None
    assert (head.name, head.end) == ("größe ✓", 12345)


@given(cut=st.integers(0, len(json.dumps(WHOLE)) - 2), streamed=st.booleans())
def test_a_cut_document_keeps_its_complete_elements(tmp_path_factory: pytest.TempPathFactory, cut: int, streamed: bool) -> None:
    text = json.dumps(WHOLE)
    ends = [text.index(f'"i{n + 1}"') - 9 if n < 5 else text.index('], "end"') for n in range(6)]
    complete = sum(end <= cut for end in ends)
    found, _, issues = read(tmp_path_factory.mktemp("cut") / "d.json", text[:cut].encode(), 0 if streamed else 1 << 30)
    assert found == EVERY[: len(found)]
    assert complete <= len(found) <= complete + 1
    assert issues == ([] if cut == 0 else ["cut-off"])


@pytest.mark.parametrize(
    "data, kinds",
    [
        (b"", []),
        (b" \n", []),
        (b" \n\0", ["broken-line"]),
        (b'{"name": "a", "end": tr', ["cut-off"]),
        (b'{"name": "a", "end": 1', ["cut-off"]),
        (b'{"name": "a", "end": -', ["cut-off"]),
        (b'{"name": "a\\u00', ["cut-off"]),
        (b"[1, 2]", ["not-a-record"]),
        (b"null", ["not-a-record"]),
        (b'{"name": "a", "items": [{"id": "i0", "n": 0}, {"id": \x01}]}', ["broken-line"]),
        (b'{"name": "a" "items": []}', ["broken-line"]),
        (b'{7: "a"}', ["broken-line"]),
        (b'{"name": "a"} {"name": "b"}', ["broken-line"]),
        (b'\xef\xbb\xbf{"name": "a"}', ["repaired"]),
        (b'{"name": "half \\ud83d"}', ["repaired"]),
        (b'{"name": "bytes \xff"}', ["repaired"]),
        (b'{"name": 5}', ["bad-value"]),
        (b'{"items": [7, {"id": "i0", "n": "1"}]}', ["not-a-record", "repaired"]),
        (b'{"name": "a", "items": {"id": "no list"}}', ["bad-value"]),
    ],
)
def test_damage_is_reported_and_never_raises(tmp_path: Path, whole_bytes: int, data: bytes, kinds: list[str]) -> None:
    found, _, issues = read(tmp_path / "d.json", data, whole_bytes)
    assert sorted(issues) == sorted(kinds)
    assert all(number >= 1 for number, _, _ in found)


def test_an_element_that_is_left_out_does_not_move_the_others(tmp_path: Path, whole_bytes: int) -> None:
    path = tmp_path / "d.json"
    found, _, issues = read(path, b'{"items": [7, {"id": "i0", "n": 0}, [], null, {"id": "i1", "n": 1}]}', whole_bytes)
    assert [(number, name) for number, name, _ in found] == [(2, "i0"), (5, "i1")]
    assert issues == ["not-a-record"] * 3
    raw = RawElements(path, "items")
    assert [raw.at(number) for number, _, _ in found] == ['{"id": "i0", "n": 0}', '{"id": "i1", "n": 1}']


def test_of_a_list_that_is_there_twice_the_last_counts(tmp_path: Path) -> None:
    """As of any key; also when the document must be taken apart."""
    for damage in (b"", b"7, "):
        data = b'{"items": [{"id": "i9", "n": 9}], "name": "a", "items": [' + damage + b'{"id": "i0", "n": 0}]}'
        found, head, _ = read(tmp_path / "d.json", data, 1 << 30)
        assert [name for _, name, _ in found] == ["i0"]
        assert head is not None
        assert head.name == "a"


def test_what_stands_behind_a_damaged_list_is_known_with_its_first_element(tmp_path: Path) -> None:
    """Only of a document that is too large to be read at once it is not."""
    path = tmp_path / "d.json"
    path.write_bytes(b'{"items": [7, {"id": "i0", "n": 0}], "end": 1, "name": "a"}')
    elements = Elements(path, Doc, "items", Item, Problems("x"))
    assert [(number, elements.head) for number, _ in elements] == [(2, Doc(name="a", end=1))]


def test_other_lists_of_a_streamed_document_stay_lists(tmp_path: Path, whole_bytes: int) -> None:
    class Lists(Doc, gc=False):
        names: list[str] | None = None

    path = tmp_path / "d.json"
    path.write_bytes(b'{"names": ["x", "y"], "other": [1, 2], "items": [7, {"id": "i0", "n": 0}]}')
    problems = Problems("x")
    elements = Elements(path, Lists, "items", Item, problems, whole_bytes=whole_bytes)
    assert len(list(elements)) == 1
    assert elements.head == Lists(names=["x", "y"])
    assert [row.kind for row in problems.rows()] == ["not-a-record"]


def test_nesting_without_end(tmp_path: Path, whole_bytes: int) -> None:
    data = b'{"name": "a", "items": [{"id": "i0", "n": 0}, ' + b"[" * 100_000
    found, _, issues = read(tmp_path / "d.json", data, whole_bytes)
    assert (found, issues) == (EVERY[:1], ["broken-line"])


def test_a_file_that_cannot_be_read(tmp_path: Path, whole_bytes: int) -> None:
    problems = Problems("x")
    elements = Elements(tmp_path / "missing.json", Doc, "items", Item, problems, whole_bytes=whole_bytes)
    assert list(elements) == []
    assert [row.kind for row in problems.rows()] == ["unreadable"]
    assert document(tmp_path, Doc, problems) is None


def test_a_document_at_once(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(json.dumps(WHOLE), "utf-8")
    found = document(path, Doc, Problems(str(path)))
    assert found is not None
    assert found.items is not None
    assert [item.n for item in found.items] == list(range(6))
    path.write_text('{"name": "kept", "items": [{"id": "i0", "n": 0}], "end": 12', "utf-8")
    problems = Problems(str(path))
    cut = document(path, Doc, problems)
    assert cut == Doc("kept", None, [Item("i0", 0)])
    assert [row.kind for row in problems.rows()] == ["cut-off"]


def test_the_text_of_elements(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(json.dumps(WHOLE, indent=2), "utf-8")
    texts = RawElements(path, "items")
    assert json.loads(texts.at(2) or "") == WHOLE["items"][1]
    assert json.loads(texts.at(2) or "") == WHOLE["items"][1]
    assert json.loads(texts.at(6) or "") == WHOLE["items"][5]
    assert texts.at(7) is None


@given(size=st.integers(1, 40))
def test_blocks_of_any_size_give_the_same_pieces(size: int) -> None:
    """A number, an escape or a character may lie across a border."""
    data = json.dumps(WHOLE, ensure_ascii=False).encode() + b"  "
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    assert list(pieces(Feed(blocks, Problems("x")))) == list(pieces(Feed([data], Problems("x"))))


def test_an_element_that_seems_to_have_no_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessionframe.formats.document.LARGEST", 1000)
    blocks = [b'{"items": [{"id": "', *[b"x" * 100] * 1000]
    used = iter(blocks)
    with pytest.raises(DamageError):
        list(pieces(Feed(used, Problems("x"))))
    assert len(list(used)) > 900
