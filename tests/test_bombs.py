"""Records made to break readers: nested, long and huge beyond all measure, and SQL in every name. Whatever else is there is kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import sessionframe as sf
from tests.contract.samples import Sample, builtin, copied, files, samples, totals

DEEP = 100_000
BOMBS = {
    "nested lists": b'{"type":"assistant","message":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "nested objects": b'{"message":' * DEEP + b"1" + b"}" * DEEP,
    "unclosed": b'[{"type":' * DEEP,
    "long number": b'{"type":"no-such-type","timestamp":' + b"9" * DEEP + b"}",
    "huge float": b'{"type":"no-such-type","timestamp":1e400,"n":-1e-400}',
    "huge key": b'{"type":"no-such-type","' + b"k" * 2_000_000 + b'":1}',
    "many keys": b'{"type":"no-such-type",' + b",".join(b'"%d":1' % n for n in range(DEEP)) + b"}",
}
INJECTION = "x'; DROP TABLE message; --\"?mode=rwc&immutable=0#%00"
basic = [sample for sample in samples() if sample.case == "basic"]


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("sample", [each for each in basic if any(path.suffix == ".jsonl" for path in files(each.folder))], ids=str)
def test_a_record_that_cannot_be_held_changes_nothing_else(sample: Sample, bomb: str, tmp_path: Path) -> None:
    before = totals(sample.home, sample.agent)
    home = copied(sample, tmp_path / "home")
    for path in files(home):
        if path.suffix == ".jsonl":
            path.write_bytes(BOMBS[bomb] + b"\n" + path.read_bytes() + BOMBS[bomb] + b"\n")
    assert totals(home, sample.agent) == before
    logs = sf.scan(sample.agent, home=home, n_jobs=1)
    for table in ("messages", "tool_calls"):
        getattr(logs, table).to_frame(content=True)
    assert all(len(detail) < 1000 for detail in logs.issues.to_frame("polars")["detail"].drop_nulls())


@pytest.mark.parametrize("digits", [20, 400, 5_000, DEEP])
def test_counts_no_column_can_hold_are_null_and_reported(digits: int, tmp_path: Path) -> None:
    sample = next(each for each in basic if each.agent == "claude-code")
    home = copied(sample, tmp_path / "home")
    path = next(path for path in files(home) if b'"output_tokens"' in path.read_bytes())
    content = path.read_bytes()
    at = content.index(b'"output_tokens":') + len(b'"output_tokens":')
    path.write_bytes(content[:at] + b"9" * digits + content[at:].lstrip(b" 0123456789"))
    logs = sf.scan("claude-code", home=home, n_jobs=1)
    assert logs.usage.to_frame("polars").height == totals(sample.home, "claude-code")["requests"]
    assert logs.issues.to_frame("polars")["detail"].str.contains("output_tokens").any()


@pytest.mark.parametrize("agent", builtin())
def test_sql_in_paths_and_names_is_a_path_and_a_name(agent: str, tmp_path: Path) -> None:
    sample = next(each for each in basic if each.agent == agent)
    home = copied(sample, tmp_path / INJECTION.replace("/", "").replace("\0", ""))
    expected = totals(sample.home, agent)
    assert totals(home, agent) == expected
    for path in files(home):
        if path.suffix == ".db":
            with closing(sqlite3.connect(path)) as database:
                database.execute("UPDATE session SET title = ?, directory = '/' || ?", (INJECTION, INJECTION))
                database.execute('CREATE TABLE "part; DROP TABLE message; --" (x)')
                database.commit()
            logs = sf.scan(agent, home=home, n_jobs=1)
            assert INJECTION in logs.sessions.to_frame("polars")["title"].to_list()
    assert totals(home, agent) == expected
    with pytest.raises(sf.SessionNotFoundError):
        sf.provider_for(agent).read_session(INJECTION)
