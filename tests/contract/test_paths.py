"""Every provider: logs of Windows and of WSL, read on this system, have the same rows, and their paths follow their own rules."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import sessionframe as sf
from sessionframe.engine.session_api import SessionApi
from sessionframe.machine import Machine, tidy
from tests.contract.samples import Shape, builtin, copied, files, shapes
from tests.contract.test_invariants import basic

Spell: TypeAlias = Callable[[str], str]
DEMO = re.compile(r"/home/demo\b((?:/[\w.@-]+)*)")
"""A path of the samples."""


def backslashes(start: str) -> Spell:
    return lambda rest: start + rest.replace("/", "\\")


SYSTEMS: dict[str, Spell] = {
    "windows": backslashes(r"C:\Users\demo"),
    "vscode": backslashes(r"c:\Users\demo"),
    "rust": backslashes(r"\\?\C:\Users\demo"),
    "git": lambda rest: "C:/Users/demo" + rest,
    "wsl": backslashes(r"\\wsl.localhost\Ubuntu\home\demo"),
    "old wsl": backslashes(r"\\wsl$\Ubuntu\home\demo"),
    "mounted": lambda rest: "/mnt/c/Users/demo" + rest,
    "share": backslashes(r"\\server\homes\demo"),
}


HASHES = {hashlib.sha256(path.encode()).hexdigest(): path for path in ("/home/demo/code/shop", "/home/demo/code/blog")}
"""Gemini CLI and Qwen Code call projects by these."""


def spelled(text: str, spell: Spell) -> str:
    """A text with the paths of another system; one that is JSON stays JSON."""
    if text in HASHES:
        return hashlib.sha256(spelled(HASHES[text], spell).encode()).hexdigest()
    if DEMO.search(text) and text.lstrip().startswith(("{", "[")):
        try:
            return json.dumps(respelled(json.loads(text), spell), ensure_ascii=False)
        except ValueError:
            pass
    return DEMO.sub(lambda match: spell(match[1]), text)


def respelled(value: Any, spell: Spell) -> Any:
    """A value of JSON with the paths of another system, in keys too."""
    if isinstance(value, dict):
        return {spelled(key, spell): respelled(each, spell) for key, each in value.items()}
    if isinstance(value, list):
        return [respelled(each, spell) for each in value]
    return spelled(value, spell) if isinstance(value, str) else value


def move(home: Path, spell: Spell) -> Path:
    """Make of a home one that programs on another system wrote."""
    for path in files(home):
        if path.suffix == ".db":
            move_database(path, spell)
            continue
        content = path.read_text("utf-8")
        parts = content.split("\n") if path.suffix == ".jsonl" else [content]
        path.write_text("\n".join(spelled(part, spell) for part in parts), "utf-8")
    for folder in [path for path in home.rglob("*") if path.name in HASHES]:
        folder.rename(folder.with_name(spelled(folder.name, spell)))
    return home


def move_database(path: Path, spell: Spell) -> None:
    """The same with every cell of a database."""
    with closing(sqlite3.connect(path)) as database:
        database.create_function("spelled", 1, lambda cell: spelled(cell, spell) if isinstance(cell, str) else cell)
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [column for _, column, *_ in database.execute(f"PRAGMA table_info({table})").fetchall()]
            changes = ", ".join(f'"{column}" = spelled("{column}")' for column in columns)
            database.execute(f'UPDATE "{table}" SET {changes}')  # noqa: S608 - of the samples
        database.commit()


CASES = [
    pytest.param(agent, shape, system, id=f"{agent}-{shape.basic}-{system}")
    for agent, shape in shapes()
    for system in SYSTEMS
    if system in {"windows", "mounted"} or agent == "claude-code"  # what follows from a path is found out in one place for all
]


@pytest.mark.parametrize("agent, shape, system", CASES)
def test_paths_of_other_systems(agent: str, shape: Shape, system: str, tmp_path: Path) -> None:
    """The columns have them as they are, `repo_root` in one spelling; `project=` finds them in any, also from `~` on."""
    plain, spell = basic(agent, shape), SYSTEMS[system]
    before = sf.scan(agent, home=plain.home, n_jobs=1)
    home = move(copied(plain, tmp_path / "home"), spell)
    logs = sf.scan(agent, home=home, n_jobs=1)
    usage, was = logs.usage.to_frame("polars"), before.usage.to_frame("polars")
    same = [name for name in usage.columns if name not in {"project", "repo_root", "source"}]
    assert usage.select(same).equals(was.select(same))
    assert logs.issues.to_frame("polars")["kind"].to_list() == before.issues.to_frame("polars")["kind"].to_list()
    for table, column in (("usage", "project"), ("tool_calls", "path"), ("sessions", "project")):
        expected = [value and spelled(value, spell) for value in getattr(before, table).to_frame("polars")[column]]
        assert getattr(logs, table).to_frame("polars")[column].to_list() == expected
    assert usage["repo_root"].to_list() == [value and tidy(spelled(value, spell)) for value in was["repo_root"]]
    project, root = usage.row(0, named=True)["project"], usage.row(0, named=True)["repo_root"]
    if project is None:  # the first versions of Qwen Code name only its hash
        assert (agent, shape.basic) == ("qwen", "legacy")
        return
    ways = {project: project, root: project, "~" if system != "share" else project: None}
    if system != "mounted":
        ways[project.upper()] = project
    for way, wanted in ways.items():
        found = sf.scan(agent, home=home, n_jobs=1, project=way).usage.to_frame("polars")
        assert found.height == (usage if wanted is None else usage.filter(project=wanted)).height
    listed = SessionApi(builtin()[agent], Machine.at(home)).list_sessions(project.upper() if system != "mounted" else project)
    assert {session.project_path for session in listed} == {project}
