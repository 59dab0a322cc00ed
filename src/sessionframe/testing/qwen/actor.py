"""One thread that talks to a model: steps of a story go in, records of responses and results come out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from sessionframe.testing.google import CALLS, WORDS, Cache, Record, count_deed, response, shown
from sessionframe.testing.qwen.ledger import Ledger
from sessionframe.testing.qwen.log import Log
from sessionframe.testing.story import Deed, Errand, Step
from sessionframe.testing.truth import Thread, Tokens

AGENT = "qwen"
SUB_PROMPT = 3_000
"""Tokens of a sub-agent's system prompt and tools."""
NAMES = {"replace": "edit", "write_todos": "todo_write", "google_web_search": "web_search", "codebase_investigator": "agent"}
"""Tools that the fork calls otherwise."""


class Actor:
    """A thread and everything it needs to act.

    Parameters
    ----------
    log, thread, cache, ledger
        Its file, its account, its prompt cache, and the ledger of its session.
    model
        Whom it asks.
    agents
        Where its sub-agents are written.
    """

    def __init__(self, log: Log, thread: Thread, cache: Cache, ledger: Ledger, *, model: str, agents: Path) -> None:
        self.log = log
        self.thread = thread
        self.cache = cache
        self.ledger = ledger
        self.model = model
        self._agents = agents

    @property
    def _is_main(self) -> bool:
        return self.log.setting.agent_id is None

    def perform(self, step: Step) -> None:
        """One request: its record, and the results of its calls."""
        self.log.clock.wait(step.seconds)
        tokens = self.spend(step)
        calls = [(deed, errand, f"call_{self.log.chance.hex(16)}") for deed in step.deeds for errand in deed.child or (None,)]
        if self._is_main:
            self._reply(step, tokens, [self._call(deed, call_id) for deed, _, call_id in calls])
        else:
            self._side_reply(step, tokens, [self._call(deed, call_id) for deed, _, call_id in calls])
        for deed, errand, call_id in calls:
            self._answer(deed, errand, call_id)

    def spend(self, step: Step) -> Tokens:
        """The tokens of a request; thoughts are inside the output."""
        log = self.log
        tokens = self.cache.request(log.clock.ms, step.growth)
        tokens.output_tokens = step.output
        tokens.reasoning_tokens = step.output * 2 // 5 if step.thinks else 0
        self.cache.context += step.output
        self.ledger.add(tokens, self.model, log.setting.agent_name or "main")
        log.truth.request(self.thread, tokens, model=self.model, project=log.setting.cwd, at_ms=log.clock.ms)
        return tokens

    def _reply(self, step: Step, tokens: Tokens, calls: list[Record]) -> None:
        self.log.told(
            {
                "event.name": "qwen-code.api_response",
                "response_id": f"chatcmpl-{self.log.chance.hex(12)}",
                "model": self.model,
                "status_code": 200,
                "duration_ms": int(step.seconds * 1000),
                "input_token_count": tokens.context,
                "output_token_count": tokens.output_tokens,
                "cached_content_token_count": tokens.cache_read_tokens,
                "thoughts_token_count": tokens.reasoning_tokens,
                "total_token_count": tokens.context + tokens.output_tokens,
                "auth_type": "openai",
            }
        )
        parts = [*said(step), *calls]
        self.log.add("assistant", provenance="assistant_output", model=self.model, message=spoken(parts), usageMetadata=usage(tokens))

    def _side_reply(self, step: Step, tokens: Tokens, calls: list[Record]) -> None:
        """A sub-agent's log states no model, and no counts for a round without words: then only the ledger has them."""
        words = [part for part in said(step) if part["text"]]
        if words:
            self.log.add("assistant", message=spoken(words), usageMetadata=usage(tokens))
        for call in calls:
            self.log.add("assistant", message=spoken([call]))

    def _call(self, deed: Deed, call_id: str) -> Record:
        count_deed(self.log.truth, self.thread, deed)
        name, arguments = CALLS[deed.kind](deed, self.log.setting.cwd)
        return {"functionCall": {"id": call_id, "name": self._name(deed, name), "args": arguments}}

    @staticmethod
    def _name(deed: Deed, name: str) -> str:
        return f"mcp__{deed.subject}" if deed.kind == "mcp" else NAMES.get(name, name)

    def _answer(self, deed: Deed, errand: Errand | None, call_id: str) -> None:
        log, ms = self.log, int(deed.seconds * 1000)
        log.clock.wait(deed.seconds)
        if errand is not None and self._is_main:
            self._delegate(errand, call_id)
        name = self._name(deed, CALLS[deed.kind](deed, log.setting.cwd)[0])
        message = {"role": "user", "parts": [response(deed, call_id, name)]}
        if not self._is_main:
            log.add("tool_result", message=message, toolCallResult={"callId": call_id, "durationMs": ms})
            return
        word = WORDS[deed.outcome]
        decision = "reject" if deed.outcome == "denied" else "auto_accept"
        event = {"event.name": "qwen-code.tool_call", "call_id": call_id, "function_name": name, "duration_ms": ms, "status": word}
        log.told({**event, "success": word == "success", "decision": decision, "tool_type": "native"})
        noted = {"callId": call_id, "status": word, "resultDisplay": shown(deed), "executionStatus": word}
        log.add("tool_result", provenance="tool_result", message=message, toolCallResult=noted)

    def _delegate(self, errand: Errand, call_id: str) -> None:
        """A sub-agent in a log of its own, with a small file beside it."""
        log, chance = self.log, self.log.chance
        name = f"{errand.kind.lower()}-{chance.hex(4)}"
        setting = replace(log.setting, agent_id=name, agent_name=errand.kind)
        path = self._agents / f"agent-{name}.jsonl"
        side = Log(path, setting, log.clock, chance, log.truth)
        session_id = setting.session_id
        thread = log.truth.thread(f"{session_id}/{name}", agent=AGENT, project=setting.cwd, parent=session_id)
        child = Actor(side, thread, Cache(SUB_PROMPT), self.ledger, model=self.model, agents=self._agents)
        side.add("user", message={"role": "user", "parts": [{"text": errand.prompt}]})
        for step in errand.steps:
            child.perform(step)
        side.close()
        meta = {"agentId": name, "agentType": errand.kind, "description": errand.description, "parentSessionId": session_id}
        meta_path = path.with_name(f"agent-{name}.meta.json")
        meta_path.write_text(json.dumps({**meta, "toolUseId": call_id, "parentAgentId": None}), "utf-8", newline="\n")


def said(step: Step) -> list[Record]:
    """What the model thinks and says."""
    thoughts = [{"text": "I look at the code first.", "thought": True}] if step.thinks else []
    words = step.words or ("" if step.deeds else "Done.")
    return [*thoughts, *([{"text": words}] if words else [])]


def spoken(parts: list[Record]) -> Record:
    """The content of a record."""
    return {"role": "model", "parts": parts}


def usage(tokens: Tokens) -> Record:
    """The counts of a record: thoughts are inside the candidates, cached tokens inside the prompt."""
    return {
        "promptTokenCount": tokens.context,
        "candidatesTokenCount": tokens.output_tokens,
        "thoughtsTokenCount": tokens.reasoning_tokens,
        "totalTokenCount": tokens.context + tokens.output_tokens,
        "cachedContentTokenCount": tokens.cache_read_tokens,
    }
