"""The kept rows of one agent on one machine: sources go in, those that need no reading come out, and new rows are put beside them."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import xxhash

from sessionframe import cachefiles
from sessionframe.engine.cache.identity import Stamp, code_of, digest_of, is_as_it_was, stamp_of
from sessionframe.engine.cache.manifest import STATES, Checked, Entry, Manifest, Spans, decoded, encoded, sum_of
from sessionframe.engine.needs import Columns
from sessionframe.engine.plan import Group
from sessionframe.engine.task import PARSED, Parsed, Share
from sessionframe.providers.contract import Source, TableRow, Want

if TYPE_CHECKING:
    import polars as pl

    from sessionframe.engine.cache.segment import NewSegment

DAY_S = 24 * 3600
UNUSED_S = 30 * DAY_S
"""What nobody asked for during this time is removed [s]."""
STRANGE_S = 60
"""A segment that no manifest names belongs to a process that writes its manifest just now, or never did [s]."""
MOST_GROWN = 64
MOST_SEGMENTS = 12
MOST_DEAD = 0.5
"""Where there are more segments, or more of their rows are out of date, they are written anew as one."""

Key: TypeAlias = tuple[str, str]
"""`Source.key`."""


@dataclass(slots=True)
class Looked:
    """The sources of a group, by what is kept of them.

    Attributes
    ----------
    kept
        Nothing has changed.
    grown
        Perhaps they have only grown, or were only touched: whether what is kept is still their beginning, their bytes must tell.
    new
        These must be read.
    digest
        What all of them look like from outside.
    is_sure
        Files of this look are known again: none was written just now.
    seen
        What each looked like, and the digest of its basis.
    """

    kept: list[Entry] = field(default_factory=list)
    grown: list[tuple[Source, Entry]] = field(default_factory=list)
    new: list[Source] = field(default_factory=list)
    digest: Any = field(default_factory=xxhash.xxh3_128)
    is_sure: bool = True
    seen: dict[Key, tuple[Stamp, bytes]] = field(default_factory=dict)

    def limit(self) -> None:
        """Go on only with the largest sources: thousands that were touched, by a backup say, are read faster anew, by several processes."""
        self.grown.sort(key=lambda each: -(each[0].size or 0))
        self.new += [source for source, _ in self.grown[MOST_GROWN:]]
        del self.grown[MOST_GROWN:]

    def see(self, source: Source, stamp: Stamp | None, basis: bytes) -> None:
        """Take what a source looks like into account."""
        if stamp is None:
            self.is_sure = False
            return
        self.seen[source.key] = stamp, basis
        self.is_sure = self.is_sure and stamp.is_sure and stamp.is_beside_sure
        self.digest.update(f"{source.path}\0{source.part}\0".encode("utf-8", "surrogatepass") + stamp.file + stamp.beside + basis)


class Shelf:
    """What is kept of the sources of a group.

    Parameters
    ----------
    group
        The sources.
    want
        How deep they are read.
    prepared
        What the provider prepared for them.
    code
        What `identity.code_of` says of the provider.
    """

    def __init__(self, group: Group, want: Want, prepared: Any, code: bytes) -> None:
        self._group = group
        self._prepared = prepared
        place = (*whereabouts(group), group.machine.label, group.machine.is_local)
        depth = "usage" if want.only_usage else "all"
        self.name = f"{group.provider.agent_type}.{depth}.{digest_of((place, sorted(want.tables), code)).hex()[:16]}"
        self._now_ns = time.time_ns()
        self._manifest = decoded(cachefiles.read(self.name) or b"")
        self._fresh: list[Entry] = []
        self._everything: bytes | None = None

    @classmethod
    def of(cls, group: Group, want: Want, prepared: Any) -> Shelf | None:
        """The shelf of a group; nothing where nothing is kept: text never is, and rows of objects from outside are not."""
        if want.content or want.raw or want.session_id or want.statements or cachefiles.folder() is None:
            return None
        code = code_of(group.provider)
        return None if code is None else cls(group, want, prepared, code)

    def look(self) -> Looked:
        """Sort the sources by what is kept of them."""
        known = {entry.key: entry for entry in self._manifest.entries}
        looked = Looked()
        for source in self._group.sources:
            entry, stamp, basis = known.get(source.key), stamp_of(source, self._now_ns), self._basis_of(source)
            looked.see(source, stamp, basis)
            if entry is None or stamp is None or stamp.beside != entry.beside or not self._is_current(entry, basis):
                looked.new.append(source)
            elif entry.file == stamp.file and entry.is_sure:
                looked.kept.append(entry)
            elif entry.checkpoint is not None and entry.checkpoint.offset <= (source.size or 0):
                looked.grown.append((source, entry))
            else:
                looked.new.append(source)
        looked.limit()
        return looked

    def rows_behind(self, entries: Sequence[Entry]) -> Iterator[tuple[bytes, list[TableRow]]]:
        """What a provider is given back of each source that has grown: its state, and its rows behind the checkpoint.

        Each file of the cache is read once, however many sources have grown. Raises `DamagedError`.
        """
        from sessionframe.engine.cache.segment import by_file, cut, read
        from sessionframe.frames.build import rows_of

        behind = [{table: spans for table, spans in entry.rest.items() if table != "issues"} for entry in entries]
        files = {place: read(self.name, *place) for place in by_file(behind)}
        for places in behind:
            found = {table: [cut(files[span.segment, table], [span]) for span in spans] for table, spans in places.items()}
            (state,) = found.pop(STATES)[0]["state"]
            yield state, [row for table, parts in found.items() for part in parts for row in rows_of(PARSED[table], part)]

    def frames(self, spans: Iterable[Spans], columns: Columns | None = None) -> dict[str, pl.DataFrame]:
        """The rows that lie at some places, per table that is needed. Raises `DamagedError` where a file is gone or damaged."""
        import polars as pl

        from sessionframe.engine.cache.segment import by_file, cut, read

        found: dict[str, list[pl.DataFrame]] = {}
        for (segment, table), parts in by_file(spans).items():
            if columns is None or table in columns:
                found.setdefault(table, []).append(cut(read(self.name, segment, table, None if columns is None else columns[table]), parts))
        return {table: pl.concat(parts, rechunk=False) for table, parts in found.items()}

    def keep_some(self, looked: Looked, parsed: Sequence[Parsed]) -> None:
        """Keep a part of what is being read. Nothing that was kept before is removed: it may still be needed."""
        from sessionframe.engine.cache.segment import NewSegment

        segment = NewSegment()
        fresh = entries_of(segment, looked, {}, parsed)
        replaced = {entry.key for entry in fresh}
        entries = [entry for entry in self._manifest.entries if entry.key not in replaced]
        manifest = Manifest({**self._manifest.segments, segment.name: segment.heights}, [*entries, *fresh])
        if segment.write(self.name) and cachefiles.write(self.name, encoded(manifest)):
            self._manifest = manifest
            self._fresh += fresh

    def keep(self, looked: Looked, went_on: Mapping[Key, Entry], parsed: Sequence[Parsed]) -> None:
        """Keep the rest of what was read, beside what was kept before.

        Parameters
        ----------
        looked
            What `look` said.
        went_on
            What was kept of sources that have only grown: rows of `parsed` come after the settled ones of theirs.
        parsed
            What was read.
        """
        entries = [*looked.kept, *self._elsewhere(), *self._fresh]
        is_new = bool(self._fresh) or any(share.is_sound for part in parsed for share in part.shares)
        if not is_new and len(entries) == len(self._manifest.entries):
            self._still_used()
            return
        from sessionframe.engine.cache.segment import NewSegment, repacked

        segment = NewSegment()
        entries += entries_of(segment, looked, went_on, parsed)
        heights = {**self._manifest.segments, segment.name: segment.heights}
        if is_worn(heights, entries):
            entries = repacked(self.name, entries, segment)
        used = {span.segment for entry in entries for spans in entry.spans.values() for span in spans}
        manifest = Manifest({name: tables for name, tables in heights.items() if name in used}, entries)
        if segment.write(self.name) and cachefiles.write(self.name, encoded(manifest)):
            tidy(self.name, used)

    def forget(self) -> None:
        """Forget everything: it is damaged."""
        cachefiles.remove(self.name)
        self._manifest, self._fresh = Manifest(), []

    def _elsewhere(self) -> list[Entry]:
        """What is kept of sources that are not asked for now but are still there: other folders were named, or fewer."""
        asked = {source.key for source in self._group.sources}
        return [entry for entry in self._manifest.entries if entry.key not in asked and os.path.exists(entry.path)]  # noqa: PTH110

    def _is_current(self, entry: Entry, basis: bytes) -> bool:
        """Whether what the rows depend on beside the source is as it was."""
        return entry.basis == basis and is_as_it_was(entry.folds, self._group.machine)

    def _basis_of(self, source: Source) -> bytes:
        basis = self._group.provider.basis(source, self._prepared)
        if basis is not self._prepared:
            return digest_of(basis)
        if self._everything is None:  # the same for all sources, and perhaps large
            self._everything = digest_of(basis)
        return self._everything

    def _still_used(self) -> None:
        """Note once a day that the shelf is in use."""
        if cachefiles.age(self.name) > DAY_S:
            cachefiles.touch(self.name)


def entries_of(segment: NewSegment, looked: Looked, went_on: Mapping[Key, Entry], parsed: Sequence[Parsed]) -> list[Entry]:
    """What is to be kept of sources that were read, with their rows added to a segment. What is not sound is left out."""
    added = [each for part in parsed if any(share.is_sound for share in part.shares) for each in segment.add_parsed(part)]
    sound = ((share, looked.seen.get(share.source.key), settled, rest) for share, settled, rest in added if share.is_sound)
    return [entry_of(share, seen, settled, rest, went_on) for share, seen, settled, rest in sound if seen is not None]


def entry_of(share: Share, seen: tuple[Stamp, bytes], settled: Spans, rest: Spans, went_on: Mapping[Key, Entry]) -> Entry:
    """What is to be kept of a source that was read, as it looked before it was read."""
    (stamp, basis), source, point = seen, share.source, share.checkpoint
    before = went_on.get(source.key)
    return Entry(
        path=source.path,
        part=source.part,
        file=stamp.file,
        beside=stamp.beside,
        is_sure=stamp.is_sure and stamp.is_beside_sure and not share.has_changed,
        basis=basis,
        folds={**(before.folds if before else {}), **share.folds},
        settled=sum_of(before.settled, settled) if before else settled,
        rest=rest,
        lineage=share.lineage,
        checkpoint=Checked(point.offset, point.lines, point.fingerprint) if point and stamp.is_beside_sure else None,
    )


def whereabouts(group: Group) -> tuple[str, str]:
    """Where a home lies, and from where its sources are named, if they are named from somewhere."""
    is_named_from_here = not all(os.path.isabs(source.path) for source in group.sources)  # noqa: PTH117 - a hot loop
    return os.path.abspath(group.machine.home), os.getcwd() if is_named_from_here else ""  # noqa: PTH100, PTH109 - a text is needed


def is_worn(segments: Mapping[str, Mapping[str, int]], entries: Sequence[Entry]) -> bool:
    """Whether there are so many segments, or so many rows in them that nobody needs, that writing all anew is worth it."""
    written = sum(height for tables in segments.values() for height in tables.values())
    alive = sum(span.length for entry in entries for spans in entry.spans.values() for span in spans)
    return len(segments) > MOST_SEGMENTS or alive < written * (1 - MOST_DEAD)


def tidy(shelf: str, used: Collection[str]) -> None:
    """Remove files of segments that are not in use any more, shelves that nobody has used for long, and what was never finished."""
    now = time.time()
    names = cachefiles.names()
    for name, at in names.items():
        owner, _, rest = name.rpartition(".")[0].rpartition(".")
        if owner == shelf:
            if rest not in used and now - at > STRANGE_S:
                cachefiles.remove(name)
        elif now - names.get(owner, at) > UNUSED_S:
            cachefiles.remove(name)
    cachefiles.sweep()
