"""The path of a small JSON file goes in (settings, an index, a sidecar); its value comes out, or nothing where there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sessionframe.formats.files import open_bytes


def read_json(path: str | Path) -> Any:
    """A small JSON file, or nothing when it is missing or broken: such files only add to what the logs say."""
    try:
        with open_bytes(path) as file:
            return json.loads(file.read().decode("utf-8-sig", errors="replace"))
    except (OSError, ValueError, RecursionError):
        return None
