"""The event loop of several replicas behind a router, compiled once: a program decides, or decisions are followed."""

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Number, Rule, Stream
from heuresis.evaluators.kernels.heap import drop
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.routing.calls import (
    BEYOND,
    CUT,
    OK,
    STREAM,
    UNDECIDED,
    UNSERVED,
    closed,
    decide,
    follow,
    let_in,
    opened,
)
from heuresis.evaluators.routing.fleet.dispatch import HOLD_RULE, ORDER_RULE, SCORE_RULE, keep
from heuresis.evaluators.routing.fleet.gate import GATE_RULE
from heuresis.evaluators.routing.fleet.migration import MIGRATE_RULE, depart
from heuresis.evaluators.routing.fleet.records import CENTRE_TYPE, OFF, ON, REPLICA_TYPE, WATCHED
from heuresis.evaluators.routing.fleet.replica import begin, enter, finish
from heuresis.evaluators.routing.fleet.scaling import SCALE_RULE, collect, come, drained, held, spent
from heuresis.evaluators.routing.fleet.state import fleet_of, moving_of, routes_of, seen_of, states_of, ticks_of
from heuresis.evaluators.serving.replica.records import B1, F64, I64, NONE, SETTINGS, Record
from heuresis.evaluators.serving.replica.rules import FUNCTION_TYPES, Rules
from heuresis.evaluators.serving.replica.state import next_arrival, requests_of, take_arrival


def warm() -> None:
    """Loading this module compiles the loops or reads them from the cache; check that they are there."""
    if not run.signatures:
        raise RuntimeError("the loops of the router have no compiled signature")


@inner_njit(F64(CENTRE_TYPE), **SETTINGS)
def _next(c: Record) -> float:
    """When the next iteration ends, the next replica has started or the next KV has come over."""
    fleet = fleet_of(c)
    date = moving_of(c)[0, 0] if c.transit > 0 else np.inf
    for r in range(fleet.shape[0]):
        date = min(date, fleet[r].until, fleet[r].ready)
    return date


@inner_njit(types.void(CENTRE_TYPE, F64), **SETTINGS)
def _land(c: Record, now: float) -> None:
    """The KV of the next request has come over the link: it is no longer on its way, and waits."""
    moving = moving_of(c)
    i = int(moving[0, 1])
    drop(moving, c.transit)
    c.transit -= 1
    r = routes_of(c)[i].where
    fleet_of(c)[r].transit -= 1
    enter(c, now, i, r)


@inner_njit(I64(ORDER_RULE, CENTRE_TYPE, I64, F64), **SETTINGS)
def _collected(order: Rule, c: Record, r: int, now: float) -> int:
    """How many ended on a replica, of whom some are held to be decoded elsewhere; -1: an order is NaN or infinite."""
    count = 0
    while True:
        i = collect(c, r, now)
        if i == -2:
            return count
        count += 1
        if i >= 0 and not keep(order, c, i, now):
            return -1


@inner_njit(B1(REPLICA_TYPE, F64), **SETTINGS)
def _started(one: Record, now: float) -> bool:
    """Whether a replica has started, which takes requests from now on."""
    if one.ready > now:
        return False
    one.ready = np.inf
    one.status = ON
    return True


@inner_njit(types.void(CENTRE_TYPE, F64), **SETTINGS)
def _watch(c: Record, before: float) -> None:
    """Write how things stand at all ticks before a date that are yet to come."""
    fleet, states, ticks, seen = fleet_of(c), states_of(c), ticks_of(c), seen_of(c)
    while c.tick < ticks.shape[0] and ticks[c.tick] < before:
        row = seen[c.tick]
        row[0] = held(c)
        for r in range(fleet.shape[0]):
            s, at = states[r], 1 + WATCHED * r
            row[at] = s.waits + fleet[r].transit
            row[at + 1] = s.decodes + s.prefills
            row[at + 2] = s.total - s.free
            row[at + 3] = 0.0 if fleet[r].status == OFF else 1.0
        c.tick += 1


@inner_njit(I64(ORDER_RULE, CENTRE_TYPE, I64, F64), **SETTINGS)
def _ended(order: Rule, c: Record, r: int, now: float) -> int:
    """Let an iteration end on a replica, if it does now, and the replica start; 1 where the router is to be called.

    -1: an order is NaN or infinite.
    """
    one, call = fleet_of(c)[r], 0
    if one.until <= now:
        finish(c, r)
        if one.leaves != NONE:
            depart(c, now, r)
        done = _collected(order, c, r, now)
        if done < 0:
            return -1
        call = 1 if done > 0 else 0
        drained(c, r, now)
    return 1 if _started(one, now) else call


@numba.njit(
    types.Tuple((I64, F64, STREAM))(
        SCORE_RULE, ORDER_RULE, HOLD_RULE, SCALE_RULE, MIGRATE_RULE, GATE_RULE, *FUNCTION_TYPES, CENTRE_TYPE, STREAM
    ),
    **SETTINGS,
)
def run(
    score: Rule, order: Rule, hold: Number, scale: Number, migrate: Rule, gate: Number, priority: Rule, admit: Number,
    prefill_budget: Number, revise: Rule, length: Rule, displace: Number, pause: Number, c: Record, stream: Stream,
) -> tuple[int, float, Stream]:  # fmt: skip
    """Serve a whole trace: a fault or 0, the replica-seconds, and the decisions.

    Where `c.follows`, the decisions of `stream` are followed and the program is not called (its order is then one that
    changes). At one time, iterations end first, by the number of the replica, then KV arrives, replicas have started
    and requests arrive; after each of these the router is called; then idle replicas begin. How things stand at the
    `ticks` is written to the rows of `seen` (see `WATCHED`).
    """
    rules = Rules(priority, admit, prefill_budget, revise, length, displace, pause)
    q, fleet, moving, coming, note = requests_of(c), fleet_of(c), moving_of(c), c.coming, c.note
    n, replicas, follows = q.shape[0], fleet.shape[0], c.follows == 1
    out, now = stream, 0.0
    if follows and not opened(stream, note):
        return CUT, 0.0, stream[:0]
    while c.ended < n:
        date = min(_next(c), next_arrival(coming, q))
        force, sent, step = date == np.inf, c.routed, 0
        if not force:
            _watch(c, date)
            now = date
        while True:  # events of this time, one by one
            call = force
            if not force:
                if step < replicas:
                    what = _ended(order, c, step, now)
                    if what < 0:
                        return UNDECIDED, 0.0, out[:0]
                    call = what == 1
                    step += 1
                elif c.transit > 0 and moving[0, 0] <= now:
                    _land(c, now)
                elif next_arrival(coming, q) <= now:
                    i = take_arrival(coming, q)
                    call = come(c, i, now)
                    if call:
                        call, out = let_in(gate, c, now, i, out)
                    if note.fault == OK and call and not keep(order, c, i, now):
                        note.fault = UNDECIDED
                    if note.fault != OK:
                        return note.fault, 0.0, out[:0]
                else:
                    break
            if call:
                if follows:
                    follow(c, now, stream)
                else:
                    out = decide(score, order, hold, scale, migrate, c, now, force, out)
                if note.fault != OK:
                    return note.fault, 0.0, out[:0]
            if force:
                break
        if force and c.routed == sent:
            return UNSERVED, 0.0, out[:0]
        for r in range(replicas):
            if fleet[r].busy == 0:
                begin(rules, c, now, r)
    if follows:
        whole = note.quiet == 0 and note.at + 2 == stream.shape[0]
        return OK if whole else BEYOND, spent(c, now), out
    return OK, spent(c, now), closed(out, note)
