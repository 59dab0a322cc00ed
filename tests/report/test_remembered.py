"""A report that is asked for again: shown without reading anything while no log has changed, and never when one has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import sessionframe as sf
from sessionframe import cachefiles
from sessionframe.engine import load as engine_load
from sessionframe.engine import logs as engine_logs
from sessionframe.engine.cache import identity
from sessionframe.report import remembered
from sessionframe.report.made import UsageReport
from sessionframe.report.remembered import report_of
from tests.kept import kept_in, settle

SAMPLES = Path(__file__).parents[2] / "data-samples"
HOW: dict[str, Any] = {"period": "daily", "by": ("model",), "tz": "Europe/Berlin", "titles": False}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cachefiles.FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(cachefiles.SWITCH_VARIABLE, "on")
    return tmp_path / "cache"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(SAMPLES / "demo", tmp_path / "home")
    settle(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was loaded to make reports."""
    told: list[str] = []
    load = engine_load.load

    def noted(*given: Any) -> Any:
        told.append("read")
        return load(*given)

    monkeypatch.setattr(engine_logs, "load", noted)
    return told


def report(home: Path, **options: Any) -> UsageReport:
    how = {**HOW, **{name: options.pop(name) for name in HOW if name in options}}
    return report_of(sf.scan(home=home, n_jobs=1, **options), **how)


def plain(found: UsageReport) -> Any:
    """What can be compared: times in whatever zone."""
    return [[value.timestamp() if hasattr(value, "timestamp") else value for value in row.values()] for row in found.rows], found.totals


def fresh(home: Path, **options: Any) -> UsageReport:
    with kept_in(None):
        return report(home, **options)


def test_asked_again_nothing_is_read(home: Path, read: list[str]) -> None:
    first = report(home)
    assert read == ["read"]
    again = report(home)
    assert read == ["read"]
    assert plain(again) == plain(first) == plain(fresh(home))
    assert (again.columns, again.by, again.tz, again.issues, again.unpriced_models) == (
        *(first.columns, first.by, first.tz, first.issues, first.unpriced_models),
    )
    assert (again.first, again.last) == (first.first, first.last)


def test_the_first_report_after_another_table_was_read_is_right(home: Path) -> None:
    logs = sf.scan(home=home, n_jobs=1)
    logs.usage.to_frame("polars")
    assert plain(report_of(logs, **HOW)) == plain(fresh(home))


@pytest.mark.parametrize(
    "other",
    [
        {"period": "monthly"},
        {"by": ("agent",)},
        {"tz": "Asia/Kathmandu"},
        {"since": "2026-11-01"},
        {"until": "2026-11-01"},
        {"project": "~/code/shop"},
    ],
    ids=str,
)
def test_another_question_has_another_answer(home: Path, other: dict[str, Any]) -> None:
    report(home)
    assert plain(report(home, **other)) == plain(fresh(home, **other))
    assert plain(report(home, **other)) == plain(fresh(home, **other))
    assert plain(report(home)) == plain(fresh(home))


def test_another_home_has_another_answer(home: Path, tmp_path: Path) -> None:
    report(home)
    shutil.copytree(SAMPLES / "claude-code" / "basic" / "home", tmp_path / "other")
    settle(tmp_path / "other")
    assert plain(report(tmp_path / "other")) == plain(fresh(tmp_path / "other")) != plain(fresh(home))


def test_only_some_agents_are_another_question(home: Path) -> None:
    report(home)
    some = report_of(sf.scan("codex", home=home, n_jobs=1), **HOW)
    assert some.totals["requests"] == sf.scan("codex", home=home, n_jobs=1).usage.to_frame("polars").height


def test_a_changed_log_is_read(home: Path, read: list[str]) -> None:
    report(home)
    path = max(home.rglob("*.jsonl"), key=lambda each: each.stat().st_size)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    settle(path)
    changed = report(home)
    assert read == ["read", "read"]
    assert plain(changed) == plain(fresh(home))


def test_a_log_that_is_written_just_now_is_read_every_time(home: Path, read: list[str]) -> None:
    path = next(home.rglob("*.jsonl"))
    os.utime(path, (time.time(), time.time()))
    report(home)
    report(home)
    assert read == ["read", "read"]


def test_a_new_log_is_read(home: Path) -> None:
    before = report(home)
    sample = next((SAMPLES / "claude-code" / "basic" / "home").rglob("*.jsonl"))
    target = home / ".claude" / "projects" / "-home-demo-more" / sample.name
    target.parent.mkdir()
    shutil.copy(sample, target)
    settle(target)
    assert plain(report(home)) == plain(fresh(home)) != plain(before)


def test_other_code_or_prices_make_it_anew(home: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    report(home)
    monkeypatch.setattr(remembered, "everything", lambda: ("another price list",))
    report(home)
    assert read == ["read", "read"]


def test_all_our_files_and_the_price_list_count() -> None:
    names = {Path(path).name for path, _ in identity.everything()[1:]}
    assert {"tokens.py", "dedup.py", "apply.py", "usage.py", "assemble.py", "data.py"} <= names
    assert any("genai_prices" in path for path, _ in identity.everything()[1:])


def test_own_prices_are_asked_every_time(home: Path, tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text("[models.internal-preview-1]\ninput = 1\noutput = 2\n", "utf-8")
    without = report(home)
    assert plain(report(home, prices=prices)) == plain(fresh(home, prices=prices)) != plain(without)
    assert plain(report(home)) == plain(without)


def test_titles_are_not_kept(home: Path) -> None:
    report(home, by=("session",), titles=True)
    assert not [name for name in cachefiles.names() if name.startswith("report.")]


def test_a_damaged_report_is_made_anew(home: Path, cache: Path) -> None:
    first = report(home)
    (path,) = cache.glob("report.*")
    for content in (b"", b"foreign", cachefiles.header(b"\xc1") + b"\xc1"):
        path.write_bytes(content)
        assert plain(report(home)) == plain(first)


def test_what_may_be_otherwise_next_time_is_not_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_logs.Logs, "is_sound", False)
    report(home)
    assert not [name for name in cachefiles.names() if name.startswith("report.")]


def test_a_kept_report_needs_no_frame_library(home: Path) -> None:
    script = (
        "import sys; from sessionframe.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'polars', 'pandas', 'pyarrow', 'narwhals', 'genai_prices', 'rich', 'pydantic'} & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", script, "report", "--json", "--home", str(home)]
    first = subprocess.run(command, capture_output=True, text=True, check=True)
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert again.stdout == first.stdout
    assert again.stderr.strip().splitlines()[-1] == "[]"
