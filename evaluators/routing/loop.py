"""The event loop of several replicas behind a router, compiled once: a program decides, or decisions are followed."""

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Ints, Number, Rule, Stream
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.routing.calls import (
    AT,
    BEYOND,
    CUT,
    FAULT,
    NOTES,
    OK,
    QUIET,
    STREAM,
    UNDECIDED,
    UNSERVED,
    closed,
    decide,
    follow,
    opened,
)  # fmt: skip
from heuresis.evaluators.routing.fleet.dispatch import COLUMNS, F3, HOLD_RULE, ORDER_RULE, SCORE_RULE, entered, keep
from heuresis.evaluators.routing.fleet.migration import MIGRATE_RULE, depart
from heuresis.evaluators.routing.fleet.replica import begin, enter, finish
from heuresis.evaluators.routing.fleet.scaling import SCALE_RULE, collect, come, drained, spent
from heuresis.evaluators.routing.fleet.state import (
    ENDED,
    FLEET,
    HELD,
    HELD_NEXT,
    LINKED,
    OFF,
    ON,
    ROUTED,
    TRANSIT,
    Records,
)  # fmt: skip
from heuresis.evaluators.serving.replica.admission import ADMIT_RULE, BUDGET_RULE
from heuresis.evaluators.serving.replica.state import (
    B1,
    DECODES,
    F1,
    F2,
    F64,
    FREE,
    I1,
    I2,
    I64,
    NONE,
    PREFILLS,
    Q1,
    SETTINGS,
    TOTAL,
    WAITS,
    drop,
    next_arrival,
    take_arrival,
)  # fmt: skip
from heuresis.evaluators.serving.replica.waiting import RULE, WIDTH

WATCHED = 4
"""Numbers that are seen of each replica at a tick: who waits there or is on the way, who runs, blocks in use, whether
it is on, starts or drains. Before them stands who is held."""


def warm() -> None:
    """Loading this module compiles the loops or reads them from the cache; check that they are there."""
    if not run.signatures:
        raise RuntimeError("the loops of the router have no compiled signature")


@inner_njit(F64(FLEET, I1, F2), **SETTINGS)
def _next(fleet: Records, centre: Ints, moving: Floats) -> float:
    """When the next iteration ends, the next replica has started or the next KV has come over."""
    date = moving[0, 0] if centre[TRANSIT] > 0 else np.inf
    for r in range(fleet.shape[0]):
        date = min(date, fleet[r].until, fleet[r].ready)
    return date


@inner_njit(types.void(RULE, F1, I1, Q1, LINKED, FLEET, I2, F3, F3, F2, I2, F2, F64), **SETTINGS)
def _land(
    rule: Rule, none: Floats, centre: Ints, q: Records, m: Records, fleet: Records, states: Ints, ended: Floats,
    queues: Floats, unused: Floats, facts: Ints, moving: Floats, now: float,
) -> None:  # fmt: skip
    """The KV of the next request has come over the link: it is no longer on its way, and waits."""
    i = int(moving[0, 1])
    drop(moving, centre[TRANSIT])
    centre[TRANSIT] -= 1
    r, rank = m[i].where, entered(centre)
    fleet[r].transit -= 1
    enter(rule, none, states[r], q, m, ended[r], queues[r], unused, facts[r], fleet, r, i, now, rank)


@inner_njit(I64(ORDER_RULE, F1, I1, I1, I1, Q1, LINKED, FLEET, F2, F2, F3, F3, I64, F64), **SETTINGS)
def _collected(
    order: Rule, theta: Floats, flags: Ints, centre: Ints, s: Ints, q: Records, m: Records, fleet: Records,
    ended: Floats, later: Floats, held: Floats, waiting: Floats, r: int, now: float,
) -> int:  # fmt: skip
    """How many ended on a replica, of whom some are held to be decoded elsewhere; -1: an order is NaN or infinite."""
    count = 0
    while True:
        i = collect(centre, s, q, m, fleet, ended, later, r, now)
        if i == -2:
            return count
        count += 1
        if i >= 0 and not keep(order, theta, flags, centre, q, m, held, waiting, i, now):
            return -1


@inner_njit(B1(FLEET, I64, F64), **SETTINGS)
def _started(fleet: Records, r: int, now: float) -> bool:
    """Whether a replica has started, which takes requests from now on."""
    if fleet[r].ready > now:
        return False
    fleet[r].ready = np.inf
    fleet[r].status = ON
    return True


@inner_njit(I64(I1, FLEET, I2, F1, F2, I64, F64), **SETTINGS)
def _watched(
    centre: Ints, fleet: Records, states: Ints, ticks: Floats, seen: Floats, tick: int, before: float
) -> int:  # fmt: skip
    """Write how things stand at all ticks before a date, from a number of tick on; return the next number."""
    while tick < ticks.shape[0] and ticks[tick] < before:
        seen[tick, 0] = centre[HELD] + centre[HELD_NEXT]
        for r in range(fleet.shape[0]):
            s, at = states[r], 1 + WATCHED * r
            seen[tick, at] = s[WAITS] + fleet[r].transit
            seen[tick, at + 1] = s[DECODES] + s[PREFILLS]
            seen[tick, at + 2] = s[TOTAL] - s[FREE]
            seen[tick, at + 3] = 0.0 if fleet[r].status == OFF else 1.0
        tick += 1
    return tick


@numba.njit(
    types.Tuple((I64, F64, STREAM))(
        SCORE_RULE, ORDER_RULE, HOLD_RULE, SCALE_RULE, MIGRATE_RULE, F1, I1, RULE, ADMIT_RULE, BUDGET_RULE, F64, I64,
        B1, STREAM, F1, F2, I1, Q1, LINKED, FLEET, I2, F2, F3, F3, I2, F2, F2, F3, F3, F1, I1, I1,
    ),
    **SETTINGS,
)  # fmt: skip
def run(
    score: Rule, order: Rule, hold: Number, scale: Number, migrate: Rule, theta: Floats, flags: Ints, rule: Rule,
    ask: Number, limit: Number, startup: float, clients: int, follows: bool, stream: Stream, ticks: Floats,
    seen: Floats, centre: Ints, q: Records, m: Records, fleet: Records, states: Ints, engines: Floats, ended: Floats,
    queues: Floats, facts: Ints, later: Floats, moving: Floats, held: Floats, waiting: Floats, log: Floats, last: Ints,
    ops: Ints,
) -> tuple[int, float, Stream]:  # fmt: skip
    """Serve a whole trace: a fault or 0, the replica-seconds, and the decisions.

    Where `follows`, the decisions of `stream` are followed and the program is not called (`flags` are then those of an
    order that changes). At one time, iterations end first, by the number of the replica, then KV arrives, replicas have
    started and requests arrive; after each of these the router is called; then idle replicas begin. How things stand
    at `ticks` (seconds, ascending) is written to the rows of `seen` (see `WATCHED`).
    """
    n, replicas, note = q.shape[0], fleet.shape[0], np.zeros(NOTES, np.int64)
    none, unused = np.empty(0), np.empty((WIDTH, 1))
    columns, who = np.empty((COLUMNS + 2, replicas)), np.empty(replicas, np.int64)
    out, now, tick = stream, 0.0, 0
    if follows and not opened(stream, note):
        return CUT, 0.0, stream[:0]
    while centre[ENDED] < n:
        date = min(_next(fleet, centre, moving), next_arrival(centre, q, later))
        force, sent, step = date == np.inf, centre[ROUTED], 0
        if not force:
            if tick < ticks.shape[0]:
                tick = _watched(centre, fleet, states, ticks, seen, tick, date)
            now = date
        while True:  # events of this time, one by one
            call = force
            if not force:
                if step < replicas:
                    r, step = step, step + 1
                    if fleet[r].until <= now:
                        finish(states[r], q, ended[r], fleet, engines[r], r)
                        if fleet[r].leaves != NONE:
                            depart(centre, q, m, fleet, states, engines, moving, last, now, r)
                        done = _collected(
                            order, theta, flags, centre, states[r], q, m, fleet, ended[r], later, held, waiting, r, now
                        )  # fmt: skip
                        if done < 0:
                            return UNDECIDED, 0.0, out[:0]
                        call = done > 0
                        drained(fleet, states, r, now)
                    call = _started(fleet, r, now) or call
                elif centre[TRANSIT] > 0 and moving[0, 0] <= now:
                    _land(rule, none, centre, q, m, fleet, states, ended, queues, unused, facts, moving, now)
                elif next_arrival(centre, q, later) <= now:
                    i = take_arrival(centre, q, later)
                    if come(centre, q, m, engines, later, log, i, now):
                        call = True
                        if not keep(order, theta, flags, centre, q, m, held, waiting, i, now):
                            return UNDECIDED, 0.0, out[:0]
                else:
                    break
            if call:
                if follows:
                    follow(
                        rule, none, centre, q, m, fleet, states, engines, ended, queues, unused, facts, moving, last,
                        now, startup, stream, note,
                    )  # fmt: skip
                else:
                    out = decide(
                        score, order, hold, scale, migrate, theta, flags, rule, none, centre, q, m, fleet, states,
                        engines, ended, queues, unused, facts, moving, held, waiting, log, last, columns, who, clients,
                        now, force, startup, out, note,
                    )  # fmt: skip
                if note[FAULT] != OK:
                    return note[FAULT], 0.0, out[:0]
            if force:
                break
        if force and centre[ROUTED] == sent:
            return UNSERVED, 0.0, out[:0]
        for r in range(replicas):
            if fleet[r].busy == 0:
                begin(
                    rule, ask, limit, none, states[r], q, m, queues[r], unused, facts[r], ops, fleet, engines[r], r, now
                )
    if follows:
        whole = note[QUIET] == 0 and note[AT] + 2 == stream.shape[0]
        return OK if whole else BEYOND, spent(fleet, now), out
    return OK, spent(fleet, now), closed(out, note)
