"""A model and the circumstances of a request in, its rates or the reason why they are unknown out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sessionframe.errors import OptionError
from sessionframe.pricing import listed, multipliers
from sessionframe.pricing.entry import Entry, Rates
from sessionframe.pricing.names import read_name

if TYPE_CHECKING:
    from sessionframe.pricing.ownmodel import OwnModel


class Request(msgspec.Struct, frozen=True):
    """What decides the rates of a request beside its model.

    Attributes
    ----------
    at
        Instant of the request; None when unknown.
    prompt
        Whole prompt: uncached input, cache reads and cache writes [tokens].
    speed, service_tier, inference_geo
        As the log has them.
    """

    at: datetime | None
    prompt: int = 0
    speed: str | None = None
    service_tier: str | None = None
    inference_geo: str | None = None


class Match(msgspec.Struct, frozen=True):
    """A model found: its entry, and whether its name says fast mode."""

    entry: Entry
    fast: bool = False


class PriceList(msgspec.Struct, frozen=True):
    """Own prices, then the dated additions of this package, then the bundled list.

    Own prices win wherever they speak; before the first date of a model's entries the list still does. Names are compared exactly,
    after taking known decorations off a logged name one by one: an entry for ``claude-haiku-4-5`` prices
    ``us.anthropic.claude-haiku-4-5-20251001-v1:0`` too, unless there is one for that very name.

    Attributes
    ----------
    own
        What `read` found in a file.
    """

    own: Mapping[str, OwnModel] = {}

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> PriceList:
        """Read own prices from a TOML or JSON file.

        A file holds ``models``: name -> ``input``, ``output``, ``cache_read``, ``cache_write``, ``cache_write_1h`` [USD per million
        tokens] and ``web_search`` [USD per 1000]. A rate that is left out is unknown, and so is the cost of a request that needs it.
        A model may have several such entries, each with the day (UTC) it applies ``from``, and each may have ``tiers``: rates that
        replace the entry's for requests whose whole prompt is ``above`` a number of tokens. ``<name>-fast`` prices the fast mode of a
        Claude model.

        Parameters
        ----------
        path
            The file; its ending says the format.

        Returns
        -------
        PriceList
            To be given to `price` or `scan`.

        Raises
        ------
        PriceFileError
            The file cannot be read or does not have this shape; the message names the key.

        Examples
        --------
        A file ``prices.toml``::

            [models.my-model]
            input = 1.5
            output = 6
            cache_read = 0.15

            [[models.other-model]]
            input = 2
            output = 8

            [[models.other-model]]
            from = 2026-10-01
            input = 1
            output = 4
            tiers = [{ above = 200000, input = 2, output = 6 }]
        """
        from sessionframe.pricing.own import read_own  # here: pydantic is only needed by who has such a file

        return cls(read_own(Path(path)))

    def find(self, model: str | None, vendor: str | None = None) -> Match | str:
        """The entry of a model, or the reason why there is none."""
        if not model:
            return "the log does not name the model"
        name = read_name(model)
        found = listed.catalog().find(name, vendor)
        spelling = next((spelling for spelling in name.spellings if spelling.text in self.own), None)
        if spelling is not None:
            from sessionframe.pricing.ownmodel import OwnEntry  # only who has own prices needs it

            own = self.own[spelling.text]
            return Match(OwnEntry(spelling.text, own, None if isinstance(found, str) else found.entry), spelling.fast)
        return found if isinstance(found, str) else Match(found.entry, found.fast)


def rates(
    model: str,
    at: datetime | None = None,
    *,
    prompt_tokens: int = 0,
    speed: str | None = None,
    service_tier: str | None = None,
    inference_geo: str | None = None,
    vendor: str | None = None,
    prices: PriceList | None = None,
) -> Rates | None:
    """Look up what a request costs per token.

    Parameters
    ----------
    model
        As logged; see `PriceList` for what is taken off a name.
    at
        Instant of the request, with a time zone. Without it, only a price that never changed is known.
    prompt_tokens
        Whole prompt: uncached input, cache reads and cache writes [tokens].
    speed, service_tier, inference_geo, vendor
        As in the usage table.
    prices
        Own prices; without them the bundled list alone.

    Returns
    -------
    Rates or None
        [USD per million tokens], multipliers included; None when the price is unknown.

    Raises
    ------
    OptionError
        ``at`` has no time zone.
    """
    if at is not None and at.tzinfo is None:
        raise OptionError(f"at={at!r} has no time zone, so its day is not known. Give it one, e.g. tzinfo=datetime.UTC.")
    match = (prices or PriceList()).find(model, vendor)
    quoted = match if isinstance(match, str) else quote(match, Request(at, prompt_tokens, speed, service_tier, inference_geo))
    return None if isinstance(quoted, str) else quoted


def quote(match: Match, request: Request) -> Rates | str:
    """The rates of one request, or the reason why they are unknown.

    A request without a time has a price when the model never had another one.
    """
    if request.at is not None:
        return _dated(match, request, request.at)
    instants = (listed.BEGINNING, *match.entry.instants)
    hours = chain.from_iterable((at, *(datetime.combine(at, hour, at.tzinfo) for hour in match.entry.clocks)) for at in instants)
    quotes = {_dated(match, request, at) for at in hours}
    return quotes.pop() if len(quotes) == 1 else "the log does not tell the time, and the price changed over time"


def _dated(match: Match, request: Request, at: datetime) -> Rates | str:
    entry = match.entry
    speed = "fast" if match.fast and _plain(request.speed) else request.speed
    options = {
        name: value.lower() for name, value in (("speed", speed), ("service_tier", request.service_tier)) if value and not _plain(value)
    }
    if len(options) > 1:
        return f"no price is known for {_words(options)} at once"
    rates = entry.standard(at, request.prompt)
    for option, value in options.items():
        rates = entry.variant(at, request.prompt, option, value) or _times(rates, entry.model, option, value, at)
        if rates is None:
            return f"no price is known for {_words({option: value})} at that time"
    if rates is None:
        return "the price list has no price of its tokens for that time"
    if _plain(request.inference_geo):
        return rates
    place = str(request.inference_geo).lower()
    return _times(rates, entry.model, "inference_geo", place, at) or f"no price is known for {_words({'inference_geo': place})}"


def _times(rates: Rates | None, model: str, option: str, value: str, at: datetime) -> Rates | None:
    factor = multipliers.factor(model, option, value, at)
    return None if rates is None or factor is None else rates.times(factor)


def _plain(value: str | None) -> bool:
    return value is None or value.lower() in multipliers.NEUTRAL


def _words(options: Mapping[str, str]) -> str:
    return " and ".join(f"{name} {value!r}" for name, value in options.items())
