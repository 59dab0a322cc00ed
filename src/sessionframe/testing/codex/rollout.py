"""One rollout of Codex: lines go in as one version writes them, a file comes out, counted and packed where that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from sessionframe.testing.chance import Chance
from sessionframe.testing.claude_code.transcript import Clock
from sessionframe.testing.truth import Truth

Payload: TypeAlias = dict[str, Any]
Line: TypeAlias = tuple[str, Payload]
"""Type and payload."""
encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Version:
    """How a version of the program writes, as far as its generations differ.

    Attributes
    ----------
    name
        As the first line states it.
    has_turns
        Turns have ids and events of their own; before, every request has its context.
    usage_first
        The usage of a response stands before its items.
    repeats
        Counters are written again before each request, and once without any at the start.
    paginated
        Lines are numbered, and events are completed items.
    records
        Every response has a usage record, and the server makes compactions.
    writes
        Cache writes are counted.
    """

    name: str
    has_turns: bool = True
    usage_first: bool = False
    repeats: bool = False
    paginated: bool = False
    records: bool = False
    writes: bool = False


OLD = Version("0.63.0", has_turns=False, usage_first=True, repeats=True)
FIRST_WITH_TURNS = Version("0.115.0", repeats=True)
VERSIONS = {
    OLD: 0.1,
    FIRST_WITH_TURNS: 0.2,
    Version("0.145.0", writes=True): 0.25,
    Version("0.169.0", paginated=True, records=True, writes=True): 0.45,
}
"""Versions that are written, with their shares."""


def uuid7(ms: int, chance: Chance) -> str:
    """An id that begins with its time, as threads and turns have."""
    digits = f"{ms:012x}"
    return f"{digits[:8]}-{digits[8:]}-7{chance.hex(3)}-8{chance.hex(3)}-{chance.hex(12)}"


class Rollout:
    """A file that grows by lines.

    Parameters
    ----------
    thread, version, clock
        Whose it is, how it is written, what time it is.

    Attributes
    ----------
    lines
        What was written, so that forks and sub-agents can begin with a copy of it.
    responses
        How many responses its counters tell of.
    """

    def __init__(self, thread: str, version: Version, clock: Clock) -> None:
        self.thread = thread
        self.version = version
        self.clock = clock
        self.started_ms = clock.ms
        self.lines: list[Line] = []
        self.responses = 0
        self._data: list[bytes] = []
        self._ordinal = 0

    def add(self, kind: str, payload: Payload) -> None:
        """A line."""
        self.lines.append((kind, payload))
        record: dict[str, Any] = {"timestamp": str(self.clock)}
        if self.version.paginated:
            record["ordinal"] = self._ordinal
            self._ordinal += 1
        self._data.append(encode({**record, "type": kind, "payload": payload}))

    def event(self, kind: str, **fields: Any) -> None:
        """An event."""
        self.add("event_msg", {"type": kind, **fields})

    def item(self, kind: str, **fields: Any) -> None:
        """An item of the conversation with the model."""
        self.add("response_item", {"type": kind, **fields})

    def copy(self, lines: Iterable[Line], responses: int) -> None:
        """The history of another thread, written in one go under the time of now."""
        for kind, payload in lines:
            self.add(kind, payload)
        self.responses += responses

    def skip_to(self, ordinal: int) -> None:
        """Number the lines from here on, as files do that refer to the history of another one."""
        self._ordinal = ordinal

    @property
    def next_ordinal(self) -> int:
        """The number of the next line."""
        return self._ordinal

    def save(self, root: Path, truth: Truth, *, archived: bool = False, packed: bool = False) -> None:
        """Write the file."""
        began = datetime.fromtimestamp(self.started_ms // 1000, UTC)
        folder = root / "archived_sessions" if archived else root / "sessions" / began.strftime("%Y/%m/%d")
        name = f"rollout-{began.strftime('%Y-%m-%dT%H-%M-%S')}-{self.thread}.jsonl"
        data = b"\n".join([*self._data, b""])
        if packed:
            name, data = f"{name}.zst", b"".join(stored(data))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        truth.file(len(self._data), len(data))


BLOCK = 1 << 17


def stored(data: bytes) -> Iterator[bytes]:
    """A Zstandard frame that holds data as it is: the same bytes whatever library there is."""
    yield b"\x28\xb5\x2f\xfd\x00\x38"  # magic number, no size and no checksum, a window of 128 kB
    for start in range(0, max(1, len(data)), BLOCK):
        block = data[start : start + BLOCK]
        header = (start + BLOCK >= len(data)) | len(block) << 3  # last block or not, raw, size
        yield header.to_bytes(3, "little") + block
