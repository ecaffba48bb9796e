"""Migration between replicas: who may move, where the program wants it, and how it leaves.

Live migration as in Llumnix (Sun et al. 2024, arXiv:2406.03243): a request decodes on while its KV is copied, and
stops for the last part only. Here it stops at the end of an iteration, and all of its KV crosses the link.
"""

import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Ints, Rule
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.routing.contract import MIGRATE, MOST_MOVES
from heuresis.evaluators.routing.fleet.dispatch import COLUMNS, F3, cached_there, carry, entered, show, takes
from heuresis.evaluators.routing.fleet.replica import enter
from heuresis.evaluators.routing.fleet.scaling import drained
from heuresis.evaluators.routing.fleet.state import (
    DRAINING,
    FLEET,
    HELD,
    HELD_NEXT,
    LINKED,
    TURN,
    Records,
)  # fmt: skip
from heuresis.evaluators.serving import engine as e
from heuresis.evaluators.serving.replica.lifecycle import stop_decode
from heuresis.evaluators.serving.replica.memory import release
from heuresis.evaluators.serving.replica.state import (
    B1,
    DECODE,
    DECODES,
    DECODING,
    F1,
    F2,
    F64,
    FREE,
    HERE,
    I1,
    I2,
    I64,
    NONE,
    PENDING,
    PREFILLS,
    Q1,
    SERVICE,
    SETTINGS,
    SIZE,
    STEPS,
    TOTAL,
    WAITS,
    drop,
)  # fmt: skip
from heuresis.evaluators.serving.replica.waiting import COUNT, RULE

MIGRATE_RULE = function_type(MIGRATE)
STAYS, NOT_FINITE = -1, -2
"""What `goal_of` returns where the request stays, and where the program fails."""
_TRANSFER, _VALUE = COLUMNS, COLUMNS + 1
"""Rows of `columns` beside those that `router_dispatch.show` writes."""


@inner_njit(I64(I1, Q1, LINKED, FLEET, I2, F3, I64), **SETTINGS)
def candidate(centre: Ints, q: Records, m: Records, fleet: Records, states: Ints, queues: Floats, r: int) -> int:
    """Who may move from a replica: the last that was sent there of those that wait, else of those that decode; or -1.

    Nobody whose moves are used up or who has moved in this call, and none that decodes beside one that is leaving.
    """
    s, last, rank = states[r], NONE, -1.0
    if s[WAITS] == 0 and fleet[r].leaves != NONE:
        return NONE
    for k in range(s[WAITS] if s[WAITS] > 0 else s[DECODES]):
        i = int(queues[r, k, 1]) if s[WAITS] > 0 else s[s[DECODING] + k]
        if q[i].deadline > rank and m[i].moves < MOST_MOVES and m[i].turn < centre[TURN]:
            last, rank = i, q[i].deadline
    return last


@inner_njit(
    I64(MIGRATE_RULE, F1, I1, I1, Q1, LINKED, FLEET, I2, F2, I1, F2, I1, I64, F64, I64, I64),
    **SETTINGS,
)
def goal_of(
    migrate: Rule, theta: Floats, flags: Ints, centre: Ints, q: Records, m: Records, fleet: Records, states: Ints,
    engines: Floats, last: Ints, columns: Floats, who: Ints, clients: int, now: float, i: int, r: int,
) -> int:  # fmt: skip
    """Where the program wants a request of a replica: another replica, `STAYS` or `NOT_FINITE`."""
    count = show(flags, q, m, fleet, states, last, columns, who, i, r, clients)
    if count == 0:
        return STAYS
    c, one, row, s, here = columns, m[i], q[i], states[r], fleet[r]
    since = s[STEPS] if row.state == DECODE else 0
    kept, drains = row.computed + since, 1.0 if here.status == DRAINING else 0.0
    for k in range(count):
        t = who[k]
        crosses = 0 if kept == 0 else kept - min(kept, cached_there(states[t], q, i))
        c[_TRANSFER, k] = crosses * engines[t, e.KV_BYTES] / engines[t, e.LINK]
    migrate(
        now, one.came, one.deadline, float(row.prompt), row.estimate, float(row.generated + since), float(kept),
        float(one.moves), float(centre[HELD] + centre[HELD_NEXT]), float(fleet.shape[0]),
        float(s[WAITS] + here.transit), float(s[DECODES] + s[PREFILLS]), float(s[FREE] * s[SIZE]),
        float(s[TOTAL] * s[SIZE]), float(s[PENDING]), float(here.committed), float(here.projected), here.speed, drains,
        c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[_TRANSFER], theta, c[_VALUE], count,
    )  # fmt: skip
    best, goal = 0.0, STAYS
    for k in range(count):
        if not np.isfinite(c[_VALUE, k]):
            return NOT_FINITE
        if c[_VALUE, k] > best:
            best, goal = c[_VALUE, k], who[k]
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


@inner_njit(types.void(I1, Q1, FLEET, I64, I64), **SETTINGS)
def _signed_off(s: Ints, q: Records, fleet: Records, i: int, r: int) -> None:
    """A request, whose numbers are true, counts no longer where it was."""
    row = q[i]
    s[PENDING] -= max(0, row.target - row.computed)
    s[s[SERVICE] + 3 * row.client + HERE] -= 1
    fleet[r].committed -= row.prompt + row.generated
    fleet[r].projected -= row.prompt + int(np.ceil(row.estimate))


@inner_njit(types.void(I1, Q1, LINKED, FLEET, I2, F2, F2, I1, F64, I64, I64), **SETTINGS)
def _leave_decoding(
    centre: Ints, q: Records, m: Records, fleet: Records, states: Ints, engines: Floats, moving: Floats, last: Ints,
    now: float, r: int, i: int,
) -> None:  # fmt: skip
    """A request that decodes stops, frees its blocks, and its KV goes to the replica that expects it."""
    s = states[r]
    stop_decode(s, q, i)
    release(s, q, i, q[i].computed)
    _signed_off(s, q, fleet, i, r)
    last[m[i].session] = fleet[r].goal
    carry(centre, q, m, states, engines, moving, now, i, fleet[r].goal)
    fleet[r].leaves = NONE


@inner_njit(
    types.void(RULE, F1, I1, Q1, LINKED, FLEET, I2, F2, F3, F3, F2, I2, F2, I1, F64, I64, I64),
    **SETTINGS,
)
def move(
    rule: Rule, none: Floats, centre: Ints, q: Records, m: Records, fleet: Records, states: Ints, engines: Floats,
    ended: Floats, queues: Floats, unused: Floats, facts: Ints, moving: Floats, last: Ints, now: float, i: int, t: int,
) -> None:  # fmt: skip
    """Let a candidate migrate: at once, or where it decodes in an iteration that runs at its end (`depart`)."""
    r = m[i].where
    s = states[r]
    m[i].moves += 1
    m[i].turn = centre[TURN]
    if q[i].state == DECODE:
        fleet[t].transit += 1
        fleet[r].leaves, fleet[r].goal = i, t
        if fleet[r].busy == 0:
            _leave_decoding(centre, q, m, fleet, states, engines, moving, last, now, r, i)
    else:
        _withdraw(queues[r], facts[r, COUNT], i)
        facts[r, COUNT] -= 1
        s[WAITS] -= 1
        _signed_off(s, q, fleet, i, r)
        last[m[i].session] = t
        if q[i].computed == 0:
            rank = entered(centre)
            enter(rule, none, states[t], q, m, ended[t], queues[t], unused, facts[t], fleet, t, i, now, rank)
        else:
            fleet[t].transit += 1
            carry(centre, q, m, states, engines, moving, now, i, t)
    drained(fleet, states, r, now)


@inner_njit(types.void(I1, Q1, LINKED, FLEET, I2, F2, F2, I1, F64, I64), **SETTINGS)
def depart(
    centre: Ints, q: Records, m: Records, fleet: Records, states: Ints, engines: Floats, moving: Floats, last: Ints,
    now: float, r: int,
) -> None:  # fmt: skip
    """At the end of an iteration let go whoever is to leave, unless it has just got its last token."""
    i, t = fleet[r].leaves, fleet[r].goal
    if q[i].state == DECODE:
        _leave_decoding(centre, q, m, fleet, states, engines, moving, last, now, r, i)
        return
    fleet[r].leaves = NONE
    fleet[t].transit -= 1
    m[i].moves -= 1
    drained(fleet, states, t, now)


@inner_njit(B1(I1, Q1, LINKED, FLEET, I2, F3, I64, I64, I64), **SETTINGS)
def may_move(
    centre: Ints, q: Records, m: Records, fleet: Records, states: Ints, queues: Floats, i: int, t: int, after: int
) -> bool:
    """Whether a request is the candidate of a replica with a number above `after`, and another replica takes it."""
    if i < 0 or i >= m.shape[0] or t < 0 or t >= fleet.shape[0]:
        return False
    r = m[i].where
    if r <= after or r == t or not takes(fleet, t, m[i].stage):
        return False
    return bool(candidate(centre, q, m, fleet, states, queues, r) == i)
