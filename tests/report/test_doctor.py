"""`doctor`: what was looked for and found, why there is no data, what to do about problems."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sessionframe.machine import Machine
from sessionframe.providers.contract import Found, Info, Provider, Root, Source
from sessionframe.report.diagnosis import doctor_json, print_doctor
from sessionframe.report.doctor import Diagnosis, diagnose
from tests.report.logs import logs
from tests.rows import issue, session

INFO = Info("claude-code", "Claude Code", "JSON lines", "1.0 to 2.1", "real transcripts", "2026-10-31")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine.at(tmp_path)


@pytest.fixture
def provider() -> Provider:
    return Provider(
        INFO,
        1,
        roots=lambda machine: [Root(machine.home / ".claude", "default"), Root(machine.home / ".config/claude", "older versions")],
        discover=lambda root: Found(),
        parse=lambda source, want, context: iter(()),
        retention=lambda machine: "keeps logs for 30 days",
    )


def diagnosed(provider: Provider, machine: Machine, **found: Any) -> Diagnosis:
    (one,) = diagnose(logs(machines=[machine], **found), [provider])
    return one


def source(machine: Machine, size: int) -> tuple[str, Source]:
    root = machine.home / ".claude"
    return "claude-code", Source(str(root / "s1.jsonl"), "main", size=size, root=str(root))


def test_what_was_found(provider: Provider, machine: Machine) -> None:
    (machine.home / ".claude").mkdir()
    rows = [session("s1", ended_at=1_790_000_000_000_000), session("s2", "s1")]
    found = diagnosed(provider, machine, sources=[source(machine, 1500)], sessions=rows)
    assert (found.files, found.bytes, found.sessions, found.verdict) == (1, 1500, 2, "ok")
    assert [(root.exists, root.files, root.bytes) for root in found.roots] == [(True, 1, 1500), (False, 0, 0)]
    assert found.newest is not None
    assert found.newest.isoformat() == "2026-09-21T14:13:20+00:00"
    assert found.retention == ("keeps logs for 30 days",)


def test_no_folder_at_all(provider: Provider, machine: Machine) -> None:
    assert "none of the folders exists" in diagnosed(provider, machine).verdict


def test_a_folder_without_sessions(provider: Provider, machine: Machine) -> None:
    (machine.home / ".claude").mkdir()
    assert "no session is there" in diagnosed(provider, machine).verdict


def test_files_without_a_readable_session(provider: Provider, machine: Machine) -> None:
    (machine.home / ".claude").mkdir()
    assert "what was read there (1 file) is no session" in diagnosed(provider, machine, sources=[source(machine, 3)]).verdict


def test_roots_that_were_given_replace_the_usual_ones(provider: Provider, machine: Machine) -> None:
    (found,) = diagnose(logs(machines=[machine]), [provider], roots={"claude-code": ["/mnt/pi/.claude"]})
    assert [root.path for root in found.roots] == [str(Path("/mnt/pi/.claude"))]


def test_problems_are_grouped_with_their_first_example(provider: Provider, machine: Machine) -> None:
    problems = [
        issue("broken-line", source="b.jsonl", line=9, detail="no JSON"),
        issue("broken-line", source="a.jsonl", line=7, count=2, detail="also no JSON"),
        issue("unpriced-model", source=None, detail="mystery"),
        issue("broken-line", agent="other", source="c.jsonl"),
    ]
    found = diagnosed(provider, machine, issues=problems)
    assert [(p.kind, p.count, p.source, p.line, p.detail) for p in found.problems] == [
        ("broken-line", 3, "a.jsonl", 7, "also no JSON"),
        ("unpriced-model", 1, None, None, "mystery"),
    ]


def test_text_for_people(provider: Provider, machine: Machine) -> None:
    (machine.home / ".claude").mkdir()
    found = diagnosed(
        provider,
        machine,
        sources=[source(machine, 1500)],
        sessions=[session("s1", ended_at=1_790_000_000_000_000)],
        issues=[issue("cut-off", source="a.jsonl", line=7)],
    )
    text = io.StringIO()
    print_doctor([found], Console(file=text, width=200), tz="Europe/Berlin")
    lines = text.getvalue().splitlines()
    assert lines[0] == "Claude Code (claude-code)"
    assert "  1 file, 1.5 kB, 1 session or sub-agent thread" in lines
    assert "  records from 2026-10-01 14:00 to 2026-09-21 16:13 (Europe/Berlin)" in lines
    assert f"    {machine.home / '.config/claude'}: does not exist (older versions)" in lines
    assert "      e.g. a.jsonl:7" in lines
    assert any(line.startswith("    cut-off, 1 case. ") and "the agent is writing" in line for line in lines)


def test_json(provider: Provider, machine: Machine) -> None:
    made = json.loads(doctor_json([diagnosed(provider, machine, sessions=[session("s1")])], tz="UTC", version="1.2.3"))
    (agent,) = made["agents"]
    assert agent["oldest"] == "2026-10-01T12:00:00+00:00"
    assert list(agent["roots"][0]) == ["path", "why", "host", "exists", "files", "bytes", "variable"]
    assert (made["tz"], made["version"]) == ("UTC", "1.2.3")
