"""Gemini CLI: recordings of its sessions, as whole documents up to 0.38 and as logs of changes since, -> rows."""

from __future__ import annotations

from sessionframe.providers.contract import OnFirstUse, Provider
from sessionframe.providers.gemini.info import INFO
from sessionframe.providers.gemini.locations import discover, remains, retention, roots
from sessionframe.providers.gemini.projects import prepare

PROVIDER = Provider(
    info=INFO,
    version=2,
    roots=roots,
    discover=discover,
    parse=OnFirstUse("sessionframe.providers.gemini.parse:parse"),
    prepare=prepare,
    retention=retention,
    remains=remains,
)
