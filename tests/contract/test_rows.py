"""Every provider: rows equal the reviewed ones, totals the ones derived by hand, declared columns the filled ones."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

import sessionframe as sf
from sessionframe.frames.dtypes import polars_schema
from sessionframe.providers.contract import Never
from sessionframe.schema import CONTENT_COLUMNS, SCHEMA, TABLES, TableName
from tests.contract.samples import SAMPLES, SHAPES, Sample, builtin, everything, lines, samples, tables

every_sample = pytest.mark.parametrize("sample", samples(), ids=str)
every_agent = pytest.mark.parametrize("agent", sorted(builtin()))


@every_agent
def test_every_agent_has_samples(agent: str) -> None:
    """A provider without samples is not tested at all."""
    assert agent in SHAPES
    assert (SAMPLES / agent / SHAPES[agent].basic / "home").is_dir()


@every_sample
def test_rows_equal_the_reviewed_ones(sample: Sample, request: pytest.FixtureRequest) -> None:
    """`pytest --update-samples` rewrites them; the diff is the review."""
    for name, rows in everything(sample.home, sample.agent).items():
        path = sample.folder / "expected" / f"{name}.jsonl"
        if request.config.getoption("--update-samples"):
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(json.dumps(row, ensure_ascii=True, sort_keys=True) + "\n" for row in rows), "utf-8")
        assert rows == list(lines(path)), f"{path} differs; run pytest --update-samples and review the diff"


@every_sample
def test_types_are_the_declared_ones(sample: Sample) -> None:
    """Whatever a home holds."""
    for name, frame in tables(sample.home, sample.agent).items():
        assert dict(frame.schema) == polars_schema(SCHEMA[name])


@every_sample
def test_totals_are_the_ones_derived_by_hand(sample: Sample) -> None:
    """Independent of the code: somebody counted them on paper."""
    logs, truth = sf.scan(sample.agent, home=sample.home, n_jobs=1), sample.truth
    usage = logs.usage.to_frame("polars")
    calls, sessions = logs.tool_calls.to_frame("polars"), logs.sessions.to_frame("polars")
    found = {
        "requests": usage.height,
        **{name: int(usage[name].sum() or 0) for name in usage.columns if name.endswith("_tokens")},
        "sessions": dict(Counter(usage["session_id"])),
        "prompts": int(sessions["prompts"].sum() or 0),
        "tool_calls": calls.height,
        "tool_errors": calls.filter(pl.col("status") == "error").height,
        "compactions": int(sessions["compactions"].sum() or 0),
        "replayed_requests": logs.usage.to_frame("polars", replays=True).height - usage.height,
    }
    stated = {name: value for name, value in truth.items() if name in found}
    if "sessions" in stated:
        stated["sessions"] = {session: count for session, count in stated["sessions"].items() if count}
    assert {name: found[name] for name in stated} == stated


@every_sample
def test_references_are_closed_and_keys_unique(sample: Sample) -> None:
    """Every session that is named exists, and nothing is listed twice."""
    logs = sf.scan(sample.agent, home=sample.home, n_jobs=1)
    sessions = logs.sessions.to_frame("polars")
    known = set(sessions["session_id"])
    assert len(known) == sessions.height
    for name in ("messages", "tool_calls", "usage"):
        frame = getattr(logs, name).to_frame("polars", replays=True)
        assert set(frame["session_id"]) <= known
    calls = logs.tool_calls.to_frame("polars")
    assert calls["call_id"].drop_nulls().is_unique().all()
    assert logs.messages.to_frame("polars").select("source", "seq").is_unique().all()


@every_sample
def test_group_sums_equal_the_total(sample: Sample) -> None:
    """For every grouping, and between the tables."""
    logs = sf.scan(sample.agent, home=sample.home, n_jobs=1)
    usage, sessions = logs.usage.to_frame("polars"), logs.sessions.to_frame("polars")
    for name in ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"):
        total = usage[name].sum() or 0
        assert (sessions[name].sum() or 0) == total
        for by in ("session_id", "model", "project", "repo_root", "git_branch", "kind", pl.col("at").dt.date()):
            assert (usage.group_by(by).agg(pl.col(name).sum())[name].sum() or 0) == total
    assert int(sessions["requests"].sum() or 0) == usage.height


@every_agent
def test_declared_columns_are_the_filled_ones(agent: str) -> None:
    """Both ways: a column declared empty must be empty, every other must be filled by some sample."""
    filled: dict[TableName, set[str]] = {name: set() for name in TABLES}
    for sample in samples():
        if sample.agent == agent:
            for name, frame in tables(sample.home, agent).items():
                filled[name] |= {column for column in frame.columns if frame[column].null_count() < frame.height}
    info = builtin()[agent].info
    for name in TABLES:
        for column in SCHEMA[name].public:
            gap = info.gap(name, column.name)
            assert (column.name in filled[name]) == (gap is None), (
                f"{name}.{column.name}: declared {gap}, filled {column.name in filled[name]}"
            )
            assert gap is None or not isinstance(gap, Never) or gap.reason


@every_sample
def test_no_text_unless_asked_for(sample: Sample) -> None:
    """Frames are shown and shared; text is private."""
    private: dict[TableName, list[str]] = {"messages": ["content"], "tool_calls": ["arguments", "result"], "sessions": ["first_prompt"]}
    found = tables(sample.home, sample.agent, text=False)
    assert all(found[name][column].null_count() == found[name].height for name, columns in private.items() for column in columns)


@every_sample
def test_text_changes_no_row(sample: Sample) -> None:
    """The text of messages is read without the other tables, so all that is beside it must be as when everything is read."""
    logs = sf.scan(sample.agent, home=sample.home, n_jobs=1)
    for name, columns in CONTENT_COLUMNS.items():
        bare = getattr(logs, name).to_frame("polars", replays=True)
        told = getattr(logs, name).to_frame("polars", content=True, replays=True)
        others = [column for column in bare.columns if column not in (*columns, "title")]
        assert told.select(others).equals(bare.select(others)), name


def test_every_sample_states_a_truth_of_its_own() -> None:
    """A miniature without derived totals checks nothing but itself."""
    assert all((sample.folder / "truth.json").is_file() for sample in samples())


def test_expected_rows_have_no_path_of_a_machine(tmp_path: Path) -> None:
    """They are the same wherever the checkout lies."""
    for sample in samples()[:3]:
        copy = tmp_path / sample.case
        copy.mkdir()
        (copy / "home").symlink_to(sample.home)
        assert str(sample.home.parents[3]) not in json.dumps(everything(sample.home, sample.agent))
