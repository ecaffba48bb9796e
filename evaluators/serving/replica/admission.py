# ruff: noqa: I001 - the many places of the state stand side by side
"""Admission of waiting requests to a replica, and the iteration as a whole (`iterate`)."""

from heuresis.evaluators.aliases import Floats, Ints, Number, Rule

import numpy as np

from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.contract import ADMIT, PREFILL_BUDGET
from heuresis.evaluators.serving.replica.batching import decodes_first, in_order
from heuresis.evaluators.serving.replica.memory import lacking, take
from heuresis.evaluators.serving.replica.waiting import CHANGES, FEWEST, RULE, head, judge_waiting, leave
from heuresis.evaluators.serving.replica.state import (
    B1, BUDGET, CACHED, DECODE, DECODES, DECODING, F1, F2, F64, FREE, I1, I64, KEPT, PENDING, PREFILLING, PREFILLS, Q1,
    RESERVING, SEATS, SETTINGS, SIZE, STEPS, TOTAL, WAITS, Requests,
)  # fmt: skip
from heuresis.evaluators.serving.replica.lifecycle import admit, due, start


ADMIT_RULE, BUDGET_RULE = function_type(ADMIT), function_type(PREFILL_BUDGET)
READS_PEAK, STEADY, WALKS, FLAGS = range(4)
"""Places in `flags`: whether `admit` reads `peak`; whether who was not admitted once stays so while nothing happens but
decoding; whether the engine walks its running requests in the order of their admission."""
FAILED, IDLE, RAN, STUCK = range(4)
"""How an iteration went: a value was not finite; nothing to run; it ran; it ran, and who is first waits on."""
NOT_FINITE, NO = -2, -1
"""What `_reserved` returns where the program fails, and where a request has to wait."""


@inner_njit(I64(I1, Q1), **SETTINGS)
def _promised(s: Ints, q: Requests) -> int:
    """Blocks that running requests have reserved beyond what they hold."""
    total = 0
    if s[RESERVING] > 0:
        for k in range(s[DECODES] + s[PREFILLS]):
            i = s[s[DECODING] + k] if k < s[DECODES] else s[s[PREFILLING] + k - s[DECODES]]
            tokens = q[i].computed + q[i].chunk
            if q[i].state == DECODE:
                tokens += s[STEPS] + 1
            total += max(0, q[i].reserved - (tokens + s[SIZE] - 1) // s[SIZE])
    return total


@inner_njit(F64(I1, Q1, I64), **SETTINGS)
def _peak(s: Ints, q: Requests, newcomer: int) -> float:
    """The most blocks that the running requests and a newcomer hold at any time if each runs until its estimate.

    Past-Future (Gong et al. 2025, arXiv:2507.10150): the requests end in the order of what is left of them, and the
    peak is reached just before one ends. One past its estimate has a token left. A request's last block counts as full.
    """
    count, size = s[DECODES] + s[PREFILLS] + 1, s[SIZE]
    left, held = np.empty(count), np.empty(count)
    for k in range(count):
        i = newcomer
        if k < s[DECODES]:
            i = s[s[DECODING] + k]
        elif k < count - 1:
            i = s[s[PREFILLING] + k - s[DECODES]]
        row = q[i]
        since = s[STEPS] if row.state == DECODE else 0
        left[k] = max(1.0, q[i].estimate - (row.generated + since))
        held[k] = row.prompt + row.generated + since + size - 1.0
    most, below = 0.0, 0.0
    order = np.argsort(-left, kind="mergesort")
    for k in range(count):
        below += held[order[k]]
        most = max(most, below + (k + 1) * left[order[k]])
    return float(most / size)


@inner_njit(I64(ADMIT_RULE, F1, I1, Q1, I1, F64, I64, I64, I64), **SETTINGS)
def _reserved(
    ask: Number, theta: Floats, s: Ints, q: Requests, flags: Ints, now: float, i: int, need: int, blocks: int
) -> int:
    """The blocks reserved for a request that takes `need` of the free ones to hold `blocks`, or `NO`."""
    row, given = q[i], _promised(s, q)
    value = ask(
        now, float(row.prompt), row.estimate, float(row.generated),
        float(row.matched * s[SIZE]), float(need), float(s[FREE]), float(s[TOTAL]), float(given),
        _peak(s, q, i) if flags[READS_PEAK] == 1 else 0.0, float(s[DECODES] + s[PREFILLS]), float(s[WAITS]), theta,
    )  # fmt: skip
    if not np.isfinite(value):
        return NOT_FINITE
    if value < 0.0 or given + max(float(need), np.ceil(value) - (blocks - need)) > s[FREE]:
        return NO
    return int(np.ceil(value))


@inner_njit(I64(RULE, ADMIT_RULE, F1, I1, Q1, F2, F2, I1, I1, I1, F64, I64, I64, B1), **SETTINGS)
def _admissions(
    rule: Rule, ask: Number, theta: Floats, s: Ints, q: Requests, heap: Floats, columns: Floats, facts: Ints, ops: Ints,
    flags: Ints, now: float, most: int, used: int, force: bool,
) -> int:  # fmt: skip
    """Admit waiting requests by priority until one has to wait; return how the iteration went."""
    size, judged = s[SIZE], False
    while s[WAITS] > 0 and s[DECODES] + s[PREFILLS] < s[SEATS]:
        free = s[FREE] - (s[KEPT] if s[DECODES] + s[PREFILLS] > 0 else 0)
        room = s[BUDGET] - s[DECODES] - used
        left = min(most - used, room)
        if room < 1:
            return RAN
        least = (max(1, min(facts[FEWEST], left)) + size - 1) // size  # blocks for anybody's first chunk
        if facts[CHANGES] == 1 and s[CACHED] == 0 and least > free:
            return RAN
        if not judged and not judge_waiting(rule, theta, s, q, columns, facts, now):
            return FAILED
        judged = True
        i = head(heap, columns, facts)
        known = start(s, q, i)
        decodes = known >= q[i].target
        tokens = 1 if decodes else min(q[i].target - known, left)
        if tokens < 1:
            return STUCK
        need = lacking(s, q, i, known + tokens)
        reserve = NO
        if need <= free:
            reserve = _reserved(ask, theta, s, q, flags, now, i, need, (known + tokens + size - 1) // size)
        if reserve == NOT_FINITE:
            return FAILED
        if reserve == NO:
            if not force:
                return STUCK
            reserve = 0
        leave(heap, columns, facts, i)
        admit(s, q, i, tokens, reserve)
        ops[ops[0] + 1], ops[ops[0] + 2] = i, tokens
        ops[0] += 2
        used += 0 if decodes else tokens
        force = False
    return RAN


@inner_njit(I64(BUDGET_RULE, F1, I1, F64), **SETTINGS)
def _most_prefill(limit: Number, theta: Floats, s: Ints, now: float) -> int:
    """The most tokens of prefill in an iteration, or `NOT_FINITE`."""
    budget = s[BUDGET] - s[DECODES]
    if s[PREFILLS] + s[WAITS] == 0:
        return int(budget)
    value = limit(
        now, float(s[DECODES] + s[PREFILLS]), float(s[DECODES]), float(s[WAITS]), float(s[PENDING]),
        s[FREE] / s[TOTAL], float(budget), theta,
    )  # fmt: skip
    if not np.isfinite(value):
        return NOT_FINITE
    most = int(np.floor(min(max(value, 0.0), float(budget))))
    return budget if most < 1 and s[DECODES] == 0 else most


@inner_njit(I64(RULE, ADMIT_RULE, BUDGET_RULE, F1, I1, Q1, F2, F2, I1, I1, I1, F64, B1), **SETTINGS)
def iterate(
    rule: Rule, ask: Number, limit: Number, theta: Floats, s: Ints, q: Requests, heap: Floats, columns: Floats,
    facts: Ints, ops: Ints, flags: Ints, now: float, last: bool,
) -> int:  # fmt: skip
    """Decide one iteration and apply it, all but its time (`advance`); return how it went.

    `ops` are the decisions; `last` says that nothing will arrive any more unless somebody runs: then the first in the
    queue is admitted whatever the program says.
    """
    ops[0] = 0
    most = _most_prefill(limit, theta, s, now)
    if most < 0:
        return FAILED
    if flags[WALKS] == 0:
        used = decodes_first(rule, theta, s, q, heap, columns, facts, ops, now, most)
    else:
        used = in_order(rule, theta, s, q, heap, columns, facts, ops, now, most)
    if used < 0:
        return FAILED
    evicted = False
    for k in range(1, ops[0] + 1):
        evicted = evicted or ops[k] < 0
    take(s, due(s))
    how = RAN
    if not evicted:
        force = last and s[DECODES] + s[PREFILLS] == 0
        how = _admissions(rule, ask, theta, s, q, heap, columns, facts, ops, flags, now, most, used, force)
    if how != FAILED and s[DECODES] + s[PREFILLS] == 0 and ops[0] == 0:
        return IDLE
    return how
