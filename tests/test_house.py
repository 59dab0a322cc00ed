"""The house rules that no linter knows: modules and functions stay short, and every module says what it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src" / "sessionframe"
MODULES = sorted(SOURCES.rglob("*.py"))
MOST_MODULE_LINES = 400
MOST_FUNCTION_LINES = 40  # the docstring left out; about 25 is the aim

by_path = pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(SOURCES)) for path in MODULES])


@by_path
def test_module_is_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MOST_MODULE_LINES


@by_path
def test_functions_are_short(path: Path) -> None:
    too_long = [f"{node.name}: {lines(node)}" for node in functions(path) if lines(node) > MOST_FUNCTION_LINES]
    assert too_long == []


@by_path
def test_module_says_what_it_is_for(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text))


RUNS_CODE = {"eval", "exec", "compile", "__import__"}
UNPACKS_CODE = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "yaml", "xmlrpc", "code", "runpy"}
PICKLES_JOBS = {"engine/pool.py": ["pickle"], "engine/workers.py": ["pickle"]}
"""A scan pickles its jobs, which are its own objects, and its own worker processes unpickle them; they lie in no file."""
RUNS_PROGRAMS = {"os.system", "os.popen", "os.execv", "os.execvp", "os.spawnv", "pty.spawn"}


@by_path
def test_nothing_that_was_read_can_become_code(path: Path) -> None:
    """No `eval`, no unpickling of what others wrote, no shell."""
    tree = ast.parse(path.read_text("utf-8"))
    found = [name for node in ast.walk(tree) for name in dangers(node)]
    assert found == PICKLES_JOBS.get(path.relative_to(SOURCES).as_posix(), [])


def dangers(node: ast.AST) -> Iterator[str]:
    """What a piece of code does that could run what others wrote."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in UNPACKS_CODE)
    elif isinstance(node, ast.ImportFrom):
        yield from [node.module or ""] if (node.module or "").partition(".")[0] in UNPACKS_CODE else []
    elif isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        yield from [called] if called in RUNS_CODE | RUNS_PROGRAMS else []
        yield from (f"{called}({word.arg}=...)" for word in node.keywords if word.arg in {"shell", "allow_pickle"})
        names = [argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant)]
        yield from (f"{called}({name!r})" for name in names if called.endswith("import_module") and str(name) in UNPACKS_CODE)


@pytest.mark.parametrize(
    "code",
    [
        "eval(text)",
        "import pickle",
        "from marshal import loads",
        "import yaml.loader",
        "subprocess.run(x, shell=True)",
        "numpy.load(x, allow_pickle=True)",
        "import_module('pickle')",
        "os.system(x)",
    ],
)
def test_that_test_would_see_it(code: str) -> None:
    assert [name for node in ast.walk(ast.parse(code)) for name in dangers(node)]


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
