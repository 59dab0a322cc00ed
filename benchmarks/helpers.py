"""Time helpers on synthetic tables, beside the same written natively in polars, and print a table of ratios.

    python benchmarks/helpers.py [--rows 1000000] [--runs 5] [NAME ...]

The best of the runs counts. Names are those of the helpers; without one, all are timed.
"""

from __future__ import annotations

import argparse

import helpers_of_calls
import helpers_of_usage
import polars as pl
from timing import best

GROUPS = (helpers_of_calls, helpers_of_usage)


def main() -> None:
    """Read the arguments, make the tables that are needed, time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [name for group in GROUPS for name in group.COMPARISONS]
    parser.add_argument("names", nargs="*", choices=[*names, []], metavar="NAME")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(f"{options.rows:,} rows per table, polars {pl.__version__}, {pl.thread_pool_size()} threads")
    for group in GROUPS:
        wanted = [name for name in group.COMPARISONS if name in (options.names or names)]
        tables = group.make(options.rows) if wanted else None
        for name in wanted:
            ours, native = (best(function, tables, runs=options.runs) for function in group.COMPARISONS[name])
            print(f"{name:20s} helper {ours:6.3f} s  native {native:6.3f} s  ratio {ours / native:5.2f}", flush=True)


if __name__ == "__main__":
    main()
