"""Charts are drawn without a screen."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import pytest


@pytest.fixture(autouse=True)
def _no_window() -> Iterator[None]:
    """Draw without a screen."""
    from matplotlib import pyplot as plt

    with mpl.rc_context():
        plt.switch_backend("Agg")
        yield
