"""Counts go in, their shares with 95 % intervals come out, as expressions."""

from __future__ import annotations

import narwhals as nw

Z = 1.959963984540054
"""95 % of a normal distribution lie within so many standard deviations."""


def share(part: str, whole: nw.Expr) -> nw.Expr:
    """A count as a share of another; null of nothing."""
    return nw.when(whole > 0).then(nw.col(part) / whole)


def with_interval(name: str, part: str, whole: nw.Expr) -> list[nw.Expr]:
    """A share and its Wilson score interval: `name`, `name_low`, `name_high`; all null of nothing.

    The interval of Wilson (1927) stays between 0 and 1 and is honest for few cases and for shares near 0 or 1, where the common
    plus-minus is not (Brown, Cai, DasGupta 2001). It takes the cases for independent; calls of one session are not quite.
    """
    rate = nw.col(part) / whole
    middle = (rate + Z * Z / (2 * whole)) / (1 + Z * Z / whole)
    # the product is exactly 0 at rates of 0 and 1; rounding could make it a little less
    spread = Z * ((rate * (1 - rate) / whole).clip(lower_bound=0) + Z * Z / (4 * whole * whole)).sqrt() / (1 + Z * Z / whole)
    low, high = (middle - spread).clip(lower_bound=0), (middle + spread).clip(upper_bound=1)
    known = {name: rate, f"{name}_low": nw.when(nw.col(part) > 0).then(low).otherwise(0.0)}
    known[f"{name}_high"] = nw.when(nw.col(part) < whole).then(high).otherwise(1.0)
    return [nw.when(whole > 0).then(value).alias(column) for column, value in known.items()]


def interval_names(*names: str) -> list[str]:
    """The columns of `with_interval`."""
    return [column for name in names for column in (name, f"{name}_low", f"{name}_high")]
