"""Codex: rollouts of the CLI, its editor extensions and its app -> rows."""

from __future__ import annotations

from sessionframe.providers.codex.info import INFO
from sessionframe.providers.codex.locations import discover, remains, roots
from sessionframe.providers.contract import OnFirstUse, Provider

PROVIDER = Provider(
    info=INFO,
    version=3,
    roots=roots,
    discover=discover,
    parse=OnFirstUse("sessionframe.providers.codex.parse:parse"),
    prepare=OnFirstUse("sessionframe.providers.codex.names:prepare"),
    basis=OnFirstUse("sessionframe.providers.codex.names:basis"),
    originals=OnFirstUse("sessionframe.providers.codex.typescript:originals"),
    remains=remains,
)
