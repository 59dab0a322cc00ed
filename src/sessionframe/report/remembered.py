"""The usage report of a scan. Where no log has changed since the same one was made, it is shown again and nothing is read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from sessionframe import cachefiles
from sessionframe.engine.cache.identity import digest_of, everything
from sessionframe.engine.table import some_of
from sessionframe.report.groups import columns_of, needed_for
from sessionframe.report.made import UsageReport
from sessionframe.zones import zone

if TYPE_CHECKING:
    from sessionframe.engine import Logs


class Remembered(msgspec.Struct, frozen=True, array_like=True):
    """A report and what it was made of."""

    fingerprint: bytes
    report: UsageReport


def report_of(logs: Logs, *, period: str, by: Sequence[str], tz: str, titles: bool) -> UsageReport:
    """A usage report, see `usage.usage_report`.

    Parameters
    ----------
    logs
        The scan.
    period, by, tz, titles
        As there. Titles can tell what was talked about, so reports with them are not kept.
    """
    zone_name = zone(tz).key
    homes = [(os.path.abspath(machine.home), machine.label) for machine in logs.machines]  # noqa: PTH100 - a text is needed
    name = f"report.{digest_of((homes, logs.limits, period, by, zone_name)).hex()[:16]}"
    before = None if titles else logs.look()
    if before is not None and before.is_kept and (report := read(name, before.fingerprint)) is not None:
        return report
    # before the libraries load: worker processes are at work meanwhile
    if titles:
        logs.sessions.to_frame("polars")
    else:
        some_of(logs.usage, needed_for(columns_of(period, by)))
    from sessionframe.report.usage import usage_report

    made = usage_report(logs, period=period, by=by, tz=zone_name, titles=titles)
    if before is not None and logs.is_sound:
        cachefiles.write(name, msgspec.msgpack.encode(Remembered(stamped(before.fingerprint), made)))
    return made


def read(name: str, fingerprint: bytes) -> UsageReport | None:
    """The report that was made of these logs by this code and these prices."""
    try:
        found = msgspec.msgpack.decode(cachefiles.read(name) or b"", type=Remembered)
    except msgspec.MsgspecError:
        return None
    return found.report if found.fingerprint == stamped(fingerprint) else None


def stamped(fingerprint: bytes) -> bytes:
    """What a report is made of: the logs, and everything that makes it."""
    return digest_of((fingerprint, everything()))
