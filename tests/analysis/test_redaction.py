"""`redact` and `find_secrets`: what is a secret by the rules is gone, everything else is as it was; both engines alike."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionframe as sf
from sessionframe.analysis import _secret_rules, find_secrets, redact
from sessionframe.analysis._secret_places import LINE, STRETCH, places, redacted
from sessionframe.analysis._secret_rules import OWN, Rule, built_in_rules, rule_set
from sessionframe.errors import OptionError, SessionFrameError
from tests.analysis.conftest import Make, door
from tests.rows import call, message, public, rows_of

RULES = built_in_rules()
KEY_LINES = "\n".join(f"{'MIIEpAIBAAKCAQEA'}{number:048d}" for number in range(40))
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_LINES}\n-----END RSA PRIVATE KEY-----"
NUMBERED = "\n".join(f"{number:6d}→{line}" for number, line in enumerate(PEM.splitlines(), 1))
SECRET = "Zq7" + "f3K9" * 6

SAID: dict[str, tuple[str, str]] = {
    "Anthropic API Key": (f"key sk-ant-api03-{SECRET} end", "key {} end"),
    "OpenAI API Key": (f"key sk-proj-{SECRET} end", "key {} end"),
    "OpenRouter API Key": (f"key sk-or-v1-{SECRET} end", "key {} end"),
    "Google API Key": (f"key=AIza{(SECRET * 2)[:35]}&x=1", "key={}&x=1"),
    "Google OAuth Token": (f"ya29.{SECRET}", "{}"),
    "Hugging Face Token": (f"(hf_{SECRET}abcdef)", "({})"),
    "GitHub Fine-grained Token": (f"github_pat_{SECRET}", "{}"),
    "NPM Access Token": (f"npm_{(SECRET * 2)[:36]}", "{}"),
    "Authorization Header": (f"curl -H 'Authorization: Bearer {SECRET}' x", "curl -H 'Authorization: Bearer {}' x"),
    "Private Key": (f"before {PEM} after", "before {} after"),
    "Secret Variable": (f"HOME=/home/demo\nDB_PASSWORD={SECRET}\nMAX_TOKENS=128000", "HOME=/home/demo\nDB_PASSWORD={}\nMAX_TOKENS=128000"),
    "Secret Keyword": (f'password = "{SECRET}"  # mine', 'password = "{}"  # mine'),
    "AWS Access Key": ("id AKIA" + "ABCDEFGHIJKLMNOP.", "id {}."),
    "GitHub Token": (f"ghp_{(SECRET * 2)[:36]}", "{}"),
    "Basic Auth Credentials": (f"git clone https://demo:{SECRET}@example.com/x", "git clone https://demo:{}@example.com/x"),
    "Stripe Access Key": ("sk_" + f"live_{SECRET[:24]}", "{}"),
    "Slack Token": ("xox" + "b-1234567890-abcdef", "{}"),
}
"""Rule -> a text with one secret, and what must be left of it."""


@pytest.mark.parametrize("rule", SAID)
def test_a_secret_becomes_a_mark_that_names_the_rule_and_the_rest_stays(rule: str, make: Make) -> None:
    text, left = SAID[rule]
    frame = make("messages", [message(0), message(0, content=text), message(0, content="nothing")])
    expected = left.format(f"[redacted: {rule}]")
    assert [row["content"] for row in rows_of(redact(frame))] == [None, expected, "nothing"]
    found = rows_of(find_secrets(frame))
    assert [(row["column"], row["rule"], row["count"]) for row in found] == [("content", rule, 1)]
    assert redact(redact(frame))["content"].to_list()[1] == expected


def test_every_own_rule_is_tried() -> None:
    assert {*OWN, "Secret Variable", "Secret Keyword"} <= SAID.keys()


NARROWER = {"Telegram Bot Token": re.compile(r"\d{8,10}:A[0-9A-Za-z_-]{34}")}
"""Rules that are only tried where there is something that every real secret of the kind has."""
BELIEVED = [rule for rule in RULES if rule.believes is Rule.__dataclass_fields__["believes"].default]


@pytest.mark.parametrize("rule", BELIEVED, ids=[f"{rule.name}-{number}" for number, rule in enumerate(BELIEVED)])
def test_whatever_a_pattern_matches_is_found(rule: Rule) -> None:
    """The quick tests beforehand leave nothing out, of the rules of detect-secrets that is installed."""

    @settings(max_examples=8)
    @given(st.from_regex(NARROWER.get(rule.name, rule.pattern), alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
    def found(text: str) -> None:
        assert places(text, [rule])
        assert places(f"{'x ' * STRETCH}\n{text}", [rule])

    found()


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"command": f'echo "password = \\"x\\"" && export password="{SECRET}"'}),
        json.dumps({"file": f'{{"password": "{SECRET}"}}'}),
        json.dumps({"password": SECRET}),
        json.dumps({"content": PEM}),
        NUMBERED,
        json.dumps({"content": NUMBERED}),
        f"cut off: {PEM[:900]}",
        f"API_KEY={SECRET}",
        f"{'y' * (STRETCH - 40)} sk-ant-{'a' * 60}{SECRET}",
        f"{'z' * 30_000} sk-ant-{'a' * 9_000}{SECRET} {'z' * 30_000}",
        f"{'-' * (LINE - 20)} API_KEY={'b' * 900}{SECRET}",
        f"İİİ password='{SECRET}' İ",
    ],
)
def test_secrets_are_found_in_json_numbered_lines_and_where_texts_are_cut_for_the_search(text: str) -> None:
    result = redacted(text, places(text, RULES))
    assert SECRET not in result
    assert "MIIE" not in result
    assert "[redacted: " in result
    if text.startswith("{"):
        json.loads(result)


@pytest.mark.parametrize(
    "text",
    [
        "password = get_password()",
        'password = "{secret}"',
        "API_KEY=$OTHER_KEY",
        "KEY_FILE=/home/demo/.ssh/id_rsa",
        "MAX_OUTPUT_TOKENS=128000",
        "the secret of good tests: break the code once",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b at 203.0.113.7",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert places(text, RULES) == []


@settings(max_examples=30)
@given(st.text() | st.text(st.sampled_from("password=\"'\\n:k-BEGIN RIVATEKY"), max_size=300))
def test_only_what_was_found_changes_and_marks_are_no_secrets(text: str) -> None:
    found = places(text, RULES)
    result = redacted(text, found)
    assert [place.start for place in found] == sorted(place.start for place in found)
    pieces = re.split(r"\[redacted: [^]]+\]", result) if found else [text]
    assert len(result) - sum(len(f"[redacted: {place.rule}]") - (place.end - place.start) for place in found) == len(text)
    assert all(piece in text for piece in pieces)


def test_a_hostile_text_takes_a_time_that_grows_with_its_length() -> None:
    """Each of these took the patterns minutes when they were let loose on the whole text."""
    units = ("eyJ", "password", "sk-T3BlbkFJ", "secret='", "-----BEGIN PRIVATE KEY-----", "//_authToken")
    begun = time.process_time()
    for unit in units:
        places(unit * (20_000 // len(unit)), RULES)
    assert time.process_time() - begun < 15


def test_every_column_of_text_is_searched(engine: str) -> None:
    rows = [
        call(
            tool="Bash", command=f"sk-ant-{SECRET}", path=f"/home/sk-ant-{SECRET}", arguments=f"sk-ant-{SECRET}", session_id=SECRET, line=1
        )
    ]
    frame = door(engine)(public("tool_calls", rows).with_columns(mine=pl.lit(f"sk-ant-{SECRET}"), kept=pl.lit(3, pl.Int64)))
    result = redact(frame)
    assert f"sk-ant-{SECRET}" not in str(rows_of(result))
    assert list(result.columns) == list(frame.columns)
    assert [str(dtype) for dtype in result.dtypes] == [str(dtype) for dtype in frame.dtypes]
    found = rows_of(find_secrets(frame))
    assert [row["column"] for row in found] == ["path", "command", "arguments", "mine"]
    assert {(row["agent"], row["session_id"], row["line"]) for row in found} == {("claude-code", SECRET, 1)}


def test_no_value_shows_in_findings(engine: str) -> None:
    frame = door(engine)(pl.DataFrame({"source": [f"/x/sk-ant-{SECRET}.jsonl"], f"sk-ant-{SECRET}": [f"sk-ant-{SECRET}"]}))
    assert SECRET not in str(rows_of(find_secrets(frame)))


def test_what_pandas_keeps_beside_texts_is_searched_too() -> None:
    secret = f"sk-ant-{SECRET}"
    frame = pd.DataFrame({"own": pd.Categorical([secret, "a"]), "mixed": np.array([secret, 7], dtype=object), "n": [1, 2]}, index=[4, 2])
    frame.attrs["from"] = secret
    result = redact(frame)
    assert SECRET not in str(result.to_dict()) + str(result.attrs)
    assert list(result.index) == [4, 2]
    assert result["mixed"].tolist()[1] == 7
    assert frame.attrs == {"from": secret}
    assert frame["own"].tolist() == [secret, "a"]


def test_a_table_is_taken_and_becomes_a_pandas_frame() -> None:
    logs = sf.scan("gemini", home=sf.testing.demo_home())
    assert len(redact(logs.sessions)) == len(logs.sessions)


def test_lazy_and_empty_frames(make: Make) -> None:
    assert isinstance(redact(public("usage", []).lazy()), pl.DataFrame)
    empty = find_secrets(make("messages", []))
    full = find_secrets(make("messages", [message(0, content=PEM)]))
    assert (len(empty), len(full)) == (0, 1)
    assert list(empty.dtypes) == list(full.dtypes)


def test_own_rules(make: Make) -> None:
    frame = make("messages", [message(0, content="ticket ACME-12345, then ACME-99999")])
    rules: Any = {"Ticket": r"ACME-\d{5}"}
    assert redact(frame, rules=rules)["content"].to_list() == ["ticket [redacted: Ticket], then [redacted: Ticket]"]
    assert rows_of(find_secrets(frame, rules=rules))[0]["count"] == 2
    with pytest.raises(OptionError, match="no regular expression"):
        rule_set({"Ticket": "("})
    for name in ("Private Key", "a]b", ""):
        with pytest.raises(OptionError, match="name"):
            rule_set({name: "x"})


def test_without_detect_secrets_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_secret_rules, "find_spec", lambda _: None)
    monkeypatch.setattr(_secret_rules, "built_in_rules", built_in_rules.__wrapped__)
    with pytest.raises(SessionFrameError, match=re.escape("pip install 'sessionframe[redact]'")):
        redact(pl.DataFrame({"content": ["x"]}))
