"""Notebooks run on the demo home and on an empty one, and are committed with what they show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from sessionframe.testing import demo_home

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def run(path: Path, home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Execute a notebook as a user would; an error in a cell raises."""
    monkeypatch.setenv("SESSIONFRAME_HOME", str(home))
    notebook = nbformat.read(path, as_version=4)
    # only what cells and we cause: from Python 3.12 on the kernel itself warns when it starts and ends
    strict = "import warnings\n\nwarnings.filterwarnings('error', module='__main__|sessionframe')"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(strict))
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, timeout=120, kernel_name="python3", record_timing=False, resources=resources).execute()


def outputs(notebook: Any) -> list[Any]:
    """What all cells show."""
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def charts(notebook: Any) -> int:
    """How many charts a notebook shows."""
    return sum("image/png" in output.get("data", {}) for output in outputs(notebook))


@pytest.mark.enable_socket  # a kernel talks to its client over the loopback interface
@every_notebook
def test_it_runs_on_the_demo_home(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a warning, and with as many charts as are committed."""
    executed = run(path, demo_home(), tmp_path, monkeypatch)
    assert charts(executed) == charts(nbformat.read(path, as_version=4)) > 0
    assert not [output.text for output in outputs(executed) if output.get("name") == "stderr"]


@every_notebook
def test_it_is_committed_executed_and_shows_nothing_private(path: Path) -> None:
    """All cells ran in order; no path of the machine that ran them."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert str(FOLDER.parent) not in path.read_text("utf-8")
    assert not any(cell.source.lstrip().startswith(("def ", "class ")) for cell in code)
