"""What a generator wrote, counted while it wrote it: the numbers that a right reader must get from the files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from sessionframe.machine import Repositories


@dataclass(slots=True)
class Tokens:
    """Model requests and their tokens, in the columns of the table `usage`.

    Attributes
    ----------
    requests
        Model requests, each counted once.
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens
        Disjoint sums [tokens].
    cache_write_1h_tokens
        Part of `cache_write_tokens`.
    reasoning_tokens
        Part of `output_tokens`, where the log says so.
    web_searches
        Searches run by the vendor.
    """

    requests: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    web_searches: int = 0

    def add(self, other: Tokens) -> None:
        """Count the requests of another sum too."""
        self.requests += other.requests
        self.input_tokens += other.input_tokens
        self.cache_read_tokens += other.cache_read_tokens
        self.cache_write_tokens += other.cache_write_tokens
        self.cache_write_1h_tokens += other.cache_write_1h_tokens
        self.output_tokens += other.output_tokens
        self.reasoning_tokens += other.reasoning_tokens
        self.web_searches += other.web_searches

    @property
    def context(self) -> int:
        """All input of a request."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


@dataclass(slots=True)
class Tally(Tokens):
    """Everything that is counted of a thread, an agent or a home.

    Attributes
    ----------
    prompts
        Prompts that a person gave.
    tool_calls, tool_errors, denials, interruptions
        Calls, and those that ended with the status `error`, `denied` or `interrupted`.
    compactions
        Times a history was replaced by a summary.
    replayed_requests
        Requests repeated by copies (resume, fork); part of no other number.
    recorded_cost_usd
        Cost that the log itself states [USD].
    """

    prompts: int = 0
    tool_calls: int = 0
    tool_errors: int = 0
    denials: int = 0
    interruptions: int = 0
    compactions: int = 0
    replayed_requests: int = 0
    recorded_cost_usd: float = 0.0


@dataclass(slots=True)
class Thread(Tally):
    """The counts of one conversation or sub-agent thread, its own sub-agents left out.

    Attributes
    ----------
    agent, parent, project, title
        What the table `sessions` says of it.
    """

    agent: str = ""
    parent: str | None = None
    project: str = ""
    title: str | None = None


@dataclass(slots=True)
class Truth:
    """The exact content of a synthetic home.

    Attributes
    ----------
    files, lines, bytes
        Transcripts, their lines and their size.
    sessions, subagents
        Conversations, and threads that the agent itself started (workflow agents and the like included).
    total
        Counts of the whole home.
    by_agent, by_session
        The same counts per agent type and per thread id.
    by_model, by_day, by_project, by_repo_root
        Requests and tokens per model, per day in UTC, per working directory and per repository.
    """

    files: int = 0
    lines: int = 0
    bytes: int = 0
    sessions: int = 0
    subagents: int = 0
    total: Tally = field(default_factory=Tally)
    by_agent: dict[str, Tally] = field(default_factory=dict)
    by_session: dict[str, Thread] = field(default_factory=dict)
    by_model: dict[str, Tokens] = field(default_factory=dict)
    by_day: dict[str, Tokens] = field(default_factory=dict)
    by_project: dict[str, Tokens] = field(default_factory=dict)
    by_repo_root: dict[str, Tokens] = field(default_factory=dict)
    repositories: Repositories = field(default_factory=lambda: Repositories(look_on_disk=False), repr=False)

    def thread(self, session_id: str, *, agent: str, project: str, parent: str | None = None) -> Thread:
        """Begin the account of a new thread."""
        if parent is None:
            self.sessions += 1
        else:
            self.subagents += 1
        self.by_agent.setdefault(agent, Tally())
        return self.by_session.setdefault(session_id, Thread(agent=agent, parent=parent, project=project))

    def file(self, lines: int, size: int) -> None:
        """A transcript is complete."""
        self.files += 1
        self.lines += lines
        self.bytes += size

    def request(self, thread: Thread, tokens: Tokens, *, model: str, project: str, at_ms: int) -> None:
        """A model request that counts."""
        day = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d")
        root = self.repositories.root(project) or project
        for group, key in ((self.by_model, model), (self.by_day, day), (self.by_project, project), (self.by_repo_root, root)):
            group.setdefault(key, Tokens()).add(tokens)
        for tally in (thread, self.by_agent[thread.agent], self.total):
            tally.add(tokens)

    def count(self, thread: Thread, **counts: int) -> None:
        """Anything else that is counted, by the name of its attribute of `Tally`."""
        for tally in (thread, self.by_agent[thread.agent], self.total):
            for name, number in counts.items():
                setattr(tally, name, getattr(tally, name) + number)

    def recorded(self, thread: Thread, cost_usd: float) -> None:
        """The log states the cost of a session."""
        for tally in (thread, self.by_agent[thread.agent], self.total):
            tally.recorded_cost_usd += cost_usd

    def to_json(self) -> str:
        """The whole account as JSON text, with the groups in the order of their names."""
        return json.dumps(dict(self._plain()), indent=1, ensure_ascii=False) + "\n"

    def _plain(self) -> Iterator[tuple[str, Any]]:
        for declared in fields(self):
            value = getattr(self, declared.name)
            if isinstance(value, dict):
                yield declared.name, {key: plain(value[key]) for key in sorted(value)}
            elif declared.name != "repositories":
                yield declared.name, plain(value) if isinstance(value, Tokens) else value


def plain(tokens: Tokens) -> dict[str, Any]:
    """The counts of a group as JSON knows them; costs rounded to what a float holds of them."""
    return {name: round(value, 9) if isinstance(value, float) else value for name, value in asdict(tokens).items()}
