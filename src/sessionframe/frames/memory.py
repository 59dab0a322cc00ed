"""How the allocator of polars is told to give memory back."""

from __future__ import annotations

from typing import Final

FRUGAL: Final = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"}
"""Environment in which polars returns freed memory at once instead of keeping it for a while.

For workers, and only before polars is imported: their frames are gone as soon as they are sent.
"""

CALM: Final = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:500,muzzy_decay_ms:0,narenas:1"}
"""Environment in which polars keeps freed memory for half a second, and one pool of it for all threads.

For the command line, a process that is wholly ours: measured on 1 GB of logs the peak falls from 257 to 235 MB and the time stays the
same; with `FRUGAL` it is 190 MB, and joining and sorting the frames takes 0.15 s longer.
"""
