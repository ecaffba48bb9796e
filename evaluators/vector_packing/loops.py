"""The loops that place requests on nodes, compiled once (`simulator.py` says what they do).

A rule is asked for each class of nodes that are alike (`nodes.py`). Nodes too full for every request of the
instance leave the classes.
"""

from typing import NamedTuple

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints, Rule
from heuresis.evaluators.kernels.inner import borrowing_njit
from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.vector_packing.cluster import (
    CASE,
    CLUSTER,
    MOST,
    THERE,
    Case,
    Cluster,
    arrive,
    begin,
    depart,
    fits,
    gpu_room,
    settle,
)
from heuresis.evaluators.vector_packing.contract import CONTRACT
from heuresis.evaluators.vector_packing.filling import FILLING, Filling, idle, nothing_seen, see
from heuresis.evaluators.vector_packing.nodes import NONE, choose, means

_RULE = function_type(CONTRACT.main)
_I1, _I2, _F1, _F2 = types.int64[::1], types.int64[:, ::1], types.float64[::1], types.float64[:, ::1]
_INT, _BOOL = types.int64, types.boolean


class Cases(NamedTuple):
    """All instances, one after the other: the payload of the simulator as arrays."""

    requests: Ints
    until: Ints
    allowed: Ints
    offsets: Ints
    amounts: Ints
    models: Ints
    type_offsets: Ints
    fleet: Ints
    fleet_offsets: Ints
    opens: Ints
    devices: Ints


CASES = types.NamedTuple((_I2, _I1, _I1, _I1, _I2, _I1, _I1, _I1, _I1, _I1, _I1), Cases)


def warm() -> None:
    """Loading this module compiles the loops or reads them from the cache; check that they are there."""
    if not (placements.signatures and values.signatures):
        raise RuntimeError("the placement loops have no compiled signature")


@numba.njit(CASE(CASES, _INT), error_model="numpy", cache=True)
def case_of(cases: Cases, i: int) -> Case:
    """Cut out one instance."""
    low, high = cases.offsets[i], cases.offsets[i + 1]
    first, last = cases.type_offsets[i], cases.type_offsets[i + 1]
    fleet = cases.fleet[cases.fleet_offsets[i] : cases.fleet_offsets[i + 1]]
    return Case(
        cases.requests[low:high], cases.until[low:high], cases.allowed[low:high], cases.amounts[first:last],
        cases.models[first:last], fleet, cases.opens[i], cases.devices[i],
    )  # fmt: skip


@borrowing_njit(types.void(FILLING, _I1, _INT, CLUSTER, _F2), error_model="numpy", cache=True)
def _foresee(filling: Filling, request: Ints, m: int, cluster: Cluster, ahead: Floats) -> None:
    """What each candidate would have idle at best, before and after the request (6 × candidates)."""
    x, y, z, scale, free = request[0], request[1], request[2], cluster.kinds.scale, cluster.classes.free
    for j in range(m):
        k = cluster.found.who[j]
        if k < 0:
            new = cluster.kinds.amounts[-2 - k]
            a, b, c = new[0], new[1], new[2]
        else:
            a, b, c = free[0, k], free[1, k], free[2, k]
        slot = idle(filling, a, b, c, scale)
        for r in range(3):
            ahead[r, j] = filling.idle[slot, r]
        slot = idle(filling, a - x, b - y, c - z, scale)
        for r in range(3):
            ahead[3 + r, j] = filling.idle[slot, r]


@borrowing_njit(
    _BOOL(_RULE, _F1, _BOOL, CASE, types.int32[::1], CLUSTER, FILLING, _F1, _F2, _F2, _I1),
    inlined=False,
    error_model="numpy",
    cache=True,
)
def _run(
    rule: Rule, theta: Floats, foresees: bool, case: Case, chosen: NDArray[np.int32], cluster: Cluster,
    filling: Filling, value: Floats, ahead: Floats, seen: Floats, asked: Ints,
) -> bool:  # fmt: skip
    """`_place` with what it works on; `ahead` is 6 × candidates, `seen` (3 × 3) is the same for all of them."""
    scale, column = cluster.kinds.scale, cluster.found.column
    share, mean_free, mean = seen[0], seen[1], seen[2]
    for i in range(case.requests.shape[0]):
        depart(i, case, cluster)
        request = case.requests[i]
        for r in range(3):
            asked[r] += request[r]
        means(request, 1, scale, share)
        means(asked, i + 1, scale, mean)
        means(cluster.left, cluster.counts[THERE], scale, mean_free)
        m = arrive(i, case, cluster)
        if foresees:
            see(filling, request, i + 1)
            _foresee(filling, request, m, cluster, ahead)
        if m == 0:
            chosen[i] = NONE
            continue
        rule(
            share[0], share[1], share[2], column[0], column[1], column[2], column[3],
            ahead[0], ahead[1], ahead[2], ahead[3], ahead[4], ahead[5],
            column[4], column[5], column[6], column[7],
            mean_free[0], mean_free[1], mean_free[2], mean[0], mean[1], mean[2], theta, value, m,
        )  # fmt: skip
        best = choose(value, m, cluster.found.rank)
        if best < 0:
            return False
        chosen[i] = settle(i, best, case, cluster)
    return True


@numba.njit(_BOOL(_RULE, _F1, _BOOL, CASE, types.int32[::1], CLUSTER), error_model="numpy", cache=True)
def _place(rule: Rule, theta: Floats, foresees: bool, case: Case, chosen: NDArray[np.int32], cluster: Cluster) -> bool:
    """Place one instance on a cluster from its beginning. Fills `chosen`; False where the rule fails.

    `foresees` says whether the rule reads what nodes would have idle.
    """
    most = cluster.found.who.size
    filling = nothing_seen(case.requests.shape[0] if foresees else 0)
    value, ahead, seen = np.empty(most), np.zeros((6, most)), np.zeros((3, 3))
    asked = np.zeros(3, np.int64)
    done: bool = _run(rule, theta, foresees, case, chosen, cluster, filling, value, ahead, seen, asked)
    return done


@borrowing_njit(_INT(_INT, CASE, CLUSTER), error_model="numpy", cache=True)
def _refused(node: int, case: Case, cluster: Cluster) -> int:
    """How many requests of the instance do not fit what a node has free."""
    free, gpus, kind = cluster.nodes.free[node], cluster.nodes.gpus[node], cluster.nodes.kind[node]
    share, whole = gpu_room(free, gpus, case, False), gpu_room(free, gpus, case, True)
    refused = 0
    for i in range(case.requests.shape[0]):
        refused += not fits(i, kind, case, free, share, whole)
    return refused


@numba.njit(types.float64(CASE, CLUSTER), error_model="numpy", cache=True)
def _stranded(case: Case, cluster: Cluster) -> float:
    """The share of a fleet's capacity that is free where a request of the instance, drawn at random, does not fit.

    The mean over the resources that the fleet has.
    """
    n, nodes = case.requests.shape[0], cluster.nodes
    unused, capacity = np.zeros(3), np.zeros(3)
    for node in range(case.fleet.shape[0]):
        refused = _refused(node, case, cluster)
        for r in range(3):
            unused[r] += float(nodes.free[node, r]) * refused
            capacity[r] += case.amounts[case.fleet[node], r]
    total, count = 0.0, 0
    for r in range(3):
        if capacity[r] > 0.0:
            total += unused[r] / (n * capacity[r])
            count += 1
    return total / count


@numba.njit(
    types.void(_RULE, _F1, _BOOL, _I1, CASES, types.uint8[::1], types.int32[::1]), error_model="numpy", cache=True
)
def placements(
    rule: Rule, theta: Floats, foresees: bool, order: Ints, cases: Cases, valid: NDArray[np.uint8],
    out: NDArray[np.int32],
) -> None:  # fmt: skip
    """Write each instance's decisions to `out` and 1 to `valid`; leave both where the rule fails."""
    at = 0
    for q in range(order.shape[0]):
        case = case_of(cases, order[q])
        chosen = np.empty(case.requests.shape[0], np.int32)
        if _place(rule, theta, foresees, case, chosen, begin(case)):
            valid[q] = 1
            out[at : at + chosen.shape[0]] = chosen
        at += chosen.shape[0]


@numba.njit(types.boolean(_RULE, _F1, _BOOL, _I1, CASES, _F1), error_model="numpy", cache=True)
def values(rule: Rule, theta: Floats, foresees: bool, order: Ints, cases: Cases, out: Floats) -> bool:
    """Write each instance's value to `out`; return False as soon as the rule fails on one.

    The most nodes there at one time where they are opened at will, else the requests not placed plus the share
    stranded after the last arrival.
    """
    for q in range(order.shape[0]):
        case = case_of(cases, order[q])
        chosen, cluster = np.empty(case.requests.shape[0], np.int32), begin(case)
        if not _place(rule, theta, foresees, case, chosen, cluster):
            return False
        out[q] = cluster.counts[MOST]
        if case.opens != 1:
            out[q] = np.sum(chosen == NONE) + _stranded(case, cluster)
    return True
