"""Lines of a transcript -> one `sessions` row per thread with what only the transcript knows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec

from sessionframe.formats.smalljson import read_json
from sessionframe.providers.claude_code.records import AgentMeta, Record, Stamp
from sessionframe.providers.claude_code.sidecars import TITLE_RANK
from sessionframe.providers.claude_code.threads import Line, Place
from sessionframe.providers.contract import Source
from sessionframe.schema import SessionRow, TitleRow

LedgerState: TypeAlias = tuple[list[tuple[Stamp, float]], bool]
FIRST_PROMPT_CHARS = 200
WARM_UP = "Warmup"
"""First user text of the agents that older versions started only to fill the prompt cache."""


@dataclasses.dataclass(slots=True)
class Facts:
    """One thread's row in the making."""

    row: SessionRow
    ledger: Ledger


class Ledger:
    """The CLI's own cost ledger of a main file: `cost-state` records.

    Each run of the CLI writes growing totals; a resumed run goes on from them when the CLI still knew the session and starts
    at zero when it did not. So: the last total of every run, added where a run's total fell below the one before.
    """

    def __init__(self) -> None:
        self.last: dict[Stamp, float] = {}
        self.incomplete = False

    @property
    def state(self) -> LedgerState:
        """What must be known to go on."""
        return list(self.last.items()), self.incomplete

    def go_on(self, state: LedgerState) -> None:
        """Be as it was when it gave this state."""
        self.last, self.incomplete = dict(state[0]), state[1]

    def add(self, record: Record) -> None:
        """Take a `cost-state` record."""
        if record.totalCostUSD is not None and record.totalCostUSD >= 0:
            self.last[record.startTime] = record.totalCostUSD
            self.incomplete = self.incomplete or bool(record.hasUnknownModelCost)

    def total(self) -> float | None:
        """What the CLI says the session cost [USD]; null when it says nothing."""
        closed, current = 0.0, None
        for total in self.last.values():
            if current is not None and total < current:
                closed += current
            current = total
        return None if current is None else closed + current


class Sessions:
    """Collects the facts of the threads of one source."""

    def __init__(self, source: Source, titles: Mapping[str, tuple[int, str]], *, content: bool) -> None:
        self._source = source
        self._titles = titles
        self._content = content
        self._found: dict[str, Facts] = {}

    @property
    def state(self) -> list[LedgerState]:
        """What must be known beside the rows to go on: the ledger of each thread."""
        return [facts.ledger.state for facts in self._found.values()]

    def go_on(self, state: list[LedgerState], rows: Iterable[SessionRow]) -> None:
        """Be as it was when it gave this state; the rows are those of the threads."""
        for ledger_state, row in zip(state, rows, strict=True):
            ledger = Ledger()
            ledger.go_on(ledger_state)
            self._found[row.session_id] = Facts(row, ledger)

    def see(self, line: Line) -> SessionRow:
        """Note a line of the conversation: its time, place, version."""
        record, place, at = line.record, line.place, line.at
        row = self._facts(place).row
        if at is not None:
            if row.started_at is None or at < row.started_at:
                row.started_at = at
            if row.ended_at is None or at > row.ended_at:
                row.ended_at = at
        if row.project is None:
            row.project, row.repo_root = place.project, place.repo_root
        row.git_branch = row.git_branch or place.git_branch
        row.agent_version = record.version or row.agent_version
        row.entrypoint = row.entrypoint or record.entrypoint
        if record.forkedFrom is not None and record.forkedFrom.sessionId is not None and row.kind == "main":
            row.kind, row.parent_session_id = "fork", record.forkedFrom.sessionId
        return row

    def title(self, place: Place, kind: str, text: str | None) -> None:
        """Note a title; of two of the same kind the later wins. Titles that quote a prompt need `content`."""
        if not text or (kind in {"last-prompt", "first-prompt"} and not self._content):
            return
        row = self._facts(place).row
        if TITLE_RANK[kind] >= row.title_rank:
            row.title, row.title_rank = text, TITLE_RANK[kind]

    def prompt(self, place: Place, text: str | None) -> None:
        """Note a human prompt."""
        row = self._facts(place).row
        if text and self._content and row.first_prompt is None:
            row.first_prompt = text[:FIRST_PROMPT_CHARS]
            self.title(place, "first-prompt", row.first_prompt)

    def warm_up(self, place: Place, text: str | None) -> None:
        """Note the first order of a sub-agent."""
        if text == WARM_UP:
            self._facts(place).row.kind = "warmup"

    def cost(self, line: Line) -> None:
        """Note a record of the CLI's cost ledger."""
        self._facts(line.place).ledger.add(line.record)

    def rows(self) -> Iterator[tuple[SessionRow, Ledger]]:
        """The rows, each with the ledger it was filled from."""
        for facts in self._found.values():
            facts.row.recorded_cost_usd = facts.ledger.total()
            yield facts.row, facts.ledger

    def _facts(self, place: Place) -> Facts:
        facts = self._found.get(place.session_id)
        if facts is None:
            facts = self._found[place.session_id] = self._begin(place)
        return facts

    def _begin(self, place: Place) -> Facts:
        rank, title = self._titles.get(place.session_id, (0, None))
        row = SessionRow(
            session_id=place.session_id,
            root_session_id=place.root_session_id,
            kind=place.kind,
            title=title,
            title_rank=rank,
            project=place.project,
            repo_root=place.repo_root,
            source=place.source,
        )
        self._add_meta(row)
        return Facts(row, Ledger())

    def _add_meta(self, row: SessionRow) -> None:
        """What the sidecar of a sub-agent says; the call that started it is resolved over all files later."""
        meta = agent_meta(self._source.companions)
        row.subagent_type, row.spawn_call_id = meta.agentType, meta.toolUseId
        if row.session_id != row.root_session_id:
            row.parent_session_id = f"{row.root_session_id}/{meta.parentAgentId}" if meta.parentAgentId else row.root_session_id


def agent_meta(companions: tuple[str, ...]) -> AgentMeta:
    """The sidecar of a sub-agent's file; an empty one when there is none or it does not fit."""
    for path in companions:
        try:
            return msgspec.convert(read_json(path), AgentMeta, strict=False)
        except msgspec.ValidationError:
            continue
    return AgentMeta()


def summary_title(line: Line) -> TitleRow | None:
    """A legacy `summary` names a conversation by its last record, which is often in another file."""
    summary, leaf = line.record.summary, line.record.leafUuid
    if not summary or not leaf:
        return None
    return TitleRow(record_id=leaf, title=summary, title_rank=TITLE_RANK["summary"], source=line.place.source, line=line.number)
