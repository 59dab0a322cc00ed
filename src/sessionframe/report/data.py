"""A usage report goes in; JSON in a shape that stays, or CSV, comes out as text."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sessionframe.report.formulas import harmless

if TYPE_CHECKING:
    from sessionframe.report.made import UsageReport

SHAPE: dict[str, str] = {
    "rows": "one object per period and group, sorted by period, then by cost in descending order: `start` (ISO 8601 with offset) and "
    "`period` unless the period is `total`; one key per group (with `session` also `started` and `project`, on request `title`); "
    "`requests`, the token columns of the table `usage`, `total_tokens`, `web_searches`, `cost_usd`, `unpriced_requests`",
    "totals": "the same measures over all rows",
    "unpriced_models": "`model`, `requests` and `total_tokens` of the requests that no price is known for",
    "issues": "`count`, and `by_kind` with the number of cases of each kind",
    "range": "`since` and `until` as asked for, `first` and `last` request",
    "period": "`daily`, `weekly`, `monthly` or `total`",
    "by": "the groups",
    "tz": "the time zone in which days begin",
    "version": "version of sessionframe",
}
"""Key of the JSON report -> its meaning. Later versions may add keys; they do not take any away."""


def report_json(report: UsageReport, *, version: str, since: str | None = None, until: str | None = None) -> str:
    """A report as one JSON object with the keys of `SHAPE`.

    Parameters
    ----------
    report
        The report.
    version
        Version of this package.
    since, until
        What the caller asked for.

    Returns
    -------
    str
        A number that is not known is null. ``cost_usd`` is an API-equivalent estimate at list prices, not a bill; it leaves out the
        ``unpriced_requests``.
    """
    home = ZoneInfo(report.tz)
    return json.dumps(
        {
            "rows": [{name: plain(value, home) for name, value in row.items()} for row in report.rows],
            "totals": report.totals,
            "unpriced_models": report.unpriced_models,
            "issues": {"count": sum(report.issues.values()), "by_kind": report.issues},
            "range": {"since": since, "until": until, "first": plain(report.first, home), "last": plain(report.last, home)},
            "period": report.period,
            "by": list(report.by),
            "tz": report.tz,
            "version": version,
        },
        indent=2,
    )


def report_csv(report: UsageReport) -> str:
    """The rows of a report as CSV with a header; the columns are the keys of the JSON rows. No row of totals.

    Texts that a spreadsheet would take for formulas begin with an apostrophe, see `sessionframe.report.formulas`.
    """
    home = ZoneInfo(report.tz)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(report.columns)
    values = ((plain(value, home) for value in row.values()) for row in report.rows)
    writer.writerows([harmless(value) if isinstance(value, str) else value for value in row] for row in values)
    return text.getvalue()


def plain(value: Any, home: ZoneInfo) -> Any:
    """A value as JSON and CSV hold it: a time as ISO 8601 text in the report's zone."""
    return value.astimezone(home).isoformat() if isinstance(value, dt.datetime) else value
