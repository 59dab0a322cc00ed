"""Lazy queries, ranges of time and projects: they load no more than they must, and bring what the whole would bring."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sessionframe as sf
from sessionframe import cachefiles
from sessionframe.engine import load, narrow
from sessionframe.engine.cache import related, segment
from sessionframe.engine.portion import Portion
from sessionframe.engine.question import conjuncts, question
from sessionframe.engine.table import some_of
from sessionframe.schema import TABLES, TableName
from tests.contract.samples import samples
from tests.kept import all_tables, equal, is_right, kept_in, settle

DEMO = Path(__file__).parents[2] / "data-samples" / "demo"


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Everything of the demo home is kept, and narrowing is worth it from the first row on."""
    folder = tmp_path_factory.mktemp("cache")
    with kept_in(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "WORTH_NARROWING", 0)
        all_tables(home=DEMO)
        yield folder


@pytest.fixture(scope="module")
def whole() -> dict[str, pl.DataFrame]:
    with kept_in(None):
        logs = sf.scan(home=DEMO, n_jobs=1)
        return {name: getattr(logs, name).to_frame("polars") for name in TABLES}


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """How many of how many kept sources were needed, per agent."""
    told: list[tuple[int, int]] = []

    def counted(kept: Any, fresh: Any, asked: Any) -> Any:
        found = related.needed(kept, fresh, asked)
        told.append((sum(map(len, found)), sum(len(each.entries) for each in kept)))
        return found

    monkeypatch.setattr(narrow, "needed", counted)
    return told


@pytest.fixture
def columns_read(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Table -> the columns that were read of what is kept."""
    told: dict[str, set[str]] = {}

    def noted(shelf: str, name: str, table: str, columns: Any = None) -> pl.DataFrame:
        found = segment_read(shelf, name, table, columns)
        told.setdefault(table, set()).update(found.columns)
        return found

    segment_read = segment.read
    monkeypatch.setattr(segment, "read", noted)
    return told


def lazy(table: TableName, **options: Any) -> pl.LazyFrame:
    found: pl.LazyFrame = getattr(sf.scan(home=DEMO, n_jobs=1, **options), table).lazy()
    return found


@st.composite
def conditions(draw: st.DrawFn, frame: pl.DataFrame) -> pl.Expr:
    """A condition on one column that some row fulfils."""
    name = draw(st.sampled_from([name for name in frame.columns if frame[name].null_count() < frame.height]))
    value = draw(st.sampled_from(frame[name].drop_nulls().unique().sort().to_list()))
    ways = [pl.col(name) == value, pl.col(name) != value, pl.col(name).is_null()]
    if not isinstance(frame.schema[name], pl.Enum | pl.Boolean):
        ways += [pl.col(name) >= value, pl.col(name) < value, pl.col(name).is_in([value]), ~(pl.col(name) > value)]
    return draw(st.sampled_from(ways))


@pytest.mark.parametrize("table", TABLES)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_lazy_query_brings_what_the_whole_brings(table: TableName, whole: dict[str, pl.DataFrame], data: st.DataObject) -> None:
    frame = whole[table]
    filters = data.draw(st.lists(conditions(frame), max_size=3))
    columns = data.draw(st.lists(st.sampled_from(frame.columns), min_size=1, max_size=5, unique=True))
    rows = data.draw(st.sampled_from([None, 5]))

    def asked(source: pl.LazyFrame) -> pl.DataFrame:
        query = (source.filter(filters) if filters else source).select(columns)
        return (query if rows is None else query.head(rows)).collect()

    assert asked(lazy(table)).equals(asked(frame.lazy()))
    if data.draw(st.booleans()):
        either = filters[0] | filters[-1] if filters else pl.lit(value=True)
        assert lazy(table).filter(either).collect().equals(frame.filter(either))


def test_two_columns_of_a_week_read_no_more_than_they_must(
    whole: dict[str, pl.DataFrame], loaded: list[tuple[int, int]], columns_read: dict[str, set[str]]
) -> None:
    week = pl.col("at").is_between(datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 9, tzinfo=UTC))
    found = lazy("usage").filter(week).select("model", "output_tokens").collect()
    assert found.equals(whole["usage"].filter(week).select("model", "output_tokens"))
    assert 0 < found.height < whole["usage"].height
    needed, kept = (sum(each) for each in zip(*loaded, strict=True))
    assert needed < kept / 2
    assert not columns_read["usage"] & {"project", "git_branch", "request_id", "input_tokens", "speed", "cost_usd"}
    assert not columns_read.keys() & {"messages", "tool_calls", "sessions"}


def test_a_filter_on_agents_reads_no_other_agent(whole: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()
    of = Portion.of.__func__  # type: ignore[attr-defined]

    def noted(cls: Any, group: Any, *rest: Any) -> Any:
        read.add(group.provider.agent_type)
        return of(cls, group, *rest)

    monkeypatch.setattr(Portion, "of", classmethod(noted))
    codex = pl.col("agent") == "codex"
    for table in TABLES:
        for folder in (None, cachefiles.folder()):
            with kept_in(folder):
                assert lazy(table).filter(codex).collect().equals(whole[table].filter(codex)), table
    assert read == {"codex"}


def test_messages_alone_need_no_tool_calls(whole: dict[str, pl.DataFrame], columns_read: dict[str, set[str]]) -> None:
    assert lazy("messages").select("role").collect().equals(whole["messages"].select("role"))
    assert set(columns_read) <= {"messages", "usage", "issues"}
    assert "model" not in columns_read["messages"]


def test_costs_come_with_what_they_depend_on(whole: dict[str, pl.DataFrame]) -> None:
    assert lazy("usage").select("cost_usd").collect().equals(whole["usage"].select("cost_usd"))
    dear = pl.col("cost_usd") > 0.05
    assert lazy("usage").filter(dear).select("line").collect().equals(whole["usage"].filter(dear).select("line"))


@pytest.mark.parametrize("folder", ["kept", None])
def test_some_columns_of_usage_are_those_of_the_table(
    whole: dict[str, pl.DataFrame], columns_read: dict[str, set[str]], folder: str | None
) -> None:
    with kept_in(cachefiles.folder() if folder else None):
        logs = sf.scan(home=DEMO, n_jobs=1)
        asked = {"at", "model", "output_tokens", "cost_usd"}
        found = some_of(logs.usage, asked)
        assert not columns_read.get("usage", set()) & {"project", "git_branch", "request_id", "message_id"}
        assert asked < set(found.rows.columns) < set(whole["usage"].columns)
        assert found.rows.equals(whole["usage"].select(found.rows.columns))
        assert found.issues.equals(sf.scan(home=DEMO, n_jobs=1).usage.issues)
        assert found.issues.filter(pl.col("kind") == "unpriced-model").height


def test_some_columns_are_read_once_and_taken_from_what_is_held(whole: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    of = Portion.of.__func__  # type: ignore[attr-defined]

    def noted(cls: Any, group: Any, *rest: Any) -> Any:
        begun.append(group.provider.agent_type)
        return of(cls, group, *rest)

    monkeypatch.setattr(Portion, "of", classmethod(noted))
    logs = sf.scan(home=DEMO, n_jobs=1)
    for columns, readings in (({"at", "model"}, 1), ({"at"}, 1), ({"at", "project"}, 2)):
        assert some_of(logs.usage, columns).rows["at"].equals(whole["usage"]["at"])
        assert begun.count(begun[0]) == readings
    assert logs.usage.to_frame("polars").equals(whole["usage"])
    assert some_of(logs.usage, {"at"}).rows.equals(whole["usage"])
    assert begun.count(begun[0]) == 3


def test_limits_of_the_scan_hold_too(whole: dict[str, pl.DataFrame]) -> None:
    since = datetime(2026, 11, 1, tzinfo=UTC)
    project = whole["usage"]["project"].drop_nulls()[0]
    found = lazy("usage", since=since, project=project).filter(pl.col("agent") != "codex").select("at", "cost_usd").collect()
    with kept_in(None):
        limited = sf.scan(home=DEMO, n_jobs=1, since=since, project=project).usage.to_frame("polars")
    assert found.equals(limited.filter(pl.col("agent") != "codex").select("at", "cost_usd"))


def test_a_query_after_a_table_was_read_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = sf.scan(home=DEMO, n_jobs=1)
    logs.usage.to_frame("polars")
    monkeypatch.setattr("sessionframe.engine.logs.load", lambda *_: pytest.fail("read again"))
    assert logs.usage.lazy().filter(pl.col("agent") == "codex").select("at").collect().height


def test_without_a_cache_a_query_reads_once() -> None:
    with kept_in(None), pytest.MonkeyPatch.context() as patch:
        logs = sf.scan(home=DEMO, n_jobs=1)
        first = logs.usage.lazy().select("at").collect()
        patch.setattr("sessionframe.engine.logs.load", lambda *_: pytest.fail("read again"))
        assert logs.usage.lazy().select("at").collect().equals(first)


@pytest.mark.parametrize("sample", samples(), ids=str)
def test_a_range_of_time_brings_the_same_of_what_is_kept(sample: Any, tmp_path: Path) -> None:
    """Forks, copies and threads lie in several files, and a range that holds only one of them needs the others."""
    home = tmp_path / "home"
    shutil.copytree(sample.home, home, symlinks=True)
    settle(home)
    times = sf.scan(sample.agent, home=home, n_jobs=1).messages.to_frame("polars", replays=True)["at"].drop_nulls().unique().sort()
    if len(times):
        middle = times[len(times) // 2]
        with kept_in(tmp_path / "cache"):
            all_tables(sample.agent, home=home)
        assert is_right(tmp_path / "cache", sample.agent, home=home, since=middle)
        assert is_right(tmp_path / "cache", sample.agent, home=home, until=middle + timedelta(microseconds=1))


def test_new_rows_call_in_kept_ones(tmp_path: Path) -> None:
    """A copy that appears now makes its original count, though the original lies outside of the range."""
    home = tmp_path / "home"
    shutil.copytree(DEMO.parent / "claude-code" / "basic" / "home", home)
    settle(home)
    cache = tmp_path / "cache"
    with kept_in(cache):
        all_tables("claude-code", home=home)
    path = next(home.rglob("*.jsonl"))
    copy = path.with_name("c10ne000-0000-4000-8000-000000000000.jsonl")
    copy.write_bytes(path.read_bytes())
    settle(copy)
    at = sf.scan(home=home, n_jobs=1).usage.to_frame("polars")["at"]
    assert is_right(cache, "claude-code", home=home, since=at[0], until=at[-1])


def test_conditions_are_told_apart() -> None:
    one, two, three = pl.col("a") > 1, pl.col("b") == "x", pl.col("c").is_null()
    assert [str(part) for part in conjuncts(one & two & three)] == [str(one), str(two), str(three)]
    assert len(list(conjuncts(one | two))) == 1
    assert len(list(conjuncts(~(one & two)))) == 1
    assert len(list(conjuncts(pl.col("a") + pl.col("b")))) == 1


def test_only_what_is_known_early_is_tested_early() -> None:
    final = (pl.col("cost_usd") > 1) & (pl.col("is_replay") == True)  # noqa: E712
    assert question("usage", None, final, ["codex"]).test is None
    assert question("sessions", None, pl.col("project") == "x", ["codex"]).test is None
    assert question("issues", None, pl.col("agent") == "x", ["codex"]).agents == frozenset()
    mixed = question("usage", ["at"], (pl.col("project") == "x") & (pl.col("cost_usd") > 1), ["codex"])
    assert mixed.tested == {"project"}
    assert mixed.columns == frozenset({"at", "project", "cost_usd"})


def test_groups_are_followed_however_far() -> None:
    assert related.reached({1}, [[1, 2], [2, 3], [4, 5], [3, 6, 7]]) == {1, 2, 3, 6, 7}
    assert related.reached(set(), [[1, 2]]) == set()


def test_copies_that_differ_are_loaded_whatever_is_asked() -> None:
    rows = pl.DataFrame({"entry": [1, 2, 3, 4], "dedup_key": ["a", "a", "b", None], "at": [1, 2, 3, 3]})
    assert related.disagreeing(rows)["entry"].to_list() == [1, 2]
    assert related.disagreeing(rows.drop("at")).is_empty()


def test_equal_frames_are_told_from_others(whole: dict[str, pl.DataFrame]) -> None:
    """The comparison that these tests rest on sees a difference."""
    assert equal(whole, dict(whole))
    assert not equal(whole, {**whole, "usage": whole["usage"].with_columns(pl.col("output_tokens") + 1)})
