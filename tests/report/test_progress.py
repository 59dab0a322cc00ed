"""The progress bar: only for people, only when it takes long, gone when it is done."""

from __future__ import annotations

import io
import sys

import pytest

from sessionframe.report import progress


class Terminal(io.StringIO):
    """A standard error that somebody looks at."""

    def isatty(self) -> bool:
        return True


def watched(monkeypatch: pytest.MonkeyPatch, *, patience: float) -> Terminal:
    """Somebody looks; called in the test itself, because pytest puts its own streams back between a fixture and the test."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "PATIENCE_S", patience)
    return terminal


def test_no_bar_where_nobody_looks() -> None:
    with progress.progress_bar() as bar:
        assert bar is None


def test_no_bar_for_work_that_is_done_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watched(monkeypatch, patience=60)
    with progress.progress_bar() as bar:
        assert bar is not None
        bar(1, 10)
    assert terminal.getvalue() == ""


def test_long_work_shows_how_much_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watched(monkeypatch, patience=0)
    with progress.progress_bar() as bar:
        assert bar is not None
        bar(5_000_000, 10_000_000)
        bar(10_000_000, 10_000_000)
    assert "Reading logs" in terminal.getvalue()
    assert "10.0/10.0 MB" in terminal.getvalue()


def test_an_error_takes_the_bar_off_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watched(monkeypatch, patience=0)
    with pytest.raises(ValueError, match="stop"):
        fail_while_reading()
    assert terminal.getvalue().rstrip("\r").endswith(("\x1b[?25h", "\x1b[2K")), "the cursor is back, the line is empty"


def fail_while_reading() -> None:
    with progress.progress_bar() as bar:
        assert bar is not None
        bar(1, 10)
        raise ValueError("stop")
