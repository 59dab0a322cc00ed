"""Charts: a table, a frame or a helper's input goes in, matplotlib `Axes` come out.

Labels and units come from the schema, colours stay the same from chart to chart and are told apart with colour blindness.
"""

from __future__ import annotations

from sessionframe.plot._shape import session_lengths, tools
from sessionframe.plot._time import cache_writes, cost, tokens

__all__ = ["cache_writes", "cost", "session_lengths", "tokens", "tools"]
