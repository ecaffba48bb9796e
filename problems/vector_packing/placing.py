"""Replaying placements on the trusted side: which nodes there are in the end, what they have free, what is stranded."""

import functools
from dataclasses import dataclass

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.vector_packing.contract import NOT_PLACED
from heuresis.problems.vector_packing.instances import VectorInstance

_AT_ONCE = 1 << 20  # pairs of requests and nodes that are compared at a time


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of an instance: the decision on each request, and the nodes after the last one.

    Of each node its type and what it has free (nodes × 3).
    """

    chosen: Ints
    kinds: Ints
    free: Ints


def placed(instance: VectorInstance, chosen: Ints) -> Placed | str:
    """Follow the decisions on one instance; a message where they are not feasible.

    Nothing ever leaves a node, so what fits in the end fitted all the time. A request may remain unplaced only where no
    node had room for it at that moment, and never where nodes are opened at will.
    """
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
    return Placed(chosen, kinds, free)


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
def _workload(instance: VectorInstance) -> tuple[Ints, Ints]:
    """The different requests of an instance, and how often each occurs."""
    different, counts = np.unique(instance.requests, axis=0, return_counts=True)
    return different, counts


def stranded(instance: VectorInstance, found: Placed) -> Floats:
    """For each resource the share of all capacity that a request drawn at random cannot use; NaN without capacity.

    What is free on a node counts with the share of the instance's requests that do not fit there (after the measure of
    fragmentation of Weng et al. 2023).
    """
    different, counts = _workload(instance)
    refused = np.zeros(len(found.free), dtype=np.int64)
    step = max(1, _AT_ONCE // len(found.free))
    for low in range(0, len(different), step):
        missing = np.any(found.free < different[low : low + step, None], axis=2)
        refused += counts[low : low + step] @ missing
    capacity = instance.types[found.kinds].sum(axis=0)
    unused = [sum(f * s for f, s in zip(found.free[:, r].tolist(), refused.tolist(), strict=True)) for r in range(3)]
    return np.array([u / (instance.size * int(c)) if c > 0 else np.nan for u, c in zip(unused, capacity, strict=True)])
