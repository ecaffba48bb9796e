"""The nodes of an instance while requests are placed, as compiled code keeps them.

Nodes of one type with equally much free (on each GPU, where there are devices) are one candidate: they are kept as
classes, each with its nodes in ascending order (`head` has the first of each class, `following` the next of each node),
so a rule is asked once for all of them and the lowest number wins the tie.
"""

from typing import NamedTuple

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.kernels.inner import borrowing_njit
from heuresis.evaluators.kernels.smallest import first_smallest
from heuresis.evaluators.vector_packing.devices import room

_I1, _I2, _F1, _F2 = types.int64[::1], types.int64[:, ::1], types.float64[::1], types.float64[:, ::1]
_INT = types.int64
NONE = -1
_LAST = 1 << 40  # the rank of new nodes, behind all that are there


class Kinds(NamedTuple):
    """What never changes: the node types and how amounts are measured."""

    amounts: Ints  # types × 3
    models: Ints  # of each type
    shares: Floats  # types × 3, of the largest capacity
    scale: Floats  # the largest capacities
    least: Ints  # the smallest request of each resource
    device: int  # the amount of one GPU; 0 where GPUs are one sum


class Nodes(NamedTuple):
    """Each node by itself."""

    kind: Ints
    free: Ints  # nodes × 3
    gpus: Ints  # nodes × GPUs, what each has free
    following: Ints


class Classes(NamedTuple):
    """Nodes that are alike."""

    kind: Ints
    free: Ints  # 5 × classes: CPU, memory, GPU in all, and the largest request for a share and for whole GPUs
    gpus: Ints  # classes × GPUs, in whatever order
    look: Floats  # 7 × classes, the shares that a rule sees: three free, of whole GPUs, three capacities
    head: Ints


class Candidates(NamedTuple):
    """The classes and types with room for a request."""

    column: Floats  # 8 × candidates: what a rule sees of each, and whether it would be new
    who: Ints  # a class, or -2 - type
    rank: Ints  # which of equal ones is taken: the lowest


KINDS = types.NamedTuple((_I2, _I1, _F2, _F1, _I1, _INT), Kinds)
NODES = types.NamedTuple((_I1, _I2, _I2, _I1), Nodes)
CLASSES = types.NamedTuple((_I1, _I2, _I2, _F2, _I1), Classes)
CANDIDATES = types.NamedTuple((_F2, _I1, _I1), Candidates)


@numba.njit(KINDS(_I2, _I2, _I1, _INT), error_model="numpy", cache=True)
def measure(requests: Ints, amounts: Ints, models: Ints, device: int) -> Kinds:
    """For each resource the largest capacity, the smallest request, and the capacity of each type as a share."""
    scale, least, shares = np.zeros(3), np.empty(3, np.int64), np.zeros((amounts.shape[0], 3))
    for r in range(3):
        least[r] = requests[0, r]
        for i in range(1, requests.shape[0]):
            least[r] = min(least[r], requests[i, r])
        for t in range(amounts.shape[0]):
            scale[r] = max(scale[r], float(amounts[t, r]))
        for t in range(amounts.shape[0]):
            shares[t, r] = amounts[t, r] / scale[r] if scale[r] > 0.0 else 0.0
    return Kinds(amounts, models, shares, scale, least, device)


@borrowing_njit(_INT(_F1, _INT, _I1), error_model="numpy", cache=True)
def choose(value: Floats, count: int, rank: Ints) -> int:
    """The candidate of smallest value, of equal ones that of lowest rank; -1 where a value is NaN or infinite."""
    best: int = first_smallest(value, count)
    if best < 0:
        return -1
    smallest = value[best]
    for i in range(best + 1, count):
        if value[i] == smallest and rank[i] < rank[best]:
            best = i
    return best


@borrowing_njit(types.boolean(_I1, _I1), error_model="numpy", cache=True)
def _same_gpus(some: Ints, others: Ints) -> bool:
    """Whether GPUs have as much free as others, in whatever order."""
    for d in range(some.shape[0]):
        more = 0
        for e in range(some.shape[0]):
            more += (some[e] == some[d]) - (others[e] == some[d])
        if more != 0:
            return False
    return True


@borrowing_njit(_INT(_INT, NODES, CLASSES, _INT), error_model="numpy", cache=True)
def class_of(node: int, nodes: Nodes, classes: Classes, count: int) -> int:
    """The class of nodes like this one, or -1."""
    a, b, c, kind = nodes.free[node, 0], nodes.free[node, 1], nodes.free[node, 2], nodes.kind[node]
    free, kinds, devices = classes.free, classes.kind, nodes.gpus.shape[1] > 0
    for k in range(count):
        if free[0, k] == a and free[1, k] == b and free[2, k] == c and kinds[k] == kind:
            if devices and not _same_gpus(nodes.gpus[node], classes.gpus[k]):
                continue
            return k
    return NONE


@borrowing_njit(types.void(_INT, _INT, _I1, _I1), error_model="numpy", cache=True)
def _insert(node: int, k: int, head: Ints, following: Ints) -> None:
    """Put a node into its place in class `k`, by number."""
    if head[k] == NONE or node < head[k]:
        following[node] = head[k]
        head[k] = node
        return
    at = head[k]
    while following[at] != NONE and following[at] < node:
        at = following[at]
    following[node] = following[at]
    following[at] = node


@borrowing_njit(_INT(_INT, NODES, CLASSES, _INT, KINDS), error_model="numpy", cache=True)
def join(node: int, nodes: Nodes, classes: Classes, count: int, kinds: Kinds) -> int:
    """Put a node into its class, a new one if need be; the number of classes.

    A node too full for every request of the instance joins none.
    """
    for r in range(3):
        if nodes.free[node, r] < kinds.least[r]:
            return count
    k = class_of(node, nodes, classes, count)
    if k < 0:
        k = count
        count += 1
        t, gpu = nodes.kind[node], nodes.free[node, 2]
        classes.kind[k], classes.head[k] = t, NONE
        for d in range(nodes.gpus.shape[1]):
            classes.gpus[k, d] = nodes.gpus[node, d]
        classes.free[3, k] = room(nodes.gpus[node], gpu, kinds.device, False)
        classes.free[4, k] = room(nodes.gpus[node], gpu, kinds.device, True)
        for r in range(3):
            classes.free[r, k] = nodes.free[node, r]
            classes.look[r, k] = nodes.free[node, r] / kinds.scale[r] if kinds.scale[r] > 0.0 else 0.0
            classes.look[4 + r, k] = kinds.shares[t, r]
        classes.look[3, k] = classes.free[4, k] / kinds.scale[2] if kinds.scale[2] > 0.0 else 0.0
    _insert(node, k, classes.head, nodes.following)
    return count


@borrowing_njit(_INT(_INT, _INT, NODES, CLASSES, _INT), error_model="numpy", cache=True)
def leave(node: int, k: int, nodes: Nodes, classes: Classes, count: int) -> int:
    """Take a node out of its class `k`; the number of classes. The last one takes the place of an empty one."""
    if classes.head[k] == node:
        classes.head[k] = nodes.following[node]
    else:
        at = classes.head[k]
        while nodes.following[at] != node:
            at = nodes.following[at]
        nodes.following[at] = nodes.following[node]
    if classes.head[k] != NONE:
        return count
    count -= 1
    classes.kind[k], classes.head[k] = classes.kind[count], classes.head[count]
    for r in range(5):
        classes.free[r, k] = classes.free[r, count]
    for r in range(7):
        classes.look[r, k] = classes.look[r, count]
    for d in range(classes.gpus.shape[1]):
        classes.gpus[k, d] = classes.gpus[count, d]
    return count


@borrowing_njit(_INT(_I1, _INT, CLASSES, _INT, KINDS, CANDIDATES), error_model="numpy", cache=True)
def there(request: Ints, allowed: int, classes: Classes, count: int, kinds: Kinds, found: Candidates) -> int:
    """Collect the classes with room for a request on a model that it allows; how many there are."""
    a, b, c = request[0], request[1], request[2]
    gpu = 3 if c < kinds.device else 4
    m = 0
    for k in range(count):
        fits = classes.free[0, k] >= a and classes.free[1, k] >= b and classes.free[gpu, k] >= c
        if fits and allowed >> kinds.models[classes.kind[k]] & 1:
            for r in range(7):
                found.column[r, m] = classes.look[r, k]
            found.column[7, m], found.who[m], found.rank[m] = 0.0, k, classes.head[k]
            m += 1
    return m


@borrowing_njit(_INT(_I1, _INT, _INT, KINDS, CANDIDATES), error_model="numpy", cache=True)
def openable(request: Ints, allowed: int, m: int, kinds: Kinds, found: Candidates) -> int:
    """Add the types of which a new node has room; how many candidates there are then."""
    a, b, c = request[0], request[1], request[2]
    for t in range(kinds.amounts.shape[0]):
        fitting = kinds.amounts[t, 0] >= a and kinds.amounts[t, 1] >= b and kinds.amounts[t, 2] >= c
        if fitting and allowed >> kinds.models[t] & 1:
            for r in range(3):
                found.column[r, m] = kinds.shares[t, r]
                found.column[4 + r, m] = kinds.shares[t, r]
            found.column[3, m] = kinds.shares[t, 2]
            found.column[7, m], found.who[m], found.rank[m] = 1.0, -2 - t, _LAST + t
            m += 1
    return m


@borrowing_njit(types.void(_I1, _INT, _F1, _F1), error_model="numpy", cache=True)
def means(sums: Ints, count: int, scale: Floats, out: Floats) -> None:
    """Mean amounts as shares; 0 without anything to take the mean of."""
    for r in range(3):
        out[r] = sums[r] / (count * scale[r]) if count * scale[r] > 0.0 else 0.0
