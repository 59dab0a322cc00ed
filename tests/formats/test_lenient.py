"""What fits is kept, numbers written as text become numbers, and the rest is left out and reported without showing text."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionframe.formats.lenient import LONGEST_SHOWN, build, plan_for
from sessionframe.formats.problems import Problems
from tests.formats.lines import Block, Message, RawRecord, Record, Usage


def fill(obj: dict[str, Any]) -> tuple[Record, list[tuple[str, str | None]]]:
    problems = Problems("a")
    record = build(Record, obj, problems, 1)
    return record, [(row.kind, row.detail) for row in problems.rows()]


def bad(where: str, what: str) -> tuple[str, str]:
    return "bad-value", f"`{where}`: {what} does not fit and was left out"


def mended(where: str) -> tuple[str, str]:
    return "repaired", f"`{where}`: a number written as text was read as a number"


def tokens(value: object) -> dict[str, Any]:
    return {"message": {"id": "m", "usage": {"input_tokens": value, "output_tokens": 5}}}


@pytest.mark.parametrize(
    "value, kept, issues",
    [
        (7, 7, []),
        (None, None, []),
        (7.0, 7, []),
        (1e3, 1000, []),
        ("7", 7, [mended("message.usage.input_tokens")]),
        ("7.0", 7, [mended("message.usage.input_tokens")]),
        ("1e3", 1000, [mended("message.usage.input_tokens")]),
        (-1, None, [bad("message.usage.input_tokens", "-1")]),
        ("-1", None, [bad("message.usage.input_tokens", "'-1'")]),
        (1e30, None, [bad("message.usage.input_tokens", "1e+30")]),
        (10**13, None, [bad("message.usage.input_tokens", "10000000000000")]),
        (float("nan"), None, [bad("message.usage.input_tokens", "nan")]),
        (float("inf"), None, [bad("message.usage.input_tokens", "inf")]),
        (7.5, None, [bad("message.usage.input_tokens", "7.5")]),
        (True, None, [bad("message.usage.input_tokens", "true or false")]),
        ("seven", None, [bad("message.usage.input_tokens", "text")]),
        ("\u0667", None, [bad("message.usage.input_tokens", "text")]),
        ("1_000", None, [bad("message.usage.input_tokens", "text")]),
        ([7], None, [bad("message.usage.input_tokens", "a list")]),
        ({"n": 7}, None, [bad("message.usage.input_tokens", "an object")]),
    ],
)
def test_a_count_is_true_or_null(value: object, kept: int | None, issues: list[tuple[str, str]]) -> None:
    record, told = fill(tokens(value))
    assert record == Record(message=Message(id="m", usage=Usage(input_tokens=kept, output_tokens=5)))
    assert told == issues


@pytest.mark.parametrize(
    "obj, expected, issues",
    [
        ({"cost": 1}, Record(cost=1.0), []),
        ({"cost": "0.25"}, Record(cost=0.25), [mended("cost")]),
        ({"cost": 0}, Record(), [bad("cost", "0")]),
        ({"cost": 1000.0}, Record(), [bad("cost", "1000.0")]),
        ({"n": 2**63 - 1}, Record(n=2**63 - 1), []),
        ({"n": 2**63}, Record(), [bad("n", "9223372036854775808")]),
        ({"text": 5}, Record(), [bad("text", "5")]),
        ({"text": None}, Record(), []),
        ({"level": "high"}, Record(level="high"), []),
        ({"level": "secret"}, Record(), [bad("level", "text")]),
        ({"isMeta": True}, Record(is_meta=True), []),
        ({"is_meta": True}, Record(), []),  # the field is called isMeta in the log
        ({"isMeta": 1}, Record(), [bad("isMeta", "1")]),
        ({"timestamp": "5"}, Record(timestamp="5"), []),  # text fits as it is, so it is not turned into a number
        ({"timestamp": 5}, Record(timestamp=5), []),
        ({"timestamp": 5.5}, Record(timestamp=5.5), []),
        ({"anything": [1, {"a": "b"}]}, Record(anything=[1, {"a": "b"}]), []),
        ({"unknown": 1}, Record(), []),
        ({"message": "hello"}, Record(), [bad("message", "text")]),
        ({"message": {"content": "hello"}}, Record(message=Message(content="hello")), []),
        (
            {"message": {"content": [{"type": "text", "text": 5}, "no block", {"inner": [{"text": "deep"}, None]}]}},
            Record(message=Message(content=[Block(type="text"), Block(inner=[Block(text="deep")])])),
            [bad("message.content[].text", "5"), bad("message.content[]", "text"), bad("message.content[].inner[]", "null")],
        ),
        (
            {"by_path": {"/home/someone/x.py": {"input_tokens": "3"}, "/home/someone/y.py": 4}},
            Record(by_path={"/home/someone/x.py": Usage(input_tokens=3)}),
            [mended("by_path{}.input_tokens"), bad("by_path{}", "4")],
        ),
    ],
)
def test_fields_of_every_type(obj: dict[str, Any], expected: Record, issues: list[tuple[str, str]]) -> None:
    assert fill(obj) == (expected, issues)


def test_json_text_is_kept_as_json_text() -> None:
    record = build(RawRecord, {"n": "x", "result": {"a": [1, "é"]}}, Problems("a"), 1)
    assert msgspec.json.decode(record.result) == {"a": [1, "é"]}
    for line in (b"{}", b'{"result":null}'):
        strict = msgspec.json.decode(line, type=RawRecord)
        assert bytes(build(RawRecord, msgspec.json.decode(line), Problems("a"), 1).result) == bytes(strict.result)


def test_an_issue_never_shows_text_and_stays_short() -> None:
    said = "hunter2-swordfish"
    _, told = fill({"n": said, "message": {"usage": said, "content": {said: said}}, "by_path": {said: said}})
    assert len(told) == 4
    assert said not in repr(told)
    _, told = fill({"n": 0.1234567890123456789e-300, "level": "1" * 18 + "." + "1" * 18 + "e300"})
    assert all(len(detail or "") < LONGEST_SHOWN + 60 for _, detail in told)


class Needy(msgspec.Struct):
    n: int


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    n: int | None = None


class Tagged(msgspec.Struct, tag="text"):
    n: int | None = None


class Positional(msgspec.Struct, array_like=True):
    n: int | None = None


class Sized(msgspec.Struct):
    pair: tuple[int, int] | None = None


class Nested(msgspec.Struct):
    needy: Needy | None = None


class Keyed(msgspec.Struct):
    counts: dict[int, int] | None = None


class Patterned(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=3)] | None = None


class Absent(msgspec.Struct):
    result: msgspec.Raw | None = None


class Stepped(msgspec.Struct):
    n: Annotated[int, msgspec.Meta(multiple_of=2)] | None = None


@pytest.mark.parametrize("record_type", [Needy, Closed, Tagged, Positional, Sized, Nested, Keyed, Patterned, Absent, Stepped])
def test_a_type_that_cannot_be_filled_is_refused_at_once(record_type: type[msgspec.Struct]) -> None:
    with pytest.raises(TypeError, match=r"\w+ "):
        plan_for(record_type)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.integers().map(str),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(Record.__struct_encode_fields__) | st.text(), inner, max_size=4)
    ),
    max_leaves=20,
)
usages = st.dictionaries(st.sampled_from(["input_tokens", "output_tokens"]), json_values)
blocks = st.dictionaries(st.sampled_from(["type", "text", "inner"]), json_values)
messages = st.fixed_dictionaries({}, optional={"id": json_values, "content": json_values | st.lists(blocks), "usage": usages})
objects = st.dictionaries(st.sampled_from(Record.__struct_encode_fields__), json_values | messages) | st.fixed_dictionaries(
    {"message": messages}
)


@given(objects)
def test_whatever_comes_the_record_is_of_its_type(obj: dict[str, Any]) -> None:
    problems = Problems("a")
    record = build(Record, obj, problems, 1)
    msgspec.convert(msgspec.to_builtins(msgspec.structs.replace(record, anything=None)), Record)
    assert build(Record, msgspec.to_builtins(record), again := Problems("a"), 1) == record or record != record  # noqa: PLR0124 - NaN in `anything`
    assert again.rows() == []


@given(objects)
def test_what_fits_the_strict_way_is_built_the_same_without_issues(obj: dict[str, Any]) -> None:
    try:
        strict = msgspec.json.decode(msgspec.json.encode(obj), type=Record)
    except (msgspec.MsgspecError, OverflowError, UnicodeEncodeError):
        return
    problems = Problems("a")
    assert build(Record, msgspec.json.decode(msgspec.json.encode(obj)), problems, 1) == strict
    assert problems.rows() == []
