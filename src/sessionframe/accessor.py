"""Import this module, and frames of pandas and polars have the helpers and charts as methods, wherever they come from.

>>> import pandas as pd
>>> import sessionframe.accessor
>>> pd.read_parquet("usage.parquet").sf.tokens_by(by="model")  # doctest: +SKIP

Frames that sessionframe hands out have them without it.
"""

from __future__ import annotations

from sessionframe.frames.forward import offer_in_pandas, offer_in_polars

__all__: list[str] = []

offer_in_pandas()
offer_in_polars()
