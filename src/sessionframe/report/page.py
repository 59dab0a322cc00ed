"""An executed notebook goes in, one page of HTML comes out: no code, nothing that a browser would load from anywhere."""

from __future__ import annotations

import html
import importlib
from collections.abc import Iterable
from typing import Any

from sessionframe.report.streams import unsteering

SAFE = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What the page may do: show its own images and styles. Whatever a project is called, nothing runs and nothing is fetched."""
NOT_HERE = "notebook-only"
"""The tag of cells that tell how to use the notebook."""
STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 60rem; font: 1rem/1.55 system-ui, sans-serif; color: #1b1b1b; background: #fff;
  overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.5rem 0 .5rem; }
p, ul { max-width: 46rem; }
code { font-size: .9em; }
img { display: block; width: 100%; min-width: 34rem; max-width: 56rem; height: auto; }
.wide { overflow-x: auto; margin: .75rem 0; }
pre { margin: 0; font-size: .85rem; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
table, th, td { border: 0; }
th, td { padding: .25rem .75rem .25rem 0; text-align: right; white-space: nowrap; border-bottom: 1px solid #e5e5e5; }
th { font-weight: 600; border-bottom-color: #999; }
tbody th { font-weight: 400; border-bottom-color: #e5e5e5; }
tr th:first-child, tbody th { text-align: left !important; vertical-align: top; }
footer { margin-top: 3rem; padding-top: .75rem; border-top: 1px solid #e5e5e5; font-size: .85rem; color: #555; }
"""


def page(notebook: Any, *, footer: str) -> str:
    """The page of an executed notebook.

    Parameters
    ----------
    notebook
        As nbformat has it, with the outputs of its cells.
    footer
        A line of text for the end.

    Returns
    -------
    str
        HTML with all images and styles in it.
    """
    heading, parts = "", []
    for cell in notebook.cells:
        if NOT_HERE in cell.metadata.get("tags", ()):
            continue
        if cell.cell_type == "markdown":
            first = cell.source.partition("\n")[0]
            heading = first.lstrip("# ") if first.startswith("#") else heading
            parts.append(importlib.import_module("mistune").html(cell.source))
        else:
            parts += [shown(output, heading) for output in cell.outputs]
    title = html.escape(notebook.cells[0].source.partition("\n")[0].lstrip("# "))
    return unsteering("\n".join(document(title, parts, html.escape(footer))))


def document(title: str, parts: Iterable[str], footer: str) -> Iterable[str]:
    """The page around its parts."""
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{SAFE}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>"
    yield from parts
    yield f"</main>\n<footer>{footer}</footer>\n</body>\n</html>\n"


def shown(output: Any, heading: str) -> str:
    """What a cell shows: an image, a table or text; wide ones scroll by themselves."""
    data = output.get("data", {})
    if "image/png" in data:
        image = "".join(data["image/png"].split())
        return f'<div class="wide"><img alt="Chart: {html.escape(heading, quote=True)}" src="data:image/png;base64,{image}"></div>'
    if "text/html" in data:
        return f'<div class="wide">{data["text/html"]}</div>'
    return f'<div class="wide"><pre>{html.escape(data.get("text/plain", output.get("text", "")))}</pre></div>'
