"""`Machine`: all that a provider may know of the host. Goes in: a home folder or this computer; comes out: paths and overrides."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Final, Literal, TypeAlias

Platform: TypeAlias = Literal["linux", "darwin", "win32"]
NATIVE: Final = type(PurePath())
"""The rules of paths on this computer."""
WINDOWS = re.compile(r"^(?:[A-Za-z]:[\\/]|\\\\|//[^/])")
"""A drive or a share: the path of a Windows machine, wherever its log is read. Git writes shares with slashes."""
VERBATIM = re.compile(r"^[\\/]{2}[?.][\\/](?:(?P<share>UNC[\\/])|(?=[A-Za-z]:[\\/]))", re.IGNORECASE)
"""What programs in Rust put before the path of a folder: ``\\\\?\\C:\\code``, ``\\\\?\\UNC\\server\\share``."""
OLD_WSL = re.compile(r"^[\\/]{2}wsl\$(?=[\\/])", re.IGNORECASE)
"""The name that ``\\\\wsl.localhost`` had before Windows 11, which still leads there."""
FOLDER_VARIABLES = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "APPDATA", "LOCALAPPDATA")
"""Environment variables that move the folders of all programs."""


@dataclass(frozen=True)
class Machine:
    """One home folder and what its programs were told about it.

    Attributes
    ----------
    home
        The home folder.
    environ
        Environment variables that move an agent's folders. Empty when a sample or a backup is read, so that it is never
        mixed with this computer.
    platform
        ``linux``, ``darwin`` or ``win32``: decides where applications keep their data.
    label
        Name of the home in the `host` column when several are read; otherwise null.
    is_local
        The home is this computer's own, so paths in its logs may be looked up on the disk.
    """

    home: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    platform: Platform = "linux"
    label: str | None = None
    is_local: bool = False

    @classmethod
    def this(cls, label: str | None = None) -> Machine:
        """This computer, with its environment variables."""
        platform: Platform = "win32" if sys.platform == "win32" else "darwin" if sys.platform == "darwin" else "linux"
        return cls(Path.home(), dict(os.environ), platform, label, is_local=True)

    @classmethod
    def at(cls, home: str | os.PathLike[str], label: str | None = None) -> Machine:
        """Another home folder: a sample, a backup, a colleague's machine. Environment variables of this computer do not count."""
        folder = Path(home).expanduser()
        return cls(folder, {}, guess_platform(folder), label, is_local=False)

    def path(self, variable: str) -> Path | None:
        """The folder that an environment variable names, or nothing when it is unset or empty."""
        value = self.environ.get(variable, "").strip()
        return self.expand(value) if value else None

    def expand(self, text: str) -> Path:
        """A path as a user writes it: ``~`` is this machine's home."""
        if text == "~" or text.startswith(("~/", "~\\")):
            return self.home / text[2:]
        return Path(text)

    @property
    def config(self) -> Path:
        """Where programs keep their configuration by the rules of freedesktop.org."""
        return self.path("XDG_CONFIG_HOME") or self.home / ".config"

    @property
    def data(self) -> Path:
        """Where programs keep their data by the rules of freedesktop.org."""
        return self.path("XDG_DATA_HOME") or self.home / ".local" / "share"

    def application_support(self, name: str) -> list[Path]:
        """Where desktop programs keep their data: one place per way of installing them."""
        if self.platform == "darwin":
            return [self.home / "Library" / "Application Support" / name]
        if self.platform == "win32":
            roaming = self.path("APPDATA") or self.home / "AppData" / "Roaming"
            local = self.path("LOCALAPPDATA") or self.home / "AppData" / "Local"
            packaged = sorted((local / "Packages").glob(f"{name}_*")) if is_folder(local / "Packages") else []
            return [roaming / name, *(package / "LocalCache" / "Roaming" / name for package in packaged)]
        return [self.config / name]

    @cached_property
    def repositories(self) -> Repositories:
        """Folds worktrees of this machine into their repositories."""
        return Repositories(look_on_disk=self.is_local)


def is_folder(path: Path) -> bool:
    """Whether there is a folder; where nobody may look, `Path.is_dir` would raise."""
    return os.path.isdir(path)  # noqa: PTH112 - does not raise


def flavoured(path: str) -> PurePath:
    """A path with the rules of its own system: on Windows upper and lower case are the same, and one folder has several spellings."""
    if not WINDOWS.match(path):
        return PurePosixPath(path)
    if prefix := VERBATIM.match(path):
        path = ("\\\\" if prefix["share"] else "") + path[prefix.end() :]
    return PureWindowsPath(OLD_WSL.sub(lambda _: "\\\\wsl.localhost", path))


def tidy(path: str) -> str:
    """A path as it is written; one of Windows with a capital drive, backslashes and its usual name, whichever program wrote it."""
    if not WINDOWS.match(path):
        return path
    text = str(flavoured(path))
    return text[0].upper() + text[1:]


def path_parts(path: str) -> list[str]:
    """The names in a path, of whichever system: a backslash is part of a name only where a path begins as on Unix."""
    separator = "/" if path.startswith("/") and not WINDOWS.match(path) else r"[/\\]"
    return [part for part in re.split(separator, path) if part]


def may_be_here(path: str, native: type[PurePath] = NATIVE) -> bool:
    """Whether a path of a log can be one of this computer's own.

    A relative path would be looked up where this program happens to run. A share is a request to the server that it names, to which
    Windows also proves who the user is: no log may ask for that.
    """
    return isinstance(flavoured(path), native) and native(path).is_absolute() and not path.startswith(("\\\\", "//"))


def is_closed(folder: Path) -> bool:
    """Whether there is a folder that may not be entered."""
    return is_folder(folder) and not os.access(folder, os.X_OK, effective_ids=os.access in os.supports_effective_ids)


def guess_platform(home: Path) -> Platform:
    """Which operating system a copied home folder comes from, by the folders that only one of them has.

    A `Library` that may not be entered is taken for that of a Mac: what lies in it is then looked for, and reported.
    """
    if is_folder(home / "Library" / "Application Support") or is_closed(home / "Library"):
        return "darwin"
    if is_folder(home / "AppData"):
        return "win32"
    return "linux"


WORKTREE_SHAPES = (
    # Claude Code's EnterWorktree and the desktop program: <repository>/.claude/worktrees/<name>
    re.compile(r"^(?P<repo>.+)[/\\]\.claude[/\\]worktrees[/\\][^/\\]+"),
    # a common convention of users and of other agents: <repository>/.worktrees/<name>
    re.compile(r"^(?P<repo>.+)[/\\]\.worktrees[/\\][^/\\]+"),
)
GIT_POINTER = re.compile(r"^gitdir:\s*(?P<repo>.+?)[/\\]\.git[/\\]worktrees[/\\][^/\\]+\s*$", re.MULTILINE)


class Repositories:
    """Working directory -> root of its repository, remembered per directory.

    Evidence: in one survey 27 % of all sessions sat under phantom project names made by worktrees. Two sources, best first:
    the ``.git`` entry on the disk of this computer, and the shape of the path, which also serves for worktrees that no
    longer exist and for homes of other machines.
    """

    def __init__(self, *, look_on_disk: bool) -> None:
        self._look_on_disk = look_on_disk
        self._known: dict[str, str] = {}
        self._asked: set[str] = set()

    def root(self, directory: str | None) -> str | None:
        """The repository that a working directory belongs to; the directory itself when nothing says otherwise."""
        if directory is None:
            return None
        self._asked.add(directory)
        if directory not in self._known:
            self._known[directory] = self._find(directory)
        return self._known[directory]

    def asked(self) -> dict[str, str]:
        """The answers since the last call: what the disk of this computer may answer otherwise next time."""
        answers = {directory: self._known[directory] for directory in sorted(self._asked)}
        self._asked.clear()
        return answers

    def _find(self, directory: str) -> str:
        pointed = root_on_disk(Path(directory)) if self._look_on_disk and may_be_here(directory) else None
        if pointed is not None:
            return tidy(pointed)
        for shape in WORKTREE_SHAPES:
            if match := shape.match(directory):
                return tidy(match["repo"])
        return tidy(directory)


def root_on_disk(directory: Path) -> str | None:
    """Follow the ``.git`` entry of a directory or its parents; a pointer file leads from a worktree to its repository."""
    try:
        for folder in (directory, *directory.parents):
            git = folder / ".git"
            if git.is_file():
                match = GIT_POINTER.search(git.read_text("utf-8", errors="replace"))
                return pointed_to(folder, match["repo"]) if match else str(folder)
            if git.is_dir():
                return str(folder)
    except OSError:
        return None
    return None


def pointed_to(folder: Path, repository: str) -> str:
    """The repository that the ``.git`` file of a worktree names; since Git 2.48 it may be named from the worktree's folder on."""
    return repository if flavoured(repository).is_absolute() else os.path.normpath(folder / repository)
