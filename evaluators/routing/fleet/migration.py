"""Migration between replicas: who may move, where the program wants it, and how it leaves.

Live migration as in Llumnix (Sun et al. 2024, arXiv:2406.03243): a request decodes on while its KV is copied, and
stops for the last part only. Here it stops at the end of an iteration, and all of its KV crosses the link.
"""

import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Rule
from heuresis.evaluators.kernels.heap import drop
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.routing.contract import MIGRATE, MOST_MOVES
from heuresis.evaluators.routing.fleet.dispatch import cached_there, carry, show, takes
from heuresis.evaluators.routing.fleet.records import CENTRE_TYPE, DRAINING
from heuresis.evaluators.routing.fleet.replica import enter
from heuresis.evaluators.routing.fleet.scaling import drained, held
from heuresis.evaluators.routing.fleet.state import (
    COLUMNS,
    engines_of,
    fleet_of,
    last_of,
    routes_of,
    shown_of,
    states_of,
    view_of,
)
from heuresis.evaluators.serving import engine as e
from heuresis.evaluators.serving.replica.lifecycle import stop_decode
from heuresis.evaluators.serving.replica.memory import release
from heuresis.evaluators.serving.replica.records import B1, DECODE, F2, F64, I64, NONE, SETTINGS, Record
from heuresis.evaluators.serving.replica.state import (
    computed,
    generated,
    requests_of,
    running_of,
    service_of,
    theta_of,
)
from heuresis.evaluators.serving.replica.waiting import heap_of

MIGRATE_RULE = function_type(MIGRATE)
STAYS, NOT_FINITE = -1, -2
"""What `goal_of` returns where the request stays, and where the program fails."""
_TRANSFER, _VALUE = COLUMNS, COLUMNS + 1
"""Rows of `view` beside those that `dispatch.show` writes."""


@inner_njit(I64(CENTRE_TYPE, I64), **SETTINGS)
def candidate(c: Record, r: int) -> int:
    """Who may move from a replica: the last that was sent there of those that wait, else of those that decode; or -1.

    Nobody whose moves are used up or who has moved in this call, and none that decodes beside one that is leaving.
    """
    s, q, m = states_of(c)[r], requests_of(c), routes_of(c)
    running, heap = running_of(s), heap_of(s.queue)
    last, rank = NONE, -1.0
    if s.waits == 0 and fleet_of(c)[r].leaves != NONE:
        return NONE
    for k in range(s.waits if s.waits > 0 else s.decodes):
        i = int(heap[k, 1]) if s.waits > 0 else running[k].decoding
        if q[i].deadline > rank and m[i].moves < MOST_MOVES and m[i].turn < c.turn:
            last, rank = i, q[i].deadline
    return last


@inner_njit(I64(MIGRATE_RULE, CENTRE_TYPE, F64, I64, I64), **SETTINGS)
def goal_of(migrate: Rule, c: Record, now: float, i: int, r: int) -> int:
    """Where the program wants a request of a replica: another replica, `STAYS` or `NOT_FINITE`."""
    count = show(c, i, r)
    if count == 0:
        return STAYS
    states, fleet, engines, who, v = states_of(c), fleet_of(c), engines_of(c), shown_of(c), view_of(c)
    one, row, s, here = routes_of(c)[i], requests_of(c)[i], states[r], fleet[r]
    kept, drains = computed(s, row), 1.0 if here.status == DRAINING else 0.0
    for k in range(count):
        t = who[k]
        crosses = 0 if kept == 0 else kept - min(kept, cached_there(states[t], row))
        v[_TRANSFER, k] = crosses * engines[t, e.KV_BYTES] / engines[t, e.LINK]
    migrate(
        now, one.came, one.deadline, float(row.prompt), row.estimate, float(generated(s, row)), float(kept),
        float(one.moves), float(held(c)), float(fleet.shape[0]), float(s.waits + here.transit),
        float(s.decodes + s.prefills), float(s.free * s.size), float(s.total * s.size), float(s.pending),
        float(here.committed), float(here.projected), here.speed, drains, v[0], v[1], v[2], v[3], v[4], v[5], v[6],
        v[7], v[8], v[9], v[10], v[11], v[_TRANSFER], theta_of(c), v[_VALUE], count,
    )  # fmt: skip
    best, goal = 0.0, STAYS
    for k in range(count):
        if not np.isfinite(v[_VALUE, k]):
            return NOT_FINITE
        if v[_VALUE, k] > best:
            best, goal = v[_VALUE, k], who[k]
    return goal


@inner_njit(types.void(F2, I64, I64), **SETTINGS)
def _withdraw(heap: Floats, size: int, i: int) -> None:
    """Take a request out of a heap of `size`: those above it come down, and the first is dropped in its stead."""
    at = 0
    while int(heap[at, 1]) != i:
        at += 1
    while at > 0:
        up = (at - 1) // 2
        heap[at, 0], heap[at, 1] = heap[up, 0], heap[up, 1]
        at = up
    drop(heap, size)


@inner_njit(types.void(CENTRE_TYPE, I64, I64), **SETTINGS)
def _signed_off(c: Record, i: int, r: int) -> None:
    """A request, whose numbers are true, counts no longer where it was."""
    s, row, one = states_of(c)[r], requests_of(c)[i], fleet_of(c)[r]
    s.pending -= max(0, row.target - row.computed)
    service_of(s)[row.client].here -= 1
    one.committed -= row.prompt + row.generated
    one.projected -= row.prompt + int(np.ceil(row.estimate))


@inner_njit(types.void(CENTRE_TYPE, F64, I64, I64), **SETTINGS)
def _leave_decoding(c: Record, now: float, i: int, r: int) -> None:
    """A request that decodes stops, frees its blocks, and its KV goes to the replica that expects it."""
    s, row, one = states_of(c)[r], requests_of(c)[i], fleet_of(c)[r]
    stop_decode(s, i)
    release(s, row, row.computed)
    _signed_off(c, i, r)
    last_of(c)[routes_of(c)[i].session] = one.goal
    carry(c, now, i, one.goal)
    one.leaves = NONE


@inner_njit(types.void(CENTRE_TYPE, F64, I64, I64), **SETTINGS)
def move(c: Record, now: float, i: int, t: int) -> None:
    """Let a candidate migrate: at once, or where it decodes in an iteration that runs at its end (`depart`)."""
    fleet, row, route = fleet_of(c), requests_of(c)[i], routes_of(c)[i]
    r = route.where
    s = states_of(c)[r]
    route.moves += 1
    route.turn = c.turn
    if row.state == DECODE:
        fleet[t].transit += 1
        fleet[r].leaves, fleet[r].goal = i, t
        if fleet[r].busy == 0:
            _leave_decoding(c, now, i, r)
    else:
        _withdraw(heap_of(s.queue), s.queue.count, i)
        s.queue.count -= 1
        s.waits -= 1
        _signed_off(c, i, r)
        last_of(c)[route.session] = t
        if row.computed == 0:
            enter(c, now, i, t)
        else:
            fleet[t].transit += 1
            carry(c, now, i, t)
    drained(c, r, now)


@inner_njit(types.void(CENTRE_TYPE, F64, I64), **SETTINGS)
def depart(c: Record, now: float, r: int) -> None:
    """At the end of an iteration let go whoever is to leave, unless it has just got its last token."""
    fleet = fleet_of(c)
    i, t = fleet[r].leaves, fleet[r].goal
    if requests_of(c)[i].state == DECODE:
        _leave_decoding(c, now, i, r)
        return
    fleet[r].leaves = NONE
    fleet[t].transit -= 1
    routes_of(c)[i].moves -= 1
    drained(c, t, now)


@inner_njit(B1(CENTRE_TYPE, I64, I64, I64), **SETTINGS)
def may_move(c: Record, i: int, t: int, after: int) -> bool:
    """Whether a request is the candidate of a replica with a number above `after`, and another replica takes it."""
    m, fleet = routes_of(c), fleet_of(c)
    if i < 0 or i >= m.shape[0] or t < 0 or t >= fleet.shape[0]:
        return False
    r = m[i].where
    if r <= after or r == t or not takes(fleet[t], m[i].stage):
        return False
    return bool(candidate(c, r) == i)
