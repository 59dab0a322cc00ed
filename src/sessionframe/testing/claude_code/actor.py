"""One thread that talks to a model: steps of a story go in, records of responses and results come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from sessionframe.testing.chance import Chance
from sessionframe.testing.claude_code.ledger import OPUS, Ledger
from sessionframe.testing.claude_code.tools import CALLS, Result, result
from sessionframe.testing.claude_code.transcript import Record, Transcript
from sessionframe.testing.story import Deed, Outcome, Step
from sessionframe.testing.truth import Thread, Tokens, Truth

Special: TypeAlias = Literal["advisor", "fast", "server-search"]
Delegate: TypeAlias = Callable[["Actor", Deed, str], Result]

OUTCOMES: dict[Outcome, str] = {"error": "tool_errors", "denied": "denials", "interrupted": "interruptions"}
"""Where an outcome is counted."""
UNFINISHED = 0.08
"""Share of sub-agents' responses whose final usage never reaches the file: seen in versions up to 2.1.286."""


@dataclass(slots=True)
class Meter:
    """The prompt cache of a thread.

    Attributes
    ----------
    context
        Tokens of the conversation so far; at first those of the system prompt and the tools.
    hour
        Writes are kept for an hour, as in main threads; otherwise for five minutes, as in sub-agents.
    used_ms
        Time of the last request.
    """

    context: int
    hour: bool
    used_ms: int | None = None

    def request(self, now_ms: int, growth: int, uncached: int) -> Tokens:
        """Input of the next request: after too long a pause everything is written again."""
        lifetime = 3_600_000 if self.hour else 300_000
        warm = self.used_ms is not None and now_ms - self.used_ms <= lifetime
        read, written = (self.context, growth) if warm else (0, self.context + growth)
        self.context += growth
        self.used_ms = now_ms
        return Tokens(1, uncached, read, written, written if self.hour else 0)


class Actor:
    """A thread and everything it needs to act.

    Parameters
    ----------
    transcript, thread, meter
        Its file, its account, its cache.
    model
        The model it asks.
    ledger, truth, chance
        The session's costs, the home's account, what decides.
    delegate
        What runs sub-agents and workflows; a thread without one has no such deeds.

    Attributes
    ----------
    last
        Tokens of the last request.
    """

    def __init__(
        self,
        transcript: Transcript,
        thread: Thread,
        meter: Meter,
        *,
        model: str,
        ledger: Ledger,
        truth: Truth,
        chance: Chance,
        delegate: Delegate | None = None,
    ) -> None:
        self.transcript = transcript
        self.thread = thread
        self.meter = meter
        self.model = model
        self.ledger = ledger
        self.truth = truth
        self.chance = chance
        self.last: Tokens | None = None
        self._delegate = delegate

    @property
    def is_main(self) -> bool:
        """The conversation with the user, not a sub-agent."""
        return self.transcript.setting.agent_id is None

    def perform(self, step: Step, special: Special | None = None) -> None:
        """One request: its response on one line per block, and the results of its calls."""
        clock, chance = self.transcript.clock, self.chance
        clock.wait(step.seconds * 0.7)
        tokens = self.meter.request(clock.ms, step.growth, chance.between(1, 10))
        tokens.output_tokens = step.output
        tokens.reasoning_tokens = step.output * 2 // 5 if step.thinks else 0
        tokens.web_searches = 2 if special == "server-search" else 0
        self.meter.context += step.output
        self.last = tokens
        self.ledger.api_seconds += step.seconds
        self.ledger.request(self.model, tokens, fast=special == "fast")
        self._respond(step, tokens, special)

    def _respond(self, step: Step, tokens: Tokens, special: Special | None) -> None:
        calls = [(deed, f"toolu_01{self.chance.letters(22)}") for deed in step.deeds]
        blocks = [*self._said(step, special), *(self._call(deed, call) for deed, call in calls)]
        response = Response(self, tokens, calls=bool(calls), special=special)
        early = len(calls) == 2 and self.chance.happens(0.3)
        for number, block in enumerate(blocks):
            last = number == len(blocks) - 1
            if last and early:  # the first of two calls may be answered before the second one is written
                self._answer(*calls.pop(0))
            response.write(block, last=last)
            self.transcript.clock.wait(step.seconds * 0.3 / len(blocks))
        for deed, call in calls:
            self._answer(deed, call)

    def _said(self, step: Step, special: Special | None) -> list[Record]:
        blocks: list[Record] = []
        if step.thinks:
            blocks.append({"type": "thinking", "thinking": "", "signature": self.chance.letters(32)})
        if special == "server-search":
            search = f"srvtoolu_01{self.chance.letters(22)}"
            self.truth.count(self.thread, tool_calls=1)  # a call too, though the vendor runs it
            blocks += (
                {"type": "server_tool_use", "id": search, "name": "web_search", "input": {"query": "rounding rules"}},
                {"type": "web_search_tool_result", "tool_use_id": search, "content": []},
            )
        if step.words or not (blocks or step.deeds):
            blocks.append({"type": "text", "text": step.words or "Done."})
        return blocks

    def _call(self, deed: Deed, call_id: str) -> Record:
        name, arguments = CALLS[deed.kind](deed, self.transcript.setting.cwd)
        self.truth.count(self.thread, tool_calls=1)
        return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}

    def _answer(self, deed: Deed, call_id: str) -> None:
        """The result of a call, after the time it takes."""
        self.transcript.clock.wait(deed.seconds)
        self.ledger.tool_seconds += deed.seconds
        told = self._delegate(self, deed, call_id) if self._delegate and deed.child else result(deed, self.transcript.setting.cwd)
        block = {"tool_use_id": call_id, "type": "tool_result", "content": told.content, **({"is_error": True} if told.failed else {})}
        # sub-agents of these versions often leave out what the program noted
        noted = {"toolUseResult": told.noted} if self.is_main or self.chance.happens(0.4) else {}
        self.transcript.user([block], **noted, **told.tail)
        if deed.outcome in OUTCOMES:
            self.truth.count(self.thread, **{OUTCOMES[deed.outcome]: 1})


class Response:
    """The lines of one response: they share ids and repeat the usage.

    Main threads of these versions repeat the final usage on every line. Sub-agents write what the stream said first and only
    the last line has the final output; sometimes not even that one.
    """

    def __init__(self, actor: Actor, tokens: Tokens, *, calls: bool, special: Special | None) -> None:
        self._actor = actor
        self._tokens = tokens
        self._special = special
        self._message = f"msg_01{actor.chance.letters(22)}"
        self._request = f"req_011{actor.chance.letters(21)}"
        self._stop = "tool_use" if calls else "end_turn"
        self._first = replace(tokens, output_tokens=actor.chance.between(1, 8), reasoning_tokens=0)
        self._finished = actor.is_main or not actor.chance.happens(UNFINISHED)

    def write(self, block: Record, *, last: bool) -> None:
        """One block on its line; the last one counts."""
        actor = self._actor
        final = self._finished and (last or actor.is_main)
        tokens = self._tokens if final else self._first
        message = {
            "model": actor.model,
            "id": self._message,
            "type": "message",
            "role": "assistant",
            "content": [block],
            "stop_reason": self._stop if final else None,
            "stop_sequence": None,
            "usage": self._usage(tokens),
        }
        actor.transcript.chain("assistant", {"message": message, "requestId": self._request})
        if last:
            self._count(tokens, actor.model)
            if self._special == "advisor":
                self._count(self._advice, OPUS)
                actor.ledger.request(OPUS, self._advice)

    def _count(self, tokens: Tokens, model: str) -> None:
        actor = self._actor
        setting, clock = actor.transcript.setting, actor.transcript.clock
        actor.truth.request(actor.thread, tokens, model=model, project=setting.cwd, at_ms=clock.ms)

    @property
    def _advice(self) -> Tokens:
        """The stronger model reads the whole conversation, uncached."""
        return Tokens(1, self._tokens.context, output_tokens=self._tokens.output_tokens // 2)

    def _usage(self, tokens: Tokens) -> dict[str, Any]:
        return {
            **counts(tokens),
            "output_tokens_details": {"thinking_tokens": tokens.reasoning_tokens},
            "server_tool_use": {"web_search_requests": tokens.web_searches, "web_fetch_requests": 0},
            "service_tier": "standard",
            "inference_geo": "not_available",
            "iterations": self._iterations(tokens),
            "speed": "fast" if self._special == "fast" else "standard",
        }

    def _iterations(self, tokens: Tokens) -> list[dict[str, Any]]:
        """The calls inside the request; the top level holds those of the type `message` only."""
        if self._special != "advisor":
            return []
        return [{"type": "message", **counts(tokens)}, {"type": "advisor_message", "model": OPUS, **counts(self._advice)}]


def counts(tokens: Tokens) -> dict[str, Any]:
    """The token counts as the API names them."""
    hour = tokens.cache_write_1h_tokens
    return {
        "input_tokens": tokens.input_tokens,
        "cache_creation_input_tokens": tokens.cache_write_tokens,
        "cache_read_input_tokens": tokens.cache_read_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": tokens.cache_write_tokens - hour, "ephemeral_1h_input_tokens": hour},
        "output_tokens": tokens.output_tokens,
    }
