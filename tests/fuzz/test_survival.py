"""Whatever a file holds: nothing raises, every row fits its table, every table can be written down, and the good lines are all there."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.samples import builtin
from tests.fuzz.checks import examples
from tests.fuzz.targets import check_agent, targets

randoms = st.randoms(use_true_random=False)


@cache
def seeds(name: str) -> list[bytes]:
    """Where to begin."""
    return list(targets()[name].seeds())


@pytest.mark.parametrize("name", sorted(targets()))
@examples(20)
@given(random=randoms)
def test_nothing_in_a_file_raises(name: str, random: Random) -> None:
    target = targets()[name]
    target.check(target.mutate(random.choice(seeds(name)), random))


@pytest.mark.parametrize("agent", sorted(builtin()))
@examples(4)
@given(random=randoms)
def test_every_table_and_session_can_be_made_of_it(agent: str, random: Random) -> None:
    check_agent(agent, targets()[agent].mutate(random.choice(seeds(agent)), random), tables=True)
