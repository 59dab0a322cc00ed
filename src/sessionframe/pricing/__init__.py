"""A usage frame in, its costs out: list prices of the day of each request from `genai-prices`, or own prices from a file.

The only room that knows prices. The list is bundled, and read on first use; nothing here asks the network but `update_prices`.
"""

from __future__ import annotations

from sessionframe.pricing.apply import cost_parts, price, quotes
from sessionframe.pricing.entry import Rates
from sessionframe.pricing.listed import preload
from sessionframe.pricing.pricelist import PriceList, rates
from sessionframe.pricing.update import update_prices

__all__ = ["PriceList", "Rates", "cost_parts", "preload", "price", "quotes", "rates", "update_prices"]
