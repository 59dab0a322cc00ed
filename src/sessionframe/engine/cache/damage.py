"""What is raised where the cache is not as its own notes say."""

from __future__ import annotations


class DamagedError(Exception):
    """A file that a manifest names is gone, or not as it was written."""
