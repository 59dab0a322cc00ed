"""Notebooks run on the demo home and on an empty one, and are committed with what they show: `pytest --update-docs` rewrites it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from sessionframe.report.notebook import VARIABLE, notebooks
from sessionframe.testing import demo_home

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
STRICT = "import warnings\n\nwarnings.filterwarnings('error', module='__main__|sessionframe')"
"""Only what cells and we cause: from Python 3.12 on the kernel itself warns when it starts and ends."""


def run(path: Path, home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Execute a notebook as a user would; an error or a warning in a cell raises."""
    monkeypatch.setenv("SESSIONFRAME_HOME", str(home))
    monkeypatch.setenv(VARIABLE, '{"tz": "UTC"}')
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
    resources = {"metadata": {"path": str(folder)}}
    done = NotebookClient(notebook, timeout=120, kernel_name="python3", record_timing=False, resources=resources).execute()
    del done.cells[0]
    done.metadata.language_info = {"name": "python"}
    for cell in code_of(done):
        cell.execution_count -= 1
        for output in cell.outputs:
            output.update({"execution_count": cell.execution_count} if "execution_count" in output else {})
    return done


def code_of(notebook: Any) -> list[Any]:
    """The cells with code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: Any) -> list[Any]:
    """What all cells show."""
    return [output for cell in code_of(notebook) for output in cell.outputs]


def charts(notebook: Any) -> int:
    """How many charts a notebook shows."""
    return sum("image/png" in output.get("data", {}) for output in outputs(notebook))


def texts(notebook: Any) -> list[str]:
    """What all cells show in words and numbers; blanks do not count."""
    shown = (output.get("text") or output["data"].get("text/plain", "") for output in outputs(notebook))
    return [" ".join(text.split()) for text in shown]


@pytest.mark.slow
@pytest.mark.enable_socket  # a kernel talks to its client over the loopback interface
@every_notebook
def test_it_shows_on_the_demo_home_what_is_committed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Without a warning, with as many charts and with the same words and numbers."""
    executed = run(path, demo_home(), tmp_path, monkeypatch)
    assert not [output.text for output in outputs(executed) if output.get("name") == "stderr"]
    if request.config.getoption("--update-docs"):
        nbformat.write(executed, path)
    committed = nbformat.read(path, as_version=4)
    assert texts(executed) == texts(committed)
    assert charts(executed) == charts(committed)


@pytest.mark.slow
@pytest.mark.enable_socket
@every_notebook
def test_it_runs_where_there_is_nothing(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executed = run(path, tmp_path, tmp_path, monkeypatch)
    assert not [output.text for output in outputs(executed) if output.get("name") == "stderr"]


@every_notebook
def test_it_is_committed_executed_and_shows_nothing_private(path: Path) -> None:
    """All cells ran in order; no path of the machine that ran them; every chart stands below its question."""
    notebook = nbformat.read(path, as_version=4)
    code = code_of(notebook)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    text = path.read_text("utf-8")
    assert str(FOLDER.parent) not in text
    assert not re.search(r"/tmp/|/root/|/Users/|C:\\\\", text)  # noqa: S108 - that is what must not be there
    assert not any(re.search(r"^(def|class) |content=True", cell.source, re.MULTILINE) for cell in code)
    assert charts(notebook) + sum("text/html" in output.get("data", {}) for output in outputs(notebook)) > 1


@every_notebook
def test_they_all_begin_alike(path: Path) -> None:
    """A title that is a question or names what is looked at, one cell that loads, then sections that ask something."""
    cells = nbformat.read(path, as_version=4).cells
    first = [cell.source for cell in nbformat.read(NOTEBOOKS[0], as_version=4).cells[1:3]]
    assert cells[0].source.startswith("# ")
    assert [cell.source for cell in cells[1:3]] == first
    assert not any("sf.scan(" in cell.source for cell in cells[3:] if cell.cell_type == "code")
    assert all(
        "estimate" in cell.source or "estimate" in cells[0].source
        for cell in cells
        if cell.cell_type == "markdown" and "USD" in cell.source
    )


def test_they_come_with_the_package() -> None:
    assert [book.path for book in notebooks()] == NOTEBOOKS
    assert all(len(book.headings) > 3 for book in notebooks())
