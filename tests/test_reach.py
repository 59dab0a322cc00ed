"""What the program reaches for: no network, no file of credentials, no table of accounts, watched by hooks of the interpreter itself."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sessionframe as sf
from sessionframe.engine.registry import selected
from sessionframe.formats import sqlite as reading
from sessionframe.report.doctor import diagnose
from tests.contract.samples import builtin, copied, samples

DEMO = str(sf.testing.demo_home())
COMMANDS: list[list[str]] = [
    ["--version"],
    *(["report", "total", "--home", DEMO, *more] for more in ([], ["--json", "--by", "model"], ["--csv", "--titles", "--by", "session"])),
    ["doctor", "--home", DEMO],
    ["export", "usage", "--home", DEMO, "--to", "usage.csv"],
    ["export", "messages", "--home", DEMO, "--to", "messages.parquet", "--content", "--agent", "codex", "--redact"],
    ["schema", "usage"],
    ["providers", "--json"],
    ["cache", "--clear"],
    ["notebook"],
    ["notebook", "01"],
    ["report", "yearly"],
]
WATCHED = """
import json, os, sys
reached = []
def hook(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "urllib.Request"}:
        reached.append([event, repr(arguments[1:])])
        raise RuntimeError(f"{event}{arguments[1:]}: the network was asked for")
sys.addaudithook(hook)
"""
RUN = """
from sessionframe import cli
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["sessionframe", *arguments]
    try:
        cli.main()
    except SystemExit:
        pass
sys.stderr.write("REACHED" + json.dumps(reached))
"""
IMPORT = """
import importlib, pkgutil, sessionframe
for module in pkgutil.walk_packages(sessionframe.__path__, "sessionframe."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
for name in sessionframe.__all__:
    getattr(sessionframe, name)
sys.stderr.write("REACHED" + json.dumps(reached))
"""
FETCH = """
import sessionframe
try:
    sessionframe.update_prices()
except Exception:
    pass
sys.stderr.write("REACHED" + json.dumps(reached))
"""


def reached(code: str, folder: Path, *arguments: str) -> list[Any]:
    """What a program asked the network for; asking fails."""
    environment = {**os.environ, "SESSIONFRAME_CACHE": "on", "SESSIONFRAME_CACHE_DIR": str(folder / "cache"), "SESSIONFRAME_JOBS": "1"}
    command = [sys.executable, "-c", WATCHED + code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=folder, env=environment)
    assert "REACHED" in done.stderr, done.stderr
    assert "the network was asked for" not in done.stderr.partition("REACHED")[0]
    return list(json.loads(done.stderr.rpartition("REACHED")[2]))


def test_no_command_asks_the_network(tmp_path: Path) -> None:
    assert reached(RUN, tmp_path, json.dumps(COMMANDS)) == []
    assert {"usage.csv", "messages.parquet", "01-first-look.ipynb"} <= {path.name for path in tmp_path.iterdir()}


def test_no_import_asks_the_network(tmp_path: Path) -> None:
    assert reached(IMPORT, tmp_path) == []


def test_prices_are_fetched_when_that_is_asked_for(tmp_path: Path) -> None:
    """And the hook would have seen it."""
    assert reached(FETCH, tmp_path) != []


# credentials

SECRET = "never-read-this"  # noqa: S105 - a decoy
DECOYS = (
    ".claude.json", ".claude/.credentials.json", ".claude/settings.json", ".claude/settings.local.json", ".claude/mcp-auth.json",
    ".config/claude/.credentials.json", ".codex/auth.json", ".codex/config.toml", ".codex/.credentials.json", ".gemini/oauth_creds.json",
    ".gemini/google_accounts.json", ".gemini/mcp-oauth-tokens.json", ".gemini/.env", ".qwen/oauth_creds.json", ".qwen/.env",
    ".qwen/settings.json",
    ".local/share/opencode/auth.json", ".local/share/opencode/mcp-auth.json", ".local/share/opencode/account.json",
    ".local/share/kilo/auth.json", ".local/share/kilo/mcp-auth.json", ".config/opencode/opencode.json", ".netrc", ".aws/credentials",
    ".ssh/id_rsa", ".npmrc", ".pypirc", ".git-credentials", ".env",
)  # fmt: skip
"""Files beside the logs that hold keys, tokens and accounts."""
SETTINGS = frozenset({".claude/settings.json", ".claude/settings.local.json", ".qwen/settings.json"})
"""They tell how long logs are kept and where they lie; nothing else of them is kept or shown."""
TABLES_OF_ACCOUNTS = ("account", "account_state", "control_account", "credential", "credentials", "auth", "user")

opened: list[str] = []
watching = False


def note_opening(event: str, arguments: tuple[Any, ...]) -> None:
    if watching and event == "open":
        opened.append(str(arguments[0]))


@pytest.fixture(scope="module", autouse=True)
def watch() -> None:
    sys.addaudithook(note_opening)  # for good: the interpreter does not forget a hook


@pytest.mark.parametrize("agent", builtin())
def test_no_file_of_credentials_is_opened_and_no_table_of_accounts_read(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = {}
    for sample in samples():
        if sample.agent == agent and sample.case in {"basic", "tools", "titles", "legacy", "document", "broken", "names"}:
            homes[sample.case] = str(home := copied(sample, tmp_path / sample.case))
            for decoy in DECOYS:
                (home / decoy).parent.mkdir(parents=True, exist_ok=True)
                if not (home / decoy).exists():
                    (home / decoy).write_text(json.dumps({"accessToken": SECRET}))
            for database in home.rglob("*.db"):
                add_accounts(database)
    asked = authorised(monkeypatch)
    monkeypatch.setattr(sys.modules[__name__], "watching", True)
    opened.clear()
    logs = sf.scan(agent, home=dict(homes), n_jobs=1)
    shown = [
        str(getattr(logs, table).to_frame("polars", content=True).to_dicts()) for table in ("sessions", "messages", "tool_calls", "issues")
    ]
    shown.append(str(diagnose(logs, selected((agent,)))))
    monkeypatch.setattr(sys.modules[__name__], "watching", False)
    read = {str(Path(path).relative_to(tmp_path)).partition(os.sep)[2] for path in opened if path.startswith(str(tmp_path))}
    assert read
    assert read & set(DECOYS) <= SETTINGS
    assert not asked & set(TABLES_OF_ACCOUNTS)
    assert bool(asked) == any(Path(home).rglob("*.db") for home in homes.values()) or agent not in {"opencode", "kilo"}
    assert SECRET not in "".join(shown)


def add_accounts(path: Path) -> None:
    database = sqlite3.connect(path)
    for table in TABLES_OF_ACCOUNTS:
        database.execute(f"CREATE TABLE IF NOT EXISTS {table} (id text, email text, access_token text)")
        database.execute(f"INSERT INTO {table} SELECT 'a', 'b', '{SECRET}' WHERE NOT EXISTS (SELECT 1 FROM {table})")  # noqa: S608
    database.commit()
    database.close()


def authorised(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The tables that SQLite is asked for from now on."""
    asked: set[str] = set()
    origin = reading.connected

    def note(action: int, first: str | None, *_: Any) -> int:
        if action == sqlite3.SQLITE_READ and first:
            asked.add(first)
        return sqlite3.SQLITE_OK

    def connected(path: str, how: str) -> sqlite3.Connection:
        connection = origin(path, how)
        connection.set_authorizer(note)
        return connection

    monkeypatch.setattr(reading, "connected", connected)
    return asked
