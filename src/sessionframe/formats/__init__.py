"""Bytes go in, records come out: JSON lines, clocks, and what was wrong with them. Knows files, no agents and no frames."""
