"""Reference algorithms of bin packing that are no rules of a contract: they sort, or see what it hides."""

from typing import Any

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Ints

CLASSES = 12
"""Classes of sizes that harmonic tells apart; with more it gains next to nothing (Lee and Lee 1985)."""

_INT64 = types.int64[::1]
_SETTINGS: dict[str, Any] = {"error_model": "numpy", "cache": True}


@numba.njit(types.int64(_INT64, types.int64), **_SETTINGS)
def first_fit(items: Ints, capacity: int) -> int:
    """Bins used where each item goes into the first bin, in the order of opening, that has room for it.

    A complete binary tree over the bins holds the most that any bin below a node has left (Johnson 1974,
    doi:10.1016/S0022-0000(74)80026-7), so an item costs the logarithm of the number of bins.
    """
    leaves = 1
    while leaves < items.shape[0]:
        leaves *= 2
    most = np.full(2 * leaves, capacity, np.int64)
    bins = 0
    for item in items:
        node = 1
        while node < leaves:
            node *= 2
            if most[node] < item:
                node += 1
        bins = max(bins, node - leaves + 1)
        most[node] -= item
        while node > 1:
            node //= 2
            most[node] = max(most[2 * node], most[2 * node + 1])
    return bins


@numba.njit(types.int64(_INT64, types.int64), **_SETTINGS)
def first_fit_decreasing(items: Ints, capacity: int) -> int:
    """Bins used by first fit where the largest items come first."""
    bins: int = first_fit(-np.sort(-items), capacity)
    return bins


@numba.njit(types.int64(_INT64, types.int64), **_SETTINGS)
def best_fit_decreasing(items: Ints, capacity: int) -> int:
    """Bins used where the largest items come first and each goes into the bin with least left."""
    counts = np.zeros(capacity + 1, np.int64)
    bins = 0
    for item in -np.sort(-items):
        level = item
        while level < capacity and counts[level] == 0:
            level += 1
        if level == capacity:
            bins += 1
        else:
            counts[level] -= 1
        counts[level - item] += 1
    return bins


@numba.njit(types.int64(_INT64, types.int64), **_SETTINGS)
def sum_of_squares(items: Ints, capacity: int) -> int:
    """Bins used by sum of squares (Csirik et al. 2006, doi:10.1145/1120582.1120583), of equal changes the fullest bin.

    The sum runs over the squared numbers of open bins with equally much left, full and empty ones apart.
    """
    counts = np.zeros(capacity + 1, np.int64)
    bins = 0
    for item in items:
        chosen, least = capacity, np.iinfo(np.int64).max
        for level in range(item, capacity + 1):
            if level < capacity and counts[level] == 0:
                continue
            gap = level - item
            change = (2 * counts[gap] + 1 if gap > 0 else 0) - (2 * counts[level] - 1 if level < capacity else 0)
            if change < least:
                chosen, least = level, change
        if chosen == capacity:
            bins += 1
        else:
            counts[chosen] -= 1
        counts[chosen - item] += 1
    return bins


@numba.njit(types.int64(_INT64, types.int64), **_SETTINGS)
def harmonic_classes(items: Ints, capacity: int) -> int:
    """Bins used by Harmonic with `CLASSES` classes (Lee and Lee 1985, doi:10.1145/3828.3833).

    An item of which k fit into a bin, but not k + 1, is of class k, and its bins take k items of this class and nothing
    else. All items too small for the classes before are of the last one, which is packed by next fit.
    """
    held = np.zeros(CLASSES, np.int64)  # by class, of its bin that is not full: the items, of the last one the sizes
    bins = 0
    for item in items:
        k = capacity // item
        if k < CLASSES:
            bins += held[k] == 0
            held[k] = (held[k] + 1) % k
        else:
            if held[0] == 0 or held[0] + item > capacity:
                bins += 1
                held[0] = 0
            held[0] += item
    return bins
