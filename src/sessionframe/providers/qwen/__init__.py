"""Qwen Code: logs of its sessions and sub-agents, its ledger of requests, and the recordings of its first versions -> rows."""

from __future__ import annotations

from sessionframe.providers.contract import Provider
from sessionframe.providers.qwen.info import INFO
from sessionframe.providers.qwen.ledger import prepare
from sessionframe.providers.qwen.locations import discover, roots
from sessionframe.providers.qwen.parse import parse

PROVIDER = Provider(
    info=INFO,
    version=1,
    roots=roots,
    discover=discover,
    parse=parse,
    prepare=prepare,
)
