"""Everything that can go wrong is named, explained and seen: kinds of issues and exceptions."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import sessionframe as sf
from sessionframe import errors
from sessionframe.engine.failures import described
from sessionframe.errors import SessionFrameError
from sessionframe.schema import ISSUE_KINDS, SCHEMA, IssueKind

HERE = Path(__file__).parents[1]
SOURCES = HERE / "src" / "sessionframe"
OWN = {name for name, each in vars(errors).items() if inspect.isclass(each) and issubclass(each, SessionFrameError)}
INSIDE = {
    "DamageError": "a damaged document: becomes an issue",
    "DamagedError": "a damaged file of the cache: it is made anew",
    "GoneError": "a worker died with what it had parsed: that is parsed again",
}
"""Exceptions that do not leave the room they are raised in."""
PYTHONS_OWN = {
    ("__init__.py", "AttributeError"): "what Python asks of a module",
    ("analysis/__init__.py", "AttributeError"): "what Python asks of a module",
    ("frames/forward.py", "AttributeError"): "what Python asks of an object",
    ("formats/files.py", "OSError"): "what readers of files expect; becomes an issue",
    ("formats/lenient.py", "TypeError"): "a record type of a provider that cannot be read; its author sees it",
    ("formats/sqlite.py", "OSError"): "what readers of files expect; becomes an issue",
    ("formats/zstd.py", "OSError"): "what readers of files expect; becomes an issue",
    ("formats/jsonl.py", "ValueError"): "a mistake of a provider's author",
    ("pricing/own.py", "ValueError"): "what pydantic expects of a validator; becomes a PriceFileError",
    ("schema/_column.py", "KeyError"): "what Python expects of a mapping",
    ("schema/_column.py", "TypeError"): "a column that is declared wrongly: nothing works then",
}
"""Module and exception -> why it is not one of sessionframe's."""


def seen() -> set[tuple[str, str]]:
    """Kind and detail of every issue that the samples bring about."""
    rows = [
        json.loads(line) for path in HERE.glob("data-samples/*/*/expected/issues.jsonl") for line in path.read_text("utf-8").splitlines()
    ]
    return {(row["kind"], row["detail"]) for row in rows}


def raised() -> Iterator[tuple[str, str]]:
    """Module and name of every exception that is raised by its name."""
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = node.exc.func if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) else None
            if isinstance(called, ast.Name):
                yield path.relative_to(SOURCES).as_posix(), called.id


def test_every_kind_is_declared_once_and_told_by_the_schema() -> None:
    assert tuple(ISSUE_KINDS) == get_args(IssueKind) == SCHEMA["issues"]["kind"].categories


@pytest.mark.parametrize("kind", [kind for kind in ISSUE_KINDS if kind != "provider-failed"])
def test_every_example_of_an_issue_is_a_real_one(kind: IssueKind) -> None:
    """A sample brings it about, word for word."""
    assert (kind, ISSUE_KINDS[kind].example) in seen()


def test_the_example_of_a_fault_in_a_provider_is_a_real_one() -> None:
    """No sample can bring that about; tests/engine/test_scan.py makes one."""
    try:
        divmod(1, 0)
    except ZeroDivisionError as problem:
        told = described(problem, "parse")
    assert ISSUE_KINDS["provider-failed"].example == re.sub(r" in test_problems\.py, line \d+$", " in parse.py, line 126", told)


@pytest.mark.parametrize("kind", ISSUE_KINDS)
def test_every_kind_says_what_it_means_and_what_to_do(kind: IssueKind) -> None:
    about = ISSUE_KINDS[kind]
    assert about.meaning.endswith(".")
    assert about.advice.endswith(".")
    assert len(about.meaning.split()) > 8


def test_samples_and_code_use_no_other_kind() -> None:
    assert {kind for kind, _ in seen()} <= set(ISSUE_KINDS)


def test_every_exception_is_public_and_explained() -> None:
    """The page docs/problems.md is made of the docstrings; their examples run with the documentation."""
    assert set(sf.__all__) >= OWN
    for name in OWN:
        told = inspect.getdoc(getattr(errors, name)) or ""
        assert told.count("\n\nNotes\n") == told.count("\n\nExamples\n") == 1, name


def test_what_is_raised_is_sessionframes_own() -> None:
    foreign = {(module, name) for module, name in raised() if name not in OWN | INSIDE.keys()}
    assert foreign == PYTHONS_OWN.keys(), "raise a SessionFrameError, or say here why not"
    assert {name for _, name in raised()} >= INSIDE.keys(), "an exception is gone: take it from this list"
