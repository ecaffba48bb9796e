"""One replica behind a router: a request comes, an iteration begins, an iteration ends. First come, first served."""

from functools import cache

import numba
import numpy as np
from numba import types

from heuresis.evaluators.kernels.heap import push
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.routing.fleet.records import CENTRE_TYPE
from heuresis.evaluators.routing.fleet.state import fleet_of, ops_of, routes_of, states_of
from heuresis.evaluators.serving.contract import CONTRACT, PRIORITY
from heuresis.evaluators.serving.replica.admission import iterate
from heuresis.evaluators.serving.replica.clock import advance, duration, link_time
from heuresis.evaluators.serving.replica.lifecycle import arrive, due
from heuresis.evaluators.serving.replica.memory import take
from heuresis.evaluators.serving.replica.records import B1, F64, I64, SETTINGS, Record, S
from heuresis.evaluators.serving.replica.rules import RULES, Rules
from heuresis.evaluators.serving.replica.state import requests_of, running_of
from heuresis.evaluators.serving.replica.waiting import heap_of

_BY_RANK = f"{PRIORITY.signature}:\n    return deadline\n"
"""The scheduler of every replica. Its `deadline` is the rank of the route: who was sent first comes first, also again
after an eviction."""


@cache
def scheduler() -> Program:
    """The functions with which every replica schedules what it was sent."""
    return compile_program(_BY_RANK, CONTRACT)


@inner_njit(I64(S), **SETTINGS)
def here(s: Record) -> int:
    """How many requests a replica has."""
    count: int = s.decodes + s.prefills + s.waits
    return count


@inner_njit(types.void(CENTRE_TYPE, F64, I64, I64), **SETTINGS)
def enter(c: Record, now: float, i: int, r: int) -> None:
    """A request comes to a replica and waits; what it has computed elsewhere came with it."""
    s, row, one = states_of(c)[r], requests_of(c)[i], fleet_of(c)[r]
    c.entered += 1
    row.reserved = row.matched = 0
    routes_of(c)[i].where = r
    arrive(s, i, now, False)
    s.pending -= min(row.computed, row.target)
    row.deadline = float(c.entered)
    one.committed += row.prompt + row.generated
    one.projected += row.prompt + int(np.ceil(row.estimate))
    push(heap_of(s.queue), s.queue.count, row.deadline, i)
    s.queue.count += 1


@numba.njit(B1(RULES, CENTRE_TYPE, F64, I64), **SETTINGS)
def begin(rules: Rules, c: Record, now: float, r: int) -> bool:
    """Put together an iteration and let it run; False where there is nothing to do."""
    s, one, ops = states_of(c)[r], fleet_of(c)[r], ops_of(c)
    if here(s) == 0:
        return False
    if s.prefills == 0 and s.waits == 0 and s.swapped == 0 and due(s) <= s.free:
        take(s, due(s))
    else:
        iterate(rules, s, ops, now, True)
        q, m = requests_of(c), routes_of(c)
        k = 1
        while k <= ops[0]:
            if ops[k] >= 0:
                i = ops[k]
                if m[i].moved > 0:  # it crossed the link before it came
                    s.swapped -= m[i].moved - min(m[i].moved, q[i].matched * s.size)
                    m[i].moved = 0
                k += 1
            k += 1
        if s.decodes + s.prefills == 0:
            return False
    time = duration(s)[0]
    until = now + time
    if s.swapped > 0:
        until += link_time(s, time)
    one.busy, one.began, one.until = 1, now, until
    return True


@inner_njit(types.void(CENTRE_TYPE, I64), **SETTINGS)
def finish(c: Record, r: int) -> None:
    """End the iteration that runs on a replica: tokens come, and who is done stands in its heap `later`."""
    s, one = states_of(c)[r], fleet_of(c)[r]
    q, running = requests_of(s), running_of(s)
    tokens = s.decodes
    for k in range(s.prefills):
        row = q[running[k].prefilling]
        if row.computed + row.chunk == row.target:
            tokens += 1
    one.committed += tokens
    advance(s, one.began)
    one.busy, one.until = 0, np.inf
