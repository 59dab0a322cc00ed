"""`anonymise`: nothing private survives, and what belongs together still does; both engines alike."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionframe as sf
from sessionframe.analysis import anonymise, prompts, session_lengths, tokens_by, tools_by
from sessionframe.analysis.privacy import NAMES, TEXTS
from sessionframe.errors import ColumnError, OptionError
from sessionframe.frames.pandas import to_pandas
from sessionframe.schema import SCHEMA, TABLES, TableName
from sessionframe.testing.world import PROJECTS, QUEUED, SUB_ERRANDS
from tests.analysis.conftest import Make, door
from tests.rows import assert_same, call, public, request, rows_of, session

KEY = "a secret of the tests"


def text_columns(table: TableName) -> set[str]:
    return {column.name for column in SCHEMA[table].public if column.dtype == "text"}


@pytest.mark.parametrize("table", TABLES)
def test_every_text_column_is_a_name_or_left_out(table: TableName) -> None:
    assert text_columns(table) <= set(NAMES) | TEXTS


def everything(frame: Any) -> str:
    """All that a reader of the result could find in it."""
    if isinstance(frame, pl.DataFrame):
        return frame.write_json() + str(frame.schema)
    kinds = [str(list(frame[name].cat.categories)) for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    return str(frame.to_csv()) + str(kinds) + str(frame.attrs) + str(frame.columns.name) + str(frame.index.name)


# nothing private survives

secrets = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=4, max_size=30).map(lambda text: f"Zq{text}")


@settings(max_examples=40)
@given(st.sampled_from(TABLES), st.data())
def test_no_text_survives(table: TableName, data: st.DataObject) -> None:
    columns = [column for column in SCHEMA[table].public if column.dtype == "text"]
    values = {column.name: data.draw(st.lists(st.one_of(st.none(), secrets), min_size=2, max_size=2)) for column in columns}
    empty = public(table, [])
    frame = pl.DataFrame({**{name: [None, None] for name in empty.columns}, **values}, schema=empty.schema)
    own = frame.with_columns(pl.lit("Zq own").alias("note"), pl.lit(1).alias("Zq project"), pl.lit("Zq kind").alias("kind"))
    for engine in ("pandas", "polars"):
        given_frame = to_pandas(own.drop("Zq project")) if engine == "pandas" else own
        assert "Zq" not in everything(anonymise(given_frame, key=KEY))


def private_words() -> set[str]:
    """What the demo home says about its owner. `main` is also a kind of session, and `README.md` says nothing."""
    words = {"demo", "/home", "README", *QUEUED, *(errand[1] for errand in SUB_ERRANDS)}
    for project in PROJECTS:
        words |= {project.name, *project.branches, *project.files}
        words |= {text for errand in project.errands for text in errand}
    return words - {"main"}


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_nothing_of_the_demo_survives(engine: str) -> None:
    logs = sf.scan(home={"laptop-of-ann": sf.testing.demo_home()})
    ids = {
        part
        for column in ("session_id", "parent_session_id")
        for name in logs.sessions.to_frame("polars")[column].drop_nulls()
        for part in name.split("/")
    }
    private = private_words() | {"laptop-of-ann", "internal-preview-1", "tracker", str(sf.testing.demo_home()), *ids}
    for name, table in anonymise(logs, key=KEY, engine=engine).items():  # type: ignore[call-overload]
        said = everything(table)
        assert len(table) == len(getattr(logs, name))
        assert {word for word in private if word in said} == set(), name
        assert not TEXTS & set(table.columns)


def test_text_that_was_asked_for_does_not_survive(engine: str) -> None:
    logs = sf.scan(home=sf.testing.demo_home())
    for table in (logs.sessions, logs.messages, logs.tool_calls):
        said = everything(anonymise(table.to_frame(engine, content=True), key=KEY))  # type: ignore[call-overload]
        assert {word for word in private_words() if word in said} == set()


def test_what_a_frame_hides_in_its_corners_does_not_survive() -> None:
    frame = to_pandas(public("sessions", [session("s", project="/home/ann"), session("t", project="/home/bob")]))
    frame["project"] = frame["project"].astype("category")
    frame.attrs["from"] = "/home/ann"
    frame.columns.name = "columns of ann"
    frame.index = pd.Index(["ann", "bob"], name="who is ann")
    frame["kind"] = ["ann", "main"]
    result = anonymise(frame[frame["project"] == "/home/bob"], key=KEY)
    assert not {word for word in ("ann", "bob") if word in everything(result)}
    assert result["kind"].tolist() == ["main"]
    assert frame.attrs == {"from": "/home/ann"}
    assert list(frame.index) == ["ann", "bob"]


def test_private_models_tools_and_programs_are_hidden_and_public_ones_stay(make: Make) -> None:
    models = [
        "claude-haiku-4-5",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "acme-7b",
        "projects/acme/publishers/anthropic/models/claude-haiku-4-5",
    ]
    keys = ["anthropic:claude-haiku-4-5", "own:acme-7b", "acme:claude-haiku-4-5", None]
    usage = [
        request(model=model, price_key=key, vendor=vendor)
        for model, key, vendor in zip(models, keys, ["anthropic", "acme", None, "aws"], strict=True)
    ]
    rows = rows_of(anonymise(make("usage", usage), key=KEY))
    assert [row["model"] for row in rows[:2]] == models[:2]
    assert [row["model"].split("-")[0] for row in rows[2:]] == ["model", "model"]
    assert [row["price_key"] and row["price_key"].split("-")[0] for row in rows] == ["anthropic:claude", "price", "price", None]
    assert [row["vendor"] and row["vendor"].split("-")[0] for row in rows] == ["anthropic", "vendor", None, "aws"]
    calls = [
        call(tool="Bash", command="git"),
        call(tool="AcmeDeploy", command="acme-deploy"),
        call(tool="mcp__acme__go", mcp_server="acme"),
    ]
    bash, own, mcp = rows_of(anonymise(make("tool_calls", calls), key=KEY))
    assert (bash["tool"], bash["command"]) == ("Bash", "git")
    assert own["tool"].startswith("tool-")
    assert own["command"].startswith("command-")
    assert mcp["tool"].startswith(f"mcp__{mcp['mcp_server']}__tool-")


@pytest.mark.parametrize(
    "version,stays", [("2.1.281", True), ("0.1.0-beta.2", True), ("1.0-acme", False), ("acme", False), ("1.0\nacme", False)]
)
def test_versions(make: Make, version: str, stays: bool) -> None:
    (row,) = rows_of(anonymise(make("sessions", [session("s", agent_version=version)]), key=KEY))
    assert (row["agent_version"] == version) is stays


# what belongs together still does


def test_results_over_pseudonyms_are_the_results(engine: str) -> None:
    logs = sf.scan(home=sf.testing.demo_home())
    hidden = anonymise(logs, key=KEY, engine=engine)  # type: ignore[call-overload]
    tables = {name: getattr(logs, name).to_frame(engine) for name in TABLES}
    mine, its = (prompts(each["messages"], each["usage"], each["tool_calls"]) for each in (hidden, tables))
    for name in ("requests", "total_tokens", "tool_calls", "cost_usd"):
        assert sorted(map(repr, mine[name].to_list())) == sorted(map(repr, its[name].to_list()))
    assert len(tokens_by(hidden["usage"], by="project")) == len(tokens_by(tables["usage"], by="project"))
    lengths = [sorted(session_lengths(each["messages"])["active_s"].to_list()) for each in (hidden, tables)]
    assert lengths[0] == lengths[1]
    assert_same(tools_by(hidden["tool_calls"], by="category"), tools_by(tables["tool_calls"], by="category"))
    assert set(hidden["messages"]["session_id"]) <= set(hidden["sessions"]["session_id"])
    assert set(hidden["sessions"]["source"]) == set(hidden["messages"]["source"])


def test_both_engines_give_the_same_pseudonyms() -> None:
    usage = sf.scan(home=sf.testing.demo_home()).usage.to_frame("polars")
    result = anonymise(usage, key=KEY)
    assert_same(anonymise(to_pandas(usage), key=KEY), result)
    assert result.columns == usage.columns
    assert result["cost_usd"].equals(usage["cost_usd"])


def test_the_key_decides(make: Make) -> None:
    sessions = make("sessions", [session("s", project="/p", repo_root="/p")])
    one, same, other = (rows_of(anonymise(sessions, key=key))[0] for key in (KEY, KEY.encode(), "another"))
    assert one == same
    assert one["project"] == one["repo_root"] != other["project"]
    assert rows_of(anonymise(sessions))[0]["project"] != rows_of(anonymise(sessions))[0]["project"]
    with pytest.raises(OptionError, match="key is empty"):
        anonymise(sessions, key="")


def test_own_columns_are_left_out_unless_kept(engine: str) -> None:
    frame = door(engine)(public("sessions", [session("s")]).with_columns(mine=pl.lit(3, pl.Int64)))
    assert "mine" not in anonymise(frame).columns
    assert list(anonymise(frame, keep=["mine"])["mine"]) == [3]
    with pytest.raises(ColumnError, match="anonymise needs the columns yours"):
        anonymise(frame, keep=["yours"])


def test_numbered_ids_become_pseudonyms() -> None:
    result = anonymise(pl.DataFrame({"session_id": [71, 71, None]}), key=KEY)
    assert result["session_id"].dtype == pl.String
    assert "71" not in json.dumps(result["session_id"].to_list()[2:])
    assert result["session_id"][0] == result["session_id"][1]
    assert result["session_id"][0].startswith("session-")


def test_an_empty_frame_has_the_same_dtypes(make: Make) -> None:
    full, empty = (anonymise(make("tool_calls", rows), key=KEY) for rows in ([call()], []))
    assert len(empty) == 0
    assert list(empty.dtypes) == list(full.dtypes)
    assert isinstance(anonymise(public("usage", []).lazy()), pl.DataFrame)
