"""The doors of the helpers: a `Table` or a frame of any engine comes in as a narwhals frame, the result leaves as the caller's engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar, overload, runtime_checkable

import narwhals as nw
from narwhals.typing import IntoFrame

from sessionframe.errors import ColumnError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

By: TypeAlias = str | Sequence[str]
Frame: TypeAlias = "nw.DataFrame[Any]"
FrameT = TypeVar("FrameT", bound=IntoFrame)
Options = ParamSpec("Options")

DTYPES = {"Float64": "float64", "bool": "boolean"}
"""What pandas makes of a quotient of two counts and of a comparison -> what the tables have."""


@runtime_checkable
class TableLike(Protocol):
    """A table of a scan; it becomes a pandas frame."""

    def to_frame(self) -> pd.DataFrame:
        """The table as a frame."""
        ...


class Helper(Protocol[Options]):
    """What type checkers know of a helper: a frame gives a frame of its engine, a table gives a pandas frame."""

    @overload
    def __call__(self, frame: FrameT, /, *args: Options.args, **options: Options.kwargs) -> FrameT: ...
    @overload
    def __call__(self, frame: TableLike, /, *args: Options.args, **options: Options.kwargs) -> pd.DataFrame: ...


def helper(function: Callable[Concatenate[Any, Options], Any]) -> Helper[Options]:
    """Declare a function of a frame as a helper. It stays the function that it is."""
    return function


def opened(frame: object, needed: Iterable[str], *, needed_by: str, whole: bool = False) -> Frame:
    """The needed columns of a table or frame, or with `whole` all of them, for the helpers' one body.

    Raises
    ------
    ColumnError
        A needed column is missing.
    TypeError
        `frame` is no frame of an engine that narwhals knows.
    """
    lazy: Any = nw.from_native(frame.to_frame() if isinstance(frame, TableLike) else frame)
    names = list(dict.fromkeys(needed))
    present = lazy.collect_schema().names()
    if missing := set(names) - set(present):
        raise ColumnError(missing, needed_by, present)
    chosen = lazy if whole else lazy.select(names)
    return chosen.collect() if isinstance(chosen, nw.LazyFrame) else chosen


def closed(frame: Frame, counts: Iterable[str] = ()) -> Any:
    """The result as a frame of its engine; in pandas, numbers and truth values have the dtypes that they have in every table."""
    native = frame.to_native()
    if not frame.implementation.is_pandas():
        return native
    made = {name: DTYPES[str(dtype)] for name, dtype in native.dtypes.items() if str(dtype) in DTYPES}
    return native.astype(made | dict.fromkeys(counts, "Int64")).reset_index(drop=True)


def anywhere(frame: Frame, function: Callable[[Frame], Frame]) -> Frame:
    """What a function makes of a frame, where other engines than the two cannot do all of it: polars does it for them.

    Evidence: a pyarrow table knows neither quantiles of groups nor the row before within a group, and its medians are approximate.
    """
    if frame.implementation.is_pandas() or frame.implementation.is_polars():
        return function(frame)
    return from_polars(function(nw.from_native(frame.to_polars(), eager_only=True)).to_native(), frame)


def from_polars(found: pl.DataFrame, like: Frame) -> Frame:
    """A polars frame in the engine of another frame, with the dtypes that the tables have there."""
    if like.implementation.is_polars():
        return nw.from_native(found, eager_only=True)
    if like.implementation.is_pandas():
        from sessionframe.frames.pandas import to_pandas  # loads pandas, which is here already

        return nw.from_native(to_pandas(found), eager_only=True)
    import polars as pl

    plain = found.to_arrow(compat_level=pl.CompatLevel.oldest())  # other engines know no views of text yet
    return nw.from_arrow(plain, backend=like.implementation)


def extended(frame: Frame, floats: Iterable[str], counts: Iterable[str] = ()) -> Any:
    """The caller's own rows with columns added, as a frame of its engine: of the rest nothing changes, not even the index."""
    native = frame.to_native()
    if not frame.implementation.is_pandas():
        return native
    return native.astype(dict.fromkeys(floats, "float64") | dict.fromkeys(counts, "Int64"))


def names_of(by: By) -> list[str]:
    """One name or several, as a list."""
    return [by] if isinstance(by, str) else list(dict.fromkeys(by))
