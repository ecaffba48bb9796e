"""Where requests go: what the router sees of the replicas, whom it sends where, whom it holds."""

import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Number, Rule
from heuresis.evaluators.kernels.heap import drop, push
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.kernels.smallest import first_smallest
from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.routing.contract import HOLD, ORDER, SCORE
from heuresis.evaluators.routing.fleet.records import CENTRE_TYPE, HELD_COLUMNS, ON, REPLICA_TYPE, STAGE_TYPE
from heuresis.evaluators.routing.fleet.replica import enter
from heuresis.evaluators.routing.fleet.state import (
    COLUMNS,
    engines_of,
    fleet_of,
    last_of,
    moving_of,
    routes_of,
    shown_of,
    stages_of,
    states_of,
    view_of,
)
from heuresis.evaluators.routing.roles import DECODES_ONLY, MIXED, PREFILLS_ONLY
from heuresis.evaluators.serving import engine as e
from heuresis.evaluators.serving.replica.lifecycle import got
from heuresis.evaluators.serving.replica.memory import own_cached
from heuresis.evaluators.serving.replica.records import B1, F2, F64, I64, NONE, ROW, SETTINGS, Record, S
from heuresis.evaluators.serving.replica.state import cache_of, chains_of, requests_of, theta_of
from heuresis.evaluators.serving.replica.waiting import columns_of, heap_of

SCORE_RULE, ORDER_RULE, HOLD_RULE = function_type(SCORE), function_type(ORDER), function_type(HOLD)
_NUMBER, _QUEUED, _RUNNING, _FREE, _TOTAL, _PENDING, _COMMITTED, _PROJECTED, _CACHED, _SPEED, _DEFICIT, _HERE = range(
    COLUMNS
)
_SCORE = COLUMNS
_ORDER = HELD_COLUMNS - 1


@inner_njit(B1(REPLICA_TYPE, I64), **SETTINGS)
def takes(one: Record, stage: int) -> bool:
    """Whether a replica takes requests of a stage."""
    if one.status != ON:
        return False
    return bool(one.role in (MIXED, PREFILLS_ONLY if stage == 0 else DECODES_ONLY))


@inner_njit(I64(S, ROW), **SETTINGS)
def cached_there(s: Record, row: Record) -> int:
    """Tokens at the start of a request that are in a replica's cache; the last token is always computed."""
    cache, chains = cache_of(s), chains_of(s)
    full = (row.target - 1) // s.size
    low, high = 0, min(row.links, full)
    while low < high:  # what is cached of a chain is its beginning
        middle = (low + high) // 2
        if cache[chains[row.chain + middle]].present == 1:
            low = middle + 1
        else:
            high = middle
    if low == row.links:
        low += own_cached(s, row, full)
    tokens: int = low * s.size
    return tokens


@inner_njit(F64(S, I64), **SETTINGS)
def _deficit(s: Record, client: int) -> float:
    """Tokens that a client got on a replica beyond the mean of all clients that got some there, this one included."""
    total, served = 0, 0
    for c in range(s.clients):
        tokens = got(s, c)
        total += tokens
        served += 1 if tokens > 0 or c == client else 0
    beyond: float = got(s, client) - total / served
    return beyond


@inner_njit(I64(CENTRE_TYPE, I64, I64), **SETTINGS)
def show(c: Record, i: int, but: int) -> int:
    """Write what the router sees of the replicas that take a request, `but` left out; return how many these are."""
    fleet, states, columns, who = fleet_of(c), states_of(c), view_of(c), shown_of(c)
    row, route, last = requests_of(c)[i], routes_of(c)[i], last_of(c)
    count = 0
    for r in range(fleet.shape[0]):
        s, one = states[r], fleet[r]
        if r == but or not takes(one, route.stage):
            continue
        who[count] = r
        columns[_NUMBER, count] = r
        columns[_QUEUED, count] = s.waits + one.transit
        columns[_RUNNING, count] = s.decodes + s.prefills
        columns[_FREE, count], columns[_TOTAL, count] = s.free * s.size, s.total * s.size
        columns[_PENDING, count] = s.pending
        columns[_COMMITTED, count], columns[_PROJECTED, count] = one.committed, one.projected
        columns[_CACHED, count] = cached_there(s, row) if c.reads_cached == 1 else 0.0
        columns[_SPEED, count] = one.speed
        columns[_DEFICIT, count] = _deficit(s, row.client) if c.reads_deficit == 1 else 0.0
        columns[_HERE, count] = 1.0 if last[route.session] == r else 0.0
        count += 1
    return count


@inner_njit(types.void(ORDER_RULE, CENTRE_TYPE, F2, F64, I64, I64), **SETTINGS)
def _judge(order: Rule, c: Record, columns: Floats, now: float, begin: int, count: int) -> None:
    """Compute the order of `count` held requests from place `begin` of the columns on, whose numbers stand there."""
    q, m = requests_of(c), routes_of(c)
    wide = np.empty((HELD_COLUMNS, count))
    for k in range(count):
        i = int(columns[HELD_COLUMNS, begin + k])
        wide[0, k], wide[1, k], wide[2, k] = m[i].came, m[i].deadline, q[i].prompt
        wide[3, k], wide[4, k] = q[i].estimate, q[i].generated
    order(now, wide[0], wide[1], wide[2], wide[3], wide[4], theta_of(c), wide[_ORDER], count)
    columns[_ORDER, begin : begin + count] = wide[_ORDER]


@inner_njit(B1(ORDER_RULE, CENTRE_TYPE, I64, F64), **SETTINGS)
def keep(order: Rule, c: Record, i: int, now: float) -> bool:
    """Let a request be held; False where its order is NaN or infinite."""
    route = routes_of(c)[i]
    stage = stages_of(c)[route.stage]
    count, columns = stage.count, columns_of(stage)
    stage.count = count + 1
    route.held = 1
    columns[HELD_COLUMNS, count] = i
    if c.order_changes == 1:
        return True
    _judge(order, c, columns, now, count, 1)
    value = columns[_ORDER, count]
    push(heap_of(stage), count, value, i)
    return bool(np.isfinite(value))


@inner_njit(I64(CENTRE_TYPE, STAGE_TYPE), **SETTINGS)
def _first(c: Record, stage: Record) -> int:
    """The held request of smallest order, of equal ones the lowest number; -1 where one is NaN or infinite."""
    if c.order_changes == 0:
        return int(heap_of(stage)[0, 1])
    columns, count = columns_of(stage), stage.count
    best = first_smallest(columns[_ORDER], count)
    if best < 0:
        return -1
    least, who = columns[_ORDER, best], columns[HELD_COLUMNS, best]
    for k in range(best + 1, count):
        if columns[_ORDER, k] == least:
            who = min(who, columns[HELD_COLUMNS, k])
    return int(who)


@inner_njit(types.void(CENTRE_TYPE, STAGE_TYPE, I64), **SETTINGS)
def _let_go(c: Record, stage: Record, i: int) -> None:
    """Hold the first of its stage no longer."""
    columns, count = columns_of(stage), stage.count - 1
    stage.count = count
    routes_of(c)[i].held = 0
    if c.order_changes == 0:
        drop(heap_of(stage), count + 1)
        return
    k = 0
    while columns[HELD_COLUMNS, k] != i:
        k += 1
    for row in (_ORDER, HELD_COLUMNS):
        columns[row, k] = columns[row, count]


@inner_njit(types.void(CENTRE_TYPE, F64, I64, I64), **SETTINGS)
def carry(c: Record, now: float, i: int, r: int) -> None:
    """Let a request's KV cross the link of a replica, which has it in its `transit`; but what is cached there."""
    row, route, engines = requests_of(c)[i], routes_of(c)[i], engines_of(c)
    route.where, route.moved = r, row.computed
    tokens = row.computed - min(row.computed, cached_there(states_of(c)[r], row))
    push(moving_of(c), c.transit, now + tokens * engines[r, e.KV_BYTES] / engines[r, e.LINK], i)
    c.transit += 1


@inner_njit(types.void(CENTRE_TYPE, F64, I64, I64), **SETTINGS)
def send(c: Record, now: float, i: int, r: int) -> None:
    """Send a request, which is held no longer, to a replica; its KV takes its time over the link."""
    row, route, one = requests_of(c)[i], routes_of(c)[i], fleet_of(c)[r]
    c.routed += 1
    last_of(c)[route.session] = r
    if route.stage == 0:
        if one.role == PREFILLS_ONLY:
            row.output = 1
        enter(c, now, i, r)
        return
    row.output = route.length
    one.transit += 1
    carry(c, now, i, r)


@inner_njit(I64(SCORE_RULE, HOLD_RULE, CENTRE_TYPE, F64, I64, B1), **SETTINGS)
def choose(score: Rule, hold: Number, c: Record, now: float, stage: int, force: bool) -> int:
    """The first of the held requests of a stage and its replica, as request × replicas + replica, now held no longer.

    -1: it is to be held, or nobody is held, or no replica takes it; -2: a value is NaN or infinite.
    """
    held, fleet = stages_of(c)[stage], fleet_of(c)
    if held.count == 0:
        return -1
    i = _first(c, held)
    if i < 0:
        return -2
    replicas = show(c, i, NONE)
    if replicas == 0:
        return -1
    v, one, row, theta = view_of(c), routes_of(c)[i], requests_of(c)[i], theta_of(c)
    numbers = float(one.session), float(one.prefix), float(c.routed), float(held.count), float(fleet.shape[0])
    score(
        now, one.came, one.deadline, float(row.prompt), row.estimate, float(row.generated), numbers[0], numbers[1],
        numbers[2], numbers[3], numbers[4], v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11],
        theta, v[_SCORE], replicas,
    )  # fmt: skip
    k = first_smallest(v[_SCORE], replicas)
    if k < 0:
        return -2
    if c.may_hold == 1:
        value = hold(
            now, one.came, one.deadline, float(row.prompt), row.estimate, float(row.generated), numbers[0], numbers[1],
            numbers[2], numbers[3], numbers[4], v[0, k], v[1, k], v[2, k], v[3, k], v[4, k], v[5, k], v[6, k], v[7, k],
            v[8, k], v[9, k], v[10, k], v[11, k], theta,
        )  # fmt: skip
        if not np.isfinite(value):
            return -2
        if value > 0.0 and not force:
            return -1
    _let_go(c, held, i)
    chosen: int = i * fleet.shape[0] + shown_of(c)[k]
    return chosen


@inner_njit(B1(ORDER_RULE, CENTRE_TYPE, F64), **SETTINGS)
def reorder(order: Rule, c: Record, now: float) -> bool:
    """Bring the order of all who are held up to date; False where a value is NaN or infinite."""
    if c.order_changes == 0:
        return True
    stages = stages_of(c)
    for k in range(2):
        count, columns = stages[k].count, columns_of(stages[k])
        if count > 0:
            _judge(order, c, columns, now, 0, count)
            if first_smallest(columns[_ORDER], count) < 0:
                return False
    return True


@inner_njit(B1(CENTRE_TYPE, I64, I64), **SETTINGS)
def release_held(c: Record, i: int, r: int) -> bool:
    """Hold a request no longer that a replica takes, whichever it is; False where it is not held or not taken."""
    m, fleet = routes_of(c), fleet_of(c)
    if i < 0 or i >= m.shape[0] or r < 0 or r >= fleet.shape[0] or m[i].held == 0 or not takes(fleet[r], m[i].stage):
        return False
    m[i].held = 0
    stages_of(c)[m[i].stage].count -= 1
    return True
