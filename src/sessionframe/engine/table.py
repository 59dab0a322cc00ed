"""One of the five tables: knows its columns at once, reads the logs when its rows are asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias, overload

from sessionframe.errors import OptionError, listed, nearest
from sessionframe.schema import CONTENT_COLUMNS, SCHEMA, TableName, TableSchema

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from sessionframe.engine.load import Tables
    from sessionframe.pricing import PriceList

Depth: TypeAlias = Literal["all"] | TableName
"""How much is read: model requests alone (`usage`), everything but text, or that and the text of one table, by its name."""
Answer: TypeAlias = "Callable[[TableName, Depth, list[str] | None, pl.Expr | None], pl.DataFrame]"
"""Table, depth, columns, filter -> at least the rows and columns that are asked for."""

HEAD_ROWS = 5
ENGINES = ("pandas", "polars")
TIME: dict[TableName, str] = {"sessions": "started_at", "messages": "at", "tool_calls": "at", "usage": "at"}
"""The column that says what span a table covers."""


class Some(NamedTuple):
    """Some columns of a table, and the issues of their reading."""

    rows: pl.DataFrame
    issues: pl.DataFrame


class Load(Protocol):
    """What brings tables."""

    def __call__(self, depth: Depth, columns: Collection[str] | None = None, *, for_pandas: bool = False) -> Tables:
        """The tables of a depth; all columns, or at least some where no more is asked for. Pandas loads meanwhile, if it is for it."""


class Table:
    """One table of a scan. Its rows are read on first use and kept.

    Attributes
    ----------
    name
        `sessions`, `messages`, `tool_calls`, `usage` or `issues`.
    schema
        The declaration: name, dtype, unit and meaning of every column.
    prices
        Own prices of the scan, which its costs come from; None without them.

    Notes
    -----
    Its frames have the helpers and charts as methods: ``t.to_frame().sf.tokens_by(by="model")``. Frames that come from elsewhere have
    them after ``import sessionframe.accessor``.

    Anything that speaks Arrow takes a table as it is: ``pyarrow.table(t)``, ``duckdb.sql("from t")``, ``polars.from_arrow(t)``.
    """

    def __init__(
        self,
        name: TableName,
        load: Load,
        answer: Answer,
        prices: PriceList | None = None,
        why_empty: Callable[[], str] = lambda: "",
    ) -> None:
        self.name = name
        self.prices = prices
        self._load = load
        self._answer = answer
        self._why_empty = why_empty

    @property
    def schema(self) -> TableSchema:
        """The declaration: name, dtype, unit and meaning of every column."""
        return SCHEMA[self.name]

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.schema.public]

    @property
    def issues(self) -> pl.DataFrame:
        """What the reading of this table could not read, price or count wholly, as a polars frame of the table `issues`.

        Beside `usage` this costs nothing; the table `issues` of a scan reads everything that there is to read.
        """
        return self._load(self._depth(content=False))["issues"].own.clone()

    @overload
    def to_frame(self, engine: Literal["pandas"] = ..., *, content: bool = ..., replays: bool = ...) -> pd.DataFrame: ...
    @overload
    def to_frame(self, engine: Literal["polars"], *, content: bool = ..., replays: bool = ...) -> pl.DataFrame: ...
    def to_frame(self, engine: str = "pandas", *, content: bool = False, replays: bool = False) -> pd.DataFrame | pl.DataFrame:
        """The rows as a frame.

        Parameters
        ----------
        engine
            ``pandas`` or ``polars``.
        content
            Fill the columns that hold text of the conversation: `content` of messages, `arguments` and `result` of tool
            calls, `first_prompt` of sessions. Takes longer and more memory.
        replays
            Keep rows that are copies of another session's history, marked by `is_replay`. Sums over them count twice.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            `usage` and `tool_calls` sorted by time, `sessions` by their beginning, `messages` by session and then as the log has
            them, `issues` by source and line. pandas has a RangeIndex. Unknown values are null (pandas: NA, NaN, NaT), never 0.

        Raises
        ------
        OptionError
            The engine is none of the two.
        """
        if engine not in ENGINES:
            raise OptionError(f"engine={engine!r} is not known.{nearest(str(engine), ENGINES)} Choose from {listed(ENGINES)}.")
        frame = self._frame(content=content, replays=replays, for_pandas=engine == "pandas")
        from sessionframe.frames.forward import offer_in_pandas, offer_in_polars

        if engine == "polars":
            offer_in_polars()
            return frame
        from sessionframe.frames.pandas import shared_texts, to_pandas  # pandas loads only when it is asked for

        offer_in_pandas()
        if not content or replays:
            return to_pandas(frame)
        del frame  # or its columns would keep the memory of the texts
        rows = self._load(self._depth(content=True))[self.name]
        own, _ = (shared_texts(part, CONTENT_COLUMNS.get(self.name, ())) for part in rows)  # both, for either holds all texts in memory
        return to_pandas(rows.own, own)

    def lazy(self, *, content: bool = False) -> pl.LazyFrame:
        """The rows as a polars LazyFrame; the logs are read when it is collected.

        Parameters
        ----------
        content
            As in `to_frame`.

        Returns
        -------
        polars.LazyFrame
            Only what the query needs is read, as far as that can be known beforehand: the sources of agents that its filter lets pass, and
            of what is kept from earlier scans the columns that it selects, of the sources that have rows for its filter (time, project,
            model, session and the like).
        """
        from polars.io.plugins import register_io_source

        from sessionframe.frames.dtypes import polars_schema
        from sessionframe.frames.forward import offer_in_polars

        offer_in_polars()

        def source(
            columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
        ) -> Iterator[pl.DataFrame]:
            del batch_size  # a hint; everything is in memory
            frame = self._answer(self.name, self._depth(content=content), columns, predicate)
            rows = (frame if n_rows is None else frame.head(n_rows)).lazy()
            rows = rows if predicate is None else rows.filter(predicate)
            yield (rows if columns is None else rows.select(columns)).collect()

        return register_io_source(source, schema=polars_schema(self.schema), is_pure=True)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._frame(content=False, replays=False).__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return self._frame(content=False, replays=False).height

    def __repr__(self) -> str:
        return f"<{self._described()}>"

    def _repr_html_(self) -> str:
        import html  # only notebooks need it

        head = self._frame(content=False, replays=False).head(HEAD_ROWS)
        return f"<p>{html.escape(self._described())}</p>{head._repr_html_()}"

    def _described(self) -> str:
        """What the table is, in a line: rows, span, problems; why there are no rows."""
        import polars as pl

        frame = self._frame(content=False, replays=False)
        parts = [f"{frame.height:,} rows"]
        if self.name in TIME and frame.height:
            ends = frame.select(first=pl.col(TIME[self.name]).min(), last=pl.col(TIME[self.name]).max()).row(0)
            parts.append(" to ".join(f"{end:%Y-%m-%d}" for end in ends) + " UTC" if None not in ends else "no times")
        if self.name != "issues":
            parts += [why] if not frame.height and (why := self._why_empty()) else []
            parts.append(f"{self.issues.height:,} issues")
        return f"sessionframe {self.name}: {', '.join(parts)}"

    def _depth(self, *, content: bool) -> Depth:
        """How much must be read for this table."""
        if content and self.name in CONTENT_COLUMNS:
            return self.name
        return "usage" if self.name == "usage" else "all"

    def _frame(self, *, content: bool, replays: bool, for_pandas: bool = False) -> pl.DataFrame:
        rows = self._load(self._depth(content=content), for_pandas=for_pandas)[self.name]
        from sessionframe.engine.assemble import with_copies  # loads polars, so not before workers have begun

        # a clone shares its columns, so that a caller who changes his frame does not change the next one
        return with_copies(self.name, rows) if replays else rows.own.clone()


def some_of(table: Table, columns: Collection[str]) -> Some:
    """At least some columns of a table in its order, and what could not be read, priced or counted wholly.

    For what needs no more of `usage`: the others are neither loaded nor held.
    """
    found = table._load(table._depth(content=False), columns)  # noqa: SLF001 - a table has no method that users should not see
    return Some(found[table.name].own.clone(), found["issues"].own.clone())
