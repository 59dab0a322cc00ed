"""The usage report: its rows and totals, as data, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from sessionframe.errors import OptionError
from sessionframe.report.data import SHAPE, report_csv, report_json
from sessionframe.report.made import UsageReport
from sessionframe.report.usage import usage_report
from sessionframe.schema import TOKEN_COLUMNS
from tests.report.logs import logs
from tests.rows import issue, request, session

TWO_DAYS = (
    request("2026-10-01T21:00:00Z", model="opus", repo_root="/home/demo/shop", input_tokens=10, output_tokens=5, cost_usd=0.5),
    request("2026-10-01T22:30:00Z", model="opus", repo_root="/home/demo/shop", input_tokens=1, cost_usd=0.25),
    request("2026-10-01T23:00:00Z", model="haiku", repo_root="/home/demo/blog", input_tokens=2, cost_usd=0.75),
    request("2026-10-01T23:30:00Z", model="mystery", repo_root="/home/demo/blog", input_tokens=7),
)
BERLIN = "Europe/Berlin"


def picked(report: UsageReport, *names: str) -> list[tuple[Any, ...]]:
    """Some columns of the rows."""
    return [tuple(row[name] for name in names) for row in report.rows]


def test_days_are_local_and_groups_sorted_by_cost() -> None:
    report = usage_report(logs(usage=TWO_DAYS), by=["model"], tz=BERLIN)
    assert picked(report, "period", "model", "requests", "cost_usd") == [
        ("2026-10-01", "opus", 1, 0.5),
        ("2026-10-02", "haiku", 1, 0.75),
        ("2026-10-02", "opus", 1, 0.25),
        ("2026-10-02", "mystery", 1, None),
    ]


def test_totals_and_unpriced_models() -> None:
    report = usage_report(logs(usage=TWO_DAYS), tz="UTC")
    assert (report.totals["requests"], report.totals["total_tokens"], report.totals["cost_usd"]) == (4, 25, 1.5)
    assert report.totals["unpriced_requests"] == 1
    assert report.unpriced_models == [{"model": "mystery", "requests": 1, "total_tokens": 7}]


def test_weeks_months_and_all_in_one() -> None:
    usage = [request("2026-10-01T12:00:00Z"), request("2026-09-30T12:00:00Z")]
    made = {period: usage_report(logs(usage=usage), period=period, tz="UTC") for period in ("weekly", "monthly", "total")}
    assert picked(made["weekly"], "period", "requests") == [("2026-09-28", 2)]
    assert picked(made["monthly"], "period", "requests") == [("2026-09", 1), ("2026-10", 1)]
    assert picked(made["total"], "requests") == [(2,)]
    assert "period" not in made["total"].columns


def test_project_folds_worktrees_and_session_folds_sub_agents() -> None:
    tree = "/home/demo/shop/.claude/worktrees/x"
    usage = [
        request("2026-10-01T10:00:00Z", repo_root="/home/demo/shop", project=tree, cost_usd=1.0),
        request("2026-10-01T09:00:00Z", session_id="s1/a", repo_root="/home/demo/shop", cost_usd=1.0),
    ]
    by_project = usage_report(logs(usage=usage), period="total", by=["project"], tz="UTC")
    assert picked(by_project, "project", "requests") == [("/home/demo/shop", 2)]
    by_session = usage_report(logs(usage=usage), period="total", by=["session"], tz="UTC")
    assert picked(by_session, "session", "project", "requests") == [("s1", "/home/demo/shop", 2)]
    assert by_session.rows[0]["started"].isoformat() == "2026-10-01T09:00:00+00:00"
    assert "title" not in by_session.columns


def test_titles_only_when_asked_for() -> None:
    scan = logs(usage=[request()], sessions=[session("s1", title="Fix the till"), session("s1/a", "s1", title="Look around")])
    report = usage_report(scan, period="total", by=["session"], tz="UTC", titles=True)
    assert picked(report, "title") == [("Fix the till",)]


def test_grouping_by_session_and_project_keeps_one_project_column() -> None:
    report = usage_report(logs(usage=TWO_DAYS), period="total", by=["session", "project"], tz="UTC")
    assert report.columns[:3] == ["session", "project", "started"]


@pytest.mark.parametrize("period, by", [("dayly", []), ("daily", ["modell"])])
def test_wrong_names_are_named_with_the_nearest(period: str, by: list[str]) -> None:
    with pytest.raises(OptionError, match=r"Did you mean '(daily|model)'"):
        usage_report(logs(), period=period, by=by)


def test_json_has_the_documented_shape() -> None:
    scan = logs(usage=TWO_DAYS, issues=[issue("broken-line", count=2), issue("cut-off")])
    report = usage_report(scan, by=["model"], tz=BERLIN)
    made = json.loads(report_json(report, version="1.2.3", since="2026-10-01"))
    assert list(made) == ["rows", "totals", "unpriced_models", "issues", "range", "period", "by", "tz", "version"] == list(SHAPE)
    measures = ["requests", *TOKEN_COLUMNS, "total_tokens", "web_searches", "cost_usd", "unpriced_requests"]
    assert list(made["rows"][0]) == ["start", "period", "model", *measures]
    assert list(made["totals"]) == measures
    assert made["rows"][1]["start"] == "2026-10-02T00:00:00+02:00"
    assert made["rows"][3]["cost_usd"] is None
    assert made["issues"] == {"count": 3, "by_kind": {"broken-line": 2, "cut-off": 1}}
    assert made["range"] == {
        "since": "2026-10-01",
        "until": None,
        "first": "2026-10-01T23:00:00+02:00",
        "last": "2026-10-02T01:30:00+02:00",
    }
    assert (made["period"], made["by"], made["tz"], made["version"]) == ("daily", ["model"], BERLIN, "1.2.3")


def test_json_of_nothing_has_the_same_keys() -> None:
    empty = json.loads(report_json(usage_report(logs(), tz="UTC"), version="0"))
    assert empty["rows"] == []
    assert empty["totals"]["requests"] == 0
    assert empty["totals"]["cost_usd"] is None
    assert empty["range"] == {"since": None, "until": None, "first": None, "last": None}


def test_csv_has_the_columns_of_the_json_rows() -> None:
    report = usage_report(logs(usage=TWO_DAYS), period="total", by=["model"], tz="UTC")
    rows = list(csv.DictReader(io.StringIO(report_csv(report))))
    in_json = json.loads(report_json(report, version="0"))["rows"]
    assert list(rows[0]) == list(in_json[0])
    assert [row["cost_usd"] for row in rows] == ["0.75", "0.75", ""]
