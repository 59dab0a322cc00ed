"""How the allocator of polars is told to give memory back."""

from __future__ import annotations

from typing import Final

FRUGAL: Final = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"}
"""Environment in which polars returns freed memory at once instead of keeping it for a while.

For processes that are wholly ours, the command line and the workers, and only before polars is imported: measured on 1 GB of logs
the peak falls from 257 to 198 MB and a report takes 3 % longer.
"""
