"""Qwen Code: logs of its sessions and sub-agents, its ledger of requests, and the recordings of its first versions -> rows."""

from __future__ import annotations

from sessionframe.providers.contract import OnFirstUse, Provider
from sessionframe.providers.qwen.info import INFO
from sessionframe.providers.qwen.locations import discover, remains, roots

PROVIDER = Provider(
    info=INFO,
    version=2,
    roots=roots,
    discover=discover,
    parse=OnFirstUse("sessionframe.providers.qwen.parse:parse"),
    prepare=OnFirstUse("sessionframe.providers.qwen.ledger:prepare"),
    remains=remains,
)
