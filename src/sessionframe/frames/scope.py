"""Which rows the caller asked for: a range of time and projects. Frames in, smaller frames out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

import polars as pl

from sessionframe.frames.dtypes import TIME
from sessionframe.machine import flavoured

HOME = re.compile(
    r"^(?:~|/home/[^/]+|/Users/[^/]+|/root|/mnt/[a-z]/Users/[^/]+"
    r"|(?i:[a-z]:\\Users\\[^\\]+|\\\\wsl\.localhost\\[^\\]+\\(?:home\\[^\\]+|root)))(?=[\\/]|$)"
)
"""Where systems keep home folders, on both sides of WSL: what a folder that begins with `~` is compared with in a backup or a sample."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the caller asked for.

    Attributes
    ----------
    since, until
        Half-open range of `at` in microseconds since 1970 UTC: `since` is in it, `until` is not. None is unbounded.
    projects
        Host -> folders of which the row's project or repository must be one, or lie below one. Empty: every project.
    """

    since: int | None = None
    until: int | None = None
    projects: Mapping[str | None, tuple[str, ...]] = field(default_factory=dict)

    @property
    def everything(self) -> bool:
        """Nothing is left out."""
        return self.since is None and self.until is None and not self.projects

    @property
    def timeless(self) -> bool:
        """No range of time is given."""
        return self.since is None and self.until is None

    def cut(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows in the range and the projects; with a range, rows without a time are left out.

        Parameters
        ----------
        rows
            A frame with `at`, `host`, `project` and `repo_root`.
        """
        return self.only_projects(rows if self.timeless else rows.filter(self.in_range(pl.col("at"))))

    def in_range(self, at: pl.Expr) -> pl.Expr:
        """Whether a time lies in the range; without a range everything does."""
        inside = pl.lit(value=True)
        if self.since is not None:
            inside &= at >= pl.lit(self.since).cast(TIME)
        if self.until is not None:
            inside &= at < pl.lit(self.until).cast(TIME)
        return inside.fill_null(value=False)

    def only_projects(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows whose project or repository is asked for. Paths are compared once per distinct one."""
        if not self.projects:
            return rows
        seen = rows.select("host", "project", "repo_root").unique()
        wanted = [
            any(below(path, self.projects.get(host, ())) for path in (project, repo_root) if path is not None)
            for host, project, repo_root in seen.iter_rows()
        ]
        return rows.join(seen.filter(pl.Series(wanted, dtype=pl.Boolean)), on=seen.columns, how="semi", nulls_equal=True)


def below(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is one of the folders or lies below one, by the rules of the system it comes from."""
    own = flavoured(path)
    return any(way.is_relative_to(outer) for way, outer in comparable(own, folders))


def among(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is one of the folders, by the rules of the system it comes from."""
    own = flavoured(path)
    return any(way == outer for way, outer in comparable(own, folders))


def comparable(path: PurePath, folders: Iterable[str]) -> Iterator[tuple[PurePath, PurePath]]:
    """The path beside each folder of the same system; where the folder begins with `~`, the path from its home on."""
    system, written = type(path), str(path)
    home = HOME.match(written)
    for folder in folders:
        if folder == "~" or folder.startswith(("~/", "~\\")):
            if home:
                yield system("~" + written[home.end() :]), system(folder.replace("\\", "/"))
        elif isinstance(outer := flavoured(folder), system):
            yield path, outer
