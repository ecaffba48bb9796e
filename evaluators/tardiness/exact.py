"""An exact solver of single-machine total tardiness, the source of proven optima.

Lawler's decomposition (1977, doi:10.1016/S0167-5060(08)70742-8): with the jobs in order of due dates, an optimal
sequence exists in which the longest job k comes after the jobs up to some position r >= k of that order and before
all later ones, so an instance splits into two smaller ones. Only eligible positions are tried (Potts and Van
Wassenhove 1982, doi:10.1016/0167-6377(82)90035-9; Szwarc, Grosso and Della Croce 2001, Journal of Scheduling 4,
93-104): with C(r) the time at which the longest job ends in position r, those where C(r) < d of the job in position
r+1, and d + p <= C(r) for every job between k and r. Each subproblem is the jobs between two due-date ranks that are
shorter than some job, at some start time, hence known by (first, last, longest job, start time), and solved once.
"""

from typing import TypeAlias

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Ints

Positions: TypeAlias = NDArray[np.int32]

_I64, _I32 = types.int64[::1], types.int32[::1]
_TABLE = types.int64[:, ::1]
_FULL = -1  # returned up through the recursion where the table must grow first
_EMPTY = -1
_SET, _START, _VALUE, _SPLIT = range(4)  # columns of the table
_USED = 0  # `state`: how many rows of the table are taken


def solve(p: NDArray[np.int64], d: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    """Return the least total tardiness and a sequence of job numbers that has it.

    `p` (processing times, positive) and `d` (due dates, not negative) are 1-D integer arrays of the same length; all
    jobs are available at time 0. Sums must fit into 62 bits. Typically 1–2 ms at n = 100 and 10–30 ms at n = 200; time
    and memory grow without bound on the hardest instances of some 500 jobs. Raises ValueError on anything else.
    """
    p, d = np.asarray(p), np.asarray(d)
    if p.ndim != 1 or p.shape != d.shape or p.dtype.kind not in "iu" or d.dtype.kind not in "iu":
        raise ValueError(
            f"expected two 1-D integer arrays of one length, got {p.dtype}{p.shape} and {d.dtype}{d.shape}"
        )
    if len(p) == 0:
        return 0, np.empty(0, dtype=np.int64)
    if p.min() < 1 or d.min() < 0:
        raise ValueError(f"expected p >= 1 and d >= 0, got p as small as {p.min()} and d as small as {d.min()}")
    by_due = np.lexsort((p, d))
    value, sequence = _solve(
        np.ascontiguousarray(p[by_due], dtype=np.int64), np.ascontiguousarray(d[by_due], dtype=np.int64)
    )
    return int(value), by_due[sequence].astype(np.int64)


def warm() -> None:
    """Compile, or load from the on-disk cache."""
    solve(np.array([2, 1], dtype=np.int64), np.array([1, 1], dtype=np.int64))


@numba.njit(types.int64(types.int64, types.int64, _TABLE), error_model="numpy", cache=True)
def _row(key: int, start: int, table: Ints) -> int:
    """The row that holds this subproblem, or the free row where it belongs."""
    mask = table.shape[0] - 1
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(start) * np.uint64(0xC2B2AE3D27D4EB4F)
    h ^= h >> np.uint64(29)
    row = np.int64(h & np.uint64(mask))
    while table[row, _SET] != _EMPTY and (table[row, _SET] != key or table[row, _START] != start):
        row = (row + 1) & mask
    return int(row)


@numba.njit(types.int64(_I64, _I64, _I32, types.int64), error_model="numpy", cache=True)
def _due_order_value(p: Ints, d: Ints, jobs: Positions, start: int) -> int:
    """Total tardiness in order of due dates where at most one job is late (then it is optimal), else -1."""
    time, total, late = start, 0, 0
    for j in jobs:
        time += p[j]
        if time > d[j]:
            late += 1
            if late > 1:
                return -1
            total += time - d[j]
    return total


@numba.njit(types.int64(_I64, _I64, _I32, types.int64, _I32), error_model="numpy", cache=True)
def _all_late_value(p: Ints, d: Ints, jobs: Positions, start: int, scratch: Positions) -> int:
    """Total tardiness with shortest jobs first where then every job is late (so it is optimal), else -1.

    Leaves the sequence in `scratch`.
    """
    c = len(jobs)
    for i in range(c):  # insertion sort: stable, so equal p stay by due date
        j = jobs[i]
        k = i
        while k > 0 and p[scratch[k - 1]] > p[j]:
            scratch[k] = scratch[k - 1]
            k -= 1
        scratch[k] = j
    time, total = start, 0
    for i in range(c):
        time += p[scratch[i]]
        if time < d[scratch[i]]:
            return -1
        total += time - d[scratch[i]]
    return total


@numba.njit(types.boolean(_I64, _I64, _I32, types.int64), error_model="numpy", cache=True)
def _may_all_be_late(p: Ints, d: Ints, jobs: Positions, start: int) -> bool:
    """A cheap necessary condition: the shortest job is late if first, and the last due date lies before the end."""
    shortest, end = p[jobs[0]], start
    for j in jobs:
        shortest = min(shortest, p[j])
        end += p[j]
    return bool(d[jobs[-1]] <= end and start + shortest >= d[jobs[0]])


@numba.njit(
    types.int64(_I64, _I64, types.int64, types.int64, types.int64, _I32, types.int64, _TABLE, _I64),
    error_model="numpy",
    cache=True,
)
def _best(
    p: Ints, d: Ints, low: int, high: int, start: int, arena: Positions, free: int, table: Ints, state: Ints
) -> int:
    """Least total tardiness of the jobs `arena[low:high]` (by due date) from time `start` on, or `_FULL`.

    `arena[free:]` is scratch space for this call and those below it.
    """
    count = high - low
    if count == 0:
        return 0
    jobs = arena[low:high]
    if count == 1:
        return max(0, int(start + p[jobs[0]] - d[jobs[0]]))
    on_time: int = _due_order_value(p, d, jobs, start)
    if on_time >= 0:
        return on_time
    at = 0  # the longest job, the last of equals
    for i in range(1, count):
        if p[jobs[i]] >= p[jobs[at]]:
            at = i
    longest = jobs[at]
    n = p.shape[0]
    key = (np.int64(jobs[0]) * n + jobs[count - 1]) * n + longest
    row = _row(key, start, table)
    if table[row, _SET] != _EMPTY:
        return int(table[row, _VALUE])
    best, split = np.int64(-1), np.int64(-1)
    if _may_all_be_late(p, d, jobs, start):
        best = _all_late_value(p, d, jobs, start, arena[free : free + count])
    if best < 0:
        rest = free + count - 1
        for i in range(at):
            arena[free + i] = jobs[i]
        for i in range(at + 1, count):
            arena[free + i - 1] = jobs[i]
        time = start  # when the longest job ends in position r
        for i in range(at):
            time += p[jobs[i]]
        time += p[longest]
        latest = np.int64(-1)  # largest d + p of the jobs between the longest and position r
        for r in range(at, count):
            if r > at:
                time += p[jobs[r]]
                latest = max(latest, d[jobs[r]] + p[jobs[r]])
            if latest > time or (r + 1 < count and time >= d[jobs[r + 1]]):
                continue
            value = max(0, time - d[longest])
            if best >= 0 and value >= best:
                break  # it only gets later
            left = _best(p, d, free, free + r, start, arena, rest, table, state)
            if left == _FULL:
                return _FULL
            value += left
            if best >= 0 and value >= best:
                continue
            right = _best(p, d, free + r, rest, time, arena, rest, table, state)
            if right == _FULL:
                return _FULL
            value += right
            if best < 0 or value < best:
                best, split = value, np.int64(r)
    if 2 * state[_USED] >= table.shape[0]:
        return _FULL
    row = _row(key, start, table)  # the calls below may have taken the free row
    state[_USED] += 1
    table[row, _SET], table[row, _START], table[row, _VALUE], table[row, _SPLIT] = key, start, best, split
    return int(best)


@numba.njit(_TABLE(_TABLE), error_model="numpy", cache=True)
def _grown(table: Ints) -> Ints:
    """The same entries in a table four times as large."""
    larger = np.full((4 * table.shape[0], 4), _EMPTY, dtype=np.int64)
    for i in range(table.shape[0]):
        if table[i, _SET] != _EMPTY:
            larger[_row(table[i, _SET], table[i, _START], larger)] = table[i]
    return larger


@numba.njit(types.void(_I64, _I64, _TABLE, _I64), error_model="numpy", cache=True)
def _sequence(p: Ints, d: Ints, table: Ints, out: Ints) -> None:
    """Follow the recorded splits from the whole instance down to what was solved by inspection."""
    n = p.shape[0]
    stack = [(np.arange(n).astype(np.int32), np.int64(0), np.int64(0))]  # jobs, start time, place in `out`
    while len(stack) > 0:
        jobs, start, place = stack.pop()
        count = len(jobs)
        if count <= 1 or _due_order_value(p, d, jobs, start) >= 0:
            for i in range(count):
                out[place + i] = jobs[i]
            continue
        at = 0
        for i in range(1, count):
            if p[jobs[i]] >= p[jobs[at]]:
                at = i
        longest = jobs[at]
        row = _row((np.int64(jobs[0]) * n + jobs[count - 1]) * n + longest, start, table)
        split = table[row, _SPLIT]
        if split < 0:
            scratch = np.empty(count, np.int32)
            _all_late_value(p, d, jobs, start, scratch)
            for i in range(count):
                out[place + i] = scratch[i]
            continue
        rest = np.concatenate((jobs[:at], jobs[at + 1 :]))
        middle = start
        for j in rest[:split]:
            middle += p[j]
        out[place + split] = longest
        stack.append((rest[:split].copy(), start, place))
        stack.append((rest[split:].copy(), middle + p[longest], place + split + 1))


@numba.njit(types.Tuple((types.int64, _I64))(_I64, _I64), error_model="numpy", cache=True)
def _solve(p: Ints, d: Ints) -> tuple[int, Ints]:
    """Solve an instance given by due date; the sequence holds positions in that order."""
    n = p.shape[0]
    table = np.full((1 << 12, 4), _EMPTY, dtype=np.int64)
    state = np.zeros(1, dtype=np.int64)
    arena = np.empty(n * (n + 1) // 2 + 2 * n + 1, dtype=np.int32)
    value = np.int64(_FULL)
    while value == _FULL:
        for i in range(n):
            arena[i] = i
        value = _best(p, d, 0, n, 0, arena, n, table, state)
        if value == _FULL:
            table = _grown(table)
    out = np.empty(n, dtype=np.int64)
    _sequence(p, d, table, out)
    return int(value), out
