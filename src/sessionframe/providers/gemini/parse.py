"""One recording of Gemini CLI -> rows: what is its own beside the shape that it shares with its fork."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sessionframe.dialects.google_usage import Counted, Reported, counted
from sessionframe.dialects.recording.place import Place
from sessionframe.dialects.recording.read import recording
from sessionframe.dialects.recording.records import Head
from sessionframe.formats.problems import Problems
from sessionframe.providers.contract import Context, ParsedRow, Source, Want
from sessionframe.providers.gemini.locations import identity
from sessionframe.providers.gemini.projects import Projects

NO_PROJECTS = Projects({}, {})


def parse(source: Source, want: Want, context: Context) -> Iterator[ParsedRow]:
    """The rows of one source. Nothing in it raises; what cannot be read becomes `issues` rows."""
    projects: Projects = context.prepared or NO_PROJECTS

    def locate(head: Head, folder: str | None) -> Place:
        session_id, root_session_id = source.session_id, source.root_session_id
        if source.kind == "main":  # a document says behind its messages that it is a sub-agent's, out of sight of the first bytes
            stated = session_id or head.sessionId or Path(source.path).name.partition(".json")[0]
            session_id, root_session_id = identity(source.path, stated, None, is_side=head.kind == "subagent")
        project = projects.of(source, head.projectHash) or folder or next(iter(head.directories or ()), None)
        return Place(
            session_id=session_id,
            root_session_id=root_session_id,
            kind="main" if session_id == root_session_id else "subagent",
            project=project,
            repo_root=context.machine.repositories.root(project),
            source=source.path,
        )

    return recording(source.path, want, locate, measure, vendor, raw=want.raw)


def measure(reported: Reported, problems: Problems, line: int) -> Counted:
    """The columns of a response: thoughts stand beside the output, always.

    Evidence: in 281 of 282 real replies in the program's own fixtures the total is prompt + candidates + thoughts + tool.
    """
    del problems, line
    return counted(reported, inside=False)


def vendor(model: str | None) -> str | None:
    """Who sells the model: only Google's own names are certain."""
    return "google" if model is not None and model.startswith(("gemini", "models/gemini")) else None
