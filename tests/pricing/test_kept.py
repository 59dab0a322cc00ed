"""The price list as plain values says what the library says, and a kept one says the same or is not used."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import genai_prices
import msgspec
import pytest
from genai_prices.data import providers
from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot
from genai_prices.types import ClauseEquals, ConditionalPrice, ModelInfo, ModelPrice, Provider, StartDateConstraint

from sessionframe import cachefiles
from sessionframe.pricing import kept, library, listed, rates, update_prices
from sessionframe.pricing.listing import Listing
from sessionframe.pricing.names import read_name
from tests.pricing.usage import day

SELLERS = {p.id: p for p in providers}
WEST = timezone(timedelta(hours=-7))
TICK = timedelta(microseconds=1)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The cache is on, in a folder of its own, and nothing was asked yet in this process."""
    monkeypatch.setenv(cachefiles.FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(cachefiles.SWITCH_VARIABLE)
    listed.bundled.cache_clear()
    yield tmp_path / "cache" / "prices.sessionframe"
    listed.bundled.cache_clear()
    set_custom_snapshot(None)


# plain values


def times(listing: Listing) -> list[datetime]:
    """Instants on both sides of every place where a price may change, and in another zone."""
    days = [datetime(each.year, each.month, each.day, tzinfo=UTC) for each in listing.days]
    some = [datetime(1999, 1, 1, tzinfo=UTC), datetime(2100, 7, 1, 12, tzinfo=UTC), *days]
    hours = [datetime.combine(at, hour, UTC) for at in some for hour in listing.clocks]
    return [at for edge in (*some, *hours) for at in (edge, edge - TICK, edge.astimezone(WEST))]


def stated(price: ModelPrice, names: tuple[str, ...], prompt: int) -> Decimal | None:
    """A rate as the library's own calculator takes it."""
    value: Any = next((each for name in names if (each := getattr(price, name)) is not None), None)
    if value is None or isinstance(value, Decimal):
        return value
    above = [tier.price for tier in value.tiers if prompt > tier.start]
    return above[-1] if above else value.base


def differences(info: ModelInfo, listing: Listing) -> list[object]:
    """Where the listing and the library do not say the same."""
    found: list[object] = []
    prompts = [0, *(size + more for size in listing.sizes for more in (0, 1))]
    whens: list[Mapping[str, str] | None] = [None, *(row.when for row in info.price_variants or ())]
    for at, prompt, when in itertools.product(times(listing), prompts, whens):
        rows = [row for row in info.price_variants or () if row.when == when and (row.constraint is None or row.constraint.active(at))]
        price = info.get_prices(at, when) if when is None or rows else None
        told = listing.rates(at, prompt, when)
        if price is None or any(getattr(price, name) for name in library.UNCOUNTED):
            expected = None
        else:
            expected = {part: stated(price, names, prompt) for part, names in library.RATE_KEYS.items()}
        if expected != (None if told is None else {part: getattr(told, part) for part in library.RATE_KEYS}):
            found.append((info.id, at, prompt, when))
    return found


@pytest.mark.parametrize("seller", SELLERS)
def test_plain_values_are_what_the_library_says_at_every_time_and_size(seller: str) -> None:
    for info in SELLERS[seller].models:
        assert differences(info, library.listing(seller, info)) == []


def test_a_model_without_any_such_option_has_no_price_for_it() -> None:
    info = ModelInfo("m", ClauseEquals("m"), prices=ModelPrice(input_mtok=Decimal(1)))
    assert library.listing("s", info).rates(day("2026-11-01"), 0, {"speed": "fast"}) is None


def test_a_price_from_a_day_on_is_not_known_before_by_another_name() -> None:
    """The first price of the list stands for the time before it, as in the library."""
    start = StartDateConstraint(day("2026-10-01").date())
    prices = [ConditionalPrice(start, prices=ModelPrice(input_mtok=Decimal(2)))]
    listing = library.listing("s", ModelInfo("m", ClauseEquals("m"), prices=prices))
    assert [getattr(listing.rates(day(at), 0), "input", None) for at in ("2026-09-30", "2026-10-01")] == [2, 2]


# kept


def test_what_is_kept_is_what_the_library_says(cache: Path) -> None:
    assert kept.read() is None
    listed.bundled()
    shelves = kept.read()
    assert shelves is not None
    assert list(shelves) == [provider.id for provider in providers]
    fresh = {provider.id: listed.by_name(provider.id, library.listings(provider)) for provider in providers}
    assert {seller: dict(shelf) for seller, shelf in shelves.items()} == fresh
    assert all(len(shelf) == len(list(shelf)) for shelf in shelves.values())
    assert cache.is_file()


@pytest.mark.parametrize("model", ["claude-opus-5", "gpt-5", "qwen3-coder-plus", "qwen3-coder-480b-a35b-instruct", "claude-mythos-5", "x"])
def test_a_kept_list_finds_the_same(cache: Path, model: str) -> None:
    fresh = listed.bundled().find(read_name(model))
    listed.bundled.cache_clear()
    again = listed.bundled().find(read_name(model))
    if isinstance(fresh, str) or isinstance(again, str):
        assert fresh == again
    else:
        assert (again.entry.seller, again.entry.vendor, again.fast) == (fresh.entry.seller, fresh.entry.vendor, fresh.fast)
        assert again.entry.listing == fresh.entry.listing
    assert cache.is_file()


def no_file(path: Path) -> None:
    path.unlink()


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def foreign(path: Path) -> None:
    del path
    cachefiles.write(kept.NAME, b"something else")


def other_shape(path: Path) -> None:
    del path
    cachefiles.write(kept.NAME, msgspec.msgpack.encode((kept.origin(), {"anthropic": 1})))


def other_code(path: Path) -> None:
    del path
    cachefiles.write(kept.NAME, msgspec.msgpack.encode(kept.File("of other code", {})))


@pytest.mark.parametrize("harm", [no_file, damaged, cut, foreign, other_shape, other_code], ids=lambda harm: harm.__name__)
def test_what_cannot_be_used_is_made_anew(cache: Path, harm: Any) -> None:
    listed.bundled()
    whole = cache.read_bytes()
    harm(cache)
    assert kept.read() is None
    listed.bundled.cache_clear()
    assert not isinstance(listed.bundled().find(read_name("claude-opus-5")), str)
    assert cache.read_bytes() == whole


def test_without_a_cache_nothing_is_made_to_be_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cachefiles.SWITCH_VARIABLE, "off")
    kept.write(lambda: pytest.fail("asked for the whole list"))
    assert not isinstance(listed.bundled().find(read_name("claude-opus-5")), str)
    assert not cache.exists()


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(cachefiles.FOLDER_VARIABLE, str(tmp_path / "file"))
    assert not isinstance(listed.bundled().find(read_name("claude-opus-5")), str)
    assert not cache.exists()


def test_the_origin_is_what_the_code_of_the_library_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "some_price_list"
    package.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(kept, "LIBRARY", package.name)
    seen = {kept.origin()}
    for name, text in (("__init__.py", ""), ("data.py", "price = 1"), ("data.py", "price = 2"), ("more.py", "")):
        (package / name).write_text(text)
        seen.add(kept.origin())
    assert len(seen) == 5
    assert kept.origin() == kept.origin()
    assert None in seen  # at first the package had no code in files: nothing is kept then


def test_a_library_that_is_not_in_files_is_not_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LIBRARY", "no_such_package")
    assert kept.origin() is None
    kept.write(dict)
    assert not cache.exists()


# newer prices


def test_fetched_prices_are_used_and_never_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed.bundled()
    before = cache.read_bytes()
    assert getattr(rates("claude-opus-5", day("2026-11-01")), "input", None) == 5
    model = ModelInfo("claude-opus-5", ClauseEquals("claude-opus-5"), prices=ModelPrice(input_mtok=Decimal(3)))
    newer = DataSnapshot([Provider("anthropic", "Anthropic", "", models=[model])], from_auto_update=True)
    monkeypatch.setattr(genai_prices.UpdatePrices, "fetch", lambda self: newer)
    update_prices()
    assert getattr(rates("claude-opus-5", day("2026-11-01")), "input", None) == 3
    assert cache.read_bytes() == before
    set_custom_snapshot(None)
    assert getattr(rates("claude-opus-5", day("2026-11-01")), "input", None) == 5


LOADED = """
import sys
from datetime import UTC, datetime
from sessionframe.pricing import rates
print(rates("claude-opus-5", datetime(2026, 11, 1, tzinfo=UTC)).input, *sorted({"genai_prices", "pydantic", "httpx2"} & set(sys.modules)))
"""
UPDATED = """
import genai_prices, sys
from genai_prices.data_snapshot import get_snapshot, set_custom_snapshot, DataSnapshot
set_custom_snapshot(DataSnapshot([], from_auto_update=True))
from datetime import UTC, datetime
from sessionframe.pricing import rates
print(rates("claude-opus-5", datetime(2026, 11, 1, tzinfo=UTC)))
"""


def test_the_second_process_does_without_the_library(cache: Path) -> None:
    def told(code: str) -> str:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.strip()

    assert told(LOADED) == "5 genai_prices httpx2 pydantic"
    assert told(LOADED) == "5"
    assert told(UPDATED) == "None"  # a list that somebody put in the place of the bundled one goes before what is kept
    assert told(LOADED) == "5"
    assert cache.is_file()
