"""Names of tools, whoever's they are, and the program that a command starts."""

from __future__ import annotations

import pytest

from sessionframe.dialects.tools import command_head, tool_kind


@pytest.mark.parametrize(
    "name, kind",
    [
        ("Read", ("read", None)),
        ("apply_patch", ("edit", None)),
        ("container.exec", ("run", None)),
        ("SpeakAloud", ("other", None)),
        ("", ("other", None)),
        (None, ("other", None)),
        ("mcp__issues__get_one", ("mcp", "issues")),
        ("mcp__my_hub__get__one", ("mcp", "my_hub")),
        ("mcp__read", ("other", None)),
    ],
)
def test_what_a_tool_does(name: str | None, kind: tuple[str, str | None]) -> None:
    assert tool_kind(name) == kind


@pytest.mark.parametrize(
    "command, head",
    [
        ("git status", "git"),
        ("  ls", "ls"),
        ("/usr/bin/python3 -m x/y", "python3"),
        ("C:\\tools\\node.exe a", "node.exe"),
        ("A=1 B_2=x make all", "make"),
        ("'my-tool' x", "my-tool"),
        ('"my-tool" x', "my-tool"),
        ("(cd src && make)", "cd"),
        ("A=1", None),
        ("/", None),
        ("", None),
        (None, None),
        ("A=" + "x" * 1995 + " ls", "ls"),
        ("A=" + "x" * 3000 + " ls", None),
    ],
)
def test_the_program_of_a_command(command: str | None, head: str | None) -> None:
    """Its first word, without assignments and folders; of a text of any length only the beginning is looked at."""
    assert command_head(command) == head
