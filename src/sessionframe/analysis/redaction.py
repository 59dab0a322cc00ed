"""Frames with text go in; the same with marks in the places of secrets come out, or a list of what was found, never a secret itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import narwhals as nw

from sessionframe.analysis._doors import Frame, closed, from_polars, helper, opened
from sessionframe.analysis._secret_places import places, redacted
from sessionframe.analysis._secret_rules import Rule, rule_set
from sessionframe.analysis.privacy import categories_of, is_word, known_categories

Rules: TypeAlias = Mapping[str, str | re.Pattern[str]]
WHERE = ("agent", "session_id", "source")
"""Columns of text that tell where a finding is."""
NUMBERS = frozenset({"line", "count"})


@helper
def redact(frame: Any, *, rules: Rules | None = None) -> Any:
    """Replace each secret that is found in the text of a frame by a mark that names the rule it was found by.

    Every column of text is searched, those that you added too. What is searched for are the patterns of `detect-secrets` (keys of some
    twenty services, passwords in URLs, values of names such as ``password``), and some for what agents meet and it does not know: keys
    of Anthropic, OpenAI, Google, Hugging Face and GitHub, private keys as a whole, variables as ``.env`` files have them. It needs the
    extra ``sessionframe[redact]``. Nothing is sent anywhere.

    No search proves that a text is clean: a password in a sentence has no pattern. What is not needed is best left out, with `anonymise`
    or without ``content=True``.

    Parameters
    ----------
    frame
        A table, or a frame of any engine that narwhals knows. A table has no text of prompts, answers and results; ask for it:
        ``redact(logs.messages.to_frame(content=True))``. A lazy frame is collected.
    rules
        Further rules: name -> regular expression of the secrets.

    Returns
    -------
    frame of the same engine (pandas for a table)
        The same rows, columns and order; in texts, secrets are replaced by marks such as ``[redacted: AWS Access Key]``. Texts
        without a secret, nulls and other columns are as they were. Columns of categories that the tables do not have become text.

    Raises
    ------
    SessionFrameError
        detect-secrets is not installed.
    OptionError
        An own rule is no regular expression, or its name is taken.

    See Also
    --------
    find_secrets : what would be replaced, and where.

    Examples
    --------
    >>> import polars as pl, sessionframe as sf
    >>> frame = pl.DataFrame({"content": ["curl -u bob https://bob:correct-horse@example.com"]})
    >>> sf.redact(frame)["content"][0]
    'curl -u bob https://bob:[redacted: Basic Auth Credentials]@example.com'
    """
    rows, known = opened(frame, (), needed_by="redact", whole=True), rule_set(rules)
    made = [column for name in texts_of(rows) if (column := without_secrets(rows, name, known)) is not None]
    native = rows.with_columns(*made).to_native() if made else rows.to_native()
    if rows.implementation.is_pandas() and native.attrs:
        native = native.copy(deep=False)
        native.attrs = {}  # notes on the frame can have anything in them
    return native


@helper
def find_secrets(frame: Any, *, rules: Rules | None = None) -> Any:
    """Where the text of a frame has secrets, by the rules of `redact`. No value is shown.

    Parameters
    ----------
    frame
        As in `redact`.
    rules
        Further rules: name -> regular expression of the secrets.

    Returns
    -------
    frame of the same engine (pandas for a table)
        One row per record, column and rule, in the order of the frame: `agent`, `session_id`, `source` (texts; null where the frame
        does not have them), `line` (line number or row id, null likewise), `column`, `rule`, `count` (secrets; at least 1). Should
        an id or a path hold a secret itself, it is redacted. No rows where nothing was found, which proves nothing.

    Raises
    ------
    SessionFrameError
        detect-secrets is not installed.
    OptionError
        An own rule is no regular expression, or its name is taken.

    Examples
    --------
    >>> import polars as pl, sessionframe as sf
    >>> frame = pl.DataFrame({"line": [7], "content": ["export DB_PASSWORD=hunter22 API_KEY=hunter23"]})
    >>> sf.find_secrets(frame).select("line", "column", "rule", "count").rows()
    [(7, 'content', 'Secret Variable', 2)]
    """
    import polars as pl  # loads on first use

    rows, known = opened(frame, (), needed_by="find_secrets", whole=True), rule_set(rules)
    names = texts_of(rows)
    found = sorted(
        (row, place, rule, count) for place, name in enumerate(names) for row, rule, count in findings(texts_in(rows, name), known)
    )
    taken = [row for row, *_ in found]
    columns: dict[str, Any] = {name: [cleaned(str(text), known) if text else None for text in cells(rows, name, taken)] for name in WHERE}
    columns["line"] = [int(line) if isinstance(line, int | float) and line == line else None for line in cells(rows, "line", taken)]  # noqa: PLR0124 - NaN
    columns["column"] = [cleaned(names[place], known) for _, place, _, _ in found]
    columns |= {"rule": [rule for _, _, rule, _ in found], "count": [count for *_, count in found]}
    schema = {name: pl.Int64 if name in NUMBERS else pl.String for name in columns}
    return closed(from_polars(pl.DataFrame(columns, schema), rows))


def cells(rows: Frame, name: str, taken: Sequence[int]) -> list[Any]:
    """The values of a column in some rows; None where the frame has no such column."""
    if name not in rows.columns:
        return [None] * len(taken)
    every = rows[name].to_list()
    return [every[row] for row in taken]


def findings(texts: Sequence[Any], rules: Sequence[Rule]) -> Iterator[tuple[int, str, int]]:
    """Row, rule and number of secrets; a text that occurs more than once is searched once."""
    counts = {text: Counter(place.rule for place in places(text, rules)) for text in {text for text in texts if isinstance(text, str)}}
    for row, text in enumerate(texts):
        if isinstance(text, str):
            yield from ((row, rule, count) for rule, count in counts[text].items())


def without_secrets(rows: Frame, name: str, rules: Sequence[Rule]) -> nw.Series[Any] | None:
    """A column with marks; nothing if it has no secret."""
    texts = texts_in(rows, name)
    clean = {text: cleaned(text, rules) for text in {text for text in texts if isinstance(text, str)}}
    clean = {text: other for text, other in clean.items() if text != other}
    if not clean and rows.schema[name] == nw.String:
        return None
    made = [clean.get(text, text) if isinstance(text, str) else text for text in texts]
    if rows.implementation.is_pandas() and rows[name].to_native().dtype == object:  # which has texts and anything else
        return nw.new_series(name, made, backend=rows.implementation)
    # what is no text is missing: pandas says so with a float
    return nw.new_series(name, [text if isinstance(text, str) else None for text in made], nw.String(), backend=rows.implementation)


def cleaned(text: str, rules: Sequence[Rule]) -> str:
    """A text with marks in the places of secrets."""
    return redacted(text, found) if (found := places(text, rules)) else text


def texts_in(rows: Frame, name: str) -> list[Any]:
    """The values of a column; of categories their names."""
    column = rows[name]
    return list((column.cast(nw.String) if is_word(column.dtype) else column).to_list())


def texts_of(rows: Frame) -> list[str]:
    """The columns in which anything could have been said: texts, and categories other than the declared ones."""
    return [name for name in rows.columns if could_say(rows, name)]


def could_say(rows: Frame, name: str) -> bool:
    """Whether a column can hold a secret."""
    dtype = rows.schema[name]
    if is_word(dtype):
        return dtype == nw.String or not known_categories(name).issuperset(categories_of(rows[name]))
    return dtype == nw.Object
