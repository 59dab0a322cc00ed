"""From an annotated row class to the declaration of its table: name, dtype, unit and meaning of every column."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

import msgspec

DType: TypeAlias = Literal["text", "int64", "float64", "bool", "datetime", "enum"]


POLARS_NAMES: dict[DType, str] = {
    "text": "String",
    "int64": "Int64",
    "float64": "Float64",
    "bool": "Boolean",
    "datetime": "Datetime(time_unit='us', time_zone='UTC')",
    "enum": "Enum",
}
PANDAS_NAMES: dict[DType, str] = {
    "text": "str",
    "int64": "Int64",
    "float64": "float64",
    "bool": "boolean",
    "datetime": "datetime64[us, UTC]",
    "enum": "category",
}
"""How the two engines call each dtype; `sf.schema()` and docs/tables.md print it."""


class About(msgspec.Struct, frozen=True):
    """What is declared of a column beside its type: meaning, unit, and whether users ever see it."""

    meaning: str
    unit: str | None = None
    internal: bool = False


class Instant(msgspec.Struct, frozen=True):
    """Marks an integer field as a point in time: microseconds since 1970 in UTC."""


Time: TypeAlias = Annotated[int, Instant()]


class Column(msgspec.Struct, frozen=True):
    """One column of a table."""

    name: str
    dtype: DType
    meaning: str
    unit: str | None = None
    categories: tuple[str, ...] = ()
    internal: bool = False


class TableSchema(msgspec.Struct, frozen=True):
    """One table: its row class and its columns in order."""

    name: str
    meaning: str
    row: type[msgspec.Struct]
    columns: tuple[Column, ...]

    @property
    def public(self) -> tuple[Column, ...]:
        """The columns that users see."""
        return tuple(column for column in self.columns if not column.internal)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


PLAIN: dict[type, DType] = {str: "text", int: "int64", float: "float64", bool: "bool"}


def dtype_of(annotation: Any) -> tuple[DType, tuple[str, ...]]:
    """The dtype that an annotation stands for, and the categories of an enum."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return ("datetime", ()) if any(isinstance(mark, Instant) for mark in marks) else dtype_of(inner)
    if get_origin(annotation) is Literal:
        return "enum", get_args(annotation)
    if get_origin(annotation) in (types.UnionType, typing.Union):
        (inner,) = (arm for arm in get_args(annotation) if arm is not types.NoneType)
        return dtype_of(inner)
    return PLAIN[annotation], ()


def about_of(annotation: Any, field: str) -> About:
    """The declaration attached to an annotation."""
    for mark in get_args(annotation)[1:]:
        if isinstance(mark, About):
            return mark
    raise TypeError(f"column {field} is declared without its meaning")


@functools.cache
def table_schema(row: type[msgspec.Struct], name: str) -> TableSchema:
    """Read a row class into the declaration of its table.

    The modules of the tables do not import `annotations` from `__future__`: Python would have to compile every column's text here.
    """
    hints = get_type_hints(row, include_extras=True)
    columns = []
    for field in row.__struct_fields__:
        about = about_of(hints[field], field)
        dtype, categories = dtype_of(get_args(hints[field])[0])
        columns.append(Column(field, dtype, about.meaning, about.unit, categories, about.internal))
    return TableSchema(name, inspect.cleandoc(row.__doc__ or "").splitlines()[0], row, tuple(columns))
