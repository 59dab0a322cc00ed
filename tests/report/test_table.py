"""The table of the usage report: no number is ever cut, foreign text cannot steer the terminal."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.console import Console

from sessionframe.report.table import print_report, short_ids, short_paths
from sessionframe.report.terminal import ROOMY, console, count, money, shown, size
from sessionframe.report.usage import usage_report
from tests.report.logs import logs
from tests.rows import issue, request, session

LARGE: dict[str, Any] = {
    "input_tokens": 1_234_567_890,
    "cache_read_tokens": 98_765_432_101,
    "cache_write_tokens": 2_345_678_901,
    "output_tokens": 345_678_901,
    "cost_usd": 123_456.78,
}
TOTAL = f"{1_234_567_890 + 98_765_432_101 + 2_345_678_901 + 345_678_901:,}"


def printed(width: int, *, by: tuple[str, ...] = (), titles: bool = False, **rows: Any) -> str:
    text = io.StringIO()
    report = usage_report(logs(**rows), by=by, tz="UTC", titles=titles)
    print_report(report, Console(file=text, width=width, markup=False, highlight=False, emoji=False))
    return text.getvalue()


@pytest.mark.parametrize("width", [10, 30, 40, 60, 80, 100, 120, 200])
@pytest.mark.parametrize("by", [(), ("model",), ("project", "branch", "session")])
def test_no_number_is_cut_at_any_width(width: int, by: tuple[str, ...]) -> None:
    usage = [request(model="claude-opus-4-8-20260101", repo_root="/home/demo/code/shop", git_branch="feature/till", **LARGE)]
    text = printed(width, by=by, usage=usage)
    assert TOTAL in text
    assert "123,456.78" in text
    assert "…" not in text
    table, _, _ = text.partition("Cost: ")
    numbers = {re.sub(r"\D", "", word) for word in re.findall(r"\d{1,3}(?:,\d{3})+", table)}
    assert numbers <= {str(value) for name, value in LARGE.items() if name != "cost_usd"} | {TOTAL.replace(",", ""), "123456"}


def test_wide_terminals_have_every_column() -> None:
    header = printed(200, usage=[request(**LARGE)]).splitlines()[0].split("  ")
    assert [part.strip() for part in header if part.strip()] == [
        "Day",
        "Requests",
        "Input",
        "Cache write",
        "Cache read",
        "Output",
        "Total tokens",
        "Cost USD",
    ]


def test_narrow_terminals_say_what_they_leave_out() -> None:
    text = printed(60, usage=[request(**LARGE)])
    assert "Left out, the terminal is narrow: Requests, Cache write, Cache read" in " ".join(text.split())


def test_the_narrowest_terminals_get_a_block_per_row() -> None:
    lines = printed(20, usage=[request(**LARGE)]).splitlines()
    assert lines[0].split() == ["Day", "2026-10-01"]
    assert f"Total tokens  {TOTAL}" in lines


def test_what_must_be_known_stands_below() -> None:
    text = printed(ROOMY, usage=[request(model="mystery", input_tokens=1)], issues=[issue("cut-off"), issue("broken-line", count=3)])
    assert "API-equivalent estimate at list prices, not a bill" in text
    assert "mystery (1 request)" in text
    assert "broken-line 3, cut-off 1. Details: sessionframe doctor." in text


def test_a_cost_that_lacks_requests_is_marked() -> None:
    text = printed(ROOMY, usage=[request(cost_usd=1.5), request("2026-10-01T13:00:00Z"), request("2026-10-02T13:00:00Z")])
    days = [line.split() for line in text.splitlines() if line.startswith("2026")]
    assert [day[-1] for day in days] == ["1.50+", "-"]


def test_a_day_is_named_once() -> None:
    usage = [request(model="a", cost_usd=2.0), request(model="b", cost_usd=1.0)]
    assert printed(ROOMY, by=("model",), usage=usage).count("2026-10-01") == 1


def test_requests_without_a_time_are_shown() -> None:
    assert "no time" in printed(ROOMY, usage=[request(None)])


def test_titles_cannot_steer_the_terminal() -> None:
    evil = session("s1", title="\x1b[2J[red]gone\u202e\nnext")
    text = printed(ROOMY, by=("session",), titles=True, usage=[request()], sessions=[evil])
    assert "\N{REPLACEMENT CHARACTER}[2J[red]gone\N{REPLACEMENT CHARACTER} next" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "value, text",
    [(None, "-"), (0.0, "0.00"), (0.00123, "0.0012"), (0.00001, "<0.0001"), (0.01, "0.01"), (1234.5, "1,234.50")],
)
def test_money(value: float | None, text: str) -> None:
    assert money(value) == text


def test_numbers() -> None:
    assert (count(None), count(0), count(1234567)) == ("-", "0", "1,234,567")
    assert (size(999), size(1_500), size(2_500_000), size(3_210_000_000)) == ("999 B", "1.5 kB", "2.5 MB", "3.2 GB")
    assert shown(None) == "-"


def test_projects_are_named_by_what_tells_them_apart() -> None:
    paths = ["/home/a/code/shop", "/home/a/work/shop", "/home/a/blog/", "C:\\code\\till", None, "/"]
    assert list(short_paths(paths).values()) == ["code/shop", "work/shop", "blog", "till", "/"]
    assert short_paths(["/shop", "/x/shop"]) == {"/shop": "/shop", "/x/shop": "x/shop"}
    windows = [r"C:\code\shop", r"\\server\share\shop", "/home/demo/we\\ird"]
    assert list(short_paths(windows).values()) == ["code/shop", "share/shop", "we\\ird"]
    assert short_paths([r"C:\shop", "C:/shop"]) == {r"C:\shop": r"C:\shop", "C:/shop": "C:/shop"}


def test_sessions_are_named_by_what_tells_them_apart() -> None:
    assert short_ids(["11111111-1", "22222222-1", None]) == {"11111111-1": "11111111", "22222222-1": "22222222"}
    assert short_ids(["11111111-1", "11111111-2"]) == {"11111111-1": "11111111-1", "11111111-2": "11111111-2"}
    assert short_ids([]) == {}


def test_output_that_is_no_terminal_is_as_wide_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console(io.StringIO()).width == ROOMY
    monkeypatch.setenv("COLUMNS", "50")
    assert console(io.StringIO()).width == 50
