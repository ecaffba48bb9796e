"""Where requests go: what the router sees of the replicas, whom it sends where, whom it holds."""

import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Ints, Number, Rule
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.kernels.smallest import first_smallest
from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.routing.contract import HOLD, ORDER, SCORE
from heuresis.evaluators.routing.fleet.replica import enter
from heuresis.evaluators.routing.fleet.state import (
    ENTERED,
    FLEET,
    HELD,
    HELD_COLUMNS,
    LINKED,
    ON,
    ROUTED,
    TRANSIT,
    Records,
)  # fmt: skip
from heuresis.evaluators.routing.roles import DECODES_ONLY, MIXED, PREFILLS_ONLY
from heuresis.evaluators.serving import engine as e
from heuresis.evaluators.serving.replica.lifecycle import got
from heuresis.evaluators.serving.replica.state import (
    B1,
    CACHE,
    CHAINS,
    DECODES,
    F1,
    F2,
    F64,
    FREE,
    I1,
    I2,
    I64,
    NONE,
    PENDING,
    PREFILLS,
    PRESENT,
    Q1,
    SETTINGS,
    SIZE,
    TOTAL,
    WAITS,
    drop,
    push,
)  # fmt: skip
from heuresis.evaluators.serving.replica.waiting import RULE

SCORE_RULE, ORDER_RULE, HOLD_RULE = function_type(SCORE), function_type(ORDER), function_type(HOLD)
READS_CACHED, READS_DEFICIT, ORDER_CHANGES, MAY_HOLD, MAY_MIGRATE, ROUTER_FLAGS = range(6)
"""Places in `flags`: what `score`, `hold` or `migrate` read, whether the order of those held changes, whether any may
be held or may migrate."""
COLUMNS = sum(p.varies for p in SCORE.parameters)
_NUMBER, _QUEUED, _RUNNING, _FREE, _TOTAL, _PENDING, _COMMITTED, _PROJECTED, _CACHED, _SPEED, _DEFICIT, _HERE = range(
    COLUMNS
)
_SCORE = COLUMNS
_ORDER = HELD_COLUMNS - 1
F3 = types.float64[:, :, ::1]


@inner_njit(B1(FLEET, I64, I64), **SETTINGS)
def takes(fleet: Records, r: int, stage: int) -> bool:
    """Whether a replica takes requests of a stage."""
    if fleet[r].status != ON:
        return False
    return bool(fleet[r].role == MIXED or fleet[r].role == (PREFILLS_ONLY if stage == 0 else DECODES_ONLY))


@inner_njit(I64(I1, Q1, I64), **SETTINGS)
def cached_there(s: Ints, q: Records, i: int) -> int:
    """Tokens at the start of a request's prompt that are in a replica's cache; the last token is always computed."""
    row = q[i]
    low, high = 0, min(row.links, (row.target - 1) // s[SIZE])
    while low < high:  # what is cached of a chain is its beginning
        middle = (low + high) // 2
        if s[s[CACHE] + 4 * s[s[CHAINS] + row.chain + middle] + PRESENT] == 1:
            low = middle + 1
        else:
            high = middle
    tokens: int = low * s[SIZE]
    return tokens


@inner_njit(F64(I1, I64, I64), **SETTINGS)
def _deficit(s: Ints, clients: int, client: int) -> float:
    """Tokens that a client got on a replica beyond the mean of all clients that got some there, this one included."""
    total, served = 0, 0
    for c in range(clients):
        tokens = got(s, c)
        total += tokens
        served += 1 if tokens > 0 or c == client else 0
    beyond: float = got(s, client) - total / served
    return beyond


@inner_njit(I64(I1, Q1, LINKED, FLEET, I2, I1, F2, I1, I64, I64, I64), **SETTINGS)
def show(
    flags: Ints, q: Records, m: Records, fleet: Records, states: Ints, last: Ints, columns: Floats, who: Ints, i: int,
    but: int, clients: int,
) -> int:  # fmt: skip
    """Write what the router sees of the replicas that take a request, `but` left out; return how many these are."""
    count = 0
    for r in range(fleet.shape[0]):
        if r == but or not takes(fleet, r, m[i].stage):
            continue
        s, one = states[r], fleet[r]
        who[count] = r
        columns[_NUMBER, count] = r
        columns[_QUEUED, count] = s[WAITS] + one.transit
        columns[_RUNNING, count] = s[DECODES] + s[PREFILLS]
        columns[_FREE, count], columns[_TOTAL, count] = s[FREE] * s[SIZE], s[TOTAL] * s[SIZE]
        columns[_PENDING, count] = s[PENDING]
        columns[_COMMITTED, count], columns[_PROJECTED, count] = one.committed, one.projected
        columns[_CACHED, count] = cached_there(s, q, i) if flags[READS_CACHED] == 1 else 0.0
        columns[_SPEED, count] = one.speed
        columns[_DEFICIT, count] = _deficit(s, clients, q[i].client) if flags[READS_DEFICIT] == 1 else 0.0
        columns[_HERE, count] = 1.0 if last[m[i].session] == r else 0.0
        count += 1
    return count


@inner_njit(types.void(ORDER_RULE, F1, Q1, LINKED, F2, F64, I64, I64), **SETTINGS)
def _judge(
    order: Rule, theta: Floats, q: Records, m: Records, columns: Floats, now: float, begin: int, count: int
) -> None:
    """Compute the order of `count` held requests from place `begin` of the columns on, whose numbers stand there."""
    wide = np.empty((HELD_COLUMNS, count))
    for k in range(count):
        i = int(columns[HELD_COLUMNS, begin + k])
        wide[0, k], wide[1, k], wide[2, k] = m[i].came, m[i].deadline, q[i].prompt
        wide[3, k], wide[4, k] = q[i].estimate, q[i].generated
    order(now, wide[0], wide[1], wide[2], wide[3], wide[4], theta, wide[_ORDER], count)
    columns[_ORDER, begin : begin + count] = wide[_ORDER]


@inner_njit(B1(ORDER_RULE, F1, I1, I1, Q1, LINKED, F3, F3, I64, F64), **SETTINGS)
def keep(
    order: Rule, theta: Floats, flags: Ints, centre: Ints, q: Records, m: Records, held: Floats, waiting: Floats,
    i: int, now: float,
) -> bool:  # fmt: skip
    """Let a request be held; False where its order is NaN or infinite."""
    stage = m[i].stage
    count = centre[HELD + stage]
    centre[HELD + stage] = count + 1
    m[i].held = 1
    waiting[stage, HELD_COLUMNS, count] = i
    if flags[ORDER_CHANGES] == 1:
        return True
    _judge(order, theta, q, m, waiting[stage], now, count, 1)
    value = waiting[stage, _ORDER, count]
    push(held[stage], count, value, i)
    return bool(np.isfinite(value))


@inner_njit(I64(I1, F2, F2, I64), **SETTINGS)
def _first(flags: Ints, heap: Floats, columns: Floats, count: int) -> int:
    """The held request of smallest order, of equal ones the lowest number; -1 where one is NaN or infinite."""
    if flags[ORDER_CHANGES] == 0:
        return int(heap[0, 1])
    best = first_smallest(columns[_ORDER], count)
    if best < 0:
        return -1
    least, who = columns[_ORDER, best], columns[HELD_COLUMNS, best]
    for k in range(best + 1, count):
        if columns[_ORDER, k] == least:
            who = min(who, columns[HELD_COLUMNS, k])
    return int(who)


@inner_njit(types.void(I1, I1, LINKED, F3, F3, I64), **SETTINGS)
def _let_go(flags: Ints, centre: Ints, m: Records, held: Floats, waiting: Floats, i: int) -> None:
    """Hold the first of its stage no longer."""
    stage = m[i].stage
    count = centre[HELD + stage] - 1
    centre[HELD + stage] = count
    m[i].held = 0
    if flags[ORDER_CHANGES] == 0:
        drop(held[stage], count + 1)
        return
    k = 0
    while waiting[stage, HELD_COLUMNS, k] != i:
        k += 1
    for row in (_ORDER, HELD_COLUMNS):
        waiting[stage, row, k] = waiting[stage, row, count]


@inner_njit(I64(I1), **SETTINGS)
def entered(centre: Ints) -> int:
    """The rank of a request that comes to a replica now."""
    centre[ENTERED] += 1
    rank: int = centre[ENTERED]
    return rank


@inner_njit(types.void(I1, Q1, LINKED, I2, F2, F2, F64, I64, I64), **SETTINGS)
def carry(
    centre: Ints, q: Records, m: Records, states: Ints, engines: Floats, moving: Floats, now: float, i: int, r: int
) -> None:
    """Let a request's KV cross the link of a replica, which has it in its `transit`; but what is cached there."""
    m[i].where, m[i].moved = r, q[i].computed
    tokens = q[i].computed - min(q[i].computed, cached_there(states[r], q, i))
    push(moving, centre[TRANSIT], now + tokens * engines[r, e.KV_BYTES] / engines[r, e.LINK], i)
    centre[TRANSIT] += 1


@inner_njit(types.void(RULE, F1, I1, Q1, LINKED, FLEET, I2, F2, F3, F3, F2, I2, F2, I1, F64, I64, I64), **SETTINGS)
def send(
    rule: Rule, theta: Floats, centre: Ints, q: Records, m: Records, fleet: Records, states: Ints, engines: Floats,
    ended: Floats, queues: Floats, columns: Floats, facts: Ints, moving: Floats, last: Ints, now: float, i: int, r: int,
) -> None:  # fmt: skip
    """Send a request, which is held no longer, to a replica; its KV takes its time over the link."""
    centre[ROUTED] += 1
    last[m[i].session] = r
    if m[i].stage == 0:
        if fleet[r].role == PREFILLS_ONLY:
            q[i].output = 1
        rank = entered(centre)
        enter(rule, theta, states[r], q, m, ended[r], queues[r], columns, facts[r], fleet, r, i, now, rank)
        return
    q[i].output = m[i].length
    fleet[r].transit += 1
    carry(centre, q, m, states, engines, moving, now, i, r)


@inner_njit(
    I64(SCORE_RULE, HOLD_RULE, F1, I1, I1, Q1, LINKED, FLEET, I2, I1, F3, F3, F2, I1, I64, F64, I64, B1),
    **SETTINGS,
)
def choose(
    score: Rule, hold: Number, theta: Floats, flags: Ints, centre: Ints, q: Records, m: Records, fleet: Records,
    states: Ints, last: Ints, held: Floats, waiting: Floats, columns: Floats, who: Ints, clients: int,
    now: float, stage: int, force: bool,
) -> int:  # fmt: skip
    """The first of the held requests of a stage and its replica, as request × replicas + replica, now held no longer.

    -1: it is to be held, or nobody is held, or no replica takes it; -2: a value is NaN or infinite.
    """
    count = centre[HELD + stage]
    if count == 0:
        return -1
    i = _first(flags, held[stage], waiting[stage], count)
    if i < 0:
        return -2
    replicas = show(flags, q, m, fleet, states, last, columns, who, i, NONE, clients)
    if replicas == 0:
        return -1
    c, one, row = columns, m[i], q[i]
    numbers = float(one.session), float(one.prefix), float(centre[ROUTED]), float(count), float(fleet.shape[0])
    score(
        now, one.came, one.deadline, float(row.prompt), row.estimate, float(row.generated), numbers[0], numbers[1],
        numbers[2], numbers[3], numbers[4], c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11],
        theta, c[_SCORE], replicas,
    )  # fmt: skip
    k = first_smallest(c[_SCORE], replicas)
    if k < 0:
        return -2
    if flags[MAY_HOLD] == 1:
        value = hold(
            now, one.came, one.deadline, float(row.prompt), row.estimate, float(row.generated), numbers[0], numbers[1],
            numbers[2], numbers[3], numbers[4], c[0, k], c[1, k], c[2, k], c[3, k], c[4, k], c[5, k], c[6, k], c[7, k],
            c[8, k], c[9, k], c[10, k], c[11, k], theta,
        )  # fmt: skip
        if not np.isfinite(value):
            return -2
        if value > 0.0 and not force:
            return -1
    _let_go(flags, centre, m, held, waiting, i)
    chosen: int = i * fleet.shape[0] + who[k]
    return chosen


@inner_njit(B1(ORDER_RULE, F1, I1, I1, Q1, LINKED, F3, F64), **SETTINGS)
def reorder(
    order: Rule, theta: Floats, flags: Ints, centre: Ints, q: Records, m: Records, waiting: Floats, now: float
) -> bool:
    """Bring the order of all who are held up to date; False where a value is NaN or infinite."""
    if flags[ORDER_CHANGES] == 0:
        return True
    for stage in range(2):
        count = centre[HELD + stage]
        if count > 0:
            _judge(order, theta, q, m, waiting[stage], now, 0, count)
            if first_smallest(waiting[stage, _ORDER], count) < 0:
                return False
    return True


@inner_njit(B1(I1, LINKED, FLEET, I64, I64), **SETTINGS)
def release_held(centre: Ints, m: Records, fleet: Records, i: int, r: int) -> bool:
    """Hold a request no longer that a replica takes, whichever it is; False where it is not held or not taken."""
    if i < 0 or i >= m.shape[0] or r < 0 or r >= fleet.shape[0] or m[i].held == 0 or not takes(fleet, r, m[i].stage):
        return False
    m[i].held = 0
    centre[HELD + m[i].stage] -= 1
    return True
