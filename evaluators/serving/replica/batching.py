"""One iteration of a replica as a scheduler wants it: who is evicted, who prefills how much, who is admitted.

What is decided is applied at once and written to `ops`: `ops[0]` counts the numbers that follow; -1 - i is an eviction
of request i; i and a positive number of tokens are a chunk (of a waiting request: its admission).
"""

import numpy as np
from numba import types

from heuresis.evaluators.aliases import Ints
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.lifecycle import due, evict
from heuresis.evaluators.serving.replica.memory import grow, lacking
from heuresis.evaluators.serving.replica.records import (
    B1,
    DECODE,
    F64,
    I1,
    I64,
    PREFILL,
    ROW,
    SETTINGS,
    WAITING,
    Record,
    S,
)
from heuresis.evaluators.serving.replica.rules import JUDGES, Judges
from heuresis.evaluators.serving.replica.state import computed, requests_of, runner, running_of
from heuresis.evaluators.serving.replica.waiting import join, judge_running, worst


@inner_njit(types.void(I1, I64), **SETTINGS)
def _note(ops: Ints, number: int) -> None:
    ops[0] += 1
    ops[ops[0]] = number


@inner_njit(B1(JUDGES, S, I1, F64, I64), **SETTINGS)
def throw_out(judges: Judges, s: Record, ops: Ints, now: float, victim: int) -> bool:
    """Evict a running request, which waits again; False where its priority is NaN or infinite."""
    evict(s, victim)
    _note(ops, -1 - victim)
    return bool(join(judges, s, now, victim))


@inner_njit(I64(S, I64, I64), **SETTINGS)
def _room(s: Record, most: int, used: int) -> int:
    """Tokens left for prefill: of the `most` that there may be, and of what the iteration has beside the decodes."""
    return int(min(most, s.budget - s.decodes) - used)


@inner_njit(I1(S), **SETTINGS)
def _prefills_by_priority(s: Record) -> Ints:
    """Who prefills, the smallest `key` first, of equal ones the lowest number."""
    q, running = requests_of(s), running_of(s)
    order = np.empty(s.prefills, np.int64)
    for k in range(s.prefills):
        i, at = running[k].prefilling, k
        key = q[i].key
        while at > 0 and (q[order[at - 1]].key > key or (q[order[at - 1]].key == key and order[at - 1] > i)):
            order[at] = order[at - 1]
            at -= 1
        order[at] = i
    return order


@inner_njit(I64(JUDGES, S, I1, F64, I64), **SETTINGS)
def decodes_first(judges: Judges, s: Record, ops: Ints, now: float, most: int) -> int:
    """Make room for all decodes, then give chunks to running prefills by priority; the tokens given, -1 on failure."""
    q = requests_of(s)
    judged, used = False, 0
    while due(s) > s.free:
        if not judged and not judge_running(judges, s, now):
            return -1
        judged = True
        if not throw_out(judges, s, ops, now, worst(s)):
            return -1
    if s.prefills == 0:
        return 0
    if s.prefills > 1:
        if not judged and not judge_running(judges, s, now):
            return -1
        judged = True
    for i in _prefills_by_priority(s):
        row = q[i]
        if row.state != PREFILL:
            continue
        chunk = min(row.target - row.computed, _room(s, most, used))
        if chunk < 1:
            break
        while row.state == PREFILL and lacking(s, row, row.computed + chunk) + due(s) > s.free:
            if not judged and not judge_running(judges, s, now):
                return -1
            judged = True
            victim = worst(s)
            used -= q[victim].chunk
            if not throw_out(judges, s, ops, now, victim):
                return -1
        if row.state == PREFILL:
            grow(s, row, row.computed + chunk)
            row.chunk = chunk
            used += chunk
            _note(ops, i)
            _note(ops, chunk)
    return used


@inner_njit(I64(S, I1, I64), **SETTINGS)
def _all_in_order(s: Record, ops: Ints, most: int) -> int:
    """Give chunks to running prefills in order of admission where there are blocks for all; else -1 and nothing."""
    q, running = requests_of(s), running_of(s)
    used, wanted = 0, due(s)
    for k in range(s.prefills):
        row = q[running[k].prefilling]
        chunk = min(row.target - row.computed, _room(s, most, used))
        if chunk < 1:
            break
        wanted += max(0, lacking(s, row, row.computed + chunk))
        row.chunk = chunk
        used += chunk
    if wanted > s.free:
        for k in range(s.prefills):
            q[running[k].prefilling].chunk = 0
        return -1
    for k in range(s.prefills):
        i = running[k].prefilling
        row = q[i]
        if row.chunk > 0:
            grow(s, row, row.computed + row.chunk)
            _note(ops, i)
            _note(ops, row.chunk)
    return used


@inner_njit(I1(S), **SETTINGS)
def _by_admission(s: Record) -> Ints:
    """All running requests in the order of their admission."""
    q, count = requests_of(s), s.decodes + s.prefills
    who, serial = np.empty(count, np.int64), np.empty(count, np.int64)
    for k in range(count):
        who[k] = runner(s, k)
        serial[k] = q[who[k]].serial
    return who[np.argsort(serial)]


@inner_njit(I64(S, ROW), **SETTINGS)
def _crosses(s: Record, row: Record) -> int:
    """Whether a request that decodes needs a block for its token in this iteration (1 or 0)."""
    return 1 if row.state == DECODE and computed(s, row) % s.size == 0 else 0


@inner_njit(I64(JUDGES, S, I1, F64, I64), **SETTINGS)
def in_order(judges: Judges, s: Record, ops: Ints, now: float, most: int) -> int:
    """Walk the running requests in order of admission; one that lacks a block evicts. Tokens given, -1 on failure."""
    used = _all_in_order(s, ops, most)
    if used >= 0:
        return int(used)
    q = requests_of(s)
    judged, used, granted = False, 0, 0
    for i in _by_admission(s):
        row = q[i]
        if row.state == WAITING:
            continue
        state, chunk, wanted = row.state, 0, _crosses(s, row)
        if state == PREFILL:
            chunk = min(row.target - row.computed, _room(s, most, used))
            if chunk < 1:
                continue
            wanted = lacking(s, row, row.computed + chunk)
        while wanted + granted > s.free:
            if not judged and not judge_running(judges, s, now):
                return -1
            judged = True
            victim = worst(s)
            used -= q[victim].chunk
            if q[victim].serial < row.serial:
                granted -= _crosses(s, q[victim])
            if not throw_out(judges, s, ops, now, victim):
                return -1
            if victim == i:
                break
            if state == PREFILL:
                wanted = lacking(s, row, row.computed + chunk)
        if row.state == DECODE:
            granted += wanted
        elif row.state == PREFILL:
            grow(s, row, row.computed + chunk)
            row.chunk = chunk
            used += chunk
            _note(ops, i)
            _note(ops, chunk)
    return int(used)
