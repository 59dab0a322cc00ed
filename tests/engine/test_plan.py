"""Listing sources: every agent, every home, each folder once, and faults that lose nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from sessionframe.engine.plan import make_plan
from sessionframe.machine import Machine
from sessionframe.providers.contract import Found, Provider, Root
from tests.engine import paper


def named(name: str, **changes: object) -> Provider:
    info = dataclasses.replace(paper.PROVIDER.info, agent_type=name)
    return dataclasses.replace(paper.PROVIDER, info=info, **changes)  # type: ignore[arg-type]


def broken(*_: object) -> Found:
    raise OSError("a fault\ud83d" + "x" * 1000)


def test_groups_by_agent_and_machine(tmp_path: Path) -> None:
    for home in "ab":
        paper.write(tmp_path / home, "s", paper.usage("k"))
    plan = make_plan([named("p"), named("q")], [Machine.at(tmp_path / home, home) for home in "ab"], {})
    assert [(group.names["agent"], group.names["host"], len(group.sources)) for group in plan.groups] == [
        ("p", "a", 1),
        ("p", "b", 1),
        ("q", "a", 1),
        ("q", "b", 1),
    ]
    assert plan.size == sum(Path(source.path).stat().st_size for group in plan.groups for source in group.sources) > 0


def test_a_home_without_logs_has_no_group(tmp_path: Path) -> None:
    plan = make_plan([named("p")], [Machine.at(tmp_path)], {})
    assert (plan.groups, plan.issues, plan.size) == ((), (), 0)


def test_a_folder_that_two_homes_lead_to_is_read_once(tmp_path: Path) -> None:
    paper.write(tmp_path / "a", "s", paper.usage("k"))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / paper.FOLDER).symlink_to(tmp_path / "a" / paper.FOLDER)
    plan = make_plan([named("p")], [Machine.at(tmp_path / home, home) for home in "ab"], {})
    assert [group.machine.label for group in plan.groups] == ["a"]


def test_given_roots_replace_those_of_the_agent(tmp_path: Path) -> None:
    paper.write(tmp_path, "own", paper.usage("k"))
    paper.write(tmp_path, "given", paper.usage("k"), folder="elsewhere")
    plan = make_plan([named("p"), named("q")], [Machine.at(tmp_path)], {"p": [tmp_path / "elsewhere"]})
    assert [[source.session_id for source in group.sources] for group in plan.groups] == [["given"], ["own"]]


def test_overlapping_roots_give_each_source_once(tmp_path: Path) -> None:
    paper.write(tmp_path, "s", paper.usage("k"))
    again = named(
        "p",
        roots=lambda machine: [Root(machine.home / name, "") for name in ("x", "y")],
        discover=lambda root: paper.discover(Root(tmp_path / paper.FOLDER, "")),
    )
    (group,) = make_plan([again], [Machine.at(tmp_path)], {}).groups
    assert len(group.sources) == 1


def test_what_cannot_be_listed_is_an_issue_of_its_agent(tmp_path: Path) -> None:
    paper.write(tmp_path, "s", paper.usage("k"))
    (tmp_path / paper.FOLDER / "x.locked").touch()
    (issue,) = make_plan([named("p")], [Machine.at(tmp_path, "here")], {}).issues
    assert (issue.agent, issue.host, issue.kind) == ("p", "here", "unreadable")


@pytest.mark.parametrize("step", ["roots", "discover"])
def test_a_provider_that_fails_is_reported_and_the_others_stay(tmp_path: Path, step: str) -> None:
    paper.write(tmp_path, "s", paper.usage("k"))
    plan = make_plan([named("bad", **{step: broken}), named("good")], [Machine.at(tmp_path, "here")], {})
    assert [group.provider.agent_type for group in plan.groups] == ["good"]
    (issue,) = plan.issues
    assert (issue.agent, issue.host, issue.kind) == ("bad", "here", "provider-failed")
    assert issue.detail is not None
    assert issue.detail.startswith(f"{step}: OSError: a fault\ufffdx")
    assert len(issue.detail) < 400


def test_one_root_that_fails_does_not_lose_the_next(tmp_path: Path) -> None:
    paper.write(tmp_path, "s", paper.usage("k"))
    paper.write(tmp_path, "t", paper.usage("l"), folder="bad")
    (tmp_path / "bad" / "refuse").touch()
    plan = make_plan([named("p")], [Machine.at(tmp_path)], {"p": [tmp_path / "bad", tmp_path / paper.FOLDER]})
    assert [source.session_id for source in plan.groups[0].sources] == ["s"]
    assert [issue.source for issue in plan.issues] == [str(tmp_path / "bad")]


def test_a_home_that_is_not_there_is_reported(tmp_path: Path) -> None:
    paper.write(tmp_path / "here", "s", paper.usage("k"))
    plan = make_plan([named("p")], [Machine.at(tmp_path / "gone", "old"), Machine.at(tmp_path / "here", "new")], {})
    assert [(issue.host, issue.kind, issue.source) for issue in plan.issues] == [("old", "unreadable", str(tmp_path / "gone"))]
    assert [group.names["host"] for group in plan.groups] == ["new"]
