"""Pages and tables in HTML: whatever a project, a model, a title or a tool is called, it is text, and nothing is loaded from anywhere."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest

import sessionframe as sf
from sessionframe.report import notebook as books
from sessionframe.report.page import page
from sessionframe.report.streams import STEERING
from sessionframe.schema import TABLES
from tests.contract.samples import samples
from tests.planted import FAR, RAN, planted

CASES = {"titles", "tools"}
TAGS = frozenset(
    {
        "html", "head", "meta", "title", "style", "body", "main", "footer", "div", "p", "h1", "h2", "h3", "ul", "ol", "li", "code", "em",
        "strong", "img", "pre", "table", "thead", "tbody", "tr", "th", "td", "small", "br", "caption", "span",
    }
)  # fmt: skip
ATTRIBUTES = frozenset(
    {
        "lang", "charset", "http-equiv", "content", "name", "class", "id", "alt", "src", "style", "border", "scope", "scoped", "rowspan",
        "colspan", "halign", "valign", "align",
    }
)  # fmt: skip
CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
SHOWN = {"01", "02", "03", "04"}
RUNS = f"<script>document.title='{RAN}'</script>"


class Strange(HTMLParser):
    """Collects what a page of ours does not have: tags, attributes and addresses of others."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.found.append(f"{tag} {name}")
            if name in {"src", "style"} and ("url(" in (value or "") or (name == "src" and not (value or "").startswith("data:image/png"))):
                self.found.append(f"{tag} {name}={value}")

    def handle_decl(self, decl: str) -> None:
        if decl != "DOCTYPE html":
            self.found.append(decl)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def strange(html: str) -> list[str]:
    """What a page holds that is not ours."""
    parser = Strange()
    parser.feed(html)
    parser.close()
    return parser.found


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("planted")
    return {str(sample): str(planted(sample, folder / str(sample))) for sample in samples() if sample.case in CASES}


def test_the_parser_sees_what_is_strange() -> None:
    assert strange("<p>1 &lt;script&gt;</p>") == []
    assert strange(f"<p>{RUNS}</p>") == ["<script>"]
    assert strange("<img src=x onerror=y><a href='javascript:1'>") == ["img src=x", "img onerror", "<a>", "a href"]


@pytest.mark.parametrize("content", [False, True])
def test_tables_in_notebooks_hold_text_only(homes: dict[str, str], content: bool) -> None:
    logs = sf.scan(home=dict(homes), n_jobs=1)
    for table in TABLES:
        found = getattr(logs, table)
        assert strange(found._repr_html_()) == []
        assert strange(found.to_frame("polars", content=content)._repr_html_()) == []
        assert strange(found.to_frame(content=content)._repr_html_()) == []


def one_notebook() -> Any:
    """Notebooks with most names in them as one, so that one kernel starts and the logs are read once."""
    found = [nbformat.read(book.path, as_version=4) for book in books.notebooks() if book.name[:2] in SHOWN]
    cells = [*found[0].cells[:3], *(cell for each in found for cell in each.cells[3:])]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    return nbformat.v4.new_notebook(cells=cells, metadata=found[0].metadata)


@pytest.fixture(scope="module")
def made(homes: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of all notebooks on logs with hostile names."""
    path = tmp_path_factory.mktemp("book") / "all.ipynb"
    nbformat.write(one_notebook(), path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)
        options: dict[str, Any] = {"tz": "UTC", "home": homes}
        yield page(books.executed(books.Notebook(path), options), footer=f"Made by {RUNS}")


@pytest.mark.slow
@pytest.mark.enable_socket  # a kernel talks to its client over the loopback interface
def test_a_page_of_hostile_logs_holds_text_only(made: str) -> None:
    assert "&lt;script&gt;" in made
    assert strange(made) == []
    assert not STEERING.search(made)
    assert made.count("Content-Security-Policy") == 1


@pytest.mark.slow
@pytest.mark.enable_socket
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
@pytest.mark.parametrize("guarded", [True, False], ids=["as it is", "without its policy"])
def test_a_browser_runs_and_loads_nothing(made: str, tmp_path: Path, guarded: bool) -> None:
    """Even without the policy that forbids it: there is nothing to run."""
    html = made if guarded else made.replace("Content-Security-Policy", "x-none")
    assert seen(html, tmp_path) == ("its own", set())


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_that_test_would_see_it(tmp_path: Path) -> None:
    html = f"<title>its own</title>{RUNS}<img src=http://{FAR}/i>"
    assert seen(html, tmp_path) == (RAN, {f"http://{FAR}/i"})


def seen(html: str, folder: Path) -> tuple[str, set[str]]:
    """The title that a page has in a browser after all of it has loaded, and what the browser asked the network for."""
    target, log = folder / "page.html", folder / "net.json"
    target.write_text(html.replace("<title>", "<title>its own</title><title>", 1) if "its own" not in html else html, "utf-8")
    switches = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    switches += ["--disable-component-update", "--disable-sync", "--disable-default-apps", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command = [str(CHROMIUM), *switches, f"--user-data-dir={folder / 'user'}", f"--log-net-log={log}", "--virtual-time-budget=4000"]
    done = subprocess.run([*command, "--dump-dom", target.as_uri()], capture_output=True, text=True, check=True, timeout=120)
    title = done.stdout.partition("<title>")[2].partition("</title>")[0]
    events = json.loads(log.read_text("utf-8"))["events"]
    urls = {str(event.get("params", {}).get("url", "")) for event in events}
    return title, {url for url in urls if FAR in url}
