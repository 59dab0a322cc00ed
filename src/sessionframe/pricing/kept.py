"""The bundled price list in, the same from the cache folder out: whoever asks again for prices does without the library (150 ms)."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import xxhash

from sessionframe import cachefiles
from sessionframe.pricing.listing import Listing

LIBRARY = "genai_prices"
NAME = "prices"
"""What the file in the cache folder is called."""


class Packed(msgspec.Struct, frozen=True, array_like=True):
    """The listings of a seller: name -> place among them, and each packed by itself."""

    places: Mapping[str, int]
    listings: Sequence[msgspec.Raw]


class Shelf(Mapping[str, Listing]):
    """The listings of a seller by their names. Each is unpacked when it is asked for."""

    def __init__(self, packed: Packed) -> None:
        self._packed = packed

    def __getitem__(self, name: str) -> Listing:
        """The listing that has a name."""
        return msgspec.msgpack.decode(self._packed.listings[self._packed.places[name]], type=Listing)

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._packed.places)

    def __len__(self) -> int:
        """How many names there are."""
        return len(self._packed.places)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a name, without unpacking its listing."""
        return name in self._packed.places


class File(msgspec.Struct, frozen=True, array_like=True):
    """What is kept: what it was made by, see `origin`, and seller -> its listings."""

    origin: str
    sellers: Mapping[str, Packed]


def read() -> dict[str, Shelf] | None:
    """Seller -> its listings as they were kept; nothing when there are none, or when they were made by other code than is installed."""
    content = cachefiles.read(NAME)
    if content is None:
        return None
    try:
        found = msgspec.msgpack.decode(content, type=File)
    except msgspec.MsgspecError:
        return None
    return {seller: Shelf(packed) for seller, packed in found.sellers.items()} if found.origin == origin() else None


def write(shelves: Callable[[], Mapping[str, Mapping[str, Listing]]]) -> None:
    """Keep a price list: seller -> name -> listing, asked for only where something can be kept."""
    if cachefiles.folder() is not None and (made_by := origin()) is not None:
        packed = {seller: pack(named) for seller, named in shelves().items()}
        cachefiles.write(NAME, msgspec.msgpack.encode(File(made_by, packed)))


def pack(named: Mapping[str, Listing]) -> Packed:
    """Listings by their names, each packed once."""
    listings = list({id(listing): listing for listing in named.values()}.values())
    places = {id(listing): place for place, listing in enumerate(listings)}
    return Packed(
        {name: places[id(listing)] for name, listing in named.items()},
        [msgspec.Raw(msgspec.msgpack.encode(listing)) for listing in listings],
    )


def origin() -> str | None:
    """A checksum over the code that the list is made by: the library, which holds the list itself, and this room.

    Over what the files hold, not over their versions or times: a package that was installed anew, changed by hand or is being worked on
    is told apart too. Nothing when that cannot be known, because the code is not in files.
    """
    spec = importlib.util.find_spec(LIBRARY)
    folders = [*((spec and spec.submodule_search_locations) or ()), str(Path(__file__).parent)]
    digest = xxhash.xxh3_128()
    try:
        names = [sorted(name for name in os.listdir(folder) if name.endswith(".py")) for folder in folders]  # noqa: PTH208 - a hundred times as fast
        for folder, name in ((folder, name) for folder, inside in zip(folders, names, strict=True) for name in inside):
            code = Path(folder, name).read_bytes()
            digest.update(b"%s\0%d\0" % (name.encode(), len(code)))
            digest.update(code)
    except OSError:
        return None
    return digest.hexdigest() if len(names) > 1 and all(names) else None
