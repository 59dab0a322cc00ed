"""Where Claude Code's sessions are: every place, era and operating system."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

import pytest

from sessionframe.machine import Machine
from sessionframe.providers.claude_code.locations import discover, identity, retention, roots
from sessionframe.providers.contract import Want
from tests.providers.claude_code.transcripts import FULL, LIGHT, SESSION, Read, prompt, reply, write


def places(machine: Machine) -> list[str]:
    """The roots of a machine, as texts below its home."""
    return [PurePath(os.path.relpath(root.path, machine.home)).as_posix() for root in roots(machine)]


def test_roots_of_three_operating_systems(tmp_path: Path) -> None:
    """The CLI's folders are the same everywhere, the desktop program's are not."""
    cli = [".claude", ".config/claude"]
    store = "AppData/Local/Packages/Claude_x1"
    (tmp_path / store).mkdir(parents=True)
    assert places(Machine(tmp_path, {}, "linux")) == [
        *cli,
        ".config/Claude/claude-code-sessions",
        ".config/Claude/local-agent-mode-sessions",
    ]
    mac = "Library/Application Support/Claude"
    assert places(Machine(tmp_path, {}, "darwin")) == [*cli, f"{mac}/claude-code-sessions", f"{mac}/local-agent-mode-sessions"]
    windows = places(Machine(tmp_path, {}, "win32"))
    assert windows[2:] == [
        f"{folder}/{kind}"
        for folder in ("AppData/Roaming/Claude", f"{store}/LocalCache/Roaming/Claude")
        for kind in ("claude-code-sessions", "local-agent-mode-sessions")
    ]


def test_the_environment_replaces_the_folder(tmp_path: Path) -> None:
    """One folder as the CLI takes it, several by commas as users of ccusage write it, `projects` itself, a comma in a name."""
    (tmp_path / "a,b").mkdir()
    for value, expected in [("~/work", ["work"]), ("~/work, ~/home", ["work", "home"]), ("~/x/projects", ["x"]), ("~/a,b", ["a,b"])]:
        assert places(Machine(tmp_path, {"CLAUDE_CONFIG_DIR": value}))[: len(expected)] == expected
    assert places(Machine(tmp_path, {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}))[1] == "xdg/claude"


def test_two_ways_to_one_folder_are_one_root(tmp_path: Path) -> None:
    """A link must not double every number."""
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "claude").symlink_to(tmp_path / ".claude")
    assert ".config/claude" not in places(Machine(tmp_path))


@pytest.mark.parametrize(
    "path, kind, session, root",
    [
        ("s1.jsonl", "main", "s1", "s1"),
        ("s1/subagents/agent-a1b2.jsonl", "subagent", "s1/a1b2", "s1"),
        ("s1/subagents/agent-acompact-9f.jsonl", "subagent", "s1/acompact-9f", "s1"),
        ("s1/subagents/workflows/wf_1-2/agent-a9.jsonl", "workflow-agent", "s1/a9", "s1"),
        ("s1/s1.jsonl", "main", "s1", "s1"),
        ("s1/other.jsonl", "subagent", "s1/other", "s1"),
        ("agent-0a1b2c3d.jsonl", "legacy-agent", "", ""),
    ],
)
def test_what_a_path_tells(path: str, kind: str, session: str, root: str) -> None:
    """Kind and ids from the place of a file in its project folder."""
    *inside, name = path.split("/")
    assert identity(name.removesuffix(".jsonl"), tuple(inside)) == (kind, session, root)


def test_discovery_takes_transcripts_only(tmp_path: Path) -> None:
    """Journals and files set aside are left alone, a folder named like a transcript is reported, links are followed once."""
    for name in (f"{SESSION}.jsonl", "x.orphaned.jsonl", "x.superseded.jsonl", "journal.jsonl", "memory/x.md"):
        write(tmp_path, [prompt(1)], name)
    projects = tmp_path / ".claude" / "projects"
    (projects / "-home-demo-code-shop" / "folder.jsonl").mkdir()
    (projects / "loop").symlink_to(projects)
    elsewhere = tmp_path / "disk" / "proj"
    elsewhere.mkdir(parents=True)
    (elsewhere / "y.jsonl").write_text("{}\n")
    (projects / "linked").symlink_to(elsewhere)
    found = discover(roots(Machine(tmp_path))[0])
    assert [Path(source.path).name for source in found.sources] == [f"{SESSION}.jsonl", "y.jsonl"]
    assert [(issue.kind, Path(issue.source or "").name) for issue in found.issues] == [("unreadable", "folder.jsonl")]


def test_an_empty_home_and_no_home(tmp_path: Path) -> None:
    """Nothing, and nothing raised."""
    for home in (tmp_path, tmp_path / "missing"):
        assert Read(home).rows == []


def test_a_legacy_agent_belongs_to_the_session_its_lines_name(tmp_path: Path) -> None:
    """Up to 2.1.1 it lay beside its parent's file."""
    write(tmp_path, [prompt(1, agentId="0a1b2c3d", isSidechain=True), reply(2, isSidechain=True)], "agent-0a1b2c3d.jsonl")
    (row,) = Read(tmp_path).sessions
    assert (row.session_id, row.root_session_id, row.kind) == (f"{SESSION}/0a1b2c3d", SESSION, "subagent")


def test_retention(tmp_path: Path) -> None:
    """What the settings say, else the default."""
    assert retention(Machine(tmp_path)) == "30 days (the default of cleanupPeriodDays)"
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "settings.json").write_text('{"cleanupPeriodDays": 365}')
    assert (retention(Machine(tmp_path)) or "").startswith("365 days")


@pytest.mark.parametrize("want", [LIGHT, FULL])
def test_lineage_of_an_original_and_of_a_copy(tmp_path: Path, want: Want) -> None:
    """Live records between the shared ones speak for the original, a late first queue operation for the copy."""
    queue = {"type": "queue-operation", "operation": "enqueue", "sessionId": SESSION}
    original = [{**queue, "timestamp": "2026-10-05T10:00:01.000Z"}, prompt(1), {"type": "last-prompt", "lastPrompt": "x"}, reply(2)]
    copy = [{**queue, "timestamp": "2026-10-05T12:00:00.000Z"}, prompt(1), reply(2)]
    write(tmp_path, original)
    write(tmp_path, copy, "b.jsonl")
    write(tmp_path, [prompt(1, forkedFrom={"sessionId": SESSION, "messageUuid": "x"})], "c.jsonl")
    write(tmp_path, [prompt(1, session_id="older")], "d.jsonl")
    found = Read(tmp_path, want).lineages
    first, second = found[SESSION], found["b"]
    assert (first.copied_at, first.marks, first.says_copied) == (None, (1, 3), False)
    assert (second.copied_at, second.marks) == (1791201600000000, (1,))
    assert found["c"].says_copied
    assert found["d"].says_copied
