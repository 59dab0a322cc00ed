"""Options of the commands that read logs go in; a scan with a progress bar comes out.

Libraries that take long to load are imported inside, so that ``--help`` and mistakes answer at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from sessionframe.errors import OptionError

if TYPE_CHECKING:
    from sessionframe.engine import Logs


def flag(*names: str, help: str) -> Callable[[Callable[..., None]], Callable[..., None]]:  # noqa: A002 - as options call it
    """An option that is there or not."""
    return click.option(*names, is_flag=True, help=help)


SCAN_OPTIONS = (
    click.option("--agent", "-a", multiple=True, metavar="AGENT", help="Only this agent, e.g. claude-code. Repeatable."),
    click.option(
        "--home",
        multiple=True,
        metavar="[LABEL=]PATH",
        help="Another home folder: a sample, a backup, a colleague's machine. Repeatable; a label names it in the column host.",
    ),
    click.option("--root", multiple=True, metavar="AGENT=PATH", help="A folder of an agent in place of its usual ones. Repeatable."),
    click.option("--since", metavar="TIME", help="From this ISO date or time on."),
    click.option("--until", metavar="TIME", help="Up to this ISO date or time, itself not included."),
    click.option("--tz", metavar="ZONE", default="local", help="Time zone in which days begin, e.g. Europe/Berlin."),
    click.option("--project", multiple=True, metavar="PATH", help="Only this project folder and what is below it. Repeatable."),
    click.option("--prices", metavar="FILE", help="A file of own prices."),
    click.option("--jobs", type=int, metavar="N", help="Processes to read with; by default one per processor."),
)
"""The options of every command that reads logs; they mean the same everywhere, and the same as the arguments of `scan`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scan:
    """What `SCAN_OPTIONS` were given."""

    agent: Sequence[str]
    home: Sequence[str]
    root: Sequence[str]
    since: str | None
    until: str | None
    tz: str
    project: Sequence[str]
    prices: str | None
    jobs: int | None

    @property
    def roots(self) -> dict[str, list[str]] | None:
        """Agent -> folders, as `scan` takes them."""
        found: dict[str, list[str]] = {}
        for text in self.root:
            agent, equals, path = text.partition("=")
            if not equals or not agent or not path:
                raise OptionError(f"--root {text!r} is not of the form AGENT=PATH, e.g. claude-code=/mnt/pi/.claude.")
            found.setdefault(agent, []).append(path)
        return found or None

    @property
    def homes(self) -> str | dict[str, str] | None:
        """One home, or label -> home when there are several."""
        if not self.home:
            return None
        labelled = [labelled_home(text) for text in self.home]
        if len(labelled) == 1 and labelled[0][0] is None:
            return labelled[0][1]
        names = [label or path for label, path in labelled]
        if len(set(names)) < len(names):
            raise OptionError(f"--home: two homes have the same label: {', '.join(names)}. Give each its own, LABEL=PATH.")
        return dict(zip(names, (path for _, path in labelled), strict=True))

    @property
    def options(self) -> dict[str, Any]:
        """The options as arguments of `scan`; the agents are beside them."""
        return {
            "home": self.homes,
            "roots": self.roots,
            "since": self.since,
            "until": self.until,
            "tz": self.tz,
            "project": list(self.project) or None,
            "prices": self.prices,
            "n_jobs": self.jobs,
        }

    @property
    def told(self) -> dict[str, Any]:
        """The options and agents that were given, as another process can be told."""
        given = {"agents": list(self.agent), **self.options}
        return {name: value for name, value in given.items() if value and (name, value) != ("tz", "local")}

    @contextlib.contextmanager
    def logs(self) -> Iterator[Logs]:
        """Scan, with a progress bar while the logs are read."""
        from sessionframe.engine import scan
        from sessionframe.report.progress import progress_bar
        from sessionframe.zones import zone

        zone(self.tz)  # a mistake shows before the logs are read
        with progress_bar() as progress:
            yield scan(*self.agent, **self.options, progress=progress)


def labelled_home(text: str) -> tuple[str | None, str]:
    """A home with its label; a folder whose own name has an equals sign is taken as it is."""
    label, equals, path = text.partition("=")
    whole = not equals or os.path.isdir(text)  # noqa: PTH112 - loads nothing
    folder = os.path.expanduser(text if whole else path)  # noqa: PTH111 - loads nothing
    if not os.path.isdir(folder):  # noqa: PTH112 - loads nothing
        there = os.path.abspath(folder)  # noqa: PTH100 - loads nothing
        raise OptionError(f"--home {text!r}: there is no folder {there!r}. Give the home folder of a user; --root takes that of an agent.")
    return (None, folder) if whole else (label, folder)


def reads_logs(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `Scan` beside its own; it gets them as its first argument."""

    @functools.wraps(command)
    def run(**given: Any) -> None:
        command(Scan(**{field.name: given.pop(field.name) for field in dataclasses.fields(Scan)}), **given)

    for option in reversed(SCAN_OPTIONS):
        run = option(run)
    return run
