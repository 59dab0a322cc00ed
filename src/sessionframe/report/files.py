"""A name and what fills the file go in; a file that only its owner can read is there afterwards, whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import IO

from sessionframe.cachefiles import CREATE

OWNER_ONLY = 0o600
"""What is written here comes out of transcripts; whoever wants to share a file can do so."""


def write_whole(path: str | Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Write beside the target first and move it there in one step, so that nobody ever reads half a file.

    The file is readable by its owner only from its first byte on, whoever could read one that it replaces.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(os.open(temporary, CREATE, OWNER_ONLY), "wb") as file:  # noqa: PTH123 - a number, not a path
            fill(file)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
