"""Gemini CLI and Qwen Code: every recorded session gives exactly the true amounts."""

from __future__ import annotations

import pytest

import sessionframe as sf
from tests.recordings import RECORDINGS, Recording, recordings

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not beside the project")
CASES = [*recordings("gemini"), *recordings("qwen")]
COLUMNS = {
    "input_tokens": "input_uncached",
    "cache_read_tokens": "cache_read",
    "cache_write_tokens": "cache_write",
    "output_tokens": "output_incl_reasoning",
    "reasoning_tokens": "reasoning",
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_totals_are_the_true_ones(case: Recording) -> None:
    usage = sf.scan(case.agent, home=case.home, n_jobs=1).usage.to_frame("polars")
    assert usage.height == int(case.truth["requests"])
    assert {name: usage[name].sum() for name in COLUMNS} == {name: int(case.truth[truth]) for name, truth in COLUMNS.items()}
    assert usage["project"].null_count() == (usage.height if "legacy" in case.case else 0)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_request_is_on_one_message_of_the_session(case: Recording) -> None:
    """Also where the counts stand on an earlier line than the first part of their message."""
    provider = sf.scan(case.agent, home=case.home, n_jobs=1)
    usage = provider.usage.to_frame("polars")
    messages = provider.messages.to_frame("polars")
    assert set(usage["message_id"]) <= set(messages["message_id"])


def test_the_loss_before_0_32_is_reported() -> None:
    case = next(each for each in CASES if each.case == "0.27.0-legacy-json")
    issues = sf.scan(case.agent, home=case.home, n_jobs=1).issues.to_frame("polars")
    assert [(row["kind"], row["line"], row["count"]) for row in issues.iter_rows(named=True)] == [("estimate", 2, 1)]
