"""The state of one replica as arrays, for compiled loops; and who is yet to come.

Requests that decode advance together, one token in each iteration, so what changes with every token is kept for all of
them at once: while a request decodes, its `computed` and `generated` lie by the replica's `STEPS` below the truth.
What a loop touches is in few arrays that are handed over one by one: counting references would take most of its time.

`Requests` has a record for each request, in the order of the trace. `State` is one array of integers: the numbers named
below, then `PHASES` (a number for each token of a block: how many requests that decode need a block whenever `STEPS`
plus the place is a multiple of the block size), then what `DECODING` … `SERVICE` point to. `later` is a heap of
requests that follow one which is done.
"""

from typing import Any, TypeAlias

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.engine import (
    BLOCK_SIZE,
    BLOCKS,
    MAX_SEQS,
    PREEMPTION,
    PREFIX_CACHING,
    TOKEN_BUDGET,
    WATERMARK,
)

Requests: TypeAlias = Any  # an array of `REQUEST`: attributes of records exist in compiled code only

REQUEST = np.dtype(
    [
        ("prompt", np.int64),  # tokens
        ("output", np.int64),  # tokens, cut where the memory ends, 0 if rejected
        ("client", np.int64),  # its row in `SERVICE`
        ("program", np.int64),  # its row in `SERVICE`
        ("chain", np.int64),  # where its prefix blocks begin, from `CHAINS` on
        ("links", np.int64),  # how many they are
        ("state", np.int64),  # FUTURE …
        ("target", np.int64),  # tokens to prefill
        ("computed", np.int64),  # tokens in the KV cache (or swapped out)
        ("generated", np.int64),  # tokens of output
        ("restarts", np.int64),  # evictions
        ("shared", np.int64),  # blocks of its chain that it refers to
        ("own", np.int64),  # further blocks, while it prefills; else what its tokens need
        ("matched", np.int64),  # cached prefix blocks: waiting, as far as known; running, at admission
        ("reserved", np.int64),  # blocks
        ("lost", np.int64),  # most tokens that it had in the cache when it was evicted
        ("serial", np.int64),  # number of its last admission, from 1
        ("chunk", np.int64),  # tokens that it prefills in this iteration
        ("found", np.int64),  # cached tokens when it was first admitted
        ("recomputed", np.int64),  # tokens computed again
        ("after", np.int64),  # the request that it follows, or -1
        ("follower", np.int64),  # the first that follows it, or -1
        ("sibling", np.int64),  # the next that follows the same, or -1
        ("given", np.float64),  # s; arrival in the trace
        ("gap", np.float64),  # s; after the one that it follows
        ("arrived", np.float64),  # s
        ("deadline", np.float64),  # s; before it arrives, from its arrival on
        ("estimate", np.float64),  # tokens of output
        ("first", np.float64),  # s; first token, NaN before
        ("finish", np.float64),  # s; NaN before
        ("key", np.float64),  # priority, where it runs and was judged in this iteration
    ],
    align=True,
)
FUTURE, WAITING, PREFILL, DECODE, DONE, REJECTED = range(6)
"""Values of `state`."""

(
    STEPS,  # iterations with decodes
    DECODES,  # running requests that decode
    PREFILLS,  # running requests that prefill
    WAITS,  # waiting requests
    KV_TOKENS,  # tokens in the KV cache of those that decode
    FREE,  # free blocks, cached ones without a reference included
    UNTOUCHED,  # free blocks that hold nothing
    PENDING,  # tokens that those here have yet to prefill
    RESERVING,  # running requests with a reservation
    EVICTIONS,  # so far
    SERIALS,  # admissions so far
    NEXT_END,  # the value of STEPS at which the next request ends
    OLDEST,  # the least recently used cached block without a reference, or NONE
    NEWEST,  # the most recently used one
    SWAPPED,  # tokens that cross the link in this iteration
    ENDED,  # requests that are done or rejected
    GIVEN,  # the next request that arrives by the clock, or one before it
    LATER,  # size of the heap `later`
    TOTAL,  # blocks
    SIZE,  # tokens of a block
    SEATS,  # most running requests
    BUDGET,  # most tokens in an iteration
    KEPT,  # blocks that an admission leaves free
    SWAPS,  # 1 where evicted requests go over the link, 0 where they are computed again
    DECODING,  # place of a list: who decodes
    ENDS,  # of a list: when it ends
    PREFILLING,  # of a list: who prefills, in order of admission
    CACHE,  # of four numbers for each block of a chain: REFS, PRESENT, OLDER, NEWER
    CACHED,  # how many blocks of chains there are
    CHAINS,  # of the blocks of all chains
    SERVICE,  # of three numbers for each client, then for each program: STORED, GROWING, HERE
    CLIENTS,  # how many clients there are
    PHASES,
) = range(33)
REFS, PRESENT, OLDER, NEWER = range(4)
STORED, GROWING, HERE = range(3)
"""Tokens got less 2 · STEPS for each of its requests that decode; how many these are; how many requests are here."""

NEVER = 1 << 60
NONE = -1

I64, F64, B1 = types.int64, types.float64, types.boolean
I1, I2, F1, F2 = types.int64[::1], types.int64[:, ::1], types.float64[::1], types.float64[:, ::1]
Q1: Any = numba.from_dtype(REQUEST)[::1]
SETTINGS: dict[str, Any] = {"error_model": "numpy", "cache": True}


@intrinsic
def borrowed(_typing: Any, array: Any) -> Any:
    """The same array without an owner, for loops whose caller keeps it alive: nothing of it is counted any more."""

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        view = context.make_array(array)(context, builder, values[0])
        view.meminfo = view.meminfo.type(None)
        return view._getvalue()  # noqa: SLF001 - Numba has no other way to read a structure

    return array(array), generate


@numba.njit(types.void(Q1, F1, F1, I2, F1, I1, F1, F1, F1), **SETTINGS)
def fill(
    q: Requests, arrival: Floats, gap: Floats, given: Ints, estimate: Floats, prefix_at: Ints, engine: Floats,
    ttft: Floats, tpot: Floats,
) -> None:  # fmt: skip
    """Write the records of requests before anything arrives; `q` is zero.

    `given` (requests × 6) holds prompt, output, client, program, class of service and the request that it follows (-1:
    none); `prefix_at` (requests + 1) says where the blocks of each chain begin.
    """
    n, blocks, size = given.shape[0], int(engine[BLOCKS]), int(engine[BLOCK_SIZE])
    clients = 0
    for i in range(n):
        clients = max(clients, given[i, 2] + 1)
        q[i].follower = NONE
    for i in range(n):
        row = q[i]
        row.prompt, row.client, row.program = given[i, 0], given[i, 2], clients + given[i, 3]
        row.output = min(given[i, 1], blocks * size - given[i, 0])
        row.target, row.after, row.sibling = given[i, 0], given[i, 5], NONE
        if engine[PREFIX_CACHING] == 1.0:
            row.chain = prefix_at[i]
            row.links = min(prefix_at[i + 1] - prefix_at[i], given[i, 0] // size)
        if row.after >= 0:
            row.sibling = q[row.after].follower
            q[row.after].follower = i
        row.given, row.gap, row.estimate = arrival[i], gap[i], estimate[i]
        row.deadline = ttft[given[i, 4]] + tpot[given[i, 4]] * estimate[i]
        row.arrived, row.first, row.finish = np.nan, np.nan, np.nan


@numba.njit(I1(Q1, I1, F1), **SETTINGS)
def opened(q: Requests, prefix: Ints, engine: Floats) -> Ints:
    """The `State` of an empty replica; `prefix` holds the blocks of all chains."""
    size, seats, clients, parties, cached = int(engine[BLOCK_SIZE]), int(engine[MAX_SEQS]), 0, 0, 0
    for i in range(q.shape[0]):
        clients, parties = max(clients, q[i].client + 1), max(parties, q[i].program + 1)
    chains = 0 if engine[PREFIX_CACHING] == 0.0 else prefix.shape[0]
    for k in range(chains):
        cached = max(cached, prefix[k] + 1)
    lists = PHASES + size
    cache = lists + 3 * seats
    s = np.zeros(cache + 4 * cached + chains + 3 * parties, np.int64)
    s[FREE] = s[UNTOUCHED] = s[TOTAL] = int(engine[BLOCKS])
    s[NEXT_END] = NEVER
    s[OLDEST] = s[NEWEST] = NONE
    s[SIZE], s[SEATS], s[BUDGET] = size, seats, int(engine[TOKEN_BUDGET])
    s[KEPT], s[SWAPS] = int(engine[WATERMARK] * engine[BLOCKS]), int(engine[PREEMPTION])
    s[DECODING], s[ENDS], s[PREFILLING] = lists, lists + seats, lists + 2 * seats
    s[CACHE], s[CACHED], s[CHAINS] = cache, cached, cache + 4 * cached
    s[SERVICE], s[CLIENTS] = cache + 4 * cached + chains, clients
    s[s[CHAINS] : s[CHAINS] + chains] = prefix[:chains]
    return s


@inner_njit(types.void(F2, I64, F64, I64), **SETTINGS)
def push(heap: Floats, size: int, value: float, i: int) -> None:
    """Put a request into a heap of `size` by (value, number); it has one more afterwards."""
    at = size
    while at > 0:
        up = (at - 1) // 2
        if heap[up, 0] < value or (heap[up, 0] == value and heap[up, 1] < i):
            break
        heap[at, 0], heap[at, 1] = heap[up, 0], heap[up, 1]
        at = up
    heap[at, 0], heap[at, 1] = value, i


@inner_njit(types.void(F2, I64), **SETTINGS)
def drop(heap: Floats, size: int) -> None:
    """Take the first one from a heap of `size`; it has one less afterwards."""
    last, at = size - 1, 0
    value, i = heap[last, 0], heap[last, 1]
    while 2 * at + 1 < last:
        down = 2 * at + 1
        if down + 1 < last and (
            heap[down + 1, 0] < heap[down, 0]
            or (heap[down + 1, 0] == heap[down, 0] and heap[down + 1, 1] < heap[down, 1])
        ):
            down += 1
        if value < heap[down, 0] or (value == heap[down, 0] and i < heap[down, 1]):
            break
        heap[at, 0], heap[at, 1] = heap[down, 0], heap[down, 1]
        at = down
    heap[at, 0], heap[at, 1] = value, i


@inner_njit(F64(I1, Q1, F2), **SETTINGS)
def next_arrival(s: Ints, q: Requests, later: Floats) -> float:
    """When the next request arrives, infinity where none is known to."""
    n, k = q.shape[0], s[GIVEN]
    while k < n and q[k].after >= 0:
        k += 1
    s[GIVEN] = k
    date: float = q[k].given if k < n else np.inf
    return min(date, later[0, 0]) if s[LATER] > 0 else date


@inner_njit(I64(I1, Q1, F2), **SETTINGS)
def take_arrival(s: Ints, q: Requests, later: Floats) -> int:
    """Who arrives at `next_arrival`, which was asked before; the lower number first. It is no longer to come."""
    k, size = s[GIVEN], s[LATER]
    date = q[k].given if k < q.shape[0] else np.inf
    if size > 0 and (later[0, 0] < date or (later[0, 0] == date and later[0, 1] < k)):
        i = int(later[0, 1])
        drop(later, size)
        s[LATER] = size - 1
        return i
    s[GIVEN] = k + 1
    return int(k)
