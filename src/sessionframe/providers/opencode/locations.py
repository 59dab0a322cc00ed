"""Where OpenCode and its forks keep their sessions: machine -> roots -> sources, from names alone."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sessionframe.formats.files import stat_of
from sessionframe.formats.sqlite import SHARED_MEMORY, WAL
from sessionframe.formats.text import clean
from sessionframe.machine import Machine, is_folder
from sessionframe.providers.contract import Found, Root, Source, unique_roots
from sessionframe.schema import IssueRow

DATABASE, TREE, OLD_TREE = "database", "tree", "old-tree"
"""Kinds of sources: SQLite (1.2 and later), one JSON file per message and part (0.6 to 1.1), the same below each project (to 0.5)."""
SHARE_BYTES = 128 << 20
MOST_SHARES = 16
"""A database is read in so many shares at most, each as a source of its own, so that several processes can read it."""
SUFFIXES_BESIDE = (WAL, SHARED_MEMORY, "-journal")
BLOCK_BYTES = 4096
"""What a message of a tree takes at least: its parts are not looked at before they are read."""


@dataclass(frozen=True, slots=True)
class Place:
    """How one program of the family calls its folder and its database.

    Attributes
    ----------
    folder
        Name of the folder below the data folder of the user, and of the database in it.
    databases
        Beginnings of the names of databases: `<name>.db` and `<name>-<channel>.db`.
    file_variable
        Environment variable that names the database.
    folder_variable
        Environment variable by which other readers are told the folder.
    """

    folder: str
    databases: tuple[str, ...]
    file_variable: str
    folder_variable: str

    def roots(self, machine: Machine) -> list[Root]:
        """Every place where the program may have written sessions."""
        found = [Root(path, why) for path, why in self.folders(machine)]
        chosen = self.chosen_database(machine)
        return unique_roots([*found, Root(chosen, self.file_variable)] if chosen else found)

    def folders(self, machine: Machine) -> list[tuple[Path, str]]:
        """The data folder: the rules of freedesktop.org on every system, macOS and Windows included.

        The folder variable is none of the program's own but one of ccusage, which takes a list with commas; a value that exists as a
        folder is never split.
        """
        value = machine.environ.get(self.folder_variable, "").strip()
        if not value:
            return [(machine.data / self.folder, "default folder")]
        whole = machine.expand(value)
        parts = [whole] if is_folder(whole) else [machine.expand(part.strip()) for part in value.split(",") if part.strip()]
        return [(part, self.folder_variable) for part in parts]

    def chosen_database(self, machine: Machine) -> Path | None:
        """The database that the program was told to use: a path, or a name in the data folder."""
        value = machine.environ.get(self.file_variable, "").strip()
        if not value or value == ":memory:":
            return None
        return machine.data / self.folder / machine.expand(value)

    def discover(self, root: Root) -> Found:
        """The databases and trees under a root; a root may also be a database itself."""
        if os.path.isfile(root.path):  # noqa: PTH113 - does not raise
            return Found(list(shares(root, root.path)))
        issues: list[IssueRow] = []
        issues += self.orphan_logs(root.path)
        sources = [share for path in self.database_paths(root.path, issues) for share in shares(root, path)]
        sources += tree(root, root.path / "storage", TREE, issues)
        for project in listed(root.path / "project", issues):
            sources += tree(root, root.path / "project" / project / "storage", OLD_TREE, issues)
        return Found(sources, issues)

    def database_paths(self, folder: Path, issues: list[IssueRow] | None = None) -> list[Path]:
        """The databases of all channels. A channel's name may hold dots; backups (`.db.bak`) and logs end otherwise."""
        return [folder / name for name in listed(folder, issues) if name.endswith(".db") and self.is_database(name.removesuffix(".db"))]

    def orphan_logs(self, folder: Path) -> list[IssueRow]:
        """Issues for logs whose databases are not there: half of a copy, and what is in them can belong to any database."""
        names = set(listed(folder))
        logs = [name for name in sorted(names) if name.endswith(f".db{WAL}") and name.removesuffix(WAL) not in names]
        return [
            IssueRow(source=clean(str(folder / name)), kind="unreadable", detail="a log without its database")
            for name in logs
            if self.is_database(name.removesuffix(f".db{WAL}")) and (stat_of(str(folder / name)) or (0,))[0]
        ]

    def is_database(self, stem: str) -> bool:
        """Whether a name is that of a database: `opencode` or `opencode-<channel>`."""
        return any(stem == name or stem.startswith(f"{name}-") for name in self.databases)


OPENCODE = Place("opencode", ("opencode",), "OPENCODE_DB", "OPENCODE_DATA_DIR")
KILO = Place("kilo", ("kilo", "opencode"), "KILO_DB", "KILO_DATA_DIR")
"""Kilo goes on with a database of OpenCode that it finds in its own folder."""


def database_path() -> Path | None:
    """The database that OpenCode uses on this computer.

    Returns
    -------
    Path or None
        What `OPENCODE_DB` names, else `opencode.db` in OpenCode's data folder, else the database of another channel that was changed
        last. None where there is none: OpenCode is not used here, or only versions before 1.2 were. `scan` reads all of them.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sf.database_path()  # doctest: +SKIP
    PosixPath('/home/demo/.local/share/opencode/opencode.db')
    """
    machine = Machine.this()
    chosen = OPENCODE.chosen_database(machine)
    if chosen is not None and os.path.isfile(chosen):  # noqa: PTH113 - does not raise
        return chosen
    found = [path for folder, _ in OPENCODE.folders(machine) for path in OPENCODE.database_paths(folder)]
    found = [path for path in found if os.path.isfile(path)]  # noqa: PTH113 - does not raise
    return min(found, key=lambda path: (path.name != "opencode.db", -path.stat().st_mtime_ns, path.name), default=None)


def listed(folder: Path, issues: list[IssueRow] | None = None) -> list[str]:
    """The names in a folder, sorted; none where there is no folder."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names are all that is needed
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        if issues is not None:
            issues.append(IssueRow(source=clean(str(folder)), kind="unreadable", detail=f"folder cannot be listed: {error.strerror}"))
        return []


def shares(root: Root, path: Path) -> Iterator[Source]:
    """A database as one source, or a large one as several that divide its sessions among them."""
    bytes_beside = sum(known[0] for suffix in ("", WAL) if (known := stat_of(f"{path}{suffix}")))
    own = stat_of(str(path))
    number = max(1, min(MOST_SHARES, bytes_beside // SHARE_BYTES))
    for share in range(number):
        yield Source(
            str(path),
            DATABASE,
            bytes_beside // number,
            own[1] if own else None,
            companions=tuple(f"{path}{suffix}" for suffix in SUFFIXES_BESIDE),
            root=str(root.path),
            facts={"share": share, "shares": number},
            part=str(share) if number > 1 else "",
            holds_many=True,
        )


def in_share(source: Source) -> Callable[[str], bool]:
    """Whether a session belongs to the share of a database that a source stands for: by its id, whatever is written meanwhile."""
    share, number = source.facts["share"], source.facts["shares"]
    return lambda session_id: zlib.crc32(session_id.encode(errors="replace")) % number == share


def tree(root: Root, storage: Path, kind: str, issues: list[IssueRow]) -> Iterator[Source]:
    """One source per session of a tree of JSON files.

    `session_diff` and `migration` stay behind, and are still written, when a database is used: they prove nothing.
    """
    if kind == TREE:
        infos = {name: folder / name for folder in folders(storage / "session") for name in listed(folder, issues)}
        messages, parts = storage / "message", storage / "part"
    else:
        infos = {name: storage / "session" / "info" / name for name in listed(storage / "session" / "info", issues)}
        messages, parts = storage / "session" / "message", storage / "session" / "part"
    known = {name.removesuffix(".json"): path for name, path in infos.items() if name.endswith(".json")}
    for session_id in sorted({*known, *listed(messages, issues)}):
        info, folder = known.get(session_id), messages / session_id
        count = len(listed(folder))
        if info is None and not count:
            continue
        own = stat_of(str(info)) if info is not None else None
        yield Source(
            str(info if info is not None else folder),
            kind,
            count * BLOCK_BYTES + (own[0] if own else 0),
            own[1] if own else None,
            session_id,
            root=str(root.path),
            facts={
                "info": str(info) if info is not None else "",
                "messages": str(folder),
                "parts": str(parts / session_id if kind == OLD_TREE else parts),
                "project": info.parent.name if info is not None and kind == TREE else "",
                "storage": str(storage),
            },
        )


def folders(path: Path) -> list[Path]:
    """The entries of a folder as paths."""
    return [path / name for name in listed(path)]


def remains(root: Root) -> str | None:
    """Differences of files, which are kept beside the sessions and not deleted with them."""
    left = next((root.path / "storage" / "session_diff").glob("*.json"), None)
    return f"{left.parent} holds what sessions changed" if left is not None else None
