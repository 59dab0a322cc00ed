"""A rollout that has only grown is read from where it ended, and nothing comes out otherwise than when all of it is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from copy import copy
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionframe import cachefiles
from sessionframe.formats.position import position_again
from sessionframe.formats.problems import Problems
from sessionframe.formats.statements import Statements
from sessionframe.machine import Machine
from sessionframe.providers.codex import PROVIDER, state
from sessionframe.providers.codex.facts import SessionFacts
from sessionframe.providers.codex.messages import Messages
from sessionframe.providers.codex.names import Names
from sessionframe.providers.codex.thread import Thread
from sessionframe.providers.codex.tools import ToolCalls
from sessionframe.providers.codex.usage import Requests
from sessionframe.providers.contract import Checkpoint, Context, Grown, Source, Unkept, Want
from sessionframe.schema import IssueRow, MessageRow
from tests.kept import all_tables, is_right, kept_in, settle, watched
from tests.providers.codex.rollouts import FULL, LIGHT, THREAD, TURN, count, event, item, meta, record, tokens, turn, user, uuid7, write

SAMPLES = Path(__file__).parents[3] / "data-samples" / "codex"
FOUND = SAMPLES.glob("*/home/.codex/*sessions/**/rollout-*.jsonl")
ROLLOUTS = sorted(path for path in FOUND if path.is_file() and path.stat().st_size and path.parent.name != ".tmp")
CASES = ("fork", "fork-by-time", "subagent", "tools", "interrupted", "prompts", "compaction", "titles", "bare-lines", "packed")
ALL = Want(FULL.tables)
"""Everything that is kept: no text is."""

every_depth = pytest.mark.parametrize("want", [LIGHT, ALL], ids=["usage", "all"])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cachefiles.FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(cachefiles.SWITCH_VARIABLE, "on")
    return tmp_path / "cache"


@pytest.fixture
def begun() -> Iterator[list[int]]:
    """Where the readings of a scan began."""
    offsets: list[int] = []
    parse = PROVIDER.parse

    def noted(source: Source, want: Want, context: Context) -> Any:
        offsets.append(context.grown.position.offset if context.grown else 0)
        return parse(source, want, context)

    noted.__module__ = parse.__module__
    object.__setattr__(PROVIDER, "parse", noted)
    yield offsets
    object.__setattr__(PROVIDER, "parse", parse)


class Reading(NamedTuple):
    """What one reading said, as far as it goes on to be true, and behind that."""

    checkpoint: Checkpoint | None
    settled: list[Any]
    rest: list[Any]

    @property
    def tables(self) -> dict[type, list[Any]]:
        rows = [*self.settled, *self.rest]
        return {kind: [row for row in rows if type(row) is kind] for kind in {type(row) for row in rows}}


class Rollout:
    """A rollout alone in its home, read by the provider as rows are that are kept."""

    def __init__(self, path: Path, home: Path, names: Names | None = None) -> None:
        self.path, self.machine, self.names = path, Machine.at(home), names
        self.sources = [source for root in PROVIDER.roots(self.machine) for source in PROVIDER.discover(root).sources]

    def read(self, want: Want, grown: Grown | None = None) -> Reading:
        source = next(each for each in self.sources if each.path == str(self.path))
        context = Context(self.machine, self.names or PROVIDER.prepare(self.sources), keeps=True, grown=grown)
        settled: list[Any] = []
        rest: list[Any] = []
        point = None
        for row in PROVIDER.parse(source, want, context):
            if isinstance(row, Checkpoint):
                point = row
            else:
                (settled if point is None else rest).append(row)
        return Reading(point, settled, rest) if point else Reading(None, [], settled)

    def read_on(self, want: Want, last: Reading) -> tuple[int, Reading]:
        """Read the file as the engine does when it has grown since; also says from where."""
        point = last.checkpoint
        if point is None:
            return 0, self.read(want)
        position = position_again(self.path, point.offset, point.lines, point.fingerprint)
        assert position is not None
        rows = [copy(row) for row in last.rest if not isinstance(row, IssueRow | Unkept)]
        found = self.read(want, Grown(position, point.state, rows))
        return point.offset, found._replace(settled=[*last.settled, *found.settled])

    def grow(self, want: Want, ends: Iterable[int]) -> list[int]:
        """Let the file grow to each of these sizes and read it both ways; returns where reading went on."""
        content = self.path.read_bytes()
        begun, last = [], Reading(None, [], [])
        for end in ends:
            self.path.write_bytes(content[:end])
            offset, last = self.read_on(want, last)
            begun.append(offset)
            assert last.tables == self.read(want).tables
            last = last._replace(settled=[copy(row) for row in last.settled])  # what is kept is not changed later
        return begun


def ends_of_lines(content: bytes) -> list[int]:
    return [number for number in range(1, len(content) + 1) if content[number - 1] == ord("\n")]


@every_depth
@pytest.mark.parametrize("sample", ROLLOUTS, ids=lambda path: f"{path.relative_to(SAMPLES).parts[0]}-{path.stem[-4:]}")
def test_reading_goes_on_behind_any_line(sample: Path, want: Want, tmp_path: Path) -> None:
    home = SAMPLES / sample.relative_to(SAMPLES).parts[0] / "home"
    shutil.copytree(home, tmp_path / "home")
    ends = ends_of_lines(sample.read_bytes())
    begun = Rollout(tmp_path / "home" / sample.relative_to(home), tmp_path / "home").grow(want, ends)
    assert begun == [0, *ends][: len(ends)]


@settings(max_examples=20)
@given(data=st.data())
def test_reading_goes_on_behind_any_byte(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    sample = data.draw(st.sampled_from(ROLLOUTS))
    home = tmp_path_factory.mktemp("grown")
    path = home / sample.relative_to(SAMPLES / sample.relative_to(SAMPLES).parts[0] / "home")
    path.parent.mkdir(parents=True)
    shutil.copy(sample, path)
    size = path.stat().st_size
    for want in (LIGHT, ALL):
        ends = sorted(data.draw(st.lists(st.integers(0, size), min_size=1, max_size=6)))
        shutil.copy(sample, path)
        Rollout(path, home).grow(want, [*ends, size])


@settings(max_examples=3)
@given(data=st.data())
def test_whatever_is_written_the_tables_are_right(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    work = tmp_path_factory.mktemp("written")
    home, at = work / "home", 10**9
    shutil.copytree(SAMPLES / data.draw(st.sampled_from(CASES)) / "home", home)
    files = sorted(path for path in home.rglob("*.jsonl") if path.is_file() and path.stat().st_size)
    whole = {path: path.read_bytes() for path in files}
    for path in files:
        path.write_bytes(whole[path][: data.draw(cut(whole[path], 0))])
    for _ in range(data.draw(st.integers(1, 2))):
        settle(home, at=at)
        assert is_right(work / "cache", "codex", home=home)
        for path in data.draw(st.lists(st.sampled_from(files), min_size=1, max_size=3, unique=True)):
            at += 5
            path.write_bytes(whole[path][: data.draw(cut(whole[path], path.stat().st_size))])
    settle(home, at=at)
    assert is_right(work / "cache", "codex", home=home)


def cut(content: bytes, least: int) -> st.SearchStrategy[int]:
    """Where writing may have come to: any byte, mostly the end of a line."""
    ends = [end for end in ends_of_lines(content) if end >= least] or [len(content)]
    return st.one_of(st.sampled_from(ends), st.sampled_from(ends), st.integers(least, len(content)))


def test_a_scan_reads_only_what_is_new(tmp_path: Path, begun: list[int]) -> None:
    home = tmp_path / "home"
    shutil.copytree(SAMPLES / "tools" / "home", home)
    path = max(home.rglob("*.jsonl"), key=lambda each: each.stat().st_size)
    content = path.read_bytes()
    sizes = ends_of_lines(content)[-3:]
    path.write_bytes(content[: sizes[0]])
    settle(home)
    all_tables("codex", home=home)
    for before, size in pairwise(sizes):
        path.write_bytes(content[:size])
        begun.clear()
        found = all_tables("codex", home=home)
        assert begun == [before, before]
        with kept_in(None):
            fresh = all_tables("codex", home=home)
        assert all(found[name].equals(fresh[name]) for name in fresh)


@every_depth
def test_a_line_that_is_being_written_gives_no_checkpoint(want: Want, tmp_path: Path) -> None:
    path = write(tmp_path, [meta(), turn(), count(2, tokens(10), tokens(10))])
    rollout = Rollout(path, tmp_path)
    assert rollout.read(want).checkpoint is not None
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert rollout.read(want).checkpoint is None
    assert rollout.read(want).tables == (path.write_bytes(content) and rollout.read(want).tables)


def test_a_prompt_may_wait_for_its_echo_meanwhile(tmp_path: Path) -> None:
    """Its text is not kept, and yet the event is known to be about it."""
    text = "a prompt that nobody keeps"
    others = [user(5, "<skill>typed</skill>"), event(5, "user_message", message="<skill>typed</skill>")]
    two = {"content": [{"type": "input_text", "text": "<skill>"}, {"type": "input_text", "text": "x"}]}
    apart = [item(7, "message", role="user", **two), event(7, "user_message", message="<skill>\nx"), user(8, "<skill> not typed"), turn(9)]
    lines = [meta(), turn(), user(2, text), turn(3), event(4, "user_message", message=text), *others, *apart]
    rollout = Rollout(write(tmp_path, lines), tmp_path)
    content = rollout.path.read_bytes()
    states = []
    for end in ends_of_lines(content):
        rollout.path.write_bytes(content[:end])
        point = rollout.read(ALL).checkpoint
        assert point is not None
        states.append(point.state)
    assert not any(said in kept for kept in states for said in (text.encode(), b"typed"))
    rollout.grow(ALL, ends_of_lines(content))
    assert [row.is_human for row in rollout.read(ALL).tables[MessageRow]] == [True, True, True, True, False]


@every_depth
def test_a_usage_record_that_is_written_again_is_known_again(want: Want, tmp_path: Path) -> None:
    used = tokens(10)
    lines = [meta(version="0.169.0"), turn(), record(2, used, "r1"), record(3, used, "r1"), count(4, used, used), record(5, used, "r2")]
    rollout = Rollout(write(tmp_path, lines), tmp_path)
    assert rollout.grow(want, ends_of_lines(rollout.path.read_bytes()))[-1] > 0


FORK = {"forked_from_id": uuid7(-60, 2)}
BEFORE, USED = uuid7(-30, 3), tokens(10)
REMEMBERED = {
    "when the thread was made": [meta(0, **FORK), turn(3), count(4, USED, USED)],
    "when lines were copied": [meta(0, **FORK), turn(0.9), turn(1.8), count(1.9, USED, USED)],
    "that ids tell what is copied": [meta(0, **FORK), turn(3, turn_id=BEFORE), turn(6), count(7, USED, USED)],
    "where the own part begins": [
        {**meta(subagent_history_start_ordinal=2), "ordinal": 0},
        *({**turn(number), "ordinal": number} for number in (1, 2)),
        count(3, USED, USED),
    ],
    "that counters go on": [meta(history_base={"thread_id": uuid7(-60, 2)}), turn(), count(2, tokens(100), USED)],
    "that a review runs": [
        meta(),
        event(1, "task_started", turn_id=TURN),
        event(2, "entered_review_mode"),
        event(3, "task_complete", turn_id=TURN),
    ],
    "how often a call was made": [
        meta(),
        *(item(at, "function_call", name="exec_command", arguments="{}", call_id="again") for at in (1, 2, 3)),
    ],
}
"""What must be remembered of earlier lines, beside what the samples show."""


@every_depth
@pytest.mark.parametrize("case", REMEMBERED)
def test_what_earlier_lines_said_is_remembered(case: str, want: Want, tmp_path: Path) -> None:
    rollout = Rollout(write(tmp_path, REMEMBERED[case]), tmp_path)
    ends = ends_of_lines(rollout.path.read_bytes())
    assert rollout.grow(want, ends) == [0, *ends][: len(ends)]


@every_depth
def test_a_number_that_cannot_be_kept_only_costs_time(want: Want, tmp_path: Path) -> None:
    rollout = Rollout(write(tmp_path, [meta(subagent_history_start_ordinal=10**30), turn(), count(2, tokens(10), tokens(10))]), tmp_path)
    assert rollout.read(want).checkpoint is None
    assert set(rollout.grow(want, ends_of_lines(rollout.path.read_bytes()))) == {0}


KEPT_OF = {
    Thread: (state.KeptThread, {"source", "machine", "_place"}),
    Requests: (state.KeptRequests, {"ready", "_thread", "_problems", "_place", "_said", "_common", "_statements"}),
    Messages: (state.KeptMessages, {"_thread", "_content", "_raw"}),
    ToolCalls: (state.KeptTools, {"_thread", "_content", "_open", "_finished"}),
    SessionFacts: (state.KeptFacts, {"_thread", "_titles", "_first_prompt"}),
}
"""Who reads along -> what is kept of them, and attributes that need not be."""


def test_every_attribute_is_kept_or_need_not_be() -> None:
    thread = Thread.of(Source("rollout.jsonl", "rollout"), Machine(Path("home")))
    requests = Requests(thread, Problems(""), Statements("", wanted=False))
    made = [thread, requests, Messages(thread, content=False, raw=None), ToolCalls(thread, content=False)]
    for each in [*made, SessionFacts(thread, {})]:
        kept, others = KEPT_OF[type(each)]
        names = getattr(type(each), "__slots__", None) or vars(each)
        assert set(names) == {*kept.__struct_fields__, *others}


def subagent(depth: int, **other: Any) -> dict[str, Any]:
    return meta(source={"subagent": {"thread_spawn": {"parent_thread_id": uuid7(0, 5), "depth": depth}}}, **other)


@pytest.mark.parametrize(
    "first, want, expected",
    [
        (meta(), ALL, False),
        (subagent(1), ALL, False),
        (subagent(2), ALL, True),
        (subagent(2), LIGHT, True),
        (subagent(2, session_id=uuid7(0, 6)), ALL, False),
        (meta(thread=uuid7(0, 9)), ALL, True),
        (meta(thread=uuid7(0, 9)), LIGHT, False),
    ],
)
def test_rows_that_other_files_can_change_are_not_kept(first: dict[str, Any], want: Want, expected: bool, tmp_path: Path) -> None:
    path = write(tmp_path, [first, turn(), count(2, tokens(10), tokens(10))], thread=THREAD)
    assert (Unkept in Rollout(path, tmp_path).read(want).tables) is expected


def test_only_the_thread_that_is_named_is_read_again(tmp_path: Path, cache: Path) -> None:
    """The name of one thread is no reason to read the others."""
    home = tmp_path / "home"
    for thread in (THREAD, uuid7(0, 2)):
        write(home, [meta(thread=thread), turn(), count(2, tokens(10), tokens(10))], thread=thread)
    settle(home)
    all_tables("codex", home=home)
    (home / ".codex" / "session_index.jsonl").write_text(json.dumps({"id": THREAD, "thread_name": "a name"}) + "\n", "utf-8")
    settle(home)
    with watched() as reading:
        found = all_tables("codex", home=home)
    assert set(reading.names) == {f"rollout-2026-10-05T12-00-00-{THREAD}.jsonl", "session_index.jsonl"}
    assert "a name" in found["sessions"]["title"].to_list()
    assert is_right(cache, "codex", home=home)


def test_what_a_source_depends_on() -> None:
    names = Names({"a": "A", "b": "B"}, {"history.jsonl": 2})
    basis = PROVIDER.basis
    assert basis(Source("x", "rollout", session_id="a"), names) == "A"
    assert basis(Source("x", "rollout", session_id="c"), names) is None
    assert basis(Source("x", "rollout"), names) == names.titles
    assert basis(Source("history.jsonl", "history"), names) == 2
    assert basis(Source("session_index.jsonl", "index"), names) is None
    assert basis(Source("x", "rollout", session_id="a"), None) is None
