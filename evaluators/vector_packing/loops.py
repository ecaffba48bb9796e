"""The loops that place requests on nodes, compiled once (`simulator.py` says what they do).

A rule is asked for each class of nodes that are alike (`nodes.py`). Nodes too full for every request of the
instance leave the classes.
"""

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints, Rule
from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.vector_packing.contract import CONTRACT
from heuresis.evaluators.vector_packing.nodes import NONE, choose, join, leave, means, measure, openable, there

_RULE = function_type(CONTRACT.main)
_I1, _I2, _F1 = types.int64[::1], types.int64[:, ::1], types.float64[::1]
_INSTANCES = (_I2, _I1, _I2, _I1, _I1, _I1, _I1)


def warm() -> None:
    """Loading this module compiles the loops or reads them from the cache; check that they are there."""
    if not (placements.signatures and values.signatures):
        raise RuntimeError("the placement loops have no compiled signature")


@numba.njit(
    types.int64(_RULE, _F1, _I2, _I2, _I1, types.boolean, types.int32[::1], _I2), error_model="numpy", cache=True
)
def _place(
    rule: Rule, theta: Floats, requests: Ints, kinds: Ints, fleet: Ints, opens: bool, chosen: NDArray[np.int32],
    node_free: Ints,
) -> int:  # fmt: skip
    """Place one instance. Fills `chosen` and `node_free` (nodes × 3); the number of nodes, or -1 on failure.

    `node_free` needs a row for each node of the fleet, or for each request where nodes are opened at will.
    """
    nodes: int = fleet.shape[0]
    n, type_count, size = requests.shape[0], kinds.shape[0], node_free.shape[0]
    scale, least, capacity = np.zeros(3), np.empty(3, np.int64), np.zeros((type_count, 3))
    measure(requests, kinds, scale, least, capacity)
    following = np.full(size, NONE, np.int64)  # node → the next one of its class
    classes = 0
    free, kind, head = np.empty((3, size), np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    look = np.empty((6, size))  # what a rule sees of each class: shares free, capacities
    column = np.empty((7, size + type_count))  # the same of the candidates, and whether they would be new
    f0, f1, f2 = column[0], column[1], column[2]
    c0, c1, c2, fresh = column[3], column[4], column[5], column[6]
    value = np.empty(size + type_count)
    who, rank = np.empty(size + type_count, np.int64), np.empty(size + type_count, np.int64)
    left, asked, amounts = np.zeros(3, np.int64), np.zeros(3, np.int64), np.empty(3, np.int64)
    share, mean_free, mean = np.zeros(3), np.zeros(3), np.zeros(3)
    for node in range(nodes - 1, -1, -1):  # the last first, so that each becomes the head of its class
        for r in range(3):
            amounts[r] = kinds[fleet[node], r]
            node_free[node, r] = amounts[r]
            left[r] += amounts[r]
        classes = join(node, fleet[node], amounts, scale, capacity, classes, free, kind, head, look, following)
    for i in range(n):
        for r in range(3):
            asked[r] += requests[i, r]
            share[r] = requests[i, r] / scale[r] if scale[r] > 0.0 else 0.0
        means(asked, i + 1, scale, mean)
        means(left, nodes, scale, mean_free)
        m = there(requests, i, classes, free, look, head, column, who, rank)
        if opens:
            m = openable(requests, i, m, kinds, capacity, column, who, rank)
        if m == 0:
            chosen[i] = NONE
            continue
        rule(
            share[0], share[1], share[2], f0, f1, f2, c0, c1, c2, fresh,
            mean_free[0], mean_free[1], mean_free[2], mean[0], mean[1], mean[2], theta, value, m,
        )  # fmt: skip
        best = choose(value, m, rank)
        if best < 0:
            return -1
        k = who[best]
        if k < 0:
            t, node = -2 - k, nodes
            nodes += 1
            for r in range(3):
                node_free[node, r] = kinds[t, r]
                left[r] += kinds[t, r]
        else:
            t, node = kind[k], head[k]
            classes = leave(k, classes, free, kind, head, look, following)
        chosen[i] = k if k < 0 else node
        useful = True
        for r in range(3):
            amounts[r] = node_free[node, r] - requests[i, r]
            node_free[node, r] = amounts[r]
            left[r] -= requests[i, r]
            useful = useful and amounts[r] >= least[r]
        if useful:
            classes = join(node, t, amounts, scale, capacity, classes, free, kind, head, look, following)
    return nodes


@numba.njit(types.float64(_I2, _I2, _I2, _I1), error_model="numpy", cache=True)
def _stranded(requests: Ints, node_free: Ints, kinds: Ints, fleet: Ints) -> float:
    """The share of a fleet's capacity that is free where a request of the instance, drawn at random, does not fit.

    The mean over the resources that the fleet has.
    """
    n = requests.shape[0]
    unused, capacity = np.zeros(3), np.zeros(3)
    for node in range(fleet.shape[0]):
        a, b, c = node_free[node, 0], node_free[node, 1], node_free[node, 2]
        refused = 0
        for i in range(n):
            if requests[i, 0] > a or requests[i, 1] > b or requests[i, 2] > c:
                refused += 1
        for r in range(3):
            unused[r] += float(node_free[node, r]) * refused
            capacity[r] += kinds[fleet[node], r]
    total, count = 0.0, 0
    for r in range(3):
        if capacity[r] > 0.0:
            total += unused[r] / (n * capacity[r])
            count += 1
    return total / count


@numba.njit(types.int64(_I1, _I1, _I1, types.int64), error_model="numpy", cache=True)
def _most(offsets: Ints, fleet_offsets: Ints, opens: Ints, i: int) -> int:
    """The largest number of nodes that an instance can have."""
    ends = offsets if opens[i] == 1 else fleet_offsets
    count: int = ends[i + 1] - ends[i]
    return count


@numba.njit(
    types.void(_RULE, _F1, _I1, *_INSTANCES, types.uint8[::1], types.int32[::1]), error_model="numpy", cache=True
)
def placements(
    rule: Rule, theta: Floats, order: Ints, requests: Ints, offsets: Ints, kinds: Ints, kind_offsets: Ints,
    fleet: Ints, fleet_offsets: Ints, opens: Ints, valid: NDArray[np.uint8], out: NDArray[np.int32],
) -> None:  # fmt: skip
    """Write each instance's decisions to `out` and 1 to `valid`; leave both where the rule fails."""
    at = 0
    for q in range(order.shape[0]):
        i = order[q]
        low, high = offsets[i], offsets[i + 1]
        chosen = np.empty(high - low, np.int32)
        node_free = np.empty((_most(offsets, fleet_offsets, opens, i), 3), np.int64)
        nodes = _place(
            rule, theta, requests[low:high], kinds[kind_offsets[i] : kind_offsets[i + 1]],
            fleet[fleet_offsets[i] : fleet_offsets[i + 1]], opens[i] == 1, chosen, node_free,
        )  # fmt: skip
        if nodes >= 0:
            valid[q] = 1
            out[at : at + high - low] = chosen
        at += high - low


@numba.njit(types.boolean(_RULE, _F1, _I1, *_INSTANCES, _F1), error_model="numpy", cache=True)
def values(
    rule: Rule, theta: Floats, order: Ints, requests: Ints, offsets: Ints, kinds: Ints, kind_offsets: Ints,
    fleet: Ints, fleet_offsets: Ints, opens: Ints, out: Floats,
) -> bool:  # fmt: skip
    """Write each instance's value to `out`; return False as soon as the rule fails on one.

    The number of nodes where they are opened at will, else the requests not placed plus the share stranded.
    """
    for q in range(order.shape[0]):
        i = order[q]
        mine, types_here = requests[offsets[i] : offsets[i + 1]], kinds[kind_offsets[i] : kind_offsets[i + 1]]
        nodes_here = fleet[fleet_offsets[i] : fleet_offsets[i + 1]]
        chosen = np.empty(mine.shape[0], np.int32)
        node_free = np.empty((_most(offsets, fleet_offsets, opens, i), 3), np.int64)
        nodes = _place(rule, theta, mine, types_here, nodes_here, opens[i] == 1, chosen, node_free)
        if nodes < 0:
            return False
        out[q] = nodes
        if opens[i] != 1:
            missing = 0
            for j in range(chosen.shape[0]):
                missing += chosen[j] == NONE
            out[q] = missing + _stranded(mine, node_free, types_here, nodes_here)
    return True
