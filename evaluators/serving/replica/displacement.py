"""A waiting request displaces running ones: what a program's `displace` says is evicted for it."""

import numpy as np

from heuresis.evaluators.aliases import Ints, Number
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.batching import throw_out
from heuresis.evaluators.serving.replica.lifecycle import due, start, wanted
from heuresis.evaluators.serving.replica.memory import spare
from heuresis.evaluators.serving.replica.records import DECODE, F64, I1, I64, ROW, SETTINGS, Record, S
from heuresis.evaluators.serving.replica.rules import DISPLACE, JUDGES, Judges
from heuresis.evaluators.serving.replica.state import computed, requests_of, theta_of
from heuresis.evaluators.serving.replica.waiting import first_value, head, judge_running, judge_waiting, worst

_NOT_FINITE = -1


@inner_njit(I64(S, ROW, I64), **SETTINGS)
def _lacks(s: Record, row: Record, tokens: int) -> int:
    """Blocks that a waiting request lacks to be admitted with so many tokens beside the decodes of this iteration."""
    return int(max(0, wanted(s, row, tokens) - (spare(s) - due(s))))


@inner_njit(F64(DISPLACE, S, F64, F64, I64, I64), **SETTINGS)
def _asked(displace: Number, s: Record, now: float, first: float, lacks: int, victim: int) -> float:
    """What the program says to evicting a running request."""
    row = requests_of(s)[victim]
    tokens = computed(s, row)
    held = (tokens + (0 if row.state == DECODE else row.chunk) + s.size - 1) // s.size
    return float(displace(
        now, first, row.key, float(lacks), float(held), float(tokens), float(s.decodes + s.prefills), float(s.waits),
        theta_of(s),
    ))  # fmt: skip


@inner_njit(I64(JUDGES, DISPLACE, S, I1, F64, I64, I64), **SETTINGS)
def make_way(judges: Judges, displace: Number, s: Record, ops: Ints, now: float, left: int, used: int) -> int:
    """Evict as the program says until the first of the waiting requests can be admitted.

    `left` is the most tokens that its first chunk may have, `used` are those given to running ones. Returns what is
    then used, -1 where a value is NaN or infinite.
    """
    if s.waits == 0 or s.decodes + s.prefills == 0 or s.decodes + used >= s.budget:
        return used
    if not judge_waiting(judges, s, now):
        return _NOT_FINITE
    q, first, row = requests_of(s), first_value(s.queue), requests_of(s)[head(s.queue)]
    known = start(s, row)
    tokens = 1 if known >= row.target else min(row.target - known, left)
    judged = False
    while tokens > 0 and s.decodes + s.prefills > 0:
        lacks = _lacks(s, row, known + tokens)
        if lacks == 0 and s.decodes + s.prefills < s.seats:
            return used
        if not judged and not judge_running(judges, s, now):
            return _NOT_FINITE
        judged = True
        victim = worst(s)
        if q[victim].key <= first:
            return used
        value = _asked(displace, s, now, first, lacks, victim)
        if not np.isfinite(value):
            return _NOT_FINITE
        if value <= 0.0:
            return used
        used -= q[victim].chunk
        if not throw_out(judges, s, ops, now, victim):
            return _NOT_FINITE
    return used
