"""A table of a scan goes in, a Parquet, CSV or JSON lines file comes out, whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import polars as pl

from sessionframe.errors import OptionError, listed
from sessionframe.report.formulas import harmless_frame
from sessionframe.report.streams import Sink
from sessionframe.report.target import write_target

if TYPE_CHECKING:
    from typing_extensions import Buffer

WRITERS: dict[str, Callable[[pl.DataFrame, Any], Any]] = {
    "parquet": lambda frame, file: frame.write_parquet(file),
    "csv": lambda frame, file: harmless_frame(frame).write_csv(file, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ"),
    "jsonl": lambda frame, file: frame.write_ndjson(file),
}
SLICE_ROWS = 10_000
SUFFIXES = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def file_format(path: str, chosen: str | None) -> str:
    """The format that was chosen, or that the suffix of the file tells.

    Raises
    ------
    OptionError
        The format is not known, or nothing tells it.
    """
    found = chosen or SUFFIXES.get(Path(path).suffix.lower())
    if found not in WRITERS:
        said = f"{chosen!r} is no format" if chosen else f"{path!r} does not tell the format"
        raise OptionError(f"{said}. Formats: {listed(WRITERS)}; suffixes: {listed(SUFFIXES)}.")
    return found


class Noting(io.RawIOBase):
    """Writes through to a file, and notes why it could not: of a full disk, the Parquet writer says only "transport error"."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.problem: OSError | None = None

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, part: Buffer) -> int:
        """Write all of some bytes."""
        try:
            return self._file.write(part)
        except OSError as problem:
            self.problem = self.problem or problem
            raise


def cleaner() -> Callable[[pl.DataFrame], pl.DataFrame]:
    """What replaces the secrets of a table.

    Raises
    ------
    SessionFrameError
        detect-secrets is not installed; that shows before any log is read.
    """
    from sessionframe.analysis._secret_rules import built_in_rules  # loads only where it is asked for
    from sessionframe.analysis.redaction import redact

    built_in_rules()
    return redact


def write_file(frame: pl.DataFrame, path: str, chosen: str) -> None:
    """Write a table to a file; see `write_target`."""

    def fill(file: IO[bytes]) -> None:
        noting = Noting(file)
        try:
            WRITERS[chosen](frame, noting)
        except (OSError, pl.exceptions.PolarsError) as problem:
            raise noting.problem or problem from problem

    write_target(path, fill)


def check_stream(chosen: str) -> None:
    """Refuse what is no text, before any log is read.

    Raises
    ------
    OptionError
        The format is Parquet.
    """
    if chosen == "parquet":
        raise OptionError("Parquet is not written to standard output. Give a file with --to, or --format csv or jsonl.")


def write_stream(frame: pl.DataFrame, stream: Sink, chosen: str) -> None:
    """Write to an open stream, some rows at a time.

    Through Python's own `write`: polars takes the file behind a stream, and reports a closed pipe as an error like any other.
    """
    slices = frame.iter_slices(SLICE_ROWS) if frame.height else [frame]
    for place, rows in enumerate(slices):
        text = io.BytesIO()
        WRITERS[chosen](rows, text)
        _, _, without_header = text.getvalue().partition(b"\n")
        stream.write(without_header if place and chosen == "csv" else text.getvalue())
