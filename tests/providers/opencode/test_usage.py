"""The rules of counting, one by one: without its rule each of these numbers is another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionframe.providers.opencode.sessions import recorded_cost
from sessionframe.providers.opencode.usage import COPIED_RANK
from tests.providers.opencode.databases import FULL, LIGHT, T0, Home, Read, made_id, tokens


def numbers(home: Home) -> list[tuple[int | None, ...]]:
    """Input, cache read, cache write, output, reasoning of each request."""
    return [
        (row.input_tokens, row.cache_read_tokens, row.cache_write_tokens, row.output_tokens, row.reasoning_tokens)
        for row in home.read().usage
    ]


def test_steps_count_and_the_message_does_not(tmp_path: Path) -> None:
    """The message holds the tokens of the last step only, and in Kilo the cost of its sub-agents too."""
    home = Home(tmp_path).session().reply(tokens(100, 10), tokens(200, 20), tokens=tokens(200, 20), cost=9.0)
    found = home.read().usage
    assert [(row.input_tokens, row.output_tokens, row.recorded_cost_usd, row.evidence) for row in found] == [
        (100, 10, 0.25, "step-finish"),
        (200, 20, 0.25, "step-finish"),
    ]
    assert len({row.dedup_key for row in found}) == 2


def test_a_step_belongs_to_its_message_whichever_session_it_names(tmp_path: Path) -> None:
    """Usage alone looks for the steps of a whole session at once."""
    home = Home(tmp_path).session().reply(tokens(100, 10), tokens(200, 20), tokens=tokens(200, 20), cost=9.0)
    home.rows.append(("UPDATE part SET session_id = ?", ("ses_none",)))
    home.write()
    for want in (LIGHT, FULL):
        assert [(row.input_tokens, row.evidence) for row in Read(tmp_path, want).usage] == [(100, "step-finish"), (200, "step-finish")]


@pytest.mark.parametrize("version", ["9" * 5000 + ".1.1", "1.٦.1", ""])
def test_a_version_of_any_shape(tmp_path: Path, version: str) -> None:
    """It is taken for a new one."""
    assert numbers(Home(tmp_path).session(version=version).reply(tokens(100, 10, read=50))) == [(100, 50, 0, 10, 0)]


def test_the_provider_that_was_asked_is_the_vendor(tmp_path: Path) -> None:
    """The price list fills in what is unknown, so no sample can show it."""
    home = Home(tmp_path).session().reply(tokens(1, 1), providerID="github-copilot").reply(tokens(1, 1), providerID=None)
    assert [row.vendor for row in home.read().usage] == ["github-copilot", None]


@pytest.mark.parametrize("cost, recorded", [(0.25, 0.25), (0, 0.0), (-0.25, None), (None, None)])
def test_a_negative_cost_is_none(tmp_path: Path, cost: float | None, recorded: float | None) -> None:
    """Unknown is null, and nothing costs less than nothing."""
    (row,) = Home(tmp_path).session().reply(tokens=tokens(1, 1), cost=cost).read().usage
    assert row.recorded_cost_usd == recorded


@pytest.mark.parametrize(
    "tokens_of, billed",
    [
        *((tokens(*(1 if place == number else 0 for place in range(5))), True) for number in range(5)),
        (tokens(0, 0), False),
        ({"cache": {}}, True),
        ({"input": 0, "cache": {}}, False),
    ],
)
def test_any_token_makes_a_request(tmp_path: Path, tokens_of: dict[str, Any], *, billed: bool) -> None:
    """Of a message without a finished step that cost nothing; where no count is stated, that it ended does."""
    home = Home(tmp_path).session().reply(tokens=tokens_of, cost=0, finish="stop")
    assert len(home.read().usage) == billed


def test_a_message_without_a_finished_step_counts_itself(tmp_path: Path) -> None:
    """It was cut off; what it states so far is all there is."""
    home = Home(tmp_path).session().reply(tokens=tokens(70, 5), finish=None, time={"created": T0})
    (row,) = home.read().usage
    assert (row.input_tokens, row.evidence, row.recorded_cost_usd, row.is_final) == (70, "message", 0.5, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"tokens": tokens(0, 0), "cost": 0, "finish": None},
        {"tokens": None, "cost": 0, "finish": None, "error": {"name": "ProviderAuthError"}},
        {"role": "user", "tokens": tokens(5, 5)},
    ],
    ids=["command", "error", "user"],
)
def test_what_is_no_request(tmp_path: Path, fields: dict[str, Any]) -> None:
    """A command of the user is an assistant's message too, with zeros."""
    assert numbers(Home(tmp_path).session().reply(**fields)) == []


def test_a_request_whose_tokens_are_unknown_is_one(tmp_path: Path) -> None:
    """It ended, and nothing says with what: unknown is null."""
    assert numbers(Home(tmp_path).session().reply(tokens=None, finish="stop")) == [(None, None, None, None, None)]


@pytest.mark.parametrize(
    "step, output",
    [
        (tokens(700, 50, 20, 300, total=1050), 50),
        (tokens(700, 30, 20, 300, total=1050), 50),
        (tokens(700, 50, 0, 300, total=1050), 50),
        (tokens(700, 50, 20, 300), 50),
        (tokens(700, 30, 20, 300, total=1234), 30),
    ],
    ids=["inside", "beside", "none", "no-total", "contradiction"],
)
def test_reasoning_is_part_of_the_output(tmp_path: Path, step: dict[str, Any], output: int) -> None:
    """The total tells whether it already is; without one it was, before 1.14."""
    assert numbers(Home(tmp_path).session().reply(step))[0][3] == output


def test_a_total_that_fits_nothing_is_reported(tmp_path: Path) -> None:
    """And the number is kept as it stands."""
    assert Home(tmp_path).session().reply(tokens(700, 30, 20, total=1)).read().issues == ["estimate"]


def test_google_keeps_thoughts_apart(tmp_path: Path) -> None:
    """Its library did so before OpenCode did for all."""
    assert numbers(Home(tmp_path).session().reply(tokens(700, 30, 20), providerID="google"))[0][3] == 50


@pytest.mark.parametrize(
    "writer, step, fresh",
    [
        (("0.9.0", "openai", "gpt-5"), tokens(1000, 50, 0, 300), 700),
        (("1.0.97", "openai", "gpt-5"), tokens(1000, 50, 0, 300), 700),
        (("1.0.98", "openai", "gpt-5"), tokens(1000, 50, 0, 300), 1000),
        (("0.9.0", "openai", "gpt-5"), tokens(1000, 50, 0, 300, total=1350), 1000),
        (("0.9.0", "anthropic", "claude-sonnet-4-5"), tokens(1000, 50, 0, 300), 1000),
        (("0.9.0", "opencode", "claude-sonnet-4-5"), tokens(1000, 50, 0, 300), 1000),
        (("0.9.0", "opencode", "grok-code"), tokens(1000, 50, 0, 300), 700),
        (("0.9.0", "github-copilot", "claude-sonnet-4-5"), tokens(1000, 50, 0, 300), 700),
        (("0.9.0", "openai", "gpt-5"), tokens(100, 50, 0, 300), 100),
        (("0.9.0", "somebody", "claude"), tokens(1000, 50, 0, 300, 5), 1000),
        (("local", "openai", "gpt-5"), tokens(1000, 50, 0, 300), 1000),
    ],
)
def test_cached_tokens_are_no_part_of_the_input(tmp_path: Path, writer: tuple[str, str, str], step: dict[str, Any], fresh: int) -> None:
    """They were up to 1.0.97, except where Anthropic's numbers are passed on."""
    version, provider, model = writer
    home = Home(tmp_path).session(version=version).reply(step, providerID=provider, modelID=model)
    assert numbers(home)[0][0] == fresh


def test_a_request_is_booked_when_it_ended(tmp_path: Path) -> None:
    """Each of several steps by the clock in its id; the migration and forks write their own time into the columns."""
    home = Home(tmp_path).session().reply(tokens(1, 1)).reply(tokens(2, 2), tokens(3, 3))
    assert [row.at for row in home.read().usage] == [(T0 + 501) * 1000, (T0 + 2) * 1000, (T0 + 102) * 1000]


def test_a_step_that_is_older_than_its_message_does_not_tell_the_time(tmp_path: Path) -> None:
    """Its id was not made when it ended: the message's end counts."""
    home = Home(tmp_path).session().reply(tokens(1, 1), tokens(2, 2), time={"created": T0 + 9_000, "completed": T0 + 9_500})
    assert [row.at for row in home.read().usage] == [(T0 + 9_500) * 1000] * 2


def test_seconds_are_told_from_milliseconds(tmp_path: Path) -> None:
    """Some forks write them."""
    home = Home(tmp_path).session().reply(tokens(1, 1), id="m1", time={"created": T0 // 1000, "completed": T0 // 1000 + 1})
    assert home.read().usage[0].at == (T0 + 1000) * 1000


def test_parallel_sub_agents_are_no_copies(tmp_path: Path) -> None:
    """Two that began in the same millisecond with equal numbers; both ids are as old as they say."""
    home = Home(tmp_path).session().session("ses_b", parent="ses_a")
    for session_id, tail in (("ses_a", "aaaaaaaaaaaaaa"), ("ses_b", "bbbbbbbbbbbbbb")):
        home.reply(tokens(1, 1), session_id=session_id, id=made_id("msg", T0, tail), time={"created": T0, "completed": T0 + 9})
    assert len({row.dedup_key for row in home.read().usage}) == 2


@pytest.mark.parametrize("completed", [T0 + 9, T0 + 10], ids=["same", "other"])
def test_a_fork_is_counted_by_its_original(tmp_path: Path, completed: int) -> None:
    """Its ids are younger than its times. A message that differs in anything is none of its copies."""
    home = Home(tmp_path).session().session("ses_b")
    home.reply(tokens(1, 1), id=made_id("msg", T0), time={"created": T0, "completed": T0 + 9})
    home.reply(tokens(1, 1), session_id="ses_b", id=made_id("msg", T0 + 90_000), time={"created": T0, "completed": completed})
    one, two = home.read().usage
    assert (one.dedup_key == two.dedup_key) is (completed == T0 + 9)
    assert (one.copy_rank or 0) < (two.copy_rank or 0)


def test_of_forks_whose_original_is_gone_the_oldest_counts(tmp_path: Path) -> None:
    """Their copies are equal; the session that was made first has the best claim."""
    home = Home(tmp_path)
    for number, session_id in enumerate(("ses_a", "ses_b")):
        created = T0 + 90_000 + number
        home.rows.append(
            ("INSERT INTO session VALUES(?,?,?,?,?,?,?,?)", (session_id, "p", None, "/home/demo", "A", "1.18.33", created, created))
        )
        home.reply(tokens(1, 1), session_id=session_id, id=made_id("msg", created), time={"created": T0, "completed": T0 + 9})
    one, two = home.read().usage
    assert one.dedup_key == two.dedup_key
    assert (one.copy_rank or 0) < (two.copy_rank or 0)


@pytest.mark.parametrize("late, copied", [(-9000, False), (0, False), (1000, False), (1001, True), (3_600_000, True)])
def test_an_id_much_younger_than_its_message_was_copied(tmp_path: Path, late: int, copied: bool) -> None:
    home = Home(tmp_path).session().reply(tokens(1, 1), id=made_id("msg", T0 + late), time={"created": T0, "completed": T0 + 9})
    (row,) = home.read().usage
    assert (row.dedup_key or "").startswith("fork:") is copied
    assert ((row.copy_rank or 0) > 1000) is copied


@pytest.mark.parametrize("want", [FULL], ids=["full"])
def test_a_compaction_is_a_request_of_its_own_kind(tmp_path: Path, want: Any) -> None:
    """On user messages `summary` is an object and says nothing of the kind."""
    home = Home(tmp_path).session().reply(tokens(1, 1), summary=True).reply(tokens(1, 1), summary={"title": "x", "diffs": []})
    assert [row.kind for row in home.read(want).usage] == ["compaction", "reply"]


@pytest.mark.parametrize(
    "data, count, issues",
    [
        ('{"role":"assistant", cut', 0, ["broken-line"]),
        ("\x00\x00\x00", 0, ["broken-line"]),
        ("", 0, ["broken-line"]),
        ("[1]", 0, ["not-a-record"]),
        (b'{"role":"assistant","finish":"stop","tokens":{"input":1e3,"output":"7"},"time":{"created":"x"}}', 1, None),
        (b'{"role":"assistant","finish":"stop","modelID":"\xff","tokens":{"input":-4,"output":99999999999999999999}}', 1, None),
        (b'\xef\xbb\xbf{"role":"assistant",\r\n"finish":"stop","modelID":"x\\ud83d"}', 1, None),
    ],
)
def test_a_damaged_row_costs_no_other(tmp_path: Path, data: Any, count: int, issues: list[str] | None) -> None:
    """Rows before and behind it are kept, and it is reported."""
    home = Home(tmp_path).session().reply(tokens(1, 1))
    home.rows.append(("INSERT INTO message VALUES(?,?,?,?,?)", ("msg_x", "ses_a", T0 + 50, 0, data)))
    found = home.reply(tokens(2, 2), created=T0 + 100).read()
    assert {row.input_tokens for row in found.usage} >= {1, 2}
    assert len(found.usage) == 2 + count
    assert found.issues == issues if issues is not None else found.issues is not None


@pytest.mark.parametrize("step", ['{"type":"step-finish","tokens":{"input":9', "\x00", '{"type":"step-finish"'])
def test_a_damaged_step_leaves_the_message(tmp_path: Path, step: str) -> None:
    """Its own numbers count then."""
    found = Home(tmp_path).session().reply(step, tokens=tokens(70, 5)).read()
    assert [row.input_tokens for row in found.usage] == [70]


@pytest.mark.parametrize("cost, recorded", [(0.5, 0.5), (float("inf"), None), (-1.0, None), ("1", None), (0, 0.0)])
def test_the_cost_of_a_session_is_a_number(cost: object, recorded: float | None) -> None:
    """A database holds infinities too."""
    assert recorded_cost(cost, 1, 1) == recorded


def test_a_session_of_no_time_has_a_rank_that_is_a_number(tmp_path: Path) -> None:
    """What it copied still comes behind the originals."""
    home = Home(tmp_path).session().reply(tokens(100, 10), created=T0 + 90_000, id=made_id("msg", T0 + 900_000))
    home.rows.append(("UPDATE session SET time_created = ?", (2**62,)))
    (row,) = home.read().usage
    assert row.copy_rank is not None
    assert COPIED_RANK <= row.copy_rank < 2**63
