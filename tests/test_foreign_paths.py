"""Paths of any system, read on this one: whose rules they follow, which repository they belong to, what is never looked up."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from sessionframe.machine import Repositories, may_be_here, path_parts, tidy

SPELLINGS = [
    ("/home/demo/code/shop", "/home/demo/code/shop"),
    ("/home/demo/we\\ird", "/home/demo/we\\ird"),
    ("/mnt/c/Users/demo/code", "/mnt/c/Users/demo/code"),
    (r"C:\Users\demo\code", r"C:\Users\demo\code"),
    (r"c:\Users\demo\code", r"C:\Users\demo\code"),  # as VS Code writes it
    ("C:/Users/demo/code", r"C:\Users\demo\code"),  # as Git does
    (r"\\?\C:\Users\demo\code", r"C:\Users\demo\code"),  # as Rust does
    (r"\\?\UNC\server\share\code", r"\\server\share\code"),
    (r"\\server\share\code", r"\\server\share\code"),
    ("//wsl.localhost/Ubuntu/home/demo", r"\\wsl.localhost\Ubuntu\home\demo"),
    (r"\\wsl$\Ubuntu\home\demo", r"\\wsl.localhost\Ubuntu\home\demo"),
    ("code/shop", "code/shop"),
    ("", ""),
]


@pytest.mark.parametrize("path, expected", SPELLINGS)
def test_one_spelling(path: str, expected: str) -> None:
    assert tidy(path) == expected
    assert Repositories(look_on_disk=True).root(path) == expected


WORKTREES = [
    (r"C:\code\shop\.claude\worktrees\tax", r"C:\code\shop"),
    (r"c:\code\shop\.claude\worktrees\tax\src\api", r"C:\code\shop"),
    ("C:/code/shop/.worktrees/tax", r"C:\code\shop"),
    (r"\\?\C:\code\shop\.worktrees\tax", r"C:\code\shop"),
    (r"\\server\share\shop\.claude\worktrees\tax", r"\\server\share\shop"),
    (r"\\wsl.localhost\Ubuntu\home\demo\shop\.worktrees\tax", r"\\wsl.localhost\Ubuntu\home\demo\shop"),
    ("/mnt/c/code/shop/.claude/worktrees/tax", "/mnt/c/code/shop"),
]


@pytest.mark.parametrize("path, expected", WORKTREES)
def test_worktrees_of_other_systems_by_their_shape(path: str, expected: str) -> None:
    assert Repositories(look_on_disk=True).root(path) == expected
    assert Repositories(look_on_disk=False).root(path) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="paths of Windows are its own there")
@pytest.mark.parametrize("path", [r"C:\code\shop", "C:/code/shop", r"\\server\share", "//server/share/x", "~/code", "code/shop", ".", ""])
def test_what_is_no_path_of_this_computer_is_not_looked_up(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be taken for a folder below the current one, and get that one's repository."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert Repositories(look_on_disk=True).root(path) == tidy(path)


@pytest.mark.parametrize(
    "path, linux, windows",
    [
        ("/home/demo", True, False),
        (r"C:\code", False, True),
        (r"\\server\share\code", False, False),  # Windows would log in there
        (r"\\?\UNC\server\share\code", False, False),
        (r"\\?\C:\code", False, False),
        ("//server/share", False, False),
        (r"\code", False, False),
        ("code", False, False),
    ],
)
def test_what_can_be_looked_up(path: str, linux: bool, windows: bool) -> None:
    assert may_be_here(path, PurePosixPath) is linux
    assert may_be_here(path, PureWindowsPath) is windows


@pytest.mark.parametrize("relative", [True, False])
def test_the_pointer_of_a_worktree_may_be_relative(relative: bool, tmp_path: Path) -> None:
    """`git config worktree.useRelativePaths true`, since Git 2.48."""
    repository, tree = tmp_path / "shop", tmp_path / "trees" / "tax"
    (repository / ".git" / "worktrees" / "tax").mkdir(parents=True)
    tree.mkdir(parents=True)
    (tree / ".git").write_text(f"gitdir: {'../../shop' if relative else repository.as_posix()}/.git/worktrees/tax\n")
    assert Repositories(look_on_disk=True).root(str(tree)) == str(repository)
    assert Repositories(look_on_disk=True).root(str(repository)) == str(repository)


@pytest.mark.parametrize(
    "path, parts",
    [
        ("/code/we\\ird/x.py", ["code", "we\\ird", "x.py"]),
        (r"C:\code\shop", ["C:", "code", "shop"]),
        (r"src\api\x.py", ["src", "api", "x.py"]),
        ("//server/share/x", ["server", "share", "x"]),
        ("/", []),
    ],
)
def test_names_in_a_path(path: str, parts: list[str]) -> None:
    assert path_parts(path) == parts
