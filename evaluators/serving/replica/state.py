"""The state of one replica for compiled loops: how it begins, what it has, and who is yet to come.

Compiled functions are handed its record (`STATE`). They read the lists that they need in their first lines.
"""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.kernels.heap import drop
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.kernels.lists import attach, reader
from heuresis.evaluators.serving.engine import (
    ADMISSION,
    BATCHING,
    BLOCK_SIZE,
    BLOCKS,
    MAX_SEQS,
    PREEMPTION,
    PREFIX_CACHING,
    TOKEN_BUDGET,
    WATERMARK,
)
from heuresis.evaluators.serving.replica.records import (
    BLOCK,
    DECODE,
    F1,
    F64,
    I1,
    I64,
    NEVER,
    NONE,
    Q1,
    REQUEST,
    ROW,
    SEAT,
    SERVICE,
    SETTINGS,
    STATE,
    C,
    Record,
    Records,
    S,
)

requests_of, running_of, service_of = reader("requests", REQUEST), reader("running", SEAT), reader("service", SERVICE)
phases_of, chains_of, cache_of = reader("phases", np.int64), reader("chains", np.int64), reader("cache", BLOCK)
engine_of, theta_of = reader("engine", np.float64), reader("theta", np.float64)
later_of = reader("later", np.float64, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """A replica as Python holds it; `s` holds addresses, so keep all of it while compiled code runs."""

    s: Record  # STATE
    q: NDArray[Any]  # REQUEST, in the order of the trace
    lists: tuple[NDArray[Any], ...]  # what `s` says where they are


@numba.njit(types.void(Q1, F1, F1, types.int64[:, ::1], F1, I1, F1, F1, F1), **SETTINGS)
def fill(
    q: Records, arrival: Floats, gap: Floats, given: Ints, estimate: Floats, prefix_at: Ints, engine: Floats,
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


def begin(s: Record, q: NDArray[Any], prefix: Ints, engine: Floats, later: Floats) -> tuple[NDArray[Any], ...]:
    """Write the record of an empty replica, which is zero; what is returned is to be kept as long as the record is.

    `prefix` holds the blocks of all chains, `later` has room for the heap of followers.
    """
    chains = prefix if engine[PREFIX_CACHING] == 1.0 else prefix[:0]
    s["free"] = s["untouched"] = s["total"] = int(engine[BLOCKS])
    s["next_end"], s["oldest"], s["newest"] = NEVER, NONE, NONE
    s["size"], s["seats"], s["budget"] = int(engine[BLOCK_SIZE]), int(engine[MAX_SEQS]), int(engine[TOKEN_BUDGET])
    s["kept"], s["swaps"] = int(engine[WATERMARK] * engine[BLOCKS]), int(engine[PREEMPTION])
    s["clients"], s["walks"], s["whole"] = q["client"].max() + 1, engine[BATCHING] == 1.0, engine[ADMISSION] == 0.0
    running, phases = np.zeros(s["seats"], SEAT), np.zeros(s["size"], np.int64)
    service = np.zeros(q["program"].max() + 1, SERVICE)
    cache = np.zeros(chains.max() + 1 if len(chains) else 0, BLOCK)
    attach(
        s, requests=q, running=running, phases=phases, service=service, cache=cache, chains=chains, engine=engine
    )  # fmt: skip
    attach(s["coming"], later=later)
    return q, running, phases, service, cache, chains, engine, later


def opened(q: NDArray[Any], prefix: Ints, engine: Floats) -> Server:
    """An empty replica for the requests; `prefix` holds the blocks of all chains."""
    s = np.zeros(1, STATE)[0]
    return Server(s, q, begin(s, q, prefix, engine, np.empty((len(q), 2))))


@inner_njit(I64(S, ROW), **SETTINGS)
def computed(s: Record, row: Record) -> int:
    """Tokens that a request has in the KV cache, whether it decodes or not."""
    tokens: int = row.computed + (s.steps if row.state == DECODE else 0)
    return tokens


@inner_njit(I64(S, ROW), **SETTINGS)
def generated(s: Record, row: Record) -> int:
    """Tokens of output that a request has generated, whether it decodes or not."""
    tokens: int = row.generated + (s.steps if row.state == DECODE else 0)
    return tokens


@inner_njit(I64(S, I64), **SETTINGS)
def runner(s: Record, k: int) -> int:
    """The running request number k: those that decode come first."""
    running = running_of(s)
    i: int = running[k].decoding if k < s.decodes else running[k - s.decodes].prefilling
    return i


@inner_njit(F64(C, Q1), **SETTINGS)
def next_arrival(coming: Record, q: Records) -> float:
    """When the next request arrives, infinity where none is known to."""
    n, k = q.shape[0], coming.given
    while k < n and q[k].after >= 0:
        k += 1
    coming.given = k
    date: float = q[k].given if k < n else np.inf
    return min(date, later_of(coming)[0, 0]) if coming.count > 0 else date


@inner_njit(I64(C, Q1), **SETTINGS)
def take_arrival(coming: Record, q: Records) -> int:
    """Who arrives at `next_arrival`, which was asked before; the lower number first. It is no longer to come."""
    k, size, later = coming.given, coming.count, later_of(coming)
    date = q[k].given if k < q.shape[0] else np.inf
    if size > 0 and (later[0, 0] < date or (later[0, 0] == date and later[0, 1] < k)):
        i = int(later[0, 1])
        drop(later, size)
        coming.count = size - 1
        return i
    coming.given = k + 1
    return int(k)
