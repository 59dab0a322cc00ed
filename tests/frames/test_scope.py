"""Ranges of time and projects: what a caller asks for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionframe.frames.build import frame
from sessionframe.frames.scope import Scope, among, below
from sessionframe.schema import SCHEMA
from tests.frames.make import MINUTE, usage

BELOW = [
    ("/code/shop", "/code/shop", True),
    ("/code/shop/", "/code/shop", True),
    ("/code/shop", "/code/shop/", True),
    ("/code/shop/src/api", "/code/shop", True),
    ("/code/shop-api", "/code/shop", False),
    ("/code", "/code/shop", False),
    ("/Code/shop", "/code/shop", False),
    ("/code/shop/x", "/", True),
    (r"C:\code\shop\src", r"C:\code\shop", True),
    (r"c:\Code\Shop", r"C:\code\shop", True),
    ("C:/code/shop/src", r"C:\code\shop", True),
    (r"D:\code\shop", r"C:\code\shop", False),
    (r"\\server\share\shop\src", r"\\server\share\shop", True),
    (r"C:\code", "/code", False),
    ("/code", r"C:\code", False),
    ("/home/demo/code/shop", "~/code/shop", True),
    ("/home/demo/code/shop/src", "~/code/shop", True),
    ("/home/demo", "~", True),
    ("/Users/demo/code/shop", "~/code/shop", True),
    ("/root/code/shop", "~/code/shop", True),
    ("/rooted/code/shop", "~/code/shop", False),
    (r"C:\Users\demo\code\shop", "~/code/shop", True),
    ("/srv/code/shop", "~/code/shop", False),
    ("~/code/shop", "~/code", True),
    ("/home/demo/Code/shop", "~/code/shop", False),
    (r"c:\users\demo\Code\Shop", "~/code/shop", True),
    ("C:/Users/demo/code/shop", "~\\code", True),
    (r"\\?\C:\code\shop", r"C:\Code", True),
    (r"C:\code\shop", r"\\?\c:\code", True),
    (r"\\?\C:\Users\demo\code", "~", True),
    (r"C:\Users", "~", False),
    (r"\\wsl.localhost\Ubuntu\home\demo\code", "~/code", True),
    ("//wsl$/Ubuntu/root/code", "~/code", True),
    (r"\\wsl$\Ubuntu\home\demo", r"\\wsl.localhost\ubuntu\home", True),
    (r"\\server\home\demo\code", "~/code", False),
    ("/mnt/c/Users/demo/code", "~/code", True),
    ("/mnt/c/Users/demo/code", r"C:\Users\demo\code", False),
    ("/mnt/c/users/demo/code", "/mnt/c/Users/demo/code", False),
]


@pytest.mark.parametrize("path, folder, expected", BELOW)
def test_below(path: str, folder: str, expected: bool) -> None:
    assert below(path, [folder]) is expected
    assert below(path, ["/nowhere", folder]) is expected
    assert not below(path, [])
    assert expected or not among(path, [folder])


@pytest.mark.parametrize(
    "path, folder, expected",
    [
        (r"c:\code\shop", "C:/Code/Shop/", True),
        (r"C:\code\shop\src", r"C:\code\shop", False),
        ("/code/shop", "/code/shop/", True),
        ("/code/shop", "/Code/shop", False),
        (r"C:\Users\demo\code", "~/Code", True),
        ("/home/demo/code/x", "~/code", False),
    ],
)
def test_among(path: str, folder: str, expected: bool) -> None:
    assert among(path, [folder]) is expected


def lines(scope: Scope, rows: Sequence[object]) -> list[int]:
    return scope.cut(frame(SCHEMA["usage"], rows))["line"].to_list()  # type: ignore[arg-type]


def test_projects_by_directory_or_repository_and_host() -> None:
    rows = [
        usage("s", 1, "1", project="/code/shop", host="a"),
        usage("s", 2, "2", project="/trees/x", repo_root="/code/shop", host="a"),
        usage("s", 3, "3", project="/trees/x", repo_root="/code/other", host="a"),
        usage("s", 4, "4", project=None, host="a"),
        usage("s", 5, "5", project="/code/shop", host="b"),
        usage("s", 6, "6", project="/b/shop", host="b"),
    ]
    assert lines(Scope(projects={"a": ("/code/shop",), "b": ("/b",)}), rows) == [1, 2, 6]
    assert lines(Scope(), rows) == [1, 2, 3, 4, 5, 6]


def test_what_has_no_time_is_left_out_of_every_range() -> None:
    rows = [usage("s", 1, "1", at=None), usage("s", 2, "2")]
    assert lines(Scope(since=0), rows) == [2]
    assert lines(Scope(until=9 * MINUTE), rows) == [2]
    assert lines(Scope(projects={}), rows) == [1, 2]


@given(st.lists(st.integers(0, 20)), st.lists(st.integers(0, 20), min_size=1))
def test_adjoining_ranges_hold_every_record_once(times: list[int], cuts: list[int]) -> None:
    rows = [usage("s", line, str(line), at=at) for line, at in enumerate(times)]
    bounds: list[int | None] = [None, *sorted(cuts), None]
    parts = [lines(Scope(since, until), rows) for since, until in pairwise(bounds)]
    assert sorted(line for part in parts for line in part) == list(range(len(times)))


@pytest.mark.parametrize("since, until, expected", [(2, 4, [2, 3]), (2, None, [2, 3, 4]), (None, 2, [1]), (3, 3, []), (2, 3, [2])])
def test_the_beginning_is_in_the_range_and_the_end_is_not(since: int | None, until: int | None, expected: list[int]) -> None:
    rows = [usage("s", line, str(line), at=line) for line in (1, 2, 3, 4)]
    assert lines(Scope(since, until), rows) == expected
