"""A conversation as Qwen Code writes it down: a story goes in, its log comes out."""

from __future__ import annotations

from dataclasses import dataclass

from sessionframe.testing.google import Record
from sessionframe.testing.qwen.actor import Actor
from sessionframe.testing.story import Step, Story, Turn

SYSTEM_PROMPT = 9_000
"""Tokens of the system prompt and the tools."""
FULL = 400_000
"""Tokens of context at which a conversation is compressed by itself."""
AFTER_COMPRESSION = 14_000
SUMMARY = Step(thinks=False, words="", deeds=(), seconds=20, growth=300, output=1400)
QUICK_ANSWER = Step(thinks=False, words="Noted.", deeds=(), seconds=3, growth=250, output=40)


@dataclass(frozen=True, slots=True)
class Kept:
    """A session that can be branched: its records up to the end of the last turn but one, and how many requests they are."""

    records: tuple[Record, ...]
    session_id: str
    cwd: str
    branch: str
    ended_ms: int
    context: int


class Session:
    """Writes one conversation.

    Parameters
    ----------
    story, actor
        What happens, and who acts.
    """

    def __init__(self, story: Story, actor: Actor) -> None:
        self._story = story
        self._actor = actor
        self._log = actor.log
        self._truth = actor.log.truth
        self._cut = 0

    def write(self, original: Kept | None) -> Kept | None:
        """The whole log; returns it when others can be branches of it."""
        if original is not None:
            self._branch(original)
        for number, turn in enumerate(self._story.turns):
            self._log.clock.wait(turn.pause)
            self._turn(number, turn)
            if number == len(self._story.turns) - 2 and self._log.kept is not None:
                self._cut = len(self._log.kept)
        source = "manual" if "named" in self._story.quirks else "auto"
        title = {"customTitle": self._story.title, "titleSource": source}
        self._log.add("system", provenance="system", subtype="custom_title", systemPayload=title)
        self._actor.thread.title = self._story.title
        self._log.close()
        return self._kept()

    def _branch(self, original: Kept) -> None:
        """Every record of the original, with its id and its time, under the session of the branch."""
        log = self._log
        for record in original.records:
            origin = {"sessionId": original.session_id, "messageUuid": record["uuid"]}
            log.copy({**record, "sessionId": log.setting.session_id, "forkedFrom": origin})
        copied = sum("usageMetadata" in record for record in original.records)
        self._truth.count(self._actor.thread, replayed_requests=copied)

    def _turn(self, number: int, turn: Turn) -> None:
        self._prompt(turn.prompt)
        for position, step in enumerate(turn.steps):
            self._actor.perform(step)
            if position == 0 and turn.queued:
                self._log.clock.wait(1.5)
                self._prompt(turn.queued, subtype="mid_turn_user_message")
                self._actor.perform(QUICK_ANSWER)
        if self._actor.cache.context > FULL or (number == 1 and "compacted" in self._story.quirks):
            self._compress()

    def _prompt(self, text: str, **more: str) -> None:
        self._truth.count(self._actor.thread, prompts=1)
        self._log.add("user", provenance="real_user", message={"role": "user", "parts": [{"text": text}]}, **more)

    def _compress(self) -> None:
        """The history makes way for its summary; the request that made it stands in the ledger alone."""
        self._log.clock.wait(SUMMARY.seconds)
        self._actor.spend(SUMMARY)
        payload = {"info": {"originalTokenCount": self._actor.cache.context}, "compressedHistory": []}
        self._log.add("system", provenance="system", subtype="chat_compression", systemPayload=payload)
        self._actor.cache.context, self._actor.cache.used_ms = AFTER_COMPRESSION, None
        self._truth.count(self._actor.thread, compactions=1)

    def _kept(self) -> Kept | None:
        log = self._log
        if log.kept is None:
            return None
        setting, records = log.setting, tuple(log.kept[: self._cut])
        return Kept(records, setting.session_id, setting.cwd, setting.branch, log.clock.ms, self._actor.cache.context)
