"""The house rules that no linter knows: modules and functions stay short, and every module says what it is for."""

from __future__ import annotations

import ast
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


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
