# ruff: noqa: I001 - the many places of the state stand side by side
"""Who is next: the waiting requests of a replica by priority, and the running ones where one must go.

A priority that reads nothing that changes while a request waits is computed once, when the request begins to wait, and
kept in a heap. Otherwise all waiting requests are judged, once in each iteration in which one could be admitted.
"""

from heuresis.evaluators.aliases import Floats, Ints, Rule

import numpy as np
from numba import types

from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.kernels.smallest import first_smallest
from heuresis.evaluators.serving.contract import PRIORITY
from heuresis.evaluators.serving.replica.memory import matched
from heuresis.evaluators.serving.replica.state import (
    B1, CLIENTS, DECODE, DECODES, DECODING, F1, F2, F64, FREE, HERE, I1, I64, NEVER, NONE, PREFILLING, PREFILLS, Q1,
    SERVICE, SETTINGS, SIZE, STEPS, TOTAL, WAITING, WAITS, Requests, drop, push,
)  # fmt: skip
from heuresis.evaluators.serving.replica.lifecycle import got


RULE = function_type(PRIORITY)
COLUMNS = sum(p.varies for p in PRIORITY.parameters)
WIDTH = COLUMNS + 2
"""Rows of `columns`: the varying parameters of `priority`, its value, the number of the request."""
_PROGRAM, _CLIENT, _CACHED, _VALUE, _WHO = 7, 8, 9, COLUMNS, COLUMNS + 1

CHANGES, READS_PROGRAM, READS_CLIENT, READS_CACHED, COUNT, FEWEST, FACTS = range(7)
"""Places in `facts`: what the program reads of what changes, how many wait, and the fewest tokens that
one of them lacks, or less. The waiting requests are a `heap` of (priority, number) where priorities do not change; else
they are columns of `columns` in no order."""


@inner_njit(types.void(RULE, F1, I1, F64, F2, I64), **SETTINGS)
def _judge(rule: Rule, theta: Floats, s: Ints, now: float, c: Floats, count: int) -> None:
    rule(
        now, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10],
        s[FREE] / s[TOTAL], float(s[DECODES] + s[PREFILLS]), float(s[WAITS]), theta, c[_VALUE], count,
    )  # fmt: skip


@inner_njit(types.void(I1, Q1, F2, I64, I64), **SETTINGS)
def _show(s: Ints, q: Requests, columns: Floats, k: int, i: int) -> None:
    """Write what stays as it is while a request waits, and what a running one has now."""
    row = q[i]
    since = s[STEPS] if row.state == DECODE else 0
    columns[0, k], columns[1, k], columns[2, k], columns[3, k] = row.arrived, row.deadline, row.prompt, row.estimate
    columns[4, k], columns[5, k], columns[6, k] = row.computed + since, row.generated + since, row.restarts
    columns[7, k], columns[8, k], columns[9, k] = 0.0, 0.0, 0.0
    columns[10, k] = 0.0 if row.state == WAITING else 1.0
    columns[_WHO, k] = i


@inner_njit(types.void(I1, Q1, I1, F2, I64), **SETTINGS)
def _show_service(s: Ints, q: Requests, facts: Ints, columns: Floats, count: int) -> None:
    """Write what clients and programs have got, where the program wants to know."""
    if facts[READS_CLIENT] == 1:
        least = NEVER
        for client in range(s[CLIENTS]):
            if s[s[SERVICE] + 3 * client + HERE] > 0:
                least = min(least, got(s, client))
        for k in range(count):
            columns[_CLIENT, k] = got(s, q[int(columns[_WHO, k])].client) - least
    if facts[READS_PROGRAM] == 1:
        for k in range(count):
            columns[_PROGRAM, k] = got(s, q[int(columns[_WHO, k])].program)


@inner_njit(B1(RULE, F1, I1, Q1, F2, F2, I1, F64, I64), **SETTINGS)
def join(
    rule: Rule, theta: Floats, s: Ints, q: Requests, heap: Floats, columns: Floats, facts: Ints, now: float, i: int
) -> bool:
    """Let a request wait; False where its priority is NaN or infinite."""
    count = facts[COUNT]
    facts[COUNT] = count + 1
    if facts[CHANGES] == 1:
        _show(s, q, columns, count, i)
        facts[FEWEST] = min(facts[FEWEST], q[i].computed + 1 if q[i].computed > 0 else q[i].target)
        return True
    _show(s, q, columns, 0, i)
    _judge(rule, theta, s, now, columns, 1)
    push(heap, count, columns[_VALUE, 0], i)
    return bool(np.isfinite(columns[_VALUE, 0]))


@inner_njit(B1(RULE, F1, I1, Q1, F2, I1, F64), **SETTINGS)
def judge_waiting(rule: Rule, theta: Floats, s: Ints, q: Requests, columns: Floats, facts: Ints, now: float) -> bool:
    """Bring the priorities of all waiting requests up to date; False where one is NaN or infinite."""
    count = facts[COUNT]
    if facts[CHANGES] == 0:
        return True
    _show_service(s, q, facts, columns, count)
    if facts[READS_CACHED] == 1:
        for k in range(count):
            columns[_CACHED, k] = matched(s, q, int(columns[_WHO, k])) * s[SIZE]
    _judge(rule, theta, s, now, columns, count)
    fewest = np.inf
    for k in range(count):
        has = columns[4, k]
        fewest = min(fewest, has + 1.0 if has > 0.0 else columns[2, k] + columns[5, k])
    facts[FEWEST] = int(fewest)
    return bool(first_smallest(columns[_VALUE], count) >= 0)


@inner_njit(I64(F2, F2, I1), **SETTINGS)
def head(heap: Floats, columns: Floats, facts: Ints) -> int:
    """The waiting request of smallest priority, of equal ones the lowest number."""
    if facts[CHANGES] == 0:
        return int(heap[0, 1])
    count, value = facts[COUNT], columns[_VALUE]
    best = first_smallest(value, count)
    least, who = value[best], columns[_WHO, best]
    for k in range(best + 1, count):
        if value[k] == least:
            who = min(who, columns[_WHO, k])
    return int(who)


@inner_njit(types.void(F2, F2, I1, I64), **SETTINGS)
def leave(heap: Floats, columns: Floats, facts: Ints, i: int) -> None:
    """Take out the request that `head` named."""
    last = facts[COUNT] - 1
    facts[COUNT] = last
    if facts[CHANGES] == 0:
        drop(heap, last + 1)
        return
    k = 0
    while columns[_WHO, k] != i:
        k += 1
    for row in range(WIDTH):
        columns[row, k] = columns[row, last]


@inner_njit(B1(RULE, F1, I1, Q1, I1, F64), **SETTINGS)
def judge_running(rule: Rule, theta: Floats, s: Ints, q: Requests, facts: Ints, now: float) -> bool:
    """Compute the priorities (`key`) of all running requests; False where one is NaN or infinite."""
    decodes, count = s[DECODES], s[DECODES] + s[PREFILLS]
    columns = np.empty((WIDTH, count))
    for k in range(count):
        i = s[s[DECODING] + k] if k < decodes else s[s[PREFILLING] + k - decodes]
        _show(s, q, columns, k, i)
        columns[_CACHED, k] = q[i].matched * s[SIZE]
    _show_service(s, q, facts, columns, count)
    _judge(rule, theta, s, now, columns, count)
    for k in range(count):
        q[int(columns[_WHO, k])].key = columns[_VALUE, k]
    return bool(first_smallest(columns[_VALUE], count) >= 0)


@inner_njit(I64(I1, Q1), **SETTINGS)
def worst(s: Ints, q: Requests) -> int:
    """The running request of largest priority, of equal ones the one admitted last."""
    victim = NONE
    for k in range(s[DECODES] + s[PREFILLS]):
        i = s[s[DECODING] + k] if k < s[DECODES] else s[s[PREFILLING] + k - s[DECODES]]
        if victim == NONE or q[i].key > q[victim].key or (q[i].key == q[victim].key and q[i].serial > q[victim].serial):
            victim = i
    return victim
