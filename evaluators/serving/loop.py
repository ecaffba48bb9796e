"""The event loop of one replica, compiled once (`replica/admission.py` has the iteration)."""

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Ints, Number, Rule, Stream
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.contract import LONGEST_PAUSE
from heuresis.evaluators.serving.replica.admission import FAILED, IDLE, RAN, STUCK, iterate
from heuresis.evaluators.serving.replica.clock import advance, coast
from heuresis.evaluators.serving.replica.lifecycle import arrive
from heuresis.evaluators.serving.replica.records import B1, F64, I1, I64, NEVER, SETTINGS, Record, S
from heuresis.evaluators.serving.replica.rules import FUNCTION_TYPES, RULES, Judges, Rules
from heuresis.evaluators.serving.replica.state import next_arrival, requests_of, take_arrival, theta_of
from heuresis.evaluators.serving.replica.waiting import earliest, join

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


@inner_njit(types.Tuple((_STREAM, I64, I64))(_STREAM, I64, I64, I1, B1), **SETTINGS)
def _noted(out: Stream, length: int, quiet: int, ops: Ints, records: bool) -> tuple[Stream, int, int]:
    """Note what was decided: one more iteration without decisions, or where it `records` a record."""
    if ops[0] == 0:
        return out, length, quiet + 1
    if records:
        out, length = _written(out, length, quiet, ops)
    return out, length, 0


@inner_njit(F64(RULES, S, I1, F64, F64), **SETTINGS)
def _pause(rules: Rules, s: Record, ops: Ints, now: float, date: float) -> float:
    """Until when the program lets a replica that runs nobody stand still, at most until a date; NaN: it fails."""
    value = rules.pause(now, now - earliest(s), float(s.waits), float(s.pending), float(s.budget), theta_of(s))
    if not np.isfinite(value):
        return np.nan
    wait = int(np.floor(min(max(value * 1e6, 0.0), LONGEST_PAUSE)))
    if wait == 0:
        return now
    ops[0], ops[1], ops[2] = 2, requests_of(s).shape[0], wait
    return min(date, now + wait / 1e6)


@numba.njit(types.Tuple((B1, _STREAM))(*FUNCTION_TYPES, S, I1, B1), **SETTINGS)
def serve(
    priority: Rule, admit: Number, prefill_budget: Number, revise: Rule, length: Rule, displace: Number, pause: Number,
    s: Record, ops: Ints, records: bool,
) -> tuple[bool, Stream]:  # fmt: skip
    """Serve a whole trace: whether the program decided all of it, and its decisions (empty unless `records`).

    `ops` is room for the decisions of an iteration.
    """
    rules = Rules(priority, admit, prefill_budget, revise, length, displace, pause)
    judges, q, coming = Judges(priority, revise), requests_of(s), s.coming
    n, seats = q.shape[0], s.seats
    lifting = s.queue.reads_client == 1
    out, written, quiet, now, how, paused = np.empty(64, np.int32), 0, 0, 0.0, RAN, False
    while s.ended < n:
        date = next_arrival(coming, q)
        while date <= now:
            i = take_arrival(coming, q)
            if arrive(s, i, date, lifting) and not join(judges, s, now, i):
                return False, out[:0]
            how, paused = RAN, False
            date = next_arrival(coming, q)
        if s.ended == n:
            break
        if s.decodes + s.prefills + s.waits == 0:
            now, quiet = date, quiet + 1
            continue
        if s.pauses == 1 and s.decodes + s.prefills == 0 and not paused:
            until, paused = _pause(rules, s, ops, now, date), True
            if np.isnan(until):
                return False, out[:0]
            if until > now:
                out, written, quiet = _noted(out, written, quiet, ops, records)
                now = until
                continue
        nobody_enters = s.waits == 0 or (s.displaces == 0 and (s.decodes == seats or (how == STUCK and s.steady == 1)))
        if nobody_enters and s.prefills == 0 and s.decodes > 0 and s.swapped == 0:
            running = s.decodes
            now, done = coast(s, now, date, NEVER)
            quiet += done
            if s.decodes < running:
                how = RAN
            if done > 0:
                continue
        paused = False
        how = iterate(rules, s, ops, now, date == np.inf)
        if how == FAILED or s.evictions > MOST_EVICTIONS * n + 1000:
            return False, out[:0]
        if how == IDLE:
            now, quiet = date, quiet + 1
            continue
        running = s.decodes + s.prefills
        out, written, quiet = _noted(out, written, quiet, ops, records)
        now = advance(s, now)
        if s.decodes + s.prefills < running or ops[0] > 0:
            how = RAN
    if records:
        ops[0] = 0
        out, written = _written(out, written, quiet, ops)
    return True, out[:written]
