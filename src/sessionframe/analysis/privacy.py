"""A frame or all logs go in; the same without text, with pseudonyms for everything that names a person, a place or a project, come out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

import narwhals as nw

from sessionframe.analysis import _public_words as public
from sessionframe.analysis._doors import Frame, FrameT, TableLike, opened
from sessionframe.dialects.tools import MCP_NAME
from sessionframe.errors import OptionError
from sessionframe.schema import SCHEMA, TABLES, Column

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from sessionframe.engine.logs import Logs

ANY = "\0"
DIGITS = 16
"""Hexadecimal digits of a pseudonym: two of a million names share one with a probability of 3 in 100 million."""


@dataclass(frozen=True, slots=True)
class Name:
    """How the values of a text column are hidden.

    Attributes
    ----------
    kind
        Beginning of its pseudonyms. The same value in columns of the same kind gets the same pseudonym, which keeps tables related.
    public
        Whether a value is public knowledge and stays; without it none is.
    """

    kind: str
    public: Callable[[str], bool] = lambda value: False


SESSION, MESSAGE, PATH = Name("session"), Name("message"), Name("path")

NAMES: dict[str, Name] = {
    "agent": Name("agent", public.AGENTS.__contains__),
    "session_id": SESSION,
    "root_session_id": SESSION,
    "parent_session_id": SESSION,
    "child_session_id": SESSION,
    "message_id": MESSAGE,
    "parent_id": MESSAGE,
    "request_id": Name("request"),
    "call_id": Name("call"),
    "host": Name("host"),
    "project": PATH,
    "repo_root": PATH,
    "path": PATH,
    "source": PATH,
    "git_branch": Name("branch"),
    "title": Name("title"),
    "model": Name("model", public.is_model),
    "vendor": Name("vendor", public.is_vendor),
    "price_key": Name("price", public.is_price_key),
    "tool": Name("tool", public.is_tool),
    "mcp_server": Name("server"),
    "command": Name("command", public.PROGRAMS.__contains__),
    "subagent_type": Name("subagent", public.SUBAGENTS.__contains__),
    "agent_version": Name("version", public.is_version),
    "entrypoint": Name("entrypoint", public.ENTRYPOINTS.__contains__),
    "speed": Name("option", public.OPTIONS.__contains__),
    "service_tier": Name("option", public.OPTIONS.__contains__),
    "inference_geo": Name("option", public.OPTIONS.__contains__),
    "evidence": Name("evidence", public.EVIDENCE.__contains__),
}
"""Text columns that become pseudonyms."""
TEXTS = frozenset({"first_prompt", "content", "arguments", "result", "detail"})
"""Text columns that are left out: they hold what was said."""


@overload
def anonymise(frame: TableLike, *, key: str | bytes | None = ..., keep: Collection[str] = ...) -> pd.DataFrame: ...
@overload
def anonymise(frame: FrameT, *, key: str | bytes | None = ..., keep: Collection[str] = ...) -> FrameT: ...
@overload
def anonymise(frame: Logs, *, key: str | bytes | None = ..., keep: Collection[str] = ...) -> dict[str, pd.DataFrame]: ...
@overload
def anonymise(
    frame: Logs, *, key: str | bytes | None = ..., keep: Collection[str] = ..., engine: Literal["polars"]
) -> dict[str, pl.DataFrame]: ...
def anonymise(frame: Any, *, key: str | bytes | None = None, keep: Collection[str] = (), engine: str = "pandas") -> Any:
    """Replace everything that names a person, a place or a project by pseudonyms, and leave out all text, to share the rest.

    What stays are numbers, times, kinds and statuses, and those names of agents, models, built-in tools and common programs that are
    public knowledge. What is not known to be public is hidden: ids, paths, branches, titles, hosts, MCP servers, own models, commands.
    Columns that the tables do not have are left out, because even their names can tell something; so anonymise tables first and
    analyse the result.

    Parameters
    ----------
    frame
        `Logs`, a table, or a frame of a table in any engine that narwhals knows, as it is, filtered or extended. A lazy frame is
        collected.
    key
        Secret that the pseudonyms depend on. With the same key the same name gets the same pseudonym, in every table and at any time;
        whoever has the key can test guesses, so do not share it with the data. Without one, a random key is used once and forgotten:
        pseudonyms fit within one call, so give `Logs` to keep tables related.
    keep
        Columns of your own that stay as they are. You have looked at them.
    engine
        ``pandas`` or ``polars``: the frames that are made of `Logs`.

    Returns
    -------
    frame of the same engine (pandas for a table), or for `Logs` a dict of table name to frame
        The rows in their order and the columns in theirs, with pseudonyms such as ``session-1f0c2d3e4a5b6c7d``. The columns
        `first_prompt`, `content`, `arguments`, `result` and `detail` are missing. Null stays null.

    Raises
    ------
    OptionError
        The key is empty, or `engine` is none of the two.
    ColumnError
        A column to keep is missing.

    Notes
    -----
    A pseudonym is the beginning of HMAC-SHA256 of the kind of name and the name. Pseudonyms are not anonymity in the sense of the law:
    times, sizes and habits remain, and who knows when somebody worked can recognise him.

    Examples
    --------
    >>> import sessionframe as sf
    >>> logs = sf.scan("claude-code", home=sf.testing.demo_home())
    >>> tables = sf.anonymise(logs, key="for this example only", engine="polars")
    >>> tables["sessions"].select("agent", "project", "git_branch", "title", "requests").row(0)
    ('claude-code', 'path-41ea92c57eae8164', 'branch-388ac0e3f55b5f98', 'title-0cb36e915327e9a0', 19)
    """
    from sessionframe.engine.logs import Logs
    from sessionframe.engine.public import known_engine

    secret = secret_of(key)
    if isinstance(frame, Logs):
        chosen: Any = known_engine(engine)
        return {name: hidden(getattr(frame, name).to_frame(chosen), secret, keep) for name in TABLES}
    return hidden(frame, secret, keep)


def secret_of(key: str | bytes | None) -> bytes:
    """The key as bytes; a random one if none is given."""
    if key is None:
        return secrets.token_bytes(32)
    if not key:
        raise OptionError("key is empty, so anybody could test guesses. Give a secret, or leave it out for a random one.")
    return key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key


def hidden(frame: Any, secret: bytes, keep: Collection[str]) -> Any:
    """One frame without text and with pseudonyms."""
    rows = opened(frame, keep, needed_by="anonymise", whole=True)
    columns = [name for name in rows.columns if name in keep or stays(rows, name)]
    made = [column for name in columns if name not in keep and (column := replaced(rows, name, secret)) is not None]
    native = rows.select(columns).with_columns(*made).to_native()
    if not rows.implementation.is_pandas():
        return native
    result = native.reset_index(drop=True)
    result.attrs = {}  # notes on the frame, and names of its axes, are text too
    result.columns.name = None
    return result


def stays(rows: Frame, name: str) -> bool:
    """Whether a column is one of the tables', holds what they have in it, and is no text."""
    declared, dtype = declared_columns(name), rows.schema[name]
    if not declared or name in TEXTS:
        return False
    if is_word(dtype):
        return name in NAMES or any(column.categories for column in declared)
    if name in NAMES:
        return dtype.is_numeric() or dtype == nw.Unknown  # ids that somebody numbered; a column of nulls
    return dtype.is_numeric() or dtype.is_temporal() or dtype == nw.Boolean


def declared_columns(name: str) -> list[Column]:
    """The declarations of a column in all tables that have it."""
    return [column for table in SCHEMA.values() for column in table.public if column.name == name]


def is_word(dtype: Any) -> bool:
    """Whether a column holds text."""
    return isinstance(dtype, nw.String | nw.Categorical | nw.Enum)


def replaced(rows: Frame, name: str, secret: bytes) -> nw.Series[Any] | None:
    """A column of text with pseudonyms; nothing for other columns."""
    if name not in NAMES and not is_word(rows.schema[name]):
        return None
    column = rows[name]
    if name not in NAMES and known_categories(name).issuperset(categories_of(column)):
        return None  # an enum as it is declared
    rule = NAMES.get(name) or Name(name, known_categories(name).__contains__)
    values = column.cast(nw.String).to_list()
    names = {value: shown(value, rule, secret) for value in set(values) if isinstance(value, str)}
    # what is no text is missing: pandas says so with a float
    shown_values = [names.get(value) if isinstance(value, str) else None for value in values]
    return nw.new_series(name, shown_values, nw.String(), backend=rows.implementation)


def categories_of(column: nw.Series[Any]) -> list[str]:
    """The values that an enum may have, whether or not a row has them. A column without such a list may have any."""
    if isinstance(column.dtype, nw.Enum):
        return list(column.dtype.categories)
    if column.dtype == nw.Categorical and column.implementation.is_pandas():
        return [str(value) for value in column.to_native().dtype.categories]
    return [ANY]


def known_categories(name: str) -> set[str]:
    """The declared values of an enum, in all tables that have it; a frame may have others, if somebody changed it."""
    return {value for column in declared_columns(name) for value in column.categories}


def shown(value: str, rule: Name, secret: bytes) -> str:
    """A public value itself, or a pseudonym; the tool of an MCP server names its server's."""
    if rule.public(value):
        return value
    if rule.kind == "tool" and (parts := MCP_NAME.match(value)):
        return f"mcp__{pseudonym(parts['server'], 'server', secret)}__{pseudonym(parts['tool'], 'tool', secret)}"
    return pseudonym(value, rule.kind, secret)


def pseudonym(value: str, kind: str, secret: bytes) -> str:
    """The same name for the same value of a kind under the same key."""
    message = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
    return f"{kind}-{hmac.digest(secret, message, hashlib.sha256).hex()[:DIGITS]}"
