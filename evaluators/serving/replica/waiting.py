"""Who is next: the waiting requests of a replica by priority, and the running ones where one must go.

A priority that reads nothing that changes while a request waits is computed once, when the request begins to wait, and
kept in a heap. Otherwise all waiting requests are judged, once in each iteration in which one could be admitted.
"""

from typing import NamedTuple

import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.kernels.heap import drop, push
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.kernels.lists import attach, reader
from heuresis.evaluators.kernels.smallest import first_smallest
from heuresis.evaluators.serving.contract import PRIORITY
from heuresis.evaluators.serving.replica.lifecycle import got, least_served
from heuresis.evaluators.serving.replica.memory import matched
from heuresis.evaluators.serving.replica.records import (
    B1,
    F2,
    F64,
    I64,
    NEVER,
    NONE,
    ROW,
    SETTINGS,
    WAITING,
    Record,
    S,
    W,
)
from heuresis.evaluators.serving.replica.rules import JUDGES, Judges
from heuresis.evaluators.serving.replica.state import computed, facts_of, generated, requests_of, runner, theta_of
from heuresis.evaluators.serving.stages import FACTS

_VARYING = [p.name for p in PRIORITY.parameters if p.varies]
COLUMNS = len(_VARYING)
WIDTH = COLUMNS + 2
"""Rows of the `columns` of a queue: the varying parameters of `priority`, its value, the number of the request."""
_ARRIVAL, _DEADLINE, _PROMPT, _ESTIMATE, _COMPUTED, _GENERATED, _RESTARTS, _PROGRAM, _CLIENT, _CACHED, _RUNNING = map(
    _VARYING.index,
    (
        "arrival", "deadline", "prompt", "estimate", "computed", "generated", "restarts", "program_service",
        "client_service", "cached", "running",
    ),
)  # fmt: skip
_VALUE, _WHO = COLUMNS, COLUMNS + 1


heap_of, columns_of = reader("heap", np.float64, 2), reader("columns", np.float64, 2)


class Reads(NamedTuple):
    """What a program reads, as far as it decides what has to be computed."""

    changes: bool = False  # the priority: anything that changes while a request waits
    program_service: bool = False
    client_service: bool = False
    cached: bool = False
    peak: bool = False  # `admit`
    steady: bool = False  # who was not admitted once stays so while nothing happens but decoding
    revises: bool = False  # it has a `revise`
    lengthens: bool = False  # it has a `length`
    draws: bool = False  # which reads `drawn`
    displaces: bool = False  # it has a `displace`
    pauses: bool = False  # it has a `pause`


def govern(s: Record, reads: Reads, theta: Floats, heap: Floats, columns: Floats) -> None:
    """Let a program of such constants schedule a replica whose queue is empty; the caller keeps the arrays.

    `heap` has a row of two for each request where priorities do not change (and one else), `columns` (`WIDTH` rows) a
    column for each where they do. A program that revises or draws wants `inform` too.
    """
    queue = s["queue"]
    queue["changes"], queue["reads_program"] = reads.changes, reads.program_service
    queue["reads_client"], queue["reads_cached"], queue["fewest"] = reads.client_service, reads.cached, NEVER
    s["reads_peak"], s["steady"] = reads.peak, reads.steady
    for what in ("revises", "lengthens", "draws", "displaces", "pauses"):
        s[what] = getattr(reads, what)
    attach(queue, heap=heap, columns=columns)
    attach(s, theta=theta)


def inform(s: Record, facts: Floats, past: Ints) -> None:
    """Let a program see what is known beyond requests themselves; the caller keeps the arrays.

    `facts` (`stages.facts`) has a column for each request if it revises, `past` is `history.opened` if it draws.
    """
    attach(s, facts=facts, past=past)
    s["past_count"] = past.shape[1] // 2


def room_for_decisions(seats: int) -> Ints:
    """Room for the decisions of one iteration (`batching`)."""
    return np.zeros(5 * seats + 3, np.int64)


@inner_njit(types.void(JUDGES, S, F64, F2, I64), **SETTINGS)
def _revise(judges: Judges, s: Record, now: float, c: Floats, count: int) -> None:
    """Let the program revise the values of requests by what is known of their programs and classes."""
    facts, own = facts_of(s), np.empty((FACTS + 1, count))
    for k in range(count):
        own[FACTS, k] = c[_VALUE, k]
        for row in range(FACTS):
            own[row, k] = facts[row, int(c[_WHO, k])]
    judges.revise(
        now, own[FACTS], c[_ARRIVAL], c[_DEADLINE], c[_PROMPT], c[_ESTIMATE], c[_COMPUTED], c[_GENERATED], c[_RUNNING],
        own[0], own[1], own[2], own[3], own[4], own[5], theta_of(s), c[_VALUE], count,
    )  # fmt: skip


@inner_njit(types.void(JUDGES, S, F64, F2, I64), **SETTINGS)
def _judge(judges: Judges, s: Record, now: float, c: Floats, count: int) -> None:
    judges.priority(
        now, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10],
        s.free / s.total, float(s.decodes + s.prefills), float(s.waits), theta_of(s), c[_VALUE], count,
    )  # fmt: skip
    if s.revises == 1:
        _revise(judges, s, now, c, count)


@inner_njit(types.void(S, ROW, F2, I64, I64), **SETTINGS)
def _show(s: Record, row: Record, columns: Floats, k: int, i: int) -> None:
    """Write what stays as it is while a request waits, and what a running one has now."""
    columns[_ARRIVAL, k], columns[_DEADLINE, k] = row.arrived, row.deadline
    columns[_PROMPT, k], columns[_ESTIMATE, k] = row.prompt, row.estimate
    columns[_COMPUTED, k], columns[_GENERATED, k] = computed(s, row), generated(s, row)
    columns[_RESTARTS, k] = row.restarts
    columns[_PROGRAM, k], columns[_CLIENT, k], columns[_CACHED, k] = 0.0, 0.0, 0.0
    columns[_RUNNING, k] = 0.0 if row.state == WAITING else 1.0
    columns[_WHO, k] = i


@inner_njit(types.void(S, F2, I64), **SETTINGS)
def _show_service(s: Record, columns: Floats, count: int) -> None:
    """Write what clients and programs have got, where the program wants to know."""
    q, facts = requests_of(s), s.queue
    if facts.reads_client == 1:
        least = least_served(s)
        for k in range(count):
            columns[_CLIENT, k] = got(s, q[int(columns[_WHO, k])].client) - least
    if facts.reads_program == 1:
        for k in range(count):
            columns[_PROGRAM, k] = got(s, q[int(columns[_WHO, k])].program)


@inner_njit(B1(JUDGES, S, F64, I64), **SETTINGS)
def join(judges: Judges, s: Record, now: float, i: int) -> bool:
    """Let a request wait; False where its priority is NaN or infinite."""
    facts, columns = s.queue, columns_of(s.queue)
    row, count = requests_of(s)[i], facts.count
    facts.count = count + 1
    if facts.changes == 1:
        _show(s, row, columns, count, i)
        facts.fewest = min(facts.fewest, row.computed + 1 if row.computed > 0 else row.target)
        return True
    _show(s, row, columns, 0, i)
    _judge(judges, s, now, columns, 1)
    push(heap_of(facts), count, columns[_VALUE, 0], i)
    return bool(np.isfinite(columns[_VALUE, 0]))


@inner_njit(B1(JUDGES, S, F64), **SETTINGS)
def judge_waiting(judges: Judges, s: Record, now: float) -> bool:
    """Bring the priorities of all waiting requests up to date; False where one is NaN or infinite."""
    q, facts, columns = requests_of(s), s.queue, columns_of(s.queue)
    count = facts.count
    if facts.changes == 0:
        return True
    _show_service(s, columns, count)
    if facts.reads_cached == 1:
        for k in range(count):
            columns[_CACHED, k] = matched(s, q[int(columns[_WHO, k])]) * s.size
    _judge(judges, s, now, columns, count)
    fewest = np.inf
    for k in range(count):
        has = columns[_COMPUTED, k]
        fewest = min(fewest, has + 1.0 if has > 0.0 else columns[_PROMPT, k] + columns[_GENERATED, k])
    facts.fewest = int(fewest)
    return bool(first_smallest(columns[_VALUE], count) >= 0)


@inner_njit(I64(W), **SETTINGS)
def head(queue: Record) -> int:
    """The waiting request of smallest priority, of equal ones the lowest number."""
    columns = columns_of(queue)
    if queue.changes == 0:
        return int(heap_of(queue)[0, 1])
    count, value = queue.count, columns[_VALUE]
    best = first_smallest(value, count)
    least, who = value[best], columns[_WHO, best]
    for k in range(best + 1, count):
        if value[k] == least:
            who = min(who, columns[_WHO, k])
    return int(who)


@inner_njit(F64(W), **SETTINGS)
def first_value(queue: Record) -> float:
    """The priority of the request that `head` names."""
    if queue.changes == 0:
        return float(heap_of(queue)[0, 0])
    value = columns_of(queue)[_VALUE]
    return float(value[first_smallest(value, queue.count)])


@inner_njit(F64(S), **SETTINGS)
def earliest(s: Record) -> float:
    """When the first of the waiting requests arrived; infinity where nobody waits."""
    q, queue, date = requests_of(s), s.queue, np.inf
    for k in range(queue.count):
        i = heap_of(queue)[k, 1] if queue.changes == 0 else columns_of(queue)[_WHO, k]
        date = min(date, q[int(i)].arrived)
    return float(date)


@inner_njit(types.void(W, I64), **SETTINGS)
def leave(queue: Record, i: int) -> None:
    """Take out the request that `head` named."""
    columns = columns_of(queue)
    last = queue.count - 1
    queue.count = last
    if queue.changes == 0:
        drop(heap_of(queue), last + 1)
        return
    k = 0
    while columns[_WHO, k] != i:
        k += 1
    for row in range(WIDTH):
        columns[row, k] = columns[row, last]


@inner_njit(B1(JUDGES, S, F64), **SETTINGS)
def judge_running(judges: Judges, s: Record, now: float) -> bool:
    """Compute the priorities (`key`) of all running requests; False where one is NaN or infinite."""
    q = requests_of(s)
    count = s.decodes + s.prefills
    columns = np.empty((WIDTH, count))
    for k in range(count):
        i = runner(s, k)
        _show(s, q[i], columns, k, i)
        columns[_CACHED, k] = q[i].matched * s.size
    _show_service(s, columns, count)
    _judge(judges, s, now, columns, count)
    for k in range(count):
        q[int(columns[_WHO, k])].key = columns[_VALUE, k]
    return bool(first_smallest(columns[_VALUE], count) >= 0)


@inner_njit(I64(S), **SETTINGS)
def worst(s: Record) -> int:
    """The running request of largest priority, of equal ones the one admitted last."""
    q = requests_of(s)
    victim = NONE
    for k in range(s.decodes + s.prefills):
        i = runner(s, k)
        if victim == NONE or q[i].key > q[victim].key or (q[i].key == q[victim].key and q[i].serial > q[victim].serial):
            victim = i
    return victim
