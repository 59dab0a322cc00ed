"""Threads beside the conversation: errands of a story go in, sub-agent, workflow and compaction files come out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sessionframe.testing.claude_code.actor import Actor, Meter, counts
from sessionframe.testing.claude_code.ledger import HAIKU, SONNET
from sessionframe.testing.claude_code.tools import Result
from sessionframe.testing.claude_code.transcript import Clock, Transcript
from sessionframe.testing.story import Deed, Errand, Step
from sessionframe.testing.truth import Tokens

MODELS: Mapping[str, str] = {"Explore": HAIKU, "general-purpose": SONNET}
"""Models of sub-agents; other types use that of the conversation."""
SYSTEM_PROMPT = 9_000
"""Tokens of a sub-agent's system prompt and tools."""


@dataclass(slots=True)
class Notice:
    """Work in the background that is not announced yet."""

    task_id: str
    call_id: str
    summary: str
    ended_ms: int
    tool_uses: int


@dataclass(slots=True)
class Threads:
    """What a session starts beside itself.

    Attributes
    ----------
    folder
        The session's own folder, beside its transcript.
    notices
        Background work that has ended, or will have by the time that is noted.
    """

    folder: Path
    notices: list[Notice] = field(default_factory=list)

    def delegate(self, actor: Actor, deed: Deed, call_id: str) -> Result:
        """Run the errands of a deed; the result is what the conversation gets to see."""
        if deed.kind == "workflow":
            return self._workflow(actor, deed, call_id)
        errand = deed.child[0]
        meta = {"agentType": errand.kind, "description": errand.description, "toolUseId": call_id, "spawnDepth": 1}
        if actor.chance.happens(0.5):
            child = self._run(actor, errand, self.folder / "subagents", {**meta, "requestShape": "background"})
            return self._launched(child, errand, call_id)
        child = self._run(actor, errand, self.folder / "subagents", {**meta, "requestShape": "foreground"})
        spent = child.transcript.clock.ms - actor.transcript.clock.ms
        actor.transcript.clock.ms += spent
        return answered(child, errand, deed.output, spent)

    def _run(self, actor: Actor, errand: Errand, folder: Path, meta: Mapping[str, Any]) -> Actor:
        """A sub-agent from its first line to its last."""
        agent_id = f"a{actor.chance.hex(16)}"
        clock = Clock(actor.transcript.clock.ms)
        clock.wait(1.5)
        child = self._begin(
            actor, agent_id, folder, clock=clock, meter=Meter(SYSTEM_PROMPT, hour=False), model=MODELS.get(errand.kind, actor.model)
        )
        child.transcript.user(errand.prompt)
        for step in errand.steps:
            child.perform(step)
        child.transcript.close()
        (folder / f"agent-{agent_id}.meta.json").write_text(json.dumps(meta), "utf-8", newline="\n")
        return child

    @staticmethod
    def _begin(actor: Actor, agent_id: str, folder: Path, *, clock: Clock, meter: Meter, model: str) -> Actor:
        setting = replace(actor.transcript.setting, agent_id=agent_id)
        path = folder / f"agent-{agent_id}.jsonl"
        transcript = Transcript(path, setting, clock, chance=actor.chance, truth=actor.truth)
        session_id, agent = setting.session_id, actor.thread.agent
        thread = actor.truth.thread(f"{session_id}/{agent_id}", agent=agent, project=setting.cwd, parent=session_id)
        return Actor(transcript, thread, meter, model=model, ledger=actor.ledger, truth=actor.truth, chance=actor.chance)

    def _launched(self, child: Actor, errand: Errand, call_id: str) -> Result:
        agent_id = str(child.transcript.setting.agent_id)
        self.notices.append(
            Notice(agent_id, call_id, f'Agent "{errand.description}" completed', child.transcript.clock.ms, child.thread.tool_calls)
        )
        noted = {
            "isAsync": True,
            "status": "async_launched",
            "agentId": agent_id,
            "description": errand.description,
            "prompt": errand.prompt,
            "resolvedModel": child.model,
            "outputFile": f"/tmp/claude-1000/tasks/{agent_id}.output",  # noqa: S108 - text in a log
            "canReadOutputFile": True,
        }
        return Result([{"type": "text", "text": "Async agent launched successfully."}], noted)

    def _workflow(self, actor: Actor, deed: Deed, call_id: str) -> Result:
        """A run of several agents one after the other, with its journal and its summary."""
        chance, clock = actor.chance, Clock(actor.transcript.clock.ms)
        run, task = f"wf_{chance.hex(8)}-{chance.hex(3)}", f"w{chance.hex(8)}"
        folder = self.folder / "subagents" / "workflows" / run
        journal: list[dict[str, Any]] = [{"type": "launched"}]
        children: list[Actor] = []
        for number, errand in enumerate(deed.child):
            meta = {"agentType": "workflow-subagent", "description": errand.description, "spawnDepth": 1, "workflowPhase": "Review"}
            children.append(self._run(actor, errand, folder, meta))
            key = {"key": f"step-{number}", "agentId": children[-1].transcript.setting.agent_id}
            journal += ({"type": "started", **key, "label": errand.description}, {"type": "result", **key, "result": "ok"})
        (folder / "journal.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in journal), "utf-8", newline="\n")
        ended = max(child.transcript.clock.ms for child in children)
        self._summary(run, task, deed, children, (clock.ms, ended))
        self.notices.append(Notice(task, call_id, f'Workflow "{deed.subject}" completed', ended, 0))
        noted = {"status": "async_launched", "taskId": task, "taskType": "local_workflow", "runId": run, "workflowName": deed.subject}
        return Result("Workflow launched in background.", noted)

    def _summary(self, run: str, task: str, deed: Deed, children: list[Actor], span: tuple[int, int]) -> None:
        """The file of a finished run; its token totals are contexts, and no reader may add them."""
        summary = {
            "runId": run,
            "taskId": task,
            "workflowName": deed.subject,
            "status": "completed",
            "startTime": span[0],
            "timestamp": str(Clock(span[1])),
            "durationMs": span[1] - span[0],
            "agentCount": len(children),
            "totalTokens": sum(child.meter.context for child in children),
            "totalToolCalls": sum(child.thread.tool_calls for child in children),
        }
        path = self.folder / "workflows" / f"{run}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(summary), "utf-8", newline="\n")

    def summarised(self, actor: Actor) -> None:
        """The request that makes the summary of a compaction, in a file of its own: it reads the whole conversation."""
        clock = Clock(actor.transcript.clock.ms)
        meter = replace(actor.meter, hour=False)
        child = self._begin(
            actor, f"acompact-{actor.chance.hex(6)}", self.folder / "subagents", clock=clock, meter=meter, model=actor.model
        )
        child.transcript.user("Summarise the conversation so far.")
        child.perform(Step(thinks=False, words="The cart rounds twice; one place is left.", deeds=(), seconds=20, growth=300, output=1400))
        child.transcript.close()


def answered(child: Actor, errand: Errand, output: str, spent_ms: int) -> Result:
    """The result of a sub-agent that was waited for. Its usage is that of the last request only, and part of no sum."""
    agent_id = str(child.transcript.setting.agent_id)
    blocks = [{"type": "text", "text": output}]
    last = child.last or Tokens()
    noted = {
        "status": "completed",
        "prompt": errand.prompt,
        "agentId": agent_id,
        "agentType": errand.kind,
        "content": blocks,
        "resolvedModel": child.model,
        "totalDurationMs": spent_ms,
        "totalTokens": last.context + last.output_tokens,
        "totalToolUseCount": child.thread.tool_calls,
        "usage": {**counts(last), "service_tier": "standard"},
    }
    return Result([*blocks, {"type": "text", "text": f"agentId: {agent_id}"}], noted)
