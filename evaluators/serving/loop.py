"""The event loop of one replica, compiled once (`replica/admission.py` has the iteration)."""

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Ints, Number, Rule, Stream
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.admission import ADMIT_RULE, BUDGET_RULE, FAILED, IDLE, RAN, STUCK, iterate
from heuresis.evaluators.serving.replica.clock import advance, coast
from heuresis.evaluators.serving.replica.lifecycle import arrive
from heuresis.evaluators.serving.replica.records import B1, I1, I64, NEVER, SETTINGS, Record, S
from heuresis.evaluators.serving.replica.state import next_arrival, requests_of, take_arrival
from heuresis.evaluators.serving.replica.waiting import RULE, join

MOST_EVICTIONS = 50
"""A program that evicts more often than this for each request (and 1,000 times more) has failed: it gets nowhere."""

_STREAM = types.int32[::1]


def warm() -> None:
    """Loading this module compiles the loops or reads them from the cache; check that they are there."""
    if not serve.signatures:
        raise RuntimeError("the serving loops have no compiled signature")


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


@numba.njit(types.Tuple((B1, _STREAM))(RULE, ADMIT_RULE, BUDGET_RULE, S, I1, B1), **SETTINGS)
def serve(
    rule: Rule, ask: Number, limit: Number, s: Record, ops: Ints, records: bool,
) -> tuple[bool, Stream]:  # fmt: skip
    """Serve a whole trace: whether the program decided all of it, and its decisions (empty unless `records`).

    `ops` is room for the decisions of an iteration.
    """
    q, coming = requests_of(s), s.coming
    n, seats = q.shape[0], s.seats
    lifting = s.queue.reads_client == 1
    out, length, quiet, now, how = np.empty(64, np.int32), 0, 0, 0.0, RAN
    while s.ended < n:
        date = next_arrival(coming, q)
        while date <= now:
            i = take_arrival(coming, q)
            if arrive(s, i, date, lifting) and not join(rule, s, now, i):
                return False, out[:0]
            how = RAN
            date = next_arrival(coming, q)
        if s.ended == n:
            break
        if s.decodes + s.prefills + s.waits == 0:
            now = date
            quiet += 1
            continue
        nobody_enters = s.waits == 0 or s.decodes == seats or (how == STUCK and s.steady == 1)
        if nobody_enters and s.prefills == 0 and s.decodes > 0 and s.swapped == 0:
            running = s.decodes
            now, done = coast(s, now, date, NEVER)
            quiet += done
            if s.decodes < running:
                how = RAN
            if done > 0:
                continue
        how = iterate(rule, ask, limit, s, ops, now, date == np.inf)
        if how == FAILED or s.evictions > MOST_EVICTIONS * n + 1000:
            return False, out[:0]
        if how == IDLE:
            now = date
            quiet += 1
            continue
        running = s.decodes + s.prefills
        if ops[0] == 0:
            quiet += 1
        else:
            if records:
                out, length = _written(out, length, quiet, ops)
            quiet = 0
        now = advance(s, now)
        if s.decodes + s.prefills < running or ops[0] > 0:
            how = RAN
    if records:
        ops[0] = 0
        out, length = _written(out, length, quiet, ops)
    return True, out[:length]
