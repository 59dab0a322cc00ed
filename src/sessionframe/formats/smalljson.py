"""The path of a small JSON file goes in (settings, an index, a sidecar); its value comes out, or nothing where there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sessionframe.formats.files import open_bytes
from sessionframe.formats.salvage import without_halves


def read_json(path: str | Path) -> Any:
    """A small JSON file, its texts without half characters; nothing when it is missing or broken: it only adds to what the logs say."""
    try:
        with open_bytes(path) as file:
            return json.loads(without_halves(file.read()).decode("utf-8-sig", errors="replace"))
    except (OSError, ValueError, RecursionError):
        return None
