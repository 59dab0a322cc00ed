"""`sessionframe notebook`: notebooks are found, copied, opened and made into pages that load nothing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import nbformat
import pytest

from sessionframe.errors import OptionError, SessionFrameError
from sessionframe.report import notebook as books
from sessionframe.report.page import page

PNG = "iVBORw0KGgo="


def a_notebook(*outputs: Any) -> Any:
    """A title, a hint, a cell with outputs."""
    cells = [
        nbformat.v4.new_markdown_cell("# A & B?\n\nWhat `it` is. Costs $1 to $2."),
        nbformat.v4.new_markdown_cell("Set a variable.", metadata={"tags": ["notebook-only"]}),
        nbformat.v4.new_markdown_cell('## How "much"?'),
        nbformat.v4.new_code_cell("secret_code()", outputs=list(outputs)),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def shows(**data: str) -> Any:
    """An output of a cell."""
    return nbformat.v4.new_output("display_data", {name.replace("_", "/"): value for name, value in data.items()})


@pytest.mark.parametrize("name", ["02-tokens-and-cost", "02", "tokens-and-cost", "cost", "02-tokens-and-cost.ipynb"])
def test_a_notebook_is_found_by_its_name_its_number_or_a_word(name: str) -> None:
    assert books.notebook(name).name == "02-tokens-and-cost"


@pytest.mark.parametrize(
    "name,said",
    [("sesions", "is no notebook. Did you mean '03-sessions'?"), ("and", "means 02-tokens-and-cost, 07"), ("", "is no notebook")],
)
def test_other_names_are_answered_with_those_there_are(name: str, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        books.notebook(name)
    assert said in str(caught.value)


def test_a_copy_replaces_a_file_only_when_forced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = books.notebook("00")
    copy = books.copied(chosen, force=False)
    copy.write_text("my own")
    with pytest.raises(OptionError, match="exists"):
        books.copied(chosen, force=False)
    assert copy.read_text("utf-8") == "my own"
    books.copied(chosen, force=True)
    assert copy.read_bytes() == chosen.path.read_bytes()


def test_jupyter_gets_the_users_own_copy_and_the_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(books, "find_spec", lambda name: name)
    ran = Mock(return_value=SimpleNamespace(returncode=3))
    monkeypatch.setattr("subprocess.run", ran)
    (tmp_path / "00-data-quality.ipynb").write_text("my own")
    assert books.opened(books.notebook("00"), {"since": "2026-10-01"}, force=False) == 3
    ((command,), options) = ran.call_args
    assert command[1:] == ["-m", "jupyterlab", "00-data-quality.ipynb"]
    assert json.loads(options["env"][books.VARIABLE]) == {"since": "2026-10-01"}
    assert (tmp_path / "00-data-quality.ipynb").read_text("utf-8") == "my own"


@pytest.mark.parametrize(
    "work,said",
    [
        (lambda book: books.opened(book, {}, force=False), r"jupyterlab. Install it with: .* -m pip install jupyter$"),
        (lambda book: books.write_page(book, {}, "x.html", version="1"), r"mistune. .* -m pip install nbclient ipykernel mistune$"),
    ],
)
def test_what_is_not_installed_is_said_with_the_command(work: Any, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(books, "find_spec", lambda _: None)
    with pytest.raises(SessionFrameError, match=said):
        work(books.notebook("00"))
    assert list(tmp_path.iterdir()) == []


def test_a_page_has_text_tables_and_charts_but_no_code() -> None:
    made = page(
        a_notebook(shows(image_png=PNG), shows(text_html="<table><tr><td>7</td></tr></table>"), shows(text_plain="a < b")), footer="<me>"
    )
    assert "<title>A &amp; B?</title>" in made
    assert f'alt="Chart: How &quot;much&quot;?" src="data:image/png;base64,{PNG}"' in made
    assert "<td>7</td>" in made
    assert "a &lt; b" in made
    assert "Costs $1 to $2." in made
    assert "&lt;me&gt;" in made
    assert "secret_code" not in made
    assert "Set a variable" not in made


def test_a_page_may_load_nothing_and_run_nothing() -> None:
    assert "default-src 'none'" in page(a_notebook(), footer="")


class Resources(HTMLParser):
    """Everything a page points to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "base"}:
            self.found.append(tag)
        self.found += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data", "action"}]


@pytest.mark.slow
@pytest.mark.enable_socket  # a kernel talks to its client over the loopback interface
def test_a_page_of_the_users_own_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The options reach the loading cell; all that is shown is in the file."""
    from sessionframe.testing import demo_home

    monkeypatch.chdir(tmp_path)
    done: list[int] = []
    options = {"agents": ["codex"], "home": str(demo_home()), "since": "2026-11-01", "tz": "UTC"}
    chosen = books.notebook("01")
    books.write_page(chosen, options, "page.html", version="9.9", progress=done.append)
    made = (tmp_path / "page.html").read_text("utf-8")
    assert "sessionframe Logs: codex, " in made
    assert "2026-11-01 00:00 UTC" in made
    assert "sessionframe 9.9. Costs are API-equivalent estimates at list prices, not a bill." in made
    assert sum(done) == chosen.steps
    resources = Resources()
    resources.feed(made)
    assert resources.found
    assert all(each.startswith("data:image/png;base64,") for each in resources.found)
    assert not re.search(r"https?:|@import|url\(", made)


@pytest.mark.slow
@pytest.mark.enable_socket
def test_a_cell_that_fails_is_named_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import no_such_module")]), tmp_path / "x.ipynb")
    with pytest.raises(SessionFrameError, match=r"x stopped. ModuleNotFoundError: .*pip install no_such_module$"):
        books.write_page(books.Notebook(tmp_path / "x.ipynb"), {}, "page.html", version="1")
    assert not (tmp_path / "page.html").exists()
