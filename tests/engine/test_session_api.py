"""Projects, summaries, sessions and messages, from a provider whose logs are rows in memory."""

from __future__ import annotations

import datetime as dt
import json
import tracemalloc
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sessionframe as sf
from sessionframe.engine.session_api import SessionApi
from sessionframe.errors import ProjectNotFoundError, SessionNotFoundError
from sessionframe.machine import Machine
from sessionframe.model import Message, MessageRole, MessageType, SessionProvider, TokenUsage
from sessionframe.providers.claude_code import PROVIDER
from sessionframe.providers.contract import Source, TableRow
from sessionframe.schema import IssueRow, UsageRow
from tests.engine.fakes import MINUTE, Logs, home, message, one_source, session, source, title, usage
from tests.providers.claude_code.transcripts import SESSION, prompt, reply

SAMPLES = Path(__file__).parents[2] / "data-samples"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return home(tmp_path)


def api(logs: Logs, machine: Machine) -> SessionApi:
    return SessionApi(logs.provider(), machine)


def several(machine: Machine, *rows: Any) -> SessionApi:
    """Every session in its own source."""
    paths = {row.session_id: row for row in rows}
    return api(Logs({name: [row] for name, row in paths.items()}, [source(name, name) for name in paths]), machine)


# projects and lists


def test_it_is_a_session_provider(machine: Machine) -> None:
    made = several(machine)
    assert isinstance(made, SessionProvider)
    assert made.agent_type == "fake"
    assert made.list_projects() == []
    assert made.every_session() == []


def test_this_computer_is_the_default() -> None:
    assert SessionApi(PROVIDER).every_session() == []  # the tests' home is empty


def test_projects_are_sorted_and_each_is_there_once(machine: Machine) -> None:
    made = several(machine, *(session(f"s{number}", project=project) for number, project in enumerate(["/b", "/a", "/b", None])))
    assert made.list_projects() == ["/a", "/b"]


def test_the_last_modified_session_comes_first_and_those_without_a_time_last(machine: Machine) -> None:
    ends = {"early": 1 * MINUTE, "none-b": None, "late": 9 * MINUTE, "none-a": None, "same-b": 5 * MINUTE, "same-a": 5 * MINUTE}
    made = several(machine, *(session(name, project="/p", ended_at=end) for name, end in ends.items()))
    assert [found.id for found in made.list_sessions("/p")] == ["late", "same-a", "same-b", "early", "none-a", "none-b"]


def test_only_sessions_that_a_person_started_are_listed(machine: Machine) -> None:
    kinds = ("main", "fork", "review", "subagent", "workflow", "compaction", "side-question", "suggestion", "warmup")
    made = several(machine, *(session(kind, project="/p", kind=kind) for kind in kinds))
    assert {found.id for found in made.list_sessions("/p")} == {"main", "fork", "review"}
    assert made.read_session("subagent").id == "subagent"


def test_a_project_of_sub_agents_alone_is_none(machine: Machine) -> None:
    made = several(machine, session("s1", project="/p"), session("s1/a1", project="/q", kind="subagent"))
    assert made.list_projects() == ["/p"]


def test_an_unknown_project_names_the_nearest(machine: Machine) -> None:
    made = several(machine, session("s1", project="/code/shop"))
    with pytest.raises(ProjectNotFoundError, match=r"fake has no session in project '/code/shap'. Did you mean '/code/shop'\?"):
        made.list_sessions("/code/shap")


def test_a_project_is_a_path_of_any_kind(machine: Machine) -> None:
    made = several(machine, session("s1", project=str(machine.home / "code")), session("s2", project="/p"))
    assert [found.id for found in made.list_sessions("~/code")] == ["s1"]
    assert [found.id for found in made.list_sessions(machine.home / "code")] == ["s1"]


def test_a_session_without_a_project_is_in_the_list_of_all(machine: Machine) -> None:
    assert [found.id for found in several(machine, session("s1")).every_session()] == ["s1"]


def test_a_summary_has_what_the_log_says(machine: Machine) -> None:
    row = session("s1", project="/p", git_branch="main", title="Sort", first_prompt="sort it", started_at=1_000_001, ended_at=2_000_000)
    (found,) = several(machine, row).list_sessions("/p")
    assert found.model_dump(mode="json") == {
        "id": "s1",
        "agent_type": "fake",
        "project_path": "/p",
        "git_branch": "main",
        "first_prompt": "sort it",
        "summary": "Sort",
        "message_count": 0,
        "created": "1970-01-01T00:00:01.000001Z",
        "modified": "1970-01-01T00:00:02Z",
    }


def test_messages_are_counted_as_in_the_sessions_table(machine: Machine) -> None:
    """The parts of one message count once, the program's own notices not at all, one without an id by its line."""
    rows: list[TableRow] = [
        message("s1", 1),
        message("s1", 2, message_id="msg", role="assistant"),
        message("s1", 3, message_id="msg", role="assistant", type="tool-use"),
        message("s1", 4, message_id=None, role="tool", type="tool-result"),
        message("s1", 4, message_id=None, role="tool", type="tool-result"),
        message("s1", 5, role="system"),
        message("other", 6),
    ]
    made = api(one_source([*rows, session("s1")]), machine)
    assert {found.id: found.message_count for found in made.every_session()} == {"s1": 3, "other": 1}
    assert made.read_session("s1").message_count == 3


def test_a_session_that_only_its_messages_tell_of_is_described_by_them(machine: Machine) -> None:
    rows: list[TableRow] = [
        message("s1", 1, at=2 * MINUTE, project="/p", git_branch="b"),
        message("s1", 2, at=MINUTE),
        message("s1", 3, at=None),
    ]
    (found,) = api(one_source(rows), machine).list_sessions("/p")
    assert (found.git_branch, found.created, found.modified) == ("b", moment(1), moment(2))


def moment(minutes: int) -> dt.datetime:
    return dt.datetime(1970, 1, 1, 0, minutes, tzinfo=dt.UTC)


# what other sources say


def titled(machine: Machine, own_rank: int, *given: Any) -> SessionApi:
    rows: list[TableRow] = [message("s1", 1), session("s1", title="own", title_rank=own_rank)]
    return api(Logs({"a": rows, "z": list(given)}, [source("a", "s1"), source("z")]), machine)


@pytest.mark.parametrize(
    "own_rank,given,expected",
    [
        (10, title("r1", "given", 20), "given"),
        (20, title("r1", "given", 20), "own"),
        (30, title("r1", "given", 20), "own"),
        (10, title("r9", "given", 20), "own"),
    ],
    ids=["better", "as-good", "worse", "of-another-session"],
)
def test_the_best_title_counts(machine: Machine, own_rank: int, given: Any, expected: str) -> None:
    made = titled(machine, own_rank, given)
    assert [found.summary for found in made.every_session()] == [expected]


def test_the_best_of_several_given_titles_counts(machine: Machine) -> None:
    made = titled(machine, 1, title("r1", "fair", 20), title("r1", "best", 25), title("r1", "poor", 10))
    assert [found.summary for found in made.every_session()] == ["best"]


def test_a_session_without_a_title_looks_for_one_in_other_sources(machine: Machine) -> None:
    rows: list[TableRow] = [message("s1", 1), session("s1", title="sort it", first_prompt="sort it", title_rank=10)]
    logs = Logs({"a": rows, "z": [title("r1", "Sorting", 20)]}, [source("a", "s1"), source("z")])
    assert api(logs, machine).read_session("s1").summary == "Sorting"


def test_a_session_with_a_title_of_its_own_is_read_without_the_others(machine: Machine) -> None:
    logs = Logs({"a": [session("s1", title="own", title_rank=50)], "z": []}, [source("a", "s1"), source("z")])
    assert api(logs, machine).read_session("s1").summary == "own"
    assert {path for path, _ in logs.parsed} == {"a"}


# what did not change is not parsed again


def test_an_unchanged_source_is_parsed_once(machine: Machine) -> None:
    logs = one_source([session("s1", project="/p")])
    made = api(logs, machine)
    made.list_projects()
    made.list_sessions("/p")
    assert len(logs.parsed) == 1


@pytest.mark.parametrize("change", [{"size": 11}, {"mtime_ns": 2}], ids=["size", "time"])
def test_a_changed_source_is_parsed_again_and_no_other(machine: Machine, change: dict[str, int]) -> None:
    logs = Logs({"a": [session("s1")], "b": [session("s2", "b")]}, [source("a", "s1"), source("b", "s2")])
    made = api(logs, machine)
    made.every_session()
    logs.rows["a"] = [session("s1", title="new")]
    logs.sources[0] = source("a", "s1", **change)
    assert {found.id: found.summary for found in made.every_session()} == {"s1": "new", "s2": None}
    assert [path for path, _ in logs.parsed] == ["a", "b", "a"]


@pytest.mark.parametrize("stamp", [{"size": None}, {"mtime_ns": None}], ids=["no-size", "no-time"])
def test_a_source_that_shows_no_change_is_parsed_every_time(machine: Machine, stamp: dict[str, None]) -> None:
    logs = Logs({"a": [session("s1")]}, [source("a", "s1", **stamp)])
    made = api(logs, machine)
    made.every_session()
    made.every_session()
    assert len(logs.parsed) == 2


def test_a_changed_companion_is_a_change(machine: Machine, tmp_path: Path) -> None:
    beside = tmp_path / "a-wal"
    beside.write_text("1")
    logs = Logs({"a": [session("s1")]}, [source("a", "s1", companions=(str(beside),))])
    made = api(logs, machine)
    made.every_session()
    made.every_session()
    beside.write_text("12")
    made.every_session()
    beside.unlink()
    made.every_session()
    made.every_session()
    assert len(logs.parsed) == 3


def test_what_is_known_beforehand_is_part_of_every_row(machine: Machine) -> None:
    logs = one_source([session("s1")])
    made = api(logs, machine)
    made.every_session()
    logs.prepared = {"s1": "renamed"}
    made.every_session()
    assert len(logs.parsed) == 2


def test_a_deleted_session_is_gone(machine: Machine) -> None:
    logs = one_source([session("s1")])
    made = api(logs, machine)
    made.every_session()
    logs.sources.clear()
    assert made.every_session() == []


# one session


def test_a_session_has_the_fields_of_its_summary(machine: Machine) -> None:
    rows: list[TableRow] = [
        message("s1", 1, at=MINUTE),
        session("s1", project="/p", title="T", title_rank=9, first_prompt="x", ended_at=MINUTE),
    ]
    made = api(one_source(rows), machine)
    (listed,) = made.every_session()
    read = made.read_session("s1")
    assert read.model_dump(include=set(type(listed).model_fields)) == listed.model_dump()


def test_a_message_has_what_the_row_says(machine: Machine) -> None:
    row = message(
        "s1",
        7,
        role="assistant",
        type="tool-use",
        parent_id="r6",
        content='{"path": "x"}',
        at=MINUTE,
        model="m-1",
        call_id="c1",
        is_human=False,
        raw="{}",
    )
    made = api(one_source([row]), machine)
    expected = Message(
        id="r7",
        parent_id="r6",
        session_id="s1",
        role=MessageRole.ASSISTANT,
        type=MessageType.TOOL_USE,
        content='{"path": "x"}',
        timestamp=moment(1),
        model="m-1",
        call_id="c1",
        is_human=False,
    )
    assert made.read_session("s1").messages == (expected,)
    assert list(made.scan_messages("s1", raw=True)) == [expected.model_copy(update={"raw_json": "{}"})]
    assert made.read_session("s1", raw=True).messages[0].raw_json == "{}"


def test_ids_fall_back_on_the_message_and_the_place(machine: Machine) -> None:
    rows: list[TableRow] = [message("s1", 1, record_id=None), message("s1", 2, record_id=None, message_id=None)]
    assert [each.id for each in api(one_source(rows), machine).scan_messages("s1")] == ["m1", "2:2"]


def test_copied_history_is_shown(machine: Machine) -> None:
    rows: list[TableRow] = [message("s1", 1, is_replay=True), message("s1", 2)]
    assert len(api(one_source(rows), machine).read_session("s1").messages) == 2


def test_messages_of_other_sessions_in_the_same_source_are_not_shown(machine: Machine) -> None:
    rows: list[TableRow] = [message("s1", 1), message("s2", 2), usage("s2", 2, 5), session("s2", title="other")]
    read = api(one_source(rows), machine).read_session("s1")
    assert ([each.id for each in read.messages], read.usage, read.summary) == (["r1"], None, None)


def test_a_sub_agent_is_found_by_its_path(machine: Machine) -> None:
    logs = Logs({"a": [message("s1", 1)], "b": [message("s1/x", 1, "b", record_id="inner")]}, [source("a", "s1"), source("b", "s1/x")])
    assert [each.id for each in api(logs, machine).read_session("s1/x").messages] == ["inner"]
    assert {path for path, _ in logs.parsed} == {"b"}


def test_a_session_whose_path_does_not_tell_is_looked_for(machine: Machine) -> None:
    """In sources without an id, and for a sub-agent also in those of its conversation; no other is opened."""
    logs = Logs(
        {"a": [message("s1", 1), message("s1/x", 2)], "b": [message("s2", 1, "b")], "c": [message("s3", 1, "c")]},
        [source("a", "s1"), source("b"), source("c", "s3")],
    )
    made = api(logs, machine)
    assert [each.id for each in made.scan_messages("s2")] == ["r1"]
    assert [each.id for each in made.scan_messages("s1/x")] == ["r2"]
    assert "c" not in {path for path, _ in logs.parsed}


def test_looking_stops_at_the_first_row(machine: Machine) -> None:
    logs = Logs({"a": [message("s1", line) for line in range(50)]}, [source("a")])
    stream = api(logs, machine).scan_messages("s1")
    assert len(logs.handed_out) == 1
    assert len(list(stream)) == 50


def test_an_unknown_session_says_where_it_was_looked_for(machine: Machine) -> None:
    made = several(machine, session("s1"))
    with pytest.raises(SessionNotFoundError, match=r"fake has no session 's9'\. Looked in: .*\.fake\."):
        made.read_session("s9")
    with pytest.raises(SessionNotFoundError):  # at once, not at the first message
        made.scan_messages("s9")


def test_a_session_whose_file_has_the_name_of_another_is_found(machine: Machine) -> None:
    """What is listed can be read."""
    made = api(Logs({"a": [session("s2"), message("s2", 1)]}, [source("a", "s1")]), machine)
    assert [listed.id for listed in made.every_session()] == ["s2"]
    assert len(made.read_session("s2").messages) == 1
    assert len(list(made.scan_messages("s2"))) == 1


def test_no_folder_at_all_is_said(tmp_path: Path) -> None:
    made = SessionApi(Logs({}, []).provider(), Machine.at(tmp_path))
    with pytest.raises(SessionNotFoundError, match="no folder of this agent exists"):
        made.read_session("s9")


def test_an_empty_source_holds_no_session(machine: Machine) -> None:
    made = api(one_source([]), machine)
    assert made.every_session() == []
    with pytest.raises(SessionNotFoundError):
        made.read_session("s1")


def test_what_could_not_be_read_is_said_once(machine: Machine) -> None:
    issues = [
        IssueRow(source="a", line=3, kind="broken-line", detail="not JSON"),
        IssueRow(source="a", kind="unknown-record", detail="record type 'x'", count=2),
    ]
    read = api(one_source([message("s1", 1), *issues]), machine).read_session("s1")
    assert read.problems == ("a, line 3: broken-line: not JSON", "a: unknown-record: record type 'x' (2 cases)")


def test_an_unreadable_session_is_no_missing_one(machine: Machine) -> None:
    read = api(one_source([IssueRow(source="a", kind="unreadable", detail="Permission denied")]), machine).read_session("s1")
    assert (read.messages, read.message_count, read.problems) == ((), None, ("a: unreadable: Permission denied",))


# tokens


def test_tokens_are_on_the_first_part_of_the_record_that_states_them(machine: Machine) -> None:
    rows: list[TableRow] = [
        message("s1", 1),
        message("s1", 2, message_id="msg", role="assistant"),
        message("s1", 3, message_id="msg", role="assistant", type="thinking"),
        message("s1", 3, message_id="msg", role="assistant", type="tool-use"),
        usage("s1", 3, 7, input_tokens=1, cache_read_tokens=0, cache_write_tokens=None),
    ]
    read = api(one_source(rows), machine).read_session("s1")
    stated = TokenUsage(input_tokens=1, output_tokens=7, cache_read=0, cache_write=None)
    assert [each.usage for each in read.messages] == [None, None, stated, None]
    assert read.usage == stated


def test_requests_of_one_record_are_added(machine: Machine) -> None:
    """A request may hold further model calls that are billed beside it."""
    rows: list[TableRow] = [message("s1", 2), usage("s1", 2, 7), usage("s1", 2, 5)]
    read = api(one_source(rows), machine).read_session("s1")
    assert read.messages[0].usage == TokenUsage(output_tokens=12)


def test_tokens_of_a_record_without_content_are_not_lost(machine: Machine) -> None:
    rows: list[TableRow] = [message("s1", 1), usage("s1", 2, 7, message_id="msg", model="m-1", at=MINUTE), usage("s1", 9, 3)]
    first, *rest = api(one_source(rows), machine).read_session("s1").messages
    assert first.usage is None
    assert [(each.id, each.role, each.content, each.usage) for each in rest] == [
        ("msg", MessageRole.ASSISTANT, None, TokenUsage(output_tokens=7)),
        ("9:0", MessageRole.ASSISTANT, None, TokenUsage(output_tokens=3)),
    ]
    assert (rest[0].model, rest[0].timestamp) == ("m-1", moment(1))


def test_a_session_of_requests_alone_is_one(machine: Machine) -> None:
    """A sub-agent whose own file is gone, while its parent repeats what it spent."""
    rows: list[TableRow] = [message("s1", 1), usage("s1/x", 1, 7, project="/p", at=MINUTE, is_echo=True)]
    read = api(one_source(rows), machine).read_session("s1/x")
    assert (read.usage, read.project_path, read.created) == (TokenUsage(output_tokens=7), "/p", moment(1))


def test_no_request_is_no_usage(machine: Machine) -> None:
    assert api(one_source([message("s1", 1)]), machine).read_session("s1").usage is None


# one session in several sources


def copies(*sources: Source) -> Logs:
    """A folder and an older backup of it, which has a record that the folder has lost."""
    rows: list[TableRow] = [message("s1", line, dedup_key=f"k{line}") for line in (1, 2, 3)]
    spent: list[UsageRow] = [usage("s1", 2, 7, dedup_key="q2")]
    backup = [message("s1", line, "b", dedup_key=f"k{line}") for line in (1, 2, 4)]
    lost = [usage("s1", 2, 7, "b", dedup_key="q2"), usage("s1", 4, 1, "b", dedup_key="q4")]
    ends = (
        session("s1", "a", project="/p", ended_at=9 * MINUTE),
        session("s1", "b", started_at=MINUTE, ended_at=MINUTE, title="T", title_rank=5),
    )
    return Logs({"a": [*rows, *spent, ends[0]], "b": [*backup, *lost, ends[1]]}, list(sources))


@pytest.mark.parametrize("swapped", [False, True])
def test_a_record_in_two_sources_is_shown_once(machine: Machine, swapped: bool) -> None:
    sources = [source("b", "s1", size=5), source("a", "s1", size=50)]
    made = api(copies(*(sources[::-1] if swapped else sources)), machine)
    read = made.read_session("s1")
    assert [each.id for each in read.messages] == ["r1", "r2", "r3", "r4"]
    assert read.usage == TokenUsage(output_tokens=8)
    (listed,) = made.every_session()
    assert listed.message_count == read.message_count == 4
    assert (listed.project_path, listed.summary, listed.created, listed.modified) == ("/p", "T", moment(1), moment(9))
    assert read.model_dump(include=set(type(listed).model_fields)) == listed.model_dump()


def test_repeated_records_of_one_source_are_all_shown(machine: Machine) -> None:
    logs = copies(source("a", "s1", size=50), source("b", "s1", size=5))
    logs.rows["a"].append(message("s1", 5, dedup_key="k1"))
    assert [each.id for each in api(logs, machine).scan_messages("s1")] == ["r1", "r2", "r3", "r5", "r4"]


# real transcripts


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def test_messages_come_before_the_log_has_been_read(machine: Machine) -> None:
    logs = one_source([message("s1", line) for line in range(1, 100)])
    stream = api(logs, machine).scan_messages("s1")
    assert next(stream).id == "r1"
    assert len(logs.handed_out) == 1


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """A transcript of 60 MB is streamed in a tenth of that."""
    path = tmp_path / ".claude/projects/-code" / f"{SESSION}.jsonl"
    text = "x" * 100_000
    write(path, [prompt(0, text, uuid=f"u{number}") for number in range(600)] + [reply(1)])
    made = SessionApi(PROVIDER, Machine.at(tmp_path))
    tracemalloc.start()
    try:
        total = sum(len(each.content or "") for each in made.scan_messages(SESSION))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total > 60_000_000
    assert peak < 6_000_000


TOKENS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
}
HOMES = sorted(folder.parent for folder in (SAMPLES / "claude-code").glob("*/home"))


@pytest.mark.parametrize("folder", HOMES, ids=lambda folder: str(folder.name))
def test_tokens_of_messages_add_up_to_the_usage_table(folder: Path) -> None:
    """For every session of every sample, sub-agents and copied history included."""
    made = SessionApi(PROVIDER, Machine.at(folder / "home"))
    table = sf.to_frame("usage", "polars", agents="claude-code", home=folder / "home", replays=True, n_jobs=1)
    # a session that is reached through two folders is in the table twice, once of them marked as a copy
    once = table.unique(["session_id", "message_id", "line", "kind", "at"], maintain_order=True)
    for (session_id,), rows in once.group_by("session_id"):
        read = made.read_session(str(session_id))
        assert read.usage is not None
        for field, column in TOKENS.items():
            assert getattr(read.usage, field) == (rows[column].sum() if rows[column].count() else None)


@pytest.mark.parametrize("folder", HOMES, ids=lambda folder: str(folder.name))
def test_summaries_agree_with_the_sessions_table(folder: Path) -> None:
    """Every session of the table can be read; one without copied history has the same title, times and number of messages."""
    made = SessionApi(PROVIDER, Machine.at(folder / "home"))
    listed = {each.id: each for each in made.every_session()}
    table = sf.to_frame("sessions", "polars", agents="claude-code", home=folder / "home", content=True, n_jobs=1)
    assert listed.keys() == set(table.filter(pl.col("kind").is_in(["main", "fork", "review"]))["session_id"])
    for row in table.iter_rows(named=True):
        read = made.read_session(row["session_id"])
        assert (read.project_path, read.git_branch, read.first_prompt) == (row["project"], row["git_branch"], row["first_prompt"])
        if row["kind"] == "main":
            said = (read.summary, read.message_count, read.created, read.modified)
            assert said == (row["title"], row["messages"], row["started_at"], row["ended_at"])
        if row["session_id"] in listed:
            summary = listed[row["session_id"]]
            assert read.model_dump(include=set(type(summary).model_fields)) == summary.model_dump()
