"""The bundled price list in, the same from the cache folder out: whoever asks again for prices does without the library (150 ms)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import xxhash

from sessionframe import cachefiles
from sessionframe.pricing.listing import Listing

LIBRARY = "genai_prices"
NAME = "prices"
"""What the file in the cache folder is called."""


class Shelf(msgspec.Struct, frozen=True, array_like=True):
    """The listings of a seller by their names; each is unpacked when it is asked for.

    Attributes
    ----------
    places
        Name -> place in `listings`.
    listings
        Packed.
    """

    places: Mapping[str, int]
    listings: Sequence[msgspec.Raw]

    def get(self, name: str, /) -> Listing | None:
        """The listing that has a name."""
        place = self.places.get(name)
        return None if place is None else msgspec.msgpack.decode(self.listings[place], type=Listing)


class File(msgspec.Struct, frozen=True, array_like=True):
    """What is kept: what it was made by, see `origin`, and seller -> its listings."""

    origin: str
    shelves: Mapping[str, Shelf]


def read() -> Mapping[str, Shelf] | None:
    """Seller -> its listings as they were kept; nothing when there are none, or when they were made by other code than is installed."""
    content = cachefiles.read(NAME)
    if content is None:
        return None
    try:
        found = msgspec.msgpack.decode(content, type=File)
    except msgspec.MsgspecError:
        return None
    return found.shelves if found.origin == origin() else None


def write(listings: Callable[[], Mapping[str, Mapping[str, Listing]]]) -> None:
    """Keep a price list: seller -> name -> listing, asked for only where something can be kept."""
    if cachefiles.folder() is not None and (made_by := origin()) is not None:
        cachefiles.write(NAME, msgspec.msgpack.encode(File(made_by, {seller: shelved(named) for seller, named in listings().items()})))


def shelved(named: Mapping[str, Listing]) -> Shelf:
    """Listings by their names, packed."""
    listings = list({id(listing): listing for listing in named.values()}.values())
    places = {id(listing): place for place, listing in enumerate(listings)}
    packed = [msgspec.Raw(msgspec.msgpack.encode(listing)) for listing in listings]
    return Shelf({name: places[id(listing)] for name, listing in named.items()}, packed)


def origin() -> str | None:
    """A checksum over the code that the list is made by: the library, which holds the list itself, and this room.

    Over what the files hold, not over their versions or times: a package that was installed anew, changed by hand or is being worked on
    is told apart too. Nothing when that cannot be known, because the code is not in files.
    """
    spec = importlib.util.find_spec(LIBRARY)
    folders = [*((spec and spec.submodule_search_locations) or ()), Path(__file__).parent]
    digest = xxhash.xxh3_128()
    try:
        code = [sorted(Path(folder).glob("*.py")) for folder in folders]
        for path in (path for paths in code for path in paths):
            digest.update(b"%s\0%d\0" % (path.name.encode(), path.stat().st_size))
            digest.update(path.read_bytes())
    except OSError:
        return None
    return digest.hexdigest() if len(code) > 1 and all(code) else None
