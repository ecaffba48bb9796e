"""Events of a fleet: who arrives, who ends, which replicas are switched on and off."""

import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Ints, Number
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.routing.contract import SCALE
from heuresis.evaluators.routing.fleet.replica import here
from heuresis.evaluators.routing.fleet.state import (
    ARRIVED,
    DRAINING,
    ENDED,
    FLEET,
    HELD,
    HELD_NEXT,
    LINKED,
    OFF,
    ON,
    RECENT,
    STARTING,
    Records,
)  # fmt: skip
from heuresis.evaluators.serving.engine import BLOCK_SIZE, BLOCKS
from heuresis.evaluators.serving.replica.state import (
    B1,
    DECODES,
    DONE,
    F1,
    F2,
    F64,
    FREE,
    I1,
    I2,
    I64,
    LATER,
    NONE,
    PREFILLS,
    Q1,
    REJECTED,
    SETTINGS,
    TOTAL,
    WAITS,
    drop,
    push,
)  # fmt: skip

SCALE_RULE = function_type(SCALE)
RECENTLY = 60.0
"""Seconds over which `rate` is taken."""
NOT_FINITE = -1


@inner_njit(types.void(I1, LINKED, F2, I64, F64), **SETTINGS)
def _call_followers(centre: Ints, m: Records, later: Floats, i: int, now: float) -> None:
    """Those who follow a request that is done arrive their gaps later."""
    follower = m[i].follower
    while follower != NONE:
        push(later, centre[LATER], now + m[follower].gap, follower)
        centre[LATER] += 1
        follower = m[follower].sibling


@inner_njit(B1(I1, Q1, LINKED, F2, F2, F1, I64, F64), **SETTINGS)
def come(
    centre: Ints, q: Records, m: Records, engines: Floats, later: Floats, log: Floats, i: int, date: float
) -> bool:
    """A request arrives; False where its prompt and one token exceed the smallest memory: it is rejected."""
    m[i].came = date
    m[i].deadline += date
    log[centre[ARRIVED]] = date
    centre[ARRIVED] += 1
    for r in range(engines.shape[0]):
        if q[i].prompt + 1 > engines[r, BLOCKS] * engines[r, BLOCK_SIZE]:
            q[i].state, q[i].output, m[i].length = REJECTED, 0, 0
            centre[ENDED] += 1
            _call_followers(centre, m, later, i, date)
            return False
    return True


@inner_njit(I64(I1, I1, Q1, LINKED, FLEET, F2, F2, I64, F64), **SETTINGS)
def collect(
    centre: Ints, s: Ints, q: Records, m: Records, fleet: Records, ended: Floats, later: Floats, r: int, now: float
) -> int:
    """Take the next one that ended on a replica: it is done, or comes back to be sent where it is decoded (returned).

    -1: it is done; -2: nobody is left.
    """
    size = s[LATER]
    if size == 0:
        return -2
    i = int(ended[0, 1])
    drop(ended, size)
    s[LATER] = size - 1
    row = q[i]
    fleet[r].committed -= row.prompt + row.generated
    fleet[r].projected -= row.prompt + int(np.ceil(row.estimate))
    if row.generated < m[i].length:
        m[i].stage = 1
        return i
    row.state = DONE
    centre[ENDED] += 1
    _call_followers(centre, m, later, i, now)
    return -1


@inner_njit(I64(SCALE_RULE, F1, I1, FLEET, I2, F1, F64), **SETTINGS)
def wanted(scale: Number, theta: Floats, centre: Ints, fleet: Records, states: Ints, log: Floats, now: float) -> int:
    """How many replicas the program wants to have, or `NOT_FINITE`."""
    active, starting, queued, running, free, total = 0, 0, 0, 0, 0, 0
    for r in range(fleet.shape[0]):
        s = states[r]
        starting += 1 if fleet[r].status == STARTING else 0
        queued += s[WAITS] + fleet[r].transit
        running += s[DECODES] + s[PREFILLS]
        if fleet[r].status == ON:
            active += 1
            free += s[FREE]
            total += s[TOTAL]
    while centre[RECENT] < centre[ARRIVED] and log[centre[RECENT]] < now - RECENTLY:
        centre[RECENT] += 1
    value = scale(
        now, float(active), float(starting), float(fleet.shape[0]), float(centre[HELD] + centre[HELD_NEXT]),
        float(queued), float(running), free / max(total, 1), (centre[ARRIVED] - centre[RECENT]) / RECENTLY, theta,
    )  # fmt: skip
    if not np.isfinite(value):
        return NOT_FINITE
    return int(np.floor(min(max(value, 1.0), float(fleet.shape[0]))))


@inner_njit(types.void(FLEET, I64, F64), **SETTINGS)
def _off(fleet: Records, r: int, now: float) -> None:
    """Switch a replica off; its time is booked."""
    fleet[r].status = OFF
    fleet[r].ready = np.inf
    fleet[r].spent += now - fleet[r].since


@inner_njit(types.void(FLEET, I2, I64, F64), **SETTINGS)
def drained(fleet: Records, states: Ints, r: int, now: float) -> None:
    """Switch a replica off that drains, if it is empty."""
    if fleet[r].status == DRAINING and here(states[r]) == 0 and fleet[r].transit == 0:
        _off(fleet, r, now)


@inner_njit(B1(FLEET, I2, I64, F64, F64), **SETTINGS)
def switch(fleet: Records, states: Ints, aim: int, startup: float, now: float) -> bool:
    """Have `aim` replicas that are on or start; whether anything was to be done.

    More: those that drain go on, the lowest number first, then others start. Fewer: those that start are cancelled, the
    highest number first, then others drain, and go off when they are empty.
    """
    count = 0
    for r in range(fleet.shape[0]):
        count += 1 if fleet[r].status == ON or fleet[r].status == STARTING else 0
    if count == aim:
        return False
    for status in (DRAINING, OFF):
        for r in range(fleet.shape[0]):
            if count < aim and fleet[r].status == status:
                if status == OFF:
                    fleet[r].since = now
                    fleet[r].ready = now + startup
                fleet[r].status = ON if status == DRAINING else STARTING
                count += 1
    for status in (STARTING, ON):
        for r in range(fleet.shape[0] - 1, -1, -1):
            if count > aim and fleet[r].status == status:
                fleet[r].status = DRAINING
                count -= 1
                drained(fleet, states, r, now)
    return True


@inner_njit(F64(FLEET, F64), **SETTINGS)
def spent(fleet: Records, now: float) -> float:
    """Replica-seconds until now."""
    total = 0.0
    for r in range(fleet.shape[0]):
        total += fleet[r].spent + (now - fleet[r].since if fleet[r].status != OFF else 0.0)
    return total
