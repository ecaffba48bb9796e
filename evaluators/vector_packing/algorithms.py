"""Fragmentation gradient descent for requests over several resources, a trusted algorithm beside the rules."""

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.vector_packing.cluster import (
    CASE,
    CLUSTER,
    Case,
    Cluster,
    arrive,
    begin,
    depart,
    fits,
    gpu_room,
    settle,
)
from heuresis.evaluators.vector_packing.devices import take
from heuresis.evaluators.vector_packing.loops import CASES, Cases, case_of
from heuresis.evaluators.vector_packing.nodes import NONE

_I1, _F1, _INT = types.int64[::1], types.float64[::1], types.int64


@numba.njit(types.float64(_I1, _F1), error_model="numpy", cache=True)
def _sum_of_shares(amounts: Ints, scale: Floats) -> float:
    """Amounts as shares of the largest capacities, summed."""
    total = 0.0
    for r in range(3):
        if scale[r] > 0.0:
            total += amounts[r] / scale[r]
    return total


@numba.njit(types.float64(_INT, _I1, _I1, CASE, _F1, _F1), error_model="numpy", cache=True)
def _fragmentation(kind: int, free: Ints, gpus: Ints, typical: Case, popularity: Floats, scale: Floats) -> float:
    """What a node has free, in shares summed over resources, times the popularity of the requests that do not fit."""
    refused = 0.0
    share, whole = gpu_room(free, gpus, typical, False), gpu_room(free, gpus, typical, True)
    for i in range(popularity.shape[0]):
        if not fits(i, kind, typical, free, share, whole):
            refused += popularity[i]
    amount: float = _sum_of_shares(free, scale)
    return amount * refused


@numba.njit(types.float64(_INT, _INT, CASE, CLUSTER, CASE, _F1), error_model="numpy", cache=True)
def _growth(i: int, node: int, case: Case, cluster: Cluster, typical: Case, popularity: Floats) -> float:
    """How much more fragmented a node is once request `i` is there."""
    nodes, scale = cluster.nodes, cluster.kinds.scale
    before = _fragmentation(nodes.kind[node], nodes.free[node], nodes.gpus[node], typical, popularity, scale)
    rest, gpus = nodes.free[node] - case.requests[i], nodes.gpus[node].copy()
    take(gpus, case.requests[i, 2], case.device)
    growth: float = _fragmentation(nodes.kind[node], rest, gpus, typical, popularity, scale) - before
    return growth


@numba.njit(types.void(CASES, CASES, _F1, types.int32[::1]), error_model="numpy", cache=True)
def fragmentation_descent(cases: Cases, workload: Cases, popularity: Floats, chosen: NDArray[np.int32]) -> None:
    """Place each request where fragmentation grows least (Weng et al. 2023, USENIX ATC'23); fill `chosen`.

    `cases` holds one instance, `workload` the same with its different requests only and `popularity` the share of each,
    known beforehand. There fragmentation is free GPUs that a request cannot use, and a share of a GPU goes where it
    grows least; here it is all that is free, in shares of the largest capacity, and the GPU is the fullest one. Where
    nodes are opened at will, one is opened only where no open node has room, of the largest type. Ties go to the lower
    number. Decisions are those of `heuresis.evaluators.vector_packing.simulator.Placement`.
    """
    case, typical = case_of(cases, 0), case_of(workload, 0)
    cluster = begin(case)
    found = cluster.found
    for i in range(case.requests.shape[0]):
        depart(i, case, cluster)
        m = arrive(i, case, cluster)
        best, least, opened, largest = NONE, np.inf, NONE, 0.0
        for j in range(m):
            k = found.who[j]
            if k < 0:
                size = _sum_of_shares(case.amounts[-2 - k], cluster.kinds.scale)
                if size > largest:
                    opened, largest = j, size
                continue
            growth = _growth(i, cluster.classes.head[k], case, cluster, typical, popularity)
            if growth < least or (growth == least and found.rank[j] < found.rank[best]):
                best, least = j, growth
        best = opened if best == NONE else best
        chosen[i] = NONE if best == NONE else settle(i, best, case, cluster)
