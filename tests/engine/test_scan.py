"""`scan` and the tables from end to end, with an agent whose logs are rows."""

from __future__ import annotations

import datetime as dt
import gc
import weakref
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sessionframe.engine import Logs, Table, scan, task
from sessionframe.engine.load import LIGHT, Beginning
from sessionframe.engine.registry import register, unregister
from sessionframe.errors import OptionError, PriceFileError, ProviderNotFoundError
from sessionframe.frames.dtypes import polars_schema
from sessionframe.schema import SCHEMA, TABLES, TableName
from tests.engine import paper

HOUR = 3_600_000_000
DAY = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
START = int(DAY.timestamp()) * 1_000_000
MODEL = "claude-sonnet-4-5-20250929"
COUNTS = {"input_tokens": 1000, "cache_read_tokens": 0, "cache_write_tokens": 0, "cache_write_1h_tokens": 0}

pytestmark = pytest.mark.usefixtures("agent")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two conversations and a sub-agent; b forked a."""
    shared = [
        paper.message(1, START, dedup_key="m1", is_human=True),
        paper.usage("k1", START, 10, **COUNTS, model=MODEL, vendor="anthropic"),
    ]
    paper.write(
        tmp_path, "a", paper.session(), *shared, paper.call("c1", START + HOUR), paper.usage("k2", START + 3 * HOUR, 20, model="no-such")
    )
    paper.write(
        tmp_path, "b", paper.session(), *shared, paper.message(2, START + 2 * HOUR, dedup_key="m2"), paper.usage("k3", START + 2 * HOUR, 40)
    )
    paper.write(
        tmp_path, "x", paper.session(session_id="a/x", kind="subagent", spawn_call_id="c1"), paper.usage("k4", None, 80, session_id="a/x")
    )
    (tmp_path / paper.FOLDER / "b.lineage").write_text('{"says_copied": true}', "utf-8")
    return tmp_path


def logs(home: Path | dict[str, Any] | None, **options: Any) -> Logs:
    return scan("paper", home=home, **{"n_jobs": 1, **options})


def outputs(found: Logs) -> list[int]:
    return found.usage.to_frame("polars")["output_tokens"].to_list()


def test_scanning_parses_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "row", None)
    found = logs(home)
    assert [(agent, Path(source.path).name) for agent, source in found.sources] == [
        ("paper", "a.rows"),
        ("paper", "b.rows"),
        ("paper", "x.rows"),
    ]
    assert [machine.home for machine in found.machines] == [home]
    assert "paper" in repr(found)
    assert "3 sources" in repr(found)
    assert found.usage.columns[0] == "agent"


def test_each_request_once_sorted_by_time_with_its_price(home: Path) -> None:
    usage = logs(home).usage.to_frame("polars")
    assert usage["output_tokens"].to_list() == [10, 40, 20, 80]
    assert usage["session_id"].to_list() == ["a", "b", "a", "a/x"]
    assert not usage["is_replay"].any()
    assert usage["cost_usd"].to_list() == [0.003 + 0.00015, None, None, None]
    assert usage["agent"].unique().to_list() == ["paper"]


def test_copies_are_there_when_asked_for_and_in_order(home: Path) -> None:
    usage = logs(home).usage.to_frame("polars", replays=True)
    assert usage.select("session_id", "output_tokens", "is_replay").rows() == [
        ("a", 10, False),
        ("b", 10, True),
        ("b", 40, False),
        ("a", 20, False),
        ("a/x", 80, False),
    ]
    assert usage["cost_usd"].to_list()[:2] == [0.00315, 0.00315]


def test_sessions(home: Path) -> None:
    table = logs(home).sessions.to_frame("polars")
    columns = ["session_id", "kind", "parent_session_id", "requests", "output_tokens", "prompts", "tool_calls", "compactions"]
    assert table.select(columns).rows() == [
        ("a", "main", None, 2, 30, 1, 1, None),
        ("b", "fork", "a", 1, 40, 0, 0, None),
        ("a/x", "subagent", "a", 1, 80, 0, 0, None),
    ]


def test_messages_are_sorted_by_session_and_then_as_the_log_has_them(tmp_path: Path) -> None:
    paper.write(tmp_path, "late", paper.message(0, START + HOUR), paper.message(1, START + HOUR))
    paper.write(tmp_path, "early", paper.message(0, START + 5 * HOUR), paper.message(1, START), paper.message(2, None))
    paper.write(tmp_path, "never", paper.message(0, None))
    table = logs(tmp_path).messages.to_frame("polars")
    assert table.select("session_id", "seq").rows() == [("early", 0), ("early", 1), ("early", 2), ("late", 0), ("late", 1), ("never", 0)]


def test_a_session_in_two_files_stays_together(tmp_path: Path) -> None:
    paper.write(tmp_path, "1", paper.message(0, START + 5 * HOUR, session_id="s"))
    paper.write(tmp_path, "2", paper.message(0, START, session_id="s"))
    paper.write(tmp_path, "t", paper.message(0, START + HOUR))
    table = logs(tmp_path).messages.to_frame("polars")
    assert [(row["session_id"], Path(row["source"]).stem) for row in table.iter_rows(named=True)] == [("s", "2"), ("s", "1"), ("t", "t")]


def test_calls_name_the_thread_they_started(home: Path) -> None:
    assert logs(home).tool_calls.to_frame("polars")["child_session_id"].to_list() == ["a/x"]


def test_issues_of_every_kind(home: Path) -> None:
    paper.write(home, "bad", paper.usage("k9"), {"table": "raise", "message": "a bug"}, paper.usage("k10"))
    (home / paper.FOLDER / "no.locked").touch()
    table = logs(home).issues.to_frame("polars")
    found = {(row["kind"], Path(row["source"]).name if row["source"] else None, row["count"]) for row in table.iter_rows(named=True)}
    assert ("unreadable", "no.locked", 1) in found
    assert ("provider-failed", "bad.rows", 1) in found
    assert ("unpriced-model", None, 1) in found
    (detail,) = table.filter(kind="provider-failed")["detail"].to_list()
    assert detail.startswith("parse: BrokenError in paper.py, line ")  # what an exception says can quote the log
    assert table["agent"].unique().to_list() == ["paper"]


def test_rows_before_a_fault_are_kept(home: Path) -> None:
    paper.write(home, "bad", paper.usage("k9", START, 7), {"table": "raise", "message": "a bug"}, paper.usage("k10", START, 9))
    assert sorted(outputs(logs(home))) == [7, 10, 20, 40, 80]


def test_a_fault_in_preparation_is_reported_and_the_rest_is_read(home: Path) -> None:
    (home / paper.FOLDER / "a.unprepared").touch()
    found = logs(home)
    assert sorted(outputs(found)) == [10, 20, 40, 80]
    details = found.usage.issues["detail"].to_list()
    assert [detail for detail in details if detail.startswith("prepare: BrokenError in paper.py, line ")]


def test_what_was_prepared_reaches_the_parser(home: Path) -> None:
    paper.write(home, "p", {"table": "prepared"})
    assert "prepared for 4" in logs(home).issues.to_frame("polars")["detail"].to_list()


def test_values_that_do_not_fit_are_reported_and_the_rest_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = paper.row

    def spoiled(*given: Any) -> Any:
        made: Any = origin(*given)
        if made.line == 2:
            made.model = 5
        return made

    monkeypatch.setattr(paper, "row", spoiled)
    found = logs(home)
    assert sorted(outputs(found)) == [10, 20, 40, 80]
    (detail,) = found.usage.issues.filter(kind="provider-failed")["detail"].to_list()
    assert "usage.model" in detail


def test_usage_alone_equals_usage_beside_everything(home: Path) -> None:
    light, full = logs(home), logs(home)
    full.sessions.to_frame("polars")
    assert light.usage.to_frame("polars", replays=True).equals(full.usage.to_frame("polars", replays=True))


class Counting:
    """Counts the sources that are parsed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tables: list[frozenset[str]] = []
        origin = task.parse_task

        def counted(given: Any, *rest: Any) -> Any:
            self.tables.append(given.job.want.tables)
            return origin(given, *rest)

        monkeypatch.setattr("sessionframe.engine.pool.parse_task", counted)


def test_logs_are_read_once_for_each_depth(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(monkeypatch)
    found = logs(home)
    for _ in range(2):
        found.usage.to_frame("polars")
        repr(found.usage)
        len(found.usage)
    assert counting.tables == [{"usage", "issues"}]
    for table in (found.sessions, found.messages, found.tool_calls, found.issues, found.usage):
        table.to_frame("polars")
    assert len(counting.tables) == 2
    for _ in range(2):
        found.messages.to_frame("polars", content=True)
        found.tool_calls.to_frame("polars", content=True)
        found.usage.to_frame("polars", content=True)
    assert len(counting.tables) == 4


def test_a_full_reading_serves_usage(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(monkeypatch)
    found = logs(home)
    found.sessions.to_frame("polars")
    found.usage.to_frame("polars")
    assert len(counting.tables) == 1


@pytest.mark.parametrize("name, column", [("messages", "content"), ("tool_calls", "result"), ("sessions", "first_prompt")])
def test_text_only_when_asked_for(home: Path, name: str, column: str) -> None:
    table: Table = getattr(logs(home), name)
    assert table.to_frame("polars", content=True)[column].drop_nulls().unique().to_list() == ["text"]
    assert table.to_frame("polars")[column].null_count() == len(table) > 0
    assert table.lazy(content=True).select(column).collect()[column].drop_nulls().len() > 0


@pytest.mark.parametrize("name, column", [("messages", "content"), ("tool_calls", "result"), ("sessions", "first_prompt")])
def test_text_is_the_same_in_both_engines_whatever_is_asked_for_before(home: Path, name: str, column: str) -> None:
    table: Table = getattr(logs(home), name)
    before = table.to_frame("polars", content=True)
    first, second = table.to_frame(content=True), table.to_frame(content=True)
    first.loc[0, column] = "written by the user"
    assert second[column].dropna().tolist() == before[column].drop_nulls().to_list()
    assert table.to_frame("polars", content=True).equals(before)
    with_replays = table.to_frame(content=True, replays=True)
    assert len(with_replays) >= len(second)
    assert with_replays[column].notna().any()


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_home_gives_the_same_dtypes(tmp_path: Path, home: Path, name: TableName) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing: Table = getattr(logs(empty), name)
    something: Table = getattr(logs(home), name)
    assert len(nothing) == 0
    assert dict(nothing.to_frame("polars").schema) == dict(something.to_frame("polars").schema) == polars_schema(SCHEMA[name])
    pd.testing.assert_series_equal(nothing.to_frame().dtypes, something.to_frame("pandas").dtypes)
    assert "no times" not in repr(nothing)
    assert nothing.lazy().collect().height == 0


@pytest.mark.parametrize("name", TABLES)
def test_both_engines_hold_the_same(home: Path, name: TableName) -> None:
    table: Table = getattr(logs(home), name)
    frame, other = table.to_frame("polars"), table.to_frame()
    assert other.columns.tolist() == frame.columns == table.columns == [column.name for column in table.schema.public]
    back = pl.from_pandas(other, nan_to_null=True)
    for column in frame.columns:
        assert back[column].cast(frame.schema[column]).to_list() == frame[column].to_list(), column


def test_lazy_frames_filter_and_select(home: Path) -> None:
    found = logs(home)
    lazy = found.usage.lazy()
    assert dict(lazy.collect_schema()) == polars_schema(SCHEMA["usage"])
    assert lazy.filter(pl.col("session_id") == "a").select("output_tokens").collect()["output_tokens"].to_list() == [10, 20]
    assert lazy.head(2).filter(pl.col("output_tokens") > 10).collect()["output_tokens"].to_list() == [40]
    assert lazy.filter(pl.col("output_tokens") > 10).head(2).collect()["output_tokens"].to_list() == [40, 20]
    assert lazy.filter(pl.col("kind") == "reply", pl.col("at") >= DAY).select(pl.len()).collect().item() == 3
    assert lazy.select(pl.col("output_tokens").sum()).collect(engine="streaming").item() == 150
    assert lazy.collect().equals(found.usage.to_frame("polars"))


def test_lazy_frames_read_when_they_are_collected(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(monkeypatch)
    lazy = logs(home).usage.lazy().filter(pl.col("output_tokens") > 10)
    assert counting.tables == []
    assert lazy.collect().height == 3
    assert counting.tables == [{"usage", "issues"}]


def queried(query: str, given: Table) -> list[tuple[Any, ...]]:  # noqa: ARG001 - DuckDB finds it by name
    relation = duckdb.sql(query)
    assert relation is not None
    return relation.fetchall()


@pytest.mark.parametrize("name", TABLES)
def test_arrow_readers_take_tables(home: Path, name: TableName) -> None:
    table: Table = getattr(logs(home), name)
    assert pa.table(table).num_rows == len(table)
    assert pl.DataFrame(table).height == len(table)
    assert queried("select count(*) from given", table) == [(len(table),)]


def test_duckdb_sums(home: Path) -> None:
    rows = queried("select session_id, sum(output_tokens)::int from given where kind = 'reply' group by all order by 1", logs(home).usage)
    assert rows == [("a", 30), ("a/x", 80), ("b", 40)]


def test_changing_a_frame_changes_no_other(home: Path) -> None:
    found = logs(home)
    frame = found.usage.to_frame("polars")
    frame[0, "output_tokens"] = 999
    frame.insert_column(0, pl.Series("x", [1] * 4))
    other = found.usage.to_frame()
    other.loc[0, "output_tokens"] = 999
    assert outputs(found) == [10, 40, 20, 80]


def test_an_unknown_engine_is_named_before_anything_is_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(monkeypatch)
    with pytest.raises(OptionError, match=r"engine='polar'.*Did you mean 'polars'.*pandas, polars"):
        logs(home).usage.to_frame("polar")  # type: ignore[call-overload]
    assert counting.tables == []


def test_repr_tells_rows_span_and_problems(home: Path) -> None:
    found = logs(home)
    text = repr(found.usage)
    assert "4 rows" in text
    assert "2026-10-01 to 2026-10-01" in text
    assert f"{found.usage.issues.height} issues" in text
    assert repr(found.issues).startswith("<sessionframe issues: ")
    html = found.usage._repr_html_()
    assert "<table" in html
    assert "4 rows" in html


def test_ranges_and_their_time_zone(home: Path) -> None:
    assert outputs(logs(home, since="2026-10-01", until="2026-10-02", tz="UTC")) == [10, 40, 20]
    assert outputs(logs(home, since="2026-10-01", tz="America/New_York")) == []
    assert outputs(logs(home, until="2026-10-01T02:00:00Z")) == [10]
    assert "since 2026-10-01 00:00 UTC" in repr(logs(home, since="2026-10-01", tz="UTC"))


def test_a_range_decides_no_owner(home: Path) -> None:
    """The copy of a record belongs to the same session whatever part of the logs is asked for."""
    table = logs(home, since=DAY, until=DAY + dt.timedelta(minutes=1)).sessions.to_frame("polars")
    assert table.select("session_id", "kind", "requests").rows() == [("a", "main", 1), ("b", "fork", 0)]


def test_a_project(tmp_path: Path) -> None:
    paper.write(tmp_path, "a", paper.usage("k1", 1, 1, project="/code/shop/src"), paper.usage("k2", 2, 2, project="/code/other"))
    assert outputs(logs(tmp_path, project="/code/shop")) == [1]
    assert outputs(logs(tmp_path, project=["/code/shop", "/code/other"])) == [1, 2]
    assert logs(tmp_path, project="/code/shop").sessions.to_frame("polars")["requests"].to_list() == [1]


def test_own_prices(home: Path, tmp_path: Path) -> None:
    with pytest.raises(PriceFileError):
        logs(home, prices=tmp_path / "missing.toml")


def test_a_backup_of_the_home_changes_no_total(home: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    for path in sorted((home / paper.FOLDER).iterdir()):
        target = backup / paper.FOLDER / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    alone, both = logs({"live": home}), logs({"live": home, "old": backup})
    assert sorted(outputs(both)) == sorted(outputs(alone))
    sums = ["requests", "output_tokens", "prompts", "tool_calls", "kind"]
    assert (
        both.sessions.to_frame("polars")
        .sort("session_id")
        .select(sums)
        .equals(alone.sessions.to_frame("polars").sort("session_id").select(sums))
    )
    assert both.usage.to_frame("polars")["host"].null_count() == 0
    reverse = logs({"old": backup, "live": home})
    assert reverse.usage.to_frame("polars").equals(both.usage.to_frame("polars"))


def test_roots_read_only_their_agent(home: Path, tmp_path: Path) -> None:
    register("other", paper.PROVIDER)
    try:
        elsewhere = tmp_path / "elsewhere"
        paper.write(elsewhere, "r", paper.usage("k", START, 5))
        found = scan(home=home, roots={"other": elsewhere / paper.FOLDER}, n_jobs=1)
        assert {agent for agent, _ in found.sources} == {"other"}
        both = scan("paper", "other", home=home, roots={"other": [str(elsewhere / paper.FOLDER)]}, n_jobs=1)
        assert sorted(outputs(both)) == [5, 10, 20, 40, 80]
        with pytest.raises(OptionError, match=r"other.*not among the agents"):
            scan("paper", home=home, roots={"other": elsewhere})
    finally:
        unregister("other")


def test_equal_records_of_two_agents_both_count(home: Path) -> None:
    register("other", paper.PROVIDER)
    try:
        assert len(scan("paper", "other", home=home, n_jobs=1).usage) == 8
    finally:
        unregister("other")


def test_unknown_agents_are_named() -> None:
    with pytest.raises(ProviderNotFoundError, match=r"papr.*Did you mean 'paper'"):
        scan("papr")
    with pytest.raises(ProviderNotFoundError, match="nobody"):
        scan(roots={"nobody": "/"})


def test_this_machine_counts_its_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPER_HOME", str(home / paper.FOLDER))
    assert len(logs(None).usage) == 4


def test_progress_reaches_the_end(home: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = logs(home, progress=lambda done, total: seen.append((done, total)))
    assert seen == []
    found.usage.to_frame("polars")
    total = sum(source.size or 0 for _, source in found.sources)
    assert seen[-1] == (total, total)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize("was_on", [True, False])
def test_the_garbage_collector_is_as_it_was(home: Path, was_on: bool) -> None:
    (gc.enable if was_on else gc.disable)()
    try:
        len(logs(home).usage)
        assert gc.isenabled() is was_on
    finally:
        gc.enable()


def test_frames_of_a_task_are_let_go_of_where_the_collector_is_off(home: Path) -> None:
    """The command line and its workers switch it off, so a cycle would hold the rows of every task to the end."""
    found = logs(home)
    (portion,) = Beginning.of(found._plan, LIGHT).portions
    (made,) = (task.parse_task(each) for each in portion.tasks(1 << 30))
    frame = weakref.ref(made.tables["usage"])
    gc.disable()
    try:
        del made
        assert frame() is None
    finally:
        gc.enable()


def test_many_rows_of_one_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source with more rows than a batch, and a fault behind them."""
    monkeypatch.setattr(task, "BATCH_ROWS", 10)
    rows = [paper.usage(f"k{number}", number, number) for number in range(95)]
    paper.write(tmp_path, "s", *rows, {"table": "raise", "message": "late"})
    found = logs(tmp_path)
    assert outputs(found) == list(range(95))
    assert found.usage.issues["detail"].to_list()[0].startswith("parse: BrokenError in paper.py, line ")
