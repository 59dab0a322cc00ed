"""A conversation as Gemini CLI writes it down: a story goes in, a document or a log of changes comes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sessionframe.testing.chance import Chance
from sessionframe.testing.claude_code.transcript import Clock
from sessionframe.testing.gemini.actor import Actor
from sessionframe.testing.google import Cache, LogFile, Record
from sessionframe.testing.story import Step, Story, Turn
from sessionframe.testing.truth import Thread, Truth

SYSTEM_PROMPT = 9_000
"""Tokens of the system prompt and the tools."""
FULL = 400_000
"""Tokens of context at which a conversation is compressed by itself."""
AFTER_COMPRESSION = 14_000
QUICK_ANSWER = Step(thinks=False, words="Noted.", deeds=(), seconds=3, growth=250, output=40)
SNAPSHOT = "<state_snapshot>\n<overall_goal>The cart rounds twice; one place is left.</overall_goal>\n</state_snapshot>"


@dataclass(frozen=True, slots=True)
class Kept:
    """A session that can be resumed: its messages as they were written, and what a reader counted of them."""

    messages: tuple[Record, ...]
    requests: int
    session_id: str
    project: str
    started: str
    ended_ms: int
    context: int


class Session:
    """Writes one conversation.

    Parameters
    ----------
    story, clock, chance, truth
        What happens, when, what decides, and who counts.
    thread, session_id, project
        The session's account, its id, and its folder.
    """

    def __init__(self, story: Story, clock: Clock, chance: Chance, truth: Truth, *, thread: Thread, session_id: str, project: str) -> None:
        self.model = ""
        self._story = story
        self._clock = clock
        self._chance = chance
        self._truth = truth
        self._thread = thread
        self._id = session_id
        self._project = project
        self._started = str(clock)

    def write_documents(self, *folders: Path) -> Kept:
        """The session as old versions wrote it, and its copy in the folder of the new version."""
        actor = self._actor(None, Cache(SYSTEM_PROMPT))
        messages = [message for message, is_last in self._messages(actor) if is_last]
        whole = {**self._head(), "lastUpdated": str(self._clock), "messages": messages, "summary": self._story.title}
        text = json.dumps(whole, indent=2, ensure_ascii=False)
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{self._name()}.json").write_text(text, "utf-8", newline="\n")
            self._truth.file(text.count("\n"), len(text.encode()))
        requests = sum(message.get("tokens") is not None for message in messages)
        self._thread.title = self._story.title
        self._truth.count(self._thread, replayed_requests=requests * (len(folders) - 1))
        return Kept(tuple(messages), requests, self._id, self._project, self._started, self._clock.ms, actor.cache.context)

    def write_log(self, folder: Path, original: Kept | None) -> None:
        """The session as a log of changes; a resumed one begins with all messages of the original."""
        log = LogFile(folder / f"{self._name()}.jsonl", self._truth)
        old = list(original.messages) if original else []
        if original is not None:
            self._started = original.started
            self._truth.count(self._thread, replayed_requests=original.requests)
        log.add({**self._head(), "kind": "main"})
        log.add({"$set": {"messages": [self._context(), *old], "lastUpdated": str(self._clock)}})
        actor = self._actor(folder / self._id, Cache(original.context if original else SYSTEM_PROMPT))
        for message, _ in self._messages(actor):
            log.add(message)
            if "id" in message:
                log.add({"$set": {"lastUpdated": str(self._clock)}})
        if original is None:
            log.add({"$set": {"summary": self._story.title, "lastUpdated": str(self._clock)}})
            self._thread.title = self._story.title
        log.close()

    def _actor(self, folder: Path | None, cache: Cache) -> Actor:
        return Actor(self._clock, self._chance, self._truth, self._thread, cache, model=self.model, project=self._project, folder=folder)

    def _messages(self, actor: Actor) -> Iterator[tuple[Record, bool]]:
        """The states of messages in order, each with whether it is the last one of its message."""
        quirks = self._story.quirks
        for number, turn in enumerate(self._story.turns):
            self._clock.wait(turn.pause)
            yield self._prompt(turn.prompt), True
            if number == 1 and "api-errors" in quirks:
                yield (
                    {"id": self._chance.uuid(), "timestamp": str(self._clock), "type": "error", "content": "The model is overloaded."},
                    True,
                )
                yield self._prompt("Please try again."), True
            yield from self._steps(actor, number, turn)
            if actor.cache.context > FULL or (number == 1 and "compacted" in quirks):
                yield from self._compress(actor)
            if number == 1 and "errand-queued" in quirks and actor.folder is not None:
                yield {"$rewindTo": self._chance.uuid()}, True  # nothing that was said and paid for is taken back by it

    def _steps(self, actor: Actor, number: int, turn: Turn) -> Iterator[tuple[Record, bool]]:
        for position, step in enumerate(turn.steps):
            yield from actor.perform(step, searched=30 if (number, position) == (0, 0) and "server-search" in self._story.quirks else 0)
            if position == 0 and turn.queued:
                self._clock.wait(1.5)
                yield self._prompt(turn.queued), True
                yield from actor.perform(QUICK_ANSWER)

    def _prompt(self, text: str) -> Record:
        self._truth.count(self._thread, prompts=1)
        return {"id": self._chance.uuid(), "timestamp": str(self._clock), "type": "user", "content": [{"text": text}]}

    def _compress(self, actor: Actor) -> Iterator[tuple[Record, bool]]:
        """The history makes way for its summary; the request that made it is in no file, and old versions write nothing at all."""
        self._clock.wait(20)
        actor.cache.context, actor.cache.used_ms = AFTER_COMPRESSION, None
        if actor.folder is None:
            return
        self._truth.count(self._thread, compactions=1)
        snapshot = f"{SNAPSHOT}\n<!-- {self._clock} -->"
        summary = {"id": self._chance.hex(32), "timestamp": str(self._clock), "type": "user", "content": [{"text": snapshot}]}
        yield {"$set": {"messages": [self._context(), summary], "lastUpdated": str(self._clock)}}, True

    def _context(self) -> Record:
        text = f"<session_context>\nThis is the Gemini CLI.\n- **Workspace Directories:**\n  - {self._project}\n</session_context>"
        return {"id": self._chance.hex(32), "timestamp": str(self._clock), "type": "user", "content": [{"text": text}]}

    def _head(self) -> Record:
        project_hash = sha256(self._project.encode()).hexdigest()
        return {"sessionId": self._id, "projectHash": project_hash, "startTime": self._started, "lastUpdated": self._started}

    def _name(self) -> str:
        return f"session-{str(self._clock)[:16].replace(':', '-')}-{self._id[:8]}"
