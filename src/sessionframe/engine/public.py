"""Names of tables, agents and engines in, frames out: a table in one line, and what is declared of tables and agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, Unpack, overload

from sessionframe.engine.load import Progress
from sessionframe.engine.logs import scan
from sessionframe.engine.options import Home, Moment, PathLike, Project, Roots
from sessionframe.engine.table import ENGINES
from sessionframe.errors import OptionError, listed, nearest
from sessionframe.schema import PANDAS_NAMES, POLARS_NAMES, SCHEMA, TABLES, TableName

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from sessionframe.pricing import PriceList

Engine: TypeAlias = Literal["pandas", "polars"]


class ScanOptions(TypedDict, total=False):
    """The options of `scan`."""

    home: Home
    roots: Roots
    since: Moment
    until: Moment
    tz: str
    project: Project
    prices: PathLike | PriceList | None
    n_jobs: int | None
    progress: Progress | None


@overload
def to_frame(
    table: TableName,
    engine: Literal["pandas"] = ...,
    *,
    agents: str | Sequence[str] = ...,
    content: bool = ...,
    replays: bool = ...,
    **options: Unpack[ScanOptions],
) -> pd.DataFrame: ...
@overload
def to_frame(
    table: TableName,
    engine: Literal["polars"],
    *,
    agents: str | Sequence[str] = ...,
    content: bool = ...,
    replays: bool = ...,
    **options: Unpack[ScanOptions],
) -> pl.DataFrame: ...
def to_frame(
    table: TableName,
    engine: Engine = "pandas",
    *,
    agents: str | Sequence[str] = (),
    content: bool = False,
    replays: bool = False,
    **options: Unpack[ScanOptions],
) -> pd.DataFrame | pl.DataFrame:
    """Scan and return one table.

    Parameters
    ----------
    table
        ``sessions``, ``messages``, ``tool_calls``, ``usage`` or ``issues``.
    engine
        ``pandas`` or ``polars``.
    agents
        Agent types; none means all that are known.
    content, replays
        As in `Table.to_frame`.
    **options
        As in `scan`: ``home``, ``roots``, ``since``, ``until``, ``tz``, ``project``, ``prices``, ``n_jobs``, ``progress``.

    Returns
    -------
    pandas.DataFrame or polars.DataFrame
        Sorted as `Table.to_frame` says.

    Raises
    ------
    OptionError
        No such table or engine, or one of the options cannot be used.
    ProviderNotFoundError
        An agent is not known.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sf.to_frame("usage", engine="polars", since="2026-10-01")  # doctest: +SKIP
    """
    name = known_table(table)
    known_engine(engine)  # before anything is read
    chosen = (agents,) if isinstance(agents, str) else tuple(agents)
    return getattr(scan(*chosen, **options), name).to_frame(engine, content=content, replays=replays)  # type: ignore[no-any-return]


@overload
def schema(table: TableName | None = ..., engine: Literal["pandas"] = ...) -> pd.DataFrame: ...
@overload
def schema(table: TableName | None = ..., *, engine: Literal["polars"]) -> pl.DataFrame: ...
@overload
def schema(table: TableName | None, engine: Literal["polars"]) -> pl.DataFrame: ...
def schema(table: TableName | None = None, engine: Engine = "pandas") -> pd.DataFrame | pl.DataFrame:
    """What is declared of the columns of the tables.

    Parameters
    ----------
    table
        One table; by default all of them.
    engine
        ``pandas`` or ``polars``.

    Returns
    -------
    pandas.DataFrame or polars.DataFrame
        One row per column, in order: `table`, `column`, `dtype` (of polars), `pandas_dtype`, `unit`, `meaning`, `categories` (the
        values of an enum, comma-separated). `unit` and `categories` are null where there is none.

    Raises
    ------
    OptionError
        No such table or engine.

    Examples
    --------
    >>> import sessionframe as sf
    >>> sf.schema("issues", engine="polars")["column"].to_list()
    ['agent', 'host', 'source', 'line', 'kind', 'detail', 'count']
    """
    names = TABLES if table is None else (known_table(table),)
    rows = [
        {
            "table": name,
            "column": column.name,
            "dtype": POLARS_NAMES[column.dtype],
            "pandas_dtype": PANDAS_NAMES[column.dtype],
            "unit": column.unit,
            "meaning": column.meaning,
            "categories": ", ".join(column.categories) or None,
        }
        for name in names
        for column in SCHEMA[name].public
    ]
    return text_frame(rows, engine)


@overload
def providers(engine: Literal["pandas"] = ...) -> pd.DataFrame: ...
@overload
def providers(engine: Literal["polars"]) -> pl.DataFrame: ...
def providers(engine: Engine = "pandas") -> pd.DataFrame | pl.DataFrame:
    """Which columns each agent's logs can fill.

    Parameters
    ----------
    engine
        ``pandas`` or ``polars``.

    Returns
    -------
    pandas.DataFrame or polars.DataFrame
        One row per agent, table and column, in order: `agent`, `title`, `table`, `column`, `state` (``filled``, ``never``: the logs
        do not say, ``not yet``: they do, and it is not read so far), `reason` (null when filled).

    Raises
    ------
    OptionError
        No such engine.
    """
    from sessionframe.engine.registry import matrix

    return text_frame([cell._asdict() for cell in matrix()], engine)


def text_frame(rows: Sequence[Mapping[str, str | None]], engine: str) -> pd.DataFrame | pl.DataFrame:
    """Rows of text as a frame; there is at least one."""
    chosen = known_engine(engine)
    import polars as pl

    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))
    if chosen == "polars":
        return frame
    from sessionframe.frames.pandas import to_pandas  # pandas loads only when it is asked for

    return to_pandas(frame)


def known_table(table: str) -> TableName:
    """A name of a table, or an error that names them all."""
    for name in TABLES:
        if name == table:
            return name
    raise OptionError(f"table={table!r} is not known.{nearest(str(table), TABLES)} Choose from {listed(TABLES)}.")


def known_engine(engine: str) -> str:
    """A name of an engine, or an error that names both."""
    if engine not in ENGINES:
        raise OptionError(f"engine={engine!r} is not known.{nearest(str(engine), ENGINES)} Choose from {listed(ENGINES)}.")
    return engine
