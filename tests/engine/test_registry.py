"""Providers by name: built in, added by packages, registered while the program runs."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sessionframe as sf
from sessionframe.engine import registry as module
from sessionframe.engine.registry import BUILT_IN, Registry, builtin, matrix, selected
from sessionframe.engine.session_api import SessionApi
from sessionframe.errors import OptionError, ProviderNotFoundError
from sessionframe.model import SessionProvider, SessionSummary
from sessionframe.providers.claude_code import PROVIDER
from sessionframe.schema import SCHEMA, TABLES
from tests.engine.fakes import Acme, Logs, session, source, summary_of


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """No test leaves a provider behind, and none sees the plug-ins that are installed here."""
    made = Registry(BUILT_IN, "sessionframe.tests.none")
    monkeypatch.setattr(module, "registry", made)
    return made


# register and retrieve


def test_every_built_in_provider_is_under_its_own_name() -> None:
    assert builtin() == list(BUILT_IN)
    assert [provider.agent_type for provider in selected()] == list(BUILT_IN)
    for name in BUILT_IN:
        assert isinstance(sf.provider_for(name), SessionApi)
        assert sf.provider_for(name).agent_type == name


def test_an_object_comes_back_as_it_is() -> None:
    acme = Acme()
    sf.register("acme", acme)
    assert sf.provider_for("acme") is acme


def test_a_provider_of_tables_comes_back_with_the_session_api() -> None:
    sf.register("fake", Logs({"a": [session("s1", project="/p")]}, [source("a", "s1")]).provider())
    found = sf.provider_for("fake")
    assert isinstance(found, SessionProvider)
    assert [each.id for each in found.list_sessions("/p")] == ["s1"]


def test_a_provider_of_tables_takes_the_name_it_is_registered_under() -> None:
    sf.register("other", Logs({"a": [session("s1")]}, [source("a", "s1")]).provider("fake"))
    assert sf.provider_for("other").agent_type == "other"
    assert [each.agent_type for each in sf.list_all_sessions()["other"]] == ["other"]
    assert [provider.agent_type for provider in selected(["other"])] == ["other"]


def test_registering_again_replaces() -> None:
    first, second = Acme(), Acme()
    sf.register("acme", first)
    sf.register("acme", second)
    assert sf.provider_for("acme") is second


def test_a_built_in_provider_can_be_replaced_and_comes_back() -> None:
    acme = Acme()
    sf.register("claude-code", acme)
    assert sf.provider_for("claude-code") is acme
    module.unregister("claude-code")
    assert isinstance(sf.provider_for("claude-code"), SessionApi)


def test_what_is_unregistered_is_unknown() -> None:
    sf.register("acme", Acme())
    module.unregister("acme")
    with pytest.raises(ProviderNotFoundError):
        sf.provider_for("acme")
    with pytest.raises(ProviderNotFoundError):
        module.unregister("acme")


def test_an_unknown_agent_names_the_known_ones_and_the_nearest() -> None:
    sf.register("acme", Acme())
    known = ", ".join(sorted(["acme", *builtin()]))
    expected = rf"no provider for agent 'claud-code'\. Did you mean 'claude-code'\? Known agents: {known}\."
    with pytest.raises(ProviderNotFoundError, match=expected):
        sf.provider_for("claud-code")
    with pytest.raises(ProviderNotFoundError, match=expected):
        selected(["acme", "claud-code"])
    with pytest.raises(KeyError):
        sf.scan("claud-code")


class Half:
    """Lacks three members; one is there and no method."""

    agent_type = "half"
    list_projects = ()

    def list_sessions(self, project_path: str) -> list[SessionSummary]:
        raise NotImplementedError(project_path)


@pytest.mark.parametrize(
    "wrong,said",
    [
        (Half(), "Half cannot be registered as 'x': it has no list_projects, read_session, scan_messages."),
        (None, "NoneType cannot be registered as 'x': it has no agent_type, list_projects,"),
        (Acme, r"Acme is a class. Register an object of it: register\('x', Acme\(\)\)."),
    ],
    ids=["half", "nothing", "class"],
)
def test_a_wrong_object_is_told_what_it_lacks(wrong: Any, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        sf.register("x", wrong)


@pytest.mark.parametrize("name", ["", "  ", None, 3])
def test_a_name_is_a_word(name: Any) -> None:
    with pytest.raises(OptionError, match="agent_type="):
        sf.register(name, Acme())


# all of them


def test_the_providers_are_a_copy() -> None:
    sf.register("acme", Acme())
    first = sf.default_providers()
    assert list(first) == [*BUILT_IN, "acme"]
    first.clear()
    assert list(sf.default_providers()) == [*BUILT_IN, "acme"]


def test_selected_keeps_the_order_and_each_once() -> None:
    sf.register("acme", Acme())
    assert [provider.agent_type for provider in selected(["acme", "claude-code", "acme"])] == ["acme", "claude-code"]
    assert [provider.agent_type for provider in selected()] == [*BUILT_IN, "acme"]


def test_all_sessions_by_agent() -> None:
    older, newer = summary_of("old"), summary_of("new", modified=summary_of("x").modified.replace(minute=9))  # type: ignore[union-attr]
    sf.register("acme", Acme({"/a": [older], "/b": [newer, older]}))
    sf.register("fake", Logs({"a": [session("s1")]}, [source("a", "s1")]).provider())
    found = sf.list_all_sessions()
    assert list(found) == [*builtin(), "acme", "fake"]
    assert found["claude-code"] == []
    assert [each.id for each in found["acme"]] == ["new", "old"]
    assert [each.id for each in found["fake"]] == ["s1"]  # it has no project


@pytest.mark.parametrize("member", ["list_projects", "list_sessions"])
def test_a_provider_that_fails_is_left_out_and_reported(member: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Acme({"/a": [summary_of("s1")]})
    monkeypatch.setattr(broken, member, failing, raising=False)
    sf.register("broken", broken)
    sf.register("acme", Acme({"/a": [summary_of("s2")]}))
    with pytest.warns(UserWarning, match="the sessions of 'broken' are left out: RuntimeError in "):
        found = sf.list_all_sessions()
    assert "broken" not in found
    assert [each.id for each in found["acme"]] == ["s2"]
    assert found["claude-code"] == []


def failing(*_: object) -> Any:
    raise RuntimeError("out of order")


def test_a_provider_of_tables_that_fails_is_left_out_and_reported() -> None:
    sf.register("fake", Logs({}, [source("missing")]).provider())
    with pytest.warns(UserWarning, match="'fake' are left out: KeyError"):
        assert list(sf.list_all_sessions()) == builtin()


# packages


PLUG_IN = """
from tests.engine.fakes import Acme, Logs, session, source
from sessionframe.providers.claude_code import PROVIDER

OBJECT = Acme()
TABLES = Logs({"a": [session("s1")]}, [source("a", "s1")]).provider("tables")
WRONG = 3

def factory():
    return Acme()

def faulty():
    raise RuntimeError("no configuration")
"""


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Registry]:
    """Installs a package with entry points, as pip would leave it."""

    def install(**points: str) -> Registry:
        (tmp_path / "acme_plug_in.py").write_text(PLUG_IN)
        folder = tmp_path / "acme_pkg-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-pkg\nVersion: 1.0\n")
        lines = [f"{name.replace('_', '-')} = {value}" for name, value in points.items()]
        (folder / "entry_points.txt").write_text("\n".join(["[sessionframe.tests.plugged]", *lines]))
        monkeypatch.syspath_prepend(str(tmp_path))
        made = Registry(BUILT_IN, "sessionframe.tests.plugged")
        monkeypatch.setattr(module, "registry", made)
        monkeypatch.delitem(sys.modules, "acme_plug_in", raising=False)
        return made

    return install


@pytest.mark.parametrize("value", ["OBJECT", "factory", "Acme"], ids=["object", "factory", "class"])
def test_a_package_adds_an_object(packaged: Callable[..., Registry], value: str) -> None:
    packaged(plugged=f"acme_plug_in:{value}")
    assert type(sf.provider_for("plugged")).__name__ == "Acme"
    assert list(sf.default_providers()) == [*builtin(), "plugged"]


def test_a_package_adds_a_provider_of_tables(packaged: Callable[..., Registry]) -> None:
    packaged(plugged="acme_plug_in:TABLES")
    assert [each.id for each in sf.list_all_sessions()["plugged"]] == ["s1"]


@pytest.mark.parametrize(
    "value,said",
    [
        ("acme_plug_in:WRONG", "OptionError: int cannot be registered"),
        ("acme_plug_in:NONE", "AttributeError"),
        ("acme_plug_in:faulty", "RuntimeError: no configuration"),
        ("acme_no_such_module:X", "ModuleNotFoundError"),
    ],
)
def test_a_broken_package_is_left_out_with_its_name(packaged: Callable[..., Registry], value: str, said: str) -> None:
    packaged(bad=value, good="acme_plug_in:OBJECT")
    with pytest.warns(UserWarning, match=rf"provider 'bad' of acme-pkg \({value}\) is left out: {said}") as caught:
        assert list(sf.default_providers()) == [*builtin(), "good"]
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # looked through once
        assert list(sf.default_providers()) == [*builtin(), "good"]


def test_a_package_cannot_take_a_built_in_name(packaged: Callable[..., Registry]) -> None:
    packaged(claude_code="acme_plug_in:OBJECT")
    with pytest.warns(UserWarning, match="provider 'claude-code' of acme-pkg .* is left out: .* sessionframe.register"):
        assert isinstance(sf.default_providers()["claude-code"], SessionApi)


def test_packages_are_not_looked_through_for_a_name_that_is_known(packaged: Callable[..., Registry]) -> None:
    made = packaged(bad="acme_no_such_module:X")
    made.register("acme", Acme())
    assert sf.provider_for("claude-code").agent_type == "claude-code"
    assert sf.provider_for("acme").agent_type == "acme"


# the matrix


def test_the_matrix_has_every_column_of_every_agent() -> None:
    sf.register("acme", Acme())
    cells = matrix()
    columns = [(table, column.name) for table in TABLES for column in SCHEMA[table].public]
    assert [(cell.agent, cell.table, cell.column) for cell in cells] == [(name, *each) for name in (*BUILT_IN, "acme") for each in columns]
    assert all((cell.reason is None) == (cell.state == "filled") for cell in cells)
    assert {cell.state for cell in matrix(["claude-code"])} <= {"filled", "never", "not yet"}


def test_the_matrix_says_what_is_declared() -> None:
    declared = {(cell.table, cell.column): (cell.state, cell.reason) for cell in matrix(["claude-code"])}
    gap = PROVIDER.info.gap("sessions", "line")
    assert gap is not None
    assert declared["sessions", "line"] == ("never", gap.reason)
    assert declared["usage", "input_tokens"] == ("filled", None)


def test_the_matrix_as_a_frame() -> None:
    polars, pandas = sf.providers("polars"), sf.providers()
    assert polars.columns == list(pandas.columns) == ["agent", "title", "table", "column", "state", "reason"]
    assert polars.height == len(pandas) == len(matrix())
    assert polars.rows() == [tuple(cell) for cell in matrix()]


# threads and start-up


def test_threads_may_register_and_ask_at_once(own_registry: Registry) -> None:
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(50):
                own_registry.register(f"agent-{number}-{turn % 3}", Acme())
                own_registry.names()
                own_registry.get("claude-code")
        except Exception as problem:  # noqa: BLE001 - whatever goes wrong in a thread
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(own_registry.names()) == 8 * 3 + len(BUILT_IN)


def test_selecting_providers_loads_no_models() -> None:
    """A report on the command line needs neither pydantic nor a frame library to find its providers."""
    code = "import sys; from sessionframe.engine.registry import selected; selected(['claude-code']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "polars", "pandas", "pyarrow", "importlib.metadata"} & set(loaded)
