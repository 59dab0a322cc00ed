"""A file of own prices in (TOML or JSON), checked entries out. The only place that knows the shape of such a file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sessionframe.errors import PriceFileError
from sessionframe.pricing.entry import Rates
from sessionframe.pricing.names import FAST, read_name
from sessionframe.pricing.ownmodel import OwnModel, OwnPeriod, OwnTier

PARSERS: dict[str, Callable[[str], Any]] = {
    ".json": partial(json.loads, parse_float=Decimal),
    ".toml": partial(tomllib.loads, parse_float=Decimal),
}
RATES = ("input", "cache_read", "cache_write", "cache_write_1h", "output", "web_search")
SHAPE = f"A model has {', '.join(RATES)} [USD per million tokens; web_search per 1000], and may have `from` and `tiers`."


def _exact(value: Any) -> Any:
    """Whole numbers as decimals: `4` is as good a price as `4.0`."""
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _day(value: Any) -> Any:
    """ISO dates as text, because JSON has no dates."""
    return date.fromisoformat(value) if isinstance(value, str) else value


Usd = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, allow_inf_nan=False)]
Day = Annotated[date, BeforeValidator(_day)]


class _Prices(BaseModel):
    """Rates; every one may be left out, and is unknown then."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    input: Usd | None = None
    cache_read: Usd | None = None
    cache_write: Usd | None = None
    cache_write_1h: Usd | None = None
    output: Usd | None = None
    web_search: Usd | None = None

    def given(self) -> dict[str, Decimal]:
        return {name: rate for name in RATES if (rate := getattr(self, name)) is not None}


class _Tier(_Prices):
    above: Annotated[int, Field(gt=0)]


def _sizes_differ(tiers: list[_Tier]) -> list[_Tier]:
    if len({tier.above for tier in tiers}) < len(tiers):
        raise ValueError("two tiers begin above the same size")
    return tiers


class _Period(_Prices):
    start: Annotated[Day | None, Field(alias="from")] = None
    tiers: Annotated[list[_Tier], AfterValidator(_sizes_differ)] = []

    def period(self, name: str) -> OwnPeriod:
        key, base = f"own:{name}", self.given()
        tiers = {tier.above: Rates(key, **{**base, **tier.given()}) for tier in self.tiers}
        start = datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC) if self.start else None
        return OwnPeriod(start, (OwnTier(-1, Rates(key, **base)), *(OwnTier(above, tiers[above]) for above in sorted(tiers))))


def _several(value: Any) -> Any:
    """One entry or a list of dated ones."""
    return value if isinstance(value, list) else [value]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    models: dict[str, Annotated[list[_Period], BeforeValidator(_several), Field(min_length=1)]]


def read_own(path: Path) -> dict[str, OwnModel]:
    """Read a file of own prices.

    Parameters
    ----------
    path
        A ``.toml`` or ``.json`` file.

    Returns
    -------
    dict
        Model name as spelled for look-ups -> its prices.

    Raises
    ------
    PriceFileError
        The file cannot be read or does not have the documented shape; the message names the key.
    """
    models: dict[str, OwnModel] = {}
    for name, periods in _checked(path).models.items():
        text = read_name(name).spellings[0].text
        fast = FAST.match(text)
        model = models.setdefault(fast[1] if fast else text, OwnModel())
        rows = model.fast if fast else model.standard
        if rows:
            raise PriceFileError(f"{path}: models.{name}: the same model is there under another spelling. Keep one of them.")
        rows.extend(sorted((period.period(name) for period in periods), key=lambda row: row.start or datetime.min.replace(tzinfo=UTC)))
        if len({row.start for row in rows}) < len(rows):
            raise PriceFileError(f"{path}: models.{name}: two entries start on the same day. Give each another `from`.")
    return models


def _checked(path: Path) -> _File:
    if path.suffix.lower() not in PARSERS:
        raise PriceFileError(f"{path}: a file of own prices ends in {' or '.join(sorted(PARSERS))}.")
    try:
        content = PARSERS[path.suffix.lower()](path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PriceFileError(f"{path}: cannot be read ({error.strerror or error}). Give a file that is there and may be read.") from error
    except ValueError as error:
        raise PriceFileError(f"{path}: is not valid {path.suffix[1:].upper()} ({error}). Mend it there.") from error
    try:
        return _File.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(f"{_key(row['loc'], content)}: {row['msg']}" for row in error.errors(include_url=False))
        raise PriceFileError(f"{path}: {wrong}. {SHAPE}") from error


def _key(place: tuple[int | str, ...], content: Any) -> str:
    """The path of a key as the file has it: a model with a single entry has no number there."""
    parts = list(place)
    if len(parts) > 2 and not isinstance(content["models"][parts[1]], list):
        del parts[2]
    return ".".join(str(part) for part in parts) or "the file"
