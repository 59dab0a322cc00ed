"""The price list's own address in, a newer price list for this process out. The only place of the package that uses the network."""

from __future__ import annotations

from sessionframe.errors import SessionFrameError


def update_prices() -> int:
    """Fetch today's price list and use it in this process from now on. Nothing else ever asks the network.

    Returns
    -------
    int
        Number of models in the new list.

    Raises
    ------
    SessionFrameError
        The list cannot be fetched or is not one; the list in use stays.
    """
    from genai_prices import UpdatePrices  # here: it costs 150 ms
    from genai_prices.data_snapshot import set_custom_snapshot

    source = UpdatePrices()
    try:
        snapshot = source.fetch()
    except Exception as error:  # whatever the network, a proxy or a firewall makes of it: the answer is the same
        raise SessionFrameError(
            f"the price list at {source.url} could not be fetched ({type(error).__name__}: {error}). "
            "The prices in use stay. Without the network, a newer release of genai-prices brings newer prices."
        ) from error
    if snapshot is None or not snapshot.providers:
        raise SessionFrameError(f"the price list at {source.url} is empty. The prices in use stay. Try again later.")
    set_custom_snapshot(snapshot)
    return sum(len(provider.models) for provider in snapshot.providers)
