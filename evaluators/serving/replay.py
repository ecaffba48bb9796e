# ruff: noqa: I001 - the many places of the state stand side by side
"""The trusted replay of a schedule, compiled: from the decisions and the trace alone, on a clock of its own.

No program takes part. The replay refuses what an engine cannot do; what it gives is what is scored.
"""

from heuresis.evaluators.aliases import Floats, Ints, Stream

from heuresis.evaluators.serving.faults import FAULTS

import numba
import numpy as np
from numba import types

from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.clock import advance, coast
from heuresis.evaluators.serving.replica.memory import grow, lacking, take
from heuresis.evaluators.serving.replica.state import (
    BUDGET, DECODE, DECODES, ENDED, F1, F2, F64, FREE, I1, I64, PREFILL, PREFILLS, Q1, SEATS, SETTINGS, SWAPPED, TOTAL,
    WAITING, WAITS, Requests, borrowed, next_arrival, take_arrival,
)  # fmt: skip
from heuresis.evaluators.serving.replica.lifecycle import admit, arrive, due, evict, start


(_OK, _UNDECIDED, _CUT, _NOTHING, _EMPTY, _ABSENT, _NOT_RUNNING, _CHUNK, _TWICE, _TOKENS, _SEATS, _BLOCKS, _MIXED,
 _UNSERVED) = range(len(FAULTS))  # fmt: skip

_STREAM = types.int32[::1]


@inner_njit(F64(I1, Q1, F2, F64), **SETTINGS)
def _absorb(s: Ints, q: Requests, later: Floats, now: float) -> float:
    """Let all arrive whose time has come; return when the next one does."""
    coming = next_arrival(s, q, later)
    while coming <= now:
        arrive(s, q, later, take_arrival(s, q, later), coming, False)
        coming = next_arrival(s, q, later)
    return float(coming)


@inner_njit(I64(I1, Q1, _STREAM), **SETTINGS)
def _apply(s: Ints, q: Requests, ops: Stream) -> int:
    """Apply the decisions of one iteration; return a fault or 0."""
    k = 0
    used, evicted, committed = 0, False, False
    while k < ops.shape[0]:
        i = ops[k] if ops[k] >= 0 else -1 - ops[k]
        if i >= q.shape[0]:
            return _ABSENT
        row = q[i]
        running = row.state in (PREFILL, DECODE)
        if ops[k] < 0:
            if not running or committed:
                return _NOT_RUNNING
            used -= row.chunk
            evict(s, q, i)
            evicted = True
            k += 1
            continue
        if k + 1 == ops.shape[0]:
            return _CUT
        tokens = ops[k + 1]
        k += 2
        if tokens < 1:
            return _CHUNK
        if row.state == WAITING:
            if evicted:
                return _MIXED
            if not committed:
                if due(s) > s[FREE]:
                    return _BLOCKS
                take(s, due(s))
                committed = True
            known = start(s, q, i)
            if tokens > max(1, row.target - known):
                return _CHUNK
            if s[DECODES] + s[PREFILLS] >= s[SEATS]:
                return _SEATS
            if lacking(s, q, i, known + tokens) > s[FREE]:
                return _BLOCKS
            admit(s, q, i, tokens, 0)
            used += row.chunk
        elif row.state == PREFILL:
            if row.chunk > 0 or committed:
                return _TWICE
            if tokens > row.target - row.computed:
                return _CHUNK
            if lacking(s, q, i, row.computed + tokens) > s[FREE]:
                return _BLOCKS
            grow(s, q, i, row.computed + tokens)
            row.chunk = tokens
            used += tokens
        else:
            return _ABSENT
    if used + s[DECODES] > s[BUDGET]:
        return _TOKENS
    if not committed:
        if due(s) > s[FREE]:
            return _BLOCKS
        take(s, due(s))
    return _OK


@inner_njit(types.Tuple((F64, I64))(I1, Q1, F2, F1, F64, I64), **SETTINGS)
def _quiet(s: Ints, q: Requests, later: Floats, engine: Floats, now: float, iterations: int) -> tuple[float, int]:
    """Run iterations without decisions; with nobody running each waits for the next arrival. The time, and a fault."""
    while iterations > 0:
        coming = _absorb(s, q, later, now)
        if s[DECODES] + s[PREFILLS] == 0:
            if coming == np.inf:
                return now, _NOTHING
            now = coming
            iterations -= 1
        elif s[DECODES] == 0:
            return now, _EMPTY
        elif s[SWAPPED] > 0:
            if due(s) > s[FREE]:
                return now, _BLOCKS
            take(s, due(s))
            now = advance(s, q, later, engine, now)
            iterations -= 1
        else:
            now, done = coast(s, q, later, engine, now, coming, iterations)
            if done == 0:
                return now, _BLOCKS
            iterations -= done
    return now, _OK


@numba.njit(I64(I1, Q1, F2, F1, _STREAM), **SETTINGS)
def replay(s: Ints, q: Requests, later: Floats, engine: Floats, stream: Stream) -> int:
    """Run decisions on a fresh replica; return a fault or 0. `q` then holds what became of all requests."""
    s, q, later, engine, at, now = borrowed(s), borrowed(q), borrowed(later), borrowed(engine), 0, 0.0
    while at < stream.shape[0]:
        if at + 2 > stream.shape[0] or stream[at] < 0 or stream[at + 1] < 0:
            return _CUT
        end = at + 2 + stream[at + 1]
        if end > stream.shape[0]:
            return _CUT
        now, fault = _quiet(s, q, later, engine, now, stream[at])
        if fault:
            return int(fault)
        _absorb(s, q, later, now)
        if end > at + 2:
            fault = _apply(s, q, stream[at + 2 : end])
            if fault:
                return int(fault)
            now = advance(s, q, later, engine, now)
        at = end
    return _OK if s[ENDED] == q.shape[0] else _UNSERVED


@numba.njit(types.Tuple((I64, F2))(I1, Q1, F2, F1, _STREAM), **SETTINGS)
def timeline(s: Ints, q: Requests, later: Floats, engine: Floats, stream: Stream) -> tuple[int, Floats]:
    """Run decisions; a fault or 0, and after each iteration: time (s), waiting, running, blocks in use."""
    total = 1
    at = 0
    while at + 2 <= stream.shape[0]:
        total += max(0, stream[at]) + 1
        at += 2 + max(0, stream[at + 1])
    rows = np.empty((total, 4))
    count, at, now = 0, 0, 0.0
    while at < stream.shape[0]:
        if (
            at + 2 > stream.shape[0]
            or stream[at] < 0
            or stream[at + 1] < 0
            or at + 2 + stream[at + 1] > stream.shape[0]
        ):
            return _CUT, rows[:0]
        end = at + 2 + stream[at + 1]
        for quiet in range(stream[at] + (1 if end > at + 2 else 0)):
            if quiet < stream[at]:
                now, fault = _quiet(s, q, later, engine, now, 1)
            else:
                _absorb(s, q, later, now)
                fault = _apply(s, q, stream[at + 2 : end])
                if fault == _OK:
                    now = advance(s, q, later, engine, now)
            if fault:
                return fault, rows[:0]
            _absorb(s, q, later, now)
            rows[count, 0], rows[count, 1], rows[count, 2] = now, s[WAITS], s[DECODES] + s[PREFILLS]
            rows[count, 3] = s[TOTAL] - s[FREE]
            count += 1
        _absorb(s, q, later, now)  # where all are rejected on arrival there is no iteration
        at = end
    return (_OK if s[ENDED] == q.shape[0] else _UNSERVED), rows[:count]
