"""Replaying placements on the trusted side: which nodes there are in the end, what they have free, what is stranded."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.vector_packing.contract import NOT_PLACED
from heuresis.problems.vector_packing.following import follow
from heuresis.problems.vector_packing.instances import VectorInstance

_AT_ONCE = 1 << 20  # pairs of requests and nodes that are compared at a time


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of an instance: the decision on each request, and the nodes after the last arrival.

    Of each node that is there its type, what it has free (nodes × 3) and on each GPU (nodes × GPUs; no columns where
    GPUs are one sum). `busy` has after each arrival the number of nodes that hold a request.
    """

    chosen: Ints
    kinds: Ints
    free: Ints
    gpus: Ints
    busy: Ints


def placed(instance: VectorInstance, chosen: Ints) -> Placed | str:
    """Follow the decisions on one instance; a message where they are not feasible.

    A request may remain unplaced only where no node had room for it at that moment, and never where nodes are opened at
    will.
    """
    if instance.until is None and not instance.device and instance.models is None:
        return _all_at_once(instance, chosen)
    found = follow(instance, chosen)
    if isinstance(found, str):
        return found
    cluster, busy = found
    there = cluster.there
    return Placed(chosen, cluster.kinds[there], cluster.free[there], cluster.gpus[there], busy)


def _all_at_once(instance: VectorInstance, chosen: Ints) -> Placed | str:
    """The same where nothing ever leaves a node and amounts are all that counts: what fits in the end fitted always."""
    node, kinds, problem = _nodes(instance, chosen)
    if problem:
        return problem
    there = node >= 0
    used = np.stack(
        [np.bincount(node[there], instance.requests[there, r], len(kinds)) for r in range(3)], axis=1
    ).astype(np.int64)  # exact: sums stay below 2**53
    free = instance.types[kinds] - used
    if free.min(initial=0) < 0:
        return f"node {int(np.argmax(free.min(axis=1) < 0))} holds more than it can"
    refused = np.flatnonzero(~there)
    if len(refused) and not instance.opens and (problem := _unforced(instance, node, refused)):
        return problem
    first = np.zeros(len(node), dtype=np.int64)
    first[there] = _first_of_each(node[there])
    return Placed(chosen, kinds, free, np.zeros((len(kinds), 0), dtype=np.int64), np.cumsum(first))


def _first_of_each(node: Ints) -> Ints:
    """1 where a node occurs for the first time, else 0."""
    found = np.zeros(len(node), dtype=np.int64)
    found[np.unique(node, return_index=True)[1]] = 1
    return found


def _nodes(instance: VectorInstance, chosen: Ints) -> tuple[Ints, Ints, str]:
    """The node of each request (-1: not placed), the type of each node, and what is wrong, or nothing."""
    if instance.fleet is not None:
        outside = (chosen < NOT_PLACED) | (chosen >= len(instance.fleet))
        problem = f"request {int(np.argmax(outside))} goes to a node that is not there" if outside.any() else ""
        return chosen, instance.fleet, problem
    new = chosen < NOT_PLACED
    opened = np.cumsum(new)
    kinds = -2 - chosen[new]
    wrong = (chosen == NOT_PLACED) | (~new & (chosen >= opened)) | (chosen < -1 - len(instance.types))
    problem = f"request {int(np.argmax(wrong))} is not placed on a node that is there" if wrong.any() else ""
    return np.where(new, opened - 1, chosen), kinds, problem


def _unforced(instance: VectorInstance, node: Ints, refused: Ints) -> str:
    """A message on the first request of a fleet that was refused although a node had room for it."""
    free = instance.types[instance.fleet]
    done = 0
    for request in refused:
        before = np.arange(done, request)
        before = before[node[before] >= 0]
        np.subtract.at(free, node[before], instance.requests[before])
        done = int(request)
        if np.any(np.all(free >= instance.requests[request], axis=1)):
            return f"request {done} is not placed although a node has room for it"
    return ""


@functools.lru_cache(maxsize=1024)
def _workload(instance: VectorInstance) -> tuple[Ints, Ints, Ints]:
    """The different requests of an instance, the models that they allow, and how often each occurs."""
    allowed = np.full(instance.size, -1) if instance.allowed is None else instance.allowed
    rows, counts = np.unique(np.column_stack([instance.requests, allowed]), axis=0, return_counts=True)
    return rows[:, :3], rows[:, 3], counts


def stranded(instance: VectorInstance, found: Placed) -> Floats:
    """For each resource the share of all capacity that a request drawn at random cannot use; NaN without capacity.

    What is free on a node after the last arrival counts with the share of the instance's requests that do not fit there
    (after the measure of fragmentation of Weng et al. 2023).
    """
    different, allowed, counts = _workload(instance)
    refused = np.zeros(len(found.free), dtype=np.int64)
    step = max(1, _AT_ONCE // max(1, len(found.free)))
    for low in range(0, len(different), step):
        part = slice(low, low + step)
        refused += counts[part] @ ~_fitting(instance, found, different[part], allowed[part])
    capacity = instance.types[found.kinds].sum(axis=0)
    unused = [sum(f * s for f, s in zip(found.free[:, r].tolist(), refused.tolist(), strict=True)) for r in range(3)]
    return np.array([u / (instance.size * int(c)) if c > 0 else np.nan for u, c in zip(unused, capacity, strict=True)])


def _fitting(instance: VectorInstance, found: Placed, requests: Ints, allowed: Ints) -> NDArray[np.bool_]:
    """Which requests fit which nodes (requests × nodes)."""
    fitting: NDArray[np.bool_] = np.all(requests[:, None] <= found.free, axis=2)
    if instance.device:
        gpu = requests[:, 2, None]
        whole = instance.device * (found.gpus == instance.device).sum(axis=1)
        fitting &= gpu <= np.where(gpu < instance.device, found.gpus.max(axis=1, initial=0), whole)
    if instance.models is not None:
        fitting &= (allowed[:, None] >> instance.models[found.kinds] & 1) == 1
    return fitting
