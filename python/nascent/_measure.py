# SPDX-License-Identifier: Apache-2.0
"""Times of networks on this CPU."""

from typing import Sequence, Union

from ._core import Network, _measure


def measure(networks: Union[Network, Sequence[Network]], batch: int = 1, threads: int = 1, dtype: str = "f32"):
    """Runs a network, or several in turns, on this CPU, and gives a dict for each: median_ms with its 95 % interval
    (low_ms, high_ms), spread, samples, device; for all but the first `ratio`, its time over the first one's with its interval.
    Times are of the whole batch."""
    one = isinstance(networks, Network)
    found = _measure([networks] if one else list(networks), batch, threads, dtype)
    return found[0] if one else found
