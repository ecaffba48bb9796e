"""Lower bounds on the number of bins: L1 and L2 (Martello and Toth 1990, Discrete Applied Mathematics 28, 59-70)."""

import numpy as np
from numpy.typing import NDArray


def l1(items: NDArray[np.int64], capacity: int) -> int:
    """What the items need if they could be cut: their sum over the capacity, rounded up."""
    return -(-int(items.sum()) // capacity)


def l2(items: NDArray[np.int64], capacity: int) -> int:
    """The largest bound over all thresholds K from 0 to half the capacity; never below L1.

    Items above capacity − K share their bin with none of size K or more, and items above half the capacity share with
    none of their like. So what those in between leave free is all that smaller ones, down to K, can use for nothing.
    """
    if not len(items):
        return 0
    ascending = np.sort(items)
    sums = np.concatenate(([0], np.cumsum(ascending)))
    half = int(np.searchsorted(ascending, capacity // 2, side="right"))
    large = len(items) - half  # above half the capacity: a bin each
    thresholds = np.concatenate(([0], np.unique(ascending[:half])))
    alone = np.searchsorted(ascending, capacity - thresholds, side="right")  # from here on too large for any K
    between = np.maximum(alone, half)
    free = (between - half) * capacity - (sums[between] - sums[half])
    small = sums[half] - sums[np.searchsorted(ascending, thresholds)]
    more = np.maximum(0, -((free - small) // capacity))
    return large + int(more.max())
