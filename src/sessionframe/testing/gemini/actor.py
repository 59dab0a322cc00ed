"""One thread that talks to a model: steps of a story go in, states of messages come out."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from sessionframe.testing.chance import Chance
from sessionframe.testing.claude_code.transcript import Clock
from sessionframe.testing.google import CALLS, WORDS, Cache, LogFile, Record, count_deed, response, shown
from sessionframe.testing.story import Deed, Errand, Step
from sessionframe.testing.truth import Thread, Truth

AGENT = "gemini"
SMALL = "gemini-2.5-flash"
"""The model of sub-agents."""
SUB_PROMPT = 3_000
"""Tokens of a sub-agent's system prompt and tools."""


class Actor:
    """A thread and everything it needs to act.

    Parameters
    ----------
    clock, chance, truth
        The time, what decides, and who counts.
    thread, cache
        Its account and its prompt cache.
    model, project
        Whom it asks, and where.
    folder
        Where its sub-agents are written; without one it has none.
    """

    def __init__(
        self, clock: Clock, chance: Chance, truth: Truth, thread: Thread, cache: Cache, *, model: str, project: str, folder: Path | None
    ) -> None:
        self.cache = cache
        self.folder = folder
        self._clock = clock
        self._chance = chance
        self._truth = truth
        self._thread = thread
        self._model = model
        self._project = project

    def perform(self, step: Step, searched: int = 0) -> Iterator[tuple[Record, bool]]:
        """One request: its message, the message again with its calls, and their results.

        `searched` are tokens that a tool of the vendor read: they are beside the prompt.
        """
        self._clock.wait(step.seconds)
        message = self._reply(step, searched)
        if not step.deeds:
            yield message, True
            return
        yield message, False
        calls = [call for deed in step.deeds for call in self._calls(deed)]
        yield {**message, "toolCalls": [call for call, _ in calls]}, True
        if self.folder is not None:  # old versions have the results in the calls only
            for call, _ in calls:
                yield {"id": self._chance.uuid(), "timestamp": str(self._clock), "type": "user", "content": call["result"]}, True

    def _reply(self, step: Step, searched: int) -> Record:
        tokens = self.cache.request(self._clock.ms, step.growth)
        thoughts = step.output * 2 // 5 if step.thinks else 0
        stated = {
            "input": tokens.context,
            "output": step.output - thoughts,
            "cached": tokens.cache_read_tokens,
            "thoughts": thoughts,
            "tool": searched,
            "total": tokens.context + step.output + searched,
        }
        tokens.input_tokens += searched
        tokens.output_tokens, tokens.reasoning_tokens = step.output, thoughts
        self.cache.context += step.output
        self._truth.request(self._thread, tokens, model=self._model, project=self._project, at_ms=self._clock.ms)
        now = str(self._clock)
        thinking = [{"subject": "Next step", "description": "I look at the code first.", "timestamp": now}] if step.thinks else []
        words = step.words or ("" if step.deeds else "Done.")
        said = {"id": self._chance.uuid(), "timestamp": now, "type": "gemini", "content": words, "thoughts": thinking}
        return {**said, "tokens": stated, "model": self._model}

    def _calls(self, deed: Deed) -> Iterator[tuple[Record, Deed]]:
        """The calls of a deed: one per sub-agent where work is handed over."""
        for errand in deed.child or (None,):
            name, arguments = CALLS[deed.kind](deed, self._project)
            call_id = f"{name}__{name}_{self._clock.ms}_{self._chance.hex(4)}"
            self._clock.wait(deed.seconds)
            agent = {"agentId": self._delegate(errand)} if errand is not None and self.folder is not None else {}
            served = deed.kind == "mcp"
            yield (
                {
                    "id": call_id,
                    "name": name,
                    "args": arguments,
                    "result": [response(deed, call_id, name)],
                    "status": WORDS[deed.outcome],
                    "timestamp": str(self._clock),
                    "resultDisplay": shown(deed),
                    "description": deed.subject,
                    "displayName": f"{name} ({deed.subject.partition('__')[0]} MCP Server)" if served else name,
                    **agent,
                },
                deed,
            )
            count_deed(self._truth, self._thread, deed)

    def _delegate(self, errand: Errand) -> str:
        """A sub-agent in a file of its own."""
        folder, agent_id = self.folder or Path(), self._chance.uuid()
        session_id = folder.name
        thread = self._truth.thread(f"{session_id}/{agent_id}", agent=AGENT, project=self._project, parent=session_id)
        child = Actor(
            self._clock, self._chance, self._truth, thread, Cache(SUB_PROMPT), model=SMALL, project=self._project, folder=folder / agent_id
        )
        log = LogFile(folder / f"{agent_id}.jsonl", self._truth)
        project_hash, now = sha256(self._project.encode()).hexdigest(), str(self._clock)
        log.add({"sessionId": agent_id, "projectHash": project_hash, "startTime": now, "lastUpdated": now, "kind": "subagent"})
        log.add({"id": self._chance.uuid(), "timestamp": now, "type": "user", "content": [{"text": errand.prompt}]})
        for step in errand.steps:
            for message, _ in child.perform(step):
                log.add(message)
        log.close()
        return agent_id
