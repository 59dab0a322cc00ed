"""Claude Code: transcripts of the CLI, its IDE extensions, the desktop program and Cowork -> rows."""

from __future__ import annotations

from sessionframe.providers.claude_code.info import INFO
from sessionframe.providers.claude_code.locations import discover, remains, retention, roots
from sessionframe.providers.claude_code.sidecars import basis, prepare
from sessionframe.providers.contract import OnFirstUse, Provider

PROVIDER = Provider(
    info=INFO,
    version=2,
    roots=roots,
    discover=discover,
    parse=OnFirstUse("sessionframe.providers.claude_code.parse:parse"),
    prepare=prepare,
    basis=basis,
    retention=retention,
    remains=remains,
)
