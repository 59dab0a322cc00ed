"""A conversation as OpenCode stores it: a story goes in, messages with their parts and the sessions of sub-agents come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sessionframe.testing.chance import Chance
from sessionframe.testing.opencode.store import Record, Store
from sessionframe.testing.opencode.tools import part
from sessionframe.testing.story import Deed, Errand, Outcome, Step, Story, Strength, Turn
from sessionframe.testing.truth import Thread, Tokens, Truth

SYSTEM_PROMPT = 11_000
"""Tokens of the system prompt and the tools."""
LIFETIME_MS = 300_000
"""How long the cache of the vendor keeps a prompt."""
FULL, AFTER_COMPACTION = 160_000, 15_000
AWAY_HOURS = 5

MODELS: Mapping[Strength, tuple[str, str]] = {
    "strong": ("anthropic", "claude-opus-5-5"),
    "everyday": ("openai", "gpt-5.5"),
    "small": ("anthropic", "claude-haiku-5-5"),
}
UNPRICED = ("internal", "internal-preview-1")
PRICES: Mapping[str, tuple[float, float, float, float]] = {
    "claude-opus-5-5": (4, 5, 0.2, 20),
    "claude-haiku-5-5": (0.1, 0.125, 0.01, 0.5),
    "gpt-5.5": (2, 0, 0.2, 12),
}
"""What the program's own catalogue says [USD per million tokens]: input, cache write, cache read, output. Others cost it nothing."""
OUTCOMES: Mapping[Outcome, str] = {"error": "tool_errors", "denied": "denials", "interrupted": "interruptions"}
QUICK_ANSWER = Step(thinks=False, words="Noted.", deeds=(), seconds=3, growth=250, output=40)


@dataclass
class Scene:
    """One session in the making.

    Attributes
    ----------
    session_id, thread, folder, root
        Which, its account, and where it works.
    mode, model
        The program's agent, and the provider and model it asks.
    now_ms, started_ms
        The clock.
    context, used_ms
        Tokens of the conversation, and when the cache last saw them.
    cost, children_cost
        What the program has added up, without and of sub-agents.
    tokens
        The same of tokens, as the columns of the session have them.
    log
        Messages and parts, for those who copy the session.
    """

    session_id: str
    thread: Thread
    folder: str
    root: str
    mode: str
    model: tuple[str, str]
    now_ms: int
    started_ms: int
    context: int = SYSTEM_PROMPT
    used_ms: int | None = None
    cost: float = 0.0
    children_cost: float = 0.0
    tokens: Tokens = field(default_factory=Tokens)
    log: list[tuple[str, int, Record, list[Record]]] = field(default_factory=list)
    parent_message: str = ""

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ms += max(1, int(seconds * 1000))


class Director:
    """Plays stories into a store.

    Parameters
    ----------
    store, truth, chance
        Where to, who counts, what decides.
    agent, version, mode
        The program, its version, its usual mode.
    counts_children
        The cost of a sub-agent is added to the message that called it, as Kilo does.
    """

    def __init__(self, store: Store, truth: Truth, chance: Chance, *, agent: str, version: str, mode: str, counts_children: bool) -> None:
        self.store, self.truth, self.chance = store, truth, chance
        self.agent, self.version, self.mode = agent, version, mode
        self.counts_children = counts_children

    def begin(self, story: Story, started_ms: int) -> Scene:
        """A new conversation."""
        model = UNPRICED if "unpriced" in story.quirks else MODELS[story.strength]
        folder = story.worktree or story.project.root
        session_id = self.store.id("ses", started_ms)
        thread = self.truth.thread(session_id, agent=self.agent, project=folder)
        return Scene(session_id, thread, folder, story.project.root, self.mode, model, started_ms, started_ms)

    def play(self, scene: Scene, story: Story) -> None:
        """All turns."""
        for number, turn in enumerate(story.turns):
            scene.wait(turn.pause + 0.5)
            if number == 1 and "returned" in story.quirks:
                scene.wait(AWAY_HOURS * 3600)
            self._turn(scene, turn, retried=number == 1 and "api-errors" in story.quirks)
            if scene.context > FULL or (number == 1 and "compacted" in story.quirks):
                self._compact(scene)

    def _turn(self, scene: Scene, turn: Turn, *, retried: bool) -> None:
        self.prompt(scene, turn.prompt)
        for position, step in enumerate(turn.steps):
            before = [self._retry(scene)] if retried and position == 0 else []
            self.step(scene, step, before)
            if position == 0 and turn.queued:
                self.prompt(scene, turn.queued)
                self.step(scene, QUICK_ANSWER)

    def prompt(self, scene: Scene, text: str, *, human: bool = True, data: Record | None = None) -> None:
        """A message of the user, or of the session that hands work over."""
        message_id = self.store.id("msg", scene.now_ms)
        provider, model = scene.model
        said = {"role": "user", "time": {"created": scene.now_ms}, "agent": scene.mode}
        said |= {"model": {"providerID": provider, "modelID": model}, "summary": {"diffs": []}}
        self._keep(scene, message_id, scene.now_ms, said, [(scene.now_ms, data or {"type": "text", "text": text})])
        scene.parent_message = message_id
        if human:
            self.truth.count(scene.thread, prompts=1)
        scene.wait(0.2)

    def step(self, scene: Scene, step: Step, before: Sequence[Record] = (), **fields: Any) -> None:
        """One request: a message with everything that came of it."""
        began = scene.now_ms
        message_id = self.store.id("msg", began)
        parts: list[tuple[int, Record]] = [(began, {"type": "step-start"}), *((began, each) for each in before)]
        scene.wait(step.seconds)
        tokens = self._tokens(scene, step)
        if step.thinks:
            parts.append((scene.now_ms, {"type": "reasoning", "text": "Let me see.", "time": {"start": began, "end": scene.now_ms}}))
        if step.words or not step.deeds:
            parts.append((scene.now_ms, {"type": "text", "text": step.words or "Done.", "time": {"start": began, "end": scene.now_ms}}))
        children = scene.children_cost
        parts += [(scene.now_ms, each) for deed in step.deeds for each in self._deed(scene, deed)]
        cost = self._cost(scene, tokens)
        stated = counts(tokens)
        finish = "tool-calls" if step.deeds else "stop"
        parts.append((scene.now_ms, {"reason": finish, "type": "step-finish", "tokens": stated, "cost": cost}))
        shown = cost + (scene.children_cost - children if self.counts_children else 0)
        said = self._assistant(scene, began, shown, stated, finish) | fields
        self._keep(scene, message_id, began, said, parts)
        self.truth.request(scene.thread, tokens, model=scene.model[1], project=scene.folder, at_ms=scene.now_ms)
        scene.wait(0.1)

    def _assistant(self, scene: Scene, began: int, cost: float, stated: Record, finish: str) -> Record:
        provider, model = scene.model
        return {
            "parentID": scene.parent_message,
            "role": "assistant",
            "mode": scene.mode,
            "agent": scene.mode,
            "path": {"cwd": scene.folder, "root": scene.folder},
            "cost": cost,
            "tokens": stated,
            "modelID": model,
            "providerID": provider,
            "time": {"created": began, "completed": scene.now_ms},
            "finish": finish,
        }

    def _tokens(self, scene: Scene, step: Step) -> Tokens:
        """What a request uses: the conversation comes from the cache unless it was left too long."""
        warm = scene.used_ms is not None and scene.now_ms - scene.used_ms <= LIFETIME_MS
        read, fresh = (scene.context, step.growth) if warm else (0, scene.context + step.growth)
        writes = scene.model[0] == "anthropic"
        reasoning = step.output * 2 // 5 if step.thinks and not writes else 0
        tokens = Tokens(1, 3 if writes else fresh, read, fresh if writes else 0, output_tokens=step.output, reasoning_tokens=reasoning)
        scene.context += step.growth + step.output
        scene.used_ms = scene.now_ms
        return tokens

    def _cost(self, scene: Scene, tokens: Tokens) -> float:
        fresh, write, read, out = PRICES.get(scene.model[1], (0, 0, 0, 0))
        parts = (
            tokens.input_tokens * fresh,
            tokens.cache_write_tokens * write,
            tokens.cache_read_tokens * read,
            tokens.output_tokens * out,
        )
        cost = round(sum(parts) / 1e6, 9)
        scene.cost += cost
        scene.tokens.add(tokens)
        return cost

    def _deed(self, scene: Scene, deed: Deed) -> list[Record]:
        """The parts of a tool call; work for several sub-agents is one call for each."""
        if deed.child:
            return [self._hand_over(scene, deed, errand) for errand in deed.child]
        return [self._called(scene, deed, deed.seconds, {})]

    def _called(self, scene: Scene, deed: Deed, seconds: float, metadata: Record) -> Record:
        began = scene.now_ms
        scene.wait(seconds)
        call_id = f"call_{self.chance.letters(20)}"
        self.truth.count(scene.thread, tool_calls=1)
        if deed.outcome in OUTCOMES:
            self.truth.count(scene.thread, **{OUTCOMES[deed.outcome]: 1})
        return part(deed, scene.folder, call_id, (began, scene.now_ms), metadata)

    def _hand_over(self, scene: Scene, deed: Deed, errand: Errand) -> Record:
        session_id = self.store.id("ses", scene.now_ms)
        thread = self.truth.thread(session_id, agent=self.agent, project=scene.folder, parent=scene.session_id)
        child = Scene(session_id, thread, scene.folder, scene.root, errand.kind, scene.model, scene.now_ms + 5, scene.now_ms)
        self.prompt(child, errand.prompt, human=False)
        for step in errand.steps:
            self.step(child, step)
        self.end(child, f"{errand.description} (@{errand.kind} subagent)", parent=scene.session_id)
        scene.children_cost += child.cost
        called = Deed(deed.kind, errand.description, output=deed.output, child=(errand,))
        return self._called(scene, called, (child.now_ms - scene.now_ms) / 1000, {"sessionId": session_id})

    def _compact(self, scene: Scene) -> None:
        """The history is replaced by a summary, which is a request of its own."""
        self.prompt(scene, "", human=False, data={"type": "compaction", "auto": True})
        step = Step(thinks=False, words="The cart rounds twice; one place is left.", deeds=(), seconds=20, growth=300, output=1400)
        self.step(scene, step, mode="compaction", agent="compaction", summary=True)
        self.truth.count(scene.thread, compactions=1)
        scene.context, scene.used_ms = AFTER_COMPACTION, None

    def _retry(self, scene: Scene) -> Record:
        error = {"name": "APIError", "data": {"message": "Overloaded", "statusCode": 529, "isRetryable": True}}
        return {"type": "retry", "attempt": 1, "error": error, "time": {"created": scene.now_ms}}

    def _keep(self, scene: Scene, message_id: str, at_ms: int, said: Record, parts: Sequence[tuple[int, Record]]) -> None:
        self.store.message(message_id, scene.session_id, at_ms, said)
        for when, each in parts:
            self.store.part(message_id, scene.session_id, when, each)
        scene.log.append((message_id, at_ms, said, [each for _, each in parts]))

    def copy(self, scene: Scene, original: Scene, messages: int) -> None:
        """Begin a fork: messages of another session under new ids, with their old times."""
        names: dict[str, str] = {}
        for message_id, at_ms, said, parts in original.log[:messages]:
            names[message_id] = self.store.id("msg", scene.now_ms)
            copied = said | ({"parentID": names[said["parentID"]]} if "parentID" in said else {})
            self.store.message(names[message_id], scene.session_id, at_ms, copied, made_ms=scene.now_ms)
            for each in parts:
                self.store.part(names[message_id], scene.session_id, scene.now_ms, each)
            if said["role"] == "assistant":
                self.truth.count(scene.thread, replayed_requests=1)
            scene.parent_message = names[message_id]
            scene.wait(0.01)

    def end(self, scene: Scene, title: str, parent: str | None = None, *, copied: bool = False) -> None:
        """The row of the session, with its running totals; those of a fork hold what it copied and say nothing of its own."""
        scene.thread.title = title
        tokens = scene.tokens
        self.store.session(
            id=scene.session_id,
            project_id=self.store.project(scene.root, scene.started_ms),
            parent_id=parent,
            slug=f"quiet-{self.chance.pick(('river', 'meadow', 'harbor'))}",
            directory=scene.folder,
            title=title,
            version=self.version,
            cost=scene.cost,
            tokens_input=tokens.input_tokens,
            tokens_output=tokens.output_tokens - tokens.reasoning_tokens,
            tokens_reasoning=tokens.reasoning_tokens,
            tokens_cache_read=tokens.cache_read_tokens,
            tokens_cache_write=tokens.cache_write_tokens,
            agent=scene.mode,
            time_created=scene.started_ms,
            time_updated=scene.now_ms,
        )
        if not copied:
            self.truth.recorded(scene.thread, scene.cost)


def counts(tokens: Tokens) -> Record:
    """The tokens of a step as versions since 1.14 write them: reasoning beside the output."""
    return {
        "total": tokens.context + tokens.output_tokens,
        "input": tokens.input_tokens,
        "output": tokens.output_tokens - tokens.reasoning_tokens,
        "reasoning": tokens.reasoning_tokens,
        "cache": {"read": tokens.cache_read_tokens, "write": tokens.cache_write_tokens},
    }
