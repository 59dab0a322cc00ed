"""What was said stays in the logs: not in frames, the cache, reports, exports, messages and notebooks, unless it is asked for.

Titles are shown: as a column of `sessions`, and on the command line only with ``--titles``. So are names (projects, branches, paths,
tools, models). Everything else is a canary in these homes.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sessionframe as sf
from sessionframe import cachefiles, cli
from sessionframe.engine.failures import told
from sessionframe.formats.problems import LONGEST_DETAIL, Problems
from sessionframe.schema import CONTENT_COLUMNS, TABLES
from tests.contract.samples import builtin, samples
from tests.planted import CANARY, planted

CASES = {"basic", "broken", "titles", "tools", "prompts", "document"}
"""Miniatures that differ in what they say and how."""


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("planted")
    return {str(sample): planted(sample, folder / str(sample)) for sample in samples() if sample.case in CASES}


@pytest.fixture(scope="module")
def logs(homes: dict[str, Path]) -> sf.Logs:
    return sf.scan(*builtin(), home=homes, n_jobs=1)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that is on."""
    monkeypatch.setenv("SESSIONFRAME_CACHE", "on")
    monkeypatch.setenv("SESSIONFRAME_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def everything(frame: pl.DataFrame) -> str:
    """All cells, whole."""
    return repr(frame.to_dict(as_series=False))


def test_the_homes_say_something_in_every_column_of_text(logs: sf.Logs) -> None:
    for agent in builtin():
        for table, columns in CONTENT_COLUMNS.items():
            frame = getattr(logs, table).to_frame("polars", content=True).filter(pl.col("agent") == agent)
            said = {name for name in columns if frame[name].str.contains(CANARY, literal=True).any()}
            assert said == set(columns), (agent, table)


@pytest.mark.parametrize("table", TABLES)
def test_frames_hold_no_text(logs: sf.Logs, table: str) -> None:
    found = getattr(logs, table)
    assert CANARY not in everything(found.to_frame("polars", replays=True))
    assert CANARY not in everything(found.lazy().collect())
    assert CANARY not in everything(pl.DataFrame(found))
    assert CANARY not in str(found.to_frame().to_dict())
    assert CANARY not in repr(found) + found._repr_html_()
    assert found.to_frame("polars").height


def test_what_is_kept_holds_no_text(homes: dict[str, Path], kept: Path) -> None:
    for _ in range(2):
        logs = sf.scan(*builtin(), home=homes, n_jobs=1)
        for table in TABLES:
            getattr(logs, table).to_frame("polars")
    for name in cachefiles.names():
        content = cachefiles.read(name)
        assert content is not None
        assert CANARY.encode() not in content
        with contextlib.suppress(pl.exceptions.PolarsError):  # rows are packed
            assert CANARY not in everything(pl.read_ipc(content))
    assert sum(path.stat().st_size for path in kept.iterdir()) > 100_000


COMMANDS = [
    *(["report", period, "--by", by] for period, by in (("daily", "agent"), ("weekly", "project,branch"), ("total", "session,model"))),
    ["report", "monthly", "--titles"],
    ["report", "--by", "model,project", "--json"],
    ["report", "total", "--by", "session", "--csv", "--titles"],
    ["doctor"],
    ["doctor", "--json"],
    *(["export", table, "--to", "-", "--format", "jsonl", "--replays"] for table in TABLES),
    ["export", "sessions", "--to", "sessions.csv"],
    ["export", "messages", "--to", "messages.parquet"],
    ["notebook"],
    ["notebook", "01"],
    ["schema"],
    ["providers"],
    ["cache"],
]


class Written(io.TextIOWrapper):
    """A standard stream that keeps what was written to it."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), "utf-8", write_through=True)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    @property
    def text(self) -> str:
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


def written(*arguments: str, is_terminal: bool = False) -> str:
    """All that a command wrote to its streams."""
    streams = {name: Written(is_terminal=is_terminal) for name in ("stdout", "stderr")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["sessionframe", *arguments])
        patch.setattr("warnings.showwarning", None)
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as stop:
            cli.main()
    text = streams["stdout"].text + streams["stderr"].text
    assert not stop.value.code, text
    return text


def options(homes: dict[str, Path]) -> list[str]:
    return [part for label, path in homes.items() for part in ("--home", f"{label}={path}")]


def test_no_command_shows_text(homes: dict[str, Path], kept: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    folder = kept.parent / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for arguments in COMMANDS:
        reads = arguments[0] in {"report", "doctor", "export"}
        assert CANARY not in written(*arguments, *options(homes) * reads), arguments
    for path in folder.iterdir():
        if path.suffix == ".parquet":
            assert CANARY not in everything(pl.read_parquet(path))
        assert CANARY.encode() not in path.read_bytes()
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "total", "--by", "session,model,branch,project", "--titles"),
        ("report", "--by", "model,project", "--csv"),
        ("report", "--by", "model", "--json"),
        ("doctor",),
        ("export", "sessions", "--to", "-", "--format", "csv"),
        ("export", "tool_calls", "--to", "-", "--format", "jsonl", "--content"),
    ],
)
def test_no_name_and_no_text_steers_a_terminal(homes: dict[str, Path], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    monkeypatch.setenv("TERM", "dumb")  # no styles of ours either
    monkeypatch.setenv("COLUMNS", "400")
    few = {name: home for name, home in homes.items() if "basic" in name or "titles" in name}
    text = written(*arguments, *options(few), is_terminal=True)
    assert "ran-in-a-browser" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_an_exception_is_reported_without_what_it_quotes() -> None:
    def broken(text: str) -> float:
        return float(text)

    with pytest.raises(ValueError, match=CANARY) as caught:
        broken(CANARY)
    assert told(caught.value).startswith("ValueError in test_no_text.py, line ")
    assert told(OSError(5, "Input/output error")) == "OSError: [Errno 5] Input/output error"


def test_the_name_of_a_type_is_not_a_place_for_a_story() -> None:
    problems = Problems("x")
    problems.add("unknown-record", f"record type {'y' * 1_000_000!r}")
    assert len(problems.rows()[0].detail or "") <= LONGEST_DETAIL
