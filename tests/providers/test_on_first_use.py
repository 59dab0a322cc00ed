"""A function by its place: loads when it is called, and is otherwise like the function itself."""

from __future__ import annotations

import pickle
import sys

import pytest

from sessionframe.engine.cache.identity import code_of
from sessionframe.engine.registry import BUILT_IN, selected
from sessionframe.providers.contract import OnFirstUse


def test_its_module_loads_with_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    function = OnFirstUse("colorsys:rgb_to_hsv")
    assert "colorsys" not in sys.modules
    assert function(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)
    assert "colorsys" in sys.modules


def test_another_process_can_be_sent_it() -> None:
    assert pickle.loads(pickle.dumps(OnFirstUse("colorsys:rgb_to_hsv")))(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)  # noqa: S301 - our own


def test_it_belongs_to_the_module_of_the_function() -> None:
    assert OnFirstUse("acme.logs:parse").__module__ == "acme.logs"


@pytest.mark.parametrize("agent", BUILT_IN)
def test_what_reads_a_built_in_agent_is_known_to_the_cache(agent: str) -> None:
    (provider,) = selected([agent])
    assert provider.parse.__module__.startswith("sessionframe.providers.")
    assert code_of(provider) is not None
