# ruff: noqa: I001 - the many places of the state stand side by side
"""The event loop of one replica, compiled once (`serving/replica/admission.py` has the iteration)."""

from heuresis.evaluators.aliases import Floats, Ints, Number, Rule, Stream

import numba
import numpy as np
from numba import types

from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.admission import (
    ADMIT_RULE,
    BUDGET_RULE,
    FAILED,
    IDLE,
    RAN,
    STEADY,
    STUCK,
    iterate,
)
from heuresis.evaluators.serving.replica.clock import advance, coast
from heuresis.evaluators.serving.replica.waiting import CHANGES, FACTS, FEWEST, READS_CLIENT, RULE, WIDTH, join
from heuresis.evaluators.serving.replica.state import (
    B1, DECODES, ENDED, EVICTIONS, F1, F2, I1, I64, NEVER, PREFILLS, Q1, SEATS, SETTINGS, SWAPPED, WAITS,
    Requests, borrowed, next_arrival, take_arrival,
)  # fmt: skip
from heuresis.evaluators.serving.replica.lifecycle import arrive


MOST_EVICTIONS = 50
"""A program that evicts more often than this for each request (and 1,000 times more) has failed: it gets nowhere."""

_STREAM = types.int32[::1]


def warm() -> None:
    """Loading this module compiles the loops or reads them from the cache; check that they are there."""
    if not serve.signatures:
        raise RuntimeError("the serving loops have no compiled signature")


def workspace(reads: Ints, requests: int, seats: int) -> tuple[Floats, Floats, Ints, Ints]:
    """The queue of an empty replica (`serving_queue`) and room for the decisions of an iteration.

    `reads` says what the priority reads of what changes: `serving_queue.CHANGES` and what follows.
    """
    facts = np.zeros(FACTS, np.int64)
    facts[: len(reads)] = reads
    facts[FEWEST] = NEVER
    in_heap, in_columns = (1, requests) if reads[CHANGES] else (requests, 1)
    return np.empty((in_heap, 2)), np.empty((WIDTH, in_columns)), facts, np.zeros(5 * seats + 3, np.int64)


@inner_njit(types.Tuple((_STREAM, I64))(_STREAM, I64, I64, I1), **SETTINGS)
def _written(out: Stream, length: int, quiet: int, ops: Ints) -> tuple[Stream, int]:
    """Append a record: iterations before it without decisions, how many numbers follow, the decisions."""
    if length + ops[0] + 2 > out.shape[0]:
        longer = np.empty(2 * (length + ops[0] + 2), np.int32)
        longer[:length] = out[:length]
        out = longer
    out[length], out[length + 1] = quiet, ops[0]
    for k in range(ops[0]):
        out[length + 2 + k] = ops[1 + k]
    return out, length + 2 + ops[0]


@numba.njit(
    types.Tuple((B1, _STREAM))(RULE, ADMIT_RULE, BUDGET_RULE, F1, I1, F2, F2, I1, I1, I1, Q1, F2, F1, B1),
    **SETTINGS,
)
def serve(
    rule: Rule, ask: Number, limit: Number, theta: Floats, flags: Ints, heap: Floats, columns: Floats,
    facts: Ints, ops: Ints, s: Ints, q: Requests, later: Floats, engine: Floats, records: bool,
) -> tuple[bool, Stream]:  # fmt: skip
    """Serve a whole trace: whether the program decided all of it, and its decisions (empty unless `records`).

    `flags` say what the optional functions do (`serving_admission.FLAGS`); `workspace` makes the four arrays after it.
    """
    s, q, later, engine, theta = borrowed(s), borrowed(q), borrowed(later), borrowed(engine), borrowed(theta)
    heap, columns, facts, ops = borrowed(heap), borrowed(columns), borrowed(facts), borrowed(ops)
    n, seats = q.shape[0], s[SEATS]
    lifting = facts[READS_CLIENT] == 1
    out, length, quiet, now, how = np.empty(64, np.int32), 0, 0, 0.0, RAN
    while s[ENDED] < n:
        coming = next_arrival(s, q, later)
        while coming <= now:
            i = take_arrival(s, q, later)
            if arrive(s, q, later, i, coming, lifting) and not join(rule, theta, s, q, heap, columns, facts, now, i):
                return False, out[:0]
            how = RAN
            coming = next_arrival(s, q, later)
        if s[ENDED] == n:
            break
        if s[DECODES] + s[PREFILLS] + s[WAITS] == 0:
            now = coming
            quiet += 1
            continue
        nobody_enters = s[WAITS] == 0 or s[DECODES] == seats or (how == STUCK and flags[STEADY] == 1)
        if nobody_enters and s[PREFILLS] == 0 and s[DECODES] > 0 and s[SWAPPED] == 0:
            running = s[DECODES]
            now, done = coast(s, q, later, engine, now, coming, NEVER)
            quiet += done
            if s[DECODES] < running:
                how = RAN
            if done > 0:
                continue
        how = iterate(rule, ask, limit, theta, s, q, heap, columns, facts, ops, flags, now, coming == np.inf)
        if how == FAILED or s[EVICTIONS] > MOST_EVICTIONS * n + 1000:
            return False, out[:0]
        if how == IDLE:
            now = coming
            quiet += 1
            continue
        running = s[DECODES] + s[PREFILLS]
        if ops[0] == 0:
            quiet += 1
        else:
            if records:
                out, length = _written(out, length, quiet, ops)
            quiet = 0
        now = advance(s, q, later, engine, now)
        if s[DECODES] + s[PREFILLS] < running or ops[0] > 0:
            how = RAN
    if records:
        ops[0] = 0
        out, length = _written(out, length, quiet, ops)
    return True, out[:length]
