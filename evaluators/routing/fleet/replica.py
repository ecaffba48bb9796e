"""One replica behind a router: a request comes, an iteration begins, an iteration ends. First come, first served."""

from functools import cache

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Ints, Number, Rule
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.routing.fleet.state import FLEET, LINKED, Records
from heuresis.evaluators.serving import engine as e
from heuresis.evaluators.serving.contract import CONTRACT, PRIORITY
from heuresis.evaluators.serving.replica.admission import ADMIT_RULE, BUDGET_RULE, FLAGS, WALKS, iterate
from heuresis.evaluators.serving.replica.clock import advance, seconds
from heuresis.evaluators.serving.replica.lifecycle import arrive, due
from heuresis.evaluators.serving.replica.memory import take
from heuresis.evaluators.serving.replica.state import (
    B1,
    DECODES,
    F1,
    F2,
    F64,
    FREE,
    I1,
    I64,
    KV_TOKENS,
    PENDING,
    PREFILLING,
    PREFILLS,
    Q1,
    SETTINGS,
    SIZE,
    SWAPPED,
    WAITS,
)  # fmt: skip
from heuresis.evaluators.serving.replica.waiting import RULE, join

_BY_RANK = f"{PRIORITY.signature}:\n    return deadline\n"
"""The scheduler of every replica. Its `deadline` is the rank of the route: who was sent first comes first, also again
after an eviction."""


@cache
def scheduler() -> Program:
    """The functions with which every replica schedules what it was sent."""
    return compile_program(_BY_RANK, CONTRACT)


@inner_njit(types.void(RULE, F1, I1, Q1, LINKED, F2, F2, F2, I1, FLEET, I64, I64, F64, I64), **SETTINGS)
def enter(
    rule: Rule, theta: Floats, s: Ints, q: Records, m: Records, ended: Floats, queue: Floats, columns: Floats,
    facts: Ints, fleet: Records, r: int, i: int, now: float, rank: int,
) -> None:  # fmt: skip
    """A request comes to a replica and waits; what it has computed elsewhere came with it."""
    row = q[i]
    row.reserved = row.matched = 0
    m[i].where = r
    arrive(s, q, ended, i, now, False)
    s[PENDING] -= min(row.computed, row.target)
    row.deadline = float(rank)
    fleet[r].committed += row.prompt + row.generated
    fleet[r].projected += row.prompt + int(np.ceil(row.estimate))
    join(rule, theta, s, q, queue, columns, facts, now, i)


@inner_njit(F64(I1, Q1, F1), **SETTINGS)
def _duration_of(s: Ints, q: Records, engine: Floats) -> float:
    """How long the iteration that was put together takes, without the link."""
    prefill, doubled_work = 0, 0
    for k in range(s[PREFILLS]):
        row = q[s[s[PREFILLING] + k]]
        prefill += row.chunk
        doubled_work += row.chunk * (2 * row.computed + row.chunk)
    time: float = seconds(engine, prefill, s[DECODES], s[KV_TOKENS], doubled_work)
    return time


@numba.njit(B1(RULE, ADMIT_RULE, BUDGET_RULE, F1, I1, Q1, LINKED, F2, F2, I1, I1, FLEET, F1, I64, F64), **SETTINGS)
def begin(
    rule: Rule, ask: Number, limit: Number, theta: Floats, s: Ints, q: Records, m: Records, queue: Floats,
    columns: Floats, facts: Ints, ops: Ints, fleet: Records, engine: Floats, r: int, now: float,
) -> bool:  # fmt: skip
    """Put together an iteration and let it run; False where there is nothing to do."""
    if s[DECODES] + s[PREFILLS] + s[WAITS] == 0:
        return False
    if s[PREFILLS] == 0 and s[WAITS] == 0 and s[SWAPPED] == 0 and due(s) <= s[FREE]:
        take(s, due(s))
    else:
        flags = np.zeros(FLAGS, np.int64)
        flags[WALKS] = 1 if engine[e.BATCHING] == 1.0 else 0
        iterate(rule, ask, limit, theta, s, q, queue, columns, facts, ops, flags, now, True)
        k = 1
        while k <= ops[0]:
            if ops[k] >= 0:
                i = ops[k]
                if m[i].moved > 0:  # it crossed the link before it came
                    s[SWAPPED] -= m[i].moved - min(m[i].moved, q[i].matched * s[SIZE])
                    m[i].moved = 0
                k += 1
            k += 1
        if s[DECODES] + s[PREFILLS] == 0:
            return False
    until = now + _duration_of(s, q, engine)
    if s[SWAPPED] > 0:
        until += s[SWAPPED] * engine[e.KV_BYTES] / engine[e.LINK]
    fleet[r].busy, fleet[r].began, fleet[r].until = 1, now, until
    return True


@inner_njit(types.void(I1, Q1, F2, FLEET, F1, I64), **SETTINGS)
def finish(s: Ints, q: Records, ended: Floats, fleet: Records, engine: Floats, r: int) -> None:
    """End the iteration that runs on a replica: tokens come, and who is done stands in `ended`."""
    tokens = s[DECODES]
    for k in range(s[PREFILLS]):
        row = q[s[s[PREFILLING] + k]]
        if row.computed + row.chunk == row.target:
            tokens += 1
    fleet[r].committed += tokens
    advance(s, q, ended, engine, fleet[r].began)
    fleet[r].busy, fleet[r].until = 0, np.inf


@inner_njit(I64(I1), **SETTINGS)
def here(s: Ints) -> int:
    """How many requests a replica has."""
    count: int = s[DECODES] + s[PREFILLS] + s[WAITS]
    return count
