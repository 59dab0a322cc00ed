"""Tests of the helpers, each for pandas and polars."""
