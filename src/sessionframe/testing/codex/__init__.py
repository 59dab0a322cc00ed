"""The writer of Codex's logs: stories go in, ``.codex`` comes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionframe.testing.chance import Chance
from sessionframe.testing.claude_code.transcript import Clock
from sessionframe.testing.codex.rollout import FIRST_WITH_TURNS, OLD, VERSIONS, Line, Rollout, Version, uuid7
from sessionframe.testing.codex.talker import Account, Talker
from sessionframe.testing.codex.tools import called
from sessionframe.testing.story import Deed, Errand, Story, Strength, Turn
from sessionframe.testing.truth import Truth

AGENT = "codex"
MODELS: Mapping[Strength, str] = {"strong": "gpt-5.6", "everyday": "gpt-5.4", "small": "gpt-5.4-mini"}
UNPRICED = "internal-preview-2"
SYSTEM_PROMPT = 9_500
"""Tokens of the instructions and the tools."""
FULL = 230_000
"""Tokens of context at which a conversation is compacted by itself."""
HOUR_MS = 3_600_000
AWAY_HOURS = 5


@dataclass(frozen=True, slots=True)
class Kept:
    """A session that later ones can be forks of."""

    lines: tuple[Line, ...]
    responses: int
    thread: str
    version: Version
    model: str
    branch: str
    cwd: str
    ended_ms: int
    account: Account


class CodexWriter:
    """Writes sessions of Codex.

    Parameters
    ----------
    home, truth, chance
        Where to, who counts, what decides.
    """

    def __init__(self, home: Path, truth: Truth, chance: Chance) -> None:
        self._root = home / ".codex"
        self._truth = truth
        self._chance = chance
        self._kept: Kept | None = None
        self._names: list[dict[str, str]] = []
        self._root.mkdir(parents=True, exist_ok=True)

    def write(self, story: Story) -> None:
        """Write one session with the threads it starts."""
        # a resumed session goes on in its own file, so what begins with a copy here is a fork either way
        original = self._kept if story.quirks & {"fork", "resume"} else None
        talker = self._begin(story, original)
        for number, turn in enumerate(story.turns):
            talker.log.clock.wait(turn.pause)
            if number == 1:
                self._second_turn(story, talker)
            self._turn(story, talker, number, turn)
        if "copied" in story.quirks:
            log = talker.log
            self._kept = Kept(
                tuple(log.lines),
                log.responses,
                log.thread,
                log.version,
                talker.model,
                talker.branch,
                talker.cwd,
                log.clock.ms,
                talker.account,
            )
        chance = self._chance
        talker.log.save(self._root, self._truth, archived=chance.happens(0.15), packed=chance.happens(0.1))
        if "named" in story.quirks:
            self._name(talker, story.title)

    def _begin(self, story: Story, original: Kept | None) -> Talker:
        chance = self._chance
        version = original.version if original else chance.weighted(VERSIONS)
        if story.quirks & {"copied", "agents", "workflow"} and version is OLD:  # these came later
            version = FIRST_WITH_TURNS
        if "copied" in story.quirks and self._kept is None:  # the first fork is one that copies
            version = FIRST_WITH_TURNS
        clock = Clock(max(story.started_ms, original.ended_ms + HOUR_MS) if original else story.started_ms)
        log = Rollout(uuid7(clock.ms, chance), version, clock)
        cwd = original.cwd if original else story.project.root
        thread = self._truth.thread(log.thread, agent=AGENT, project=cwd)
        account = Account(SYSTEM_PROMPT)
        if original is not None:
            account = Account(original.account.context, original.account.cached, original.account.total)
        talker = Talker(
            log,
            thread,
            account,
            model=original.model if original else UNPRICED if "unpriced" in story.quirks else MODELS[story.strength],
            cwd=cwd,
            branch=original.branch if original else story.branch,
            truth=self._truth,
            chance=chance,
            delegate=self._delegate,
        )
        if original is None:
            talker.head()
        else:
            self._fork(talker, original)
        if "fast" in story.quirks and version.writes:
            settings = {"model": talker.model, "model_provider_id": "openai", "service_tier": "priority", "cwd": cwd}
            log.event("thread_settings_applied", thread_settings=settings)
        return talker

    def _fork(self, talker: Talker, original: Kept) -> None:
        """A fork begins with a copy of everything, or in newer versions refers to it."""
        link: dict[str, Any] = {"forked_from_id": original.thread}
        if original.version.paginated:
            count = len(original.lines)
            talker.log.skip_to(count)
            talker.head(**link, history_base={"thread_id": original.thread, "end_ordinal_exclusive": count})
        else:
            talker.head(**link)
            talker.inherit(original.lines, original.responses)
            self._truth.count(talker.thread, replayed_requests=original.responses)
        talker.log.clock.wait(1)

    def _second_turn(self, story: Story, talker: Talker) -> None:
        """What happens between the first turn and the second one."""
        if "returned" in story.quirks:
            talker.log.clock.wait(AWAY_HOURS * 3600)
            talker.account.cached = 0
            if talker.log.version is OLD:
                talker.account.total = None  # a resumed process begins a new counter
        if story.worktree:
            talker.cwd = story.worktree

    def _turn(self, story: Story, talker: Talker, number: int, turn: Turn) -> None:
        quirks = story.quirks
        talker.begin_turn(turn.prompt)
        for position, step in enumerate(turn.steps):
            talker.perform(step, search="server-search" in quirks and number == position == 0)
        if any(deed.outcome == "interrupted" for step in turn.steps for deed in step.deeds):
            talker.interrupt()
        else:
            talker.end_turn(turn.steps[-1].words)
        if talker.account.context > FULL or (number == 1 and "compacted" in quirks):
            talker.compact()

    def _delegate(self, parent: Talker, deed: Deed, call_id: str) -> None:
        """Hand errands to sub-agents, one after the other."""
        for number, errand in enumerate(deed.child):
            child_id = uuid7(parent.log.clock.ms, self._chance)
            answer = json.dumps({"agent_id": child_id, "nickname": "Hopper"})
            self._run(parent, errand, child_id)
            parent.called(called("spawn_agent", {"message": errand.prompt}, f"{call_id}{number}", answer, namespace="multi_agent_v1"))

    def _run(self, parent: Talker, errand: Errand, child_id: str) -> None:
        """A sub-agent from its first line to its last; half of them begin with what their parent knows."""
        version = parent.log.version
        clock = Clock(parent.log.clock.ms)
        log = Rollout(child_id, version, clock)
        thread = self._truth.thread(child_id, agent=AGENT, project=parent.cwd, parent=parent.log.thread)
        inherits = self._chance.happens(0.5)
        account = Account(parent.account.context, parent.account.cached, parent.account.total) if inherits else Account(SYSTEM_PROMPT)
        child = Talker(
            log, thread, account, model=parent.model, cwd=parent.cwd, branch=parent.branch, truth=self._truth, chance=self._chance
        )
        spawn = {"parent_thread_id": parent.log.thread, "depth": 1, "agent_nickname": "Hopper", "agent_role": errand.kind}
        link: dict[str, Any] = {"source": {"subagent": {"thread_spawn": spawn}}, "agent_role": errand.kind}
        copied = [line for line in parent.log.lines if line[0] != "token_usage_record"] if inherits else []
        if version.paginated:
            link |= {
                "session_id": parent.log.thread,
                "parent_thread_id": parent.log.thread,
                "subagent_history_start_ordinal": len(copied) + 1,
            }
        child.head(**link)
        if inherits:
            child.inherit(copied, parent.log.responses)
            self._truth.count(thread, replayed_requests=parent.log.responses)
        child.begin_turn(errand.prompt, human=False)
        for step in errand.steps:
            child.perform(step)
        child.end_turn(errand.steps[-1].words)
        log.save(self._root, self._truth)
        parent.log.clock.ms = clock.ms

    def _name(self, talker: Talker, title: str) -> None:
        talker.thread.title = title
        self._names.append({"id": talker.log.thread, "thread_name": title, "updated_at": str(talker.log.clock)})
        text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in self._names)
        (self._root / "session_index.jsonl").write_text(text, "utf-8", newline="\n")
