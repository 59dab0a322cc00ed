"""The program's ledger of all requests: a line per request, a file per month."""

from __future__ import annotations

from pathlib import Path

from sessionframe.testing.chance import Chance
from sessionframe.testing.claude_code.transcript import Clock
from sessionframe.testing.google import encode
from sessionframe.testing.truth import Tokens


class Ledger:
    """Writes the requests of one session.

    Parameters
    ----------
    folder, session_id
        Where the months are, and whose requests these are.
    clock, chance
        The time, and where ids come from.
    """

    def __init__(self, folder: Path, session_id: str, clock: Clock, chance: Chance) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._session_id = session_id
        self._clock = clock
        self._chance = chance

    def add(self, tokens: Tokens, model: str, source: str = "main") -> None:
        """A request, at the time it was answered."""
        now = str(self._clock)
        entry = {
            "schemaVersion": 1,
            "id": self._chance.uuid(),
            "timestamp": now,
            "localDate": now[:10],
            "localMonth": now[:7],
            "sessionId": self._session_id,
            "model": model,
            "authType": "openai",
            "source": source,
            "inputTokens": tokens.context,
            "outputTokens": tokens.output_tokens,
            "cachedTokens": tokens.cache_read_tokens,
            "thoughtsTokens": tokens.reasoning_tokens,
            "totalTokens": tokens.context + tokens.output_tokens,
            "apiDurationMs": 900,
        }
        with (self._folder / f"token-usage-{now[:7]}.jsonl").open("ab") as file:
            file.write(encode(entry) + b"\n")
