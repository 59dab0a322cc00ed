"""One thread that talks to a model: turns and steps of a story go in, lines of a rollout and their exact usage come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from sessionframe.testing.chance import Chance
from sessionframe.testing.codex.rollout import Line, Payload, Rollout, uuid7
from sessionframe.testing.codex.tools import Act, act
from sessionframe.testing.story import Deed, Outcome, Step
from sessionframe.testing.truth import Thread, Tokens, Truth

OUTCOMES: dict[Outcome, str] = {"error": "tool_errors", "denied": "denials", "interrupted": "interruptions"}
"""Where an outcome is counted."""
WINDOW = 258_400
CACHE_STEP = 128
"""The vendor caches prompts in pieces of so many tokens."""
BASE = "You are a coding agent running in the Codex CLI, a terminal-based coding assistant. "
Delegate: TypeAlias = Callable[["Talker", Deed, str], None]


@dataclass(slots=True)
class Account:
    """What a thread's counters say.

    Attributes
    ----------
    context
        Tokens of the conversation so far.
    cached
        Tokens of it that the cache holds.
    total
        The running total; nothing before the first response of a counter.
    recorded
        The running total of usage records, which begins at zero where the other goes on.
    """

    context: int
    cached: int = 0
    total: Tokens | None = None
    recorded: Tokens | None = None


class Talker:
    """A thread and everything it needs.

    Parameters
    ----------
    log, thread, account
        Its rollout, its account in the truth, its counters.
    model, cwd, branch
        What it works with and where.
    truth, chance, delegate
        Who counts, what decides, and what runs sub-agents.
    """

    def __init__(
        self,
        log: Rollout,
        thread: Thread,
        account: Account,
        *,
        model: str,
        cwd: str,
        branch: str,
        truth: Truth,
        chance: Chance,
        delegate: Delegate | None = None,
    ) -> None:
        self.log, self.thread, self.account = log, thread, account
        self.model, self.cwd, self.branch = model, cwd, branch
        self.truth, self.chance = truth, chance
        self._delegate = delegate
        self._turn: str | None = None
        self._greeted = False
        self._previous: Payload | None = None
        self._response_id = ""

    def head(self, **link: Any) -> None:
        """The first line."""
        version = self.log.version
        meta: Payload = {"id": self.log.thread, "timestamp": str(self.log.clock), "cwd": self.cwd, "originator": "codex_cli_rs"}
        meta |= {"cli_version": version.name, "source": "cli", "model_provider": "openai", "base_instructions": {"text": BASE * 12}}
        meta["git"] = {"commit_hash": self.chance.hex(40), "branch": self.branch, "repository_url": "https://example.invalid/demo.git"}
        if version.paginated:
            meta |= {"session_id": self.log.thread, "history_mode": "paginated"}
        self.log.add("session_meta", {**meta, **link})

    def inherit(self, lines: Iterable[Line], responses: int) -> None:
        """Begin with the history of another thread."""
        for _, payload in lines:
            if payload.get("type") == "token_count" and payload["info"] is not None:
                self._previous = payload["info"]
        self.log.copy(lines, responses)
        self._greeted = True

    def begin_turn(self, prompt: str, *, human: bool = True) -> None:
        """A prompt with everything that is written around it."""
        log, version = self.log, self.log.version
        log.clock.wait(0.05)
        self._turn = uuid7(log.clock.ms, self.chance) if version.has_turns else None
        if version.has_turns:
            log.event("task_started", turn_id=self._turn, model_context_window=WINDOW, collaboration_mode_kind="default")
        if not self._greeted:
            text = f"<environment_context>\n  <cwd>{self.cwd}</cwd>\n  <shell>bash</shell>\n</environment_context>"
            log.item("message", role="user", content=[{"type": "input_text", "text": text}], **self._noted("environment", "harness"))
            self._greeted = True
        if version.has_turns:
            self._context()
        log.item("message", role="user", content=[{"type": "input_text", "text": prompt}], **self._noted("user.text", "user"))
        if version.paginated:
            self._completed(
                {"type": "UserMessage", "id": self.chance.uuid(), "content": [{"type": "text", "text": prompt, "text_elements": []}]}
            )
        else:
            log.event("user_message", message=prompt, images=[])
        if human:
            self.truth.count(self.thread, prompts=1)
        if version.repeats and self.account.total is None:
            log.event("token_count", info=None, rate_limits=None)

    def end_turn(self, words: str | None) -> None:
        """The end of a turn."""
        self.log.clock.wait(0.02)
        if self.log.version.has_turns:
            self.log.event("task_complete", turn_id=self._turn, last_agent_message=words)

    def perform(self, step: Step, *, search: bool = False) -> None:
        """One request: its items, its usage where the version has it, and the outputs of its calls."""
        log, version = self.log, self.log.version
        if not version.has_turns:
            self._context()
        log.clock.wait(step.seconds * 0.7)
        if version.repeats and self.account.total is not None:
            self._repeat()
        tokens = self._spend(step.growth, step.output, thinks=step.thinks)
        acts = [
            (deed, act(deed, f"call_{self.chance.letters(24)}", self.cwd, version))
            for deed in step.deeds
            if deed.kind not in {"web", "agent", "workflow"}
        ]
        searched = int(search) + sum(deed.kind == "web" for deed in step.deeds)
        tokens.web_searches = searched
        if version.usage_first:
            self._told(tokens)
        self._items(step, acts, searched)
        if version.records:
            self._record(tokens)
        for deed, done in acts:
            self._answer(deed, done)
        for deed in step.deeds:
            if self._delegate is not None and deed.kind in {"agent", "workflow"}:
                self._delegate(self, deed, f"call_{self.chance.letters(24)}")
        if not version.usage_first:
            self._told(tokens)
        self.count(tokens)

    def interrupt(self) -> None:
        """The user stops the turn while the model answers: no event of its own tells what that response used."""
        log = self.log
        lost = self._spend(120, 90, thinks=True)
        log.clock.wait(2)
        if log.version.records:
            self._record(lost)
        text = "<turn_aborted>\nThe user interrupted the previous turn on purpose.\n</turn_aborted>"
        log.item("message", role="user", content=[{"type": "input_text", "text": text}], **self._noted("turn_aborted", "harness"))
        log.event("turn_aborted", turn_id=self._turn, reason="interrupted")
        self.count(lost)

    def compact(self) -> None:
        """The history is replaced by a summary: the server makes it where usage records tell of it, before that the program asks."""
        log, version = self.log, self.log.version
        log.clock.wait(1)
        if version.has_turns:
            self._turn = uuid7(log.clock.ms, self.chance)
            log.event("task_started", turn_id=self._turn, model_context_window=WINDOW)
        log.clock.wait(20)
        before = self.account.total
        tokens = self._spend(200, 1200, thinks=False)
        replaced = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "First words"}]}]
        if version.records:
            self.account.total = before  # what the server does is not in these counters
            self._record(tokens)
            log.add("compacted", {"message": "", "replacement_history": replaced, "compaction_response_id": self._response_id})
        else:
            if version.repeats and before is not None:
                self._repeat()
            self._told(tokens)
            log.add(
                "compacted",
                {"message": "Another language model started to solve this problem: a summary.", "replacement_history": replaced},
            )
        self.count(tokens)
        self.truth.count(self.thread, compactions=1)
        self.account.context, self.account.cached = 21_000, 0
        nothing = {**counts(Tokens(), version.writes), "total_tokens": 21_000}
        log.event("token_count", info=self._info(self.account.total or Tokens(), nothing), rate_limits=None)
        if version.paginated:
            self._completed({"type": "ContextCompaction", "id": self.chance.uuid()})
        else:
            log.event("context_compacted")
        self.end_turn(None)

    def count(self, tokens: Tokens) -> None:
        """Book a response."""
        self.truth.request(self.thread, tokens, model=self.model, project=self.cwd, at_ms=self.log.clock.ms)

    def called(self, done: Act, outcome: Outcome = "ok") -> None:
        """Book a call and write it, with its output."""
        self.log.add("response_item", done.call)
        self.truth.count(self.thread, tool_calls=1)
        self._finish(done, outcome)

    def _items(self, step: Step, acts: list[tuple[Deed, Act]], searches: int) -> None:
        log = self.log
        if step.thinks:
            summary = [{"type": "summary_text", "text": "**Looking** at the code"}]
            log.item("reasoning", summary=summary, content=None, encrypted_content=self.chance.letters(64))
            if not log.version.paginated:
                log.event("agent_reasoning", text="**Looking** at the code")
        for _ in range(searches):
            log.item("web_search_call", status="completed", action={"type": "search", "query": "rounding rules"})
            self.truth.count(self.thread, tool_calls=1)
        if step.words or not (step.deeds or step.thinks):
            words = step.words or "Done."
            if not log.version.paginated:
                log.event("agent_message", message=words)
            log.item("message", role="assistant", content=[{"type": "output_text", "text": words}])
        for _, done in acts:
            log.add("response_item", done.call)
            self.truth.count(self.thread, tool_calls=1)

    def _answer(self, deed: Deed, done: Act) -> None:
        self.log.clock.wait(deed.seconds)
        self._finish(done, deed.outcome)

    def _finish(self, done: Act, outcome: Outcome) -> None:
        if done.told is not None and self.log.version.paginated:
            self._completed(done.told)
        self.log.add("response_item", done.output)
        if outcome in OUTCOMES:
            self.truth.count(self.thread, **{OUTCOMES[outcome]: 1})
        if done.told is not None and not self.log.version.paginated and done.told["type"] == "McpToolCall":
            result = {"Ok": done.told["result"]}
            invocation = {"server": done.told["server"], "tool": done.told["tool"], "arguments": {}}
            self.log.event(
                "mcp_tool_call_end", call_id=done.told["id"], invocation=invocation, duration=done.told["duration"], result=result
            )

    def _spend(self, growth: int, output: int, *, thinks: bool) -> Tokens:
        """The next response, booked in the counters."""
        account = self.account
        account.context += growth
        cached = min(account.cached, account.context) // CACHE_STEP * CACHE_STEP
        written = (account.context - cached) // 3 if self.log.version.writes and self.model.startswith("gpt-5.6") else 0
        tokens = Tokens(1, account.context - cached - written, cached, written, 0, output, output * 2 // 5 if thinks else 0)
        account.cached = account.context
        account.context += output
        account.total = added(account.total, tokens)
        return tokens

    def _told(self, tokens: Tokens) -> None:
        """The event behind a response."""
        self.log.clock.wait(0.05)
        self.log.responses += 1
        info = self._info(self.account.total or tokens, counts(tokens, self.log.version.writes))
        self.log.event("token_count", info=info, rate_limits=None)
        self._previous = info

    def _repeat(self) -> None:
        """The same counters once more, with the headers of the next request."""
        self.log.event("token_count", info=self._previous, rate_limits={"primary": {"used_percent": 11.0, "window_minutes": 300}})

    def _record(self, tokens: Tokens) -> None:
        self._response_id = f"resp_{self.chance.hex(24)}"
        self.account.recorded = added(self.account.recorded, tokens)
        payload = {"thread_id": self.log.thread, "turn_id": self._turn, "session_id": self.log.thread, "response_id": self._response_id}
        totals = {
            "usage": counts(tokens, True),
            "turn_token_usage": counts(tokens, True),
            "thread_token_usage": counts(self.account.recorded, True),
        }
        self.log.add("token_usage_record", {**payload, **totals})

    def _info(self, total: Tokens, last: dict[str, int]) -> Payload:
        return {"total_token_usage": counts(total, self.log.version.writes), "last_token_usage": last, "model_context_window": WINDOW}

    def _context(self) -> None:
        turn = {"turn_id": self._turn} if self._turn else {}
        policy = {"approval_policy": "on-request", "sandbox_policy": {"type": "workspace-write"}}
        self.log.add("turn_context", {**turn, "cwd": self.cwd, **policy, "model": self.model, "effort": "medium", "summary": "auto"})

    def _completed(self, item: Payload) -> None:
        ms = self.log.clock.ms
        self.log.event("item_completed", thread_id=self.log.thread, turn_id=self._turn, item=item, started_at_ms=ms, completed_at_ms=ms)

    def _noted(self, kind: str, author: str) -> Payload:
        if not self.log.version.paginated:
            return {}
        noted = {"turn_id": self._turn, "content_item_kinds": [kind], "content_item_metadata": [{"provenance": {"type": author}}]}
        return {"id": f"msg_{self.chance.uuid()}", "internal_chat_message_metadata_passthrough": noted}


def added(total: Tokens | None, tokens: Tokens) -> Tokens:
    """A running total with one more response."""
    result = Tokens()
    if total is not None:
        result.add(total)
    result.add(tokens)
    return result


def counts(tokens: Tokens, writes: bool) -> dict[str, int]:  # noqa: FBT001 - a fact of the version
    """Counts as Codex names them: the cache is part of the input, reasoning of the output."""
    written = {"cache_write_input_tokens": tokens.cache_write_tokens} if writes else {}
    return {
        "input_tokens": tokens.context,
        "cached_input_tokens": tokens.cache_read_tokens,
        **written,
        "output_tokens": tokens.output_tokens,
        "reasoning_output_tokens": tokens.reasoning_tokens,
        "total_tokens": tokens.context + tokens.output_tokens,
    }
