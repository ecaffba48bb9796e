"""Admission by class: which requests are let in as they arrive, refused, or put off."""

import numpy as np
from numba import types

from heuresis.evaluators.aliases import Number
from heuresis.evaluators.kernels.heap import push
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.routing.contract import (
    ADMIT,
    LONGEST_DELAY,
    MOST_DELAYS,
    SATURATED_MEMORY,
    SATURATED_QUEUE,
    SHORTEST_DELAY,
)
from heuresis.evaluators.routing.fleet.records import CENTRE_TYPE, ON
from heuresis.evaluators.routing.fleet.scaling import call_followers, held, rate
from heuresis.evaluators.routing.fleet.state import fleet_of, routes_of, states_of
from heuresis.evaluators.serving.replica.records import B1, F64, I64, REJECTED, SETTINGS, Record
from heuresis.evaluators.serving.replica.state import later_of, requests_of, theta_of

GATE_RULE = function_type(ADMIT)
LET_IN, REFUSED, NOT_FINITE = 0, -1, -2
"""What `asked` returns, beside the milliseconds by which a request is put off."""
SHORTEST = int(1000 * SHORTEST_DELAY)


@inner_njit(B1(CENTRE_TYPE, I64), **SETTINGS)
def may_ask(c: Record, i: int) -> bool:
    """Whether a request may be refused or put off: not one of the most urgent class, or put off often enough."""
    one = routes_of(c)[i]
    return bool(one.level > 0 and one.delays < MOST_DELAYS)


@inner_njit(I64(GATE_RULE, CENTRE_TYPE, F64, I64), **SETTINGS)
def asked(admit: Number, c: Record, now: float, i: int) -> int:
    """Of a request that arrives: `LET_IN`, `REFUSED`, `NOT_FINITE`, or by how many ms it is to come later."""
    if c.may_refuse == 0 or not may_ask(c, i):
        return LET_IN
    fleet, states, one, row = fleet_of(c), states_of(c), routes_of(c)[i], requests_of(c)[i]
    active, queued, running, free, total, pending, load = 0, 0, 0, 0, 0, 0, 0.0
    for r in range(fleet.shape[0]):
        s = states[r]
        waits = s.waits + fleet[r].transit
        queued += waits
        running += s.decodes + s.prefills
        pending += s.pending
        if fleet[r].status == ON:
            active += 1
            free += s.free
            total += s.total
            load += max(waits / SATURATED_QUEUE, (1 - s.free / s.total) / SATURATED_MEMORY)
    value = admit(
        now, one.came, one.deadline, float(row.prompt), row.estimate, float(one.level), float(c.levels),
        float(one.delays), float(c.arrived), float(held(c)), float(active), float(queued), float(running),
        free / max(total, 1), float(pending), load / max(active, 1), rate(c, now), theta_of(c),
    )  # fmt: skip
    if not np.isfinite(value):
        return NOT_FINITE
    if value <= 0.0:
        return REFUSED if value < 0.0 else LET_IN
    return int(np.ceil(1000.0 * min(max(value, SHORTEST_DELAY), LONGEST_DELAY)))


@inner_njit(types.void(CENTRE_TYPE, F64, I64, I64), **SETTINGS)
def turn_away(c: Record, now: float, i: int, said: int) -> None:
    """Refuse a request that arrives, after which those who follow it come; or let it arrive once more, `said` ms later.

    Refused, it keeps the length of its output: what it would have got is charged (`objectives`).
    """
    route = routes_of(c)[i]
    if said == REFUSED:
        route.refused, requests_of(c)[i].state = 1, REJECTED
        c.ended += 1
        call_followers(c, i, now)
        return
    route.delays += 1
    push(later_of(c.coming), c.coming.count, now + said / 1000.0, i)
    c.coming.count += 1
