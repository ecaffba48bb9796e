"""The trusted replay of a schedule, compiled: from the decisions and the trace alone, on a clock of its own.

No program takes part. The replay refuses what an engine cannot do; what it gives is what is scored.
"""

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Stream
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.faults import FAULTS
from heuresis.evaluators.serving.replica.clock import advance, coast
from heuresis.evaluators.serving.replica.lifecycle import admit, arrive, due, evict, may_enter, start
from heuresis.evaluators.serving.replica.memory import grow, lacking, take
from heuresis.evaluators.serving.replica.records import B1, DECODE, F2, F64, I64, PREFILL, SETTINGS, WAITING, Record, S
from heuresis.evaluators.serving.replica.state import Server, next_arrival, requests_of, take_arrival

(_OK, _UNDECIDED, _CUT, _NOTHING, _EMPTY, _ABSENT, _NOT_RUNNING, _CHUNK, _TWICE, _TOKENS, _SEATS, _BLOCKS, _MIXED,
 _REFUSED, _UNSERVED) = range(len(FAULTS))  # fmt: skip

_WATCHED = 4
_STREAM = types.int32[::1]


@inner_njit(F64(S, F64), **SETTINGS)
def _absorb(s: Record, now: float) -> float:
    """Let all arrive whose time has come; return when the next one does."""
    q, coming = requests_of(s), s.coming
    date = next_arrival(coming, q)
    while date <= now:
        arrive(s, take_arrival(coming, q), date, False)
        date = next_arrival(coming, q)
    return float(date)


@inner_njit(I64(S, _STREAM), **SETTINGS)
def _apply(s: Record, ops: Stream) -> int:
    """Apply the decisions of one iteration; return a fault or 0."""
    q = requests_of(s)
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
            evict(s, i)
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
                if due(s) > s.free:
                    return _BLOCKS
                take(s, due(s))
                committed = True
            known = start(s, row)
            if tokens > max(1, row.target - known):
                return _CHUNK
            if s.decodes + s.prefills >= s.seats:
                return _SEATS
            if not may_enter(s, row, known + tokens):
                return _REFUSED
            admit(s, i, tokens, 0)
            used += row.chunk
        elif row.state == PREFILL:
            if row.chunk > 0 or committed:
                return _TWICE
            if tokens > row.target - row.computed:
                return _CHUNK
            if lacking(s, row, row.computed + tokens) > s.free:
                return _BLOCKS
            grow(s, row, row.computed + tokens)
            row.chunk = tokens
            used += tokens
        else:
            return _ABSENT
    if used + s.decodes > s.budget:
        return _TOKENS
    if not committed:
        if due(s) > s.free:
            return _BLOCKS
        take(s, due(s))
    return _OK


@inner_njit(types.Tuple((F64, I64))(S, F64, I64), **SETTINGS)
def _quiet(s: Record, now: float, iterations: int) -> tuple[float, int]:
    """Run iterations without decisions; with nobody running each waits for the next arrival. The time, and a fault."""
    while iterations > 0:
        coming = _absorb(s, now)
        if s.decodes + s.prefills == 0:
            if coming == np.inf:
                return now, _NOTHING
            now = coming
            iterations -= 1
        elif s.decodes == 0:
            return now, _EMPTY
        elif s.swapped > 0:
            if due(s) > s.free:
                return now, _BLOCKS
            take(s, due(s))
            now = advance(s, now)
            iterations -= 1
        else:
            now, done = coast(s, now, coming, iterations)
            if done == 0:
                return now, _BLOCKS
            iterations -= done
    return now, _OK


@inner_njit(I64(S, F64, F2, I64), **SETTINGS)
def _watch(s: Record, now: float, rows: Floats, count: int) -> int:
    """Write how things stand at the end of an iteration, if there are rows; return how many are written."""
    if rows.shape[0] == 0:
        return count
    _absorb(s, now)
    rows[count, 0], rows[count, 1], rows[count, 2] = now, s.waits, s.decodes + s.prefills
    rows[count, 3] = s.total - s.free
    return count + 1


@inner_njit(I64(_STREAM), **SETTINGS)
def _most_iterations(stream: Stream) -> int:
    """The most iterations that decisions can mean, whatever they are, and one more."""
    total, at = 1, 0
    while at + 2 <= stream.shape[0]:
        total += max(0, stream[at]) + 1
        at += 2 + max(0, stream[at + 1])
    return total


@numba.njit(types.Tuple((I64, F2))(S, _STREAM, B1), **SETTINGS)
def _run(s: Record, stream: Stream, watched: bool) -> tuple[int, Floats]:
    """Run decisions on a fresh replica; a fault or 0, and where it is `watched` a row for each iteration."""
    rows, count = np.empty((_most_iterations(stream) if watched else 0, _WATCHED)), 0
    at, now = 0, 0.0
    while at < stream.shape[0]:
        if at + 2 > stream.shape[0] or stream[at] < 0 or stream[at + 1] < 0:
            return _CUT, rows[:count]
        end = at + 2 + stream[at + 1]
        if end > stream.shape[0]:
            return _CUT, rows[:count]
        left = int(stream[at])
        while left > 0:
            some = 1 if watched else left
            now, fault = _quiet(s, now, some)
            if fault:
                return fault, rows[:count]
            count = _watch(s, now, rows, count)
            left -= some
        _absorb(s, now)  # where all are rejected on arrival there is no iteration
        if end > at + 2:
            fault = _apply(s, stream[at + 2 : end])
            if fault:
                return fault, rows[:count]
            now = advance(s, now)
            count = _watch(s, now, rows, count)
        at = end
    return (_OK if s.ended == requests_of(s).shape[0] else _UNSERVED), rows[:count]


def replay(server: Server, stream: Stream) -> int:
    """Run decisions on a fresh replica; return a fault or 0. Its `q` then holds what became of all requests."""
    fault: int = _run(server.s, stream, False)[0]
    return fault


def timeline(server: Server, stream: Stream) -> tuple[int, Floats]:
    """Run decisions; a fault or 0, and after each iteration: time (s), waiting, running, blocks in use."""
    fault, rows = _run(server.s, stream, True)
    return fault, rows
