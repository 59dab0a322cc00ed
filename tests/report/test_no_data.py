"""Why there is no data: `doctor` tells for every agent, from real homes, and an empty table says it in its line."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sessionframe as sf
from sessionframe.engine import registry
from sessionframe.engine.registry import selected
from sessionframe.machine import Machine
from sessionframe.report.around import hints
from sessionframe.report.doctor import Diagnosis, diagnose
from sessionframe.report.reasons import REASONS
from tests.conftest import OVERRIDES
from tests.contract.samples import SHAPES, builtin, copied, files, samples

AGENTS = sorted(builtin())
every_agent = pytest.mark.parametrize("agent", AGENTS)
OWN_VARIABLES = {
    "CLAUDE_CONFIG_DIR": "claude-code",
    "CODEX_HOME": "codex",
    "GEMINI_CLI_HOME": "gemini",
    "KILO_DATA_DIR": "kilo",
    "KILO_DB": "kilo",
    "OPENCODE_DATA_DIR": "opencode",
    "OPENCODE_DB": "opencode",
    "QWEN_HOME": "qwen",
    "QWEN_RUNTIME_DIR": "qwen",
}
REMAINS = {
    "claude-code": ".claude/history.jsonl",
    "codex": ".codex/history.jsonl",
    "gemini": ".gemini/tmp/shop/logs.json",
    "qwen": ".qwen/projects/-home-demo-code-shop/chats/.keep",
    "opencode": ".local/share/opencode/storage/session_diff/ses_1.json",
    "kilo": ".local/share/kilo/storage/session_diff/ses_1.json",
}
"""A file that each agent leaves when its sessions are gone."""
DEFAULTS = {agent: Path(path).parts[: 3 if path.startswith(".local") else 1] for agent, path in REMAINS.items()}


def basic(agent: str, target: Path) -> Path:
    """A copy of the plain miniature of an agent."""
    return copied(next(sample for sample in samples() if (sample.agent, sample.case) == (agent, SHAPES[agent].basic)), target / "home")


def diagnosed(agent: str, **options: Any) -> Diagnosis:
    (found,) = diagnose(sf.scan(agent, n_jobs=1, **options), selected((agent,)))
    return found


def spoil(paths: Iterable[Path], content: bytes) -> None:
    for path in paths:
        path.write_bytes(content)


@every_agent
def test_there_is_data(agent: str, tmp_path: Path) -> None:
    found = diagnosed(agent, home=basic(agent, tmp_path))
    assert (found.reason, found.verdict) == ("ok", "ok")


@every_agent
def test_not_used(agent: str, tmp_path: Path) -> None:
    """The places that were looked at are named."""
    found = diagnosed(agent, home=tmp_path)
    assert found.reason == "not-used"
    assert "none of the folders exists" in found.verdict
    assert str(tmp_path.joinpath(*DEFAULTS[agent])) in [root.path for root in found.roots]


@every_agent
def test_installed_but_empty(agent: str, tmp_path: Path) -> None:
    tmp_path.joinpath(*DEFAULTS[agent]).mkdir(parents=True)
    found = diagnosed(agent, home=tmp_path)
    assert found.reason == "empty"
    assert str(tmp_path.joinpath(*DEFAULTS[agent])) in found.verdict


@every_agent
def test_deleted_by_retention(agent: str, tmp_path: Path) -> None:
    """What remains is named."""
    left = tmp_path / REMAINS[agent]
    left.parent.mkdir(parents=True)
    left.write_text('{"display": "invented", "timestamp": 1790000000000, "session_id": "0199", "ts": 1790000000, "text": "invented"}\n')
    found = diagnosed(agent, home=tmp_path)
    assert found.reason == "deleted"
    assert "Its sessions are gone" in found.verdict
    assert str(left.parent) in found.verdict


def test_folders_that_cleaning_up_left_empty(tmp_path: Path) -> None:
    (tmp_path / ".claude" / "projects" / "-home-demo-code-shop").mkdir(parents=True)
    (tmp_path / ".claude" / "settings.json").write_text('{"cleanupPeriodDays": 7}')
    found = diagnosed("claude-code", home=tmp_path)
    assert found.reason == "deleted"
    assert "the folders of 1 projects and no transcript" in found.verdict
    assert "7 days (cleanupPeriodDays" in found.verdict


@every_agent
def test_only_unreadable_files(agent: str, tmp_path: Path) -> None:
    """Links to a disk that is not there."""
    home = basic(agent, tmp_path)
    for path in files(home):
        path.unlink()
        path.symlink_to(tmp_path / "unplugged" / path.name)
    found = diagnosed(agent, home=home)
    assert found.reason == "unreadable"
    assert "cannot be read" in found.verdict


@every_agent
def test_a_format_that_is_not_known(agent: str, tmp_path: Path) -> None:
    """A database of something else is one that cannot be read; a text is read and not understood."""
    home = basic(agent, tmp_path)
    spoil(files(home), b'{"format": 99, "entries": "of a later version"}\n["another"]\n')
    found = diagnosed(agent, home=home)
    assert found.reason == ("unreadable" if DEFAULTS[agent][0] == ".local" else "unknown-format")
    assert found.problems[0].kind in found.verdict or found.reason == "unreadable"


@every_agent
@pytest.mark.parametrize("limits", [{"since": "2030-01-01"}, {"until": "2020-01-01"}, {"project": "/elsewhere"}], ids=str)
def test_filtered_away(agent: str, limits: dict[str, str], tmp_path: Path) -> None:
    """How many sessions there are, when and where, and what was asked for."""
    found = diagnosed(agent, home=basic(agent, tmp_path), tz="UTC", **limits)
    assert found.reason == "filtered"
    assert "2026-" in found.verdict
    assert next(iter(limits.values())) in found.verdict


def test_every_variable_of_an_agent_is_tried_here() -> None:
    assert set(OWN_VARIABLES) == {name for name in OVERRIDES if not name.startswith(("XDG", "SESSIONFRAME"))}


@pytest.mark.parametrize("name", OWN_VARIABLES)
def test_a_variable_that_leads_nowhere(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    found = diagnosed(OWN_VARIABLES[name])
    assert found.reason == "variable"
    assert f"{name} names {tmp_path / 'nowhere'}" in found.verdict


@pytest.mark.parametrize("used, reason", [(True, "variable"), (False, "not-used")])
def test_a_variable_of_all_programs_counts_where_the_usual_place_is_there(
    used: bool, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    if used:
        basic("opencode", tmp_path)
        shutil.copytree(tmp_path / "home", tmp_path, dirs_exist_ok=True)
    found = diagnosed("opencode")
    assert found.reason == reason
    assert ("XDG_DATA_HOME" in found.verdict) == used


def test_every_reason_has_a_test() -> None:
    """One of the functions above; `fault` is below."""
    assert set(REASONS) == {"ok", "filtered", "fault", "unreadable", "unknown-format", "deleted", "variable", "empty"}


def test_a_provider_that_fails_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Doctor goes on, and says whose fault it is."""

    def broken(*_: object) -> Any:
        raise RuntimeError("invented fault")

    codex = builtin()["codex"]
    monkeypatch.setattr(registry, "registry", registry.Registry({}, "no.such.group"))
    registry.register("faulty", replace(codex, roots=broken, retention=broken, remains=broken))
    found = diagnosed("faulty", home=tmp_path)
    assert found.reason == "fault"
    assert "RuntimeError in test_no_data.py" in found.verdict
    assert "invented fault" not in found.verdict  # which could quote what was read


# hints: where else logs may be


def local(home: Path, **environ: str) -> Machine:
    return Machine(home, environ, "linux", is_local=True)


def test_other_agents_have_logs(tmp_path: Path) -> None:
    home = basic("codex", tmp_path)
    logs = sf.scan("gemini", home=home)
    (hint,) = hints(diagnose(logs, selected(("gemini",))), logs.machines, selected(), system=tmp_path)
    assert hint == "Codex has 2 files here and was not asked for: --agent codex."


@pytest.mark.parametrize("wsl", [True, False])
def test_logs_on_the_windows_side(wsl: bool, tmp_path: Path) -> None:
    """Only within Windows, and nobody's folders do not count."""
    users = tmp_path / "mnt" / "c" / "Users"
    for name in ("demo", "Public", "other"):
        (users / name).mkdir(parents=True)
    for name in ("demo", "Public"):
        (users / name / ".claude").mkdir()
    kernel = tmp_path / "proc" / "sys" / "kernel"
    kernel.mkdir(parents=True)
    (kernel / "osrelease").write_text("5.15.153.1-microsoft-standard-WSL2\n" if wsl else "6.1.0-18-amd64\n")
    nothing = [diagnosed("claude-code", home=tmp_path)]
    found = hints(nothing, [local(tmp_path)], selected(("claude-code", "codex")), system=tmp_path)
    assert found == ([f"On the Windows side are folders of Claude Code: --home {users / 'demo'} reads them."] if wsl else [])
    assert bool(hints(nothing, [local(tmp_path, WSL_DISTRO_NAME="Debian")], selected(("claude-code",)), system=tmp_path))
    assert hints(nothing, [Machine.at(tmp_path)], selected(("claude-code",)), system=tmp_path) == []


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv", "environ"])
def test_within_a_container(mark: str, tmp_path: Path) -> None:
    if mark != "environ":
        (tmp_path / mark).parent.mkdir(exist_ok=True)
        (tmp_path / mark).touch()
    machine = local(tmp_path, **({"container": "podman"} if mark == "environ" else {}))
    (hint,) = hints([diagnosed("codex", home=tmp_path)], [machine], selected(("codex",)), system=tmp_path)
    assert "This is a container" in hint


def test_no_hint_where_there_is_data(tmp_path: Path) -> None:
    (tmp_path / ".dockerenv").touch()
    assert hints([diagnosed("codex", home=basic("codex", tmp_path))], [local(tmp_path)], selected(), system=tmp_path) == []


# an empty table says why


def test_a_table_without_rows_says_why(tmp_path: Path) -> None:
    home = basic("codex", tmp_path)
    nothing = sf.scan("codex", "gemini", home=tmp_path / "home" / ".codex", n_jobs=1)
    assert "0 rows, no logs of codex, gemini were found: `sessionframe doctor` tells where was looked, 0 issues" in repr(nothing.usage)
    late = sf.scan("codex", home=home, since="2030-01-01", project="/elsewhere", tz="UTC", n_jobs=1)
    said = "nothing in 2 sources is on or after 2030-01-01 00:00 UTC and in project /elsewhere"
    assert said in repr(late.sessions)
    assert said in late.sessions._repr_html_()
    (tmp_path / "other" / ".codex").mkdir(parents=True)
    (tmp_path / "other" / ".codex" / "history.jsonl").write_text("")
    assert "1 source, none with such a record" in repr(sf.scan("codex", home=tmp_path / "other", n_jobs=1).tool_calls)
    assert "none with" not in repr(sf.scan("codex", home=home, n_jobs=1).usage)
