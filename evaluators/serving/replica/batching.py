# ruff: noqa: I001 - the many places of the state stand side by side
"""One iteration of a replica as a scheduler wants it: who is evicted, who prefills how much, who is admitted.

What is decided is applied at once and written to `ops`: `ops[0]` counts the numbers that follow; -1 - i is an eviction
of request i; i and a positive number of tokens are a chunk (of a waiting request: its admission).
"""

from heuresis.evaluators.aliases import Floats, Ints, Rule

import numpy as np
from numba import types

from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.memory import grow, lacking
from heuresis.evaluators.serving.replica.waiting import RULE, join, judge_running, worst
from heuresis.evaluators.serving.replica.state import (
    B1, BUDGET, DECODE, DECODES, DECODING, F1, F2, F64, FREE, I1, I64, PREFILL, PREFILLING, PREFILLS, Q1, SETTINGS,
    SIZE, STEPS, WAITING, Requests,
)  # fmt: skip
from heuresis.evaluators.serving.replica.lifecycle import due, evict


_CHOICE = (RULE, F1, I1, Q1, F2, F2, I1, I1, F64, I64)


@inner_njit(types.void(I1, I64), **SETTINGS)
def _note(ops: Ints, number: int) -> None:
    ops[0] += 1
    ops[ops[0]] = number


@inner_njit(B1(*_CHOICE), **SETTINGS)
def _throw_out(
    rule: Rule, theta: Floats, s: Ints, q: Requests, heap: Floats, columns: Floats, facts: Ints, ops: Ints, now: float,
    victim: int,
) -> bool:  # fmt: skip
    """Evict a running request, which waits again."""
    evict(s, q, victim)
    _note(ops, -1 - victim)
    return bool(join(rule, theta, s, q, heap, columns, facts, now, victim))


@inner_njit(I64(I1, I64, I64), **SETTINGS)
def _room(s: Ints, most: int, used: int) -> int:
    """Tokens left for prefill: of the `most` that there may be, and of what the iteration has beside the decodes."""
    return int(min(most, s[BUDGET] - s[DECODES]) - used)


@inner_njit(I1(I1, Q1), **SETTINGS)
def _prefills_by_priority(s: Ints, q: Requests) -> Ints:
    """Who prefills, the smallest `KEY` first, of equal ones the lowest number."""
    order = s[s[PREFILLING] : s[PREFILLING] + s[PREFILLS]].copy()
    for k in range(1, order.shape[0]):
        i, at = order[k], k
        key = q[i].key
        while at > 0 and (q[order[at - 1]].key > key or (q[order[at - 1]].key == key and order[at - 1] > i)):
            order[at] = order[at - 1]
            at -= 1
        order[at] = i
    return order


@inner_njit(I64(*_CHOICE), **SETTINGS)
def decodes_first(
    rule: Rule, theta: Floats, s: Ints, q: Requests, heap: Floats, columns: Floats, facts: Ints, ops: Ints, now: float,
    most: int,
) -> int:  # fmt: skip
    """Make room for all decodes, then give chunks to running prefills by priority; the tokens given, -1 on failure."""
    judged, used = False, 0
    while due(s) > s[FREE]:
        if not judged and not judge_running(rule, theta, s, q, facts, now):
            return -1
        judged = True
        if not _throw_out(rule, theta, s, q, heap, columns, facts, ops, now, worst(s, q)):
            return -1
    if s[PREFILLS] == 0:
        return 0
    if s[PREFILLS] > 1:
        if not judged and not judge_running(rule, theta, s, q, facts, now):
            return -1
        judged = True
    for i in _prefills_by_priority(s, q):
        row = q[i]
        if row.state != PREFILL:
            continue
        chunk = min(row.target - row.computed, _room(s, most, used))
        if chunk < 1:
            break
        while row.state == PREFILL and lacking(s, q, i, row.computed + chunk) + due(s) > s[FREE]:
            if not judged and not judge_running(rule, theta, s, q, facts, now):
                return -1
            judged = True
            victim = worst(s, q)
            used -= q[victim].chunk
            if not _throw_out(rule, theta, s, q, heap, columns, facts, ops, now, victim):
                return -1
        if row.state == PREFILL:
            grow(s, q, i, row.computed + chunk)
            row.chunk = chunk
            used += chunk
            _note(ops, i)
            _note(ops, chunk)
    return used


@inner_njit(I64(I1, Q1, I1, I64), **SETTINGS)
def _all_in_order(s: Ints, q: Requests, ops: Ints, most: int) -> int:
    """Give chunks to running prefills in order of admission where there are blocks for all; else -1 and nothing."""
    used, wanted = 0, due(s)
    for k in range(s[PREFILLS]):
        row = q[s[s[PREFILLING] + k]]
        chunk = min(row.target - row.computed, _room(s, most, used))
        if chunk < 1:
            break
        wanted += max(0, lacking(s, q, s[s[PREFILLING] + k], row.computed + chunk))
        row.chunk = chunk
        used += chunk
    if wanted > s[FREE]:
        for k in range(s[PREFILLS]):
            q[s[s[PREFILLING] + k]].chunk = 0
        return -1
    for k in range(s[PREFILLS]):
        i = s[s[PREFILLING] + k]
        row = q[i]
        if row.chunk > 0:
            grow(s, q, i, row.computed + row.chunk)
            _note(ops, i)
            _note(ops, row.chunk)
    return used


@inner_njit(I1(I1, Q1), **SETTINGS)
def _by_admission(s: Ints, q: Requests) -> Ints:
    """All running requests in the order of their admission."""
    decodes, count = s[DECODES], s[DECODES] + s[PREFILLS]
    who, serial = np.empty(count, np.int64), np.empty(count, np.int64)
    who[:decodes] = s[s[DECODING] : s[DECODING] + decodes]
    who[decodes:] = s[s[PREFILLING] : s[PREFILLING] + count - decodes]
    for k in range(count):
        serial[k] = q[who[k]].serial
    return who[np.argsort(serial)]


@inner_njit(I64(I1, Q1, I64), **SETTINGS)
def _crosses(s: Ints, q: Requests, i: int) -> int:
    """Whether a request that decodes needs a block for its token in this iteration (1 or 0)."""
    row = q[i]
    return 1 if row.state == DECODE and (row.computed + s[STEPS]) % s[SIZE] == 0 else 0


@inner_njit(I64(*_CHOICE), **SETTINGS)
def in_order(
    rule: Rule, theta: Floats, s: Ints, q: Requests, heap: Floats, columns: Floats, facts: Ints, ops: Ints, now: float,
    most: int,
) -> int:  # fmt: skip
    """Walk the running requests in order of admission; one that lacks a block evicts. Tokens given, -1 on failure."""
    used = _all_in_order(s, q, ops, most)
    if used >= 0:
        return int(used)
    judged, used, granted = False, 0, 0
    for i in _by_admission(s, q):
        row = q[i]
        if row.state == WAITING:
            continue
        state, chunk, wanted = row.state, 0, _crosses(s, q, i)
        if state == PREFILL:
            chunk = min(row.target - row.computed, _room(s, most, used))
            if chunk < 1:
                continue
            wanted = lacking(s, q, i, row.computed + chunk)
        while wanted + granted > s[FREE]:
            if not judged and not judge_running(rule, theta, s, q, facts, now):
                return -1
            judged = True
            victim = worst(s, q)
            used -= q[victim].chunk
            if q[victim].serial < row.serial:
                granted -= _crosses(s, q, victim)
            if not _throw_out(rule, theta, s, q, heap, columns, facts, ops, now, victim):
                return -1
            if victim == i:
                break
            if state == PREFILL:
                wanted = lacking(s, q, i, row.computed + chunk)
        if row.state == DECODE:
            granted += wanted
        elif row.state == PREFILL:
            grow(s, q, i, row.computed + chunk)
            row.chunk = chunk
            used += chunk
            _note(ops, i)
            _note(ops, chunk)
    return int(used)
