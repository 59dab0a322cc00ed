"""Sorted values go in, how sure one can be of their median and of differences comes out. Plain numpy, no resampling loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy as np

Values: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"
Bounds: TypeAlias = tuple[float | None, float | None]

MIN_N = 10
"""With fewer values an interval of a median would promise more than it holds: its ends are hardly more than the extremes."""
NOTE = f"fewer than {MIN_N} values: no interval"
EVEN, LESS, GREATER = 0.147, 0.33, 0.474
"""Up to where a Cliff's delta is called negligible, small, medium (Romano and others, 2006)."""


class Summary(NamedTuple):
    """The middle of some values."""

    n: int
    median: float | None
    p25: float | None
    p75: float | None


def quantile(ranked: Values, rank: float) -> float:
    """A quantile of sorted values, interpolated linearly between the two next to it."""
    place = rank * (len(ranked) - 1)
    low = int(place)
    above = ranked[min(low + 1, len(ranked) - 1)]
    return float(ranked[low] + (place - low) * (above - ranked[low]))


def summary(ranked: Values) -> Summary:
    """How many values there are, their median and quartiles; the values are sorted."""
    if not len(ranked):
        return Summary(0, None, None, None)
    return Summary(len(ranked), *(quantile(ranked, rank) for rank in (0.5, 0.25, 0.75)))


def medians(ranked: Values, n_boot: int, seed: list[int]) -> Values:
    """Medians of as many bootstrap samples of sorted values, drawn from their exact distribution.

    A bootstrap sample takes the values at n random places. Its median is the value at the middle one of n places, and the middle one
    of n uniform numbers has a beta distribution: one number per sample instead of n, whatever n is.
    """
    import numpy as np

    chance, n = np.random.default_rng(seed), len(ranked)
    lower = (n + 1) // 2
    place = chance.beta(lower, n + 1 - lower, n_boot)
    low: Values = ranked[np.minimum((place * n).astype(int), n - 1)]
    if n % 2:
        return low
    # the place above it is the smallest of the n - lower places between it and 1
    above = place + (1 - place) * chance.beta(1, n - lower, n_boot)
    high: Values = ranked[np.minimum((above * n).astype(int), n - 1)]
    middle: Values = (low + high) / 2
    return middle


def interval(samples: Values) -> Bounds:
    """The middle 95 % of bootstrap samples: the percentile interval."""
    import numpy as np

    low, high = (float(value) for value in np.quantile(samples, (0.025, 0.975)))
    return low, high


def median_interval(values: Values, n_boot: int, seed: int) -> Bounds:
    """The 95 % interval of a median; nothing for few values."""
    return interval(medians(values, n_boot, [seed])) if len(values) >= MIN_N else (None, None)


def difference_interval(values: Values, others: Values, n_boot: int, seed: int) -> Bounds:
    """The 95 % interval of the median of the first minus that of the second; nothing for few values."""
    if min(len(values), len(others)) < MIN_N:
        return None, None
    return interval(medians(values, n_boot, [seed, 1]) - medians(others, n_boot, [seed, 2]))


def cliffs_delta(values: Values, others: Values) -> float | None:
    """How much more often a value is greater than one of the others than less, over all pairs: -1 to 1; nothing for few values."""
    import numpy as np

    if min(len(values), len(others)) < MIN_N:
        return None
    less = np.searchsorted(others, values, side="left").sum()
    greater = len(others) * len(values) - np.searchsorted(others, values, side="right").sum()
    return float(less - greater) / (len(values) * len(others))


def magnitude(delta: float | None) -> str | None:
    """A word for the size of a Cliff's delta."""
    if delta is None:
        return None
    size = abs(delta)
    return "negligible" if size < EVEN else "small" if size < LESS else "medium" if size < GREATER else "large"
