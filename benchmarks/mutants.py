"""A Python file goes in; the mutants that mutmut's operators make of its functions come out, without those that no number can depend on.

Left out by rule: type annotations, docstrings and decorators (as mutmut does), what a `raise` says, what an issue says beyond its kind,
the type named by a `cast`, and `__repr__`. Unlike mutmut, functions with a decorator are mutated too.
"""

from __future__ import annotations

import types
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

SAYS = m.Raise() | m.FunctionDef(name=m.Name("__repr__"))
NOTE = m.Call(func=m.Attribute(attr=m.Name("add")), args=[m.Arg(m.SimpleString()), m.Arg(), m.ZeroOrMore()])
"""`problems.add("kind", "what was found", ...)`."""
CAST = m.Call(func=m.Name("cast"))


@dataclass(frozen=True)
class Mutant:
    """One change of one place.

    Attributes
    ----------
    path
        The file, below the project.
    function
        Name of the function, with that of its class.
    line
        Where the change is, counted from 1.
    lines
        All lines of the statement it is in: a test that runs none of them cannot see it.
    number
        Which of the changes of the function this is, counted from 0.
    make
        Gives the file with the change; takes a while.
    tell
        Gives the changed expression as it was and as it is.
    """

    path: str
    function: str
    line: int
    lines: tuple[int, ...]
    number: int
    make: Callable[[], str]
    tell: Callable[[], str]

    @property
    def key(self) -> str:
        """A name that stays when other functions change."""
        return f"{self.path}::{self.function}::{self.number}"


class Places(MutationVisitor):
    """Collects the mutations together with the nodes around each."""

    def __init__(self) -> None:
        super().__init__(mutation_operators, IgnoredCode(set(), set(), set()))
        self.around: list[cst.CSTNode] = []
        self.found: list[tuple[Any, tuple[cst.CSTNode, ...]]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Go in."""
        self.around.append(node)
        return super().on_visit(node)

    def on_leave(self, original_node: cst.CSTNode) -> None:  # noqa: ARG002
        """Come out."""
        self.around.pop()

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef):  # decorated ones as well
            return node.name.value in {"__getattribute__", "__setattr__", "__new__"}
        return super()._skip_node_and_children(node) or m.matches(node, SAYS)

    def _create_mutations(self, node: cst.CSTNode) -> None:
        before = len(self.mutations)
        super()._create_mutations(node)
        self.found += [(mutation, tuple(self.around)) for mutation in self.mutations[before:]]


def mutants(path: Path, project: Path) -> Iterator[Mutant]:
    """All mutants of one file, in the order of its text."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text("utf-8")))
    visitor = Places()
    module = wrapper.visit(visitor)
    positions = wrapper.resolve(PositionProvider)
    numbers: Counter[str] = Counter()
    for mutation, around in visitor.found:
        if not isinstance(mutation.contained_by_top_level_function, cst.FunctionDef) or only_words(around):
            continue
        function = ".".join(node.name.value for node in around if isinstance(node, (cst.FunctionDef, cst.ClassDef)))
        where = positions[around[-1]] if around[-1] in positions else positions[statement(around)]
        yield Mutant(
            path=str(path.relative_to(project)),
            function=function,
            line=where.start.line,
            lines=tuple(lines_of(statement(around), positions)),
            number=numbers[function],
            make=partial(changed, module, mutation.original_node, mutation.mutated_node),
            tell=partial(told, module, mutation.original_node, mutation.mutated_node),
        )
        numbers[function] += 1


def told(module: cst.Module, old: cst.CSTNode, new: cst.CSTNode) -> str:
    """One node as it was and as it is."""
    return " -> ".join(" ".join(module.code_for_node(node).split()) for node in (old, new))


def changed(module: cst.Module, old: cst.CSTNode, new: cst.CSTNode) -> str:
    """The text of a module with one node changed."""
    return deep_replace(module, old, new).code  # type: ignore[union-attr,no-any-return]


def only_words(around: tuple[cst.CSTNode, ...]) -> bool:
    """Whether nothing but words for people, or a type, changes."""
    for outer, inner in pairwise(around):
        if m.matches(outer, NOTE) and inner is outer.args[1]:  # type: ignore[attr-defined]
            return True
        if m.matches(outer, CAST) and inner is outer.args[0]:  # type: ignore[attr-defined]
            return True
    return False


def statement(around: tuple[cst.CSTNode, ...]) -> cst.CSTNode:
    """The innermost statement."""
    kinds = (cst.BaseSmallStatement, cst.BaseCompoundStatement, cst.SimpleStatementLine)
    return next(node for node in reversed(around) if isinstance(node, kinds))


def lines_of(node: cst.CSTNode, positions: Any) -> range:
    """The lines of a statement; of one with a body, its head."""
    where = positions[node]
    body = getattr(node, "body", None)
    end = positions[body].start.line - 1 if isinstance(body, cst.BaseSuite) else where.end.line
    return range(where.start.line, max(end, where.start.line) + 1)


def functions_in(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of a module and of all functions in it, outermost first."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from functions_in(constant)


def changed_functions(old: types.CodeType, new: types.CodeType) -> dict[tuple[str, int], types.CodeType]:
    """The functions whose code is not the same: (qualified name, first line) -> new code."""
    before = {(code.co_qualname, code.co_firstlineno): code for code in functions_in(old)}
    after = {(code.co_qualname, code.co_firstlineno): code for code in functions_in(new)}
    return {key: code for key, code in after.items() if code.co_name != "<module>" and key in before and code != before[key]}
