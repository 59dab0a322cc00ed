"""The gallery: every picture is drawn by the call below it, and every chart is in it. ``pytest --update-docs`` draws them anew."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import pytest

import sessionframe as sf
from sessionframe import plot
from sessionframe.testing import demo_home

DOCS = Path(__file__).parents[1] / "docs"
LARGEST = 60_000
"""Bytes of a picture."""


class Picture(NamedTuple):
    """A picture of the gallery: its title, its file, and the call that draws it."""

    title: str
    file: str
    call: str


ENTRY = re.compile(r"^!\[(.+)\]\((.+\.png)\)\n\n[^`]+`(.+)`$", re.MULTILINE)
PICTURES = [Picture(*found) for found in ENTRY.findall((DOCS / "gallery.md").read_text("utf-8"))]


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    """What the page sets up in its first block."""
    logs = sf.scan(home=demo_home())
    names = ("messages", "usage", "sessions", "tool_calls")
    found: dict[str, Any] = {"sf": sf, **{name: getattr(logs, name) for name in names}}
    return {**found, "prompts": sf.prompts(logs.messages, logs.usage, logs.tool_calls)}


def save(figure: Any, path: Path) -> None:
    """A picture of few colours, a third as large."""
    from PIL import Image

    drawn = BytesIO()
    figure.savefig(drawn, dpi=100)
    Image.open(drawn).convert("RGB").quantize(128).save(path, optimize=True)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: Path(picture.file).stem)
def test_the_call_draws_the_picture(picture: Picture, tables: dict[str, Any], request: pytest.FixtureRequest) -> None:
    from matplotlib import pyplot as plt

    path = DOCS / picture.file
    with mpl.rc_context(mpl.rcParamsDefault):
        plt.switch_backend("Agg")
        ax = eval(picture.call, dict(tables))  # noqa: S307 - our own page
        if request.config.getoption("--update-docs"):
            save(ax.figure, path)
    assert ax.get_title(loc="left").startswith(picture.title)
    assert path.stat().st_size < LARGEST


def test_every_chart_has_its_picture() -> None:
    shown = {name for picture in PICTURES for name in re.findall(r"sf\.plot\.(\w+)\(", picture.call)}
    assert shown == set(plot.__all__)


def test_no_picture_is_left_over() -> None:
    assert {picture.file for picture in PICTURES} == {f"images/{path.name}" for path in (DOCS / "images").glob("*.png")}
