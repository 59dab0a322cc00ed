"""The table `issues`, and what each kind of issue means."""

from typing import Annotated, Literal

import msgspec

from sessionframe.schema import _shared as shared
from sessionframe.schema._column import About

IssueKind = Literal[
    "broken-line",
    "cut-off",
    "repaired",
    "bad-value",
    "not-a-record",
    "unknown-record",
    "missing-column",
    "missing-time",
    "unreadable",
    "orphan-result",
    "unpriced-model",
    "provider-failed",
    "estimate",
]


class IssueRow(shared.Row, kw_only=True, gc=False):
    """One thing not read, not priced or counted only partly."""

    agent: shared.Agent = None
    host: shared.Host = None
    source: Annotated[str | None, About("file it was found in; null when it concerns all of them")] = None
    line: Annotated[int | None, About("line number of the first case, counted from 1")] = None
    kind: Annotated[IssueKind, About("what is wrong; docs/problems.md says what each kind means and what to do")]
    detail: Annotated[str | None, About("what was found and what was done about it")] = None
    count: Annotated[int, About("how many cases this row stands for", "cases")] = 1


class Kind(msgspec.Struct, frozen=True):
    """What is declared of a kind of issue.

    Attributes
    ----------
    meaning
        What is wrong, and what it does to the numbers.
    example
        A `detail` as it is really written: some sample or test brings it about.
    advice
        What to do.
    """

    meaning: str
    example: str
    advice: str


NOTHING = "Nothing to do."
ISSUE_KINDS: dict[IssueKind, Kind] = {
    "broken-line": Kind(
        "The line is no JSON, usually after a crash. It is left out, the rest of the file is read.",
        "not JSON: Expecting ',' delimiter at character 91; complete records kept: 1",
        NOTHING,
    ),
    "cut-off": Kind(
        "The last line or the end of the file is missing: the agent is writing, or was ended. What is whole is read.",
        "not JSON: Unterminated string starting at at character 141",
        "Run again when the agent is done.",
    ),
    "repaired": Kind(
        "The record has what JSON does not allow, or a number written as text. It was mended and read; no number is lost.",
        "half characters (lone surrogates) replaced by U+FFFD",
        NOTHING,
    ),
    "bad-value": Kind(
        "A value cannot be what its field says, such as a negative count. It is null, the rest of the record is read.",
        "`message.usage.input_tokens`: -5 does not fit and was left out",
        "Sums leave it out. If a release of the agent always writes it, report it.",
    ),
    "not-a-record": Kind(
        "The line is JSON but no record. It is left out.",
        "a list where a record should be",
        "Nothing to do, unless every line of a file is like this: then it is not a log of this agent.",
    ),
    "unknown-record": Kind(
        "A record of a type that is not known: a newer version of the agent writes it. Everything else is read.",
        "record type 'brand-new-record'",
        "Update sessionframe, or report the type and the version of the agent.",
    ),
    "missing-column": Kind(
        "A field is missing that this version of the agent should write, or never wrote. What depends on it is null.",
        "a response does not state all its token counts: what depends on them is null",
        "Sums over these rows are a lower bound.",
    ),
    "missing-time": Kind(
        "A record without a usable time. It counts in totals, and belongs to no day.",
        "request without a usable timestamp",
        "With since= or until= such records are left out: read without them for a total.",
    ),
    "unreadable": Kind(
        "A file or folder cannot be read: no permission, a dangling link, damage, a disk that is not there. Nothing of it is counted.",
        "file is not a database",
        "Look at the file: permissions, links, a copy that was broken off. Read a whole copy with home= or roots=.",
    ),
    "orphan-result": Kind(
        "The result of a tool call whose call is in no file. It is left out.",
        "tool result without a call in any file; left out",
        "Nothing to do: the file that had the call was deleted or cut.",
    ),
    "unpriced-model": Kind(
        "What requests cost cannot be told: the model has no known price, or the log does not tell its name or all counts. Costs are null.",
        "model internal-preview-1: the price list does not have it, so its cost is null. A file of own prices can supply what is missing.",
        "Give its price with prices= or --prices FILE, or fetch newer prices with update_prices().",
    ),
    "provider-failed": Kind(
        "A fault in the code that reads an agent, not in your logs. What it failed at is left out, everything else is read.",
        "parse: ZeroDivisionError in parse.py, line 126",
        "Report it with the detail.",
    ),
    "estimate": Kind(
        "The agent did not write the exact number. What it wrote was taken, or left out, as the detail says.",
        "the counter did not begin at zero: earlier requests were taken out of the file and are not counted",
        "Take the numbers of this file as the detail says, often as a lower bound.",
    ),
}
"""Kind of issue -> what it means. The one place: the command line, the documentation and the tests read it from here."""
