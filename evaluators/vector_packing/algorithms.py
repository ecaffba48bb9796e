"""Fragmentation gradient descent for requests over several resources, a trusted algorithm beside the rules."""

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints

_I1, _I2, _F1 = types.int64[::1], types.int64[:, ::1], types.float64[::1]


@numba.njit(types.float64(_I1, _F1), error_model="numpy", cache=True)
def _sum_of_shares(amounts: Ints, scale: Floats) -> float:
    """Amounts as shares of the largest capacities, summed."""
    total = 0.0
    for r in range(3):
        if scale[r] > 0.0:
            total += amounts[r] / scale[r]
    return total


@numba.njit(types.float64(_I1, _I2, _F1, _F1), error_model="numpy", cache=True)
def _fragmentation(free: Ints, workload: Ints, popularity: Floats, scale: Floats) -> float:
    """What a node has free, in shares summed over resources, times the popularity of the requests that do not fit."""
    a, b, c = free[0], free[1], free[2]
    refused = 0.0
    for i in range(workload.shape[0]):
        if workload[i, 0] > a or workload[i, 1] > b or workload[i, 2] > c:
            refused += popularity[i]
    amount: float = _sum_of_shares(free, scale)
    return amount * refused


@numba.njit(types.int64(_I1, _I2, _F1), error_model="numpy", cache=True)
def _largest_type(request: Ints, kinds: Ints, scale: Floats) -> int:
    """The first of the largest types that a request fits, or -1."""
    best, largest = -1, 0.0
    for t in range(kinds.shape[0]):
        size = _sum_of_shares(kinds[t], scale)
        if np.all(request <= kinds[t]) and size > largest:
            best, largest = t, size
    return best


@numba.njit(types.void(_I2, _I2, _I1, types.boolean, _I2, _F1, types.int32[::1]), error_model="numpy", cache=True)
def fragmentation_descent(
    requests: Ints, kinds: Ints, fleet: Ints, opens: bool, workload: Ints, popularity: Floats, chosen: NDArray[np.int32]
) -> None:
    """Place each request where fragmentation grows least (Weng et al. 2023, USENIX ATC'23); fill `chosen`.

    `workload` has the different requests (requests × 3) and `popularity` the share of each, known beforehand. There
    fragmentation is free GPUs that a request cannot use; here it is all that is free, in shares of the largest
    capacity, and a node's GPUs are one sum. Where nodes are opened at will, one is opened only where no open node has
    room, of the largest type. Ties go to the lower number. Decisions are those of
    `heuresis.evaluators.vector_packing.simulator.Placement`.
    """
    n, nodes = requests.shape[0], fleet.shape[0]
    scale, rest = np.zeros(3), np.empty(3, np.int64)
    for t in range(kinds.shape[0]):
        for r in range(3):
            scale[r] = max(scale[r], float(kinds[t, r]))
    free = np.empty((n if opens else nodes, 3), np.int64)
    now = np.empty(n if opens else nodes)
    for node in range(nodes):
        free[node] = kinds[fleet[node]]
        now[node] = _fragmentation(free[node], workload, popularity, scale)
    for i in range(n):
        best, least = -1, np.inf
        for node in range(nodes):
            for r in range(3):
                rest[r] = free[node, r] - requests[i, r]
            if rest[0] >= 0 and rest[1] >= 0 and rest[2] >= 0:
                growth = _fragmentation(rest, workload, popularity, scale) - now[node]
                if growth < least:
                    best, least = node, growth
        chosen[i] = best
        if best < 0 and opens:
            kind = _largest_type(requests[i], kinds, scale)
            chosen[i] = -2 - kind
            best = nodes
            free[best] = kinds[kind]
            nodes += 1
        if best >= 0:
            for r in range(3):
                free[best, r] -= requests[i, r]
            now[best] = _fragmentation(free[best], workload, popularity, scale)
