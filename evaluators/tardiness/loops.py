"""The dispatch loops of single-machine total tardiness, compiled once (`simulator.py` says what they do).

An instance comes with its jobs sorted by (p, d, index). The unscheduled jobs stay packed in that order, so the first of
equal priorities is the right one, the last job has the largest processing time, and removing a job is a shift.
"""

from typing import TypeAlias

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints, Rule
from heuresis.evaluators.kernels.smallest import first_smallest
from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.tardiness.contract import CONTRACT

Positions: TypeAlias = NDArray[np.int32]

_RULE = function_type(CONTRACT.main)
_INT64, _INT32, _FLOAT64 = types.int64[::1], types.int32[::1], types.float64[::1]


def warm() -> None:
    """Loading this module compiles the loops or reads them from the cache; check that they are there."""
    if not (sequences.signatures and totals.signatures):
        raise RuntimeError("the dispatch loops have no compiled signature")


@numba.njit(
    types.int64(
        _RULE, _FLOAT64, _INT64, _INT64, _INT32, _FLOAT64, _FLOAT64, _FLOAT64, _INT32, types.boolean[::1], _INT32
    ),
    error_model="numpy",
    cache=True,
)
def _run(
    rule: Rule, theta: Floats, p: Ints, d: Ints, by_due: Positions, pf: Floats, df: Floats, value: Floats,
    rank: Positions, gone: NDArray[np.bool_], chosen: Positions,
) -> int:  # fmt: skip
    """Dispatch one instance. Fills `chosen` with positions in the sorted order; returns ΣT, or -1 on failure.

    `pf`, `df`, `value`, `rank` and `gone` are scratch arrays of at least the instance's length.
    """
    n = p.shape[0]
    p_sum = 0
    d_sum = 0
    for k in range(n):
        pf[k] = p[k]
        df[k] = d[k]
        rank[k] = k
        gone[k] = False
        p_sum += p[k]
        d_sum += d[k]
    first, last = 0, n - 1  # the unscheduled jobs of smallest and largest due date, as positions in `by_due`
    time = 0
    total = 0
    for left in range(n, 0, -1):
        while gone[by_due[first]]:
            first += 1
        while gone[by_due[last]]:
            last -= 1
        d_min, d_max = float(d[by_due[first]]), float(d[by_due[last]])
        now, count = float(time), float(left)
        p_mean, d_mean, p_total, p_max = p_sum / count, d_sum / count, float(p_sum), pf[left - 1]
        rule(pf, df, now, count, p_mean, p_max, p_total, d_mean, d_min, d_max, theta, value, left)
        best = first_smallest(value, left)
        if best < 0:
            return -1
        job = rank[best]
        chosen[n - left] = job
        gone[job] = True
        time += p[job]
        total += max(0, time - d[job])
        p_sum -= p[job]
        d_sum -= d[job]
        for k in range(best, left - 1):
            pf[k] = pf[k + 1]
            df[k] = df[k + 1]
            rank[k] = rank[k + 1]
    return total


@numba.njit(types.int64(_INT64, _INT64), error_model="numpy", cache=True)
def _longest(order: Ints, offsets: Ints) -> int:
    """The largest number of jobs among some instances."""
    longest = 0
    for i in order:
        longest = max(longest, offsets[i + 1] - offsets[i])
    return longest


@numba.njit(
    types.void(_RULE, _FLOAT64, _INT64, _INT64, _INT64, _INT32, _INT32, _INT64, types.uint8[::1], _INT32),
    error_model="numpy",
    cache=True,
)
def sequences(
    rule: Rule, theta: Floats, order: Ints, p: Ints, d: Ints, job: Positions, by_due: Positions, offsets: Ints,
    valid: NDArray[np.uint8], out: Positions,
) -> None:  # fmt: skip
    """Write each instance's sequence of job numbers to `out` and 1 to `valid`; leave both where the rule fails."""
    size = _longest(order, offsets)
    pf, df, value = np.empty(size), np.empty(size), np.empty(size)
    rank, chosen = np.empty(size, np.int32), np.empty(size, np.int32)
    gone = np.empty(size, np.bool_)
    at = 0
    for q in range(order.shape[0]):
        low, high = offsets[order[q]], offsets[order[q] + 1]
        total = _run(rule, theta, p[low:high], d[low:high], by_due[low:high], pf, df, value, rank, gone, chosen)
        if total >= 0:
            valid[q] = 1
            for k in range(high - low):
                out[at + k] = job[low + chosen[k]]
        at += high - low


@numba.njit(
    types.boolean(_RULE, _FLOAT64, _INT64, _INT64, _INT64, _INT32, _INT64, _FLOAT64),
    error_model="numpy",
    cache=True,
)
def totals(
    rule: Rule, theta: Floats, order: Ints, p: Ints, d: Ints, by_due: Positions, offsets: Ints, out: Floats
) -> bool:
    """Write each instance's total tardiness to `out`; return False as soon as the rule fails on one."""
    size = _longest(order, offsets)
    pf, df, value = np.empty(size), np.empty(size), np.empty(size)
    rank, chosen = np.empty(size, np.int32), np.empty(size, np.int32)
    gone = np.empty(size, np.bool_)
    for q in range(order.shape[0]):
        low, high = offsets[order[q]], offsets[order[q] + 1]
        total = _run(rule, theta, p[low:high], d[low:high], by_due[low:high], pf, df, value, rank, gone, chosen)
        if total < 0:
            return False
        out[q] = total
    return True
