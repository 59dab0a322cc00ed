"""What is known of the host: folders of three operating systems, in the spelling of each, asked for on any of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from sessionframe import machine as module
from sessionframe.engine import registry
from sessionframe.formats import sqlite
from sessionframe.machine import Machine, Platform, Repositories, guess_platform
from sessionframe.providers.claude_code.locations import below_project
from tests.contract.samples import SHAPES, builtin, copied, samples, totals

WINDOWS = "C:\\Users\\demo"
MAC = "/Users/demo"
LINUX = "/home/demo"
SUPPORT = {
    "linux": "/home/demo/.config/Claude",
    "darwin": "/Users/demo/Library/Application Support/Claude",
    "win32": "C:\\Users\\demo\\AppData\\Roaming\\Claude",
}
FOLDERS: dict[str, list[tuple[str, ...]]] = {
    "claude-code": [(".claude",), (".config", "claude")],
    "codex": [(".codex",)],
    "gemini": [(".gemini",)],
    "qwen": [(".qwen",)],
    "opencode": [(".local", "share", "opencode")],
    "kilo": [(".local", "share", "kilo")],
}
"""Agent -> its folders below the home, the same on all operating systems."""
HOMES: dict[Platform, tuple[str, str]] = {"linux": (LINUX, "/"), "darwin": (MAC, "/"), "win32": (WINDOWS, "\\")}


class OnPaper:
    """What a path is asked on the disk, with no disk: nothing is there."""

    def resolve(self) -> Any:
        return self

    def absolute(self) -> Any:
        return self

    def is_dir(self) -> bool:
        return False

    def __fspath__(self) -> str:
        return str(self)


class WindowsOnPaper(OnPaper, PureWindowsPath):
    pass


class PosixOnPaper(OnPaper, PurePosixPath):
    pass


def on_paper(monkeypatch: pytest.MonkeyPatch, platform: Platform, **environ: str) -> Machine:
    """A machine of any operating system, whose paths are spelled as its own."""
    flavour: Any = WindowsOnPaper if platform == "win32" else PosixOnPaper
    monkeypatch.setattr(module, "Path", flavour)
    return Machine(flavour(HOMES[platform][0]), environ, platform)


def places(agent: str, machine: Machine) -> list[str]:
    return [str(root.path) for root in builtin()[agent].roots(machine)]


@pytest.mark.parametrize("platform", HOMES)
@pytest.mark.parametrize("agent", FOLDERS)
def test_roots_as_each_operating_system_spells_them(agent: str, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    home, slash = HOMES[platform]
    expected = [slash.join([home, *folder]) for folder in FOLDERS[agent]]
    if agent == "claude-code":
        expected += [slash.join([SUPPORT[platform], name]) for name in ("claude-code-sessions", "local-agent-mode-sessions")]
    assert places(agent, on_paper(monkeypatch, platform)) == expected


def test_every_agent_is_tried_here() -> None:
    assert set(FOLDERS) == set(registry.builtin())


@pytest.mark.parametrize(
    "agent, variable, value, expected",
    [
        ("claude-code", "CLAUDE_CONFIG_DIR", "D:\\work\\.claude", "D:\\work\\.claude"),
        ("claude-code", "CLAUDE_CONFIG_DIR", "~\\work", f"{WINDOWS}\\work"),
        ("claude-code", "CLAUDE_CONFIG_DIR", "D:/work/projects", "D:\\work"),
        ("claude-code", "CLAUDE_CONFIG_DIR", "\\\\server\\share\\.claude", "\\\\server\\share\\.claude"),
        ("claude-code", "APPDATA", "E:\\Roaming", "E:\\Roaming\\Claude\\claude-code-sessions"),
        ("codex", "CODEX_HOME", "D:\\a, D:\\b", "D:\\b"),
        ("gemini", "GEMINI_CLI_HOME", "D:\\home", "D:\\home\\.gemini"),
        ("qwen", "QWEN_RUNTIME_DIR", "D:\\qwen", "D:\\qwen"),
        ("opencode", "XDG_DATA_HOME", "D:\\data", "D:\\data\\opencode"),
        ("opencode", "OPENCODE_DB", "D:\\x.db", "D:\\x.db"),
        ("opencode", "OPENCODE_DB", "x.db", f"{WINDOWS}\\.local\\share\\opencode\\x.db"),
        ("kilo", "KILO_DATA_DIR", "D:\\kilo", "D:\\kilo"),
    ],
)
def test_variables_of_windows(agent: str, variable: str, value: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With drives, shares, slashes either way and several folders."""
    assert expected in places(agent, on_paper(monkeypatch, "win32", **{variable: value}))


@pytest.mark.parametrize("mark, platform", [("Library/Application Support", "darwin"), ("AppData", "win32")])
@pytest.mark.parametrize("agent", FOLDERS)
def test_a_home_of_another_operating_system_has_the_same_totals(agent: str, mark: str, platform: Platform, tmp_path: Path) -> None:
    """A backup of a Mac or of a Windows, read here."""
    sample = next(each for each in samples() if (each.agent, each.case) == (agent, SHAPES[agent].basic))
    home = copied(sample, tmp_path / "home")
    (home / mark).mkdir(parents=True, exist_ok=True)
    assert guess_platform(home) == Machine.at(home).platform == platform
    assert totals(home, agent) == totals(sample.home, agent)


def test_sessions_of_the_desktop_program_lie_elsewhere_on_each(tmp_path: Path) -> None:
    """Cowork keeps a whole configuration folder per session."""
    sample = next(each for each in samples() if (each.agent, each.case) == ("claude-code", "basic"))
    for place in (
        "Library/Application Support/Claude",
        "AppData/Roaming/Claude",
        "AppData/Local/Packages/Claude_x/LocalCache/Roaming/Claude",
    ):
        home = tmp_path / place.replace("/", "-")
        session = home / place / "local-agent-mode-sessions" / "a" / "b"
        session.mkdir(parents=True)
        copied(sample, session / "home")
        (session / "home" / ".claude").rename(session / ".claude")
        assert totals(home, "claude-code") == totals(sample.home, "claude-code")


@pytest.mark.parametrize(
    "system, platform", [("win32", "win32"), ("darwin", "darwin"), ("linux", "linux"), ("freebsd14", "linux"), ("cygwin", "linux")]
)
def test_this_computer(system: str, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    found = Machine.this("laptop")
    assert (found.platform, found.label, found.is_local) == (platform, "laptop", True)


def test_a_variable_that_is_empty_is_unset(tmp_path: Path) -> None:
    assert Machine(tmp_path, {"X": "  "}).path("X") is None
    assert Machine(tmp_path, {"X": " ~ "}).path("X") == tmp_path
    assert Machine(tmp_path, {"X": "~demo/x"}).path("X") == Path("~demo/x")


@pytest.mark.parametrize(
    "directory, repository",
    [
        ("C:\\code\\shop\\.claude\\worktrees\\fix-1\\src", "C:\\code\\shop"),
        ("\\\\wsl.localhost\\Debian\\home\\demo\\shop\\.worktrees\\a", "\\\\wsl.localhost\\Debian\\home\\demo\\shop"),
        ("/mnt/c/code/shop/.claude/worktrees/a", "/mnt/c/code/shop"),
        ("c:/code/shop/.worktrees/a", "C:\\code\\shop"),
        ("C:\\code\\shop", "C:\\code\\shop"),
        ("", ""),
    ],
)
def test_worktrees_of_other_computers_are_told_by_their_spelling(directory: str, repository: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the disk of this one is not asked."""
    monkeypatch.setattr(module, "root_on_disk", lambda directory: pytest.fail("looked on the disk"))
    assert Repositories(look_on_disk=False).root(directory) == repository


def test_names_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is cut out of paths of files, and how a database is called there."""
    with monkeypatch.context() as there:
        there.setattr(os, "sep", "\\")
        folder: Any = PureWindowsPath("C:\\x\\projects")
        found = below_project("C:\\x\\projects\\C--code-shop\\s1\\subagents", folder)
    assert found == ("s1", "subagents")
    monkeypatch.setattr(sqlite, "Path", WindowsOnPaper)
    assert sqlite.location("C:\\Users\\demo\\opencode.db") == "/C:/Users/demo/opencode.db"
    assert sqlite.location("\\\\wsl.localhost\\Debian\\x.db") == "//wsl.localhost/Debian/x.db"
