"""A frame of pandas or polars -> the helpers and charts as its own methods: `df.sf.tokens_by(by="model")`, `df.sf.plot.cost()`.

Nothing is computed here and no name is listed: the rooms `sessionframe.analysis` and `sessionframe.plot` say what they offer. They are
above this one and load, by their names, when a method is asked for.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from types import FunctionType, MethodType
from typing import Any

from sessionframe.errors import nearest

NAME = "sf"
FIRST = "frame"
"""What a function calls its first argument when a frame goes in."""


def offered(room: str, name: str) -> FunctionType | None:
    """The public function of a room that is called so, if a frame is what it takes first."""
    module = import_module(room)
    found = getattr(module, name) if name in module.__all__ else None
    return found if isinstance(found, FunctionType) and first_of(found) == FIRST else None


def first_of(function: FunctionType) -> str | None:
    """The name of a function's first argument."""
    return next(iter(inspect.signature(function).parameters), None)


class Forward:
    """The functions of a room as methods of a frame; signatures without it, docstrings are theirs."""

    _room = ""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __getattr__(self, name: str) -> Any:
        """A function of the room with the frame as its first argument."""
        if name.startswith("_"):
            raise AttributeError(name)  # what copying and display ask every object for
        function = offered(self._room, name)
        if function is None:
            raise AttributeError(f"{self._called()} has no {name!r}.{nearest(name, dir(self))} dir() lists what there is.")
        return MethodType(function, self._frame)

    def __dir__(self) -> list[str]:
        return sorted(name for name in import_module(self._room).__all__ if offered(self._room, name))

    def __repr__(self) -> str:
        return f"<{self._called()}: {', '.join(dir(self))}>"

    def _called(self) -> str:
        """What a user writes to get here."""
        return f"the accessor {NAME!r}"


class Charts(Forward):
    """The charts of `sessionframe.plot` as methods of a frame: ``df.sf.plot.cost()`` is ``sf.plot.cost(df)``."""

    _room = "sessionframe.plot"

    def _called(self) -> str:
        """What a user writes to get here."""
        return f"the accessor '{NAME}.plot'"


class Helpers(Forward):
    """The helpers of sessionframe as methods of a frame: ``df.sf.tokens_by(by="model")`` is ``sf.tokens_by(df, by="model")``."""

    _room = "sessionframe.analysis"

    @property
    def plot(self) -> Charts:
        """The charts."""
        return Charts(self._frame)

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), "plot"])


def offer_in_pandas() -> None:
    """Give frames of pandas the accessor, unless another library has taken its name."""
    import pandas as pd

    if not hasattr(pd.DataFrame, NAME):
        pd.api.extensions.register_dataframe_accessor(NAME)(Helpers)


def offer_in_polars() -> None:
    """Give eager and lazy frames of polars the namespace, unless another library has taken its name."""
    import polars as pl

    for kind, offer in ((pl.DataFrame, pl.api.register_dataframe_namespace), (pl.LazyFrame, pl.api.register_lazyframe_namespace)):
        if not hasattr(kind, NAME):
            offer(NAME)(Helpers)
