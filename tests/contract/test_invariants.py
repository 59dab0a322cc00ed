"""Every provider: nothing that happens to files changes a true number, and nothing is ever raised or written."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionframe as sf
from sessionframe.machine import Machine, Platform
from tests.contract.samples import SHAPES, Sample, Shape, builtin, copied, everything, files, samples, shapes, totals
from tests.kept import all_tables, is_right, kept_in, settle, watched

READS_ELSEWHERE = {"codex-subagent"}
"""Samples with a file whose rows depend on other files, so that they are not kept."""

every_sample = pytest.mark.parametrize("sample", samples(), ids=str)
every_agent = pytest.mark.parametrize("agent", sorted(builtin()))
every_layout = pytest.mark.parametrize(
    "agent, shape", [pytest.param(agent, shape, id=f"{agent}-{shape.basic}") for agent, shape in shapes()]
)


def basic(agent: str, shape: Shape | None = None) -> Sample:
    """The plain miniature of an agent, or of one of its layouts."""
    case = (shape or SHAPES[agent]).basic
    return next(sample for sample in samples() if sample.agent == agent and sample.case == case)


def transcript(home: Path, agent: str) -> Path:
    """The file of a home that holds a request."""
    return Path(str(sf.scan(agent, home=home, n_jobs=1).usage.to_frame("polars")["source"][0]))


@every_agent
def test_other_agents_find_nothing_in_its_home(agent: str) -> None:
    """A reader must also refuse."""
    for sample in samples():
        if sample.agent != agent:
            assert sf.scan(agent, home=sample.home).sources == []


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@every_agent
def test_roots_lie_in_the_home_on_every_operating_system(agent: str, platform: Platform, tmp_path: Path) -> None:
    """With no environment variable, nothing outside the home is looked at."""
    roots = builtin()[agent].roots(Machine(tmp_path, {}, platform))
    assert roots
    assert all(root.path.is_relative_to(tmp_path) and root.why for root in roots)


@every_sample
def test_the_home_is_left_as_it_was(sample: Sample, tmp_path: Path) -> None:
    """Byte for byte, and every time of change."""
    home = copied(sample, tmp_path / "home")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in files(home)}
    names = sorted(map(str, home.rglob("*")))
    everything(home, sample.agent)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in files(home)} == before
    assert sorted(map(str, home.rglob("*"))) == names


@contextmanager
def zone(name: str) -> Iterator[None]:
    """Another local time zone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", name)
        time.tzset()
        try:
            yield
        finally:
            patch.undo()
            time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of the process cannot be changed here")
@every_agent
def test_the_time_zone_of_the_reader_changes_no_row(agent: str) -> None:
    """Times are UTC; days are made later, in the caller's zone."""
    here = everything(basic(agent).home, agent)
    with zone("Asia/Kathmandu"):
        assert everything(basic(agent).home, agent) == here


@every_sample
def test_the_order_of_files_changes_no_row(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names decide nothing: the file system may list them in any order."""
    here = everything(sample.home, sample.agent)
    walk, scandir = os.walk, os.scandir

    def backwards(top: str, **options: object) -> Iterator[tuple[str, list[str], list[str]]]:
        for folder, folders, names in walk(top, **options):  # type: ignore[arg-type]
            folders.sort(reverse=True)
            yield folder, folders, sorted(names, reverse=True)

    monkeypatch.setattr(os, "walk", backwards)
    assert scandir is os.scandir
    assert everything(sample.home, sample.agent) == here


@every_sample
def test_a_clone_changes_no_total(sample: Sample, tmp_path: Path) -> None:
    """A second copy of every file, under another root or another name."""
    home = copied(sample, tmp_path / "home")
    here = totals(home, sample.agent)
    again = copied(sample, tmp_path / "backup")
    both = sf.scan(sample.agent, home={"laptop": home, "backup": again}, n_jobs=1).usage.to_frame("polars")
    assert both.height == here["requests"]
    assert {name: int(both[name].sum() or 0) for name in here if name != "requests"} == {k: v for k, v in here.items() if k != "requests"}


@every_layout
def test_a_copy_with_another_name_changes_no_total(agent: str, shape: Shape, tmp_path: Path) -> None:
    """And a copy that goes on with n new requests adds exactly those."""
    home = copied(basic(agent, shape), tmp_path / "home")
    here, path = totals(home, agent), transcript(home, agent)
    copy = shape.clone(path)
    copy.write_bytes(path.read_bytes())
    assert totals(home, agent) == here


@every_layout
def test_an_unknown_record_adds_one_issue_and_changes_nothing_else(agent: str, shape: Shape, tmp_path: Path) -> None:
    """Formats grow."""
    home = copied(basic(agent, shape), tmp_path / "home")
    here = everything(home, agent)
    path = transcript(home, agent)
    path.write_bytes(shape.add(path.read_bytes(), shape.unknown))
    there = everything(home, agent)
    assert [issue["kind"] for issue in there["issues"] if issue not in here["issues"]] == ["unknown-record"]
    assert {name: rows for name, rows in there.items() if name != "issues"} == {
        name: rows for name, rows in here.items() if name != "issues"
    }


@every_layout
@settings(max_examples=12)
@given(cut=st.floats(0, 1))
def test_cutting_a_file_anywhere_loses_at_most_the_cut_record(
    agent: str, shape: Shape, cut: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file is often read while it is written."""
    home = copied(basic(agent, shape), tmp_path_factory.mktemp("cut") / "home")
    path = transcript(home, agent)
    content = path.read_bytes()
    size = round(cut * len(content))
    complete = totals(home, agent)
    path.write_bytes(content[:size])
    found = totals(home, agent)
    whole = shape.whole
    if whole is None:
        assert all(found[name] <= complete[name] for name in complete)
        assert found == complete or everything(home, agent)["issues"]
        return
    path.write_bytes(whole(content[:size]))
    assert found["requests"] in {totals(home, agent)["requests"], totals(home, agent)["requests"] + 1}


@every_agent
def test_several_processes_give_the_same_rows(agent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the work is split."""
    monkeypatch.setenv("SESSIONFRAME_JOBS", "2")
    for sample in samples():
        if sample.agent == agent and sample.case in {SHAPES[agent].basic, "desktop-fork", "subagent"}:
            alone = sf.scan(agent, home=sample.home, n_jobs=1).usage.to_frame("polars", replays=True)
            assert sf.scan(agent, home=sample.home, n_jobs=2).usage.to_frame("polars", replays=True).equals(alone)


@every_sample
def test_usage_alone_equals_usage_with_everything(sample: Sample) -> None:
    """The fast path skips records, never requests."""
    alone = sf.scan(sample.agent, home=sample.home, n_jobs=1).usage.to_frame("polars", replays=True)
    logs = sf.scan(sample.agent, home=sample.home, n_jobs=1)
    logs.messages.to_frame("polars")
    assert logs.usage.to_frame("polars", replays=True).equals(alone)


@every_sample
def test_what_is_kept_gives_the_same_rows(sample: Sample, tmp_path: Path) -> None:
    """Cold or kept from an earlier scan."""
    home = copied(sample, tmp_path / "home")
    settle(home)
    with kept_in(tmp_path / "cache"):
        all_tables(sample.agent, home=home)
    with watched() as reading:
        assert is_right(tmp_path / "cache", sample.agent, home=home)
    assert reading.kept > 0
    if str(sample) not in READS_ELSEWHERE:
        assert reading.new == reading.grown == 0 or all_tables(sample.agent, home=home)["issues"].height


@every_layout
@settings(max_examples=4)
@given(cuts=st.lists(st.floats(0, 1), min_size=1, max_size=2))
def test_a_file_that_grows_gives_the_same_rows(
    agent: str, shape: Shape, cuts: list[float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever was kept of its beginning."""
    work = tmp_path_factory.mktemp("grown")
    home = copied(basic(agent, shape), work / "home")
    path = transcript(home, agent)
    content = path.read_bytes()
    sizes = [round(cut * len(content)) for cut in sorted(cuts)]
    if shape.whole is not None:
        sizes = sorted({*sizes, *(content.rfind(b"\n", 0, size) + 1 for size in sizes)})
    for number, size in enumerate([*sizes, len(content)]):
        path.write_bytes(content[:size])
        settle(home, at=10**9 + number)
        assert is_right(work / "cache", agent, home=home)


@every_layout
def test_an_empty_home_and_an_unreadable_file(agent: str, shape: Shape, tmp_path: Path) -> None:
    """Empty frames of the same types; the rest is kept and the problem reported."""
    assert {name: len(rows) for name, rows in everything(tmp_path / "no home", agent).items() if rows} == {"issues": 1}
    (tmp_path / "empty").mkdir()
    assert all(rows == [] for rows in everything(tmp_path / "empty", agent).values())
    home = copied(basic(agent, shape), tmp_path / "home")
    here, path = totals(home, agent), transcript(home, agent)
    shape.clone(path).symlink_to(tmp_path / "nowhere")
    assert totals(home, agent) == here
    assert [issue["kind"] for issue in everything(home, agent)["issues"]].count("unreadable") == 1
