"""A cluster from event to event, in compiled code: who leaves, which candidates a request has, where it is put.

Whoever chooses among the candidates, a rule (`loops.py`) or trusted code (`algorithms.py`), goes through the functions
`begin`, `arrive` and `settle`.
"""

from typing import NamedTuple

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Ints
from heuresis.evaluators.kernels.inner import borrowing_njit
from heuresis.evaluators.vector_packing.devices import fill, give_back, room, take
from heuresis.evaluators.vector_packing.nodes import (
    CANDIDATES,
    CLASSES,
    KINDS,
    NODES,
    NONE,
    Candidates,
    Classes,
    Kinds,
    Nodes,
    class_of,
    join,
    leave,
    measure,
    openable,
    there,
)

_I1, _I2, _INT = types.int64[::1], types.int64[:, ::1], types.int64
THERE, OPENED, MOST, CLASSED = 0, 1, 2, 3
"""Places in `Cluster.counts`."""


class Case(NamedTuple):
    """One instance (`simulator.py`)."""

    requests: Ints  # requests × 3
    until: Ints  # of each request, before the arrival of which one it leaves; their number: never
    allowed: Ints  # of each request, the models of nodes that it may go to, as bits
    amounts: Ints  # types × 3
    models: Ints  # of each type
    fleet: Ints
    opens: int
    device: int


class Stay(NamedTuple):
    """Where requests are, and when they leave."""

    node: Ints  # of each request; NONE
    taken: Ints  # of each request, its GPUs
    held: Ints  # of each node, how many requests are there
    leaving: Ints  # before each arrival, and at the end, the first of the requests that leave; NONE
    next: Ints  # of each request, another one that leaves at the same time; NONE


class Cluster(NamedTuple):
    """All that changes with each event."""

    kinds: Kinds
    nodes: Nodes
    classes: Classes
    found: Candidates  # of the request that came last
    stay: Stay
    left: Ints  # of each resource, free on all nodes that are there
    counts: Ints  # nodes there, nodes opened so far, most nodes there at one time, classes


CASE = types.NamedTuple((_I2, _I1, _I1, _I2, _I1, _I1, _INT, _INT), Case)
_STAY = types.NamedUniTuple(_I1, 5, Stay)
CLUSTER = types.NamedTuple((KINDS, NODES, CLASSES, CANDIDATES, _STAY, _I1, _I1), Cluster)


@numba.njit(_STAY(CASE, _INT), error_model="numpy", cache=True)
def _nobody_there(case: Case, nodes: int) -> Stay:
    """Before the first request: who will leave when."""
    n = case.requests.shape[0]
    leaving, following = np.full(n + 1, NONE, np.int64), np.full(n, NONE, np.int64)
    for i in range(n - 1, -1, -1):
        following[i] = leaving[case.until[i]]
        leaving[case.until[i]] = i
    return Stay(np.full(n, NONE, np.int64), np.zeros(n, np.int64), np.zeros(nodes, np.int64), leaving, following)


@numba.njit(_INT(CASE), error_model="numpy", cache=True)
def _most_gpus(case: Case) -> int:
    """The GPUs of the node type with most, 0 where they are one sum."""
    most = 0
    if case.device > 0:
        for t in range(case.amounts.shape[0]):
            most = max(most, case.amounts[t, 2] // case.device)
    return most


@borrowing_njit(types.void(_INT, _INT, CLUSTER), error_model="numpy", cache=True)
def _add(node: int, t: int, cluster: Cluster) -> None:
    """Put an empty node of a type where there was none."""
    kinds, nodes, counts = cluster.kinds, cluster.nodes, cluster.counts
    nodes.kind[node] = t
    for r in range(3):
        nodes.free[node, r] = kinds.amounts[t, r]
        cluster.left[r] += kinds.amounts[t, r]
    fill(nodes.gpus[node], kinds.amounts[t, 2], kinds.device)
    counts[THERE] += 1
    counts[MOST] = max(counts[MOST], counts[THERE])


@borrowing_njit(types.void(_INT, CLUSTER), error_model="numpy", cache=True)
def _join(node: int, cluster: Cluster) -> None:
    cluster.counts[CLASSED] = join(node, cluster.nodes, cluster.classes, cluster.counts[CLASSED], cluster.kinds)


@numba.njit(CLUSTER(CASE), error_model="numpy", cache=True)
def begin(case: Case) -> Cluster:
    """The nodes of the fleet, all empty, or none; rows for as many as there can be."""
    size = case.requests.shape[0] if case.opens == 1 else case.fleet.shape[0]
    most, gpus = size + case.amounts.shape[0], _most_gpus(case)
    kinds = measure(case.requests, case.amounts, case.models, case.device)
    nodes = Nodes(
        np.empty(size, np.int64), np.empty((size, 3), np.int64), np.zeros((size, gpus), np.int64),
        np.full(size, NONE, np.int64),
    )  # fmt: skip
    classes = Classes(
        np.empty(size, np.int64), np.empty((5, size), np.int64), np.zeros((size, gpus), np.int64),
        np.empty((7, size)), np.empty(size, np.int64),
    )  # fmt: skip
    found = Candidates(np.empty((8, most)), np.empty(most, np.int64), np.empty(most, np.int64))
    stay = _nobody_there(case, size)
    cluster = Cluster(kinds, nodes, classes, found, stay, np.zeros(3, np.int64), np.zeros(4, np.int64))
    for node in range(case.fleet.shape[0] - 1, -1, -1):  # the last first, so that each becomes the head of its class
        _add(node, case.fleet[node], cluster)
        _join(node, cluster)
    return cluster


@borrowing_njit(types.void(_INT, _I1, _INT, CLUSTER), error_model="numpy", cache=True)
def _change(node: int, request: Ints, sign: int, cluster: Cluster) -> None:
    """Add amounts to what a node has free, or take them away."""
    for r in range(3):
        cluster.nodes.free[node, r] += sign * request[r]
        cluster.left[r] += sign * request[r]


@borrowing_njit(types.void(_INT, CASE, CLUSTER), inlined=False, error_model="numpy", cache=True)
def _let_go(i: int, case: Case, cluster: Cluster) -> None:
    """Let a request go; a node that was opened and is empty then is given back."""
    nodes, stay, counts = cluster.nodes, cluster.stay, cluster.counts
    node = stay.node[i]
    k = class_of(node, nodes, cluster.classes, counts[CLASSED])
    if k >= 0:
        counts[CLASSED] = leave(node, k, nodes, cluster.classes, counts[CLASSED])
    _change(node, case.requests[i], 1, cluster)
    give_back(nodes.gpus[node], stay.taken[i], case.requests[i, 2], case.device)
    stay.held[node] -= 1
    if case.opens == 1 and stay.held[node] == 0:
        counts[THERE] -= 1
        for r in range(3):
            cluster.left[r] -= nodes.free[node, r]
    else:
        _join(node, cluster)


@borrowing_njit(types.void(_INT, CASE, CLUSTER), error_model="numpy", cache=True)
def depart(i: int, case: Case, cluster: Cluster) -> None:
    """Let go who leaves before request `i` comes."""
    gone = cluster.stay.leaving[i]
    while gone != NONE:
        if cluster.stay.node[gone] != NONE:
            _let_go(gone, case, cluster)
        gone = cluster.stay.next[gone]


@borrowing_njit(_INT(_INT, CASE, CLUSTER), error_model="numpy", cache=True)
def arrive(i: int, case: Case, cluster: Cluster) -> int:
    """Collect in `found` the candidates of request `i`; how many there are."""
    request, allowed, kinds, found = case.requests[i], case.allowed[i], cluster.kinds, cluster.found
    m: int = there(request, allowed, cluster.classes, cluster.counts[CLASSED], kinds, found)
    if case.opens == 1:
        m = openable(request, allowed, m, kinds, found)
    return m


@borrowing_njit(_INT(_INT, _INT, CASE, CLUSTER), error_model="numpy", cache=True)
def settle(i: int, best: int, case: Case, cluster: Cluster) -> int:
    """Place request `i` on one of the candidates; the decision."""
    nodes, stay, counts = cluster.nodes, cluster.stay, cluster.counts
    k: int = cluster.found.who[best]
    if k < 0:
        choice, node = k, counts[OPENED]
        counts[OPENED] += 1
        _add(node, -2 - k, cluster)
    else:
        node = cluster.classes.head[k]
        choice = int(node)
        counts[CLASSED] = leave(node, k, nodes, cluster.classes, counts[CLASSED])
    _change(node, case.requests[i], -1, cluster)
    stay.node[i], stay.taken[i] = node, take(nodes.gpus[node], case.requests[i, 2], case.device)
    stay.held[node] += 1
    _join(node, cluster)
    return choice


@borrowing_njit(types.boolean(_INT, _INT, CASE, _I1, _INT, _INT), error_model="numpy", cache=True)
def fits(i: int, kind: int, case: Case, free: Ints, share: int, whole: int) -> bool:
    """Whether request `i` fits a node of a type that has so much free, and so much for a share and for whole GPUs."""
    gpu = case.requests[i, 2]
    inside = case.requests[i, 0] <= free[0] and case.requests[i, 1] <= free[1]
    enough: bool = inside and gpu <= (share if gpu < case.device else whole)
    return enough and case.allowed[i] >> case.models[kind] & 1 == 1


@borrowing_njit(_INT(_I1, _I1, CASE, types.boolean), error_model="numpy", cache=True)
def gpu_room(free: Ints, gpus: Ints, case: Case, whole: bool) -> int:
    """The largest request for whole GPUs, or for a share of one, that fits a node."""
    largest: int = room(gpus, free[2], case.device, whole)
    return largest
