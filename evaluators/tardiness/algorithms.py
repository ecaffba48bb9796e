"""Trusted algorithms for total tardiness that are more than a priority per job; none of them can be evolved.

Each takes the processing times `p` and due dates `d` of an instance (1-D int64, contiguous) and returns a sequence of
job numbers (1-D int64). Jobs are available at time 0; ties not mentioned go to the smaller p, then d, then number.
"""

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Ints

_I64 = types.int64[::1]
_RULE = _I64(_I64, _I64)


def total_tardiness(p: Ints, d: Ints, sequence: Ints) -> int:
    """Total tardiness of a sequence."""
    return int(np.maximum(np.cumsum(p[sequence]) - d[sequence], 0).sum())


@numba.njit(_I64(_I64, _I64, _I64), error_model="numpy", cache=True)
def _sorted(first: Ints, second: Ints, third: Ints) -> Ints:
    """Job numbers by three keys, then by number: stable sorts from the last key to the first."""
    order: Ints = np.argsort(third, kind="mergesort")
    order = order[np.argsort(second[order], kind="mergesort")]
    return order[np.argsort(first[order], kind="mergesort")]


@numba.njit(_RULE, error_model="numpy", cache=True)
def by_processing_time(p: Ints, d: Ints) -> Ints:
    """SPT order."""
    order: Ints = _sorted(p, d, d)
    return order


@numba.njit(_RULE, error_model="numpy", cache=True)
def by_due_date(p: Ints, d: Ints) -> Ints:
    """EDD order."""
    order: Ints = _sorted(d, p, p)
    return order


@numba.njit(types.void(_I64, types.int64, types.int64), error_model="numpy", cache=True)
def _relocate(sequence: Ints, source: int, target: int) -> None:
    """Take the job at one position out and put it back so that it stands at another."""
    job = sequence[source]
    if source < target:
        for k in range(source, target):
            sequence[k] = sequence[k + 1]
    else:
        for k in range(source, target, -1):
            sequence[k] = sequence[k - 1]
    sequence[target] = job


@numba.njit(_RULE, error_model="numpy", cache=True)
def psk(p: Ints, d: Ints) -> Ints:
    """Panwalkar, Smith and Koulamas (1993), European Journal of Operational Research 70, 304-310.

    Among the unscheduled jobs in SPT order the first is active. An active job that would be late or just on time is
    scheduled; else the next job of the order either shows that the active one is due first, or becomes active.
    """
    left: Ints = by_processing_time(p, d)
    n = len(p)
    out = np.empty(n, dtype=np.int64)
    time = 0
    for k in range(n):
        m = n - k
        active = 0
        scan = 0
        while time + p[left[active]] < d[left[active]]:
            scan += 1
            if scan == m or d[left[active]] <= time + p[left[scan]]:
                break
            if d[left[active]] > d[left[scan]]:
                active = scan
        job = left[active]
        out[k] = job
        time += p[job]
        for q in range(active, m - 1):
            left[q] = left[q + 1]
    return out


@numba.njit(_RULE, error_model="numpy", cache=True)
def net_benefit_of_relocation(p: Ints, d: Ints) -> Ints:
    """NBR: Holsenback and Russell (1992), Journal of the Operational Research Society 43, 53-62.

    From EDD order, for the positions from last to second whose job is late: scanning to the left, relocate the job
    of largest positive net benefit to just behind the position, and again until there is none. A job further left
    counts only if its processing time is larger than that of the best one so far.
    """
    s: Ints = by_due_date(p, d)
    n = len(p)
    completion = np.cumsum(p[s])
    k = n - 1
    while k > 0:
        if completion[k] <= d[s[k]]:
            k -= 1
            continue
        best, benefit, longest = -1, 0, 0
        for j in range(k - 1, -1, -1):
            if p[s[j]] <= longest:
                continue
            gain, moved = 0, 0
            for i in range(j + 1, k + 1):
                gain += min(p[s[j]], max(0, completion[i] - d[s[i]]))
                moved += p[s[i]]
            gain -= max(0, moved - max(0, d[s[j]] - completion[j]))
            if gain > benefit:
                best, benefit, longest = j, gain, p[s[j]]
        if best < 0:
            k -= 1
            continue
        _relocate(s, best, k)
        completion = np.cumsum(p[s])
    return s


@numba.njit(_RULE, error_model="numpy", cache=True)
def edd_challenger(p: Ints, d: Ints) -> Ints:
    """EDDC (arXiv 2510.24013): an insertion pass over the SPT list.

    A job moves ahead of its predecessor while it is due before it and the predecessor is due after all before it
    end. The printed listing and the published numbers differ; this reading gives the published numbers.
    """
    s: Ints = by_processing_time(p, d)
    for i in range(len(p)):
        j = i
        while j > 0 and d[s[j]] < d[s[j - 1]]:
            before = 0
            for q in range(j):
                before += p[s[q]]
            if d[s[j - 1]] > before:
                s[j - 1], s[j] = s[j], s[j - 1]
            j -= 1
    return s


@numba.njit(types.int64(_I64, _I64, _I64, types.int64, types.int64, types.boolean), error_model="numpy", cache=True)
def _next_job(p: Ints, d: Ints, left: Ints, m: int, time: int, challenger: bool) -> int:
    """Position in `left` of the job that MDD (or its challenger) schedules next; `left` is in SPT order."""
    best = 0
    if not challenger:
        smallest = max(time + p[left[0]], d[left[0]])
        for k in range(1, m):
            value = max(time + p[left[k]], d[left[k]])
            if value < smallest:
                best, smallest = k, value
        return best
    total = 0
    for k in range(m):
        total += p[left[k]]
    p_max, p_mean = float(p[left[m - 1]]), total / m
    lowest = np.inf
    for k in range(m):
        job = left[k]
        mu = max(1.1 * p[job] + time, float(d[job]))
        rho = min(1.0, p[job] / (time + p_max))
        mu += mu * (rho * rho / (1.0 + rho * rho)) + p[job] / (time + p_mean)
        if mu < lowest or (mu == lowest and d[job] < d[left[best]]):  # its ties go to the smaller d, then p
            best, lowest = k, mu
    return best


@numba.njit(types.void(_I64, _I64, _I64, types.int64), error_model="numpy", cache=True)
def _augment(p: Ints, d: Ints, s: Ints, count: int) -> None:
    """Move the one job among the first `count` to their end that lowers total tardiness most, if one does."""
    completion = np.empty(count, dtype=np.int64)
    time = 0
    for k in range(count):
        time += p[s[k]]
        completion[k] = time
    best, benefit = -1, 0
    for j in range(count - 1):
        job = s[j]
        gain = max(0, completion[j] - d[job]) - max(0, time - d[job])
        for i in range(j + 1, count):
            gain += max(0, completion[i] - d[s[i]]) - max(0, completion[i] - p[job] - d[s[i]])
        if gain > benefit:
            best, benefit = j, gain
    if best >= 0:
        _relocate(s, best, count - 1)


@numba.njit(_I64(_I64, _I64, types.boolean, types.boolean), error_model="numpy", cache=True)
def _constructed(p: Ints, d: Ints, challenger: bool, augmented: bool) -> Ints:
    left: Ints = by_processing_time(p, d)
    n = len(p)
    s = np.empty(n, dtype=np.int64)
    time = 0
    for k in range(n):
        m = n - k
        at = _next_job(p, d, left, m, time, challenger)
        s[k] = left[at]
        time += p[left[at]]
        for q in range(at, m - 1):
            left[q] = left[q + 1]
        if augmented:
            _augment(p, d, s, k + 1)
    return s


def modified_due_date(p: Ints, d: Ints) -> Ints:
    """MDD: Baker and Bertrand (1982), doi:10.1016/0272-6963(82)90020-1."""
    sequence: Ints = _constructed(p, d, False, False)
    return sequence


def mdd_challenger(p: Ints, d: Ints) -> Ints:
    """MDDC (arXiv 2510.24013) with the paper's own ties: smaller d, then p."""
    sequence: Ints = _constructed(p, d, True, False)
    return sequence


def augmented_mdd(p: Ints, d: Ints) -> Ints:
    """AugMDD: after each job MDD appends, the single best move of an earlier job to the end (Bean and Hall 1985)."""
    sequence: Ints = _constructed(p, d, False, True)
    return sequence


def augmented_mdd_challenger(p: Ints, d: Ints) -> Ints:
    """AugMDDC (arXiv 2510.24013): the same augmentation of MDDC."""
    sequence: Ints = _constructed(p, d, True, True)
    return sequence


@numba.njit(types.int64(_I64, _I64, _I64), error_model="numpy", cache=True)
def _value(p: Ints, d: Ints, s: Ints) -> int:
    time, total = 0, 0
    for job in s:
        time += p[job]
        total += max(0, time - d[job])
    return total


@numba.njit(types.void(_I64, types.int64, types.int64), error_model="numpy", cache=True)
def _swap(s: Ints, i: int, j: int) -> None:
    s[i], s[j] = s[j], s[i]


@numba.njit(_RULE, error_model="numpy", cache=True)
def _descent(p: Ints, d: Ints) -> Ints:
    s: Ints = _constructed(p, d, False, False)
    n = len(p)
    value = _value(p, d, s)
    while True:
        best, source, target, swap = value, -1, -1, False
        for i in range(n):
            for j in range(n):
                if i == j:
                    continue
                _relocate(s, i, j)
                reached = _value(p, d, s)
                _relocate(s, j, i)
                if reached < best:
                    best, source, target, swap = reached, i, j, False
                if j > i + 1:
                    _swap(s, i, j)
                    reached = _value(p, d, s)
                    _swap(s, i, j)
                    if reached < best:
                        best, source, target, swap = reached, i, j, True
        if source < 0:
            return s
        if swap:
            _swap(s, source, target)
        else:
            _relocate(s, source, target)
        value = best


def mdd_descent(p: Ints, d: Ints) -> Ints:
    """MDD, then the best insertion or exchange of two jobs until none lowers total tardiness. O(n³) per step."""
    sequence: Ints = _descent(p, d)
    return sequence
