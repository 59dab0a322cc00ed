"""`verify`: it agrees on every sample, it notices what is wrong, and it names the cause of what another tool counted otherwise."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import sessionframe as sf
from sessionframe.analysis._records import FATES, STEPS
from sessionframe.analysis.verification import Verification
from sessionframe.engine import audit
from sessionframe.errors import OptionError
from sessionframe.schema import Fate
from sessionframe.testing import demo_home
from tests.contract.samples import Sample, samples
from tests.providers.claude_code.transcripts import SESSION, prompt, reply, usage, write
from tests.recordings import Recording, recordings

COUNTS = {"input_tokens": "inputTokens", "cache_read_tokens": "cacheReadTokens"}
COUNTS |= {"cache_write_tokens": "cacheCreationTokens", "output_tokens": "outputTokens"}
SAMPLES = Path(__file__).parents[2] / "data-samples"
OTHER = "22222222-2222-4222-8222-222222222222"
CACHED_TWICE = pl.col("input_tokens") + pl.col("cache_read_tokens")
ODD = {"codex-cache-write", "codex-odd-numbers", "gemini-bad-counts", "opencode-eras", "qwen-bad-counts"}
"""Samples whose logs contradict themselves on purpose."""


def counts(found: Verification, agent: str) -> dict[str, int | None]:
    own = found.steps.filter(pl.col("agent") == agent)
    return dict(own.select("step", "count").iter_rows())


def tokens_agree(found: Verification) -> bool:
    tokens = found.totals.filter(pl.col("unit") == "tokens")
    return bool((tokens["compared"] == tokens["equal"]).all())


# every sample


@pytest.mark.parametrize("sample", samples(), ids=str)
def test_every_sample_adds_up(sample: Sample) -> None:
    found = sf.verify(sf.scan(sample.agent, home=sample.home, n_jobs=1), engine="polars")
    assert found.passed, found.failed
    assert tokens_agree(found) == (str(sample) not in ODD)
    told = counts(found, sample.agent) if found.steps.height else {}
    if told.get("found_requests"):
        assert told["statements"] == told["found_requests"] + sum(told.get(fate) or 0 for fate in FATES)  # type: ignore[operator]
    if told:
        left = told["found_requests"] - sum(told.get(step) or 0 for step in ("echoes", "copies", "outside"))  # type: ignore[operator]
        assert told["requests"] == left


@pytest.mark.parametrize("case", [case for agent in ("codex", "gemini", "opencode", "qwen") for case in recordings(agent)], ids=str)
def test_every_recording_adds_up(case: Recording) -> None:
    found = sf.verify(sf.scan(case.agent, home=case.home, n_jobs=1), engine="polars")
    assert found.passed, found.failed


def test_every_fate_has_a_step_with_a_meaning() -> None:
    assert {*FATES, "counted"} == set(Fate.__args__)  # type: ignore[attr-defined]
    assert all(STEPS[fate].startswith("left out: ") for fate in FATES)


# from records to requests


def test_steps_of_a_log_that_repeats_and_copies() -> None:
    found = sf.verify(sf.scan("claude-code", home=demo_home()), engine="polars")
    told = counts(found, "claude-code")
    logs = {source.path for _, source in sf.scan("claude-code", home=demo_home()).sources if source.path.endswith(".jsonl")}
    assert told["lines"] == sum(Path(path).read_bytes().count(b"\n") for path in logs)
    assert told["requests"] == sf.scan("claude-code", home=demo_home()).usage.to_frame("polars").height
    assert told["same-request"]
    assert told["copies"]


def test_what_the_scan_leaves_out_is_a_step_of_its_own() -> None:
    logs = sf.scan("claude-code", home=demo_home(), since="2026-11-01", until="2026-11-08", tz="UTC")
    found = sf.verify(logs, engine="polars")
    assert found.passed
    assert counts(found, "claude-code")["outside"]
    assert counts(found, "claude-code")["requests"] == len(logs.usage)


def test_damaged_lines_are_counted() -> None:
    found = sf.verify(sf.scan("claude-code", home=SAMPLES / "claude-code" / "broken" / "home"), engine="polars")
    assert found.passed
    assert counts(found, "claude-code")["lost_lines"]


def test_an_agent_without_lines_has_none() -> None:
    assert counts(sf.verify(sf.scan("opencode", home=demo_home()), engine="polars"), "opencode")["lines"] is None


def test_no_logs_no_checks(tmp_path: Path) -> None:
    found = sf.verify(sf.scan(home=tmp_path))
    assert found.passed
    assert found.steps.empty
    assert found.checks.empty
    assert list(found.checks.columns) == ["check", "agent", "compared", "differ", "meaning"]


def test_pandas_is_the_default() -> None:
    found = sf.verify(sf.scan("gemini", home=demo_home()))
    assert isinstance(found.steps, pd.DataFrame)
    assert str(found.steps["count"].dtype) == "Int64"
    assert "all agree" in repr(found)


def test_a_copy_may_tell_more_than_its_original(tmp_path: Path) -> None:
    """The row is then made of the copy's record, and belongs to the original's session all the same."""
    original = [prompt(0), reply(1, usage=usage(2), stop_reason=None)]
    copy = [{**prompt(0), "sessionId": OTHER}, {**reply(1, usage=usage(50)), "sessionId": OTHER}]
    write(tmp_path, original)
    later = {**reply(90, message_id="msg_01B", request="req_2"), "sessionId": OTHER}
    path = write(tmp_path, [*copy, {**prompt(80), "sessionId": OTHER}, later], f"{OTHER}.jsonl")
    logs = sf.scan("claude-code", home=tmp_path)
    rows = logs.usage.to_frame("polars")
    assert rows.select("session_id", "output_tokens", "source").row(0) == (SESSION, 50, str(path))
    found = sf.verify(logs, engine="polars")
    assert found.passed, found.failed
    assert counts(found, "claude-code")["copies"] == 1


# what is wrong is noticed


def failing(monkeypatch: pytest.MonkeyPatch, change: Callable[[audit.Audit], audit.Audit], agent: str = "codex") -> set[str]:
    real = audit.audit
    monkeypatch.setattr(audit, "audit", lambda *given: change(real(*given)))
    found = sf.verify(sf.scan(agent, home=demo_home()), engine="polars")
    assert not found.passed
    assert "FAILED" in repr(found)
    return set(found.failed["check"])


def with_usage(seen: audit.Audit, change: Callable[[pl.DataFrame], pl.DataFrame]) -> audit.Audit:
    usage = seen.tables["usage"]
    return seen._replace(tables={**seen.tables, "usage": usage._replace(own=change(usage.own))})


def test_a_lost_row_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failing(monkeypatch, lambda seen: with_usage(seen, lambda rows: rows[1:])) == {"requests", "sessions"}


def test_a_row_that_is_there_twice_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failing(monkeypatch, lambda seen: with_usage(seen, lambda rows: pl.concat([rows, rows[:1]]))) == {"requests", "sessions"}


def test_wrong_tokens_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = pl.col("reasoning_tokens").fill_null(0) + 10**9
    assert failing(monkeypatch, lambda seen: with_usage(seen, lambda rows: rows.with_columns(reasoning_tokens=wrong))) == {"parts"}
    negative = pl.lit(-1, pl.Int64)
    found = failing(monkeypatch, lambda seen: with_usage(seen, lambda rows: rows.with_columns(cache_read_tokens=negative)))
    assert found == {"parts", "sessions"}


def test_a_record_that_became_two_requests_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = failing(monkeypatch, lambda seen: seen._replace(found=pl.concat([seen.found, seen.found[:1]])))
    assert found == {"records"}


def test_a_record_that_became_none_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = pl.col("fate") == "counted"
    found = failing(monkeypatch, lambda seen: seen._replace(statements=seen.statements.filter(~(counted & (pl.col("line") > 20)))))
    assert found == {"records"}


def test_a_lost_call_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(seen: audit.Audit) -> audit.Audit:
        calls = seen.tables["tool_calls"]
        return seen._replace(tables={**seen.tables, "tool_calls": calls._replace(own=calls.own[1:])})

    assert failing(monkeypatch, change) == {"tool-calls"}


def test_kept_rows_that_are_wrong_are_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SESSIONFRAME_CACHE", "on")
    monkeypatch.setenv("SESSIONFRAME_CACHE_DIR", str(tmp_path))
    assert "kept" in set(sf.verify(sf.scan("codex", home=demo_home()), engine="polars").checks["check"])
    wrong = pl.col("output_tokens") + 1
    assert failing(monkeypatch, lambda seen: seen._replace(kept=seen.kept.with_columns(output_tokens=wrong))) == {"kept"}  # type: ignore[union-attr]


def test_own_totals_that_differ_are_shown() -> None:
    found = sf.verify(sf.scan("gemini", home=SAMPLES / "gemini" / "bad-counts" / "home"), engine="polars")
    assert found.passed
    assert found.totals.select("total", "compared", "equal", "stated", "counted").rows() == [("response", 2, 1, 1109.0, 225.0)]


def test_costs_that_agents_state_are_compared() -> None:
    found = sf.verify(sf.scan("claude-code", home=demo_home()), engine="polars").totals
    assert found.filter(pl.col("total") == "session-cost").select("unit", pl.col("compared") > pl.col("equal")).rows() == [("USD", True)]


# another tool


@pytest.fixture
def demo() -> Callable[..., pl.DataFrame]:
    """Compares the demo home with a report made of its own rows by a changed rule."""

    def differing(agent: str, change: Callable[[pl.DataFrame], pl.DataFrame], **options: Any) -> pl.DataFrame:
        logs = sf.scan(agent, home=demo_home())
        rows = change(logs.usage.to_frame("polars", replays=True))
        return sf.verify(logs, against=report(rows), tz="UTC", engine="polars", **options).differences

    return differing


def report(rows: pl.DataFrame, *, by_agent: bool = True) -> dict[str, Any]:
    """What a tool that counts these rows would print."""
    named = rows.with_columns(day=pl.col("at").dt.date(), agent=pl.col("agent").replace("claude-code", "claude"))
    days = []
    for (day,), of_day in named.group_by("day", maintain_order=True):
        parts = [{"agent": agent, "modelBreakdowns": models(own)} for (agent,), own in of_day.group_by("agent", maintain_order=True)]
        told: dict[str, Any] = {"agents": parts} if by_agent else {"modelBreakdowns": models(of_day)}
        days.append({"period": str(day), **told})
    return {"daily": days}


def models(rows: pl.DataFrame) -> list[dict[str, Any]]:
    sums = rows.group_by("model", maintain_order=True).agg(pl.col(*COUNTS, "cost_usd").sum())
    return [
        {"modelName": row["model"], "cost": row["cost_usd"], **{theirs: row[ours] for ours, theirs in COUNTS.items()}}
        for row in sums.to_dicts()
    ]


def own(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(~pl.col("is_replay"))


def test_equal_reports_differ_in_nothing(demo: Callable[..., pl.DataFrame]) -> None:
    assert demo("claude-code", own).is_empty()


@pytest.mark.parametrize(
    "agent, change, cause",
    [
        ("claude-code", lambda rows: rows, "copies of another session's history counted again"),
        ("codex", lambda rows: own(rows).filter(~pl.col("source").str.ends_with(".zst")), "packed files are not read"),
        ("codex", lambda rows: own(rows).filter(pl.col("evidence") != "counter_residual"), "responses that were interrupted are missing"),
        (
            "qwen",
            lambda rows: own(rows).with_columns(CACHED_TWICE),
            "cached tokens are counted twice",
        ),
        (
            "gemini",
            lambda rows: own(rows).with_columns(pl.col("output_tokens") - pl.col("reasoning_tokens")),
            "reasoning is not counted as output",
        ),
        (
            "gemini",
            lambda rows: own(rows).with_columns(pl.col("output_tokens") + pl.col("reasoning_tokens")),
            "reasoning is counted beside the output that holds it",
        ),
        ("opencode", lambda rows: own(rows).filter(pl.col("session_id") == pl.col("root_session_id")), "sub-agents are missing"),
    ],
)
def test_the_cause_is_named(demo: Callable[..., pl.DataFrame], agent: str, change: Any, cause: str) -> None:
    found = demo(agent, change)
    assert found.height
    assert set(found["cause"]) == {cause}
    assert (found["difference"] == found["other_tokens"].fill_null(0) - found["tokens"]).all()


def test_causes_that_come_together(demo: Callable[..., pl.DataFrame]) -> None:
    found = demo("qwen", lambda rows: rows.with_columns(CACHED_TWICE))
    assert "cached tokens are counted twice; copies of another session's history counted again" in set(found["cause"])


def test_a_file_that_is_not_read(demo: Callable[..., pl.DataFrame]) -> None:
    first = sf.scan("gemini", home=demo_home()).usage.to_frame("polars")["source"][0]
    found = demo("gemini", lambda rows: own(rows).filter(pl.col("source") != first))
    assert set(found["cause"]) == {f"{first} is not read"}


def test_another_day_another_name_another_price(demo: Callable[..., pl.DataFrame]) -> None:
    # of one day of one model, a day without neighbours
    day = pl.col("at").dt.date()
    later = pl.when(day == pl.date(2026, 10, 17)).then(pl.col("at").dt.offset_by("1d")).otherwise("at")
    shifted = demo("gemini", lambda rows: own(rows).with_columns(at=later))
    assert shifted.height == 2
    assert shifted["cause"].str.starts_with("booked on 2026-10-1").all()
    renamed = demo("gemini", lambda rows: own(rows).with_columns(pl.col("model") + "-x"))
    assert renamed.filter(pl.col("cause").str.starts_with("the same tokens are under the model")).height
    assert set(demo("gemini", lambda rows: own(rows).with_columns(cost_usd=0.0))["cause"]) == {"equal tokens; the other tool has no price"}
    assert set(demo("gemini", lambda rows: own(rows).with_columns(pl.col("cost_usd") * 2))["cause"]) == {"equal tokens, other prices"}


def test_what_nothing_explains_is_not_explained(demo: Callable[..., pl.DataFrame]) -> None:
    found = demo("gemini", lambda rows: own(rows).with_columns(pl.col("output_tokens") + 7_654_321))
    assert found["cause"].str.starts_with("not explained").all()


def test_an_agent_that_is_not_read() -> None:
    logs = sf.scan("gemini", "kilo", home=demo_home())
    rows = own(logs.usage.to_frame("polars")).filter(pl.col("agent") == "gemini")
    found = sf.verify(logs, against=report(rows), tz="UTC", engine="polars").differences
    assert set(found["agent"]) == {"kilo"}
    assert set(found["cause"]) == {"the agent is not read"}


def test_a_report_that_does_not_tell_agents_apart() -> None:
    logs = sf.scan("gemini", "kilo", home=demo_home())
    rows = logs.usage.to_frame("polars")
    assert sf.verify(logs, against=report(rows, by_agent=False), tz="UTC", engine="polars").differences.is_empty()
    found = sf.verify(logs, against=report(rows.filter(pl.col("agent") == "gemini"), by_agent=False), tz="UTC", engine="polars").differences
    assert found["agent"].null_count() == found.height > 0


def test_a_report_in_a_file(tmp_path: Path) -> None:
    logs = sf.scan("gemini", home=demo_home())
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report(logs.usage.to_frame("polars"))), "utf-8")
    assert sf.verify(logs, against=path, tz="UTC").differences.empty


NO_DAY = '{"daily": [{"date": "x", "modelBreakdowns": []}]}'


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"daily": 3}', '{"daily": [{}]}', NO_DAY, "[" * 5000])
def test_a_report_of_another_shape_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, "utf-8")
    with pytest.raises(OptionError, match="ccusage daily --json"):
        sf.verify(sf.scan("gemini", home=demo_home()), against=path)


def test_a_report_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read: No such file"):
        sf.verify(sf.scan("gemini", home=demo_home()), against=tmp_path / "none.json")


# the program itself


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a program of the name on the search path that notes how it was called, and then does what a line of Python says."""
    if sys.platform == "win32":
        pytest.skip("programs are files with a first line here")

    def put(line: str) -> Path:
        path, noted = tmp_path / "bin" / "ccusage", tmp_path / "noted.json"
        path.parent.mkdir()
        told = f"json.dump([sys.argv[1:], dict(os.environ)], open({str(noted)!r}, 'w'))"
        path.write_text(f"#!{sys.executable}\nimport json, os, sys\n{told}\n{line}\n", "utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(path.parent))
        return noted

    return put


def test_the_program_reads_the_same_home_offline(program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    logs = sf.scan("gemini", home=demo_home())
    made = json.dumps(report(logs.usage.to_frame("polars")))
    noted = program(f"print({made!r})")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", "/elsewhere")
    assert sf.verify(logs, against="ccusage", tz="Asia/Kathmandu", engine="polars").differences is not None
    arguments, environ = json.loads(noted.read_text("utf-8"))
    assert arguments == ["daily", "--json", "--offline", "--by-agent", "--timezone", "Asia/Kathmandu"]
    assert environ["HOME"] == str(Path(demo_home()).absolute())
    assert "CLAUDE_CONFIG_DIR" not in environ


def test_the_program_on_this_machine_sees_its_settings(program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    noted = program("print('{\"daily\": []}')")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", "/elsewhere")
    assert sf.verify(sf.scan("gemini"), against="ccusage").differences.empty
    assert json.loads(noted.read_text("utf-8"))[1]["CLAUDE_CONFIG_DIR"] == "/elsewhere"


def test_a_program_that_fails_is_an_error(program: Callable[[str], Path]) -> None:
    program("sys.exit('no such option')")
    with pytest.raises(OptionError, match="ccusage ended with 1: no such option"):
        sf.verify(sf.scan("gemini", home=demo_home()), against="ccusage")


def test_no_program_or_several_homes_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Callable[[str], Path]) -> None:
    program("")
    with pytest.raises(OptionError, match="reads one home, and 2 were scanned"):
        sf.verify(sf.scan("gemini", home={"a": demo_home(), "b": tmp_path}), against="ccusage")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OptionError, match="not on the search path"):
        sf.verify(sf.scan("gemini", home=demo_home()), against="ccusage")
