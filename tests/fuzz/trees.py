"""JSON text goes in, a tree of it that keeps what a parser drops comes out, is changed in one place, and is written again.

Numbers, and anything that is no JSON, stay the text that they are written as; of a key that stands there twice both are kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, TypeAlias

Tree: TypeAlias = Any
"""`Members`, a list, a text, or `Literal` for everything else."""
Slot: TypeAlias = tuple[list[Any], int]
"""A place in a tree: a list, also one of members, and a position in it."""


class Literal(str):
    """What is written into the JSON text as it is."""

    __slots__ = ()


class Members(list[Any]):
    """The members of an object: pairs of key and value, in their order."""


DEEP = 10_000
ODD_NUMBERS = (
    *("0", "-0", "-1", "1.5", "1e400", "-1e400", "1e-400", "NaN", "Infinity", "true", "false", "12345678901234567890123", "1E3", "0.1e1"),
    *(str(2**bits + more) for bits in (31, 53, 62, 63, 64) for more in (-1, 0)),
    *('"12"', '"-1"', '"1.5"', '"1e400"', '"NaN"', '" 7 "', '"٣"', '""', "[1]", "1e12", "1e15", "1000000000001", "9" * 400),
)
ODD_TIMES = (
    *('"0000-01-01T00:00:00Z"', '"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59.999999Z"', '"9999-12-31T23:59:59-23:59"'),
    *(
        '"10000-01-01T00:00:00Z"',
        '"1969-12-31T23:59:59Z"',
        '"2199-12-31T23:59:60Z"',
        '"2026-02-30T00:00:00Z"',
        '"2026-10-05"',
        '"20261005"',
    ),
    *(
        '"2026-W41-1"',
        '"2026-10-05T10:00:00.1234567891Z"',
        '"2026-10-05t10:00:00z"',
        '" 2026-10-05T10:00:00 "',
        '"1791194400"',
        '"٢٠٢٦-10-05"',
    ),
    *(
        "1791194400",
        "1791194400.123",
        "1791194400000",
        "1791194400000000",
        "1791194400000000000",
        "-1791194400",
        "0",
        "1e308",
        "4133980800",
    ),
    *(
        '"2026-10-05T24:00:00Z"',
        '"2026-10-05T10:00:00+24:00"',
        '"2026-10-05T10:00:00.5+00:00:00.5"',
        '"2150-01-01T00:00:00Z"',
        "-1",
        "1e18",
    ),
)
ODD_TEXTS = (
    *('"\\ud800"', '"\\udc00x"', '"\\ud83d\\ude00"', '"\\u0000"', '"a\\u0000b"', '"\u2028"', '"\ufeff"', '"\\u2029\\u0085"', '"\u202eabc"'),
    *('"/"', '"~"', '"../../x"', '"C:\\\\x"', '"a\\nb"', '"<synthetic>"', '"msg_"', '"' + "x" * 5000 + '"', '"\\\\ud800"', '"é\U0001f600"'),
    *('"{\\"a\\":1}"', '"[]"', '"null"', '"%s"', '"a|b#c:d"', '"' + "9" * 5000 + '.9.9"', '"0.²"', '"0.٦"', '"\u0000"', '"\udce9"'),
)
ODD_SHAPES = (
    *("null", "true", "[]", "{}", "[[]]", "[null]", "[{}]", '{"":null}', '[1,"a",{"b":[]}]', '{"type":"text"}', '[{"type":"tool_use"}]'),
    *("[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, "[" * 600 + "]" * 600, "", "undefined", "{", "]", '"', "0x10", "'a'"),
)
ODD = (ODD_NUMBERS, ODD_TIMES, ODD_TEXTS, ODD_SHAPES)


def tree_of(text: str) -> Tree | None:
    """The tree of a JSON text; nothing of what is none."""
    try:
        return json.loads(text, object_pairs_hook=members, parse_int=Literal, parse_float=Literal, parse_constant=Literal)
    except (ValueError, RecursionError):
        return None


def members(pairs: list[tuple[str, Any]]) -> Members:
    """The members of an object, each one to be changed."""
    return Members([key, value] for key, value in pairs)


def written(tree: Tree, *, ascii_only: bool = True) -> str:
    """The JSON text of a tree."""
    if isinstance(tree, Literal):
        return tree
    if isinstance(tree, Members):
        return "{" + ",".join(f"{written(key, ascii_only=ascii_only)}:{written(value, ascii_only=ascii_only)}" for key, value in tree) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(written(value, ascii_only=ascii_only) for value in tree) + "]"
    return json.dumps(tree, ensure_ascii=ascii_only)


def slots(tree: Tree) -> Iterator[Slot]:
    """Every place of a tree that holds a value."""
    if isinstance(tree, Members):
        for member in tree:
            yield member, 1
            yield from slots(member[1])
    elif isinstance(tree, list):
        for position, value in enumerate(tree):
            yield tree, position
            yield from slots(value)


def containers(tree: Tree) -> Iterator[list[Any]]:
    """Every object and list of a tree that holds something."""
    if isinstance(tree, list):
        if tree:
            yield tree
        for value in tree:
            yield from containers(value[1] if isinstance(tree, Members) else value)


def changed(tree: Tree, random: Random) -> Tree:
    """The tree with one thing changed in it, in place; another tree where it is changed as a whole."""
    found = list(slots(tree))
    if not found or random.randrange(24) == 0:
        return odd(random)
    CHANGES[random.randrange(len(CHANGES))](tree, found, random)
    return tree


def odd(random: Random) -> Literal:
    """A value that no agent writes there."""
    return Literal(random.choice(random.choice(ODD)))


def replace(tree: Tree, found: list[Slot], random: Random) -> None:
    """Any value by an odd one."""
    del tree
    where, position = random.choice(found)
    where[position] = odd(random)


def replace_alike(tree: Tree, found: list[Slot], random: Random) -> None:
    """A number by an odd number, a time by an odd time, a text by an odd text."""
    del tree
    where, position = random.choice(found)
    value = where[position]
    if isinstance(value, Literal):
        choices = ODD_TIMES if len(value) > 9 else ODD_NUMBERS
    elif isinstance(value, str):
        choices = ODD_TIMES if value[:2] == "20" else ODD_TEXTS
    else:
        choices = ODD_SHAPES
    where[position] = Literal(random.choice(choices))


def replace_number(tree: Tree, found: list[Slot], random: Random) -> None:
    """A number by an odd one: they are what is counted."""
    numbers = [slot for slot in found if isinstance(slot[0][slot[1]], Literal)]
    if numbers:
        replace_alike(tree, numbers, random)


def drop(tree: Tree, found: list[Slot], random: Random) -> None:
    """A member or an element."""
    del found
    where = random.choice(list(containers(tree)))
    del where[random.randrange(len(where))]


def repeat(tree: Tree, found: list[Slot], random: Random) -> None:
    """A member or an element, once more and perhaps with another value."""
    del found
    where = random.choice(list(containers(tree)))
    at = random.randrange(len(where))
    again = where[at]
    if isinstance(where, Members) and random.randrange(2):
        again = [where[at][0], odd(random)]
    where.insert(random.randrange(len(where) + 1), again)


def exchange(tree: Tree, found: list[Slot], random: Random) -> None:
    """Two values that are leaves, so that the tree stays one."""
    del tree
    leaves = [slot for slot in found if not isinstance(slot[0][slot[1]], list)]
    if leaves:
        (one, here), (other, there) = random.choice(leaves), random.choice(leaves)
        one[here], other[there] = other[there], one[here]


def wrap(tree: Tree, found: list[Slot], random: Random) -> None:
    """A value as the only one of a list, or the first of a list alone."""
    del tree
    where, position = random.choice(found)
    value = where[position]
    if isinstance(value, list) and not isinstance(value, Members) and value:
        where[position] = value[0]
    else:
        where[position] = [value]


def retype(tree: Tree, found: list[Slot], random: Random) -> None:
    """A number as a text, a text as a number, an object as its text."""
    del tree
    where, position = random.choice(found)
    value = where[position]
    where[position] = Literal(value) if type(value) is str and value.isdecimal() and value.isascii() else written(value)


def rename(tree: Tree, found: list[Slot], random: Random) -> None:
    """A key by one that nobody knows, or by another one of the tree."""
    del found
    objects = [where for where in containers(tree) if isinstance(where, Members)]
    if objects:
        keys = [key for where in objects for key, _ in where]
        random.choice(random.choice(objects))[0] = random.choice([*keys, "noSuchKey", ""])


def lengthen(tree: Tree, found: list[Slot], random: Random) -> None:
    """A list with its elements many times."""
    del found
    lists = [where for where in containers(tree) if not isinstance(where, Members)]
    if lists:
        where = random.choice(lists)
        where *= random.choice((2, 3, 50))


CHANGES: tuple[Callable[[Tree, list[Slot], Random], None], ...] = (
    *(replace, replace_alike, replace_alike, replace_number, replace_number, drop, drop),
    *(repeat, exchange, wrap, retype, rename, lengthen),
)
