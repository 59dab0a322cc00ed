"""The whole command line under other locales, encodings and consoles: the same data to the byte, and never the end of the program."""

# ruff: noqa: RUF001 - letters that look like others are what this is about

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sessionframe.schema import TABLES
from tests.contract.samples import SHAPES, samples
from tests.providers.claude_code.transcripts import call, prompt, reply, write

PROJECT = "/home/demo/Größe/東京 Iıİi"
DRIVER = '''
"""Commands as JSON go in; what each writes to a pipe and to a console comes out, as hexadecimal digits."""
import gc, io, json, locale, os, sys
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    sys.exit(f"no locale {os.environ.get('LC_ALL')}")
from sessionframe import cli

class Console(io.TextIOWrapper):
    def isatty(self):
        return True

def written(arguments, stream_of):
    encoding = sys.__stdout__.encoding
    before = sys.stdout, sys.stderr
    out, err = (stream_of(io.BytesIO(), encoding=encoding, errors="strict", newline="\\n") for _ in range(2))
    sys.argv, sys.stdout, sys.stderr = ["sessionframe", *arguments], out, err
    try:
        cli.main()
    except SystemExit as stop:
        code = stop.code
    finally:
        sys.stdout, sys.stderr = before
    for stream in (out, err):
        stream.flush()
    return [code, out.buffer.getvalue().hex(), err.buffer.getvalue().hex()]

commands = json.loads(sys.argv[1])
piped = [written(command, io.TextIOWrapper) for command in commands]
shown = [written(command, Console) for command in commands if "--json" not in command and "export" not in command]
print(json.dumps({"piped": piped, "shown": shown, "encoding": sys.__stdout__.encoding}))
'''
PLAIN = {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
ENVIRONMENTS = {
    "POSIX": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "cp1252": {
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": "cp1252",
        "PYTHONWARNDEFAULTENCODING": "1",
        "PYTHONWARNINGS": "error::EncodingWarning",
    },
    "Turkish": {"LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "0"},
}
"""Name -> variables. With cp1252, a file that is opened without saying its encoding is an error. Turkish has an I with and one without a
dot, and writes decimals with a comma."""
DATA = ("--json", "--csv", "jsonl", "csv")
"""Options of commands whose output programs read."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a plain session of every agent, and one whose title, project and file names are in many scripts."""
    folder = tmp_path_factory.mktemp("home")
    for sample in samples():
        if sample.case == SHAPES[sample.agent].basic:
            shutil.copytree(sample.home, folder, dirs_exist_ok=True)
    where: dict[str, Any] = {"cwd": PROJECT, "gitBranch": "özellik/ıssue-🚀"}
    write(
        folder,
        [
            {"type": "summary", "summary": "İstanbul ıssue 🚀 – “fixed” \x1b[31m", "leafUuid": "u-assistant-5"},
            prompt(1, "größer 🚀", **where),
            reply(5, call(name="Read", file_path=f"{PROJECT}/ß.py"), **where),
        ],
    )
    return folder


def commands(home: Path) -> list[list[str]]:
    """Every command that reads or tells something, and mistakes."""
    where = ["--home", str(home), "--tz", "UTC"]
    return [
        ["report", "--by", "model,project", *where],
        ["report", "total", "--titles", *where],
        ["report", "weekly", "--by", "branch", "--json", *where],
        ["report", "total", "--by", "project", "--csv", *where],
        ["doctor", *where],
        ["doctor", "--json", *where],
        *(["export", table, "--to", "-", "--format", kind, *where] for table, kind in zip(TABLES, ("jsonl", "csv") * 3, strict=False)),
        ["schema"],
        ["notebook"],
        ["--help"],
        ["report", "--by", "größe", *where],
        ["report", "--home", "/nirgends/🚀"],
        ["export", "usage", "--to", "-", "--format", "parquet", *where],
        ["reports"],
    ]


@cache
def locale_at(name: str, folder: Path) -> Path:
    """A locale made of its definition, where the system does not have it."""
    done = subprocess.run(
        ["localedef", "-i", name.partition(".")[0], "-f", "UTF-8", str(folder / name)],  # noqa: S607 - wherever the system keeps it
        capture_output=True,
        check=False,
    )
    if not (folder / name).is_dir():
        pytest.skip(f"no locale {name} here, and none can be made: {done.stderr.decode(errors='replace').strip()}")
    return folder


@cache
def outputs(home: Path, environment: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """What every command writes in an environment."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO", "PYTHONUTF8"))}
    settings |= {"SESSIONFRAME_JOBS": "1", "COLUMNS": "200", **dict(environment)}
    arguments = [sys.executable, "-c", DRIVER, json.dumps(commands(home))]
    done = subprocess.run(arguments, env=settings, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return dict(json.loads(done.stdout))


def text_of(digits: str) -> str:
    return bytes.fromhex(digits).decode("utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="locales of C are not those of Windows")
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_output_does_not_depend_on_locale_and_encoding(name: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """To a pipe the same bytes. Characters that an encoding lacks are shown as escapes, lines of a table in what there is."""
    environment = dict(ENVIRONMENTS[name])
    if environment["LC_ALL"].startswith("tr"):
        environment["LOCPATH"] = str(locale_at(environment["LC_ALL"], tmp_path_factory.mktemp("locales")))
    here, there = outputs(home, tuple(PLAIN.items())), outputs(home, tuple(environment.items()))
    encoding = environment.get("PYTHONIOENCODING", "utf-8")  # a pipe is UTF-8 unless somebody says otherwise
    for command, expected, found in zip(commands(home), here["piped"], there["piped"], strict=True):
        assert found[0] == expected[0], command
        if encoding == "utf-8" or set(DATA) & set(command):
            written = "utf-8" if command[0] == "export" else encoding
            assert bytes.fromhex(found[1]) == text_of(expected[1]).encode(written, "backslashreplace"), command
    for expected, found in zip(here["shown"], there["shown"], strict=True):
        assert found[0] == expected[0]
        assert b"Traceback" not in bytes.fromhex(found[1] + found[2])


def test_the_reference_shows_every_character(home: Path) -> None:
    """What the other environments are held against is itself right."""
    here = outputs(home, tuple(PLAIN.items()))
    found = dict(zip(map(tuple, commands(home)), here["piped"], strict=True))
    written = {command: text_of(out) for command, (_, out, _) in found.items()}
    titles = next(text for command, text in written.items() if "--titles" in command)
    assert "İstanbul ıssue 🚀 – “fixed”" in titles
    assert "\x1b" not in titles
    assert PROJECT in next(text for command, text in written.items() if command[:2] == ("export", "sessions"))
    assert [code for code, _, _ in here["piped"]].count(0) == len(found) - 4
    assert all("Traceback" not in text_of(err) for _, _, err in (*here["piped"], *here["shown"]))
