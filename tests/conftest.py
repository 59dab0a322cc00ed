"""What every test gets: an empty home, no settings of the developer's machine, and the switches that rewrite expectations."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import hypothesis
import pytest

OVERRIDES = (
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "GEMINI_CLI_HOME",
    "KILO_DATA_DIR",
    "KILO_DB",
    "OPENCODE_DATA_DIR",
    "OPENCODE_DB",
    "QWEN_HOME",
    "QWEN_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "SESSIONFRAME_CACHE_DIR",
)
"""Variables of the developer's own machine that would move an agent's folders."""

# a deadline measures the machine, not the code; to explain a failure takes minutes, the failing example is enough
PHASES = [phase for phase in hypothesis.Phase if phase is not hypothesis.Phase.explain]
hypothesis.settings.register_profile("default", deadline=None, phases=PHASES, max_examples=60)
hypothesis.settings.register_profile("few", deadline=None, phases=PHASES, max_examples=20)
hypothesis.settings.register_profile("deep", deadline=None, phases=PHASES, max_examples=3000)  # for maintainers, on tests/fuzz
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("sessionframe")
    group.addoption("--update-samples", action="store_true", help="rewrite the expected rows beside the samples; review the diff")
    group.addoption("--update-docs", action="store_true", help="rewrite the generated pages in docs/; review the diff")


@pytest.fixture(scope="session", autouse=True)
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """No test reads the developer's own sessions: the home folder is an empty one."""
    home = str(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("HOME", "USERPROFILE"):
            patch.setenv(variable, home)
        for variable in OVERRIDES:
            patch.delenv(variable, raising=False)
        patch.setenv("SESSIONFRAME_CACHE", "off")
        assert os.path.expanduser("~") == home  # noqa: PTH111 - what the library itself asks
        yield home


@pytest.fixture(autouse=True)
def _no_figure_stays() -> Iterator[None]:
    """Whoever draws leaves no figure to the next test: matplotlib warns of more than twenty."""
    yield
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        pyplot.close("all")
