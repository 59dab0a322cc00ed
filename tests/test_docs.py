"""The documentation: generated pages are up to date, every command and code block in it runs, CI runs what the README says."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import sessionframe as sf
from sessionframe import cli
from sessionframe.engine import public
from sessionframe.engine.registry import selected
from sessionframe.report import docs
from sessionframe.report.notebook import notebooks

HERE = Path(__file__).parents[1]


def public_names() -> dict[str, object]:
    """Every public function and class by the name it is used with."""
    rooms = {"analysis", "plot", "testing", "__version__"}
    own = {name: getattr(public, name, None) or getattr(sf, name) for name in sf.__all__ if name not in rooms}
    charts = {f"plot.{name}": getattr(sf.plot, name) for name in sf.plot.__all__}
    return own | charts | {f"testing.{name}": getattr(sf.testing, name) for name in sf.testing.__all__}


PAGES = {
    "tables.md": docs.tables_page,
    "providers.md": lambda: docs.providers_page(selected(())),
    "problems.md": docs.problems_page,
    "cli.md": lambda: docs.cli_page(cli.app),
    "notebooks.md": lambda: docs.notebooks_page(notebooks()),
    "api.md": lambda: docs.api_page(public_names()),
}
MODULES = [module.name for module in pkgutil.walk_packages(sf.__path__, "sessionframe.") if not module.name.endswith("__main__")]
WRITTEN = sorted([HERE / "README.md", HERE / "CONTRIBUTING.md", *(HERE / "docs").glob("*.md")])
README = (HERE / "README.md").read_text("utf-8")


def blocks(language: str, text: str) -> list[str]:
    """The code blocks of a language in a page of Markdown."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_up_to_date(name: str, request: pytest.FixtureRequest) -> None:
    page, made = HERE / "docs" / name, PAGES[name]()
    if request.config.getoption("--update-docs"):
        page.write_text(made, "utf-8")
    assert page.read_text("utf-8") == made, f"docs/{name} is out of date: pytest --update-docs rewrites it"


def test_the_readme_lists_every_agent(request: pytest.FixtureRequest) -> None:
    made = docs.agents_table(selected(()))
    if request.config.getoption("--update-docs"):
        table = re.compile(r"(?<=\n## The agents\n\n)(\|.*\n)+")
        (HERE / "README.md").write_text(table.sub(lambda _: made, README), "utf-8")
    assert made in (HERE / "README.md").read_text("utf-8"), "pytest --update-docs rewrites it"


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module: str, tmp_path: Path) -> None:
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.testmod(importlib.import_module(module), extraglobs={"tmp_path": tmp_path}, optionflags=flags)
    assert result.failed == 0


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_code_blocks_run(page: Path) -> None:
    code = "\n".join(blocks("python", page.read_text("utf-8")))
    if not code:
        return
    settings = {**os.environ, "MPLBACKEND": "agg"}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=HERE, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_examples_show_what_comes_out(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    text = "\n".join(blocks("pycon", page.read_text("utf-8")))
    example = doctest.DocTestParser().get_doctest(text, {"sf": sf}, page.name, str(page), 0)
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS).run(example).failed == 0


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.allow_hosts(["127.0.0.1"])  # a notebook runs in a kernel, which is talked to over the loopback interface
@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_commands_that_are_shown_are_understood(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks("bash", page.read_text("utf-8")) for line in block.splitlines()]
    for line in lines:
        words = shlex.split(line, comments=True)
        if words and words[0] == "sessionframe":
            monkeypatch.setattr(sys, "argv", words)
            with pytest.raises(SystemExit) as stop:
                cli.main()
            assert not stop.value.code, line


def test_ci_runs_the_commands_of_the_readme() -> None:
    commands = [line for block in blocks("bash", README) for line in block.splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    tests = re.search(r"^TESTS='(.*)'$", (HERE / ".ci" / "run").read_text("utf-8"), re.MULTILINE)
    assert tests is not None
    assert commands[1] == tests[1]
    assert re.match("python3 -m venv .*sessionframe", commands[0])


def test_every_test_that_is_promised_exists() -> None:
    """The page that says what holds each guarantee."""
    page = (HERE / "docs" / "trust.md").read_text("utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)
    assert len(named) > 50
    assert len(named) == page.count("`tests/")
    for path, name in named:
        text = (HERE / path).read_text("utf-8")
        assert not name or re.search(rf"^def {name}\(", text, re.MULTILINE), f"{path} has no {name}"


def test_every_guarantee_names_its_tests() -> None:
    page, _, _ = (HERE / "docs" / "trust.md").read_text("utf-8").partition("## What is not promised")
    guarantees = re.findall(r"^- \*\*.*?(?=^- |^#|\Z)", page, re.DOTALL | re.MULTILINE)
    assert len(guarantees) > 20
    assert [text for text in guarantees if "`tests/" not in text and "CONTRIBUTING.md" not in text] == []
