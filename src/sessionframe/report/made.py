"""What a usage report is: plain values, so that one that was made before can be shown without any frame library."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    """A usage report, ready to be shown.

    Attributes
    ----------
    period
        ``daily``, ``weekly``, ``monthly`` or ``total``.
    by
        Names of the groups, in order.
    tz
        Name of the time zone in which the periods begin.
    columns
        Names of the columns of `rows`, in order: ``start`` (datetime) and ``period`` (text) unless the period is ``total``; one per group
        (with ``session`` also ``started`` and ``project``, on request ``title``); the measures.
    rows
        One per period and group, sorted by period, then cost in descending order.
    totals
        The measures over all rows.
    unpriced_models
        Models of which some requests have no known price: ``model``, ``requests``, ``total_tokens`` of those requests.
    issues
        Kind of issue -> number of cases.
    first, last
        Times of the first and the last request; null without requests.
    """

    period: str
    by: tuple[str, ...]
    tz: str
    columns: list[str]
    rows: list[dict[str, Any]]
    totals: dict[str, Any]
    unpriced_models: list[dict[str, Any]]
    issues: dict[str, int]
    first: dt.datetime | None
    last: dt.datetime | None
