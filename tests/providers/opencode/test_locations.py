"""Where OpenCode's and Kilo's sessions are: every layout, channel and operating system."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import sessionframe as sf
from sessionframe.engine import registry
from sessionframe.machine import Machine, Platform
from sessionframe.providers.contract import Root
from sessionframe.providers.opencode import KILO, PROVIDER, family_member, locations
from sessionframe.providers.opencode.locations import Place, in_share
from sessionframe.providers.opencode.sessions import tree_project
from tests.providers.opencode.databases import FULL, Home, Read, sources, tokens


def places(machine: Machine) -> list[Path]:
    """The roots of a machine."""
    return [root.path for root in PROVIDER.roots(machine)]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_data_folder_is_the_same_on_every_operating_system(tmp_path: Path, platform: Platform) -> None:
    """The program asks for freedesktop.org's folders everywhere."""
    assert places(Machine(tmp_path, {}, platform)) == [tmp_path / ".local" / "share" / "opencode"]
    assert places(Machine(tmp_path, {"XDG_DATA_HOME": str(tmp_path / "d")}, platform)) == [tmp_path / "d" / "opencode"]
    assert [root.path for root in KILO.roots(Machine(tmp_path, {}, platform))] == [tmp_path / ".local" / "share" / "kilo"]


def test_variables(tmp_path: Path) -> None:
    """The program's own names a database, that of other readers folders."""
    data = tmp_path / ".local" / "share" / "opencode"

    def found(**environ: str) -> list[Path]:
        return places(Machine(tmp_path, environ, "linux"))

    assert found(OPENCODE_DB="other.db") == [data, data / "other.db"]
    assert found(OPENCODE_DB=str(tmp_path / "x.db")) == [data, tmp_path / "x.db"]
    assert found(OPENCODE_DB=":memory:") == found(OPENCODE_DB=" ") == [data]
    assert found(OPENCODE_DATA_DIR="~/a, ~/b") == [tmp_path / "a", tmp_path / "b"]
    (tmp_path / "a,b").mkdir()
    assert found(OPENCODE_DATA_DIR=str(tmp_path / "a,b")) == [tmp_path / "a,b"]


def test_a_log_without_its_database_is_reported(tmp_path: Path) -> None:
    """Half of a copy: whoever made it would not miss what is not there."""
    for name in ("opencode.db", "opencode.db-wal", "opencode-dev.db-wal", "other.db-wal"):
        (tmp_path / name).write_bytes(b"?")
    (tmp_path / "opencode-old.db-wal").touch()
    found = PROVIDER.discover(Root(tmp_path, "test"))
    assert [(issue.kind, Path(issue.source or "").name) for issue in found.issues] == [("unreadable", "opencode-dev.db-wal")]


def test_databases_of_all_channels_and_nothing_else(tmp_path: Path) -> None:
    """A channel may have dots in its name."""
    for name in (
        "opencode.db",
        "opencode-dev.db",
        "opencode-my.branch.db",
        "opencode.db.bak",
        "opencode.db-wal",
        "other.db",
        "opencodex.db",
    ):
        (tmp_path / name).touch()
    assert [Path(source.path).name for source in sources(tmp_path)] == ["opencode-dev.db", "opencode-my.branch.db", "opencode.db"]
    kilo = KILO.discover(Root(tmp_path, "test")).sources
    assert [Path(source.path).name for source in kilo] == ["opencode-dev.db", "opencode-my.branch.db", "opencode.db"]


def test_a_database_may_be_a_root(tmp_path: Path) -> None:
    """As `OPENCODE_DB` names one."""
    home = Home(tmp_path).session().reply(tokens(1, 1)).write()
    assert [source.path for source in sources(home.path)] == [str(home.path)]


def test_what_stays_behind_proves_nothing(tmp_path: Path) -> None:
    """`session_diff` is written with a database in use too."""
    for name in ("storage/session_diff/ses_a.json", "storage/migration", "storage/message/.DS_Store", "project/x/app.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("[]", "utf-8")
    assert sources(tmp_path) == []


def test_a_large_database_is_read_in_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each session by exactly one of them, and the rows are the same."""
    home = Home(tmp_path)
    for number in range(20):
        home.session(f"ses_{number}").reply(tokens(number, 1), session_id=f"ses_{number}")
    whole = home.read(FULL)
    monkeypatch.setattr(locations, "SHARE_BYTES", 4096)
    shared = Read(tmp_path, FULL)
    assert len(shared.sources) > 2
    assert len({source.key for source in shared.sources}) == len(shared.sources)
    assert sorted(row.input_tokens or 0 for row in shared.usage) == sorted(row.input_tokens or 0 for row in whole.usage) == list(range(20))
    assert all(sum(in_share(source)(f"ses_{number}") for source in shared.sources) == 1 for number in range(20))
    seqs = [(row.source, row.seq) for row in shared.messages]
    assert len(set(seqs)) == len(seqs)


def test_a_session_is_found_without_reading_the_others(tmp_path: Path) -> None:
    """By the session API; what a tree says of it is added to what the database says."""
    home = (
        Home(tmp_path).session("ses_a").session("ses_b").reply(tokens(1, 1), session_id="ses_b", parts=({"type": "text", "text": "Hi."},))
    )
    home.rows.append(("INSERT INTO message VALUES(?,?,?,?,?)", ("msg_bad", "ses_a", 0, 0, "{broken")))
    home.write()
    from sessionframe.engine.session_api import SessionApi

    session = SessionApi(PROVIDER, Machine(tmp_path, {}, "linux")).read_session("ses_b")
    assert [message.content for message in session.messages] == ["Hi."]
    assert session.usage is not None
    assert session.usage.output_tokens == 1
    assert session.problems == ()


def test_database_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program itself would open."""
    data = tmp_path / "opencode"
    data.mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert sf.database_path() is None
    (data / "opencode-dev.db").touch()
    assert sf.database_path() == data / "opencode-dev.db"
    (data / "opencode.db").touch()
    assert sf.database_path() == data / "opencode.db"
    (tmp_path / "mine.db").touch()
    monkeypatch.setenv("OPENCODE_DB", str(tmp_path / "mine.db"))
    assert sf.database_path() == tmp_path / "mine.db"
    monkeypatch.setenv("OPENCODE_DB", "gone.db")
    assert sf.database_path() == data / "opencode.db"


def test_a_program_made_from_opencode_is_two_lines(tmp_path: Path) -> None:
    """The same tables in another folder; the agent is the folder's name."""
    home = Home(tmp_path).session().reply(tokens(7, 1)).write()
    folder = tmp_path / ".local" / "share" / "mimocode"
    folder.mkdir()
    home.path.rename(folder / "mimocode-dev.db")
    info = dataclasses.replace(PROVIDER.info, agent_type="mimocode", title="MiMo Code")
    sf.register("mimocode", family_member(info, Place("mimocode", ("mimocode",), "MIMOCODE_DB", "MIMOCODE_DIR")))
    try:
        usage = sf.scan("mimocode", "opencode", home=tmp_path, n_jobs=1).usage.to_frame("polars")
    finally:
        registry.unregister("mimocode")
    assert usage.select("agent", "input_tokens").rows() == [("mimocode", 7)]


@pytest.mark.parametrize("name", ["p", "x" * 5000, "../../p", "a\0b", "..", ""])
def test_the_name_of_a_project_leads_to_its_own_file_or_nowhere(tmp_path: Path, name: str) -> None:
    """The oldest tree states it in a file, which can hold anything."""
    folder = tmp_path / "storage" / "project"
    folder.mkdir(parents=True)
    for path in (folder / "p.json", tmp_path / "p.json"):
        path.write_text('{"worktree":"/home/demo"}', "utf-8")
    assert tree_project(str(tmp_path / "storage"), name) == ("/home/demo" if name == "p" else None)
