"""The notebooks that come with the package: found by name, copied, opened in Jupyter, or run on the user's logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from sessionframe.errors import OptionError, SessionFrameError, listed, nearest
from sessionframe.report.target import write_target

Progress: TypeAlias = Callable[[int], object]
CAVEAT = "Costs are API-equivalent estimates at list prices, not a bill. Names of projects and folders are shown: look before you share."
VARIABLE = "SESSIONFRAME_SCAN"
"""The environment variable in which the loading cell finds the options of `scan`, as JSON."""
RUNNING = ("nbclient", "ipykernel", "mistune")
"""What it takes to run a notebook and to make a page of it."""


@dataclass(frozen=True)
class Notebook:
    """A notebook of this package."""

    path: Path

    @property
    def name(self) -> str:
        """Its file without the suffix, e.g. ``02-tokens-and-cost``."""
        return self.path.stem

    @cached_property
    def cells(self) -> list[dict[str, Any]]:
        """The cells as they are in the file, with one text each."""
        cells = json.loads(self.path.read_text("utf-8"))["cells"]
        return [{**cell, "source": "".join(cell["source"])} for cell in cells]

    @property
    def steps(self) -> int:
        """How many cells there are to run."""
        return sum(cell["cell_type"] == "code" for cell in self.cells)

    @property
    def headings(self) -> list[str]:
        """The title, then the questions that the notebook answers."""
        texts = (cell["source"].partition("\n")[0] for cell in self.cells if cell["cell_type"] == "markdown")
        return [text.lstrip("# ") for text in texts if text.startswith("#")]

    @property
    def introduction(self) -> str:
        """What is said below the title."""
        return str(self.cells[0]["source"].partition("\n")[2].strip())


def notebooks() -> list[Notebook]:
    """The notebooks in their order.

    Raises
    ------
    SessionFrameError
        The package was installed without them.
    """
    package = Path(__file__).parents[1]
    places = (package / "notebooks", package.parents[1] / "notebooks")  # as installed; in a checkout
    for place in places:
        if found := sorted(place.glob("*.ipynb")):
            return [Notebook(path) for path in found]
    raise SessionFrameError(f"the notebooks are missing; looked in {places[0]} and {places[1]}. Install sessionframe again.")


def notebook(name: str) -> Notebook:
    """The notebook that is meant by its name, its number or the words after the number.

    Raises
    ------
    OptionError
        None is called so, or several are.
    """
    known = notebooks()
    wanted = name.removesuffix(".ipynb")
    exact = [each for each in known if wanted in {each.name, *each.name.split("-", 1)}]
    found = exact or [each for each in known if wanted and wanted in each.name]
    if len(found) == 1:
        return found[0]
    names = [each.name for each in known]
    said = f"means {listed(each.name for each in found)}" if found else f"is no notebook.{nearest(wanted, names)} There are {listed(names)}"
    raise OptionError(f"{name!r} {said}.")


def copied(chosen: Notebook, *, force: bool) -> Path:
    """Copy a notebook into the current folder.

    Raises
    ------
    OptionError
        There is such a file already, and `force` is not given.
    """
    target = Path(chosen.path.name)
    if target.exists() and not force:
        raise OptionError(f"{target.name!r} exists. Give --force to replace it, or go to another folder.")
    write_target(target.name, lambda file: file.write(chosen.path.read_bytes()))
    return target


def opened(chosen: Notebook, options: Mapping[str, Any], *, force: bool) -> int:
    """Show the copy in the current folder in Jupyter Lab until the user ends it; its exit code. What he changed in it is kept.

    Raises
    ------
    SessionFrameError
        Jupyter Lab is not installed.
    """
    required(["jupyterlab"], "Opening a notebook", "jupyter")
    path = Path(chosen.path.name)
    path = path if path.exists() and not force else copied(chosen, force=force)
    command = [sys.executable, "-m", "jupyterlab", str(path)]
    return subprocess.run(command, env=environment(options), check=False).returncode  # noqa: S603 - the name is one of ours


def required(modules: Iterable[str], what: str, *packages: str) -> None:
    """Say what is not installed, and how to install it.

    Raises
    ------
    SessionFrameError
        A module is missing.
    """
    if missing := [name for name in modules if find_spec(name) is None]:
        wanted = " ".join(packages or missing)
        raise SessionFrameError(f"{what} needs {listed(missing)}. Install it with: {sys.executable} -m pip install {wanted}")


def environment(options: Mapping[str, Any]) -> dict[str, str]:
    """The variables of this process and those that the loading cell looks for."""
    return {**os.environ, VARIABLE: json.dumps(options)} if options else dict(os.environ)


def write_page(chosen: Notebook, options: Mapping[str, Any], target: str, *, version: str, progress: Progress | None = None) -> None:
    """Run a notebook in the current folder and write a page of what it shows.

    Parameters
    ----------
    chosen
        The notebook.
    options
        Arguments of `scan` as JSON can hold them, the agents as ``agents``.
    target
        The file to write.
    version
        The version of this package.
    progress
        Called with 1 after every cell with code.

    Raises
    ------
    SessionFrameError
        What runs notebooks is not installed, or a cell failed.
    """
    required(RUNNING, "A page of a notebook")
    from sessionframe.report.page import page

    footer = f"Made on {date.today():%Y-%m-%d} with sessionframe {version}. {CAVEAT}"  # noqa: DTZ011 - the day of the user
    content = page(executed(chosen, options, progress), footer=footer).encode("utf-8", "replace")
    write_target(target, lambda file: file.write(content))


def executed_by(client: Any, variables: Mapping[str, str]) -> Any:
    """What a client makes of its notebook. It takes Ctrl-C for itself, to end the kernel, and then fails in one of many ways."""
    try:
        return client.execute(env=variables)
    except BaseException:
        if getattr(client, "_async_cleanup_kernel_future", None) is not None:
            raise KeyboardInterrupt from None
        raise


def executed(chosen: Notebook, options: Mapping[str, Any], progress: Progress | None = None) -> Any:
    """A notebook with what its cells show, as nbformat has it."""
    nbformat, nbclient = import_module("nbformat"), import_module("nbclient")
    read = nbformat.read(chosen.path, as_version=4)
    client = nbclient.NotebookClient(read, timeout=None, kernel_name="python3", record_timing=False, resources={"metadata": {"path": "."}})
    client.extra_arguments = ["--log-level=ERROR"]  # what a kernel says of itself is nothing for the user
    if progress:
        client.on_cell_complete = lambda **_: progress(1)
    try:
        return executed_by(client, environment(options))
    except nbclient.exceptions.CellExecutionError as problem:
        missing = problem.ename == "ModuleNotFoundError"
        hint = f" Install it with: {sys.executable} -m pip install {problem.evalue.split(chr(39))[1]}" if missing else ""
        raise SessionFrameError(f"{chosen.name} stopped. {problem.ename}: {problem.evalue}.{hint}") from problem
