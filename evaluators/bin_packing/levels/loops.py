"""The loops of online bin packing, compiled once (`simulator.py` says what they do).

Open bins with equally much left are the same to a rule, so both loops handle levels (what a bin has left) instead of
bins. `by_counts` keeps the levels that occur sorted and asks the program for all that fit, item by item. `by_table` is
for programs whose score depends on the item and the level alone: it sorts the levels by score, once for each size, and
takes the first level that occurs.
"""

from typing import Any, TypeAlias

import numba
import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints, Rule
from heuresis.evaluators.bin_packing.levels.contract import CONTRACT, CONTRACT_N, CONTRACT_STATELESS
from heuresis.evaluators.kernels.smallest import first_smallest
from heuresis.evaluators.language.compile import function_type

Levels: TypeAlias = NDArray[np.int32]

_RULES = tuple(function_type(contract.main) for contract in (CONTRACT, CONTRACT_N, CONTRACT_STATELESS))
if len({rule.nargs for rule in _RULES}) < len(_RULES):
    raise TypeError("contracts of bin packing need different numbers of parameters: by these `_score` tells them apart")

_INT64, _INT32, _FLOAT64 = types.int64[::1], types.int32[::1], types.float64[::1]
_SETTINGS: dict[str, Any] = {"error_model": "numpy", "cache": True}


def warm() -> None:
    """Loading this module compiles the loops or reads them from the cache; check that they are there."""
    if not len(by_counts.signatures) == len(by_table.signatures) == len(_RULES):
        raise RuntimeError("the packing loops lack a compiled signature")


def _score(
    rule: Rule, item: int, levels: Ints, cap: int, n: int, left: int, counts: Ints, seen: Ints, theta: Floats,
    value: Floats, count: int,
) -> None:  # fmt: skip
    """Write the scores of an item at `count` levels to `value`; what the contract does not show is left out."""
    raise NotImplementedError  # compiled code only: `_compiled_score`


@overload(_score, strict=False, inline="always")  # not strict: lambdas have no annotations
def _compiled_score(
    rule: Any, item: Any, levels: Any, cap: Any, n: Any, left: Any, counts: Any, seen: Any,  # noqa: ARG001 - Numba
    theta: Any, value: Any, count: Any,  # noqa: ARG001 - compares names
) -> Any:  # fmt: skip
    if rule.nargs == _RULES[0].nargs:
        return lambda rule, item, levels, cap, n, left, counts, seen, theta, value, count: rule(  # noqa: ARG005
            item, levels, cap, counts, seen, theta, value, count
        )
    if rule.nargs == _RULES[1].nargs:
        return lambda rule, item, levels, cap, n, left, counts, seen, theta, value, count: rule(
            item, levels, cap, n, left, counts, seen, theta, value, count
        )
    return lambda rule, item, levels, cap, n, left, counts, seen, theta, value, count: rule(  # noqa: ARG005
        item, levels, cap, theta, value, count
    )


@numba.njit(types.int64(_INT64, types.int64, types.int64), **_SETTINGS)
def _first_fitting(levels: Ints, length: int, item: int) -> int:
    """Position of the smallest of the sorted levels that is at least `item`; the last one always is."""
    low, high = 0, length - 1
    while low < high:
        middle = (low + high) // 2
        if levels[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low


@numba.njit(types.int64(_INT64, types.int64, types.int64, types.int64, types.int64, types.boolean), **_SETTINGS)
def _move(levels: Ints, length: int, old: int, first: int, new: int, gone: bool) -> int:
    """Insert level `new`, smaller than that at position `old`, which goes where `gone`; return the new length.

    Looked for from `first` downwards or upwards: the position where the item began to fit.
    """
    at = first
    while at > 0 and levels[at - 1] > new:
        at -= 1
    while levels[at] < new:
        at += 1
    if gone:
        for k in range(old, at, -1):
            levels[k] = levels[k - 1]
    else:
        for k in range(length, at, -1):
            levels[k] = levels[k - 1]
        length += 1
    levels[at] = new
    return length


@numba.njit(
    [
        types.int64(rule, _FLOAT64, _INT64, types.int64, _INT64, _INT64, _INT64, _FLOAT64, _INT32, types.int64)
        for rule in _RULES
    ],
    **_SETTINGS,
)
def _pack_by_counts(
    rule: Rule, theta: Floats, items: Ints, cap: int, counts: Ints, seen: Ints, levels: Ints, value: Floats,
    chosen: Levels, begin: int,
) -> int:  # fmt: skip
    """Pack one instance; returns the number of bins, or -1 on failure. Writes to `chosen` from `begin` on, if at all.

    `counts` and `seen` are zero at the start; `levels` and `value` are scratch arrays. `levels` holds, sorted, all
    levels above 0 that occur, and `cap` for the new bin.
    """
    n = items.shape[0]
    writes = chosen.shape[0] > 0
    levels[0] = cap
    length = 1
    bins = 0
    for t in range(n):
        item = items[t]
        seen[item] += 1
        first = _first_fitting(levels, length, item)
        count = length - first
        _score(rule, item, levels[first:length], cap, n, n - t, counts, seen, theta, value, count)
        best = first_smallest(value, count)
        if best < 0:
            return -1
        at = first + best
        rem = levels[at]
        if writes:
            chosen[begin + t] = rem
        gone = False
        if at == length - 1:
            bins += 1
        else:
            counts[rem] -= 1
            gone = counts[rem] == 0
        new = rem - item
        counts[new] += 1
        if new > 0 and counts[new] == 1:
            length = _move(levels, length, at, first, new, gone)
        elif gone:
            length -= 1
            for k in range(at, length):
                levels[k] = levels[k + 1]
    return bins


@numba.njit(
    [
        types.void(rule, _FLOAT64, _INT64, _INT64, types.int64, _INT64, _INT64, _INT64, _INT32)
        for rule in _RULES
    ],
    **_SETTINGS,
)  # fmt: skip
def by_counts(
    rule: Rule, theta: Floats, items: Ints, offsets: Ints, cap: int, which: Ints, begins: Ints, bins: Ints,
    chosen: Levels,
) -> None:  # fmt: skip
    """Pack the instances in `which`, all of capacity `cap`: their numbers of bins (-1: failed), and each item's level.

    `begins` says where in `chosen` an instance's items begin; nothing is written there where it is empty.
    """
    counts, seen = np.zeros(cap + 1, np.int64), np.zeros(cap + 1, np.int64)
    levels, value = np.empty(cap + 2, np.int64), np.empty(cap + 2)
    for q in range(which.shape[0]):
        low, high = offsets[which[q]], offsets[which[q] + 1]
        counts[:] = 0
        seen[:] = 0
        found = _pack_by_counts(
            rule, theta, items[low:high], cap, counts, seen, levels, value, chosen, begins[q]
        )  # fmt: skip
        bins[q] = found
        if found < 0 and chosen.shape[0] > 0:
            chosen[begins[q] : begins[q] + high - low] = -1


@numba.njit(types.int64(_FLOAT64, types.int64, types.int64, _INT32), **_SETTINGS)
def _rank(value: Floats, count: int, lowest: int, row: Levels) -> int:
    """Write the levels `lowest`, `lowest + 1`, … to `row` by score, equal ones by level; return how many have none.

    Those whose score is NaN or infinite come first: where one of them occurs, the program has failed.
    """
    failed = 0
    for k in range(count):
        if not np.isfinite(value[k]):
            row[failed] = lowest + k
            failed += 1
    place = failed
    ranks = np.argsort(value[:count], kind="mergesort")
    for k in range(count):
        if np.isfinite(value[ranks[k]]):
            row[place] = lowest + ranks[k]
            place += 1
    return failed


@numba.njit(
    [
        types.void(
            rule, _FLOAT64, _INT64, _INT64, types.int64, _INT64, _INT64, types.int64, types.boolean, _INT64, _INT32
        )
        for rule in _RULES
    ],
    **_SETTINGS,
)
def by_table(
    rule: Rule, theta: Floats, items: Ints, offsets: Ints, cap: int, which: Ints, begins: Ints, sizes: int,
    afresh: bool, bins: Ints, chosen: Levels,
) -> None:  # fmt: skip
    """As `by_counts`, for a program that reads neither `counts` nor `seen` nor `left`.

    `sizes` is the number of different sizes among the items; `afresh` makes a new table for each instance.
    """
    occurs = np.zeros(cap + 1, np.int64)  # of each level the open bins; the new bin always occurs
    row_of = np.full(cap + 1, -1, np.int32)
    table, failed = np.empty((sizes, cap), np.int32), np.empty(sizes, np.int32)
    levels, value, nothing = np.arange(cap + 1), np.empty(cap + 1), np.zeros(cap + 1, np.int64)
    rows = 0
    writes = chosen.shape[0] > 0
    for q in range(which.shape[0]):
        low, high = offsets[which[q]], offsets[which[q] + 1]
        n = high - low
        occurs[:] = 0
        occurs[cap] = 1
        if afresh:
            row_of[:] = -1
            rows = 0
        found = 0
        for t in range(n):
            item = items[low + t]
            row = row_of[item]
            if row < 0:
                count = cap + 1 - item
                _score(rule, item, levels[item:], cap, n, n, nothing, nothing, theta, value, count)
                failed[rows] = _rank(value, count, item, table[rows])
                row_of[item] = rows
                row = rows
                rows += 1
            k = 0
            while occurs[table[row, k]] == 0:
                k += 1
            if k < failed[row]:
                found = -1
                break
            rem = table[row, k]
            if writes:
                chosen[begins[q] + t] = rem
            if rem == cap:
                found += 1
            else:
                occurs[rem] -= 1
            occurs[rem - item] += 1
        bins[q] = found
        if found < 0 and writes:
            chosen[begins[q] : begins[q] + n] = -1
