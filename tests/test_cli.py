"""The command line: every command on a sample home, what goes to which stream, exit codes, what it loads."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sessionframe import cli
from sessionframe.engine import audit
from sessionframe.schema import SCHEMA, TABLES

SAMPLES = Path(__file__).parents[1] / "data-samples"
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
DEMO = str(SAMPLES / "demo")
BASIC = str(SAMPLES / "claude-code" / "basic" / "home")


@dataclass
class Done:
    """What a command returned and wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Run:
    """Runs the command line in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> Done:
        self._monkeypatch.setattr(sys, "argv", ["sessionframe", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        written = self._capsys.readouterr()
        return Done(int(stop.value.code or 0), written.out, written.err)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr("warnings.showwarning", None)  # put back what `main` replaces
    monkeypatch.setenv("COLUMNS", "200")
    return Run(monkeypatch, capsys)


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command line as a program of its own."""
    command = [sys.executable, "-m", "sessionframe", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, **options)


def test_report_for_people(run: Run) -> None:
    done = run("report", "--home", DEMO, "--tz", "UTC")
    assert done.code == 0
    assert done.out.split()[0] == "Day"
    assert "Total" in done.out
    assert "API-equivalent estimate at list prices, not a bill" in done.out
    assert done.err == ""


@pytest.mark.parametrize("period", ["daily", "weekly", "monthly", "total"])
@pytest.mark.parametrize("by", ["model", "project", "session", "branch", "agent"])
def test_every_grouping_adds_up_to_the_totals(run: Run, period: str, by: str) -> None:
    made = run("report", period, "--by", by, "--home", DEMO, "--tz", "UTC", "--json").json
    for name in ("requests", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "total_tokens"):
        assert sum(row[name] or 0 for row in made["rows"]) == made["totals"][name]
    assert sum(row["cost_usd"] or 0 for row in made["rows"]) == pytest.approx(made["totals"]["cost_usd"])
    assert made["totals"]["requests"] > 0


def test_groups_with_commas_and_repeated_mean_the_same(run: Run) -> None:
    commas, repeated = ("--by", "model,project"), ("--by", "model", "--by", "project")
    assert run("report", *commas, "--home", DEMO, "--csv").out == run("report", *repeated, "--home", DEMO, "--csv").out


def test_csv_and_json_have_the_same_rows(run: Run) -> None:
    options = ("report", "weekly", "--by", "model", "--home", DEMO, "--tz", "UTC")
    in_csv = list(csv.DictReader(io.StringIO(run(*options, "--csv").out)))
    in_json = run(*options, "--json").json["rows"]
    assert [{name: "" if value is None else str(value) for name, value in row.items()} for row in in_json] == in_csv


def test_titles_are_shown_only_when_asked_for(run: Run) -> None:
    without = run("report", "total", "--by", "session", "--home", DEMO, "--json").json["rows"]
    with_titles = run("report", "total", "--titles", "--home", DEMO, "--json").json["rows"]
    assert "title" not in without[0]
    assert any(row["title"] for row in with_titles)


def test_limits_reach_the_scan(run: Run) -> None:
    def total(*options: str) -> int:
        return int(run("report", "total", "--home", DEMO, "--tz", "UTC", "--json", *options).json["totals"]["requests"])

    days = run("report", "--home", DEMO, "--tz", "UTC", "--json").json["rows"]
    cut = days[len(days) // 2]["period"]
    assert total("--until", cut) + total("--since", cut) == total()
    assert 0 < total("--since", cut) < total()
    projects = run("report", "total", "--by", "project", "--home", DEMO, "--json").json["rows"]
    assert total("--project", projects[0]["project"]) == projects[0]["requests"]
    agents = run("report", "total", "--by", "agent", "--home", DEMO, "--json").json["rows"]
    of_each = {row["agent"]: row["requests"] for row in agents}
    assert sum(of_each.values()) == total()
    assert total("--agent", "claude-code", "--jobs", "1") == of_each["claude-code"]
    assert total("--agent", "claude-code", "--root", f"claude-code={DEMO}/.claude") == of_each["claude-code"]


def test_several_homes_are_told_apart(run: Run) -> None:
    both = ("--home", f"laptop={DEMO}", "--home", f"server={BASIC}")
    rows = run("report", "total", "--by", "host", *both, "--json").json["rows"]
    assert {row["host"] for row in rows} == {"laptop", "server"}


def test_an_empty_home_is_no_error(run: Run, tmp_path: Path) -> None:
    done = run("report", "--home", str(tmp_path), "--json")
    assert (done.code, done.json["rows"]) == (0, [])
    assert "sessionframe doctor" in done.err


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["report", "--by", "modell"], "Did you mean 'model'"),
        (["report", "yearly"], "yearly"),
        (["report", "--json", "--csv"], "exclude each other"),
        (["report", "--tz", "Europe/Berlinn"], "Did you mean 'Europe/Berlin'"),
        (["report", "--since", "yesterday"], "since='yesterday'"),
        (["report", "--agent", "claude"], "Did you mean 'claude-code'"),
        (["report", "--root", "claude-code"], "AGENT=PATH"),
        (["report", "--home", "/no/such/home"], "/no/such/home"),
        (["report", "--home", f"a={DEMO}", "--home", f"a={BASIC}"], "same label"),
        (["reprot"], "Did you mean 'report'"),
        (["export", "usage"], "--to"),
        (["export", "usage", "--to", "usage.xlsx"], "does not tell the format"),
        (["export", "usage", "--to", "-", "--format", "parquet"], "standard output"),
        (["notebook", "tokens-and-kost"], "Did you mean '02-tokens-and-cost'"),
        (["notebook", "02", "--since", "2026-10-01"], "--html"),
        (["notebook", "02", "--open", "--html", "x.html"], "exclude each other"),
        (["schema", "usages"], "usages"),
    ],
)
def test_wrong_arguments_say_what_is_wrong_and_exit_with_2(run: Run, arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert "Traceback" not in done.err


def test_what_cannot_be_done_is_one_line_and_exit_code_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text("models = 3")
    done = run("report", "--home", DEMO, "--prices", str(tmp_path / "prices.toml"))
    assert done.code == 1
    assert done.err.startswith("sessionframe: ")
    assert done.out == ""


def test_doctor(run: Run, tmp_path: Path) -> None:
    done = run("doctor", "--home", DEMO, "--tz", "UTC")
    assert done.code == 0
    assert "Claude Code (claude-code)" in done.out
    (agent,) = run("doctor", "--home", DEMO, "--agent", "claude-code", "--json").json["agents"]
    assert agent["verdict"] == "ok"
    assert agent["files"] == sum(root["files"] for root in agent["roots"])
    (nothing,) = run("doctor", "--home", str(tmp_path), "--agent", "claude-code", "--json").json["agents"]
    assert "none of the folders exists" in nothing["verdict"]


def test_doctor_shows_path_and_line_of_a_problem(run: Run) -> None:
    (agent,) = run("doctor", "--home", str(SAMPLES / "claude-code" / "broken" / "home"), "--agent", "claude-code", "--json").json["agents"]
    broken = {problem["kind"]: problem for problem in agent["problems"]}["broken-line"]
    assert broken["line"] >= 1
    assert Path(broken["source"]).is_file()
    assert broken["advice"]


@pytest.mark.parametrize("table", TABLES)
def test_export_of_every_table(run: Run, tmp_path: Path, table: str) -> None:
    done = run("export", table, "--to", str(tmp_path / "x.parquet"), "--home", DEMO)
    assert (done.code, done.out) == (0, "")
    assert pl.read_parquet(tmp_path / "x.parquet").columns == [column.name for column in SCHEMA[table].public]  # type: ignore[index]


def test_export_to_standard_output(run: Run) -> None:
    done = process("export", "usage", "--to", "-", "--format", "jsonl", "--home", DEMO)
    requests = run("report", "total", "--home", DEMO, "--json").json["totals"]["requests"]
    assert done.returncode == 0
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == requests
    assert done.stderr == ""


def test_export_replaces_a_file_only_when_forced(run: Run, tmp_path: Path) -> None:
    options = ("export", "issues", "--to", str(tmp_path / "x.csv"), "--home", BASIC)
    assert [run(*options).code, run(*options).code, run(*options, "--force").code] == [0, 2, 0]


def test_export_holds_text_only_when_asked_for(run: Run, tmp_path: Path) -> None:
    options = ("export", "messages", "--home", DEMO)
    run(*options, "--to", str(tmp_path / "bare.parquet"))
    run(*options, "--to", str(tmp_path / "full.parquet"), "--content", "--replays")
    bare, full = (pl.read_parquet(tmp_path / name) for name in ("bare.parquet", "full.parquet"))
    assert bare["content"].null_count() == bare.height
    assert full["content"].null_count() < full.height
    assert full["is_replay"].any()
    assert not bare["is_replay"].any()


def test_notebooks_are_listed_with_their_titles(run: Run) -> None:
    done = run("notebook")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    assert "Tokens and cost: " in done.out


def test_a_notebook_is_copied_here_and_not_over_another_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("notebook", "02")
    assert (done.code, done.out) == (0, "")
    assert "jupyter lab 02-tokens-and-cost.ipynb" in done.err
    assert [run("notebook", "02").code, run("notebook", "02", "--force").code] == [2, 0]


def test_a_page_does_not_replace_a_file_and_options_are_checked_first(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.html").write_text("mine")
    assert "exists" in run("notebook", "02", "--html", "x.html", "--home", DEMO).err
    assert "since='yesterday'" in run("notebook", "02", "--html", "y.html", "--since", "yesterday").err
    assert [path.name for path in tmp_path.iterdir()] == ["x.html"]


def test_schema(run: Run) -> None:
    assert "cache_write_1h_tokens" in run("schema", "usage").out
    assert "duration_from" not in run("schema", "usage").out
    assert set(run("schema", "--json").json) == set(TABLES)
    (cost,) = (column for column in run("schema", "usage", "--json").json["usage"] if column["name"] == "cost_usd")
    assert (cost["polars"], cost["pandas"], cost["unit"]) == ("Float64", "float64", "USD")


def test_providers(run: Run) -> None:
    assert "Claude Code (claude-code)" in run("providers").out
    assert "claude-code" in [agent["agent_type"] for agent in run("providers", "--json").json]


def test_version_and_help(run: Run) -> None:
    assert run("--version").out.strip() == version("sessionframe")
    for command in ("report", "doctor", "export", "schema", "providers"):
        done = run(command, "--help")
        assert done.code == 0
        assert command in done.out


LOADED = """
import sys
from sessionframe import cli
from sessionframe.engine import audit
sys.argv = ["sessionframe", *sys.argv[1:]]
try:
    cli.main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def loaded(*arguments: str, cache: Path) -> set[str]:
    """What a report loads."""
    command = [sys.executable, "-c", LOADED, "report", "--home", DEMO, *arguments]
    environ = {**os.environ, "SESSIONFRAME_CACHE_DIR": str(cache), "SESSIONFRAME_CACHE": "on"}
    return set(subprocess.run(command, capture_output=True, text=True, check=True, env=environ).stderr.split())


def test_a_report_loads_neither_pandas_nor_matplotlib(tmp_path: Path) -> None:
    assert not {"pandas", "matplotlib", "pyarrow"} & loaded("--by", "model", cache=tmp_path)


def test_a_second_report_loads_no_library_for_prices_and_its_json_none_for_terminals(tmp_path: Path) -> None:
    heavy = {"genai_prices", "pydantic", "httpx2", "rich", "sessionframe.pricing.ownmodel", "loky", "difflib", "html"}
    assert loaded("--json", cache=tmp_path) & heavy >= {"genai_prices", "pydantic"}
    assert not loaded("--json", cache=tmp_path) & heavy
    assert loaded(cache=tmp_path) & heavy >= {"rich"}


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = [sys.executable, "-m", "sessionframe.cli", "export", "messages", "--to", "-", "--format", "jsonl", "--home", DEMO]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as going:
        assert going.stdout is not None
        assert going.stderr is not None
        going.stdout.read(10)
        going.stdout.close()
        assert going.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_ends_without_a_traceback() -> None:
    script = """
import sys, time
import sessionframe.engine
def slow(*agents, **options):
    print("begun", flush=True)
    time.sleep(60)
sessionframe.engine.scan = slow
from sessionframe import cli
from sessionframe.engine import audit
sys.argv = ["sessionframe", "report"]
cli.main()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as going:
        assert going.stdout is not None
        assert going.stdout.readline() == b"begun\n"
        time.sleep(0.1)
        going.send_signal(signal.SIGINT)
        _, error = going.communicate(timeout=20)
    assert going.returncode == 130
    assert b"Traceback" not in error


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_consoles_of_another_encoding(encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "120"}
    command = [sys.executable, "-m", "sessionframe.cli", "report", "--titles", "--home", DEMO]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Total tokens" in done.stdout.decode(encoding)


def test_data_that_is_piped_on_is_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / ".claude/projects/x"
    folder.mkdir(parents=True)
    line = (SAMPLES / "claude-code/basic/home/.claude").rglob("*.jsonl")
    text = next(line).read_text("utf-8")
    cwd = next(json.loads(record)["cwd"] for record in text.splitlines() if "cwd" in json.loads(record))
    (folder / "s.jsonl").write_text(text.replace(json.dumps(cwd), json.dumps("/home/demo/größe-漢字", ensure_ascii=False)), "utf-8")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = process("report", "--by", "project", "--csv", "--home", str(tmp_path), env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "/home/demo/größe-漢字" in done.stdout


def test_the_cache_tells_where_it_lies_and_can_be_cleared(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Nothing is kept" in run("cache").err
    monkeypatch.setenv("SESSIONFRAME_CACHE", "on")
    monkeypatch.setenv("SESSIONFRAME_CACHE_DIR", str(tmp_path))
    assert run("cache").out == f"{tmp_path}: 0 B\n"
    run("report", "--home", DEMO)
    assert "kB" in run("cache").out
    assert run("cache", "--clear").out == f"{tmp_path}: 0 B\n"


# verify


def test_verify_shows_steps_checks_and_totals(run: Run) -> None:
    done = run("verify", "--home", DEMO, "--agent", "gemini")
    assert done.code == 0
    for said in ("From records to requests", "same-request", "found_requests", "Checks", "response", "All checks agree"):
        assert said in done.out
    assert "other tool" not in done.out


def test_verify_as_json(run: Run) -> None:
    made = run("verify", "--home", DEMO, "--agent", "gemini", "--json", "--tz", "UTC").json
    assert made["passed"] is True
    assert made["differences"] is None
    assert {row["agent"] for row in made["steps"]} == {"gemini"}
    assert all(row["differ"] == 0 for row in made["checks"])


def test_verify_against_a_report(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text('{"daily": []}', "utf-8")
    given = ("verify", "--home", DEMO, "--agent", "gemini", "--against", str(path), "--tz", "UTC")
    done = run(*given)
    assert done.code == 0
    assert "gemini-2.5-pro" in done.out
    assert run(*given, "--json").json["differences"][0]["day"] == "2026-10-17"
    path.write_text("no", "utf-8")
    done = run(*given)
    assert done.code == 2
    assert "is no JSON" in done.err


def test_verify_ends_with_1_when_a_check_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = audit.audit
    monkeypatch.setattr(audit, "audit", lambda *given: (seen := real(*given))._replace(found=seen.found[1:]))
    done = run("verify", "--home", DEMO, "--agent", "gemini")
    assert done.code == 1
    assert "Failed" in done.out
    assert "records (gemini" in done.out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither signal")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_an_export_that_is_ended_leaves_what_was_there(tmp_path: Path, ending: str, how: signal.Signals) -> None:
    """Ended as soon as it writes, which is the worst moment: never half a file under its name, and nothing beside it after Ctrl-C."""
    target, log = tmp_path / f"x.{ending}", tmp_path / "log"
    target.write_bytes(b"before")
    command = [sys.executable, "-m", "sessionframe", "export", "messages", "--content", "--to", str(target), "--force", "--home", DEMO]
    with log.open("wb") as errors, subprocess.Popen(command, stderr=errors) as going:
        while going.poll() is None and not list(tmp_path.glob(".*.sessionframe-part")):
            time.sleep(0.005)
        going.send_signal(how)
    ended = going.returncode != 0
    assert going.returncode in {0, 130 if how == signal.SIGINT else -how}
    assert (target.read_bytes() == b"before") == ended or target.stat().st_size > 1000
    assert b"Traceback" not in log.read_bytes()
    left = {path.name for path in tmp_path.iterdir()} - {target.name, log.name}
    assert not left or (how == signal.SIGKILL and all(name.endswith(".sessionframe-part") for name in left))


OTHER_ERROR = """
import os, signal, sys
from sessionframe import cli
from sessionframe.report import export

def write(frame, file):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        file.write(b"half")
    except KeyboardInterrupt:
        raise TypeError("what polars makes of it")

export.WRITERS["csv"] = write
sys.argv[1:] = ["export", "usage", "--to", sys.argv[1], "--home", sys.argv[2]]
cli.program()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_whatever_comes_of_ctrl_c_is_not_worth_a_word(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", OTHER_ERROR, tmp_path / "x.csv", DEMO], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_behind_standard_output_is_an_error() -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "sessionframe", "schema", "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


ODD = {
    "quotes": b'it\'s "a" `b` $c [*] -x',
    "lines": b"a\nb\tc\r",
    "no text": b"caf\xe9 \xff",
    "steering": b"\x1b[31mred\x1b]0;title\x07\x1b[2J",
    "long": b"n" * 240,
    "markup": b"[bold]x[red] <b>&amp;",
    "formula": b"=1+2",
    "option": b"--help",
    "backwards": "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe\N{GRINNING FACE}".encode(),
}
"""Names that folders and files may have on Linux."""


def odd_home(home: Path) -> Path:
    """A home with a session of each name: its own, that of its folder, and that of its project."""
    content = next(Path(BASIC).rglob("*.jsonl")).read_bytes()
    for place, name in enumerate(ODD.values()):
        folder = home / ".claude" / "projects" / os.fsdecode(name)
        folder.mkdir(parents=True)
        project = json.dumps(name.decode("utf-8", "replace"))[1:-1].encode()
        own = content.replace(b"/home/demo/code/shop", b"/home/demo/code/" + project)
        for key in (b'"req_', b'"msg_', b'"uuid":"', b'"parentUuid":"'):
            own = own.replace(key, key + b"%d" % place)
        (folder / os.fsdecode(name + b".jsonl")).write_bytes(own)
    return home


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_of_any_bytes_in_a_home(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command works, with and without what is kept, and shows every session."""
    home, target = str(odd_home(tmp_path / "home")), tmp_path / "out"
    expected = len(ODD) * run("report", "total", "--json", "--home", BASIC).json["totals"]["requests"]
    commands = (
        ("report", "total", "--json", "--by", "session,project"),
        ("report", "--by", "project,session"),
        ("doctor",),
        ("verify",),
        *(("export", "sessions", "--to", str(target.with_suffix(f".{ending}")), "--force") for ending in ("parquet", "csv", "jsonl")),
    )
    monkeypatch.setenv("SESSIONFRAME_CACHE_DIR", str(tmp_path / "cache"))
    shown: dict[tuple[str, ...], str] = {}
    for switch in ("off", "on", "on"):
        monkeypatch.setenv("SESSIONFRAME_CACHE", switch)
        for command in commands:
            done = run(*command, "--home", home)
            assert done.code == 0, done.err
            assert not {"\x1b", "\x07", "\N{RIGHT-TO-LEFT OVERRIDE}"} & set(done.out) or "--json" in command
            assert shown.setdefault(command, done.out) == done.out or command == ("verify",)  # which checks what is kept too
    report = json.loads(shown[commands[0]])
    assert report["totals"]["requests"] == expected
    assert len({row["project"] for row in report["rows"]}) == len({row["session"] for row in report["rows"]}) == len(ODD)
    assert pl.read_parquet(target.with_suffix(".parquet")).height == len(ODD)
    assert len(target.with_suffix(".jsonl").read_text("utf-8").splitlines()) == len(ODD)
    with target.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(ODD)
