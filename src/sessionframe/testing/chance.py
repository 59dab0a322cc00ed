"""A seed goes in, the same choices come out: on every platform, in every version of Python."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

LETTERS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""The alphabet of Anthropic's ids."""


class Chance:
    """Choices that a seed decides.

    Only `random()` and `getrandbits()` of the standard generator are used, with additions and multiplications: logarithms and
    sines differ in the last digit between platforms, and a committed home must come out equal to the byte everywhere.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - invents sample text, guards nothing

    def child(self) -> Chance:
        """A stream of its own, so that a change in one part of a home does not shift all others."""
        return Chance(self._random.getrandbits(64))

    def share(self) -> float:
        """A number from 0 up to, not including, 1."""
        return self._random.random()

    def happens(self, probability: float) -> bool:
        """Whether something with this probability happens."""
        return self._random.random() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self._random.random() * len(items))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """One of the keys, as often as its weight says; the weights need not add up to 1."""
        left = self._random.random() * sum(weights.values())
        for item, weight in weights.items():
            left -= weight
            if left < 0:
                return item
        return item

    def along(self, quantiles: Sequence[float]) -> float:
        """A number from a distribution that is given by its quantiles, evenly spaced from the least to the greatest."""
        place = self._random.random() * (len(quantiles) - 1)
        step = int(place)
        return quantiles[step] + (quantiles[step + 1] - quantiles[step]) * (place - step)

    def uuid(self) -> str:
        """An id of random bits in the usual form."""
        digits = f"{self._random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def hex(self, length: int) -> str:
        """Hexadecimal digits."""
        return f"{self._random.getrandbits(4 * length):0{length}x}"

    def letters(self, length: int) -> str:
        """Letters and digits without those that look alike."""
        number = self._random.getrandbits(6 * length)
        found = []
        for _ in range(length):
            found.append(LETTERS[(number & 63) % len(LETTERS)])
            number >>= 6
        return "".join(found)
