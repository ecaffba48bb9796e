"""The loop of online bin packing over single bins, compiled once (`simulator.py` says what it does)."""

from typing import Any, TypeAlias

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints, Rule
from heuresis.evaluators.bin_packing.single_bins.contract import CONTRACT
from heuresis.evaluators.language.compile import function_type

Bins: TypeAlias = NDArray[np.int32]

_RULE = function_type(CONTRACT.main)
_INT64, _INT32, _FLOAT64 = types.int64[::1], types.int32[::1], types.float64[::1]
_BLOCK = 32
"""Bins are looked through by the block: most blocks of full bins are passed over at once."""

_SETTINGS: dict[str, Any] = {"error_model": "numpy", "cache": True}


def warm() -> None:
    """Loading this module compiles the loop or reads it from the cache; check that it is there."""
    if len(pack.signatures) != 1:
        raise RuntimeError("the loop over bins lacks a compiled signature")


@numba.njit(types.int64(_FLOAT64, types.int64), **_SETTINGS)
def _first_largest(value: Floats, count: int) -> int:
    """Position of the first largest of `value[:count]` (`count` ≥ 1), or -1 where one is NaN."""
    best, largest = 0, value[0]
    nans = np.isnan(largest)
    for k in range(1, count):
        nans |= np.isnan(value[k])
        if value[k] > largest:
            best, largest = k, value[k]
    return -1 if nans else best


@numba.njit(types.void(_INT64, _INT64, types.int64), **_SETTINGS)
def _measure(left: Ints, most: Ints, block: int) -> None:
    """Write to `most` how much the emptiest bin of a block has left."""
    most[block] = left[block * _BLOCK : (block + 1) * _BLOCK].max()


@numba.njit(types.int64(_INT64, _INT64, types.int64, types.int64, _INT64, _FLOAT64), **_SETTINGS)
def _feasible(left: Ints, most: Ints, end: int, item: int, where: Ints, rem: Floats) -> int:
    """Write the bins before `end` that have room for an item, in order, and what they have left; how many there are."""
    count = 0
    for block in range((end + _BLOCK - 1) // _BLOCK):
        if most[block] >= item:
            for b in range(block * _BLOCK, min((block + 1) * _BLOCK, end)):
                where[count] = b
                rem[count] = left[b]
                count += left[b] >= item
    return count


@numba.njit(
    types.int64(
        _RULE, _FLOAT64, _INT64, types.int64, types.boolean, _INT64, _INT64, _INT64, _FLOAT64, _FLOAT64, _INT32,
        types.int64,
    ),
    **_SETTINGS,
)  # fmt: skip
def _pack_one(
    rule: Rule, theta: Floats, items: Ints, cap: int, one_fresh: bool, left: Ints, most: Ints, where: Ints,
    rem: Floats, value: Floats, chosen: Bins, begin: int,
) -> int:  # fmt: skip
    """Pack one instance; returns the number of bins, or -1 on failure. Writes to `chosen` from `begin` on, if at all.

    `left` to `value` are scratch arrays; `most` says of each block of bins how much the emptiest has left.
    """
    n = items.shape[0]
    left[:n] = cap
    left[n:] = 0
    most[:] = cap
    end = 1 if one_fresh else n
    used = 0
    for t in range(n):
        item = items[t]
        count = _feasible(left, most, end, item, where, rem)
        rule(float(item), rem[:count], theta, value, count)
        best = _first_largest(value, count)
        if best < 0:
            return -1
        bin_ = where[best]
        if chosen.shape[0] > 0:
            chosen[begin + t] = bin_
        used += left[bin_] == cap
        end = min(max(end, bin_ + 2), n)
        left[bin_] -= item
        if left[bin_] + item == most[bin_ // _BLOCK]:
            _measure(left, most, bin_ // _BLOCK)
    return used


@numba.njit(
    types.void(_RULE, _FLOAT64, _INT64, _INT64, _INT64, _INT64, _INT64, types.boolean, _INT64, _INT32), **_SETTINGS
)
def pack(
    rule: Rule, theta: Floats, items: Ints, offsets: Ints, capacity: Ints, which: Ints, begins: Ints, one_fresh: bool,
    bins: Ints, chosen: Bins,
) -> None:  # fmt: skip
    """Pack the instances in `which`: their numbers of bins (-1: failed), and the number of each item's bin.

    With `one_fresh` a new bin becomes visible when the one before it is used, else all are from the start. `begins`
    says where in `chosen` an instance's items begin; nothing is written there where it is empty.
    """
    longest = 0
    for q in range(which.shape[0]):
        longest = max(longest, offsets[which[q] + 1] - offsets[which[q]])
    blocks = (longest + _BLOCK - 1) // _BLOCK
    left, most, where = np.zeros(blocks * _BLOCK, np.int64), np.empty(blocks, np.int64), np.empty(longest + 1, np.int64)
    rem, value = np.empty(longest + 1), np.empty(longest + 1)
    for q in range(which.shape[0]):
        low, high = offsets[which[q]], offsets[which[q] + 1]
        found = _pack_one(
            rule, theta, items[low:high], capacity[which[q]], one_fresh, left, most, where, rem, value, chosen,
            begins[q],
        )  # fmt: skip
        bins[q] = found
        if found < 0 and chosen.shape[0] > 0:
            chosen[begins[q] : begins[q] + high - low] = -1
