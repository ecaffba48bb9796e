"""Admission of waiting requests to a replica, and the iteration as a whole (`iterate`)."""

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints, Number
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.batching import decodes_first, in_order
from heuresis.evaluators.serving.replica.displacement import make_way
from heuresis.evaluators.serving.replica.history import drawn, turns
from heuresis.evaluators.serving.replica.lifecycle import admit, due, may_enter, start
from heuresis.evaluators.serving.replica.memory import lacking, spare, take
from heuresis.evaluators.serving.replica.records import (
    B1,
    DECODE,
    F1,
    F64,
    I1,
    I64,
    SETTINGS,
    Record,
    S,
)
from heuresis.evaluators.serving.replica.rules import ASKERS, JUDGES, LIMIT, RULES, Askers, Judges, Rules
from heuresis.evaluators.serving.replica.state import (
    chains_of,
    computed,
    generated,
    requests_of,
    runner,
    theta_of,
)
from heuresis.evaluators.serving.replica.waiting import head, judge_waiting, leave

FAILED, IDLE, RAN, STUCK = range(4)
"""How an iteration went: a value was not finite; nothing to run; it ran; it ran, and who is first waits on."""
NOT_FINITE, NO = -2, -1
"""What `_reserved` returns where the program fails, and where a request has to wait."""


@inner_njit(I64(S), **SETTINGS)
def _promised(s: Record) -> int:
    """Blocks that running requests have reserved beyond what they hold."""
    q, total = requests_of(s), 0
    if s.reserving > 0:
        for k in range(s.decodes + s.prefills):
            row = q[runner(s, k)]
            tokens = computed(s, row) + (1 if row.state == DECODE else row.chunk)
            total += max(0, row.reserved - (tokens + s.size - 1) // s.size)
    return total


@inner_njit(F1(ASKERS, S, I64, I64), **SETTINGS)
def _lengths(askers: Askers, s: Record, newcomer: int, turn: int) -> Floats:
    """The output that is expected of each running request, and of a newcomer, in tokens."""
    q, count = requests_of(s), s.decodes + s.prefills + 1
    found = np.empty(count)
    for k in range(count):
        found[k] = q[runner(s, k) if k < count - 1 else newcomer].estimate
    if s.lengthens == 0:
        return found
    seen = np.zeros((4, count))
    for k in range(count):
        i = runner(s, k) if k < count - 1 else newcomer
        tokens = generated(s, q[i])
        if s.draws == 1:
            seen[0, k] = drawn(s, i, tokens, k < count - 1, turn)
        seen[1, k], seen[2, k], seen[3, k] = q[i].prompt, q[i].estimate, tokens
    askers.length(seen[0], seen[1], seen[2], seen[3], theta_of(s), found, count)
    return found


@inner_njit(F64(ASKERS, S, I64, I64), **SETTINGS)
def _peak_of(askers: Askers, s: Record, newcomer: int, turn: int) -> float:
    """The most blocks that running requests and a newcomer hold at any time if each runs to its expected length.

    Past-Future (Gong et al. 2025, arXiv:2507.10150): the requests end in the order of what is left of them, and the
    peak is reached just before one ends. One past its length has a token left. A request's last block counts as full.
    NaN where a length is NaN or infinite.
    """
    q, count, size = requests_of(s), s.decodes + s.prefills + 1, s.size
    left, held = _lengths(askers, s, newcomer, turn), np.empty(count)
    for k in range(count):
        row = q[runner(s, k) if k < count - 1 else newcomer]
        tokens = generated(s, row)
        if not np.isfinite(left[k]):
            return np.nan
        left[k] = max(1.0, left[k] - tokens)
        held[k] = row.prompt + tokens + size - 1.0
    most, below = 0.0, 0.0
    order = np.argsort(-left, kind="mergesort")
    for k in range(count):
        below += held[order[k]]
        most = max(most, below + (k + 1) * left[order[k]])
    return float(most / size)


@inner_njit(F64(ASKERS, S, I64), **SETTINGS)
def _peak(askers: Askers, s: Record, newcomer: int) -> float:
    """The same; where lengths are drawn the largest of several draws."""
    most = _peak_of(askers, s, newcomer, 0)
    for turn in range(1, turns(s.decodes + s.prefills) if s.draws == 1 else 1):
        peak = _peak_of(askers, s, newcomer, turn)
        most = peak if np.isnan(peak) else max(most, peak)
    return float(most)


@inner_njit(I64(ASKERS, S, F64, I64, I64), **SETTINGS)
def _reserved(askers: Askers, s: Record, now: float, i: int, tokens: int) -> int:
    """The blocks reserved for a request that holds so many tokens at first, or `NO`."""
    row, given = requests_of(s)[i], _promised(s)
    need, blocks = lacking(s, row, tokens), (tokens + s.size - 1) // s.size
    peak = _peak(askers, s, i) if s.reads_peak == 1 else 0.0
    value = askers.admit(
        now, float(row.prompt), row.estimate, float(row.generated),
        float(row.matched * s.size), float(need), float(s.free), float(s.total), float(given), peak,
        float(s.decodes + s.prefills), float(s.waits),
        theta_of(s),
    )  # fmt: skip
    if not np.isfinite(value):
        return NOT_FINITE
    if value < 0.0 or given + max(float(need), np.ceil(value) - (blocks - need)) > s.free:
        return NO
    return int(np.ceil(value))


@inner_njit(B1(S, I64), **SETTINGS)
def _nobody_fits(s: Record, left: int) -> bool:
    """Whether the free blocks are too few for any of those who wait, as far as a look at the queue tells.

    `left` is the most tokens that a first chunk may have.
    """
    queue = s.queue
    if queue.changes == 0 or chains_of(s).shape[0] > 0:
        return False
    fewest = queue.fewest if s.whole == 1 else min(queue.fewest, left)
    return bool((max(1, fewest) + s.size - 1) // s.size > spare(s))


@inner_njit(I64(JUDGES, ASKERS, S, I1, F64, I64, I64, B1), **SETTINGS)
def _admissions(
    judges: Judges, askers: Askers, s: Record, ops: Ints, now: float, most: int, used: int, force: bool
) -> int:
    """Admit waiting requests by priority until one has to wait; return how the iteration went."""
    q, queue = requests_of(s), s.queue
    judged = False
    while s.waits > 0 and s.decodes + s.prefills < s.seats:
        room = s.budget - s.decodes - used
        left = min(most - used, room)
        if room < 1:
            return RAN
        if _nobody_fits(s, left):
            return RAN
        if not judged and not judge_waiting(judges, s, now):
            return FAILED
        judged = True
        i = head(queue)
        row = q[i]
        known = start(s, row)
        decodes = known >= row.target
        tokens = 1 if decodes else min(row.target - known, left)
        if tokens < 1:
            return STUCK
        reserve = NO
        if may_enter(s, row, known + tokens):
            reserve = _reserved(askers, s, now, i, known + tokens)
        if reserve == NOT_FINITE:
            return FAILED
        if reserve == NO:
            if not force:
                return STUCK
            reserve = 0
        leave(queue, i)
        admit(s, i, tokens, reserve)
        ops[ops[0] + 1], ops[ops[0] + 2] = i, tokens
        ops[0] += 2
        used += 0 if decodes else tokens
        force = False
    return RAN


@inner_njit(I64(LIMIT, S, F64), **SETTINGS)
def _most_prefill(limit: Number, s: Record, now: float) -> int:
    """The most tokens of prefill in an iteration, or `NOT_FINITE`."""
    budget = s.budget - s.decodes
    if s.prefills + s.waits == 0:
        return int(budget)
    value = limit(
        now, float(s.decodes + s.prefills), float(s.decodes), float(s.waits), float(s.pending), s.free / s.total,
        float(budget), theta_of(s),
    )  # fmt: skip
    if not np.isfinite(value):
        return NOT_FINITE
    most = int(np.floor(min(max(value, 0.0), float(budget))))
    return budget if most < 1 and s.decodes == 0 else most


@inner_njit(B1(I1), **SETTINGS)
def _evicts(ops: Ints) -> bool:
    """Whether decisions hold an eviction."""
    found = False
    for k in range(1, ops[0] + 1):
        found = found or ops[k] < 0
    return found


@inner_njit(I64(RULES, S, I1, F64, B1), **SETTINGS)
def iterate(rules: Rules, s: Record, ops: Ints, now: float, last: bool) -> int:
    """Decide one iteration and apply it, all but its time (`advance`); return how it went.

    `ops` are the decisions; `last` says that nothing will arrive any more unless somebody runs: then the first in the
    queue is admitted whatever the program says.
    """
    ops[0], judges = 0, Judges(rules.priority, rules.revise)
    most = _most_prefill(rules.prefill_budget, s, now)
    if most < 0:
        return FAILED
    used = in_order(judges, s, ops, now, most) if s.walks == 1 else decodes_first(judges, s, ops, now, most)
    if used >= 0 and s.displaces == 1 and not _evicts(ops):
        used = make_way(judges, rules.displace, s, ops, now, min(most - used, s.budget - s.decodes - used), used)
    if used < 0:
        return FAILED
    take(s, due(s))
    how = RAN
    if not _evicts(ops):
        force = last and s.decodes + s.prefills == 0
        how = _admissions(judges, Askers(rules.admit, rules.length), s, ops, now, most, used, force)
    if how != FAILED and s.decodes + s.prefills == 0 and ops[0] == 0:
        return IDLE
    return how
