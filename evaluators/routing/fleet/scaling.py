"""Events of a fleet: who arrives, who ends, which replicas are switched on and off."""

import numpy as np
from numba import types

from heuresis.evaluators.aliases import Number
from heuresis.evaluators.kernels.heap import drop, push
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.routing.contract import SCALE
from heuresis.evaluators.routing.fleet.records import CENTRE_TYPE, DRAINING, OFF, ON, REPLICA_TYPE, STARTING
from heuresis.evaluators.routing.fleet.replica import here
from heuresis.evaluators.routing.fleet.state import engines_of, fleet_of, log_of, routes_of, stages_of, states_of
from heuresis.evaluators.serving.engine import BLOCK_SIZE, BLOCKS
from heuresis.evaluators.serving.replica.records import (
    B1,
    DONE,
    F64,
    I64,
    NONE,
    REJECTED,
    SETTINGS,
    Record,
)
from heuresis.evaluators.serving.replica.state import later_of, requests_of, theta_of

SCALE_RULE = function_type(SCALE)
RECENTLY = 60.0
"""Seconds over which `rate` is taken."""
NOT_FINITE = -1


@inner_njit(types.void(CENTRE_TYPE, I64, F64), **SETTINGS)
def call_followers(c: Record, i: int, now: float) -> None:
    """Those who follow a request that is done arrive their gaps later."""
    m, coming = routes_of(c), c.coming
    later, follower = later_of(coming), m[i].follower
    while follower != NONE:
        push(later, coming.count, now + m[follower].gap, follower)
        coming.count += 1
        follower = m[follower].sibling


@inner_njit(B1(CENTRE_TYPE, I64, F64), **SETTINGS)
def come(c: Record, i: int, date: float) -> bool:
    """A request arrives; False where its prompt and one token exceed the smallest memory: it is rejected.

    One that was put off has arrived before.
    """
    row, route, engines = requests_of(c)[i], routes_of(c)[i], engines_of(c)
    if route.delays > 0:
        return True
    route.came = date
    route.deadline += date
    log_of(c)[c.arrived] = date
    c.arrived += 1
    for r in range(engines.shape[0]):
        if row.prompt + 1 > engines[r, BLOCKS] * engines[r, BLOCK_SIZE]:
            row.state, row.output, route.length = REJECTED, 0, 0
            c.ended += 1
            call_followers(c, i, date)
            return False
    return True


@inner_njit(I64(CENTRE_TYPE, I64, F64), **SETTINGS)
def collect(c: Record, r: int, now: float) -> int:
    """Take the next one that ended on a replica: it is done, or comes back to be sent where it is decoded (returned).

    -1: it is done; -2: nobody is left.
    """
    ended, one = states_of(c)[r].coming, fleet_of(c)[r]
    size, heap = ended.count, later_of(ended)
    if size == 0:
        return -2
    i = int(heap[0, 1])
    drop(heap, size)
    ended.count = size - 1
    row, route = requests_of(c)[i], routes_of(c)[i]
    one.committed -= row.prompt + row.generated
    one.projected -= row.prompt + int(np.ceil(row.estimate))
    if row.generated < route.length:
        route.stage = 1
        return i
    row.state = DONE
    c.ended += 1
    call_followers(c, i, now)
    return -1


@inner_njit(I64(CENTRE_TYPE), **SETTINGS)
def held(c: Record) -> int:
    """How many requests are held, before prefill and between prefill and decoding."""
    stages = stages_of(c)
    count: int = stages[0].count + stages[1].count
    return count


@inner_njit(F64(CENTRE_TYPE, F64), **SETTINGS)
def rate(c: Record, now: float) -> float:
    """Requests that arrived in the last `RECENTLY` seconds, per second; `now` never decreases."""
    log = log_of(c)
    while c.recent < c.arrived and log[c.recent] < now - RECENTLY:
        c.recent += 1
    per_second: float = (c.arrived - c.recent) / RECENTLY
    return per_second


@inner_njit(I64(SCALE_RULE, CENTRE_TYPE, F64), **SETTINGS)
def wanted(scale: Number, c: Record, now: float) -> int:
    """How many replicas the program wants to have, or `NOT_FINITE`."""
    fleet, states = fleet_of(c), states_of(c)
    active, starting, queued, running, free, total = 0, 0, 0, 0, 0, 0
    for r in range(fleet.shape[0]):
        s = states[r]
        starting += 1 if fleet[r].status == STARTING else 0
        queued += s.waits + fleet[r].transit
        running += s.decodes + s.prefills
        if fleet[r].status == ON:
            active += 1
            free += s.free
            total += s.total
    value = scale(
        now, float(active), float(starting), float(fleet.shape[0]), float(held(c)), float(queued), float(running),
        free / max(total, 1), rate(c, now), theta_of(c),
    )  # fmt: skip
    if not np.isfinite(value):
        return NOT_FINITE
    return int(np.floor(min(max(value, 1.0), float(fleet.shape[0]))))


@inner_njit(types.void(REPLICA_TYPE, F64), **SETTINGS)
def _off(one: Record, now: float) -> None:
    """Switch a replica off; its time is booked."""
    one.status = OFF
    one.ready = np.inf
    one.spent += now - one.since


@inner_njit(types.void(CENTRE_TYPE, I64, F64), **SETTINGS)
def drained(c: Record, r: int, now: float) -> None:
    """Switch a replica off that drains, if it is empty."""
    one = fleet_of(c)[r]
    if one.status == DRAINING and here(states_of(c)[r]) == 0 and one.transit == 0:
        _off(one, now)


@inner_njit(B1(CENTRE_TYPE, I64, F64), **SETTINGS)
def switch(c: Record, aim: int, now: float) -> bool:
    """Have `aim` replicas that are on or start; whether anything was to be done.

    More: those that drain go on, the lowest number first, then others start. Fewer: those that start are cancelled, the
    highest number first, then others drain, and go off when they are empty.
    """
    fleet, count = fleet_of(c), 0
    for r in range(fleet.shape[0]):
        count += 1 if fleet[r].status == ON or fleet[r].status == STARTING else 0
    if count == aim:
        return False
    for status in (DRAINING, OFF):
        for r in range(fleet.shape[0]):
            if count < aim and fleet[r].status == status:
                if status == OFF:
                    fleet[r].since = now
                    fleet[r].ready = now + c.startup
                fleet[r].status = ON if status == DRAINING else STARTING
                count += 1
    for status in (STARTING, ON):
        for r in range(fleet.shape[0] - 1, -1, -1):
            if count > aim and fleet[r].status == status:
                fleet[r].status = DRAINING
                count -= 1
                drained(c, r, now)
    return True


@inner_njit(F64(CENTRE_TYPE, F64), **SETTINGS)
def spent(c: Record, now: float) -> float:
    """Replica-seconds until now."""
    fleet, total = fleet_of(c), 0.0
    for r in range(fleet.shape[0]):
        total += fleet[r].spent + (now - fleet[r].since if fleet[r].status != OFF else 0.0)
    return total
