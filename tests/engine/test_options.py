"""Arguments of `scan`: what they mean, and how mistakes are told."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sessionframe.engine.options import machines, moment, process_count, project_folders, root_folders, time_range
from sessionframe.errors import OptionError
from sessionframe.machine import Machine


def utc(*parts: int) -> int:
    return int(dt.datetime(*parts, tzinfo=dt.UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


MOMENTS = [
    (None, "UTC", None),
    ("2026-10-01", "UTC", utc(2026, 10, 1)),
    (" 2026-10-01 ", "UTC", utc(2026, 10, 1)),
    ("2026-10-01", "Europe/Berlin", utc(2026, 9, 30, 22)),
    ("2026-10-01", "America/New_York", utc(2026, 10, 1, 4)),
    (dt.date(2026, 10, 1), "Asia/Kolkata", utc(2026, 9, 30, 18, 30)),
    ("2026-10-01T14:30", "Europe/Berlin", utc(2026, 10, 1, 12, 30)),
    ("2026-10-01T14:30:00Z", "Europe/Berlin", utc(2026, 10, 1, 14, 30)),
    ("2026-10-01T14:30:00+05:00", "Europe/Berlin", utc(2026, 10, 1, 9, 30)),
    (dt.datetime(2026, 10, 1, 14, 30), "Europe/Berlin", utc(2026, 10, 1, 12, 30)),  # noqa: DTZ001
    (dt.datetime(2026, 10, 1, 14, 30, tzinfo=dt.UTC), "Europe/Berlin", utc(2026, 10, 1, 14, 30)),
    (pd.Timestamp("2026-10-01", tz="Europe/Berlin"), "UTC", utc(2026, 9, 30, 22)),
    (dt.datetime(2026, 10, 1, microsecond=1, tzinfo=dt.UTC), "UTC", utc(2026, 10, 1) + 1),
    (dt.datetime(1969, 12, 31, tzinfo=dt.UTC), "UTC", -86_400_000_000),
]


@pytest.mark.parametrize("value, tz, expected", MOMENTS)
def test_moments(value: Any, tz: str, expected: int | None) -> None:
    assert moment(value, "since", tz) == expected


def test_days_of_23_and_25_hours() -> None:
    hours = [
        (moment(end, "until", "Europe/Berlin") or 0) - (moment(start, "since", "Europe/Berlin") or 0)
        for start, end in (("2026-03-29", "2026-03-30"), ("2026-10-25", "2026-10-26"))
    ]
    assert [span / 3.6e9 for span in hours] == [23, 25]


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "", 20261001, 1.5, pd.NaT])
def test_what_is_no_moment_is_named(value: Any) -> None:
    with pytest.raises(OptionError, match="since="):
        moment(value, "since", "UTC")


def test_a_range_may_be_empty_but_not_reversed() -> None:
    assert time_range("2026-10-01", "2026-10-01", "UTC") == (utc(2026, 10, 1), utc(2026, 10, 1))
    with pytest.raises(OptionError, match="since='2026-10-02' lies after until='2026-10-01'"):
        time_range("2026-10-02", "2026-10-01", "UTC")


def test_this_machine_by_default() -> None:
    (machine,) = machines(None)
    assert machine.is_local
    assert machine.label is None


def test_another_home_ignores_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPER_HOME", "/elsewhere")
    (machine,) = machines(str(tmp_path))
    assert (machine.home, machine.label, machine.is_local, dict(machine.environ)) == (tmp_path, None, False, {})


def test_several_homes_have_labels(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    found = machines({"one": tmp_path, "two": tmp_path / "a"})
    assert [(machine.label, machine.home) for machine in found] == [("one", tmp_path), ("two", tmp_path / "a")]


def test_a_tilde_is_expanded(empty_home: str) -> None:
    assert machines("~")[0].home == Path(empty_home)


@pytest.mark.parametrize("wrong", [{}, 5, "a\0b", {"x": None}])
def test_what_is_no_home_is_refused(wrong: Any) -> None:
    with pytest.raises(OptionError, match="home"):
        machines(wrong)


def test_roots_are_folders_of_the_one_machine(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    machine = Machine.at(tmp_path)
    assert root_folders(None, [machine]) == {}
    assert root_folders({"a": "~/x", "b": [tmp_path, str(tmp_path / "x")]}, [machine]) == {
        "a": [tmp_path / "x"],
        "b": [tmp_path, tmp_path / "x"],
    }
    with pytest.raises(OptionError, match=r"roots\['a'\]=.*missing"):
        root_folders({"a": tmp_path / "missing"}, [machine])
    with pytest.raises(OptionError, match="several"):
        root_folders({"a": "~/x"}, [machine, machine])


def test_project_folders_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    machine = Machine(tmp_path, is_local=True)
    assert project_folders(None, [machine]) == {}
    (relative,) = project_folders("link", [machine]).values()
    assert {str(tmp_path / "link"), str(tmp_path / "real")} <= set(relative)
    (home,) = project_folders("~/code", [machine]).values()
    assert str(tmp_path / "code") in home


@pytest.mark.skipif(sys.platform == "win32", reason="such links and paths are those of Unix")
def test_project_folders_that_cannot_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to itself is a name like another; a path of another system is not looked up; what is no path is a mistake of the caller."""
    machine = Machine(tmp_path, is_local=True)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert project_folders(str(tmp_path / "loop"), [machine]) == {None: (str(tmp_path / "loop"),) * 3}
    for path in (r"C:\code\shop", r"\\server\share"):
        assert project_folders(path, [machine]) == {None: (path,)}
    with pytest.raises(OptionError, match="project="):
        project_folders("a\0b", [machine])
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(OptionError, match="project='shop'"):
        project_folders("shop", [machine])


def test_project_folders_of_other_machines(tmp_path: Path) -> None:
    one, two = Machine.at(tmp_path, "one"), Machine.at(tmp_path / "x", "two")
    folders = project_folders(["~/code", "/srv/app"], [one, two])
    assert folders == {
        "one": (str(tmp_path / "code"), "~/code", "/srv/app"),
        "two": (str(tmp_path / "x" / "code"), "~/code", "/srv/app"),
    }


def test_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SESSIONFRAME_JOBS", raising=False)
    assert process_count(3) == 3
    assert process_count(None) is None
    monkeypatch.setenv("SESSIONFRAME_JOBS", "5")
    assert process_count(None) == 5
    assert process_count(2) == 2


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "2x"])
def test_what_is_no_number_of_processes_is_refused(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="n_jobs="):
        process_count(wrong)
    monkeypatch.setenv("SESSIONFRAME_JOBS", str(wrong))
    with pytest.raises(OptionError, match="SESSIONFRAME_JOBS="):
        process_count(None)
